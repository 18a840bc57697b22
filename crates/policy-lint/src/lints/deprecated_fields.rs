//! Fields and values that have a successor, with the line to write.
//!
//! Texts are Kyverno's where it warns itself. Source: Kyverno 1.19 `api/kyverno/v1`, `pkg/webhooks/policy`.

use manifest::FieldPath;
use policy_types::kyverno_io::filters::MatchResources;
use policy_types::kyverno_io::image_verification::ImageVerification;
use policy_types::kyverno_io::rule::Rule;
use policy_types::kyverno_io::validation::FailureAction;
use serde_json::Value;

use crate::code::LintCode;
use crate::finding::Report;
use crate::source::{Source, spec};

/// Looks at the policy, its rules, and their image entries.
pub(crate) fn check(source: &Source<'_>, report: &mut Report<'_>) {
    check_action(source, report);
    check_spec(source, report);
    for (rule, path) in source.rules() {
        check_match(&rule.matches, &path.key("match"), report);
        if let Some(exclude) = &rule.exclude {
            check_match(exclude, &path.key("exclude"), report);
        }
        for (index, entry) in rule.verify_images.iter().enumerate() {
            check_entry(entry, &path.key("verifyImages").index(index), report);
        }
    }
}

fn has(source: &Source<'_>, is_such: impl Fn(&Rule) -> bool) -> bool {
    source.policy.spec.rules.iter().any(is_such)
}

fn check_action(source: &Source<'_>, report: &mut Report<'_>) {
    let path = spec().key("validationFailureAction");
    if !source.is_written(&path) {
        return;
    }
    let action = match source.policy.spec.validation_failure_action {
        Some(FailureAction::Enforce) => "Enforce",
        Some(FailureAction::Audit) => "Audit",
        None => return,
    };
    let written = source
        .document
        .value
        .pointer("/spec/validationFailureAction")
        .and_then(Value::as_str);
    if matches!(written, Some("enforce" | "audit")) {
        let message = "Validation failure actions enforce/audit are deprecated, use Enforce/Audit instead";
        report.replace(
            LintCode::DeprecatedValue,
            &path,
            message,
            format!("validationFailureAction: {action}"),
        );
    }
    let (validates, verifies) = (
        has(source, |rule| rule.validate.is_some()),
        has(source, |rule| !rule.verify_images.is_empty()),
    );
    let place = match (validates, verifies) {
        (true, true) => "`validate` of each rule and each entry of `verifyImages`",
        (true, false) => "`validate` of each rule",
        (false, true) => "each entry of `verifyImages`",
        (false, false) => {
            return report.add(
                LintCode::DeprecatedField,
                &path,
                "the field has no effect on these rules: remove it",
            );
        }
    };
    let message = format!("the action belongs to {place} now");
    report.replace(
        LintCode::DeprecatedField,
        &path,
        message,
        format!("failureAction: {action}"),
    );
}

fn check_spec(source: &Source<'_>, report: &mut Report<'_>) {
    let spec_ = &source.policy.spec;
    let mut successor = |is_there: bool, field: &str, message: &str, instead: &str| {
        let path = spec().key(field);
        if is_there && source.is_written(&path) {
            report.replace(LintCode::DeprecatedField, &path, message, instead);
        }
    };
    let validates = has(source, |rule| rule.validate.is_some());
    successor(
        validates && !spec_.validation_failure_action_overrides.is_empty(),
        "validationFailureActionOverrides",
        "the overrides belong to `validate` of each rule now",
        "failureActionOverrides:",
    );
    let webhook = "the webhook has fields of its own now";
    let seconds = spec_.webhook_timeout_seconds;
    successor(
        seconds.is_some(),
        "webhookTimeoutSeconds",
        webhook,
        &format!(
            "webhookConfiguration: {{timeoutSeconds: {}}}",
            seconds.unwrap_or_default()
        ),
    );
    if let Some(policy) = spec_.failure_policy {
        let instead = format!("webhookConfiguration: {{failurePolicy: {policy:?}}}");
        successor(true, "failurePolicy", webhook, &instead);
    }
    successor(
        spec_.mutate_existing_on_policy_update,
        "mutateExistingOnPolicyUpdate",
        "the field belongs to `mutate` of each rule now",
        "mutateExistingOnPolicyUpdate: true",
    );
    successor(
        spec_.generate_existing,
        "generateExisting",
        "the field belongs to `generate` of each rule now",
        "generateExisting: true",
    );
    if spec_.schema_validation.is_some() {
        report.add(
            LintCode::DeprecatedField,
            &spec().key("schemaValidation"),
            "the field has no effect: remove it",
        );
    }
}

fn check_match(block: &MatchResources, path: &FieldPath, report: &mut Report<'_>) {
    if !block.flat.resources.is_empty() {
        let message = "a filter directly under the block is the older form";
        report.replace(
            LintCode::DeprecatedField,
            &path.key("resources"),
            message,
            "any: [{resources: {…}}]",
        );
    }
}

fn check_entry(entry: &ImageVerification, path: &FieldPath, report: &mut Report<'_>) {
    let for_attestations = !entry.attestations.is_empty();
    let holder = if for_attestations {
        "attestors of each attestation"
    } else {
        "attestors"
    };
    let ignored = if for_attestations {
        "; Kyverno ignores it beside `attestations`"
    } else {
        ""
    };
    let attestor = |inner: &str| format!("attestors: [{{entries: [{{{inner}}}]}}]");
    let fields = [
        (
            "image",
            !entry.image.is_empty(),
            "imageReferences",
            format!("imageReferences: [\"{}\"]", entry.image),
        ),
        (
            "key",
            !entry.key.is_empty(),
            holder,
            attestor("keys: {publicKeys: …}"),
        ),
        (
            "issuer",
            !entry.issuer.is_empty(),
            holder,
            attestor("keyless: {issuer: …, subject: …}"),
        ),
        (
            "subject",
            !entry.subject.is_empty(),
            holder,
            attestor("keyless: {issuer: …, subject: …}"),
        ),
        (
            "roots",
            !entry.roots.is_empty(),
            holder,
            attestor("keyless: {roots: …}"),
        ),
        (
            "annotations",
            !entry.annotations.is_empty(),
            holder,
            attestor("annotations: {…}"),
        ),
        (
            "additionalExtensions",
            !entry.additional_extensions.is_empty(),
            holder,
            attestor("keyless: {additionalExtensions: {…}}"),
        ),
    ];
    for (field, _, holder, instead) in fields.into_iter().filter(|(_, is_there, ..)| *is_there) {
        let ignored = if field == "key" { ignored } else { "" };
        let message = format!("`{field}` of an entry has been replaced by {holder}{ignored}");
        report.replace(LintCode::DeprecatedField, &path.key(field), message, instead);
    }
    for (index, attestation) in entry.attestations.iter().enumerate() {
        let name = &attestation.predicate_type;
        if name.is_empty() {
            continue;
        }
        let message = format!(
            "predicateType has been deprecated use 'type: {name}' instead of 'predicateType: {name}'"
        );
        let path = path.key("attestations").index(index).key("predicateType");
        report.replace(LintCode::DeprecatedField, &path, message, format!("type: {name}"));
    }
}
