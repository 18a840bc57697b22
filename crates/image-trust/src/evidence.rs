//! What a registry holds about one image, gathered and normalised, not yet judged.
//!
//! Every layout (cosign tags, OCI 1.1 referrers, Sigstore bundles, Notary envelopes) ends as [`Artifact`]s about one
//! digest. Nothing here is trusted; `image-verification` decides.

use std::collections::BTreeMap;
use std::sync::Arc;

use image_reference::{Digest, ImageReference};

/// All that was gathered about one image.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// The reference that was asked for.
    pub image: ImageReference,
    /// What its tag pointed to, resolved once; everything below is about this digest.
    pub digest: Digest,
    /// Candidates, in registry order.
    pub artifacts: Vec<Arc<Artifact>>,
    /// Everything that was looked at, kept or skipped, for explanations.
    pub examined: Vec<Examined>,
}

/// One candidate signature or attestation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// Where it was found, for people: `sha256-….sig layer 0`, `referrer sha256:…`.
    pub origin: String,
    /// What it is, by media type.
    pub kind: ArtifactKind,
}

/// What an artifact is, by its media type; never by the name of a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArtifactKind {
    /// Cosign simple signing (`application/vnd.dev.cosign.simplesigning.v1+json`).
    SimpleSigning {
        /// The signed payload, raw bytes.
        payload: Vec<u8>,
        /// What the layer's annotations carry.
        material: SignedMaterial,
    },
    /// A DSSE envelope (`application/vnd.dsse.envelope.v1+json`).
    Dsse {
        /// The envelope, JSON bytes.
        envelope: Vec<u8>,
        /// What the layer's annotations carry.
        material: SignedMaterial,
    },
    /// A Sigstore bundle (`application/vnd.dev.sigstore.bundle…`), JSON bytes.
    Bundle {
        /// The bundle, JSON bytes.
        json: Vec<u8>,
    },
    /// A Notary Project signature envelope.
    Notary {
        /// `application/jose+json` or `application/cose`.
        media_type: String,
        /// The envelope, raw bytes.
        envelope: Vec<u8>,
    },
    /// A Notary-style attestation: an artifact of the demanded type that refers to the image, with its own signatures.
    NotaryAttestation {
        /// Artifact type of the referrer.
        artifact_type: String,
        /// Digest of the referrer's manifest: what its signatures must be about.
        digest: Digest,
        /// Size of the referrer's manifest in bytes.
        size: u64,
        /// Media type of the referrer's manifest.
        media_type: String,
        /// The manifest, JSON bytes, digest recomputed.
        manifest: Vec<u8>,
        /// The one layer: the predicate.
        predicate: Vec<u8>,
        /// Notary signatures over the referrer: media type and envelope.
        signatures: Vec<(String, Vec<u8>)>,
    },
}

/// What the annotations of a cosign layer carry beside the payload.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SignedMaterial {
    /// `dev.cosignproject.cosign/signature`, base64 as written.
    pub signature: String,
    /// `dev.sigstore.cosign/certificate`, PEM.
    pub certificate: Option<String>,
    /// `dev.sigstore.cosign/chain`, PEM.
    pub chain: Option<String>,
    /// `dev.sigstore.cosign/bundle`, JSON of a Rekor entry with its SET.
    pub log_entry: Option<LogEntry>,
    /// `dev.sigstore.cosign/rfc3161timestamp`, JSON.
    pub timestamp: Option<String>,
    /// All annotations of the layer, as written.
    pub annotations: BTreeMap<String, String>,
}

/// The JSON of a Rekor entry as cosign keeps it in an annotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry(pub String);

/// One thing that was looked at, for explanations.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Examined {
    /// What: a tag, a referrer, a layer.
    pub what: String,
    /// Kept as a candidate, or why it was skipped.
    pub outcome: Result<String, String>,
}
