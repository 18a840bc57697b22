//! Notary Project signatures (JWS and COSE envelopes) and attestations signed with them.

use image_trust::{Evidence, ReasonCode, Refusal, SignerDemand, SignerFinding};
use jiff::Timestamp;

/// Judges the image's own Notary signatures.
pub(crate) fn signature(evidence: &Evidence, _demand: &SignerDemand, _at: Timestamp) -> SignerFinding {
    let name = evidence
        .image
        .clone()
        .with_digest(evidence.digest.clone())
        .canonical();
    Err(Refusal::new(
        ReasonCode::Unsigned,
        format!(
            "failed to verify {name}: no signature is associated with \"{name}\", make sure the artifact was signed successfully"
        ),
    ))
}

/// Judges artifacts of the demanded type that refer to the image, by their own Notary signatures.
pub(crate) fn attestation(
    evidence: &Evidence,
    artifact_type: &str,
    _demand: &SignerDemand,
    _at: Timestamp,
) -> SignerFinding {
    Err(Refusal::new(
        ReasonCode::AttestationMissing,
        format!(
            "no matching attestations found for image {} with type {artifact_type}",
            evidence.image.canonical()
        ),
    ))
}
