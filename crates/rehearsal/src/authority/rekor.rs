//! A transparency log of version 1: promises (SETs), proofs and checkpoints, signed with P-256.
//!
//! Source: sigstore/rekor pkg/api/entries.go (`signEntry`), pkg/util/checkpoint.go.

use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::entry::Recorded;
use super::merkle::Tree;
use super::note;
use crate::error::RehearsalError;
use crate::instant;
use crate::keys::{Algorithm, SigningKey};

/// Entries of older shards: a log index is not the place in the tree.
const OLDER_ENTRIES: u64 = 1_000;
const TREE_ID: u64 = 7_352_946_518_402_913;

/// The log.
#[derive(Debug)]
pub struct Rekor {
    key: SigningKey,
    name: String,
    tree: Mutex<Tree>,
}

impl Rekor {
    /// A log called `name` in its checkpoints.
    ///
    /// # Errors
    /// [`RehearsalError::Crypto`] where the library has no randomness.
    pub fn new(name: &str) -> Result<Self, RehearsalError> {
        Ok(Self {
            key: SigningKey::generate(Algorithm::P256)?,
            name: name.to_owned(),
            tree: Mutex::default(),
        })
    }

    /// The log's key; its [`SigningKey::key_id`] is the log's id.
    #[must_use]
    pub fn key(&self) -> &SigningKey {
        &self.key
    }

    /// Records a body at `at`.
    ///
    /// # Errors
    /// [`RehearsalError::Crypto`] where the library refuses.
    pub fn record(
        &self,
        kind: &str,
        version: &str,
        body: Vec<u8>,
        at: SystemTime,
    ) -> Result<Recorded, RehearsalError> {
        let mut tree = self.tree.lock().unwrap_or_else(PoisonError::into_inner);
        let place = tree.push(&body);
        let proof_index = u64::try_from(place).unwrap_or(u64::MAX);
        let log_index = proof_index.saturating_add(OLDER_ENTRIES);
        let integrated_time = instant::unix_seconds(at);
        let log_id = self.key.key_id();
        // Keys sorted: this is the canonical JSON that the promise is over.
        let promised = serde_json::to_vec(&json!({
            "body": STANDARD.encode(&body),
            "integratedTime": integrated_time,
            "logID": hex::encode(log_id),
            "logIndex": log_index,
        }))?;
        let origin = format!("{} - {TREE_ID}", self.name);
        Ok(Recorded {
            kind: kind.to_owned(),
            version: version.to_owned(),
            set: Some(self.key.sign(&promised)?),
            body,
            integrated_time: Some(integrated_time),
            log_index,
            log_id,
            proof_index,
            root: tree.root(),
            tree_size: u64::try_from(tree.size()).unwrap_or(u64::MAX),
            hashes: tree.proof(place),
            checkpoint: note::checkpoint(&self.name, &origin, &self.key, &tree)?,
        })
    }
}
