//! The search with a memory: what servers and long runs use.

use image_reference::{Digest, ImageReference};
use oci_registry::{Call, Registry};

use crate::cache::{Cache, CacheOptions, Key};
use crate::error::EvidenceError;
use crate::findings::Gathered;
use crate::gather::{Depth, about, gathered, resolve};
use crate::question::Question;

/// Whether evidence gathered for an earlier request will do
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// It will, and so will a part of it where the rest could only help. A caller that would refuse by it asks once more
    /// for [`Freshness::Now`], so that nobody who has just signed is refused by an old answer, nor anybody by half of one.
    Recent,
    /// It will not: everything there is now.
    Now,
}

/// Gathers evidence and keeps it for a while; clones share what is kept
#[derive(Debug, Clone)]
pub struct EvidenceGatherer<R> {
    registry: R,
    cache: Cache,
}

impl<R: Registry> EvidenceGatherer<R> {
    /// A gatherer that asks `registry`.
    pub fn new(registry: R, options: CacheOptions) -> Self {
        Self {
            registry,
            cache: Cache::new(options),
        }
    }

    /// The registry client.
    pub fn registry(&self) -> &R {
        &self.registry
    }

    /// The digest of `image`: its own, or what its tag points to now. Tags move, so this is never remembered.
    ///
    /// # Errors
    /// As [`crate::resolve`].
    pub async fn resolve(&self, call: &Call, image: &ImageReference) -> Result<Digest, EvidenceError> {
        resolve(&self.registry, call, image).await
    }

    /// As [`crate::gather`], or from memory. The tag is resolved each time.
    ///
    /// # Errors
    /// As [`crate::gather`].
    pub async fn gather(
        &self,
        call: &Call,
        image: &ImageReference,
        question: &Question,
        freshness: Freshness,
    ) -> Result<Gathered, EvidenceError> {
        let digest = self.resolve(call, image).await?;
        self.gather_about(call, image, digest, question, freshness).await
    }

    /// As [`Self::gather`], about a digest the caller has resolved already: several demands on one image then speak
    /// of the same content, wherever its tag moves meanwhile.
    ///
    /// # Errors
    /// As [`crate::gather`].
    pub async fn gather_about(
        &self,
        call: &Call,
        image: &ImageReference,
        digest: Digest,
        question: &Question,
        freshness: Freshness,
    ) -> Result<Gathered, EvidenceError> {
        let key = Key {
            identity: call.access.keychain.identity(),
            allow_insecure: call.access.allow_insecure,
            location: image.location()?,
            digest: digest.clone(),
            question: question.clone(),
        };
        let (kept, depth) = match freshness {
            Freshness::Recent => (self.cache.get(&key), Depth::Thrifty),
            Freshness::Now => (None, Depth::Everything),
        };
        if let Some(findings) = kept {
            return Ok(Gathered {
                is_from_cache: true,
                ..gathered(image, digest, findings)
            });
        }
        let findings = about(&self.registry, call, image, &digest, question, depth).await?;
        self.cache.put(key, &findings);
        Ok(gathered(image, digest, findings))
    }
}
