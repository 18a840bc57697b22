use super::*;
use crate::checks::images::attestors::Attestor;
use image_reference::DefaultRegistry;
use image_trust::{Authority, KeySource, Waivable};

const PEM: &str = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";

fn entry(value: &Value) -> Entry {
    Entry::compile(value).unwrap()
}

fn means(patterns: &[&str], image: &str) -> bool {
    let image = ImageReference::parse(image, &DefaultRegistry::default()).unwrap();
    entry(&json!({"imageReferences": patterns})).means(&image)
}

fn digest_of(image: &str) -> String {
    format!("{image}@sha256:{}", "a".repeat(64))
}

/// Kyverno's `repo:*` does not match `repo@sha256:…`: an unsigned digest of the same repository ran unverified.
#[test]
fn a_tag_pattern_means_every_digest_of_its_repository() {
    assert!(means(&["ghcr.io/acme/app:*"], &digest_of("ghcr.io/acme/app")));
    assert!(means(
        &["ghcr.io/acme/app:v1*"],
        &digest_of("ghcr.io/acme/app:other")
    ));
    assert!(!means(&["ghcr.io/acme/app:*"], &digest_of("ghcr.io/acme/other")));
}

/// `index.docker.io/library/nginx` is `docker.io/nginx`: another spelling must not lead around a pattern.
#[test]
fn every_name_of_docker_hub_is_one_registry() {
    for spelling in [
        "nginx",
        "docker.io/nginx",
        "docker.io/library/nginx",
        "index.docker.io/library/nginx",
        "registry-1.docker.io/library/nginx",
    ] {
        assert!(means(&["docker.io/nginx:*"], spelling), "{spelling}");
        assert!(means(&["docker.io/library/*"], spelling), "{spelling}");
    }
    assert!(!means(&["docker.io/library/*"], "docker.io/acme/nginx"));
}

#[test]
fn patterns_are_not_normalised() {
    assert!(!means(&["nginx"], "nginx"));
    assert!(means(&["*"], "nginx"));
}

#[test]
fn several_keys_under_one_entry_are_several_leaves_that_must_all_hold() {
    let two = entry(
        &json!({"imageReferences": ["*"], "attestors": [{"entries": [{"keys": {"publicKeys": format!("{PEM}{PEM}")}}]}]}),
    );
    assert_eq!(two.attestors[0].required, 2);
    assert_eq!(two.demand.signers.len(), 2);
    let one = entry(
        &json!({"imageReferences": ["*"], "attestors": [{"count": 1, "entries": [{"keys": {"publicKeys": format!("{PEM}{PEM}")}}]}]}),
    );
    assert_eq!(one.attestors[0].required, 1);
}

#[test]
fn a_log_entry_is_demanded_unless_the_policy_waives_it() {
    let check = |keys: Value| {
        let entry = entry(&json!({"attestors": [{"entries": [{"keys": keys}]}]}));
        let Authority::Key { log, .. } = &entry.demand.signers[0].authority else {
            panic!("{:?}", entry.demand)
        };
        log.check
    };
    assert_eq!(check(json!({"publicKeys": PEM})), Waivable::Required);
    assert_eq!(
        check(json!({"publicKeys": PEM, "rekor": {"url": "x"}})),
        Waivable::Required
    );
    assert_eq!(
        check(json!({"publicKeys": PEM, "rekor": {"ignoreTlog": true}})),
        Waivable::Waived
    );
}

/// Kyverno forgets the deprecated `key` beside `attestations`, and then any Fulcio identity may have signed them.
#[test]
fn a_deprecated_key_is_demanded_of_every_attestation() {
    let entry = entry(&json!({"image": "*", "key": PEM, "attestations": [{"predicateType": "t"}]}));
    assert_eq!(entry.references, ["*"]);
    assert!(matches!(
        &entry.demand.attestations[0].signers[0].authority,
        Authority::Key { .. }
    ));
}

#[test]
fn attestations_without_attestors_demand_some_logged_fulcio_identity() {
    let entry = entry(&json!({"attestations": [{"type": "t"}]}));
    let Authority::Keyless {
        identity, log, sct, ..
    } = &entry.demand.attestations[0].signers[0].authority
    else {
        panic!("{:?}", entry.demand)
    };
    assert!(identity.is_anyone());
    assert_eq!((log.check, sct.check), (Waivable::Required, Waivable::Required));
}

#[test]
fn nested_attestors_keep_their_own_count() {
    let entry = entry(&json!({"attestors": [{"count": 1, "entries": [
        {"keys": {"publicKeys": PEM}},
        {"attestor": {"count": 1, "entries": [{"keys": {"kms": "awskms:///k"}}, {"keys": {"secret": {"namespace": "n", "name": "s"}}}]}}]}]}));
    let Attestor::Nested(nested) = &entry.attestors[0].entries[1] else {
        panic!()
    };
    assert_eq!((nested.required, nested.entries.len()), (1, 2));
    let reference = |at: usize| {
        let Authority::Key {
            source: KeySource::Reference(reference),
            ..
        } = &entry.demand.signers[at].authority
        else {
            panic!("{:?}", entry.demand)
        };
        reference.to_string()
    };
    assert_eq!([reference(1), reference(2)], ["awskms:///k", "k8s://n/s"]);
}

#[test]
fn an_attestor_that_demands_nothing_is_refused_when_compiled() {
    let errors =
        Entry::compile(&json!({"attestors": [{"entries": [{"annotations": {"a": "b"}}]}]})).unwrap_err();
    assert_eq!(errors[0].path, "attestors[0].entries[0]");
    let errors =
        Entry::compile(&json!({"attestors": [{"count": 2, "entries": [{"keys": {"publicKeys": PEM}}]}]}))
            .unwrap_err();
    assert_eq!(errors[0].path, "attestors[0].count");
}
