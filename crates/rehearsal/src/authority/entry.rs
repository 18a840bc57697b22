//! Bodies of log entries, in the canonical JSON that logs hash and sign: keys sorted, no spaces.
//!
//! Source: sigstore/rekor pkg/types/{hashedrekord/v0.0.1,dsse/v0.0.1,intoto/v0.0.2}, `Canonicalize`; rekor-tiles v2.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256, Sha384, Sha512};

use super::signer::Signer;
use crate::bundle::{CheckpointNote, InclusionPromise, InclusionProof, KindVersion, LogEntry, LogId};
use crate::dsse::Envelope;
use crate::error::RehearsalError;
use crate::keys::Algorithm;

/// What a log gave for a body. Fields are open: attack tests break them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// `hashedrekord`, `dsse`, `intoto`.
    pub kind: String,
    /// `0.0.1`, `0.0.2`.
    pub version: String,
    /// Canonical JSON.
    pub body: Vec<u8>,
    /// Unix seconds; version 2 logs have none.
    pub integrated_time: Option<u64>,
    /// Position in the log.
    pub log_index: u64,
    /// The log.
    pub log_id: [u8; 32],
    /// The log's promise; version 2 logs have none.
    pub set: Option<Vec<u8>>,
    /// Position in the tree of the proof.
    pub proof_index: u64,
    /// Root of the tree.
    pub root: [u8; 32],
    /// Leaves of the tree.
    pub tree_size: u64,
    /// From the leaf up.
    pub hashes: Vec<[u8; 32]>,
    /// The root, signed.
    pub checkpoint: String,
}

impl Recorded {
    /// As a bundle carries it.
    #[must_use]
    pub fn in_bundle(&self) -> LogEntry {
        LogEntry {
            log_index: self.log_index.to_string(),
            log_id: LogId {
                key_id: STANDARD.encode(self.log_id),
            },
            kind_version: KindVersion {
                kind: self.kind.clone(),
                version: self.version.clone(),
            },
            integrated_time: self.integrated_time.map(|time| time.to_string()),
            inclusion_promise: self.set.as_ref().map(|set| InclusionPromise {
                signed_entry_timestamp: STANDARD.encode(set),
            }),
            inclusion_proof: Some(InclusionProof {
                log_index: self.proof_index.to_string(),
                root_hash: STANDARD.encode(self.root),
                tree_size: self.tree_size.to_string(),
                hashes: self.hashes.iter().map(|node| STANDARD.encode(node)).collect(),
                checkpoint: CheckpointNote {
                    envelope: self.checkpoint.clone(),
                },
            }),
            canonicalized_body: STANDARD.encode(&self.body),
        }
    }

    /// As the annotation `dev.sigstore.cosign/bundle` of a classic layer carries it: promise and entry, no proof.
    ///
    /// # Errors
    /// [`RehearsalError::Json`], never in practice.
    pub fn in_annotation(&self) -> Result<String, RehearsalError> {
        #[derive(serde::Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct Annotation {
            signed_entry_timestamp: String,
            payload: Payload,
        }
        #[derive(serde::Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Payload {
            body: String,
            integrated_time: u64,
            log_index: u64,
            #[serde(rename = "logID")]
            log_id: String,
        }
        Ok(serde_json::to_string(&Annotation {
            signed_entry_timestamp: STANDARD.encode(self.set.as_deref().unwrap_or_default()),
            payload: Payload {
                body: STANDARD.encode(&self.body),
                integrated_time: self.integrated_time.unwrap_or_default(),
                log_index: self.log_index,
                log_id: hex::encode(self.log_id),
            },
        })?)
    }
}

fn canonical(value: &Value) -> Result<Vec<u8>, RehearsalError> {
    // `Value` keeps its keys sorted and its numbers here are integers: this is RFC 8785 for what is written here.
    Ok(serde_json::to_vec(value)?)
}

fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// What a log has of the bytes that were signed: their digest, by the algorithm that such a key signs with, as the signature
/// is verified by it. Its names in both versions.
fn signed_digest(bytes: &[u8], signer: Signer<'_>) -> (&'static str, &'static str, Vec<u8>) {
    match signer.key().algorithm() {
        Algorithm::P256 | Algorithm::Rsa2048 | Algorithm::Rsa3072 => {
            ("sha256", "SHA2_256", Sha256::digest(bytes).to_vec())
        }
        Algorithm::P384 => ("sha384", "SHA2_384", Sha384::digest(bytes).to_vec()),
        Algorithm::P521 | Algorithm::Ed25519 => ("sha512", "SHA2_512", Sha512::digest(bytes).to_vec()),
    }
}

/// `hashedrekord` 0.0.1 over a payload and its signature.
///
/// # Errors
/// [`RehearsalError::Json`], never in practice.
pub fn hashedrekord_body(
    payload: &[u8],
    signature: &[u8],
    signer: Signer<'_>,
) -> Result<Vec<u8>, RehearsalError> {
    let (algorithm, _, digest) = signed_digest(payload, signer);
    canonical(&json!({ "apiVersion": "0.0.1", "kind": "hashedrekord", "spec": {
        "data": { "hash": { "algorithm": algorithm, "value": hex::encode(digest) } },
        "signature": {
            "content": STANDARD.encode(signature),
            "publicKey": { "content": STANDARD.encode(signer.pem()) },
        },
    }}))
}

/// `dsse` 0.0.1 over an envelope.
///
/// # Errors
/// [`RehearsalError::Json`], never in practice.
pub fn dsse_body(envelope: &Envelope, signer: Signer<'_>) -> Result<Vec<u8>, RehearsalError> {
    let payload = STANDARD.decode(&envelope.payload).unwrap_or_default();
    let verifier = STANDARD.encode(signer.pem());
    let signatures = envelope.signatures.iter();
    let signatures = signatures.map(|signature| json!({ "signature": signature.sig, "verifier": verifier }));
    canonical(&json!({ "apiVersion": "0.0.1", "kind": "dsse", "spec": {
        "envelopeHash": { "algorithm": "sha256", "value": sha256_hex(&envelope.to_json()?) },
        "payloadHash": { "algorithm": "sha256", "value": sha256_hex(&payload) },
        "signatures": signatures.collect::<Vec<_>>(),
    }}))
}

/// `intoto` 0.0.2 over an envelope, as cosign before 2.4 logged attestations. Signatures are base64 twice.
///
/// # Errors
/// [`RehearsalError::Json`], never in practice.
pub fn intoto_body(envelope: &Envelope, signer: Signer<'_>) -> Result<Vec<u8>, RehearsalError> {
    let payload = STANDARD.decode(&envelope.payload).unwrap_or_default();
    let public_key = STANDARD.encode(signer.pem());
    let signatures = envelope.signatures.iter();
    let signatures = signatures
        .map(|signature| json!({ "publicKey": public_key, "sig": STANDARD.encode(&signature.sig) }));
    let signatures: Vec<_> = signatures.collect();
    canonical(
        &json!({ "apiVersion": "0.0.2", "kind": "intoto", "spec": { "content": {
            "envelope": { "payloadType": envelope.payload_type, "signatures": signatures },
            "hash": { "algorithm": "sha256", "value": sha256_hex(&envelope.to_json()?) },
            "payloadHash": { "algorithm": "sha256", "value": sha256_hex(&payload) },
        }}}),
    )
}

/// `hashedrekord` 0.0.2 of a version 2 log; for an envelope, `message` is its pre-authentication encoding.
///
/// # Errors
/// [`RehearsalError::Json`], never in practice.
pub fn hashedrekord_v2_body(
    message: &[u8],
    signature: &[u8],
    signer: Signer<'_>,
) -> Result<Vec<u8>, RehearsalError> {
    let details = match signer.key().algorithm() {
        Algorithm::P256 => "PKIX_ECDSA_P256_SHA_256",
        Algorithm::P384 => "PKIX_ECDSA_P384_SHA_384",
        Algorithm::P521 => "PKIX_ECDSA_P521_SHA_512",
        Algorithm::Rsa2048 => "PKIX_RSA_PKCS1V15_2048_SHA256",
        Algorithm::Rsa3072 => "PKIX_RSA_PKCS1V15_3072_SHA256",
        Algorithm::Ed25519 => "PKIX_ED25519",
    };
    let verifier = match signer {
        Signer::Key(key) => json!({
            "keyDetails": details, "publicKey": { "rawBytes": STANDARD.encode(key.public_der()) },
        }),
        Signer::Certificate(credential) => json!({
            "keyDetails": details,
            "x509Certificate": { "rawBytes": STANDARD.encode(credential.certificate.der()) },
        }),
    };
    let (_, algorithm, digest) = signed_digest(message, signer);
    canonical(
        &json!({ "apiVersion": "0.0.2", "kind": "hashedrekord", "spec": { "hashedRekordV002": {
            "data": { "algorithm": algorithm, "digest": STANDARD.encode(digest) },
            "signature": { "content": STANDARD.encode(signature), "verifier": verifier },
        }}}),
    )
}
