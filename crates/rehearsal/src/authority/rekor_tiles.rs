//! A transparency log of version 2: proofs and Ed25519 checkpoints, no times and no promises.
//!
//! Source: sigstore/rekor-tiles v2.

use std::sync::{Mutex, PoisonError};

use super::entry::Recorded;
use super::merkle::Tree;
use super::note;
use crate::error::RehearsalError;
use crate::keys::{Algorithm, SigningKey};

/// The log.
#[derive(Debug)]
pub struct RekorTiles {
    key: SigningKey,
    name: String,
    tree: Mutex<Tree>,
}

impl RekorTiles {
    /// A log called `name` in its checkpoints; verifiers hold that to the host of its URL.
    ///
    /// # Errors
    /// [`RehearsalError::Crypto`] where the library has no randomness.
    pub fn new(name: &str) -> Result<Self, RehearsalError> {
        let mut tree = Tree::default();
        // Somebody else's: an entry at the place 0 would be one whose place may be left out.
        tree.push(b"{}");
        Ok(Self {
            key: SigningKey::generate(Algorithm::Ed25519)?,
            name: name.to_owned(),
            tree: Mutex::new(tree),
        })
    }

    /// The log's key.
    #[must_use]
    pub fn key(&self) -> &SigningKey {
        &self.key
    }

    /// The log's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The log's id.
    #[must_use]
    pub fn log_id(&self) -> [u8; 32] {
        note::log_id(&self.name, &self.key)
    }

    /// Records a `hashedrekord` 0.0.2 body.
    ///
    /// # Errors
    /// [`RehearsalError::Crypto`] where the library refuses.
    pub fn record(&self, body: Vec<u8>) -> Result<Recorded, RehearsalError> {
        let mut tree = self.tree.lock().unwrap_or_else(PoisonError::into_inner);
        let place = tree.push(&body);
        let index = u64::try_from(place).unwrap_or(u64::MAX);
        Ok(Recorded {
            kind: "hashedrekord".to_owned(),
            version: "0.0.2".to_owned(),
            set: None,
            body,
            integrated_time: None,
            log_index: index,
            log_id: self.log_id(),
            proof_index: index,
            root: tree.root(),
            tree_size: u64::try_from(tree.size()).unwrap_or(u64::MAX),
            hashes: tree.proof(place),
            checkpoint: note::checkpoint(&self.name, &self.name, &self.key, &tree)?,
        })
    }
}
