//! Both kinds over the same requests, and every verdict in which they differ.
//!
//! Verdicts are those of the engine; of several of one rule the worst counts. A rule that does not speak and one that is
//! skipped are the same; so is, among policies for images, one that passes since it means none of the images.

use policy_engine::outcome::RuleKind;
use policy_engine::{Decision, RuleOutcome, RuleResult};

use super::translated::Translated;

/// What a proof found.
#[derive(Debug, Default)]
pub(super) struct Proof {
    /// Pairs of verdicts compared in which at least one side spoke.
    pub(super) compared: usize,
    /// One sentence for each pair that differs.
    pub(super) differences: Vec<String>,
}

/// What one side says of one request.
struct Said<'r> {
    worst: Option<&'r RuleResult>,
}

impl Proof {
    /// Compares what `before` and the calls of `after` say of one request, which is `shown` so.
    pub(super) fn compare(
        &mut self,
        translated: &[Translated],
        before: &Decision,
        after: &[&Decision],
        shown: &str,
    ) {
        for one in translated {
            for pair in &one.translation.pairs {
                let given = Said::of(before.results.iter().filter(|result| {
                    let is_rule = !one.is_classic || *result.written_rule == *pair.rule;
                    result.policy.key.to_string() == one.key && is_rule
                }));
                let results = after.iter().flat_map(|decision| &decision.results);
                let written = Said::of(
                    results
                        .filter(|result| pair.policies.iter().any(|name| **name == *result.policy.key.name)),
                );
                if given.worst.is_none() && written.worst.is_none() {
                    continue;
                }
                self.compared = self.compared.saturating_add(1);
                if !given.agrees_with(&written) {
                    self.differences.push(format!(
                        "{shown}: policy `{}`, rule `{}`: {} as given, {} as written",
                        one.key,
                        pair.rule,
                        given.told(),
                        written.told()
                    ));
                }
            }
        }
    }
}

impl<'r> Said<'r> {
    fn of(results: impl Iterator<Item = &'r RuleResult>) -> Self {
        Self {
            worst: results.max_by_key(|result| rank(result.verdict.outcome)),
        }
    }

    fn agrees_with(&self, other: &Self) -> bool {
        let is_about_images = [self, other]
            .iter()
            .filter_map(|said| said.worst)
            .any(|result| result.kind == RuleKind::ImageVerify);
        let meaning = |said: &Self| match said.worst.map(|result| result.verdict.outcome) {
            None | Some(RuleOutcome::Skip) => None,
            Some(RuleOutcome::Pass) if is_about_images => None,
            Some(outcome) => Some(outcome),
        };
        let blocks = |said: &Self| said.worst.is_some_and(RuleResult::blocks);
        meaning(self) == meaning(other) && blocks(self) == blocks(other)
    }

    fn told(&self) -> String {
        let Some(result) = self.worst else {
            return "nothing".to_owned();
        };
        let outcome = match result.verdict.outcome {
            RuleOutcome::Pass => "pass",
            RuleOutcome::Skip => "skip",
            RuleOutcome::Warn => "warn",
            RuleOutcome::Fail => "fail",
            RuleOutcome::Error => "error",
        };
        format!("{outcome} ({})", result.message().trim())
    }
}

/// The worst counts; where one image passes and another is skipped, the pass.
fn rank(outcome: RuleOutcome) -> u8 {
    match outcome {
        RuleOutcome::Skip => 0,
        RuleOutcome::Pass => 1,
        RuleOutcome::Warn => 2,
        RuleOutcome::Fail => 3,
        RuleOutcome::Error => 4,
    }
}
