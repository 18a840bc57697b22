//! `validate`: what a rule checks.

use serde::Deserialize;
use serde_json::Value;

use super::attestors::AttestorSet;
use super::conditions::{AnyAllConditions, Conditions};
use super::context::ContextEntry;
use super::filters::LabelSelector;

/// `validate` of a rule: exactly one check, and how to tell of its failure.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Validation {
    /// What to do on failure; absent means what the policy says.
    pub failure_action: Option<FailureAction>,
    /// What to do on failure in some namespaces.
    pub failure_action_overrides: Vec<FailureActionOverride>,
    /// Whether updates of objects that fail already are let through; loading sets `true` if absent.
    pub allow_existing_violations: Option<bool>,
    /// What to tell on failure, variables allowed.
    pub message: String,
    /// A pattern; null if absent.
    pub pattern: Value,
    /// Patterns of which one must match; null if absent.
    pub any_pattern: Value,
    /// Conditions under which the request is denied.
    pub deny: Option<Deny>,
    /// Checks on each element of a list.
    pub foreach: Vec<ForEachValidation>,
    /// Kubernetes' Pod Security Standards.
    pub pod_security: Option<PodSecurity>,
    /// Common Expression Language.
    pub cel: Option<CelValidation>,
    /// Signatures of the manifest itself.
    pub manifests: Option<Manifests>,
    /// An assertion tree; dead in Kyverno 1.19, which refuses a rule with nothing else.
    pub assert: Value,
}

/// `cel`: checks in Common Expression Language.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CelValidation {
    /// Whether the cluster's own admission policy is to be made of it; loading sets `false` if absent.
    pub generate: Option<bool>,
    /// The checks, all of which must hold.
    pub expressions: Vec<CelExpression>,
    /// Values worked out once, in order.
    pub variables: Vec<CelVariable>,
    /// Kind of the parameter object.
    pub param_kind: Option<ParamKind>,
    /// Which parameter object; null if absent.
    pub param_ref: Value,
    /// Annotations for the audit log; null if absent.
    pub audit_annotations: Value,
}

/// One check in Common Expression Language.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CelExpression {
    /// Expression that gives a boolean.
    pub expression: String,
    /// What to tell on failure.
    pub message: String,
    /// Expression that gives what to tell on failure.
    pub message_expression: String,
    /// Reason of the refusal, such as `Forbidden`.
    pub reason: String,
}

/// A value worked out once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct CelVariable {
    /// Name, used as `variables.<name>`.
    pub name: String,
    /// Expression.
    pub expression: String,
}

/// Kind of the parameter object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ParamKind {
    /// API version.
    pub api_version: String,
    /// Kind.
    pub kind: String,
}

/// What a failure does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum FailureAction {
    /// The request is admitted and the failure is reported.
    #[serde(alias = "audit")]
    Audit,
    /// The request is refused.
    #[serde(alias = "enforce")]
    Enforce,
}

/// What a failure does in some namespaces.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FailureActionOverride {
    /// What to do there.
    pub action: Option<FailureAction>,
    /// Namespaces, with wildcards.
    pub namespaces: Vec<String>,
    /// Labels of the namespace.
    pub namespace_selector: Option<LabelSelector>,
}

/// `deny`: the rule fails when the conditions hold; without conditions it always fails.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Deny {
    /// The conditions.
    pub conditions: Option<Conditions>,
}

/// A check on each element of a list.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ForEachValidation {
    /// Expression that gives the list.
    pub list: String,
    /// Whether patterns apply to the element; absent means: if it is a mapping.
    pub element_scope: Option<bool>,
    /// Data for this loop.
    pub context: Vec<ContextEntry>,
    /// Which elements are looked at.
    pub preconditions: Option<AnyAllConditions>,
    /// A pattern; null if absent.
    pub pattern: Value,
    /// Patterns of which one must match; null if absent.
    pub any_pattern: Value,
    /// Conditions under which the element is denied.
    pub deny: Option<Deny>,
    /// A loop within the loop.
    pub foreach: Vec<ForEachValidation>,
}

/// `podSecurity`: a level of the Pod Security Standards.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct PodSecurity {
    /// `privileged`, `baseline` or `restricted`.
    pub level: String,
    /// Kubernetes version of the standard, such as `v1.29` or `latest`.
    pub version: String,
    /// Controls that are waived.
    pub exclude: Vec<PodSecurityStandard>,
}

/// A control that is waived, wholly or for some images or values.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodSecurityStandard {
    /// Name of the control, such as `Capabilities`.
    pub control_name: String,
    /// Images for which it is waived, with wildcards.
    pub images: Vec<String>,
    /// Field for which it is waived.
    pub restricted_field: String,
    /// Values of the field for which it is waived.
    pub values: Vec<String>,
}

/// `manifests`: the manifest must be signed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Manifests {
    /// Who must have signed.
    pub attestors: Vec<AttestorSet>,
    /// Domain of the annotations that carry the signature.
    pub annotation_domain: String,
    /// Fields that may differ from what was signed.
    pub ignore_fields: Vec<IgnoredFields>,
    /// Whether the API server is asked what it would make of the manifest.
    pub dry_run: Option<DryRun>,
    /// Repository in which signatures lie.
    pub repository: String,
}

/// Fields that may differ from what was signed, for some objects.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct IgnoredFields {
    /// The objects.
    pub objects: Vec<ObjectReference>,
    /// The fields.
    pub fields: Vec<String>,
}

/// Objects by kind, namespace and name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ObjectReference {
    /// API group.
    pub group: String,
    /// API version.
    pub version: String,
    /// Kind.
    pub kind: String,
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
}

/// A dry run against the API server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct DryRun {
    /// Whether it is made.
    pub enable: bool,
    /// Namespace it is made in.
    pub namespace: String,
}
