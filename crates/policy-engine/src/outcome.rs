//! The one outcome that every selected rule has.

use std::sync::Arc;

use image_trust::ReasonCode;
use serde::{Deserialize, Serialize};

/// What became of one selected rule. There is no "nothing".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RuleOutcome {
    /// The rule holds.
    Pass,
    /// The rule does not apply: preconditions, exceptions, anchors, images not matched.
    Skip,
    /// The rule does not hold, but its policy is not scored or the failure is only to be warned of.
    Warn,
    /// The rule does not hold.
    Fail,
    /// The rule could not be judged; `failurePolicy` decides.
    Error,
}

/// What a rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum RuleKind {
    /// `mutate`
    Mutation,
    /// `validate`
    Validation,
    /// `verifyImages`
    ImageVerify,
    /// Not supported here; always [`RuleOutcome::Error`] with the reason, never a pass.
    Unsupported,
}

/// Whether a failing rule blocks the request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum FailureAction {
    /// Report alone.
    #[default]
    Audit,
    /// Refuse the request.
    Enforce,
}

impl FailureAction {
    /// Reads an action; anything but `Enforce` and `enforce` audits, as in Kyverno. The loader refuses other words.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        if text.eq_ignore_ascii_case("enforce") {
            Self::Enforce
        } else {
            Self::Audit
        }
    }
}

/// What a check says about one rule; selection and decision add the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The outcome.
    pub outcome: RuleOutcome,
    /// Kyverno's message for it.
    pub message: String,
    /// What our own sentence adds: reason code and detail, for image rules.
    pub reason: Option<(ReasonCode, String)>,
    /// Key and value pairs for the report.
    pub properties: Vec<(String, String)>,
    /// Lines of the decision tree below this rule, depth first.
    pub explanation: Vec<ExplainLine>,
    /// Whether a bound of ours, which Kyverno has not, kept the rule from being judged: such an error refuses, whatever
    /// `failurePolicy` says of errors.
    pub is_bounded: bool,
}

/// One line of a decision tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExplainLine {
    /// How deep below the rule, from 0.
    pub depth: usize,
    /// What was seen there.
    pub text: String,
}

impl Verdict {
    /// A verdict with a message alone.
    #[must_use]
    pub fn new(outcome: RuleOutcome, message: impl Into<String>) -> Self {
        Self {
            outcome,
            message: message.into(),
            reason: None,
            properties: Vec::new(),
            explanation: Vec::new(),
            is_bounded: false,
        }
    }
}

/// Which policy: `name` or `namespace/name`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PolicyKey {
    /// Namespace of a `Policy`; none for a `ClusterPolicy`.
    pub namespace: Option<Arc<str>>,
    /// Name.
    pub name: Arc<str>,
}

impl std::fmt::Display for PolicyKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{namespace}/{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}
