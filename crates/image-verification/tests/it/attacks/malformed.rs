//! Evidence that can't be read, or says of itself what it is not.

use image_trust::{ArtifactKind, LogDemand, ReasonCode};
use rehearsal::Algorithm;
use rehearsal::authority::{EntryKind, LogVersion, Signer};
use rehearsal::bundle::{BUNDLE_V01, Bundle};
use rehearsal::dsse::{Envelope, IN_TOTO};
use rehearsal::layer::{DSSE_ENVELOPE, Layer};

use crate::workshop::*;

fn envelope(payload_type: &str, payload: &[u8]) -> ArtifactKind {
    let envelope = Envelope::sign_payload(key(Algorithm::P256), payload_type, payload).expect("an envelope");
    let layer = Layer {
        media_type: DSSE_ENVELOPE.to_owned(),
        bytes: envelope.to_json().expect("JSON"),
        annotations: pairs(&[("predicateType", PREDICATE)]),
    };
    layer_artifact(&layer)
}

/// CVE-2026-39395: a payload that could not be parsed ended in success. Every one of these is signed by the right key.
#[test]
fn a_signed_payload_that_cannot_be_read_is_refused_cve_2026_39395() {
    let payloads: [&[u8]; 8] = [
        b"",
        b"null",
        b"{}",
        b"[]",
        b"not JSON",
        b"\xff\xfe",
        br#"{"_type":"https://in-toto.io/Statement/v2","subject":[],"predicateType":"x","predicate":{}}"#,
        br#"{"_type":"https://in-toto.io/Statement/v1","subject":{},"predicateType":"x","predicate":{}}"#,
    ];
    for payload in payloads {
        let demand = key_demand(key(Algorithm::P256), unlogged());
        assert!(attested([envelope(IN_TOTO, payload)], demand.clone(), judging_time()).is_err());
        let layer =
            layer_artifact(&Layer::signature(key(Algorithm::P256), payload.to_vec()).expect("a layer"));
        assert!(signed([layer], demand, judging_time()).is_err());
    }
    let statement = serde_json::to_vec(&attestation_statement(PREDICATE)).expect("JSON");
    let demand = || key_demand(key(Algorithm::P256), unlogged());
    assert!(attested([envelope(IN_TOTO, &statement)], demand(), judging_time()).is_ok());
    assert!(
        attested(
            [envelope("application/json", &statement)],
            demand(),
            judging_time()
        )
        .is_err()
    );
}

/// A thousand brackets must end in a refusal, not in a stack that is full.
#[test]
fn json_nested_without_end_is_refused() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)).into_bytes();
    for artifact in [
        ArtifactKind::Bundle { json: deep.clone() },
        envelope(IN_TOTO, &deep),
    ] {
        let demand = key_demand(key(Algorithm::P256), unlogged());
        assert!(signed([artifact.clone()], demand.clone(), judging_time()).is_err());
        assert!(attested([artifact], demand, judging_time()).is_err());
    }
}

/// sigstore-python#1651: nothing signs a bundle's media type, and that of the oldest version needs no inclusion proof.
/// A bundle that is made to look older must not pass with less than its promise.
#[test]
fn a_bundle_that_calls_itself_older_gains_nothing() {
    let signer = Signer::Key(key(Algorithm::P256));
    let demand = || key_demand(signer.key(), LogDemand::default());
    let log = LogVersion::V1(EntryKind::Dsse);
    let genuine = AUTHORITY
        .bundle(signer, &signature_statement(&[]), log, signing_time())
        .expect("a bundle");
    let judge = |change: &dyn Fn(&mut Bundle)| {
        let mut bundle = genuine.clone();
        change(&mut bundle);
        signed([bundle_artifact(&bundle)], demand(), judging_time())
    };
    assert!(judge(&|_| {}).is_ok());
    let without_proof =
        |bundle: &mut Bundle| bundle.verification_material.tlog_entries[0].inclusion_proof = None;
    assert!(judge(&without_proof).is_err(), "a bundle of today has a proof");
    assert!(
        judge(&|bundle| {
            bundle.media_type = BUNDLE_V01.to_owned();
            without_proof(bundle);
            bundle.verification_material.tlog_entries[0].inclusion_promise = None;
        })
        .is_err(),
        "an old one has a promise at least"
    );
    assert!(
        judge(&|bundle| {
            bundle.media_type = BUNDLE_V01.to_owned();
            without_proof(bundle);
            let promise = bundle.verification_material.tlog_entries[0]
                .inclusion_promise
                .as_mut()
                .expect("a promise");
            promise.signed_entry_timestamp.replace_range(10..11, "A");
            promise.signed_entry_timestamp.replace_range(11..12, "B");
        })
        .is_err(),
        "and the promise holds"
    );
}

/// A version 2 log makes no promises: a promise beside its entry is nobody's.
#[test]
fn a_promise_on_an_entry_of_version_2_is_refused() {
    let credential = credential();
    let signer = Signer::Certificate(&credential);
    let statement = signature_statement(&[]);
    let one = AUTHORITY
        .bundle(
            signer,
            &statement,
            LogVersion::V1(EntryKind::Dsse),
            signing_time(),
        )
        .expect("a bundle");
    let mut two = AUTHORITY
        .bundle(signer, &statement, LogVersion::V2, signing_time())
        .expect("a bundle");
    assert!(
        signed(
            [bundle_artifact(&two)],
            keyless_demand(identity()),
            judging_time()
        )
        .is_ok()
    );
    two.verification_material.tlog_entries[0]
        .inclusion_promise
        .clone_from(&one.verification_material.tlog_entries[0].inclusion_promise);
    two.verification_material.tlog_entries[0]
        .integrated_time
        .clone_from(&one.verification_material.tlog_entries[0].integrated_time);
    assert!(
        signed(
            [bundle_artifact(&two)],
            keyless_demand(identity()),
            judging_time()
        )
        .is_err()
    );
}

/// A bundle with both contents reads differently to different readers.
#[test]
fn a_bundle_with_two_contents_is_refused() {
    let mut bundle = Bundle::sign(key(Algorithm::P256), &signature_statement(&[])).expect("a bundle");
    let demand = || key_demand(key(Algorithm::P256), unlogged());
    assert!(signed([bundle_artifact(&bundle)], demand(), judging_time()).is_ok());
    bundle.message_signature = Some(rehearsal::bundle::MessageSignature {
        message_digest: rehearsal::bundle::MessageDigest {
            algorithm: "SHA2_256".to_owned(),
            digest: String::new(),
        },
        signature: String::new(),
    });
    let refusal = signed([bundle_artifact(&bundle)], demand(), judging_time()).expect_err("two contents");
    assert_eq!(refusal.code, ReasonCode::Malformed);
}

/// A claim is a stranger's to write until it is verified; a message that repeats it stays one line.
#[test]
fn a_forged_line_in_a_claim_stays_in_its_line() {
    let forged = "sha256:00\nimage verified\u{202e}";
    let payload = rehearsal::simple_signing::payload(NAME, forged, &pairs(&[])).expect("a claim");
    let layer = layer_artifact(&Layer::signature(key(Algorithm::P256), payload).expect("a layer"));
    let refusal = signed(
        [layer],
        key_demand(key(Algorithm::P256), unlogged()),
        judging_time(),
    )
    .expect_err("forged");
    let lines = refusal
        .found
        .iter()
        .chain([&refusal.message])
        .flat_map(|text| text.lines());
    assert_eq!(lines.count(), refusal.found.len() + 1);
    assert!(!refusal.message.contains('\u{202e}'));
}
