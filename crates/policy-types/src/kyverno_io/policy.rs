//! `ClusterPolicy` and `Policy`.

use serde::Deserialize;

use super::rule::{MatchCondition, Rule};
use super::validation::{FailureAction, FailureActionOverride};
use crate::metadata::ObjectMeta;

/// A `ClusterPolicy` or a `Policy`, of `kyverno.io/v1` or `v2beta1`: they differ in reach, not in shape.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Policy {
    /// Which of the two.
    pub kind: PolicyKind,
    /// Name, namespace, labels, annotations.
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// What it says.
    pub spec: PolicySpec,
}

/// Which objects a policy reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum PolicyKind {
    /// All objects of the cluster.
    ClusterPolicy,
    /// Objects of its own namespace.
    Policy,
}

/// What a policy says.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PolicySpec {
    /// The rules, in order.
    pub rules: Vec<Rule>,
    /// Whether the first rule that applies is the only one that does.
    pub apply_rules: Option<ApplyRules>,
    /// What happens when the policy cannot be evaluated; absent means `Fail`.
    pub failure_policy: Option<FailurePolicy>,
    /// Deprecated in favour of each rule's own; loading sets `Audit` if absent.
    pub validation_failure_action: Option<FailureAction>,
    /// The same for some namespaces.
    pub validation_failure_action_overrides: Vec<FailureActionOverride>,
    /// Whether failures of an Audit policy are told as warnings; loading sets `false` if absent.
    pub emit_warning: Option<bool>,
    /// Whether requests are judged; loading sets `true` if absent.
    pub admission: Option<bool>,
    /// Whether objects that exist are judged; loading sets `true` if absent.
    pub background: Option<bool>,
    /// Deprecated, without effect.
    pub schema_validation: Option<bool>,
    /// Deprecated: seconds the webhook may take, 1..=30.
    pub webhook_timeout_seconds: Option<i64>,
    /// How the webhook is registered.
    pub webhook_configuration: Option<WebhookConfiguration>,
    /// Deprecated: whether `mutate.targets` are changed when the policy changes.
    pub mutate_existing_on_policy_update: bool,
    /// Deprecated: whether objects are generated for what exists.
    pub generate_existing: bool,
    /// Refused by Kyverno.
    pub generate_existing_on_policy_update: Option<bool>,
    /// For generate rules.
    pub use_server_side_apply: bool,
}

/// Whether all rules apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum ApplyRules {
    /// Every rule.
    All,
    /// The first that applies.
    One,
}

/// What happens when a policy cannot be evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum FailurePolicy {
    /// The request is admitted.
    Ignore,
    /// The request is refused.
    Fail,
}

/// How the webhook is registered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WebhookConfiguration {
    /// What happens when the webhook cannot be reached or cannot decide.
    pub failure_policy: Option<FailurePolicy>,
    /// Seconds the webhook may take, 1..=30.
    pub timeout_seconds: Option<i64>,
    /// Conditions in Common Expression Language, all of which must hold.
    pub match_conditions: Vec<MatchCondition>,
}

impl Policy {
    /// The name by which exceptions and reports call it: `name`, or `namespace/name`.
    #[must_use]
    pub fn key(&self) -> String {
        match self.kind {
            PolicyKind::ClusterPolicy => self.metadata.name.clone(),
            PolicyKind::Policy => format!("{}/{}", self.metadata.namespace, self.metadata.name),
        }
    }

    /// Whether requests are judged.
    #[must_use]
    pub fn judges_admission(&self) -> bool {
        self.spec.admission.unwrap_or(true)
    }

    /// Whether objects that exist are judged.
    #[must_use]
    pub fn judges_background(&self) -> bool {
        self.spec.background.unwrap_or(true)
    }
}
