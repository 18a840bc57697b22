//! What a registry holds: blobs, and for each repository manifests, tags and who refers to whom.
//!
//! In: bytes put by the test. Out: bytes by tag or digest, referrers computed from `subject` fields.
//! Nothing is checked: an attack test may put what no honest client would push. Clones share one store.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde::Deserialize;

use crate::oci::{Descriptor, digest_of};

/// A store that clones share: hand one clone to the registry, keep another to add to it.
#[derive(Clone, Debug, Default)]
pub struct Content(Arc<Mutex<Store>>);

#[derive(Debug, Default)]
struct Store {
    blobs: BTreeMap<String, Bytes>,
    repositories: BTreeMap<String, Repository>,
}

#[derive(Debug, Default)]
struct Repository {
    manifests: BTreeMap<String, StoredManifest>,
    /// By their subjects, the digests of those that may refer to it, in the order they were put: a registry of thousands
    /// of images reads no more than these.
    referring: BTreeMap<String, Vec<String>>,
    tags: BTreeMap<String, String>,
}

/// A manifest as it is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredManifest {
    /// `Content-Type` of the answer.
    pub media_type: String,
    /// The digest it was stored under.
    pub digest: String,
    /// The body.
    pub bytes: Bytes,
}

/// The fields of a manifest that decide whom it refers to and how it is listed.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Referring {
    subject: Option<Subject>,
    artifact_type: Option<String>,
    config: Option<Config>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Subject {
    digest: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Config {
    media_type: String,
}

impl Content {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stores a blob for all repositories; returns its digest.
    pub fn put_blob(&self, bytes: impl Into<Bytes>) -> String {
        let bytes = bytes.into();
        let digest = digest_of(&bytes);
        self.put_blob_as(&digest, bytes);
        digest
    }

    /// Stores a blob under a digest that need not be its own.
    pub fn put_blob_as(&self, digest: &str, bytes: impl Into<Bytes>) {
        self.store().blobs.insert(digest.to_owned(), bytes.into());
    }

    /// Stores a manifest; returns its digest.
    pub fn put_manifest(&self, repository: &str, media_type: &str, bytes: impl Into<Bytes>) -> String {
        let bytes = bytes.into();
        let digest = digest_of(&bytes);
        self.put_manifest_as(repository, &digest, media_type, bytes);
        digest
    }

    /// Stores a manifest under a digest that need not be its own.
    pub fn put_manifest_as(&self, repository: &str, digest: &str, media_type: &str, bytes: impl Into<Bytes>) {
        let mut store = self.store();
        let repository = store.repositories.entry(repository.to_owned()).or_default();
        let stored = StoredManifest {
            media_type: media_type.to_owned(),
            digest: digest.to_owned(),
            bytes: bytes.into(),
        };
        let fields = serde_json::from_slice::<Referring>(&stored.bytes);
        if let Some(subject) = fields.ok().and_then(|fields| fields.subject) {
            let known = repository.referring.entry(subject.digest).or_default();
            if known.iter().all(|known| known != digest) {
                known.push(digest.to_owned());
            }
        }
        repository.manifests.insert(digest.to_owned(), stored);
    }

    /// Points `tag` at `digest`, whatever it pointed at before.
    pub fn tag(&self, repository: &str, tag: &str, digest: &str) {
        let mut store = self.store();
        let repository = store.repositories.entry(repository.to_owned()).or_default();
        repository.tags.insert(tag.to_owned(), digest.to_owned());
    }

    /// Removes a tag; `true` where there was one.
    pub fn untag(&self, repository: &str, tag: &str) -> bool {
        let mut store = self.store();
        store
            .repositories
            .get_mut(repository)
            .is_some_and(|found| found.tags.remove(tag).is_some())
    }

    /// Removes a manifest, its tags stay and dangle; `true` where there was one.
    pub fn remove_manifest(&self, repository: &str, digest: &str) -> bool {
        let mut store = self.store();
        let Some(repository) = store.repositories.get_mut(repository) else {
            return false;
        };
        for known in repository.referring.values_mut() {
            known.retain(|known| known != digest);
        }
        repository.manifests.remove(digest).is_some()
    }

    /// `true` where anything was ever put under this name.
    #[must_use]
    pub fn has_repository(&self, repository: &str) -> bool {
        self.store().repositories.contains_key(repository)
    }

    /// The manifest a tag or digest names.
    #[must_use]
    pub fn manifest(&self, repository: &str, reference: &str) -> Option<StoredManifest> {
        let store = self.store();
        let repository = store.repositories.get(repository)?;
        let digest = repository.tags.get(reference).map_or(reference, String::as_str);
        repository.manifests.get(digest).cloned()
    }

    /// A blob by digest.
    #[must_use]
    pub fn blob(&self, digest: &str) -> Option<Bytes> {
        self.store().blobs.get(digest).cloned()
    }

    /// All tags, sorted.
    #[must_use]
    pub fn tags(&self, repository: &str) -> Vec<String> {
        let store = self.store();
        store
            .repositories
            .get(repository)
            .map(|found| found.tags.keys().cloned().collect())
            .unwrap_or_default()
    }

    /// The manifests whose `subject` is `digest`, in the order they were put.
    ///
    /// Each descriptor carries the artifact type (that of the configuration where the manifest names none)
    /// and the manifest's annotations, as the distribution specification 1.1 demands.
    #[must_use]
    pub fn referrers(&self, repository: &str, digest: &str) -> Vec<Descriptor> {
        let store = self.store();
        let Some(repository) = store.repositories.get(repository) else {
            return Vec::new();
        };
        let known = repository.referring.get(digest);
        let stored = known
            .into_iter()
            .flatten()
            .filter_map(|known| repository.manifests.get(known));
        stored.filter_map(|manifest| referrer(manifest, digest)).collect()
    }
}

fn referrer(manifest: &StoredManifest, subject: &str) -> Option<Descriptor> {
    let fields: Referring = serde_json::from_slice(&manifest.bytes).ok()?;
    if fields.subject?.digest != subject {
        return None;
    }
    let mut descriptor = Descriptor::of(&manifest.media_type, &manifest.bytes);
    descriptor.digest.clone_from(&manifest.digest);
    descriptor.annotations = fields.annotations;
    descriptor.artifact_type = fields
        .artifact_type
        .or(fields.config.map(|config| config.media_type));
    Some(descriptor)
}
