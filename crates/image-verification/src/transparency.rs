//! Transparency logs: that a signature was logged, and when.
//!
//! In: a log entry, the signature it must be about, the logs trusted. Out: the time its promise proves, if it has one.
//! Promise (signed entry timestamp) and proof (Merkle inclusion under a signed checkpoint) must both hold where both
//! are present, and one must be: Rekor v1 gives either or both, Rekor v2 a proof alone. The body is bound to the
//! signature before anything else.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image_trust::ReasonCode;
use jiff::Timestamp;
use sigstore_types::{Checkpoint, CheckpointSignature, Sha256Hash};

use crate::limits::MOST_CHECKPOINT_SIGNATURES;
use crate::log_body::{self, LogVersion, Logged};
use crate::log_entry::{InclusionProof, LogEntry};
use crate::rejection::Rejection;
use crate::trust_material::LogKey;

/// Verifies that `entry` is `logged`, and that one of `logs` says so; the answer is the time its promise proves.
///
/// `proven` are times already proven by others: a log whose key was not yet, or no longer, trusted then proves nothing.
pub(crate) fn verify(
    entry: &LogEntry,
    logged: &Logged<'_>,
    logs: &[LogKey],
    proven: &[Timestamp],
    at: Timestamp,
) -> Result<Option<Timestamp>, Rejection> {
    let version = log_body::describes(&entry.body, logged)?;
    if entry.promise.is_none() && entry.proof.is_none() {
        return Err(missing("the log entry has neither promise nor proof"));
    }
    let mut time = None;
    if let Some(promise) = &entry.promise {
        if version == LogVersion::Two {
            return Err(missing("a log of version 2 makes no promises"));
        }
        time = Some(verify_promise(entry, promise, logs, at)?);
    }
    if let Some(proof) = &entry.proof {
        let times = proven.iter().copied().chain(time).collect::<Vec<_>>();
        verify_proof(entry, proof, version, logs, &times, at)?;
    }
    Ok(time)
}

/// The promise covers body, time, index and log identifier, as canonical JSON.
fn verify_promise(
    entry: &LogEntry,
    promise: &[u8],
    logs: &[LogKey],
    at: Timestamp,
) -> Result<Timestamp, Rejection> {
    let seconds = entry
        .integrated_time
        .ok_or_else(|| missing("the log entry has a promise and no time"))?;
    let time = Timestamp::from_second(seconds).map_err(|_| missing("the log entry's time can't be read"))?;
    if time > at {
        return Err(missing(format!("the log entry's time {time} lies in the future")));
    }
    let log = logs
        .iter()
        .find(|log| log.id == entry.log_id && log.is_trusted_at(time))
        .ok_or_else(|| {
            missing(format!(
                "rekor log public key not found for log {}",
                hex::encode(&entry.log_id)
            ))
        })?;
    let promised = format!(
        r#"{{"body":"{}","integratedTime":{seconds},"logID":"{}","logIndex":{}}}"#,
        STANDARD.encode(&entry.body),
        hex::encode(&entry.log_id),
        entry.log_index,
    );
    log.key
        .verify(log.key.usual_digest(), promised.as_bytes(), promise)
        .map_err(|_| missing("unable to verify SET"))?;
    Ok(time)
}

fn verify_proof(
    entry: &LogEntry,
    proof: &InclusionProof,
    version: LogVersion,
    logs: &[LogKey],
    times: &[Timestamp],
    at: Timestamp,
) -> Result<(), Rejection> {
    let checkpoint = Checkpoint::from_text(&proof.checkpoint)
        .map_err(|cause| missing(format!("the checkpoint can't be read: {cause}")))?;
    verify_checkpoint(&checkpoint, logs, times, at)?;
    // What a proof repeats of its checkpoint is signed by nobody: version 1 must repeat it right, version 2 is read
    // from the checkpoint alone.
    let index = match version {
        LogVersion::One => {
            if proof.root != *checkpoint.root_hash().as_bytes() || proof.tree_size != checkpoint.tree_size() {
                return Err(missing(
                    "the inclusion proof leads to another tree than its checkpoint",
                ));
            }
            proof.log_index
        }
        LogVersion::Two => {
            u64::try_from(entry.log_index).map_err(|_| missing("the log entry's index can't be read"))?
        }
    };
    let hashes: Vec<Sha256Hash> = proof.hashes.iter().copied().map(Sha256Hash::new).collect();
    sigstore_merkle::verify_inclusion_proof(
        &sigstore_merkle::hash_leaf(&entry.body),
        index,
        checkpoint.tree_size(),
        &hashes,
        checkpoint.root_hash(),
    )
    .map_err(|cause| missing(format!("the inclusion proof does not hold: {cause}")))
}

fn verify_checkpoint(
    checkpoint: &Checkpoint,
    logs: &[LogKey],
    times: &[Timestamp],
    at: Timestamp,
) -> Result<(), Rejection> {
    if checkpoint.signatures().len() > MOST_CHECKPOINT_SIGNATURES {
        return Err(Rejection::limit(
            "signatures on a checkpoint",
            MOST_CHECKPOINT_SIGNATURES,
        ));
    }
    let is_candidate = |log: &LogKey, signature: &CheckpointSignature| {
        log.is_hinted(&signature.name, signature.key_id.as_bytes())
            && log.has_started_by(at)
            && times.iter().all(|time| log.is_trusted_at(*time))
    };
    let is_signed = checkpoint.signatures().iter().any(|signature| {
        logs.iter().filter(|log| is_candidate(log, signature)).any(|log| {
            log.key
                .verify(
                    log.key.usual_digest(),
                    checkpoint.signed_data(),
                    signature.signature.as_bytes(),
                )
                .is_ok()
        })
    });
    if is_signed {
        Ok(())
    } else {
        Err(missing("no trusted log signed the checkpoint"))
    }
}

fn missing(text: impl AsRef<str>) -> Rejection {
    Rejection::new(ReasonCode::LogMissing, text)
}
