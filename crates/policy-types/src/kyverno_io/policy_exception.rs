//! `PolicyException`: rules that do not apply to some resources.

use serde::Deserialize;

use super::conditions::AnyAllConditions;
use super::filters::MatchResources;
use super::validation::PodSecurityStandard;
use crate::metadata::ObjectMeta;

/// A `PolicyException` of `kyverno.io/v2`, `v2beta1` or `v2alpha1`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct PolicyException {
    /// Name, namespace, labels, annotations.
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// What it says.
    pub spec: PolicyExceptionSpec,
}

/// What an exception says.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PolicyExceptionSpec {
    /// Whether it holds in background scans; absent means yes.
    pub background: Option<bool>,
    /// Which resources it concerns; `any` or `all`.
    #[serde(rename = "match")]
    pub matches: MatchResources,
    /// Under which conditions it holds.
    pub conditions: Option<AnyAllConditions>,
    /// Which rules of which policies.
    pub exceptions: Vec<Exception>,
    /// Controls of the Pod Security Standards that are waived.
    pub pod_security: Vec<PodSecurityStandard>,
    /// When it stops to hold, as RFC 3339 writes it.
    pub expires_at: Option<String>,
}

/// Rules of one policy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Exception {
    /// `name`, or `namespace/name` of a `Policy`.
    pub policy_name: String,
    /// Names of rules, with wildcards.
    pub rule_names: Vec<String>,
}

impl PolicyException {
    /// `namespace/name`, as messages call it.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}/{}", self.metadata.namespace, self.metadata.name)
    }
}
