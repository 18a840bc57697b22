//! What is asked of a registry: the narrow door through which everything above comes.
//!
//! [`crate::RegistryClient`] answers over the network; a test or an offline run answers from files.

use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use image_reference::{Digest, RepositoryLocation};

use crate::call::Call;
use crate::document::{Descriptor, Document};
use crate::endpoint::ManifestName;
use crate::error::RegistryError;

/// A manifest or index with the digest of its very bytes
#[derive(Debug, Clone)]
pub struct FetchedManifest {
    /// Computed from `bytes`
    pub digest: Digest,
    /// Media type as served; empty if the server did not say
    pub media_type: String,
    /// The bytes
    pub bytes: Bytes,
    /// What they say
    pub document: Document,
}

/// Answers questions about repositories
pub trait Registry: Send + Sync {
    /// What `tag` points to now.
    ///
    /// The future fails with kind `NotFound` when there is no such tag or repository.
    fn resolve(
        &self,
        call: &Call,
        location: &RepositoryLocation,
        tag: &str,
    ) -> impl Future<Output = Result<Digest, RegistryError>> + Send;

    /// A manifest or index; one asked for by digest has that digest.
    ///
    /// The future fails with kind `NotFound` when there is none, `DigestMismatch` when the bytes are others than
    /// asked for, `TooLarge` above [`crate::MAX_MANIFEST_BYTES`], `Protocol` when they are not one clear document.
    fn manifest(
        &self,
        call: &Call,
        location: &RepositoryLocation,
        name: &ManifestName,
    ) -> impl Future<Output = Result<Arc<FetchedManifest>, RegistryError>> + Send;

    /// What refers to `subject`: by the referrers API, or by the tag `sha256-<hex>` where there is none.
    ///
    /// No referrers is an empty list. The future fails with kind `TooLarge` above [`crate::MAX_REFERRERS`].
    fn referrers(
        &self,
        call: &Call,
        location: &RepositoryLocation,
        subject: &Digest,
    ) -> impl Future<Output = Result<Vec<Descriptor>, RegistryError>> + Send;

    /// The content `digest` names, at most `max_bytes` of it.
    ///
    /// The future fails with kind `TooLarge` above `max_bytes`, `DigestMismatch` when the bytes are others.
    fn blob(
        &self,
        call: &Call,
        location: &RepositoryLocation,
        digest: &Digest,
        max_bytes: u64,
    ) -> impl Future<Output = Result<Bytes, RegistryError>> + Send;
}

impl<R: Registry> Registry for Arc<R> {
    fn resolve(
        &self,
        call: &Call,
        location: &RepositoryLocation,
        tag: &str,
    ) -> impl Future<Output = Result<Digest, RegistryError>> + Send {
        R::resolve(self, call, location, tag)
    }

    fn manifest(
        &self,
        call: &Call,
        location: &RepositoryLocation,
        name: &ManifestName,
    ) -> impl Future<Output = Result<Arc<FetchedManifest>, RegistryError>> + Send {
        R::manifest(self, call, location, name)
    }

    fn referrers(
        &self,
        call: &Call,
        location: &RepositoryLocation,
        subject: &Digest,
    ) -> impl Future<Output = Result<Vec<Descriptor>, RegistryError>> + Send {
        R::referrers(self, call, location, subject)
    }

    fn blob(
        &self,
        call: &Call,
        location: &RepositoryLocation,
        digest: &Digest,
        max_bytes: u64,
    ) -> impl Future<Output = Result<Bytes, RegistryError>> + Send {
        R::blob(self, call, location, digest, max_bytes)
    }
}
