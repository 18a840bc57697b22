//! Artifacts that attest to an image by referring to it.

use std::collections::BTreeMap;

use image_reference::Digest;
use image_trust::{Evidence, ReasonCode, Statement};
use serde::Deserialize;

use crate::limits::MOST_ARTIFACT_BYTES;
use crate::rejection::Rejection;

#[derive(Deserialize)]
struct Referrer {
    subject: ReferrerSubject,
}

#[derive(Deserialize)]
struct ReferrerSubject {
    digest: String,
}

/// The manifest is what its digest names, and refers to the image.
pub(crate) fn refers_to(manifest: &[u8], digest: &Digest, evidence: &Evidence) -> Result<(), Rejection> {
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

/// The statement that the artifact's one layer makes.
pub(crate) fn statement(artifact_type: &str, origin: &str, predicate: &[u8]) -> Result<Statement, Rejection> {
    if predicate.len() > MOST_ARTIFACT_BYTES {
        return Err(Rejection::limit("bytes in one artifact", MOST_ARTIFACT_BYTES));
    }
    let predicate = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(predicate)
        .map_err(|cause| Rejection::malformed(format!("the predicate is no JSON object: {cause}")))?;
    Ok(Statement {
        predicate_type: artifact_type.to_owned(),
        predicate: serde_json::Value::Object(predicate),
        subject: serde_json::Value::Null,
        origin: origin.to_owned(),
        annotations: BTreeMap::new(),
    })
}
