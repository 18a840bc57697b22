//! Notary Project signatures (JWS and COSE envelopes) and attestations signed with them.
//!
//! In: evidence, a trust store out of the policy. Out: findings, with Kyverno's texts. A signature must be about the
//! image's own digest; an attestation is an artifact that refers to the image, of the demanded type, itself signed.
//! Level strict, every identity, no timestamp authority: what a policy can say of Notary in Kyverno.

mod algorithm;
mod envelope;
mod jws;
mod cose;
mod chain;

use std::collections::BTreeMap;
use std::sync::Arc;

use image_reference::Digest;
use image_trust::{
    ArtifactKind, Authority, Evidence, NotaryTrust, Proof, ReasonCode, Refusal, SignerDemand, SignerFinding,
    Statement,
};
use jiff::Timestamp;
use serde::Deserialize;

use crate::certificate::Certificate;
use crate::limits::{MOST_ARTIFACT_BYTES, MOST_NOTARY_SIGNATURES};
use crate::pem;
use crate::rejection::{Rejection, Rejections};

/// What a signature must be about.
struct Signed<'s> {
    digest: &'s Digest,
    /// Size in bytes and media type, where the evidence knows them.
    descriptor: Option<(u64, &'s str)>,
}

/// Judges the image's own Notary signatures.
pub(crate) fn signature(evidence: &Evidence, demand: &SignerDemand, at: Timestamp) -> SignerFinding {
    let store = trust_store(demand)?;
    let envelopes = evidence
        .artifacts
        .iter()
        .filter_map(|artifact| match &artifact.kind {
            ArtifactKind::Notary { media_type, envelope } => {
                Some((artifact.origin.as_str(), media_type.as_str(), envelope.as_slice()))
            }
            ArtifactKind::SimpleSigning { .. }
            | ArtifactKind::Dsse { .. }
            | ArtifactKind::Bundle { .. }
            | ArtifactKind::NotaryAttestation { .. } => None,
        });
    let signed = Signed {
        digest: &evidence.digest,
        descriptor: None,
    };
    match verified(envelopes, &signed, &store, at) {
        Ok((signed_by, origin)) => Ok(Proof::minted(
            evidence.digest.clone(),
            signed_by,
            origin,
            Vec::new(),
        )),
        Err(rejections) => Err(unsigned(evidence, rejections)),
    }
}

/// Judges artifacts of the demanded type that refer to the image, by their own Notary signatures.
pub(crate) fn attestation(
    evidence: &Evidence,
    artifact_type: &str,
    demand: &SignerDemand,
    at: Timestamp,
) -> SignerFinding {
    let store = trust_store(demand)?;
    let mut rejections = Rejections::default();
    let mut statements = Vec::new();
    let mut proven = None;
    for artifact in &evidence.artifacts {
        let ArtifactKind::NotaryAttestation {
            artifact_type: found,
            digest,
            size,
            media_type,
            manifest,
            predicate,
            signatures,
        } = &artifact.kind
        else {
            continue;
        };
        if found != artifact_type {
            continue;
        }
        let envelopes = signatures.iter().map(|(media_type, envelope)| {
            (artifact.origin.as_str(), media_type.as_str(), envelope.as_slice())
        });
        let signed = Signed {
            digest,
            descriptor: Some((*size, media_type)),
        };
        let outcome = refers_to(manifest, digest, evidence)
            .and_then(|()| {
                verified(envelopes, &signed, &store, at).map_err(|rejections| unsigned_artifact(&rejections))
            })
            .and_then(|signer| Ok((signer, statement(artifact_type, &artifact.origin, predicate)?)));
        match outcome {
            Ok((signer, statement)) => {
                statements.push(Arc::new(statement));
                proven.get_or_insert(signer);
            }
            Err(rejection) => rejections.push(&artifact.origin, rejection),
        }
    }
    match proven {
        Some((signed_by, origin)) => Ok(Proof::minted(
            evidence.digest.clone(),
            signed_by,
            origin,
            statements,
        )),
        None => {
            let code = rejections.nearest().unwrap_or(ReasonCode::AttestationMissing);
            let image = evidence.image.canonical();
            let message =
                format!("no matching attestations found for image {image} with type {artifact_type}");
            Err(rejections.into_refusal(code, message, format!("attestation of type {artifact_type}")))
        }
    }
}

/// The first envelope that verifies: who signed, and where.
fn verified<'e>(
    envelopes: impl Iterator<Item = (&'e str, &'e str, &'e [u8])>,
    signed: &Signed<'_>,
    store: &[Certificate],
    at: Timestamp,
) -> Result<(String, String), Rejections> {
    let mut rejections = Rejections::default();
    for (number, (origin, media_type, bytes)) in envelopes.enumerate() {
        if number == MOST_NOTARY_SIGNATURES {
            rejections.push(
                origin,
                Rejection::limit("Notary signatures", MOST_NOTARY_SIGNATURES),
            );
            break;
        }
        match verify_envelope(media_type, bytes, signed, store, at) {
            Ok(signed_by) => return Ok((signed_by, origin.to_owned())),
            Err(rejection) => rejections.push(origin, rejection),
        }
    }
    Err(rejections)
}

fn verify_envelope(
    media_type: &str,
    bytes: &[u8],
    signed: &Signed<'_>,
    store: &[Certificate],
    at: Timestamp,
) -> Result<String, Rejection> {
    let envelope = envelope::open(media_type, bytes).map_err(Rejection::malformed)?;
    let target = &envelope.target;
    let is_target = target.digest == signed.digest.to_string()
        && signed
            .descriptor
            .is_none_or(|(size, media_type)| target.size == size && target.media_type == media_type);
    if !is_target {
        let text = format!("the signature is about {}, not {}", target.digest, signed.digest);
        return Err(Rejection::new(ReasonCode::DigestMismatch, text));
    }
    chain::verify(&envelope.chain, store, at)?;
    if let Some(expiry) = envelope.expiry.filter(|expiry| *expiry < at) {
        return Err(Rejection::new(
            ReasonCode::Expired,
            format!("digital signature has expired on {expiry}"),
        ));
    }
    Ok(envelope
        .chain
        .first()
        .map(Certificate::subject)
        .unwrap_or_default())
}

#[derive(Deserialize)]
struct Referrer {
    subject: ReferrerSubject,
}

#[derive(Deserialize)]
struct ReferrerSubject {
    digest: String,
}

/// The manifest is what its digest names, and refers to the image.
fn refers_to(manifest: &[u8], digest: &Digest, evidence: &Evidence) -> Result<(), Rejection> {
    let mismatch = |text: &str| Err(Rejection::new(ReasonCode::DigestMismatch, text));
    if !digest.names(manifest) {
        return mismatch("the attestation's manifest is not what its digest names");
    }
    match serde_json::from_slice::<Referrer>(manifest) {
        Ok(referrer) if referrer.subject.digest == evidence.digest.to_string() => Ok(()),
        Ok(_) => mismatch("the attestation refers to another image"),
        Err(cause) => Err(Rejection::malformed(format!(
            "the attestation's manifest can't be read: {cause}"
        ))),
    }
}

fn statement(artifact_type: &str, origin: &str, predicate: &[u8]) -> Result<Statement, Rejection> {
    if predicate.len() > MOST_ARTIFACT_BYTES {
        return Err(Rejection::limit("bytes in one artifact", MOST_ARTIFACT_BYTES));
    }
    let predicate = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(predicate)
        .map_err(|cause| Rejection::malformed(format!("the predicate is no JSON object: {cause}")))?;
    Ok(Statement {
        predicate_type: artifact_type.to_owned(),
        predicate: serde_json::Value::Object(predicate),
        origin: origin.to_owned(),
        annotations: BTreeMap::new(),
    })
}

fn trust_store(demand: &SignerDemand) -> Result<Vec<Certificate>, Refusal> {
    let Authority::Notary(NotaryTrust { certificates, .. }) = &demand.authority else {
        return Err(Refusal::new(
            ReasonCode::PolicyError,
            "type Notary demands certificates",
        ));
    };
    let failed = |cause: String| {
        Refusal::new(
            ReasonCode::PolicyError,
            format!("failed to parse certificates: {cause}"),
        )
    };
    pem::blocks(certificates, pem::CERTIFICATE, usize::MAX)
        .map_err(|cause| failed(cause.to_string()))?
        .into_iter()
        .map(Certificate::from_der)
        .collect::<Result<_, _>>()
        .map_err(|cause| failed(cause.text))
}

/// Kyverno's texts for an image without a Notary signature that counts.
fn unsigned(evidence: &Evidence, rejections: Rejections) -> Refusal {
    let name = evidence
        .image
        .clone()
        .with_digest(evidence.digest.clone())
        .canonical();
    let demanded = "a signature of the policy's certificates".to_owned();
    let Some(code) = rejections.nearest() else {
        let message = format!(
            "failed to verify {name}: no signature is associated with \"{name}\", make sure the artifact was signed \
             successfully"
        );
        return rejections.into_refusal(ReasonCode::Unsigned, message, demanded);
    };
    let causes: String = rejections
        .with_origins()
        .map(|(origin, text)| {
            format!(
                "\nfailed to verify signature with digest {}, {text}",
                digest_in(origin)
            )
        })
        .collect();
    let message = format!("failed to verify {name}: signature verification failed{causes}");
    rejections.into_refusal(code, message, demanded)
}

/// The signature's own digest, which its origin names.
fn digest_in(origin: &str) -> &str {
    origin
        .split_whitespace()
        .find(|word| word.starts_with("sha256:"))
        .unwrap_or(origin)
}

fn unsigned_artifact(rejections: &Rejections) -> Rejection {
    let code = rejections.nearest().unwrap_or(ReasonCode::WrongSigner);
    let text = rejections
        .told("; ")
        .unwrap_or_else(|| "it is not signed".to_owned());
    Rejection::new(code, text)
}
