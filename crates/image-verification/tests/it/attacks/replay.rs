//! Genuine evidence about another image.

use image_trust::{ArtifactKind, LogDemand, ReasonCode};
use rehearsal::Algorithm;
use rehearsal::authority::{EntryKind, LogVersion, Signer};
use rehearsal::bundle::Bundle;
use rehearsal::dsse::Envelope;
use rehearsal::layer::Layer;
use rehearsal::statement::Statement;

use crate::workshop::*;

const OTHER: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000001";

fn refused_as_replayed(artifact: &ArtifactKind) {
    let key = key(Algorithm::P256);
    for is_attestation in [false, true] {
        let judge = if is_attestation { attested } else { signed };
        if let Err(refusal) = judge([artifact.clone()], key_demand(key, unlogged()), judging_time()) {
            assert!(
                [
                    ReasonCode::DigestMismatch,
                    ReasonCode::Unsigned,
                    ReasonCode::AttestationMissing
                ]
                .contains(&refusal.code)
            );
        } else {
            panic!("a replayed artifact was accepted");
        }
    }
}

/// The tag `sha256-….sig` of one image copied to another's: the claim names the first.
#[test]
fn a_signature_of_another_image_is_refused() {
    let key = key(Algorithm::P256);
    let payload = rehearsal::simple_signing::payload(NAME, OTHER, &pairs(&[])).expect("a claim");
    let layer = layer_artifact(&Layer::signature(key, payload).expect("a layer"));
    let refusal = signed([layer.clone()], key_demand(key, unlogged()), judging_time()).expect_err("replayed");
    assert_eq!(refusal.code, ReasonCode::DigestMismatch);
    assert_eq!(
        refusal.message,
        format!("no matching signatures: invalid or missing digest in claim: {OTHER}")
    );
    refused_as_replayed(&layer);
}

/// The same with every layout that an attestation or a bundle signature has.
#[test]
fn attestations_and_bundles_of_another_image_are_refused() {
    let key = key(Algorithm::P256);
    let attestation = Statement::attestation(NAME, OTHER, PREDICATE, serde_json::json!({}));
    let signature = Statement::signature(OTHER, &pairs(&[]));
    let envelope = Envelope::sign(key, &attestation).expect("an envelope");
    refused_as_replayed(&layer_artifact(
        &Layer::attestation(&envelope, PREDICATE).expect("a layer"),
    ));
    refused_as_replayed(&bundle_artifact(
        &Bundle::sign(key, &attestation).expect("a bundle"),
    ));
    refused_as_replayed(&bundle_artifact(
        &Bundle::sign(key, &signature).expect("a bundle"),
    ));
}

/// A statement about several images is about each of them, and about no other.
#[test]
fn a_statement_without_this_image_among_its_subjects_is_refused() {
    let key = key(Algorithm::P256);
    let mut statement = attestation_statement(PREDICATE);
    let mut other = Statement::attestation(NAME, OTHER, PREDICATE, serde_json::json!({}))
        .subject
        .remove(0);
    statement.subject.insert(0, other.clone());
    let both = bundle_artifact(&Bundle::sign(key, &statement).expect("a bundle"));
    assert!(attested([both], key_demand(key, unlogged()), judging_time()).is_ok());
    // The right digest under the wrong algorithm is another digest.
    let digest = statement.subject[1].digest.remove("sha256").expect("a digest");
    other.digest = [("sha512".to_owned(), digest)].into();
    statement.subject = vec![other];
    let none = bundle_artifact(&Bundle::sign(key, &statement).expect("a bundle"));
    assert!(attested([none], key_demand(key, unlogged()), judging_time()).is_err());
}

/// CVE-2022-36056: a log entry, however genuine, of another blob's signature is no signature of this one.
#[test]
fn a_logged_bundle_of_another_image_is_refused_cve_2022_36056() {
    let signer = Signer::Key(key(Algorithm::P256));
    let log = LogVersion::V1(EntryKind::Dsse);
    let statement = Statement::signature(OTHER, &pairs(&[]));
    let bundle = AUTHORITY
        .bundle(signer, &statement, log, signing_time())
        .expect("a bundle");
    let demand = key_demand(signer.key(), LogDemand::default());
    let refusal = signed([bundle_artifact(&bundle)], demand, judging_time()).expect_err("another image's");
    assert_eq!(refusal.code, ReasonCode::DigestMismatch);
}
