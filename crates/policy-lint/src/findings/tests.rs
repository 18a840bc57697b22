use manifest::read;

use super::*;

mod matching;
mod images;
mod signers;
mod text;
mod expressions;

/// An image rule without a finding: what the cases below are made of.
const GOOD_IMAGE_RULE: &str = r#"
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: signed}
spec:
  background: false
  webhookConfiguration: {failurePolicy: Fail, timeoutSeconds: 30}
  rules:
  - name: signed
    match: {any: [{resources: {kinds: [Pod]}}]}
    verifyImages:
    - imageReferences: ["ghcr.io/acme/*"]
      failureAction: Enforce
      attestors:
      - entries:
        - keyless:
            subject: https://github.com/acme/app/.github/workflows/*@refs/tags/*
            issuer: https://token.actions.githubusercontent.com
            rekor: {url: https://rekor.sigstore.dev}
"#;

/// A check without a finding.
const GOOD_CHECK: &str = r#"
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: registries}
spec:
  rules:
  - name: registries
    match: {any: [{resources: {kinds: [Pod]}}]}
    preconditions:
      all:
      - {key: "{{ request.object.metadata.labels.app || '' }}", operator: NotEquals, value: exempt}
    validate:
      failureAction: Enforce
      message: "images come from ghcr.io/acme"
      pattern:
        spec:
          =(initContainers): [{image: "ghcr.io/acme/*"}]
          containers: [{image: "ghcr.io/acme/*"}]
"#;

fn found(text: &str) -> Vec<Finding> {
    let loaded = LoadedPolicies::load(read(text.as_bytes(), "p.yaml").unwrap());
    assert_eq!(
        loaded.faults.iter().map(ToString::to_string).collect::<Vec<_>>(),
        [] as [String; 0],
        "{text}"
    );
    assert_eq!(loaded.policies.len(), 1, "{text}");
    findings(&loaded)
}

fn codes(text: &str) -> Vec<LintCode> {
    found(text).iter().map(|finding| finding.code).collect()
}

/// `text` with `old` replaced, which must be in it.
fn with(text: &str, old: &str, new: &str) -> String {
    assert!(text.contains(old), "{old}");
    text.replace(old, new)
}

#[track_caller]
fn fires(code: LintCode, text: &str) -> Finding {
    let found = found(text);
    let told = found.iter().find(|finding| finding.code == code);
    told.unwrap_or_else(|| panic!("{} expected, found {found:#?}", code.code()))
        .clone()
}

#[track_caller]
fn is_silent(code: LintCode, text: &str) {
    let found = found(text);
    assert!(found.iter().all(|finding| finding.code != code), "{found:#?}");
}

/// The policy of a check whose rule has this `match` and this `validate`.
fn check(matched: &str, validate: &str) -> String {
    format!(
        "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {{name: p}}\nspec:\n  rules:\n  - name: r\n    {matched}\n    validate: {validate}\n"
    )
}

const PODS: &str = "match: {any: [{resources: {kinds: [Pod]}}]}";

#[test]
fn a_well_written_policy_has_no_finding() {
    assert_eq!(found(GOOD_IMAGE_RULE), []);
    assert_eq!(found(GOOD_CHECK), []);
}

/// The good image rule up to its attestors.
fn unattested() -> &'static str {
    GOOD_IMAGE_RULE.split_once("      attestors:").unwrap().0
}

/// The good image rule, its attestors replaced.
fn attested_by(entries: &str) -> String {
    format!("{}      attestors: {entries}\n", unattested())
}

fn attestation(inner: &str) -> String {
    let kind = "https://cosign.sigstore.dev/attestation/vuln/v1";
    format!(
        "{}      attestations: [{{type: {kind}, {inner}}}]\n",
        unattested()
    )
}

const SIGNER: &str = "attestors: [{entries: [{keys: {kms: 'awskms:///alias/a'}}]}]";

#[test]
fn every_code_has_a_case_here() {
    let cases = [
        include_str!("tests/matching.rs"),
        include_str!("tests/images.rs"),
        include_str!("tests/signers.rs"),
        include_str!("tests/text.rs"),
        include_str!("tests/expressions.rs"),
    ];
    let cases = cases.concat();
    for code in LintCode::ALL {
        assert!(cases.contains(&format!("LintCode::{code:?}")), "{}", code.code());
    }
}

#[test]
fn many_notes_are_told_by_their_number() {
    let one = with(
        GOOD_CHECK,
        "  rules:",
        "  validationFailureAction: enforce\n  failurePolicy: Fail\n  rules:",
    );
    let many: Vec<String> = (0..10)
        .map(|number| with(&one, "{name: registries}", &format!("{{name: p{number}}}")))
        .collect();
    let load = |text: &str| LoadedPolicies::load(read(text.as_bytes(), "p.yaml").unwrap());
    assert_eq!(told_at_load(&load(&one)).len(), 3);
    assert_eq!(
        told_at_load(&load(&many.join("---"))),
        ["30 notes about the policies: `vouchsafe lint` tells them"]
    );
}

#[test]
fn the_scenario_of_an_unattested_scan_is_told_in_full() {
    let text = "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: p}\nspec:\n  validationFailureAction: enforce\n  \
                webhookTimeoutSeconds: 30\n  failurePolicy: Fail\n  rules:\n  - name: r\n    match: {any: [{resources: {kinds: \
                [Pod]}}]}\n    verifyImages:\n    - imageReferences: ['registry.example.com/*:*']\n      attestations:\n      - \
                predicateType: cosign.sigstore.dev/attestation/vuln/v1\n        conditions:\n        - all:\n          - key: \
                \"{{ time_since('','{{metadata.scanFinishedOn}}','') }}\"\n            operator: LessThanOrEquals\n            \
                value: 168h\n";
    let mut told = codes(text);
    told.dedup();
    for code in [
        LintCode::DeprecatedValue,
        LintCode::DeprecatedField,
        LintCode::NoAttestor,
        LintCode::StaleStatements,
    ] {
        assert!(told.contains(&code), "{told:?}");
    }
    assert_eq!(found(text).len(), 7, "{:#?}", found(text));
}
