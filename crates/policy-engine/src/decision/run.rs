//! All rules on one request, stage by stage.

use std::collections::BTreeSet;
use std::sync::Arc;

use image_reference::DefaultRegistry;
use serde_json::Value;

use super::required::Evidence;
use super::result::{Decision, RuleResult};
use super::rule::Bench;
use crate::checks::Pending;
use crate::checks::images::ImagePin;
use crate::context::RequestDocument;
use crate::facts::{FactRequest, FactView, Facts};
use crate::outcome::RuleOutcome;
use crate::policy::{CompiledPolicy, CompiledRule, PolicySet, RuleBody};
use crate::request::{Origin, Request, Stage};

/// Why there is no decision.
pub(crate) enum Undecided {
    /// These facts are needed first; never empty.
    Needs(BTreeSet<FactRequest>),
    /// Expressions cost more than is allowed.
    Overspent,
}

/// Judges `request` by the facts at hand; `registry` is what short image names mean, `allowance` what all expressions
/// together may cost.
///
/// # Errors
/// [`Undecided`].
pub(crate) fn decide(
    set: &PolicySet,
    registry: &DefaultRegistry,
    request: &Request,
    facts: &Facts,
    allowance: u64,
) -> Result<Decision, Undecided> {
    let view = FactView::with_allowance(facts, allowance);
    let run = Run {
        set,
        registry,
        view: &view,
        candidates: candidates(set, request),
    };
    match run.stages(request) {
        _ if view.is_overspent() => Err(Undecided::Overspent),
        Ok(decision) => Ok(decision),
        Err(Pending) => Err(Undecided::Needs(view.into_wanted())),
    }
}

/// Rules that may speak, by the gates that need no object: where the request comes from, the policy's namespace, and
/// whether there is an object of Kubernetes.
fn candidates<'s>(set: &'s PolicySet, request: &Request) -> Vec<(&'s Arc<CompiledPolicy>, Vec<usize>)> {
    let mut candidates = set.candidates(request);
    candidates.retain(|(policy, _)| {
        let runs_here = match request.origin {
            Origin::Admission => policy.in_admission,
            Origin::BackgroundScan => policy.in_background,
            Origin::CommandLine => true,
        };
        let in_namespace = policy
            .key
            .namespace
            .as_ref()
            .is_none_or(|own| !request.namespace.is_empty() && *own == request.namespace);
        let is_readable = !request.is_payload || policy.judges_payloads;
        runs_here && in_namespace && is_readable
    });
    candidates
}

struct Run<'r> {
    set: &'r PolicySet,
    registry: &'r DefaultRegistry,
    view: &'r FactView<'r>,
    candidates: Vec<(&'r Arc<CompiledPolicy>, Vec<usize>)>,
}

/// Which rules of a policy a stage runs.
type Chosen = fn(&RuleBody) -> bool;

impl Run<'_> {
    fn stages(&self, request: &Request) -> Result<Decision, Pending> {
        let mut results = Vec::new();
        let mut object = request.object.clone();
        if request.stage != Stage::Validate {
            object = self.mutate(request, object, &mut results)?;
            object = self.pin(request, object, &mut results)?;
        }
        if request.stage != Stage::Mutate {
            let request = with(request, object.as_ref());
            self.validate(&request, &mut results)?;
        }
        Ok(self.decision(request, object, results))
    }

    /// Mutate rules: each on what the last one made.
    fn mutate(
        &self,
        request: &Request,
        mut object: Option<Arc<Value>>,
        results: &mut Vec<RuleResult>,
    ) -> Result<Option<Arc<Value>>, Pending> {
        for (policy, rules) in &self.candidates {
            for rule in chosen(policy, rules, |body| matches!(body, RuleBody::Mutate(_))) {
                let current = with(request, object.as_ref());
                let document = RequestDocument::new(&current, self.registry);
                let mut effect = self.bench(&document).judge(policy, rule)?;
                if let Some(changed) = effect.object {
                    let changed = Arc::new(changed);
                    if let Some(result) = &mut effect.result {
                        result.object = Some(Arc::clone(&changed));
                    }
                    object = Some(changed);
                }
                results.extend(effect.result);
                if ends_policy(policy, results) {
                    break;
                }
            }
        }
        Ok(object)
    }

    /// Image rules on what the mutate rules made. All are judged before any digest is written, so that every rule speaks
    /// of the same images and all facts are asked for in one round.
    fn pin(
        &self,
        request: &Request,
        object: Option<Arc<Value>>,
        results: &mut Vec<RuleResult>,
    ) -> Result<Option<Arc<Value>>, Pending> {
        let request = with(request, object.as_ref());
        let mut pins: Vec<ImagePin> = Vec::new();
        // For ImageValidatingPolicies the mutating call alone writes digests; the command line judges what is there.
        let chosen: Chosen = if request.stage == Stage::Mutate {
            |body| matches!(body, RuleBody::VerifyImages(_) | RuleBody::ImageValidating(_))
        } else {
            |body| matches!(body, RuleBody::VerifyImages(_))
        };
        self.stage(&request, chosen, results, &mut pins)?;
        if pins.is_empty() {
            return Ok(object);
        }
        let Some(mut pinned) = object.map(|object| (*object).clone()) else {
            return Ok(None);
        };
        for pin in pins {
            if let Some(text) = pinned.pointer_mut(&pin.pointer) {
                *text = Value::String(pin.image);
            }
        }
        Ok(Some(Arc::new(pinned)))
    }

    fn validate(&self, request: &Request, results: &mut Vec<RuleResult>) -> Result<(), Pending> {
        // The validating call judges images again; on the command line and in scans they have just been judged.
        let chosen: Chosen = if request.stage == Stage::Validate {
            |body| !matches!(body, RuleBody::Mutate(_))
        } else {
            |body| {
                matches!(
                    body,
                    RuleBody::Validate(_)
                        | RuleBody::Expressions(_)
                        | RuleBody::ImageValidating(_)
                        | RuleBody::Unsupported { .. }
                )
            }
        };
        self.stage(request, chosen, results, &mut Vec::new())
    }

    /// Runs rules that do not depend on one another's results; goes on past a missing fact to find what else is missing.
    fn stage(
        &self,
        request: &Request,
        which: Chosen,
        results: &mut Vec<RuleResult>,
        pins: &mut Vec<ImagePin>,
    ) -> Result<(), Pending> {
        let document = RequestDocument::new(request, self.registry);
        let bench = self.bench(&document);
        let mut pending = false;
        let mut evidence = Evidence::default();
        for (policy, rules) in &self.candidates {
            for rule in chosen(policy, rules, which) {
                match bench.judge(policy, rule) {
                    Ok(effect) => {
                        pins.extend(effect.pins);
                        evidence.add(results.len(), effect.evidence);
                        results.extend(effect.result);
                    }
                    Err(Pending) => pending = true,
                }
                if ends_policy(policy, results) {
                    break;
                }
            }
        }
        if pending {
            return Err(Pending);
        }
        evidence.settle(results);
        Ok(())
    }

    fn decision(&self, request: &Request, object: Option<Arc<Value>>, results: Vec<RuleResult>) -> Decision {
        let changed = object.filter(|object| {
            request
                .object
                .as_ref()
                .is_none_or(|sent| !Arc::ptr_eq(sent, object))
        });
        let patch = match (&request.object, &changed) {
            (Some(sent), Some(changed)) => operations(sent, changed),
            _ => Vec::new(),
        };
        Decision {
            results,
            policies: self.set.policies().to_vec(),
            resource: resource_name(request),
            changed,
            patch,
        }
    }

    fn bench<'b>(&'b self, document: &'b RequestDocument<'b>) -> Bench<'b> {
        Bench {
            set: self.set,
            document,
            view: self.view,
        }
    }
}

fn chosen<'p>(
    policy: &'p CompiledPolicy,
    rules: &'p [usize],
    which: Chosen,
) -> impl Iterator<Item = &'p CompiledRule> {
    rules
        .iter()
        .filter_map(|at| policy.rules.get(*at))
        .filter(move |rule| which(&rule.body))
}

/// `applyRules: One`: the first rule that passes or fails is the last.
fn ends_policy(policy: &Arc<CompiledPolicy>, results: &[RuleResult]) -> bool {
    policy.one_rule
        && results.last().is_some_and(|last| {
            Arc::ptr_eq(&last.policy, policy)
                && matches!(last.verdict.outcome, RuleOutcome::Pass | RuleOutcome::Fail)
        })
}

fn with(request: &Request, object: Option<&Arc<Value>>) -> Request {
    Request {
        object: object.cloned(),
        ..request.clone()
    }
}

/// The JSON patch between two objects. Objects nested too deep for one are answered whole.
fn operations(sent: &Value, changed: &Value) -> Vec<Value> {
    match json_patches::diff::diff(sent, changed) {
        Ok(patch) => patch.to_value().as_array().cloned().unwrap_or_default(),
        Err(_) => vec![serde_json::json!({"op": "replace", "path": "", "value": changed})],
    }
}

/// `Kind/namespace/name`, or `Kind/name` for cluster-wide objects.
fn resource_name(request: &Request) -> String {
    let metadata = |field: &str| {
        let subject = request.subject()?;
        subject
            .get("metadata")?
            .get(field)?
            .as_str()
            .map(ToOwned::to_owned)
    };
    let kind = request
        .subject()
        .and_then(|subject| subject.get("kind")?.as_str().map(ToOwned::to_owned));
    let kind = kind.unwrap_or_else(|| request.kind.kind.to_string());
    let name = metadata("name")
        .or_else(|| metadata("generateName"))
        .unwrap_or_else(|| request.name.to_string());
    // A request about a namespace says that it is within it.
    let namespace = match metadata("namespace") {
        Some(namespace) => namespace,
        None if kind == "Namespace" => String::new(),
        None => request.namespace.to_string(),
    };
    if namespace.is_empty() {
        format!("{kind}/{name}")
    } else {
        format!("{kind}/{namespace}/{name}")
    }
}
