//! A policy as a whole.

use std::collections::BTreeSet;

use manifest::{Document, FieldPath};

use super::{overrides, rule, user_info};
use crate::kyverno_io::policy::{Policy, PolicyKind};
use crate::report::Report;

/// Longest name of a policy, in bytes: it becomes a label's value.
const MAX_NAME_BYTES: usize = 63;

/// The annotation that names the controllers for which rules are generated.
const AUTOGEN_ANNOTATION: &str = "pod-policies.kyverno.io/autogen-controllers";

/// Checks a policy and each of its rules.
pub(super) fn validate(policy: &Policy, document: &Document, report: &mut Report) {
    validate_metadata(policy, report);
    validate_spec(policy, report);
    let mut names = BTreeSet::new();
    for (index, rule) in policy.spec.rules.iter().enumerate() {
        if !rule.name.is_empty() && !names.insert(rule.name.as_str()) {
            let path = FieldPath::root()
                .key("spec")
                .key("rules")
                .index(index)
                .key("name");
            report.invalid(&path, format!("Duplicate rule name: '{}'", rule.name));
        }
        rule::validate(rule, index, policy, document, report);
    }
    if policy.judges_background() {
        user_info::validate(policy, document, report);
    }
}

fn validate_metadata(policy: &Policy, report: &mut Report) {
    let path = FieldPath::root().key("metadata");
    if policy.metadata.name.is_empty() {
        report.invalid(&path.key("name"), "a policy needs a name");
    }
    if policy.metadata.name.len() > MAX_NAME_BYTES {
        report.invalid(
            &path.key("name"),
            format!("must be no more than {MAX_NAME_BYTES} bytes"),
        );
    }
    if policy.kind == PolicyKind::ClusterPolicy && !policy.metadata.namespace.is_empty() {
        report.invalid(
            &path.key("namespace"),
            "A clusterpolicy should not have the namespace defined",
        );
    }
    if policy
        .metadata
        .annotations
        .get(AUTOGEN_ANNOTATION)
        .is_some_and(|value| value == "all")
    {
        let message = "Autogen annotation does not support 'all' anymore, remove the annotation or set it to a valid value";
        report.invalid(&path.key("annotations").key(AUTOGEN_ANNOTATION), message);
    }
}

fn validate_spec(policy: &Policy, report: &mut Report) {
    let path = FieldPath::root().key("spec");
    let spec = &policy.spec;
    let webhook = spec.webhook_configuration.as_ref();
    let instead = |field: &str| format!("remove the deprecated field and use spec.{field} instead");
    let timeouts = [
        (path.key("webhookTimeoutSeconds"), spec.webhook_timeout_seconds),
        (
            path.key("webhookConfiguration").key("timeoutSeconds"),
            webhook.and_then(|webhook| webhook.timeout_seconds),
        ),
    ];
    if timeouts.iter().all(|(_, seconds)| seconds.is_some()) {
        report.invalid(
            &path.key("webhookTimeoutSeconds"),
            instead("webhookConfiguration.timeoutSeconds"),
        );
    }
    for (path, seconds) in timeouts {
        if seconds.is_some_and(|seconds| !(1..=30).contains(&seconds)) {
            report.invalid(&path, "the timeout value must be between 1 and 30 seconds");
        }
    }
    if spec.failure_policy.is_some() && webhook.is_some_and(|webhook| webhook.failure_policy.is_some()) {
        report.invalid(
            &path.key("failurePolicy"),
            instead("webhookConfiguration.failurePolicy"),
        );
    }
    if spec.generate_existing_on_policy_update.is_some() {
        let path = path.key("generateExistingOnPolicyUpdate");
        report.invalid(&path, instead("generate[*].generateExisting"));
    }
    let action_overrides = path.key("validationFailureActionOverrides");
    match policy.kind {
        PolicyKind::ClusterPolicy => {
            overrides::validate(
                &spec.validation_failure_action_overrides,
                &action_overrides,
                report,
            );
        }
        PolicyKind::Policy if !spec.validation_failure_action_overrides.is_empty() => {
            let message = "Use of validationFailureActionOverrides is supported only with ClusterPolicy";
            report.invalid(&action_overrides, message);
        }
        PolicyKind::Policy => {}
    }
    validate_processing(policy, &path, report);
}

/// Whether requests or existing objects are judged at all, by rules that can.
fn validate_processing(policy: &Policy, path: &FieldPath, report: &mut Report) {
    if !policy.judges_admission() {
        if !policy.judges_background() {
            let message = "disabling both admission and background processing is not allowed";
            report.invalid(&path.key("admission"), message);
        }
        if policy.spec.rules.iter().any(|rule| rule.validate.is_none()) {
            let message = "disabling admission processing is only allowed with validation policies";
            report.invalid(&path.key("admission"), message);
        }
    }
    for (index, rule) in policy.spec.rules.iter().enumerate() {
        let Some(mutation) = &rule.mutate else { continue };
        let on_update = policy.spec.mutate_existing_on_policy_update
            || mutation.mutate_existing_on_policy_update == Some(true);
        if on_update && mutation.targets.as_ref().is_none_or(Vec::is_empty) {
            let message = format!(
                "rules[{index}].mutate.targets has to be specified when mutateExistingOnPolicyUpdate is set"
            );
            report.invalid(&path.key("rules").index(index).key("mutate"), message);
        }
    }
}
