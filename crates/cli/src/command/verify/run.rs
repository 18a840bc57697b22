//! What `verify` does: one Pod of one image, judged; the tree printed.
//!
//! `--output json` prints one object:
//!
//! ```json
//! {
//!   "image": "ghcr.io/acme/app:1",
//!   "verified": true,
//!   "pinned": "ghcr.io/acme/app:1@sha256:…",
//!   "rules": [ … ]
//! }
//! ```
//!
//! `pinned` is the image with the digest that was verified, null unless `verified` and the policies let digests be
//! written. What stands in `rules` is described at [`policy_engine::decision::DecisionTree`].

use std::sync::Arc;

use fact_loading::Cluster;
use policy_engine::decision::{RuleResult, RuleTree};
use policy_engine::outcome::RuleKind;
use policy_engine::request::Origin;
use policy_engine::{Decision, Engine, EngineOptions, LoadedPolicies, Request, RuleOutcome};
use serde_json::{Value, json};

use super::arguments::{AnswerFormat, Arguments, DemandArguments};
use super::demand;
use crate::console::Console;
use crate::exit_code::{EXIT_AGAINST, EXIT_OK, EXIT_USAGE};
use crate::host::now_ns;
use crate::input::{self, FileCluster, GivenImages, InputError};
use crate::judging::Judge;
use crate::output::explain;

/// Runs `verify`.
pub(crate) fn run(arguments: &Arguments, console: &mut Console) -> u8 {
    match answer(arguments) {
        Ok(answer) => {
            if let Some(staleness) = &answer.staleness {
                console.note(staleness);
            }
            console.print(&match arguments.output {
                AnswerFormat::Text => answer.text(),
                AnswerFormat::Json => serde_json::to_string_pretty(&answer.json()).unwrap_or_default() + "\n",
            });
            if answer.is_verified() {
                EXIT_OK
            } else {
                EXIT_AGAINST
            }
        }
        Err(error) => {
            console.note(&format!("Error: {error}"));
            EXIT_USAGE
        }
    }
}

/// What the image rules said about the image.
struct Answer<'a> {
    image: &'a str,
    rules: Vec<RuleResult>,
    pinned: Option<String>,
    /// Why the trust root was not fresh, if it was not.
    staleness: Option<String>,
}

fn answer(arguments: &Arguments) -> Result<Answer<'_>, InputError> {
    let policies = if arguments.policies.is_empty() {
        demand::policies(&arguments.demand)?
    } else {
        given_policies(arguments)?
    };
    let unreadable = input::unusable_keys(&policies.sources);
    if !unreadable.is_empty() {
        return Err(InputError::Malformed(unreadable.join("\n")));
    }
    let mut cluster = FileCluster::default();
    cluster.add_secrets(&input::load_stored(&arguments.secrets)?);
    let cluster: Arc<dyn Cluster> = Arc::new(cluster);
    let request = Request::from_object(Arc::new(pod(arguments)), Origin::CommandLine, now_ns());
    let engine = Engine::new(policies.to_set(), EngineOptions::default());
    let images = GivenImages::default();
    let judge = Judge::new(&arguments.registries, &cluster, &images);
    let decisions = judge.all(&engine, &[request])?;
    let decision = decisions
        .into_iter()
        .next()
        .ok_or_else(|| InputError::Malformed("the image was not judged".to_owned()))?;
    Ok(Answer {
        image: &arguments.image,
        pinned: pinned(&decision, &arguments.image),
        staleness: judge.staleness(),
        rules: decision
            .results
            .into_iter()
            .filter(|result| result.kind == RuleKind::ImageVerify)
            .collect(),
    })
}

fn given_policies(arguments: &Arguments) -> Result<LoadedPolicies, InputError> {
    if arguments.demand != DemandArguments::default() {
        let text = "`--policy` says what is demanded: give no such flags beside it";
        return Err(InputError::Malformed(text.to_owned()));
    }
    let loaded = input::load_policies(&arguments.policies)?.loaded;
    if !loaded.faults.is_empty() {
        let faults: Vec<String> = loaded.faults.iter().map(ToString::to_string).collect();
        return Err(InputError::Malformed(faults.join("\n")));
    }
    Ok(loaded)
}

/// A Pod that would run the image.
fn pod(arguments: &Arguments) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "verify", "namespace": arguments.namespace},
        "spec": {"containers": [{"name": "image", "image": arguments.image}]},
    })
}

/// The image with the digest that the rules judged, as given or as they pinned it.
fn pinned(decision: &Decision, given: &str) -> Option<String> {
    let changed = decision.changed.as_ref();
    let changed = changed.and_then(|object| object.pointer("/spec/containers/0/image")?.as_str());
    Some(changed.unwrap_or(given))
        .filter(|image| image.contains('@'))
        .map(ToOwned::to_owned)
}

impl Answer<'_> {
    /// Whether some rule proved the image and none said anything against it.
    fn is_verified(&self) -> bool {
        let says_nothing_against = |rule: &RuleResult| match rule.verdict.outcome {
            RuleOutcome::Pass | RuleOutcome::Skip => true,
            RuleOutcome::Warn | RuleOutcome::Fail | RuleOutcome::Error => false,
        };
        self.rules.iter().any(proves) && self.rules.iter().all(says_nothing_against)
    }

    fn text(&self) -> String {
        let mut text: String = self
            .rules
            .iter()
            .map(RuleTree::of)
            .map(|rule| explain::rule(&rule))
            .collect();
        let image = self.pinned.as_deref().unwrap_or(self.image);
        if self.is_verified() {
            text.push_str(&format!("verified: {image}\n"));
        } else if self.rules.is_empty() {
            text.push_str(&format!("refused: {}: no rule verifies this image\n", self.image));
        } else {
            let against = self.rules.iter().filter(|rule| !proves(rule));
            let reasons: Vec<String> = against.map(|rule| reason(rule, self.image)).collect();
            text.push_str(&format!("refused: {}: {}\n", self.image, reasons.join("; ")));
        }
        text
    }

    fn json(&self) -> Value {
        let rules: Vec<RuleTree> = self.rules.iter().map(RuleTree::of).collect();
        let is_verified = self.is_verified();
        json!({
            "image": self.image,
            "verified": is_verified,
            "pinned": self.pinned.as_ref().filter(|_| is_verified),
            "rules": rules,
        })
    }
}

/// Why the rule did not prove the image: our words where they say what was demanded, else Kyverno's before them.
fn reason(rule: &RuleResult, image: &str) -> String {
    let message = &rule.verdict.message;
    let message = message
        .strip_prefix(&format!("failed to verify image {image}: "))
        .unwrap_or(message);
    match &rule.verdict.reason {
        Some((code, detail)) if detail == code.next_step() => {
            format!("{}: {message}; {detail}", code.as_str())
        }
        Some((code, detail)) => format!("{}: {detail}", code.as_str()),
        None => message.to_owned(),
    }
}

/// Whether the rule passed because it verified something: a rule that only pins digests passes as well.
fn proves(rule: &RuleResult) -> bool {
    rule.verdict.outcome == RuleOutcome::Pass && rule.verdict.message.starts_with("verified image ")
}
