//! Notary envelopes, read as their specifications say, with signatures held against aws-lc-rs.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ciborium::Value as Cbor;
use serde_json::{Value, json};
use vouchsafe_rehearsal::notary::{
    Claim, NOTARY_SIGNATURE, NotaryAuthority, NotarySigner, Wrapping, envelope,
};
use vouchsafe_rehearsal::{Algorithm, Content, Repository};

fn at() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_767_225_600)
}

const KINDS: [(Algorithm, &str, i64, &'static dyn VerificationAlgorithm); 5] = [
    (Algorithm::P256, "ES256", -7, &signature::ECDSA_P256_SHA256_FIXED),
    (Algorithm::P384, "ES384", -35, &signature::ECDSA_P384_SHA384_FIXED),
    (Algorithm::P521, "ES512", -36, &signature::ECDSA_P521_SHA512_FIXED),
    (
        Algorithm::Rsa2048,
        "PS256",
        -37,
        &signature::RSA_PSS_2048_8192_SHA256,
    ),
    (
        Algorithm::Rsa3072,
        "PS384",
        -38,
        &signature::RSA_PSS_2048_8192_SHA384,
    ),
];

fn claim() -> Claim {
    Claim {
        media_type: "application/vnd.oci.image.manifest.v1+json".to_owned(),
        digest: "sha256:00".to_owned(),
        size: 2,
        annotations: BTreeMap::from([("k".to_owned(), "v".to_owned())]),
        scheme: "notary.x509".to_owned(),
        signed_at: at(),
        expiry: None,
        critical: BTreeMap::new(),
    }
}

#[test]
fn a_jws_envelope_carries_a_signature_of_the_algorithm_its_key_demands() {
    let authority = NotaryAuthority::new(at() - Duration::from_secs(86_400)).unwrap();
    for (kind, name, _, algorithm) in KINDS {
        let signer = authority.signer("builder", kind).unwrap();
        let written = envelope(&signer, &claim(), Wrapping::Jws).unwrap();
        let document: Value = serde_json::from_slice(&written).unwrap();
        let field = |name: &str| document[name].as_str().unwrap();
        let decoded = |name: &str| URL_SAFE_NO_PAD.decode(field(name)).unwrap();
        let protected: Value = serde_json::from_slice(&decoded("protected")).unwrap();
        let expected = json!({
            "alg": name, "crit": ["io.cncf.notary.signingScheme"],
            "cty": "application/vnd.cncf.notary.payload.v1+json",
            "io.cncf.notary.signingScheme": "notary.x509", "io.cncf.notary.signingTime": "2026-01-01T00:00:00Z",
        });
        assert_eq!(protected, expected);
        let signed = format!("{}.{}", field("protected"), field("payload"));
        let signature = decoded("signature");
        assert!(
            verifies(&signer, algorithm, signed.as_bytes(), &signature),
            "{kind:?}"
        );
        assert_eq!(document["header"]["x5c"].as_array().unwrap().len(), 2);
    }
}

/// aws-lc-rs reads a key in DER as well as its own form.
fn verifies(
    signer: &NotarySigner,
    algorithm: &'static dyn VerificationAlgorithm,
    message: &[u8],
    signature: &[u8],
) -> bool {
    UnparsedPublicKey::new(algorithm, signer.key.public_der())
        .verify(message, signature)
        .is_ok()
}

#[test]
fn a_cose_envelope_signs_its_protected_header_and_payload() {
    let authority = NotaryAuthority::new(at() - Duration::from_secs(86_400)).unwrap();
    for (kind, _, number, algorithm) in KINDS {
        let signer = authority.signer("builder", kind).unwrap();
        let written = envelope(&signer, &claim(), Wrapping::Cose).unwrap();
        let message: Cbor = ciborium::from_reader(written.as_slice()).unwrap();
        let Cbor::Tag(18, message) = message else {
            panic!("not tagged as COSE_Sign1")
        };
        let [protected, _, payload, signature] = message.as_array().unwrap().as_slice() else {
            panic!()
        };
        let header: Cbor = ciborium::from_reader(protected.as_bytes().unwrap().as_slice()).unwrap();
        let (label, found) = &header.as_map().unwrap()[0];
        assert_eq!((label, found), (&Cbor::from(1), &Cbor::from(number)));
        let mut signed = Vec::new();
        let structure = Cbor::Array(vec![
            Cbor::Text("Signature1".to_owned()),
            protected.clone(),
            Cbor::Bytes(vec![]),
            payload.clone(),
        ]);
        ciborium::into_writer(&structure, &mut signed).unwrap();
        assert!(
            verifies(&signer, algorithm, &signed, signature.as_bytes().unwrap()),
            "{kind:?}"
        );
    }
}

#[test]
fn a_notary_signature_is_a_referrer_that_names_its_chain() {
    let content = Content::new();
    let repository = Repository::new(&content, "acme", "registry.example.com/acme", at());
    let image = repository.image("app", &json!({ "os": "linux" })).unwrap();
    let signer = NotaryAuthority::self_signed("test", Algorithm::P256, at()).unwrap();
    repository.notarize(&image, &signer, Wrapping::Jws).unwrap();
    let listed = content.referrers("acme", image.digest());
    assert_eq!(listed[0].artifact_type.as_deref(), Some(NOTARY_SIGNATURE));
    let thumbprints = &listed[0].annotations["io.cncf.notary.x509chain.thumbprint#S256"];
    assert_eq!(serde_json::from_str::<Vec<String>>(thumbprints).unwrap().len(), 1);
}
