//! Certificates, log entries and timestamps, held against `sigstore-verify`.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sigstore_trust_root::TrustedRoot;
use sigstore_types::{Artifact, ArtifactDigest, Bundle, DerPublicKey, Sha256Hash};
use sigstore_verify::{PublicKeyVerificationPolicy, VerificationPolicy, Verifier};
use vouchsafe_rehearsal::authority::{
    AlternativeName, Credential, EntryKind, Identity, LeafOptions, LogVersion, Sct, Signer,
};
use vouchsafe_rehearsal::layer::{BUNDLE, CERTIFICATE, Layer, SIGNATURE, TIMESTAMP};
use vouchsafe_rehearsal::oci::hex_of;
use vouchsafe_rehearsal::simple_signing;
use vouchsafe_rehearsal::statement::Statement;
use vouchsafe_rehearsal::{Algorithm, Authority, SigningKey};

const ISSUER: &str = "https://issuer.example.com";
const DIGEST: &str = "sha256:00000000000000000000000000000000000000000000000000000000000000aa";

/// A time in the past: the verifier refuses what its own clock calls the future.
fn at() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_748_736_000)
}

struct Stack {
    authority: Authority,
    verifier: Verifier,
}

impl Stack {
    fn new() -> Self {
        let authority = Authority::new(at() - Duration::from_secs(3600)).unwrap();
        let root = TrustedRoot::from_json(&authority.trusted_root().unwrap()).unwrap();
        let verifier = Verifier::new(&root).unwrap();
        Self { authority, verifier }
    }

    fn credential(&self) -> Credential {
        self.authority
            .credential(&Identity::email("dev@example.com", ISSUER), at())
            .unwrap()
    }

    fn policy() -> VerificationPolicy {
        VerificationPolicy::new("dev@example.com", ISSUER)
    }

    fn keyless(&self, bundle: &Value) -> Result<(), String> {
        let parsed = Bundle::from_json(&bundle.to_string()).map_err(|cause| cause.to_string())?;
        let verdict = self.verifier.verify(artifact(), &parsed, &Self::policy());
        verdict.map(drop).map_err(|cause| cause.to_string())
    }
}

fn artifact() -> Artifact<'static> {
    Artifact::from_digest(ArtifactDigest::sha256(
        Sha256Hash::from_hex(hex_of(DIGEST)).unwrap(),
    ))
}

fn statement() -> Statement {
    Statement::attestation(
        "registry.example.com/acme",
        DIGEST,
        "vuln",
        json!({ "scanner": "none" }),
    )
}

fn written(bundle: &vouchsafe_rehearsal::bundle::Bundle) -> Value {
    serde_json::from_slice(&bundle.to_json().unwrap()).unwrap()
}

/// Flips one bit near the end of what is base64 at `pointer`: in a timestamp the middle may be its copy of the
/// certificate, which verifiers rightly ignore, and the end is the signature.
fn flip(document: &mut Value, pointer: &str) {
    let field = document.pointer_mut(pointer).unwrap();
    let mut bytes = STANDARD.decode(field.as_str().unwrap()).unwrap();
    let place = bytes.len() - 6;
    bytes[place] ^= 1;
    *field = Value::String(STANDARD.encode(bytes));
}

#[test]
fn a_keyless_bundle_is_accepted_in_both_log_versions_and_refused_with_one_bit_changed() {
    let stack = Stack::new();
    let credential = stack.credential();
    let signer = Signer::Certificate(&credential);
    let entry = "/verificationMaterial/tlogEntries/0";
    for log in [
        LogVersion::V1(EntryKind::Dsse),
        LogVersion::V1(EntryKind::Intoto),
        LogVersion::V2,
    ] {
        for _ in 0..3 {
            let bundle = written(&stack.authority.bundle(signer, &statement(), log, at()).unwrap());
            assert_eq!(stack.keyless(&bundle), Ok(()), "{log:?}");
            let mut mutations = vec![
                "/dsseEnvelope/payload".to_owned(),
                "/dsseEnvelope/signatures/0/sig".to_owned(),
                "/verificationMaterial/certificate/rawBytes".to_owned(),
                format!("{entry}/canonicalizedBody"),
            ];
            mutations.push(match log {
                LogVersion::V1(_) => format!("{entry}/inclusionPromise/signedEntryTimestamp"),
                LogVersion::V2 => {
                    "/verificationMaterial/timestampVerificationData/rfc3161Timestamps/0/signedTimestamp"
                        .to_owned()
                }
            });
            for pointer in mutations {
                let mut broken = bundle.clone();
                flip(&mut broken, &pointer);
                assert!(
                    stack.keyless(&broken).is_err(),
                    "{log:?}: a bit of {pointer} may not change"
                );
            }
        }
    }
}

#[test]
fn a_keyed_bundle_with_a_log_entry_is_accepted_for_its_key_alone() {
    let stack = Stack::new();
    let (key, other) = (
        SigningKey::generate(Algorithm::P256).unwrap(),
        SigningKey::generate(Algorithm::P256).unwrap(),
    );
    for log in [LogVersion::V1(EntryKind::Dsse), LogVersion::V2] {
        let bundle = stack
            .authority
            .bundle(Signer::Key(&key), &statement(), log, at())
            .unwrap();
        let parsed = Bundle::from_json(&written(&bundle).to_string()).unwrap();
        let policy =
            |key: &SigningKey| PublicKeyVerificationPolicy::new(DerPublicKey::from_bytes(key.public_der()));
        let verdict = stack.verifier.verify(artifact(), &parsed, &policy(&key));
        assert!(verdict.is_ok(), "{log:?}: {verdict:?}");
        assert!(
            stack
                .verifier
                .verify(artifact(), &parsed, &policy(&other))
                .is_err(),
            "{log:?}"
        );
    }
}

/// A classic layer as the version 0.1 bundle that says the same.
fn converted(layer: &Layer) -> Value {
    let noted: Value = serde_json::from_str(&layer.annotations[BUNDLE]).unwrap();
    let payload = &noted["Payload"];
    let body = payload["body"].as_str().unwrap();
    let entry: Value = serde_json::from_slice(&STANDARD.decode(body).unwrap()).unwrap();
    let log_id = hex::decode(payload["logID"].as_str().unwrap()).unwrap();
    let pem: String = layer.annotations[CERTIFICATE]
        .lines()
        .filter(|line| !line.starts_with('-'))
        .collect();
    let mut bundle = json!({
        "mediaType": "application/vnd.dev.sigstore.bundle+json;version=0.1",
        "verificationMaterial": {
            "x509CertificateChain": { "certificates": [{ "rawBytes": pem }] },
            "tlogEntries": [{
                "logIndex": payload["logIndex"].to_string(),
                "logId": { "keyId": STANDARD.encode(log_id) },
                "kindVersion": { "kind": entry["kind"], "version": entry["apiVersion"] },
                "integratedTime": payload["integratedTime"].to_string(),
                "inclusionPromise": { "signedEntryTimestamp": noted["SignedEntryTimestamp"] },
                "canonicalizedBody": body,
            }],
        },
    });
    if let Some(stamp) = layer.annotations.get(TIMESTAMP) {
        let stamp: Value = serde_json::from_str(stamp).unwrap();
        bundle["verificationMaterial"]["timestampVerificationData"] =
            json!({ "rfc3161Timestamps": [{ "signedTimestamp": stamp["SignedRFC3161Timestamp"] }] });
    }
    bundle
}

#[test]
fn a_classic_keyless_signature_is_accepted_and_refused_with_another_promise() {
    let stack = Stack::new();
    let credential = stack.credential();
    let payload = simple_signing::payload("registry.example.com/acme", DIGEST, &BTreeMap::new()).unwrap();
    let layer = stack
        .authority
        .signature_layer(Signer::Certificate(&credential), payload.clone(), at())
        .and_then(|layer| stack.authority.stamped(layer, at()))
        .unwrap();
    let digest = vouchsafe_rehearsal::oci::digest_of(&payload);
    let mut bundle = converted(&layer);
    bundle["messageSignature"] = json!({
        "messageDigest": {
            "algorithm": "SHA2_256", "digest": STANDARD.encode(hex::decode(hex_of(&digest)).unwrap()),
        },
        "signature": layer.annotations[SIGNATURE],
    });
    let verify = |bundle: &Value| {
        let parsed = Bundle::from_json(&bundle.to_string()).map_err(|cause| cause.to_string())?;
        let verdict = stack
            .verifier
            .verify(payload.as_slice(), &parsed, &Stack::policy());
        verdict.map(drop).map_err(|cause| cause.to_string())
    };
    assert_eq!(verify(&bundle), Ok(()));
    flip(
        &mut bundle,
        "/verificationMaterial/tlogEntries/0/inclusionPromise/signedEntryTimestamp",
    );
    assert!(verify(&bundle).is_err());
}

#[test]
fn a_classic_keyless_attestation_is_accepted() {
    let stack = Stack::new();
    let credential = stack.credential();
    let signer = Signer::Certificate(&credential);
    let layer = stack
        .authority
        .attestation_layer(signer, &statement(), at())
        .unwrap();
    let mut bundle = converted(&layer);
    bundle["dsseEnvelope"] = serde_json::from_slice(&layer.bytes).unwrap();
    assert_eq!(stack.keyless(&bundle), Ok(()));
}

#[test]
fn a_leaf_without_a_promise_or_with_anothers_is_refused() {
    let stack = Stack::new();
    let identity = Identity::email("dev@example.com", ISSUER);
    let log = &stack.authority.certificate_log;
    for (sct, accepted) in [
        (Sct::By(log), true),
        (Sct::None, false),
        (Sct::Foreign(log), false),
    ] {
        let credential = stack
            .authority
            .fulcio
            .issue(&identity, sct, at(), &LeafOptions::default())
            .unwrap();
        let signer = Signer::Certificate(&credential);
        let log = LogVersion::V1(EntryKind::Dsse);
        let bundle = stack.authority.bundle(signer, &statement(), log, at()).unwrap();
        assert_eq!(stack.keyless(&written(&bundle)).is_ok(), accepted, "{sct:?}");
    }
}

#[test]
fn a_signature_made_after_the_leaf_ended_is_refused() {
    let stack = Stack::new();
    let credential = stack.credential();
    let signer = Signer::Certificate(&credential);
    for log in [LogVersion::V1(EntryKind::Dsse), LogVersion::V2] {
        let late = at() + Duration::from_secs(601);
        let bundle = stack.authority.bundle(signer, &statement(), log, late).unwrap();
        assert!(stack.keyless(&written(&bundle)).is_err(), "{log:?}");
    }
}

#[test]
fn a_workflows_claims_stand_in_the_leaf() {
    let stack = Stack::new();
    let workflow = "https://github.com/acme/app/.github/workflows/release.yml@refs/heads/main";
    let identity = Identity::uri(workflow, ISSUER)
        .claim(5, "acme/app")
        .claim(11, "github-hosted");
    let credential = stack.authority.credential(&identity, at()).unwrap();
    let log = LogVersion::V1(EntryKind::Dsse);
    let bundle = stack
        .authority
        .bundle(Signer::Certificate(&credential), &statement(), log, at())
        .unwrap();
    let parsed = Bundle::from_json(&written(&bundle).to_string()).unwrap();
    let verdict = stack
        .verifier
        .verify(artifact(), &parsed, &VerificationPolicy::new(workflow, ISSUER))
        .unwrap();
    let claims = verdict.certificate().unwrap().ci_claims.clone();
    assert!(format!("{claims:?}").contains("github-hosted"), "{claims:?}");
    let nobody = Identity {
        names: Vec::<AlternativeName>::new(),
        ..identity
    };
    assert!(
        stack.authority.credential(&nobody, at()).is_ok(),
        "a leaf without a name can be made"
    );
}
