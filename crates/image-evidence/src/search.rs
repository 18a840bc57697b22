//! One search in one repository: whom it asks, about what, and how much it may still read.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use image_reference::{Digest, RepositoryLocation};
use oci_registry::{Call, Descriptor, FetchedManifest, ManifestName, Registry, RegistryError};
use tokio::sync::Semaphore;

use crate::error::EvidenceError;
use crate::limits;

/// A search about one digest
#[derive(Debug)]
pub(crate) struct Search<'s, R> {
    pub(crate) registry: &'s R,
    pub(crate) call: &'s Call,
    pub(crate) location: &'s RepositoryLocation,
    /// The image: everything found must be about it.
    pub(crate) subject: &'s Digest,
    pub(crate) budget: &'s Budget,
}

/// What all searches about one image share
#[derive(Debug)]
pub(crate) struct Budget {
    bytes_left: AtomicU64,
    parallel: Semaphore,
}

impl Budget {
    pub(crate) fn new() -> Self {
        Self {
            bytes_left: AtomicU64::new(limits::MAX_EVIDENCE_BYTES),
            parallel: Semaphore::new(limits::MAX_PARALLEL),
        }
    }

    fn take(&self, size_bytes: u64) -> Result<(), EvidenceError> {
        let taken = self
            .bytes_left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(size_bytes)
            });
        taken.map(|_| ()).map_err(|_| EvidenceError::TooMuch)
    }
}

impl<R: Registry> Search<'_, R> {
    pub(crate) async fn manifest(&self, name: &ManifestName) -> Result<Arc<FetchedManifest>, RegistryError> {
        self.in_turn(self.registry.manifest(self.call, self.location, name))
            .await
    }

    /// The manifest under `tag`; none if there is no such tag.
    pub(crate) async fn tagged(&self, tag: &str) -> Result<Option<Arc<FetchedManifest>>, RegistryError> {
        let Some(name) = ManifestName::tag(tag) else {
            return Ok(None);
        };
        match self.manifest(&name).await {
            Err(error) if error.is_not_found() => Ok(None),
            answer => answer.map(Some),
        }
    }

    pub(crate) async fn referrers(&self, subject: &Digest) -> Result<Vec<Descriptor>, RegistryError> {
        self.in_turn(self.registry.referrers(self.call, self.location, subject))
            .await
    }

    /// The content of `descriptor`, which is called `what` where it is refused for its size.
    pub(crate) async fn blob(&self, descriptor: &Descriptor, what: &str) -> Result<Bytes, EvidenceError> {
        let size_bytes = descriptor.size;
        if size_bytes > limits::MAX_ARTIFACT_BYTES {
            return Err(EvidenceError::TooLarge {
                what: what.to_owned(),
                size_bytes,
            });
        }
        self.budget.take(size_bytes)?;
        let blob = self
            .registry
            .blob(self.call, self.location, &descriptor.digest, size_bytes);
        Ok(self.in_turn(blob).await?)
    }

    async fn in_turn<T>(
        &self,
        work: impl Future<Output = Result<T, RegistryError>>,
    ) -> Result<T, RegistryError> {
        // The semaphore is never closed; were it, the work is still bounded by the caller's deadline.
        let permit = self.budget.parallel.acquire().await.ok();
        let answer = work.await;
        drop(permit);
        answer
    }
}
