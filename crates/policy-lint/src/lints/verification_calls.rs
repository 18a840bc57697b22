//! Whether an `ImageValidatingPolicy` verifies what it declares, and whether what it finds takes effect.

use manifest::FieldPath;
use serde_json::Value;

use crate::code::LintCode;
use crate::expressions::ExpressionSource;
use crate::finding::Report;
use crate::source::spec;

/// Functions that verify.
const VERIFYING: [&str; 2] = ["verifyImageSignatures", "verifyAttestationSignatures"];
/// Images that a Pod usually has, side containers included.
const USUAL_IMAGES: usize = 3;
/// Seconds a webhook may take unless the policy says otherwise.
const DEFAULT_TIMEOUT_SECONDS: u64 = 10;
/// Most seconds Kubernetes grants a webhook.
const LONGEST_TIMEOUT_SECONDS: u64 = 30;

/// Looks at the validations, then at the settings around them.
pub(crate) fn check(source: &ExpressionSource<'_>, report: &mut Report<'_>) {
    check_constants(source, report);
    check_errors(source, report);
    if source.images.is_none() {
        return;
    }
    check_declared(source, report);
    check_payloads(source, report);
    check_digests(source, report);
    check_time(source, report);
}

/// Validations that hold whatever is found.
fn check_constants(source: &ExpressionSource<'_>, report: &mut Report<'_>) {
    let path = spec().key("validations");
    for index in 0..source.listed("/validations").len() {
        let path = path.index(index).key("expression");
        let Some(expression) = source.expressions.iter().find(|one| one.path == path) else {
            continue;
        };
        let packed = expression.packed();
        if packed == "true" {
            report.add(LintCode::AlwaysTrue, &path, "the validation holds for everything");
        }
        let verifies = VERIFYING.iter().any(|function| expression.calls(function));
        if verifies && is_never_below_nothing(&packed) {
            let message = "the number of attestors that verified is never below 0: the comparison holds without any signature";
            report.replace(LintCode::AlwaysTrue, &path, message, "> 0");
        }
    }
}

/// Whether something is compared with `>= 0`.
fn is_never_below_nothing(packed: &str) -> bool {
    packed.match_indices(">=0").any(|(at, found)| {
        let after = packed.get(at.saturating_add(found.len())..).unwrap_or_default();
        !after.starts_with(|next: char| next.is_ascii_digit() || matches!(next, '.' | 'x'))
    })
}

/// Attestors and attestations that no expression asks for.
fn check_declared(source: &ExpressionSource<'_>, report: &mut Report<'_>) {
    let Some(images) = &source.images else {
        return;
    };
    if !VERIFYING.iter().any(|function| source.calls(function)) {
        let message = if images.validation_configurations.required {
            "no expression verifies anything, and `required` is on unless it is turned off: every image fails that no other \
             policy verifies"
        } else {
            "no expression verifies anything, and `required` is off: nothing is demanded of any signature"
        };
        report.add(LintCode::NothingDemanded, &spec().key("validations"), message);
        return;
    }
    let mut unused = |list: &str, names: &[&str], code: LintCode, why: &str| {
        let used = source.names(list);
        for (index, name) in names.iter().enumerate().filter(|(_, name)| !used.include(name)) {
            let message = format!("no expression names `{list}.{name}`: {why}");
            report.add(code, &spec().key(list).index(index), message);
        }
    };
    let attestors: Vec<&str> = images.attestors.iter().map(|one| one.name.as_ref()).collect();
    unused(
        "attestors",
        &attestors,
        LintCode::UnusedSigner,
        "nobody asks for its signature",
    );
    let attestations: Vec<&str> = images.attestations.iter().map(|one| one.name.as_ref()).collect();
    unused(
        "attestations",
        &attestations,
        LintCode::UnusedAttestation,
        "nobody asks for it",
    );
    if !images.validation_configurations.required {
        let path = spec().key("validationConfigurations").key("required");
        let message =
            "an image passes without any proof wherever the expressions come to `true` without verifying it";
        report.add(LintCode::ProofNotRequired, &path, message);
    }
}

/// Payloads are handed out once their signature has been verified.
fn check_payloads(source: &ExpressionSource<'_>, report: &mut Report<'_>) {
    if source.calls("verifyAttestationSignatures") {
        return;
    }
    let read = source
        .expressions
        .iter()
        .find(|expression| expression.calls("extractPayload"));
    if let Some(expression) = read {
        let message = "the payload of an attestation that nobody has verified is not handed out: this is an error for every \
                       image; call `verifyAttestationSignatures` in a validation before";
        report.add(LintCode::UnverifiedPayload, &expression.path, message);
    }
}

fn check_digests(source: &ExpressionSource<'_>, report: &mut Report<'_>) {
    let Some(images) = &source.images else {
        return;
    };
    let settings = images.validation_configurations;
    let path = spec().key("validationConfigurations").key("mutateDigest");
    match (settings.mutate_digest, settings.verify_digest) {
        (false, true) => {
            let message = "images named by tag fail: `verifyDigest` is on unless it is turned off, and nothing writes the digest";
            report.replace(LintCode::TagsRefused, &path, message, "mutateDigest: true");
        }
        (false, false) if denies(source) => {
            let message = "the image is verified under its tag, and the node asks for the tag again: what runs may be another image";
            report.replace(LintCode::TagsNotPinned, &path, message, "mutateDigest: true");
        }
        (true, _) | (false, false) => {}
    }
}

fn check_errors(source: &ExpressionSource<'_>, report: &mut Report<'_>) {
    let ignores = source.spec("/failurePolicy").and_then(Value::as_str) == Some("Ignore");
    if ignores && source.images.is_some() && denies(source) {
        let message = "the policy denies, and while its webhook can't be reached, or where a match condition can't be \
                       evaluated, every image is admitted";
        report.replace(
            LintCode::ErrorsAdmit,
            &spec().key("failurePolicy"),
            message,
            "failurePolicy: Fail",
        );
    }
}

fn check_time(source: &ExpressionSource<'_>, report: &mut Report<'_>) {
    let Some(images) = &source.images else {
        return;
    };
    let given = source
        .spec("/webhookConfiguration/timeoutSeconds")
        .and_then(Value::as_u64);
    let seconds = given.unwrap_or(DEFAULT_TIMEOUT_SECONDS);
    let checks = images.attestors.len().saturating_add(images.attestations.len());
    let needed = checks.saturating_mul(USUAL_IMAGES);
    if seconds < LONGEST_TIMEOUT_SECONDS && u64::try_from(needed).unwrap_or(u64::MAX) > seconds {
        let message = format!(
            "{checks} attestors and attestations for each image: a Pod with {USUAL_IMAGES} images may need {needed} s, and the \
             webhook has {seconds} s"
        );
        let at = timeout_path(given.is_some());
        let instead = format!("webhookConfiguration: {{timeoutSeconds: {LONGEST_TIMEOUT_SECONDS}}}");
        report.replace(LintCode::ShortTimeout, &at, message, instead);
    }
}

fn timeout_path(is_written: bool) -> FieldPath {
    if is_written {
        spec().key("webhookConfiguration").key("timeoutSeconds")
    } else {
        spec()
    }
}

/// Whether the policy denies; it does unless it says that it only audits or warns.
fn denies(source: &ExpressionSource<'_>) -> bool {
    let actions = source.listed("/validationActions");
    actions.is_empty() || actions.iter().any(|action| *action == "Deny")
}
