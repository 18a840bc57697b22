//! `verifyImages`.

use manifest::FieldPath;

use super::{attestors, conditions};
use crate::kyverno_io::image_verification::{Attestation, ImageVerification, SignatureKind};
use crate::kyverno_io::policy::PolicySpec;
use crate::kyverno_io::rule::Rule;
use crate::kyverno_io::validation::FailureAction;
use crate::report::Report;
use crate::variables::has_variable;

/// Checks every entry of a rule.
pub(super) fn validate(rule: &Rule, spec: &PolicySpec, path: &FieldPath, report: &mut Report) {
    validate_extractors(rule, path, report);
    let entries = path.key("verifyImages");
    let some_validate = rule.verify_images.iter().any(|entry| entry.validate.is_some());
    // As in Kyverno, an entry without its own action has that of the entry before it.
    let mut action = spec.validation_failure_action.unwrap_or(FailureAction::Audit);
    for (index, entry) in rule.verify_images.iter().enumerate() {
        let path = entries.index(index);
        action = entry.failure_action.unwrap_or(action);
        if action == FailureAction::Audit && entry.mutate_digest {
            let message = "mutateDigest must be set to false for ‘Audit’ failure action";
            report.invalid(&path.key("mutateDigest"), message);
        }
        if some_validate
            && entry
                .validate
                .as_ref()
                .is_none_or(|validate| validate.deny.is_none())
        {
            let message = "validate.deny is required in every entry when any entry has validate";
            report.invalid(&path, message);
        }
        validate_entry(entry, &rule.name, &path, report);
    }
}

fn validate_entry(entry: &ImageVerification, rule: &str, path: &FieldPath, report: &mut Report) {
    if entry.image_references.is_empty() && entry.image.is_empty() {
        report.invalid(path, "An image reference is required");
    }
    let listed = entry.image_references.iter().enumerate();
    let listed = listed.map(|(index, reference)| (path.key("imageReferences").index(index), reference));
    for (path, reference) in listed.chain([(path.key("image"), &entry.image)]) {
        if has_variable(reference) {
            report.invalid(
                &path,
                format!("rule \"{rule}\" should not have variables in image reference section"),
            );
        }
    }
    attestors::validate(&entry.attestors, &path.key("attestors"), report);
    for (index, attestation) in entry.attestations.iter().enumerate() {
        validate_attestation(attestation, &path.key("attestations").index(index), report);
    }
    if entry.kind == Some(SignatureKind::Notary) {
        validate_notary(entry, path, report);
    }
    let denied = entry
        .validate
        .as_ref()
        .and_then(|validate| validate.deny.as_ref());
    if let Some(denied) = denied.and_then(|deny| deny.conditions.as_ref()) {
        conditions::validate(
            denied,
            &path.key("validate").key("deny").key("conditions"),
            report,
        );
    }
    super::public_keys::validate_public_keys(&entry.key, &path.key("key"), report);
    super::public_keys::validate_certificates(&entry.roots, &path.key("roots"), report);
}

fn validate_attestation(attestation: &Attestation, path: &FieldPath, report: &mut Report) {
    attestors::validate(&attestation.attestors, &path.key("attestors"), report);
    for (index, blocks) in attestation.conditions.iter().enumerate() {
        conditions::validate_blocks(blocks, &path.key("conditions").index(index), report);
    }
}

/// Notary verifies certificates only.
fn validate_notary(entry: &ImageVerification, path: &FieldPath, report: &mut Report) {
    for (index, set) in entry.attestors.iter().enumerate() {
        for (number, attestor) in set.entries.iter().enumerate() {
            let path = path.key("attestors").index(index).key("entries").index(number);
            if attestor.keyless.is_some() {
                report.invalid(
                    &path.key("keyless"),
                    "Keyless field is not allowed for type notary",
                );
            }
            if attestor.keys.is_some() {
                report.invalid(&path.key("keys"), "Keys field is not allowed for type notary");
            }
        }
    }
}

/// An image that an expression has transformed cannot be written back.
fn validate_extractors(rule: &Rule, path: &FieldPath, report: &mut Report) {
    let Some(extractors) = &rule.image_extractors else {
        return;
    };
    if !rule.verify_images.iter().any(|entry| entry.mutate_digest) {
        return;
    }
    for (kind, list) in extractors {
        for (index, extractor) in list.iter().enumerate() {
            if !extractor.jmes_path.is_empty() {
                let path = path.key("imageExtractors").key(kind).index(index).key("jmesPath");
                let message =
                    "jmespath may not be used in an image extractor when mutating digests with verify images";
                report.invalid(&path, message);
            }
        }
    }
}
