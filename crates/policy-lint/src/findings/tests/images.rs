//! Which images are meant, and whether their verification takes effect.

use super::*;

/// The attack: the image that `repo:tag` would have caught is named by its digest instead.
#[test]
fn a_reference_with_a_tag_is_told_to_miss_digests_in_kyverno() {
    let told = fires(
        LintCode::TagPattern,
        &with(GOOD_IMAGE_RULE, "ghcr.io/acme/*", "ghcr.io/acme/app:*"),
    );
    assert_eq!(
        told.write_instead.as_deref(),
        Some(r#"["ghcr.io/acme/app:*", "ghcr.io/acme/app@*"]"#)
    );
    for quiet in [
        "ghcr.io/acme/app*",
        "ghcr.io/acme/app@sha256:*",
        "registry.example.com/*:*",
        "*",
    ] {
        is_silent(
            LintCode::TagPattern,
            &with(GOOD_IMAGE_RULE, "ghcr.io/acme/*", quiet),
        );
    }
}

#[test]
fn a_reference_with_a_tag_is_not_told_where_one_for_digests_stands_beside_it() {
    let listed = |others: &str| {
        let references = format!("ghcr.io/acme/app:*\", {others}\"ghcr.io/acme/tool@*");
        with(GOOD_IMAGE_RULE, "ghcr.io/acme/*", &references)
    };
    is_silent(LintCode::TagPattern, &listed("\"ghcr.io/acme/app@*\", "));
    is_silent(LintCode::TagPattern, &listed("\"ghcr.io/*\", "));
    fires(LintCode::TagPattern, &listed(""));
}

#[test]
fn a_reference_whose_owner_goes_on_is_told() {
    let reference = |reference: &str| with(GOOD_IMAGE_RULE, "ghcr.io/acme/*", reference);
    for open in ["ghcr.io/acme*", "gcr.io*"] {
        fires(LintCode::OpenEndedPattern, &reference(open));
    }
    for quiet in [
        "ghcr.io/acme/app*",
        "docker.io/nginx*",
        "*",
        "localhost:5000/app*",
        "ghcr.io/acme/*",
        "ghcr.io/*/app*",
    ] {
        is_silent(LintCode::OpenEndedPattern, &reference(quiet));
    }
    let pattern = |image: &str| {
        with(
            GOOD_CHECK,
            "containers: [{image: \"ghcr.io/acme/*\"}]",
            &format!("containers: [{{image: \"{image}\"}}]"),
        )
    };
    fires(
        LintCode::OpenEndedPattern,
        &pattern("docker.io/x | ghcr.io/acme*"),
    );
    is_silent(LintCode::OpenEndedPattern, &pattern("!ghcr.io/acme* & *"));
}

#[test]
fn a_reference_without_registry_is_told_to_match_nothing() {
    let told = fires(
        LintCode::PatternWithoutRegistry,
        &with(GOOD_IMAGE_RULE, "ghcr.io/acme/*", "acme/app*"),
    );
    assert_eq!(told.write_instead.as_deref(), Some("docker.io/acme/app*"));
    is_silent(
        LintCode::PatternWithoutRegistry,
        &with(GOOD_IMAGE_RULE, "ghcr.io/acme/*", "localhost/app*"),
    );
}

#[test]
fn an_entry_that_skips_all_of_its_images_is_told() {
    let skipping = |reference: &str| {
        with(
            GOOD_IMAGE_RULE,
            "      failureAction: Enforce",
            &format!("      skipImageReferences: [\"{reference}\"]\n      failureAction: Enforce"),
        )
    };
    fires(LintCode::EverythingSkipped, &skipping("ghcr.io/*"));
    is_silent(LintCode::EverythingSkipped, &skipping("ghcr.io/acme/base*"));
}

#[test]
fn digests_that_nothing_writes_are_told() {
    let set = |fields: &str| {
        with(
            GOOD_IMAGE_RULE,
            "      failureAction: Enforce",
            &format!("      failureAction: Enforce\n      {fields}"),
        )
    };
    let told = fires(LintCode::TagsRefused, &set("mutateDigest: false"));
    assert_eq!(told.write_instead.as_deref(), Some("mutateDigest: true"));
    let digests = with(
        &set("mutateDigest: false"),
        "ghcr.io/acme/*",
        "ghcr.io/acme/app@sha256:*",
    );
    is_silent(LintCode::TagsRefused, &digests);
    fires(
        LintCode::TagsNotPinned,
        &set("mutateDigest: false\n      verifyDigest: false"),
    );
    is_silent(
        LintCode::TagsNotPinned,
        &set("mutateDigest: true\n      verifyDigest: false"),
    );
}

#[test]
fn verification_that_demands_nothing_is_told() {
    let nothing = unattested();
    fires(LintCode::NothingDemanded, nothing);
    is_silent(
        LintCode::NothingDemanded,
        &format!("{nothing}      required: false\n"),
    );
}

/// The attack: the signer's registry is slow while the unsigned image is admitted.
#[test]
fn errors_that_admit_beside_enforcement_are_told() {
    let ignoring = with(GOOD_IMAGE_RULE, "failurePolicy: Fail", "failurePolicy: Ignore");
    fires(LintCode::ErrorsAdmit, &ignoring);
    let audited = with(
        &ignoring,
        "failureAction: Enforce",
        "failureAction: Audit\n      mutateDigest: false\n      verifyDigest: false",
    );
    is_silent(LintCode::ErrorsAdmit, &audited);
}

#[test]
fn a_webhook_with_too_little_time_is_told() {
    fires(
        LintCode::ShortTimeout,
        &with(GOOD_IMAGE_RULE, "timeoutSeconds: 30", "timeoutSeconds: 2"),
    );
    is_silent(
        LintCode::ShortTimeout,
        &with(GOOD_IMAGE_RULE, "timeoutSeconds: 30", "timeoutSeconds: 10"),
    );
}

#[test]
fn match_conditions_beside_image_verification_are_told() {
    let conditions = "timeoutSeconds: 30, matchConditions: [{name: a, expression: 'true'}]";
    fires(
        LintCode::MatchConditions,
        &with(GOOD_IMAGE_RULE, "timeoutSeconds: 30", conditions),
    );
    let check = with(
        GOOD_CHECK,
        "  rules:",
        "  webhookConfiguration: {matchConditions: [{name: a, expression: 'true'}]}\n  rules:",
    );
    is_silent(LintCode::MatchConditions, &check);
}
