//! Entries of a transparency log as signatures carry them, decoded, not yet judged.
//!
//! In: the `dev.sigstore.cosign/bundle` annotation, or `tlogEntries` of a Sigstore bundle. Out: [`LogEntry`]. Never: keys.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::base64_text::decode_base64;
use crate::limits::MOST_PROOF_HASHES;
use crate::rejection::Rejection;

/// One entry of a transparency log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogEntry {
    /// What was logged: canonical JSON.
    pub(crate) body: Vec<u8>,
    /// The log's identifier.
    pub(crate) log_id: Vec<u8>,
    /// The entry's number in the log (in all of its shards).
    pub(crate) log_index: i64,
    /// When the log says it took the entry, seconds since 1970; worth nothing without [`Self::promise`].
    pub(crate) integrated_time: Option<i64>,
    /// The signed entry timestamp: the log's signature over body, time, index and identifier.
    pub(crate) promise: Option<Vec<u8>>,
    /// That the entry is in the tree.
    pub(crate) proof: Option<InclusionProof>,
}

/// A Merkle inclusion proof and the checkpoint it leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InclusionProof {
    /// The entry's number in this tree.
    pub(crate) log_index: u64,
    /// Size of the tree the proof speaks of.
    pub(crate) tree_size: u64,
    /// Its root, as the proof repeats it.
    pub(crate) root: [u8; 32],
    /// The way from the leaf to the root.
    pub(crate) hashes: Vec<[u8; 32]>,
    /// The signed checkpoint, text.
    pub(crate) checkpoint: String,
}

/// `{"SignedEntryTimestamp": …, "Payload": {…}}`
#[derive(Deserialize)]
struct WireAnnotation {
    #[serde(rename = "SignedEntryTimestamp")]
    promise: String,
    #[serde(rename = "Payload")]
    payload: WirePayload,
}

#[derive(Deserialize)]
struct WirePayload {
    body: String,
    #[serde(rename = "integratedTime")]
    integrated_time: i64,
    #[serde(rename = "logIndex")]
    log_index: i64,
    #[serde(rename = "logID")]
    log_id: String,
}

impl LogEntry {
    /// Reads the `dev.sigstore.cosign/bundle` annotation.
    pub(crate) fn from_annotation(json: &str) -> Result<Self, Rejection> {
        let wire: WireAnnotation = serde_json::from_str(json).map_err(|cause| {
            Rejection::malformed(format!(
                "the log entry beside the signature can't be read: {cause}"
            ))
        })?;
        let body = STANDARD.decode(&wire.payload.body).ok();
        let promise = STANDARD.decode(&wire.promise).ok();
        let (Some(body), Some(promise), Ok(log_id)) = (body, promise, hex::decode(&wire.payload.log_id))
        else {
            return Err(Rejection::malformed(
                "the log entry beside the signature is not base64 and hex",
            ));
        };
        Ok(Self {
            body,
            log_id,
            log_index: wire.payload.log_index,
            integrated_time: Some(wire.payload.integrated_time),
            promise: Some(promise),
            proof: None,
        })
    }
}

/// One of `tlogEntries`, in protobuf's JSON: numbers of 64 bits are strings, defaults may be absent.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireEntry {
    #[serde(default)]
    log_index: Number,
    log_id: WireLogId,
    kind_version: WireKind,
    #[serde(default)]
    integrated_time: Number,
    #[serde(default)]
    inclusion_promise: Option<WirePromise>,
    #[serde(default)]
    inclusion_proof: Option<WireProof>,
    canonicalized_body: String,
}

#[derive(Deserialize)]
struct WireKind {
    kind: String,
    version: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireLogId {
    key_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WirePromise {
    signed_entry_timestamp: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireProof {
    #[serde(default)]
    log_index: Number,
    tree_size: Number,
    root_hash: String,
    #[serde(default)]
    hashes: Vec<String>,
    #[serde(default)]
    checkpoint: WireCheckpoint,
}

#[derive(Deserialize, Default)]
struct WireCheckpoint {
    #[serde(default)]
    envelope: String,
}

/// A number of 64 bits: a JSON string, as protobuf writes it, or a JSON number, as it reads it too.
#[derive(Deserialize, Clone)]
#[serde(untagged)]
enum Number {
    Text(String),
    Plain(i64),
    Null(()),
}

impl Default for Number {
    fn default() -> Self {
        Self::Plain(0)
    }
}

impl Number {
    fn value(&self) -> Option<i64> {
        match self {
            Self::Text(text) => text.parse().ok(),
            Self::Plain(number) => Some(*number),
            Self::Null(()) => Some(0),
        }
    }
}

impl WireEntry {
    /// Decodes the entry; the kind it claims must be the kind of its body.
    pub(crate) fn decoded(&self) -> Result<LogEntry, Rejection> {
        let unreadable = |what: &str| Rejection::malformed(format!("a log entry's {what} can't be read"));
        let body = decode_base64(&self.canonicalized_body).ok_or_else(|| unreadable("body"))?;
        let real: BodyKind = serde_json::from_slice(&body).map_err(|_| unreadable("kind"))?;
        let claimed = &self.kind_version;
        if (real.kind.as_str(), real.api_version.as_str())
            != (claimed.kind.as_str(), claimed.version.as_str())
        {
            return Err(unreadable("kind"));
        }
        let time = self.integrated_time.value().ok_or_else(|| unreadable("time"))?;
        let promise = match &self.inclusion_promise {
            Some(promise) => {
                let bytes = decode_base64(&promise.signed_entry_timestamp);
                Some(bytes.ok_or_else(|| unreadable("inclusion promise"))?)
            }
            None => None,
        };
        Ok(LogEntry {
            body,
            log_id: decode_base64(&self.log_id.key_id).ok_or_else(|| unreadable("log identifier"))?,
            log_index: self.log_index.value().ok_or_else(|| unreadable("index"))?,
            integrated_time: (time != 0).then_some(time),
            promise: promise.filter(|bytes| !bytes.is_empty()),
            proof: self
                .inclusion_proof
                .as_ref()
                .map(WireProof::decoded)
                .transpose()?,
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BodyKind {
    kind: String,
    api_version: String,
}

impl WireProof {
    fn decoded(&self) -> Result<InclusionProof, Rejection> {
        let unreadable = || Rejection::malformed("a log entry's inclusion proof can't be read");
        if self.hashes.len() > MOST_PROOF_HASHES {
            return Err(Rejection::limit(
                "hashes in an inclusion proof",
                MOST_PROOF_HASHES,
            ));
        }
        let unsigned = |number: &Number| number.value().and_then(|value| u64::try_from(value).ok());
        let hashes = self
            .hashes
            .iter()
            .map(|hash| decode_base64(hash).and_then(|bytes| bytes.try_into().ok()))
            .collect::<Option<Vec<[u8; 32]>>>();
        Ok(InclusionProof {
            log_index: unsigned(&self.log_index).ok_or_else(unreadable)?,
            tree_size: unsigned(&self.tree_size).ok_or_else(unreadable)?,
            root: decode_base64(&self.root_hash)
                .and_then(|root| root.try_into().ok())
                .ok_or_else(unreadable)?,
            hashes: hashes.ok_or_else(unreadable)?,
            checkpoint: self.checkpoint.envelope.clone(),
        })
    }
}
