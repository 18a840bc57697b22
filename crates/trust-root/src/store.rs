//! Verified metadata, kept in memory, and in a folder where there is one.
//!
//! What is kept is verified anew from the pinned root each time it is used: it is a floor under versions, not a proof.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use sigstore_tuf::{FileStore, MetadataStore, Result};

/// Largest file taken from the folder, in bytes; the framework's own limits are below it.
const MOST_FILE_BYTES: u64 = 8 * 1024 * 1024;
/// Files kept in memory at most; a chain of 256 roots is longer than any.
const MOST_FILES: usize = 300;

/// Snapshots under the name of their version: the latest is also kept as `snapshot.json`, the others nobody asks for.
const VERSIONED_SNAPSHOT: &str = ".snapshot.json";

/// Memory and perhaps a folder. Cheap to clone; clones share both.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    memory: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    folder: Option<(PathBuf, FileStore)>,
}

impl Store {
    pub(crate) fn new(folder: Option<PathBuf>) -> Self {
        Self {
            memory: Arc::default(),
            folder: folder.map(|path| (path.clone(), FileStore::new(path))),
        }
    }

    fn is_small(path: PathBuf) -> bool {
        std::fs::metadata(path).is_ok_and(|about| about.len() <= MOST_FILE_BYTES)
    }
}

impl MetadataStore for Store {
    fn load(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = memory.get(name) {
            return Ok(Some(kept.clone()));
        }
        drop(memory);
        match &self.folder {
            Some((path, files)) if Self::is_small(path.join(name)) => files.load(name),
            Some(_) | None => Ok(None),
        }
    }

    fn store(&self, name: &str, bytes: &[u8]) -> Result<()> {
        if name.ends_with(VERSIONED_SNAPSHOT) {
            return Ok(());
        }
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        if memory.len() < MOST_FILES || memory.contains_key(name) {
            memory.insert(name.to_owned(), bytes.to_vec());
        }
        drop(memory);
        // A folder that can't be written costs the next start a fetch, nothing more.
        self.folder
            .as_ref()
            .map_or(Ok(()), |(_, files)| files.store(name, bytes))
    }
}
