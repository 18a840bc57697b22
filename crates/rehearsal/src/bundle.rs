//! Sigstore bundles, in the field order in which cosign 3.1.3 writes them. Fields are open: attack tests break them.
//!
//! Source: sigstore/protobuf-specs v0.5 `sigstore_bundle.proto`, `sigstore_rekor.proto`, as protojson.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::dsse::Envelope;
use crate::error::RehearsalError;
use crate::keys::SigningKey;
use crate::statement::Statement;

/// Media type of a version 0.3 bundle, of the layer that holds it and of the artifact that carries it.
pub const BUNDLE_V03: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
/// Media type of a version 0.1 bundle.
pub const BUNDLE_V01: &str = "application/vnd.dev.sigstore.bundle+json;version=0.1";

/// A signature and all that is needed to judge it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Bundle {
    /// [`BUNDLE_V03`] or an older one.
    pub media_type: String,
    /// Key or certificate, log entries and timestamps.
    pub verification_material: VerificationMaterial,
    /// The signed statement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dsse_envelope: Option<Envelope>,
    /// A bare signature, instead of a statement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_signature: Option<MessageSignature>,
}

/// What vouches for the signature.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VerificationMaterial {
    /// Which key signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_key: Option<PublicKeyHint>,
    /// The leaf certificate (version 0.3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<RawCertificate>,
    /// Leaf and intermediates (before version 0.3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x509_certificate_chain: Option<CertificateChain>,
    /// Entries of transparency logs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tlog_entries: Vec<LogEntry>,
    /// Timestamps of timestamp authorities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp_verification_data: Option<Timestamps>,
}

/// Names a key without showing it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicKeyHint {
    /// SHA-256 of the public key's DER, base64.
    pub hint: String,
}

/// A certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RawCertificate {
    /// DER, base64.
    pub raw_bytes: String,
}

impl RawCertificate {
    /// Wraps `der`.
    #[must_use]
    pub fn of(der: &[u8]) -> Self {
        Self {
            raw_bytes: STANDARD.encode(der),
        }
    }
}

/// Certificates, leaf first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateChain {
    /// Leaf first.
    pub certificates: Vec<RawCertificate>,
}

/// One entry of a transparency log. Numbers are decimal strings, bytes base64.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogEntry {
    /// Position in the log, all its shards counted.
    pub log_index: String,
    /// Which log.
    pub log_id: LogId,
    /// What kind of entry.
    pub kind_version: KindVersion,
    /// Unix seconds; version 2 logs leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integrated_time: Option<String>,
    /// The log's promise: signed entry timestamp.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inclusion_promise: Option<InclusionPromise>,
    /// The log's proof.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inclusion_proof: Option<InclusionProof>,
    /// The entry, canonical JSON in base64.
    pub canonicalized_body: String,
}

/// Names a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogId {
    /// SHA-256 of the log's public key, base64.
    pub key_id: String,
}

/// Kind of a log entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KindVersion {
    /// `hashedrekord`, `dsse`, `intoto`.
    pub kind: String,
    /// `0.0.1`, `0.0.2`.
    pub version: String,
}

/// The log's promise to include an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InclusionPromise {
    /// Base64.
    pub signed_entry_timestamp: String,
}

/// The log's proof that an entry is included.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InclusionProof {
    /// Position in the tree.
    pub log_index: String,
    /// Base64.
    pub root_hash: String,
    /// Leaves of the tree.
    pub tree_size: String,
    /// Base64, from the leaf up.
    pub hashes: Vec<String>,
    /// The root, signed.
    pub checkpoint: CheckpointNote,
}

/// A signed note.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckpointNote {
    /// Text and signature lines.
    pub envelope: String,
}

/// Timestamps of timestamp authorities.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timestamps {
    /// RFC 3161 responses.
    #[serde(rename = "rfc3161Timestamps")]
    pub rfc3161_timestamps: Vec<SignedTimestamp>,
}

/// One RFC 3161 response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedTimestamp {
    /// `TimeStampResp` in DER, base64.
    pub signed_timestamp: String,
}

/// A signature over an artifact's digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MessageSignature {
    /// The artifact.
    pub message_digest: MessageDigest,
    /// Base64.
    pub signature: String,
}

/// An artifact's digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageDigest {
    /// `SHA2_256`.
    pub algorithm: String,
    /// Base64.
    pub digest: String,
}

impl Bundle {
    /// `statement` signed with a key, no log, no timestamp: what `cosign sign --key --tlog-upload=false` makes.
    ///
    /// # Errors
    /// [`RehearsalError::Crypto`] where the library refuses.
    pub fn sign(key: &SigningKey, statement: &Statement) -> Result<Self, RehearsalError> {
        Ok(Self {
            media_type: BUNDLE_V03.to_owned(),
            verification_material: VerificationMaterial {
                public_key: Some(PublicKeyHint { hint: key.hint() }),
                ..VerificationMaterial::default()
            },
            dsse_envelope: Some(Envelope::sign(key, statement)?),
            message_signature: None,
        })
    }

    /// The bundle as it lies in a layer.
    ///
    /// # Errors
    /// [`RehearsalError::Json`], never in practice.
    pub fn to_json(&self) -> Result<Vec<u8>, RehearsalError> {
        Ok(serde_json::to_vec(self)?)
    }
}
