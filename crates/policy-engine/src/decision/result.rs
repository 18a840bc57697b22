//! The decision, and what a report, a denial and an explanation need of each rule.

use std::sync::Arc;

use serde_json::Value;

use super::message;
use crate::outcome::{FailureAction, RuleKind, RuleOutcome, Verdict};
use crate::policy::CompiledPolicy;

/// The outcome of one selected rule.
#[derive(Debug, Clone)]
pub struct RuleResult {
    /// The policy.
    pub policy: Arc<CompiledPolicy>,
    /// The rule's name, `autogen-` prefix included.
    pub rule: Arc<str>,
    /// The rule's name as its author wrote it.
    pub written_rule: Arc<str>,
    /// What the rule does.
    pub kind: RuleKind,
    /// The outcome and its message.
    pub verdict: Verdict,
    /// Whether its failure blocks.
    pub action: FailureAction,
    /// Exceptions that made it skip, as `namespace/name`.
    pub exceptions: Vec<String>,
    /// Which clause of match selected it.
    pub selected_by: String,
    /// Whether a skip is to be warned of (`skipImageReferences`).
    pub skip_warns: bool,
    /// The object as a mutate rule left it, where it changed something.
    pub object: Option<Arc<Value>>,
    /// Other objects as a mutate rule with targets left them.
    pub targets: Vec<Arc<Value>>,
}

/// What is decided about one request.
#[derive(Debug, Clone)]
pub struct Decision {
    /// One result for each selected rule, in the order they ran.
    pub results: Vec<RuleResult>,
    /// Every policy whose rules were asked, whether or not one spoke.
    pub policies: Vec<Arc<CompiledPolicy>>,
    /// `Kind/namespace/name` of the object.
    pub resource: String,
    /// The object after mutation and pinning; none where nothing changed.
    pub changed: Option<Arc<Value>>,
    /// JSON patch from the object as sent to [`Decision::changed`].
    pub patch: Vec<Value>,
}

impl RuleResult {
    /// Whether this result refuses the request. Audit rules never do, not even by an error (docs/compat.md#blocking).
    #[must_use]
    pub fn blocks(&self) -> bool {
        match (self.verdict.outcome, self.action) {
            (RuleOutcome::Fail, FailureAction::Enforce) => true,
            (RuleOutcome::Error, FailureAction::Enforce) => {
                self.policy.error_blocks || self.verdict.is_bounded
            }
            (RuleOutcome::Fail | RuleOutcome::Error, FailureAction::Audit)
            | (RuleOutcome::Pass | RuleOutcome::Skip | RuleOutcome::Warn, _) => false,
        }
    }

    /// Kyverno's message, and for images our own sentence behind it.
    #[must_use]
    pub fn message(&self) -> String {
        match &self.verdict.reason {
            Some((code, sentence)) => format!("{} ({}: {sentence})", self.verdict.message, code.as_str()),
            None => self.verdict.message.clone(),
        }
    }

    /// Whether the requester is warned of this result, given that the request is admitted.
    fn warns(&self) -> bool {
        if !self.policy.kind.is_classic() {
            let is_against = matches!(
                self.verdict.outcome,
                RuleOutcome::Fail | RuleOutcome::Error | RuleOutcome::Warn
            );
            return is_against && self.policy.emits_warnings;
        }
        match (self.kind, self.verdict.outcome) {
            (RuleKind::ImageVerify, RuleOutcome::Fail | RuleOutcome::Error | RuleOutcome::Warn) => true,
            (RuleKind::ImageVerify, RuleOutcome::Skip) => self.skip_warns,
            (_, RuleOutcome::Fail | RuleOutcome::Error | RuleOutcome::Warn) => {
                self.action == FailureAction::Enforce || self.policy.emits_warnings
            }
            (_, RuleOutcome::Pass) => self.policy.emits_warnings,
            (_, RuleOutcome::Skip) => false,
        }
    }
}

impl Decision {
    /// Whether the request is admitted.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        !self.results.iter().any(RuleResult::blocks)
    }

    /// Kyverno's denial text, or `None` where the request is admitted.
    #[must_use]
    pub fn denial(&self) -> Option<String> {
        if self.is_allowed() {
            return None;
        }
        Some(message::denial(&self.resource, &self.results))
    }

    /// Warnings for the requester, as Kyverno words them; none for a denial, which says everything itself.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        if !self.is_allowed() {
            return Vec::new();
        }
        let warning = |result: &RuleResult| {
            if !result.policy.kind.is_classic() {
                return message::sentence(result);
            }
            format!(
                "policy {}.{}: {}",
                result.policy.key.name,
                result.rule,
                result.message()
            )
        };
        self.results
            .iter()
            .filter(|result| result.warns())
            .map(warning)
            .collect()
    }
}
