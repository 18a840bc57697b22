//! What became of a policy, and why some of it can't be said.

use serde_json::Value;

/// A policy in its other kind.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Translation {
    /// The policies that say the same, in the order of the rules.
    pub policies: Vec<Value>,
    /// Which of them say what a rule said.
    pub pairs: Vec<Pair>,
    /// Every rule that is in none of `policies`.
    pub refusals: Vec<Refusal>,
    /// What was said otherwise than a reader might expect, one sentence each.
    pub notes: Vec<String>,
}

/// A rule, and the policies that say the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// Name of the rule as written; that of the policy for kinds without rules.
    pub rule: String,
    /// Names of the policies in [`Translation::policies`] that stand for it.
    pub policies: Vec<String>,
}

/// Something that can't be said in the other kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The rule it keeps from being translated; empty where it is the whole policy.
    pub rule: String,
    /// The field, from the root of the document: `spec.rules[0].validate.pattern.spec`.
    pub path: String,
    /// Why, in words.
    pub reason: String,
}

/// What translating one part gives: its text, or why there is none.
pub(crate) type Said<T> = Result<T, Unsaid>;

/// A part that can't be said; the rule is added above.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unsaid {
    pub(crate) path: String,
    pub(crate) reason: String,
}

impl Unsaid {
    pub(crate) fn new(path: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            reason: reason.into(),
        }
    }

    /// The refusal of `rule` that it is.
    pub(crate) fn of_rule(self, rule: &str) -> Refusal {
        Refusal {
            rule: rule.to_owned(),
            path: self.path,
            reason: self.reason,
        }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.rule.is_empty() {
            write!(f, "{}: {}", self.path, self.reason)
        } else {
            write!(f, "rule `{}`: {}: {}", self.rule, self.path, self.reason)
        }
    }
}
