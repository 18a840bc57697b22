//! Genuine artifacts outside of the matrix: message signatures in bundles, and attestations of cosign's early days.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image_trust::{LogDemand, ReasonCode};
use rehearsal::Algorithm;
use rehearsal::authority::{Signer, hashedrekord_body, hashedrekord_v2_body};
use rehearsal::bundle::{
    BUNDLE_V03, Bundle, MessageDigest, MessageSignature, PublicKeyHint, RawCertificate, SignedTimestamp,
    Timestamps, VerificationMaterial,
};
use rehearsal::dsse::Envelope;
use rehearsal::layer::{self, Layer};
use sha2::{Digest as _, Sha256};

use crate::workshop::*;

/// What [`digest`] is the digest of.
const MANIFEST: &[u8] = b"the image's manifest";

/// A bundle whose signature is over the manifest itself.
fn message_bundle(signer: Signer<'_>, is_version_2: bool) -> Bundle {
    let signature = signer.key().sign(MANIFEST).expect("a signature");
    let recorded = if is_version_2 {
        let body = hashedrekord_v2_body(MANIFEST, &signature, signer).expect("a body");
        AUTHORITY.rekor_tiles.record(body).expect("an entry")
    } else {
        let body = hashedrekord_body(MANIFEST, &signature, signer).expect("a body");
        AUTHORITY
            .rekor
            .record("hashedrekord", "0.0.1", body, signing_time())
            .expect("an entry")
    };
    let token = AUTHORITY
        .timestamps
        .stamp(&signature, signing_time())
        .expect("a timestamp");
    let (public_key, certificate) = match signer {
        Signer::Key(key) => (Some(PublicKeyHint { hint: key.hint() }), None),
        Signer::Certificate(credential) => (None, Some(RawCertificate::of(credential.certificate.der()))),
    };
    Bundle {
        media_type: BUNDLE_V03.to_owned(),
        verification_material: VerificationMaterial {
            public_key,
            certificate,
            tlog_entries: vec![recorded.in_bundle()],
            timestamp_verification_data: Some(Timestamps {
                rfc3161_timestamps: vec![SignedTimestamp {
                    signed_timestamp: STANDARD.encode(token),
                }],
            }),
            ..VerificationMaterial::default()
        },
        dsse_envelope: None,
        message_signature: Some(MessageSignature {
            message_digest: MessageDigest {
                algorithm: "SHA2_256".to_owned(),
                digest: STANDARD.encode(Sha256::digest(MANIFEST)),
            },
            signature: STANDARD.encode(signature),
        }),
    }
}

#[test]
fn a_message_signature_over_the_manifest_is_an_image_signature() {
    let credential = credential();
    for is_version_2 in [false, true] {
        for algorithm in [Algorithm::P256, Algorithm::Rsa2048] {
            let bundle = message_bundle(Signer::Key(key(algorithm)), is_version_2);
            let demand = key_demand(key(algorithm), LogDemand::default());
            assert!(signed([bundle_artifact(&bundle)], demand, judging_time()).is_ok());
        }
        let bundle = message_bundle(Signer::Certificate(&credential), is_version_2);
        assert!(
            signed(
                [bundle_artifact(&bundle)],
                keyless_demand(identity()),
                judging_time()
            )
            .is_ok()
        );
        // It has no annotations, so that it never meets a demand for some; and it attests to nothing.
        let mut demand = keyless_demand(identity());
        demand.annotations = pairs(&[("env", "prod")]);
        let refusal = signed([bundle_artifact(&bundle)], demand, judging_time()).expect_err("no annotations");
        assert_eq!(refusal.code, ReasonCode::AnnotationMismatch);
        assert!(
            attested(
                [bundle_artifact(&bundle)],
                keyless_demand(identity()),
                judging_time()
            )
            .is_err()
        );
    }
}

/// sigstore-python#1651's kin: the digest that a bundle repeats is not what is signed, and must not decide.
#[test]
fn a_message_signature_of_another_image_is_refused_whatever_digest_it_repeats() {
    let key = key(Algorithm::P256);
    let demand = || key_demand(key, unlogged());
    let genuine = message_bundle(Signer::Key(key), false);
    assert!(signed([bundle_artifact(&genuine)], demand(), judging_time()).is_ok());
    let mut wrong_digest = genuine.clone();
    let message = wrong_digest.message_signature.as_mut().expect("a message");
    message.message_digest.digest = STANDARD.encode(Sha256::digest(b"another"));
    let refusal =
        signed([bundle_artifact(&wrong_digest)], demand(), judging_time()).expect_err("another digest");
    assert_eq!(refusal.code, ReasonCode::DigestMismatch);
    let mut wrong_signature = genuine;
    let message = wrong_signature.message_signature.as_mut().expect("a message");
    message.signature = STANDARD.encode(key.sign(b"another").expect("a signature"));
    let refusal =
        signed([bundle_artifact(&wrong_signature)], demand(), judging_time()).expect_err("another's");
    assert_eq!(refusal.code, ReasonCode::WrongSigner);
}

/// Cosign before 2.2 logged attestations as `intoto` 0.0.1: the entry has the hash of the whole envelope, and a key.
#[test]
fn an_attestation_logged_as_the_oldest_kind_is_accepted_and_bound_to_its_envelope() {
    let credential = credential();
    for signer in [
        Signer::Key(key(Algorithm::P256)),
        Signer::Certificate(&credential),
    ] {
        let demand = || match signer {
            Signer::Key(key) => key_demand(key, LogDemand::default()),
            Signer::Certificate(_) => keyless_demand(identity()),
        };
        let logged = |by: Signer<'_>, entry_of: &Envelope, envelope: &Envelope| {
            let hash = hex::encode(Sha256::digest(entry_of.to_json().expect("JSON")));
            let body = serde_json::json!({ "apiVersion": "0.0.1", "kind": "intoto", "spec": {
                "content": { "hash": { "algorithm": "sha256", "value": hash } },
                "publicKey": STANDARD.encode(by.pem()),
            }});
            let body = serde_json::to_vec(&body).expect("JSON");
            let recorded = AUTHORITY
                .rekor
                .record("intoto", "0.0.1", body, signing_time())
                .expect("an entry");
            let mut layer = Layer::attestation(envelope, PREDICATE)
                .expect("a layer")
                .with(layer::BUNDLE, recorded.in_annotation().expect("JSON"));
            if let Signer::Certificate(credential) = signer {
                layer = layer
                    .with(layer::CERTIFICATE, credential.certificate.pem())
                    .with(layer::CHAIN, credential.chain_pem());
            }
            attested([layer_artifact(&layer)], demand(), judging_time())
        };
        let envelope = Envelope::sign(signer.key(), &attestation_statement(PREDICATE)).expect("an envelope");
        let other = Envelope::sign(
            signer.key(),
            &attestation_statement("https://example.com/other/v1"),
        );
        let other = other.expect("an envelope");
        assert!(logged(signer, &envelope, &envelope).is_ok());
        assert_eq!(
            logged(signer, &other, &envelope).expect_err("another's").code,
            ReasonCode::LogMissing
        );
        let stranger = Signer::Key(key(Algorithm::P384));
        assert_eq!(
            logged(stranger, &envelope, &envelope)
                .expect_err("a stranger's")
                .code,
            ReasonCode::LogMissing
        );
    }
}
