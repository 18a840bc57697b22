//! Whether image verification takes effect: digests, errors, time.

use manifest::FieldPath;
use policy_types::kyverno_io::attestors::AttestorSet;
use policy_types::kyverno_io::image_verification::ImageVerification;
use policy_types::kyverno_io::policy::FailurePolicy;
use policy_types::kyverno_io::validation::FailureAction;

use super::signers::weight;
use crate::code::LintCode;
use crate::finding::Report;
use crate::source::{Source, spec};

/// Time one signature or attestation may take to be fetched and verified, in seconds, with a registry that is slow.
const SECONDS_PER_CHECK: usize = 1;
/// Images that a Pod usually has, side containers included.
const USUAL_IMAGES: usize = 3;
/// Seconds a webhook may take unless the policy says otherwise.
const DEFAULT_TIMEOUT_SECONDS: i64 = 10;
/// Most seconds Kubernetes grants a webhook.
const LONGEST_TIMEOUT_SECONDS: i64 = 30;

/// Looks at each entry of `verifyImages`, then at the policy around them.
pub(crate) fn check(source: &Source<'_>, report: &mut Report<'_>) {
    let mut enforces = false;
    let mut checks: usize = 0;
    let default = source
        .policy
        .spec
        .validation_failure_action
        .unwrap_or(FailureAction::Audit);
    for (rule, path) in source.rules() {
        for (index, entry) in rule.verify_images.iter().enumerate() {
            let action = entry.failure_action.unwrap_or(default);
            enforces |= action == FailureAction::Enforce;
            checks = checks.saturating_add(weight_of(entry));
            check_entry(entry, action, &path.key("verifyImages").index(index), report);
        }
    }
    if source
        .policy
        .spec
        .rules
        .iter()
        .any(|rule| !rule.verify_images.is_empty())
    {
        check_policy(source, enforces, checks, report);
    }
}

fn check_entry(entry: &ImageVerification, action: FailureAction, path: &FieldPath, report: &mut Report<'_>) {
    let demands_something = !entry.attestors.is_empty()
        || !entry.attestations.is_empty()
        || !entry.key.is_empty()
        || !entry.issuer.is_empty();
    let tags_are_meant = entry
        .image_references
        .iter()
        .chain([&entry.image])
        .any(|one| !one.is_empty() && !one.contains('@'));
    if !entry.mutate_digest && entry.verify_digest && tags_are_meant {
        let message = "images named by tag fail: `verifyDigest` is on unless it is turned off, and nothing writes the digest";
        let instead = match action {
            FailureAction::Enforce => "mutateDigest: true",
            FailureAction::Audit => "verifyDigest: false",
        };
        report.replace(LintCode::TagsRefused, &path.key("mutateDigest"), message, instead);
    }
    if !entry.mutate_digest && !entry.verify_digest && demands_something && action == FailureAction::Enforce {
        let message = "the image is verified under its tag, and the node asks for the tag again: what runs may be another image";
        report.replace(
            LintCode::TagsNotPinned,
            &path.key("mutateDigest"),
            message,
            "mutateDigest: true",
        );
    }
    if entry.required && !demands_something {
        let message = "`required` is on unless it is turned off, and no attestor is named: in Kyverno every image fails";
        report.replace(LintCode::NothingDemanded, path, message, "required: false");
    }
}

fn check_policy(source: &Source<'_>, enforces: bool, checks: usize, report: &mut Report<'_>) {
    let spec_ = &source.policy.spec;
    let webhook = spec_.webhook_configuration.as_ref();
    let newer = webhook.and_then(|webhook| webhook.failure_policy);
    if enforces && newer.or(spec_.failure_policy) == Some(FailurePolicy::Ignore) {
        let at = if newer.is_some() {
            spec().key("webhookConfiguration")
        } else {
            spec()
        };
        let message = "the policy enforces, and an error admits: whoever can make verification fail, by a slow registry \
                       for example, gets any image admitted";
        report.replace(
            LintCode::ErrorsAdmit,
            &at.key("failurePolicy"),
            message,
            "failurePolicy: Fail",
        );
    }
    let newer = webhook.and_then(|webhook| webhook.timeout_seconds);
    let given = newer
        .or(spec_.webhook_timeout_seconds)
        .unwrap_or(DEFAULT_TIMEOUT_SECONDS);
    let needed = checks
        .saturating_mul(USUAL_IMAGES)
        .saturating_mul(SECONDS_PER_CHECK);
    if given < LONGEST_TIMEOUT_SECONDS && i64::try_from(needed).unwrap_or(i64::MAX) > given {
        let at = match (newer, spec_.webhook_timeout_seconds) {
            (Some(_), _) => spec().key("webhookConfiguration").key("timeoutSeconds"),
            (None, Some(_)) => spec().key("webhookTimeoutSeconds"),
            (None, None) => spec(),
        };
        let message = format!(
            "{checks} signatures and attestations for each image: a Pod with {USUAL_IMAGES} images may need {needed} s, \
             and the webhook has {given} s"
        );
        let instead = format!("webhookConfiguration: {{timeoutSeconds: {LONGEST_TIMEOUT_SECONDS}}}");
        report.replace(LintCode::ShortTimeout, &at, message, instead);
    }
    if webhook.is_some_and(|webhook| !webhook.match_conditions.is_empty()) {
        let at = spec().key("webhookConfiguration").key("matchConditions");
        let message = "Kyverno does not verify images for a policy with match conditions; write them as `match` or \
                       `preconditions`";
        report.add(LintCode::MatchConditions, &at, message);
    }
}

/// How many signatures and attestations an entry asks for.
fn weight_of(entry: &ImageVerification) -> usize {
    let of_sets =
        |sets: &[AttestorSet]| -> usize { sets.iter().flat_map(|set| &set.entries).map(weight).sum() };
    let attested: usize = entry
        .attestations
        .iter()
        .map(|attestation| of_sets(&attestation.attestors).max(1))
        .sum();
    of_sets(&entry.attestors).saturating_add(attested)
}
