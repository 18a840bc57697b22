//! Something valid is there, the right thing is not.

use image_trust::{ArtifactKind, Layouts, ReasonCode};
use rehearsal::Algorithm;
use rehearsal::bundle::Bundle;
use rehearsal::dsse::Envelope;
use rehearsal::layer::Layer;
use rehearsal::statement::{COSIGN_SIGN, Statement};

use crate::workshop::*;

fn bundle(algorithm: Algorithm, statement: &Statement) -> ArtifactKind {
    bundle_artifact(&Bundle::sign(key(algorithm), statement).expect("a bundle"))
}

fn envelope(algorithm: Algorithm, statement: &Statement) -> ArtifactKind {
    let envelope = Envelope::sign(key(algorithm), statement).expect("an envelope");
    layer_artifact(&Layer::attestation(&envelope, &statement.predicate_type).expect("a layer"))
}

/// Who may attest to a scan may not therefore sign releases: an attestation of any type, in any layout, is no signature.
#[test]
fn an_attestation_is_never_a_signature() {
    let statement = attestation_statement(PREDICATE);
    for layouts in [Layouts::Sigstore, Layouts::BundlesOnly] {
        for artifact in [
            bundle(Algorithm::P256, &statement),
            envelope(Algorithm::P256, &statement),
        ] {
            let demand = key_demand(key(Algorithm::P256), unlogged());
            let found = findings([artifact], layouts, vec![demand], Vec::new(), judging_time())
                .signers
                .remove(0);
            assert_eq!(found.expect_err("an attestation").code, ReasonCode::Unsigned);
        }
    }
}

/// A classic attestation layer that calls itself a signature is an attestation still; only bundles hold signatures so.
#[test]
fn a_classic_attestation_that_calls_itself_a_signature_is_none() {
    let statement = Statement::attestation(NAME, &digest().to_string(), COSIGN_SIGN, serde_json::json!({}));
    let demand = key_demand(key(Algorithm::P256), unlogged());
    assert!(signed([envelope(Algorithm::P256, &statement)], demand, judging_time()).is_err());
}

/// CVE-2022-35929, CVE-2022-35930: any valid attestation passed for the demanded type.
#[test]
fn an_attestation_of_another_type_is_refused_cve_2022_35929_cve_2022_35930() {
    let other = attestation_statement("https://example.com/other/v1");
    let right = attestation_statement(PREDICATE);
    for make in [bundle, envelope] {
        let demand = || key_demand(key(Algorithm::P256), unlogged());
        let refusal =
            attested([make(Algorithm::P256, &other)], demand(), judging_time()).expect_err("another type");
        assert_eq!(refusal.code, ReasonCode::AttestationMissing);
        // Also where a stranger made one of the right type, and where the signer made one of the right type elsewhere.
        let beside = [make(Algorithm::P256, &other), make(Algorithm::P384, &right)];
        assert!(attested(beside, demand(), judging_time()).is_err());
        assert!(attested([make(Algorithm::P256, &right)], demand(), judging_time()).is_ok());
    }
}

/// What anyone may push beside an image must not keep it from running.
#[test]
fn a_strangers_artifacts_never_refuse_a_valid_signature() {
    let valid = layer_artifact(&Layer::signature(key(Algorithm::P256), claim(&[])).expect("a layer"));
    let broken = Layer::signature(key(Algorithm::P256), b"not a claim".to_vec()).expect("a layer");
    let strangers = vec![
        bundle(Algorithm::P384, &attestation_statement(PREDICATE)),
        bundle(Algorithm::P384, &signature_statement(&[])),
        envelope(Algorithm::P384, &attestation_statement(PREDICATE)),
        layer_artifact(&Layer::signature(key(Algorithm::P384), claim(&[])).expect("a layer")),
        layer_artifact(&broken),
        ArtifactKind::Bundle { json: b"{".to_vec() },
        ArtifactKind::Bundle { json: Vec::new() },
    ];
    for at in 0..=strangers.len() {
        let mut artifacts = strangers.clone();
        artifacts.insert(at, valid.clone());
        assert!(
            signed(
                artifacts,
                key_demand(key(Algorithm::P256), unlogged()),
                judging_time()
            )
            .is_ok()
        );
    }
    assert!(
        signed(
            strangers,
            key_demand(key(Algorithm::P256), unlogged()),
            judging_time()
        )
        .is_err()
    );
}

/// Every statement of the type by the signer is given on, so that a stale one can't hide behind a fresh one; none of a
/// stranger's is, so that a stranger's fresh one can't stand in.
#[test]
fn all_statements_of_the_signer_and_none_of_a_stranger_are_given_on() {
    let with = |number: u64| {
        let mut statement = attestation_statement(PREDICATE);
        statement.predicate = serde_json::json!({ "number": number });
        statement
    };
    let artifacts = [
        envelope(Algorithm::P256, &with(1)),
        bundle(Algorithm::P384, &with(2)),
        bundle(Algorithm::P256, &with(3)),
        envelope(Algorithm::P384, &with(4)),
        envelope(Algorithm::P256, &with(5)),
    ];
    let proof = attested(
        artifacts,
        key_demand(key(Algorithm::P256), unlogged()),
        judging_time(),
    )
    .expect("attested");
    let numbers: Vec<_> = proof
        .statements()
        .iter()
        .map(|statement| statement.predicate["number"].clone())
        .collect();
    assert_eq!(numbers, [1, 3, 5]);
}

/// `SigstoreBundle` reads bundles alone, `Notary` no Sigstore layout at all.
#[test]
fn a_layout_that_the_policy_leaves_out_is_not_read() {
    let classic = layer_artifact(&Layer::signature(key(Algorithm::P256), claim(&[])).expect("a layer"));
    let bundle = bundle(Algorithm::P256, &signature_statement(&[]));
    let judge = |artifact: &ArtifactKind, layouts| {
        let demand = key_demand(key(Algorithm::P256), unlogged());
        findings(
            [artifact.clone()],
            layouts,
            vec![demand],
            Vec::new(),
            judging_time(),
        )
        .signers
        .remove(0)
        .is_ok()
    };
    assert_eq!(
        [Layouts::Sigstore, Layouts::BundlesOnly, Layouts::Notary].map(|l| judge(&classic, l)),
        [true, false, false]
    );
    assert_eq!(
        [Layouts::Sigstore, Layouts::BundlesOnly, Layouts::Notary].map(|l| judge(&bundle, l)),
        [true, true, false]
    );
}

/// CVE-2022-35930's kin: cosign's short predicate type and its long one are one, others are not.
#[test]
fn cosigns_short_and_long_types_are_one_type_and_no_other_pair_is() {
    for (signed, demanded, is_one) in [
        (
            "https://cosign.sigstore.dev/attestation/vuln/v1",
            "cosign.sigstore.dev/attestation/vuln/v1",
            true,
        ),
        (
            "cosign.sigstore.dev/attestation/vuln/v1",
            "https://cosign.sigstore.dev/attestation/vuln/v1",
            true,
        ),
        ("https://slsa.dev/provenance/v1", "slsa.dev/provenance/v1", false),
    ] {
        let artifact = bundle(Algorithm::P256, &attestation_statement(signed));
        let demand = image_trust::ImageDemand {
            layouts: Layouts::Sigstore,
            signers: Vec::new(),
            attestations: vec![image_trust::AttestationDemand {
                predicate_type: demanded.to_owned(),
                signers: vec![key_demand(key(Algorithm::P256), unlogged())],
            }],
            access: image_trust::RegistryAccess::default(),
        };
        let keys = vouchsafe_image_verification::ResolvedKeys::new();
        let found = vouchsafe_image_verification::verify(
            &evidence([artifact]),
            &demand,
            &keys,
            &TRUST,
            judging_time(),
        );
        assert_eq!(
            found.attestations[0][0].is_ok(),
            is_one,
            "{signed} for {demanded}"
        );
        assert_eq!(found.predicate_types, [signed]);
    }
}
