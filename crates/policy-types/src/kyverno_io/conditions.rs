//! Conditions: preconditions, `deny`, attestation and exception conditions.

use serde::Deserialize;
use serde_json::Value;

/// `preconditions` or `deny.conditions`: blocks of conditions, or the older bare list (all must hold).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Conditions {
    /// The older form: every condition must hold.
    List(Vec<Condition>),
    /// `any` and `all`.
    Blocks(AnyAllConditions),
}

/// `any` and `all`: where both stand, both must hold.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct AnyAllConditions {
    /// At least one must hold. An empty list never holds, an absent one always does.
    pub any: Option<Vec<Condition>>,
    /// Every one must hold.
    pub all: Option<Vec<Condition>>,
}

/// One comparison.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Condition {
    /// The left operand; null if absent.
    pub key: Value,
    /// Name of the operator, such as `AnyIn`.
    pub operator: String,
    /// The right operand; null if absent.
    pub value: Value,
    /// What to tell the user when this condition decides.
    pub message: String,
}

impl Conditions {
    /// Every condition, whichever form they are written in.
    pub fn iter(&self) -> impl Iterator<Item = &Condition> {
        let (list, blocks) = match self {
            Self::List(list) => (Some(list), None),
            Self::Blocks(blocks) => (None, Some(blocks)),
        };
        list.into_iter()
            .flatten()
            .chain(blocks.into_iter().flat_map(AnyAllConditions::iter))
    }
}

impl AnyAllConditions {
    /// The conditions of `any`, then those of `all`.
    pub fn iter(&self) -> impl Iterator<Item = &Condition> {
        self.any.iter().flatten().chain(self.all.iter().flatten())
    }
}
