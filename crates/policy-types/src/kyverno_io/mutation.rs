//! `mutate`: what a rule changes.

use serde::Deserialize;
use serde_json::Value;

use super::conditions::{AnyAllConditions, Conditions};
use super::context::ContextEntry;
use super::filters::LabelSelector;

/// `mutate` of a rule.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Mutation {
    /// A strategic merge patch; null if absent.
    pub patch_strategic_merge: Value,
    /// A JSON patch (RFC 6902), as YAML or JSON text.
    #[serde(rename = "patchesJson6902")]
    pub patches_json6902: String,
    /// Patches for each element of a list.
    pub foreach: Vec<ForEachMutation>,
    /// Objects that exist already, to be changed instead of the one in the request.
    pub targets: Option<Vec<MutationTarget>>,
    /// Whether the targets are changed when the policy changes.
    pub mutate_existing_on_policy_update: Option<bool>,
}

/// Patches for each element of a list.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ForEachMutation {
    /// Expression that gives the list.
    pub list: String,
    /// `Ascending` or `Descending`.
    pub order: String,
    /// Data for this loop.
    pub context: Vec<ContextEntry>,
    /// Which elements are looked at.
    pub preconditions: Option<AnyAllConditions>,
    /// A strategic merge patch; null if absent.
    pub patch_strategic_merge: Value,
    /// A JSON patch (RFC 6902), as YAML or JSON text.
    #[serde(rename = "patchesJson6902")]
    pub patches_json6902: String,
    /// A loop within the loop.
    pub foreach: Vec<ForEachMutation>,
}

/// Objects that exist already.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MutationTarget {
    /// API version.
    pub api_version: String,
    /// Kind.
    pub kind: String,
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// UID.
    pub uid: String,
    /// Labels of the target.
    pub selector: Option<LabelSelector>,
    /// Data for this target.
    pub context: Vec<ContextEntry>,
    /// Which targets are changed.
    pub preconditions: Option<Conditions>,
}
