//! Notary Project signatures and attestations.

use std::sync::LazyLock;
use std::time::Duration;

use image_reference::Digest;
use image_trust::{
    ArtifactKind, Authority as Demanded, Layouts, NotaryTrust, ReasonCode, SignerDemand, SignerFinding,
};
use rehearsal::Algorithm;
use rehearsal::notary::{Claim, NotaryAuthority, NotarySigner, Wrapping, envelope};
use vouchsafe_image_verification::limits;

use crate::workshop::*;

static NOTARY: LazyLock<NotaryAuthority> =
    LazyLock::new(|| NotaryAuthority::new(beginning()).expect("an authority"));

pub(crate) const WRAPPINGS: [Wrapping; 2] = [Wrapping::Jws, Wrapping::Cose];
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// What a signer claims about the image with this digest.
pub(crate) fn about(digest: &Digest) -> Claim {
    Claim {
        media_type: MANIFEST.to_owned(),
        digest: digest.to_string(),
        size: 20,
        annotations: pairs(&[]),
        scheme: "notary.x509".to_owned(),
        signed_at: signing_time(),
        expiry: None,
        critical: pairs(&[]),
    }
}

fn artifact(signer: &NotarySigner, claim: &Claim, wrapping: Wrapping) -> ArtifactKind {
    ArtifactKind::Notary {
        media_type: wrapping.media_type().to_owned(),
        envelope: envelope(signer, claim, wrapping).expect("an envelope"),
    }
}

fn store(certificates: &str) -> SignerDemand {
    signer(Demanded::Notary(NotaryTrust::strict(certificates)))
}

fn judge(artifacts: impl IntoIterator<Item = ArtifactKind>, demand: SignerDemand) -> SignerFinding {
    findings(
        artifacts,
        Layouts::Notary,
        vec![demand],
        Vec::new(),
        judging_time(),
    )
    .signers
    .remove(0)
}

fn code(finding: SignerFinding) -> ReasonCode {
    finding.expect_err("refused").code
}

#[test]
fn signatures_of_every_kind_of_key_verify_in_both_envelopes() {
    let algorithms = [
        Algorithm::P256,
        Algorithm::P384,
        Algorithm::P521,
        Algorithm::Rsa2048,
        Algorithm::Rsa3072,
    ];
    for algorithm in algorithms {
        let signer = NOTARY.signer("ci", algorithm).expect("a signer");
        for wrapping in WRAPPINGS {
            let artifact = artifact(&signer, &about(&digest()), wrapping);
            let proof = judge([artifact.clone()], store(&NOTARY.root().pem())).expect("signed");
            assert!(proof.signed_by().contains("CN=ci"), "{}", proof.signed_by());
            // The store may hold the signer itself, instead of what issued it.
            assert!(judge([artifact], store(&signer.chain[0].pem())).is_ok());
        }
    }
}

#[test]
fn a_certificate_that_signed_itself_is_trusted_where_the_policy_holds_it() {
    let signer = NotaryAuthority::self_signed("ci", Algorithm::P256, beginning()).expect("a signer");
    for wrapping in WRAPPINGS {
        let artifact = artifact(&signer, &about(&digest()), wrapping);
        assert!(judge([artifact.clone()], store(&signer.chain[0].pem())).is_ok());
        assert_eq!(
            code(judge([artifact], store(&NOTARY.root().pem()))),
            ReasonCode::UntrustedCertificate
        );
    }
}

/// CVE-2023-33959: a registry could make the user verify the signature of another artifact.
#[test]
fn a_signature_about_another_artifact_is_refused_cve_2023_33959() {
    let signer = NOTARY.signer("ci", Algorithm::P256).expect("a signer");
    for wrapping in WRAPPINGS {
        let artifact = artifact(&signer, &about(&Digest::sha256_of(b"another")), wrapping);
        assert_eq!(
            code(judge([artifact], store(&NOTARY.root().pem()))),
            ReasonCode::DigestMismatch
        );
    }
}

/// CVE-2023-33958: signatures without end. The limit is far above what an image has, and reaching it is no pass.
#[test]
fn junk_before_a_valid_signature_costs_a_bounded_number_of_attempts_cve_2023_33958() {
    let signer = NOTARY.signer("ci", Algorithm::P256).expect("a signer");
    let valid = artifact(&signer, &about(&digest()), Wrapping::Jws);
    let junk = ArtifactKind::Notary {
        media_type: "application/jose+json".to_owned(),
        envelope: b"{}".to_vec(),
    };
    for (count, is_found) in [
        (limits::MOST_NOTARY_SIGNATURES - 1, true),
        (limits::MOST_NOTARY_SIGNATURES, false),
    ] {
        let mut artifacts = vec![junk.clone(); count];
        artifacts.push(valid.clone());
        assert_eq!(
            judge(artifacts, store(&NOTARY.root().pem())).is_ok(),
            is_found,
            "{count}"
        );
    }
}

/// CVE-2024-23332: expiry is enforced, whatever a registry rolls back to.
#[test]
fn an_expired_signature_or_certificate_is_refused_cve_2024_23332() {
    let signer = NOTARY.signer("ci", Algorithm::P256).expect("a signer");
    let short = NOTARY
        .signer_for("ci", Algorithm::P256, Duration::from_secs(86_400))
        .expect("a signer");
    for wrapping in WRAPPINGS {
        for (seconds, is_valid) in [(7_200, true), (60, false)] {
            let expiry = Some(signing_time() + Duration::from_secs(seconds));
            let claim = Claim {
                expiry,
                ..about(&digest())
            };
            let verdict = judge([artifact(&signer, &claim, wrapping)], store(&NOTARY.root().pem()));
            assert_eq!(verdict.is_ok(), is_valid);
        }
        // It ends when tests sign; they judge an hour later.
        let verdict = judge(
            [artifact(&short, &about(&digest()), wrapping)],
            store(&NOTARY.root().pem()),
        );
        assert_eq!(code(verdict), ReasonCode::Expired);
    }
}

#[test]
fn headers_that_must_be_understood_and_are_not_refuse() {
    let signer = NOTARY.signer("ci", Algorithm::P256).expect("a signer");
    let plugin = pairs(&[("io.cncf.notary.verificationPlugin", "com.example")]);
    for wrapping in WRAPPINGS {
        let claims = [
            Claim {
                critical: plugin.clone(),
                ..about(&digest())
            },
            Claim {
                scheme: "notary.x509.signingAuthority".to_owned(),
                ..about(&digest())
            },
        ];
        for claim in claims {
            assert!(judge([artifact(&signer, &claim, wrapping)], store(&NOTARY.root().pem())).is_err());
        }
    }
}

/// The signing certificate alone must not do: it would be trusted by whoever sends the chain.
#[test]
fn an_incomplete_or_disordered_chain_is_refused() {
    let signer = NOTARY.signer("ci", Algorithm::P256).expect("a signer");
    let other = NOTARY.signer("other", Algorithm::P256).expect("a signer");
    let with = |chain: Vec<&rehearsal::x509::Certificate>| {
        let key = rehearsal::SigningKey::generate(Algorithm::P256).expect("a key");
        NotarySigner {
            key,
            chain: chain.into_iter().cloned().collect(),
        }
    };
    // None of these signers holds the key of its first certificate, so the envelopes are made by the right key below.
    let (leaf, root) = (&signer.chain[0], &signer.chain[1]);
    let demand = || store(&NOTARY.root().pem());
    for chain in [
        vec![leaf],
        vec![root, leaf],
        vec![leaf, &other.chain[0], root],
        vec![leaf, root, root],
    ] {
        let mut wrong = with(chain);
        let genuine = envelope(&signer, &about(&digest()), Wrapping::Jws).expect("an envelope");
        let mut json: serde_json::Value = serde_json::from_slice(&genuine).expect("JSON");
        json["header"]["x5c"] = wrong.chain.drain(..).map(|one| base64_of(one.der())).collect();
        let envelope = json.to_string().into_bytes();
        let artifact = ArtifactKind::Notary {
            media_type: "application/jose+json".to_owned(),
            envelope,
        };
        assert!(judge([artifact], demand()).is_err());
    }
    assert!(judge([artifact(&signer, &about(&digest()), Wrapping::Jws)], demand()).is_ok());
}

fn base64_of(der: &[u8]) -> serde_json::Value {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(der).into()
}

#[test]
fn no_changed_byte_of_an_envelope_verifies_but_in_its_unprotected_header() {
    let signer = NOTARY.signer("ci", Algorithm::P256).expect("a signer");
    let demand = store(&NOTARY.root().pem());
    for wrapping in WRAPPINGS {
        let genuine = envelope(&signer, &about(&digest()), wrapping).expect("an envelope");
        for at in 0..genuine.len() {
            let mut changed = genuine.clone();
            changed[at] ^= 0x01;
            let media_type = wrapping.media_type().to_owned();
            let verdict = judge(
                [ArtifactKind::Notary {
                    media_type,
                    envelope: changed.clone(),
                }],
                demand.clone(),
            );
            assert!(
                verdict.is_err() || is_same(&genuine, &changed, wrapping),
                "{wrapping:?} at {at}"
            );
        }
    }
}

/// Whether all that is signed, and the chain, is the same in both envelopes: only the signer's agent may differ.
fn is_same(one: &[u8], other: &[u8], wrapping: Wrapping) -> bool {
    use coset::TaggedCborSerializable as _;
    match wrapping {
        Wrapping::Jws => {
            let parts = |bytes: &[u8]| {
                let json: serde_json::Value = serde_json::from_slice(bytes).expect("JSON");
                ["/payload", "/protected", "/signature", "/header/x5c"]
                    .map(|pointer| json.pointer(pointer).cloned())
            };
            parts(one) == parts(other)
        }
        _ => {
            let parts = |bytes: &[u8]| {
                let sign1 = coset::CoseSign1::from_tagged_slice(bytes).expect("COSE");
                let chain = sign1
                    .unprotected
                    .rest
                    .iter()
                    .find(|(label, _)| *label == coset::Label::Int(33))
                    .cloned();
                (
                    sign1.protected.original_data,
                    sign1.payload,
                    sign1.signature,
                    chain,
                )
            };
            parts(one) == parts(other)
        }
    }
}

fn attestation(referrer_of: &Digest, size: u64, signers: &[&NotarySigner]) -> ArtifactKind {
    let manifest =
        serde_json::json!({ "schemaVersion": 2, "subject": { "digest": referrer_of.to_string() } });
    let manifest = serde_json::to_vec(&manifest).expect("JSON");
    let digest = Digest::sha256_of(&manifest);
    let claim = Claim {
        size: manifest.len() as u64,
        ..about(&digest)
    };
    let signatures = signers
        .iter()
        .map(|signer| {
            let envelope = envelope(signer, &claim, Wrapping::Jws).expect("an envelope");
            (Wrapping::Jws.media_type().to_owned(), envelope)
        })
        .collect();
    ArtifactKind::NotaryAttestation {
        artifact_type: PREDICATE.to_owned(),
        digest,
        size: if size == 0 { manifest.len() as u64 } else { size },
        media_type: MANIFEST.to_owned(),
        manifest,
        predicate: br#"{"reviewed":true}"#.to_vec(),
        signatures,
    }
}

#[test]
fn a_notary_attestation_counts_where_it_refers_to_the_image_and_is_signed() {
    let signer = NOTARY.signer("ci", Algorithm::P256).expect("a signer");
    let stranger = NotaryAuthority::self_signed("ci", Algorithm::P256, beginning()).expect("a signer");
    let judge = |artifact: ArtifactKind| {
        let demand = store(&NOTARY.root().pem());
        findings(
            [artifact],
            Layouts::Notary,
            Vec::new(),
            vec![demand],
            judging_time(),
        )
        .attestations
        .remove(0)
        .remove(0)
    };
    let proof = judge(attestation(&digest(), 0, &[&stranger, &signer])).expect("attested");
    assert_eq!(proof.statements()[0].predicate["reviewed"], true);
    assert_eq!(
        code(judge(attestation(&Digest::sha256_of(b"other"), 0, &[&signer]))),
        ReasonCode::DigestMismatch
    );
    assert_eq!(
        code(judge(attestation(&digest(), 7, &[&signer]))),
        ReasonCode::DigestMismatch
    );
    assert!(judge(attestation(&digest(), 0, &[&stranger])).is_err());
    assert!(judge(attestation(&digest(), 0, &[])).is_err());
}
