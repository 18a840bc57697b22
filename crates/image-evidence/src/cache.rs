//! Evidence kept for the next request about the same digest.
//!
//! In: who asks, where, what about. Out: what was found, for a minute; that nothing was found, for seconds.
//! Never: evidence with gaps, evidence by tag, or one identity's evidence to another.

use std::sync::Arc;
use std::time::{Duration, Instant};

use image_reference::{Digest, RepositoryLocation};
use image_trust::{Artifact, ArtifactKind, Examined};
use oci_registry::Identity;

use crate::findings::Findings;
use crate::limits;
use crate::question::Question;

/// Bytes an entry weighs beside its artifacts
const ENTRY_BYTES: usize = 512;

/// How much evidence is kept, and how long
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheOptions {
    /// Bytes of evidence kept; zero keeps none. Default 32 MiB.
    pub max_bytes: u64,
    /// How long evidence is used again. Default 60 s.
    pub evidence_life: Duration,
    /// How long it is remembered that there is none. Default 5 s.
    pub absence_life: Duration,
}

impl Default for CacheOptions {
    fn default() -> Self {
        Self {
            max_bytes: limits::MAX_CACHE_BYTES,
            evidence_life: limits::EVIDENCE_LIFE,
            absence_life: limits::ABSENCE_LIFE,
        }
    }
}

/// What an answer depends on
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) identity: Identity,
    pub(crate) allow_insecure: bool,
    pub(crate) location: RepositoryLocation,
    pub(crate) digest: Digest,
    pub(crate) question: Question,
}

#[derive(Debug)]
struct Kept {
    artifacts: Vec<Arc<Artifact>>,
    examined: Vec<Examined>,
    is_partial: bool,
}

/// Evidence in hand
#[derive(Debug, Clone)]
pub(crate) struct Cache(moka::sync::Cache<Key, Arc<Kept>>);

/// Lets entries with and without artifacts live differently long
#[derive(Debug)]
struct Lives(CacheOptions);

impl moka::Expiry<Key, Arc<Kept>> for Lives {
    fn expire_after_create(&self, _: &Key, kept: &Arc<Kept>, _: Instant) -> Option<Duration> {
        Some(if kept.artifacts.is_empty() {
            self.0.absence_life
        } else {
            self.0.evidence_life
        })
    }

    fn expire_after_update(
        &self,
        key: &Key,
        kept: &Arc<Kept>,
        now: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        self.expire_after_create(key, kept, now)
    }
}

impl Cache {
    pub(crate) fn new(options: CacheOptions) -> Self {
        let cache = moka::sync::Cache::builder()
            .max_capacity(options.max_bytes)
            .weigher(|key: &Key, kept: &Arc<Kept>| weight(key, kept))
            .expire_after(Lives(options));
        Self(cache.build())
    }

    pub(crate) fn get(&self, key: &Key) -> Option<Findings> {
        let kept = self.0.get(key)?;
        Some(Findings {
            artifacts: kept.artifacts.clone(),
            examined: kept.examined.clone(),
            gaps: Vec::new(),
            is_partial: kept.is_partial,
        })
    }

    pub(crate) fn put(&self, key: Key, findings: &Findings) {
        if findings.gaps.is_empty() {
            let kept = Kept {
                artifacts: findings.artifacts.clone(),
                examined: findings.examined.clone(),
                is_partial: findings.is_partial,
            };
            self.0.insert(key, Arc::new(kept));
        }
    }
}

/// Bytes an entry holds, about; never zero, so that entries without artifacts are bounded too.
fn weight(key: &Key, kept: &Kept) -> u32 {
    let question: usize = key.question.attestations.iter().map(String::len).sum();
    let artifacts = kept
        .artifacts
        .iter()
        .map(|artifact| artifact_bytes(&artifact.kind));
    let examined = kept.examined.iter().map(|examined| {
        let outcome = examined.outcome.as_ref().map_or_else(String::len, String::len);
        examined.what.len().saturating_add(outcome)
    });
    let total = artifacts
        .chain(examined)
        .fold(ENTRY_BYTES, usize::saturating_add)
        .saturating_add(question);
    u32::try_from(total).unwrap_or(u32::MAX)
}

fn artifact_bytes(kind: &ArtifactKind) -> usize {
    let content = match kind {
        ArtifactKind::SimpleSigning {
            payload: bytes,
            material,
        }
        | ArtifactKind::Dsse {
            envelope: bytes,
            material,
        } => {
            // The annotations are held twice: by name, and as written.
            let annotations: usize = material
                .annotations
                .iter()
                .map(|(key, value)| key.len().saturating_add(value.len()))
                .sum();
            bytes.len().saturating_add(annotations.saturating_mul(2))
        }
        ArtifactKind::Bundle { json } => json.len(),
        ArtifactKind::Notary { media_type, envelope } => media_type.len().saturating_add(envelope.len()),
        ArtifactKind::NotaryAttestation {
            manifest,
            predicate,
            signatures,
            ..
        } => {
            let signatures: usize = signatures.iter().map(|(_, envelope)| envelope.len()).sum();
            manifest
                .len()
                .saturating_add(predicate.len())
                .saturating_add(signatures)
        }
    };
    content.saturating_add(ENTRY_BYTES)
}
