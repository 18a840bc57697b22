//! Every limit on what is read about one image, with its unit and where it comes from.

use std::time::Duration;

/// Layers of one `.sig` or `.att` manifest. Kyverno refuses more than 1,000.
pub const MAX_LAYERS: usize = 1000;

/// Referrers of one kind. Kyverno refuses more than 50.
pub const MAX_REFERRERS_OF_ONE_KIND: usize = 50;

/// Bytes of one signature, attestation or bundle. Kyverno refuses more than 10 MB.
pub const MAX_ARTIFACT_BYTES: u64 = 10 << 20;

/// Bytes of all artifacts of one image together.
pub const MAX_EVIDENCE_BYTES: u64 = 64 << 20;

/// Questions about one image under way at a time.
pub(crate) const MAX_PARALLEL: usize = 8;

/// Lines of what was looked at that are kept for explanations.
pub(crate) const MAX_EXAMINED: usize = 200;

/// Characters of foreign text repeated in an explanation.
pub(crate) const MAX_QUOTED_CHARS: usize = 120;

/// How long gathered evidence is used again. Content behind a digest never changes, but signatures can be added.
pub const EVIDENCE_LIFE: Duration = Duration::from_secs(60);

/// How long it is remembered that there is no evidence: whoever signs an image then need not wait.
pub const ABSENCE_LIFE: Duration = Duration::from_secs(5);

/// Bytes of evidence kept.
pub const MAX_CACHE_BYTES: u64 = 32 << 20;
