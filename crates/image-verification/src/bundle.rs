//! Sigstore bundles v0.1 to v0.3 as candidates.
//!
//! In: JSON bytes. Out: a [`Candidate`]. The media type decides what must be present (an inclusion proof from v0.2 on);
//! since nothing signs it, a bundle that claims an older version than it is gains nothing that a v0.1 bundle had not:
//! every promise and proof that is present must hold, and an entry without either proves nothing.

use serde::Deserialize;

use crate::base64_text::decode_base64;
use crate::candidate::{Candidate, Content};
use crate::certificate::Certificate;
use crate::dsse::Envelope;
use crate::limits::{MOST_CHAIN_CERTIFICATES, MOST_LOG_ENTRIES, MOST_TIMESTAMPS};
use crate::log_entry::{LogEntry, WireEntry};
use crate::rejection::Rejection;

/// The one version that may do without inclusion proofs.
const OLDEST: &str = "application/vnd.dev.sigstore.bundle+json;version=0.1";

/// The media types of Sigstore bundles, oldest first; v0.3 has two.
const MEDIA_TYPES: [&str; 4] = [
    OLDEST,
    "application/vnd.dev.sigstore.bundle+json;version=0.2",
    "application/vnd.dev.sigstore.bundle+json;version=0.3",
    "application/vnd.dev.sigstore.bundle.v0.3+json",
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireBundle<'j> {
    media_type: String,
    verification_material: WireMaterial,
    #[serde(default, borrow)]
    dsse_envelope: Option<&'j serde_json::value::RawValue>,
    #[serde(default)]
    message_signature: Option<WireMessage>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireMaterial {
    #[serde(default)]
    certificate: Option<WireCertificate>,
    #[serde(default)]
    x509_certificate_chain: Option<WireChain>,
    #[serde(default)]
    public_key: Option<serde_json::Value>,
    #[serde(default)]
    tlog_entries: Option<Vec<WireEntry>>,
    #[serde(default)]
    timestamp_verification_data: Option<WireTimestamps>,
}

#[derive(Deserialize)]
struct WireChain {
    certificates: Vec<WireCertificate>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireCertificate {
    raw_bytes: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireTimestamps {
    #[serde(default)]
    rfc3161_timestamps: Option<Vec<WireTimestamp>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireTimestamp {
    signed_timestamp: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireMessage {
    #[serde(default)]
    message_digest: Option<WireDigest>,
    signature: String,
}

#[derive(Deserialize)]
struct WireDigest {
    algorithm: String,
    digest: String,
}

/// Reads a bundle.
pub(crate) fn candidate(origin: &str, json: &[u8]) -> Result<Candidate, Rejection> {
    let wire: WireBundle<'_> = serde_json::from_slice(json)
        .map_err(|cause| Rejection::malformed(format!("the bundle can't be read: {cause}")))?;
    if !MEDIA_TYPES.contains(&wire.media_type.as_str()) {
        return Err(Rejection::malformed(format!(
            "bundles of type `{}` are not known",
            wire.media_type
        )));
    }
    let content = content(&wire)?;
    let material = wire.verification_material;
    Ok(Candidate {
        origin: origin.to_owned(),
        annotations: std::collections::BTreeMap::new(),
        is_bundle: true,
        content,
        certificates: certificates(&material)?,
        log_entries: log_entries(
            &material.tlog_entries.unwrap_or_default(),
            wire.media_type == OLDEST,
        )?,
        timestamps: timestamps(material.timestamp_verification_data)?,
    })
}

fn content(wire: &WireBundle<'_>) -> Result<Content, Rejection> {
    match (wire.dsse_envelope, &wire.message_signature) {
        (Some(envelope), None) => {
            let envelope = Envelope::from_json(envelope.get().as_bytes())?;
            if envelope.signatures.len() != 1 {
                return Err(Rejection::malformed(
                    "a bundle's envelope must have one signature",
                ));
            }
            Ok(Content::Envelope(envelope))
        }
        (None, Some(message)) => {
            let sha256 = match &message.message_digest {
                None => None,
                Some(digest) if digest.algorithm == "SHA2_256" => Some(decoded(&digest.digest, "digest")?),
                Some(other) => {
                    return Err(Rejection::malformed(format!(
                        "the bundle signs a digest of `{}`, and an image manifest's is SHA2_256",
                        other.algorithm
                    )));
                }
            };
            Ok(Content::Message {
                sha256,
                signature: decoded(&message.signature, "signature")?,
            })
        }
        (Some(_), Some(_)) => Err(Rejection::malformed(
            "the bundle holds both an envelope and a message signature",
        )),
        (None, None) => Err(Rejection::malformed("the bundle holds no signature")),
    }
}

fn certificates(material: &WireMaterial) -> Result<Vec<Certificate>, Rejection> {
    let wire: Vec<&WireCertificate> = match (
        &material.certificate,
        &material.x509_certificate_chain,
        &material.public_key,
    ) {
        (Some(certificate), None, None) => vec![certificate],
        (None, Some(chain), None) if !chain.certificates.is_empty() => chain.certificates.iter().collect(),
        (None, None, Some(_)) => Vec::new(),
        _ => {
            return Err(Rejection::malformed(
                "the bundle must hold one certificate, chain or key hint",
            ));
        }
    };
    if wire.len() > MOST_CHAIN_CERTIFICATES {
        return Err(Rejection::limit(
            "certificates in a bundle",
            MOST_CHAIN_CERTIFICATES,
        ));
    }
    wire.into_iter()
        .map(|certificate| Certificate::from_der(decoded(&certificate.raw_bytes, "certificate")?))
        .collect()
}

fn log_entries(wire: &[WireEntry], may_lack_proof: bool) -> Result<Vec<LogEntry>, Rejection> {
    if wire.len() > MOST_LOG_ENTRIES {
        return Err(Rejection::limit(
            "log entries beside one signature",
            MOST_LOG_ENTRIES,
        ));
    }
    let entries = wire
        .iter()
        .map(WireEntry::decoded)
        .collect::<Result<Vec<_>, _>>()?;
    if !may_lack_proof && entries.iter().any(|entry| entry.proof.is_none()) {
        return Err(Rejection::malformed(
            "a log entry lacks the inclusion proof that bundles have had since v0.2",
        ));
    }
    Ok(entries)
}

fn timestamps(wire: Option<WireTimestamps>) -> Result<Vec<Vec<u8>>, Rejection> {
    let wire = wire.and_then(|data| data.rfc3161_timestamps).unwrap_or_default();
    if wire.len() > MOST_TIMESTAMPS {
        return Err(Rejection::limit(
            "timestamps beside one signature",
            MOST_TIMESTAMPS,
        ));
    }
    wire.iter()
        .map(|timestamp| decoded(&timestamp.signed_timestamp, "timestamp"))
        .collect()
}

fn decoded(base64: &str, what: &str) -> Result<Vec<u8>, Rejection> {
    decode_base64(base64).ok_or_else(|| Rejection::malformed(format!("the bundle's {what} is not base64")))
}
