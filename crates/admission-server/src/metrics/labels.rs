//! Label sets, named as Kyverno names them.

use std::sync::Arc;

use policy_engine::outcome::{FailureAction, RuleKind};
use policy_engine::policy::CompiledPolicy;
use policy_engine::request::{Operation, Stage};
use policy_engine::{Request, RuleOutcome, RuleResult};
use prometheus_client::encoding::EncodeLabelSet;

use super::capped::{Labels, OTHER};

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct InfoLabels {
    pub(super) version: &'static str,
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct HttpLabels {
    pub(super) http_method: &'static str,
    pub(super) http_url: &'static str,
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct ReloadLabels {
    pub(super) result: &'static str,
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct AdmissionLabels {
    resource_kind: Arc<str>,
    resource_namespace: Arc<str>,
    resource_request_operation: &'static str,
    request_allowed: bool,
    request_webhook: &'static str,
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct RuleLabels {
    pub(super) policy_validation_mode: &'static str,
    pub(super) policy_type: &'static str,
    pub(super) policy_background_mode: bool,
    pub(super) policy_namespace: Arc<str>,
    pub(super) policy_name: Arc<str>,
    pub(super) rule_name: Arc<str>,
    pub(super) rule_type: &'static str,
    pub(super) status_ready: &'static str,
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct ResultLabels {
    policy_validation_mode: &'static str,
    policy_type: &'static str,
    policy_background_mode: bool,
    policy_namespace: Arc<str>,
    policy_name: Arc<str>,
    resource_kind: Arc<str>,
    resource_namespace: Arc<str>,
    resource_request_operation: &'static str,
    rule_name: Arc<str>,
    rule_result: &'static str,
    rule_type: &'static str,
    rule_execution_cause: &'static str,
    dry_run: bool,
}

/// Of a policy of `policies.kyverno.io`, which has one outcome.
#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct ExpressionLabels {
    policy_validation_mode: &'static str,
    policy_background_mode: bool,
    policy_name: Arc<str>,
    policy_namespace: Arc<str>,
    resource_kind: Arc<str>,
    resource_namespace: Arc<str>,
    resource_request_operation: &'static str,
    execution_cause: &'static str,
    result: &'static str,
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct ChangeLabels {
    policy_validation_mode: &'static str,
    policy_type: &'static str,
    policy_background_mode: bool,
    policy_namespace: Arc<str>,
    policy_name: Arc<str>,
    policy_change_type: &'static str,
}

impl ChangeLabels {
    /// `change` is `created`, `updated` or `deleted`.
    pub(super) fn of(policy: &CompiledPolicy, change: &'static str) -> Self {
        Self {
            policy_validation_mode: validation_mode(policy),
            policy_type: scope(policy),
            policy_background_mode: background(policy),
            policy_namespace: policy.key.namespace.clone().unwrap_or_else(|| "-".into()),
            policy_name: Arc::clone(&policy.key.name),
            policy_change_type: change,
        }
    }
}

impl AdmissionLabels {
    pub(super) fn of(stage: Stage, request: &Request, allowed: bool) -> Self {
        Self {
            resource_kind: Arc::clone(&request.kind.kind),
            resource_namespace: Arc::clone(&request.namespace),
            resource_request_operation: operation(request.operation),
            request_allowed: allowed,
            request_webhook: match stage {
                Stage::Mutate => "MutatingWebhookConfiguration",
                Stage::Validate | Stage::Whole => "ValidatingWebhookConfiguration",
            },
        }
    }
}

impl ResultLabels {
    pub(super) fn of(request: &Request, result: &RuleResult) -> Self {
        let policy = &result.policy;
        Self {
            policy_validation_mode: match result.action {
                FailureAction::Enforce => "enforce",
                FailureAction::Audit => "audit",
            },
            policy_type: scope(policy),
            policy_background_mode: background(policy),
            policy_namespace: policy.key.namespace.clone().unwrap_or_else(|| "-".into()),
            policy_name: Arc::clone(&policy.key.name),
            resource_kind: Arc::clone(&request.kind.kind),
            resource_namespace: Arc::clone(&request.namespace),
            resource_request_operation: operation(request.operation),
            rule_name: Arc::clone(&result.rule),
            rule_result: outcome(result.verdict.outcome),
            rule_type: rule_type(result.kind),
            rule_execution_cause: "admission_request",
            dry_run: request.dry_run,
        }
    }
}

impl ExpressionLabels {
    pub(super) fn of(request: &Request, result: &RuleResult) -> Self {
        let policy = &result.policy;
        Self {
            policy_validation_mode: match result.action {
                FailureAction::Enforce => "Deny",
                FailureAction::Audit => "Audit",
            },
            policy_background_mode: background(policy),
            policy_name: Arc::clone(&policy.key.name),
            policy_namespace: policy.key.namespace.clone().unwrap_or_default(),
            resource_kind: Arc::clone(&request.kind.kind),
            resource_namespace: Arc::clone(&request.namespace),
            resource_request_operation: operation(request.operation),
            execution_cause: "admission_request",
            result: outcome(result.verdict.outcome),
        }
    }
}

impl Labels for ExpressionLabels {
    fn other(&self) -> Self {
        let other: Arc<str> = OTHER.into();
        Self {
            policy_name: Arc::clone(&other),
            policy_namespace: Arc::clone(&other),
            resource_kind: Arc::clone(&other),
            resource_namespace: other,
            ..self.clone()
        }
    }
}

impl Labels for AdmissionLabels {
    fn other(&self) -> Self {
        Self {
            resource_kind: OTHER.into(),
            resource_namespace: OTHER.into(),
            ..self.clone()
        }
    }
}

impl Labels for ChangeLabels {
    fn other(&self) -> Self {
        Self {
            policy_namespace: OTHER.into(),
            policy_name: OTHER.into(),
            ..self.clone()
        }
    }
}

impl Labels for ResultLabels {
    fn other(&self) -> Self {
        let other: Arc<str> = OTHER.into();
        Self {
            policy_namespace: Arc::clone(&other),
            policy_name: Arc::clone(&other),
            resource_kind: Arc::clone(&other),
            resource_namespace: Arc::clone(&other),
            rule_name: other,
            ..self.clone()
        }
    }
}

/// The policy's own action, as its author wrote it for all its rules.
pub(super) fn validation_mode(policy: &CompiledPolicy) -> &'static str {
    let own = policy
        .rules
        .iter()
        .find_map(|rule| rule.actions.action)
        .or(policy.actions.action);
    match own.unwrap_or_default() {
        FailureAction::Enforce => "enforce",
        FailureAction::Audit => "audit",
    }
}

pub(super) fn scope(policy: &CompiledPolicy) -> &'static str {
    if policy.key.namespace.is_some() {
        "namespaced"
    } else {
        "cluster"
    }
}

pub(super) fn background(policy: &CompiledPolicy) -> bool {
    policy.in_background
}

pub(super) fn rule_type(kind: RuleKind) -> &'static str {
    match kind {
        RuleKind::Mutation => "mutate",
        RuleKind::Validation => "validate",
        RuleKind::ImageVerify => "imageVerify",
        RuleKind::Unsupported => "-",
    }
}

fn outcome(outcome: RuleOutcome) -> &'static str {
    match outcome {
        RuleOutcome::Pass => "pass",
        RuleOutcome::Skip => "skip",
        RuleOutcome::Warn => "warn",
        RuleOutcome::Fail => "fail",
        RuleOutcome::Error => "error",
    }
}

fn operation(operation: Operation) -> &'static str {
    match operation {
        Operation::Create => "create",
        Operation::Update => "update",
        Operation::Delete => "delete",
        Operation::Connect => "connect",
    }
}
