//! Who must have signed or attested.

use super::*;

#[test]
fn an_attestation_that_anybody_may_have_made_is_told() {
    fires(LintCode::NoAttestor, &attestation("name: scan"));
    is_silent(LintCode::NoAttestor, &attestation(SIGNER));
}

#[test]
fn an_identity_without_issuer_or_subject_is_told() {
    let keyless = |inner: &str| {
        attested_by(&format!(
            "[{{entries: [{{keyless: {{{inner}, rekor: {{url: 'https://rekor.sigstore.dev'}}}}}}]}}]"
        ))
    };
    for (inner, what) in [
        ("subject: a@example.com", "no issuer"),
        ("issuer: https://accounts.google.com", "no subject"),
        ("issuer: https://accounts.google.com, subject: '*'", "no subject"),
        ("issuerRegExp: '.*', subjectRegExp: '.*'", "neither"),
    ] {
        let told = fires(LintCode::OpenIdentity, &keyless(inner));
        assert!(told.message.contains(what), "{told}");
    }
    is_silent(
        LintCode::OpenIdentity,
        &keyless("issuer: https://accounts.google.com, subject: a@example.com"),
    );
    is_silent(
        LintCode::OpenIdentity,
        &keyless("issuer: https://a.example, additionalExtensions: {githubWorkflowRepository: acme/app}"),
    );
}

#[test]
fn the_deprecated_fields_of_an_identity_are_looked_at_too() {
    let fields = |inner: &str| format!("{}{inner}", unattested());
    fires(
        LintCode::OpenIdentity,
        &fields("      issuer: https://accounts.google.com\n"),
    );
    is_silent(
        LintCode::OpenIdentity,
        &fields("      issuer: https://accounts.google.com\n      subject: a@example.com\n"),
    );
}

#[test]
fn an_expression_that_is_not_anchored_is_told() {
    let regex = |regex: &str| {
        with(
            GOOD_IMAGE_RULE,
            "subject: https://github.com/acme/app/.github/workflows/*@refs/tags/*",
            &format!("subjectRegExp: '{regex}'"),
        )
    };
    let told = fires(
        LintCode::UnanchoredRegex,
        &regex("https://github.com/acme/app/.+"),
    );
    assert_eq!(
        told.write_instead.as_deref(),
        Some("subjectRegExp: ^https://github.com/acme/app/.+$")
    );
    is_silent(
        LintCode::UnanchoredRegex,
        &regex("^https://github.com/acme/app/.+$"),
    );
}

#[test]
fn an_identity_that_is_open_to_strangers_is_told() {
    let subject = |subject: &str| {
        with(
            GOOD_IMAGE_RULE,
            "https://github.com/acme/app/.github/workflows/*@refs/tags/*",
            subject,
        )
    };
    let told = fires(LintCode::WideIdentity, &subject("https://github.com/*"));
    assert!(told.message.contains("other accounts of github.com"), "{told}");
    is_silent(LintCode::WideIdentity, &subject("https://github.com/acme/*"));
}

#[test]
fn a_chain_without_certificate_is_told() {
    let document = manifest::Document::without_text(serde_json::json!({}), "");
    let mut report = Report::new(&document);
    let certificates = policy_types::kyverno_io::attestors::Certificates {
        cert_chain: "x".to_owned(),
        ..Default::default()
    };
    crate::lints::identities::check_certificates(&certificates, &manifest::FieldPath::root(), &mut report);
    assert_eq!(report.finish()[0].code, LintCode::WholeAuthority);
    let mut report = Report::new(&document);
    let both = policy_types::kyverno_io::attestors::Certificates {
        cert: "x".to_owned(),
        ..certificates
    };
    crate::lints::identities::check_certificates(&both, &manifest::FieldPath::root(), &mut report);
    assert_eq!(report.finish(), []);
}

#[test]
fn a_count_that_one_signer_can_reach_is_told() {
    let keys = |one: &str, other: &str| {
        attested_by(&format!(
            "[{{count: 2, entries: [{{keys: {{kms: '{one}'}}}}, {{keys: {{kms: '{other}'}}}}]}}]"
        ))
    };
    fires(LintCode::CountMetByOne, &keys("awskms:///a", "awskms:///a"));
    is_silent(LintCode::CountMetByOne, &keys("awskms:///a", "awskms:///b"));
    let rekor = "rekor: {url: 'https://rekor.sigstore.dev'}";
    let people = |one: &str, other: &str| {
        let keyless = |subject: &str| {
            format!("{{keyless: {{subject: '{subject}', issuer: 'https://a.example', {rekor}}}}}")
        };
        attested_by(&format!(
            "[{{count: 2, entries: [{}, {}]}}]",
            keyless(one),
            keyless(other)
        ))
    };
    fires(
        LintCode::CountMetByOne,
        &people("*@example.com", "ann@example.com"),
    );
    is_silent(
        LintCode::CountMetByOne,
        &people("bob@example.com", "ann@example.com"),
    );
}

#[test]
fn entries_that_exclude_one_another_are_not_taken_for_one_signer() {
    let rekor = "rekor: {url: 'https://rekor.sigstore.dev'}";
    let sets = |one: &str, other: &str| {
        let keyless =
            |fields: &str| format!("{{keyless: {{{fields}, issuer: 'https://a.example', {rekor}}}}}");
        attested_by(&format!(
            "[{{count: 2, entries: [{}, {}]}}]",
            keyless(one),
            keyless(other)
        ))
    };
    let subject = "subject: 'https://github.com/acme/a/.github/workflows/w.yml@refs/heads/main'";
    for (one, other, is_told) in [
        (subject, "subjectRegExp: '^https://github.com/acme/'", true),
        (subject, "subjectRegExp: '^https://github.com/other/'", false),
        // The same identity in two environments is two signatures.
        (
            "subject: 'a@example.com', additionalExtensions: {runnerEnvironment: github-hosted}",
            "subject: 'a@example.com', additionalExtensions: {runnerEnvironment: self-hosted}",
            false,
        ),
        (
            "subject: 'a@example.com', additionalExtensions: {runnerEnvironment: github-hosted}",
            "subject: 'a@example.com', additionalExtensions: {githubWorkflowTrigger: push}",
            true,
        ),
    ] {
        if is_told {
            fires(LintCode::CountMetByOne, &sets(one, other));
        } else {
            is_silent(LintCode::CountMetByOne, &sets(one, other));
        }
    }
}

#[test]
fn a_key_that_stands_in_two_entries_is_told_though_other_keys_stand_beside_it() {
    let key = |middle: &str| format!("-----BEGIN PUBLIC KEY-----\\n{middle}\\n-----END PUBLIC KEY-----\\n");
    let sets = |one: &str, other: &str| {
        attested_by(&format!(
            "[{{count: 2, entries: [{{keys: {{publicKeys: \"{one}\"}}}}, {{keys: {{publicKeys: \"{other}\"}}}}]}}]"
        ))
    };
    let (ann, bob) = (key("MAUwAAMBAA=="), key("MAUwAAMBAQ=="));
    fires(LintCode::CountMetByOne, &sets(&format!("{ann}{bob}"), &bob));
    is_silent(LintCode::CountMetByOne, &sets(&ann, &bob));
}

#[test]
fn several_entries_without_count_are_told_to_be_all_needed() {
    let entries = |set: &str| {
        attested_by(&format!(
            "[{{{set}entries: [{{keys: {{kms: 'awskms:///a'}}}}, {{keys: {{kms: 'awskms:///b'}}}}]}}]"
        ))
    };
    fires(LintCode::AllMustSign, &entries(""));
    is_silent(LintCode::AllMustSign, &entries("count: 2, "));
}

#[test]
fn a_log_that_is_waived_is_noted() {
    fires(
        LintCode::LogWaived,
        &attested_by("[{entries: [{keys: {kms: 'awskms:///a', rekor: {ignoreTlog: true}}}]}]"),
    );
    let told = fires(
        LintCode::LogWaived,
        &with(
            GOOD_IMAGE_RULE,
            "            issuer:",
            "            ctlog: {ignoreSCT: true}\n            issuer:",
        ),
    );
    assert!(told.path.to_string().ends_with("keyless.ctlog.ignoreSCT"));
    is_silent(
        LintCode::LogWaived,
        &attested_by("[{entries: [{keys: {kms: 'awskms:///a', rekor: {ignoreTlog: false}}}]}]"),
    );
}

#[test]
fn a_condition_that_grows_old_is_told_of_replacement() {
    let condition = |key: &str| {
        attestation(&format!(
            "{SIGNER}, conditions: [{{all: [{{key: \"{key}\", operator: LessThan, value: 168h}}]}}]"
        ))
    };
    let told = fires(
        LintCode::StaleStatements,
        &condition("{{ time_since('', '{{ metadata.scanFinishedOn }}', '') }}"),
    );
    assert!(told.message.contains("cosign attest --replace"), "{told}");
    is_silent(LintCode::StaleStatements, &condition("{{ scanner.version }}"));
}
