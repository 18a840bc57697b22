//! More than anyone needs: CVE-2023-46737, CVE-2024-29902, CVE-2024-29903, CVE-2024-45395.
//!
//! A limit that is reached refuses and says so; nothing beyond it is silently left out, as it could be what matters.

use image_trust::{ArtifactKind, LogDemand, ReasonCode};
use rehearsal::Algorithm;
use rehearsal::authority::{EntryKind, LogVersion, Signer};
use rehearsal::dsse::Envelope;
use rehearsal::layer::Layer;
use vouchsafe_image_verification::limits;

use crate::genuine::stamp;
use crate::workshop::*;

fn code(artifacts: Vec<ArtifactKind>) -> ReasonCode {
    let demand = key_demand(key(Algorithm::P256), unlogged());
    signed(artifacts, demand, judging_time())
        .expect_err("too much")
        .code
}

#[test]
fn more_artifacts_than_the_limit_are_a_refusal_even_with_a_valid_one_among_them_cve_2024_29903() {
    let valid = layer_artifact(&Layer::signature(key(Algorithm::P256), claim(&[])).expect("a layer"));
    assert_eq!(
        code(vec![valid.clone(); limits::MOST_ARTIFACTS + 1]),
        ReasonCode::LimitExceeded
    );
    let demand = key_demand(key(Algorithm::P256), unlogged());
    assert!(signed(vec![valid; limits::MOST_ARTIFACTS], demand, judging_time()).is_ok());
}

#[test]
fn an_artifact_larger_than_the_limit_is_not_read_cve_2023_46737_cve_2024_29902() {
    let big = vec![b' '; limits::MOST_ARTIFACT_BYTES + 1];
    assert_eq!(
        code(vec![ArtifactKind::Bundle { json: big.clone() }]),
        ReasonCode::LimitExceeded
    );
    let layer = Layer::signature(key(Algorithm::P256), big).expect("a layer");
    assert_eq!(code(vec![layer_artifact(&layer)]), ReasonCode::LimitExceeded);
}

#[test]
fn an_envelope_with_more_signatures_than_the_limit_is_not_read() {
    let mut envelope =
        Envelope::sign(key(Algorithm::P256), &attestation_statement(PREDICATE)).expect("an envelope");
    let signature = envelope.signatures[0].clone();
    let demand = || key_demand(key(Algorithm::P256), unlogged());
    envelope.signatures = vec![signature.clone(); limits::MOST_ENVELOPE_SIGNATURES];
    let layer = layer_artifact(&Layer::attestation(&envelope, PREDICATE).expect("a layer"));
    assert!(attested([layer], demand(), judging_time()).is_ok());
    envelope.signatures.push(signature);
    let layer = layer_artifact(&Layer::attestation(&envelope, PREDICATE).expect("a layer"));
    assert_eq!(
        attested([layer], demand(), judging_time())
            .expect_err("many")
            .code,
        ReasonCode::LimitExceeded
    );
}

#[test]
fn a_bundle_with_more_entries_or_timestamps_than_the_limit_is_not_read_cve_2024_45395() {
    let signer = Signer::Key(key(Algorithm::P256));
    let log = LogVersion::V1(EntryKind::Dsse);
    let bundle = AUTHORITY
        .bundle(signer, &signature_statement(&[]), log, signing_time())
        .expect("a bundle");
    let demand = || key_demand(signer.key(), LogDemand::default());
    let mut entries = bundle.clone();
    let entry = entries.verification_material.tlog_entries[0].clone();
    entries.verification_material.tlog_entries = vec![entry; limits::MOST_LOG_ENTRIES + 1];
    let mut timestamps = bundle;
    stamp(&mut timestamps);
    let data = timestamps
        .verification_material
        .timestamp_verification_data
        .as_mut()
        .expect("timestamps");
    data.rfc3161_timestamps = vec![data.rfc3161_timestamps[0].clone(); limits::MOST_TIMESTAMPS + 1];
    for bundle in [entries, timestamps] {
        let refusal = signed([bundle_artifact(&bundle)], demand(), judging_time()).expect_err("many");
        assert_eq!(refusal.code, ReasonCode::LimitExceeded);
    }
}

/// A thousand layers of ten signatures each would be ten thousand verifications for every signer demanded.
#[test]
fn signatures_are_counted_over_all_artifacts() {
    let statement = attestation_statement(PREDICATE);
    let mut envelope = Envelope::sign(key(Algorithm::P256), &statement).expect("an envelope");
    envelope.signatures = vec![envelope.signatures[0].clone(); limits::MOST_ENVELOPE_SIGNATURES];
    let layer = layer_artifact(&Layer::attestation(&envelope, PREDICATE).expect("a layer"));
    let most = limits::MOST_SIGNATURES / limits::MOST_ENVELOPE_SIGNATURES;
    for (count, is_judged) in [(most, true), (most + 1, false)] {
        let demand = key_demand(key(Algorithm::P256), unlogged());
        let verdict = attested(vec![layer.clone(); count], demand, judging_time());
        assert_eq!(verdict.is_ok(), is_judged);
    }
}
