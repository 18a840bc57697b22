//! One image reference, normalised as policies see it.
//!
//! In: text, [`DefaultRegistry`]. Out: registry, path, tag, digest, and the texts made of them.
//! Never: `library/` (the policy's view has none), and never both tag and digest in the canonical text.
//! Source: Kyverno 1.19 `GetImageInfo`; github.com/distribution/reference `Parse`.

use std::fmt;

use crate::default_registry::DefaultRegistry;
use crate::digest::{Digest, DigestError};
use crate::grammar;

/// Longest text looked at, in bytes: well above 255 (path) + 128 (tag) + 137 (digest) + any host name
const MAX_REFERENCE_BYTES: usize = 2048;

/// Longest repository path, in bytes (distribution/reference `RepositoryNameTotalLengthMax`)
const MAX_PATH_BYTES: usize = 255;

/// An image reference; equal references print the same [`canonical`](Self::canonical) text and tag
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageReference {
    registry: String,
    path: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

/// Why a text is no image reference; prints as Kyverno does
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "bad image: {reference}, defaultRegistry: {default_registry}, enableDefaultRegistryMutation: {shown}: {fault}"
)]
pub struct ReferenceError {
    reference: String,
    default_registry: String,
    shown: bool,
    fault: ReferenceFault,
}

impl ReferenceError {
    /// What is wrong with the text.
    #[must_use]
    pub fn fault(&self) -> ReferenceFault {
        self.fault
    }
}

/// The fault itself, in distribution/reference's words
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceFault {
    /// Not the grammar of a reference
    #[error("invalid reference format")]
    Format,
    /// Would be a reference if it were in lower case
    #[error("invalid reference format: repository name must be lowercase")]
    UpperCase,
    /// The path has more than 255 bytes
    #[error("repository name must not be more than 255 characters")]
    PathTooLong,
    /// The text has more than 2048 bytes
    #[error("reference is longer than 2048 bytes")]
    TooLong,
    /// The digest is not one
    #[error(transparent)]
    Digest(#[from] DigestError),
}

impl ImageReference {
    /// Reads `text` as policies see it: a registry is added where none is named, and `latest` where there is
    /// neither tag nor digest.
    ///
    /// # Errors
    /// [`ReferenceError`] when the text is no reference.
    pub fn parse(text: &str, default_registry: &DefaultRegistry) -> Result<Self, ReferenceError> {
        let (full, was_completed) = default_registry.complete(text);
        let mut reference = parse_full(&full).map_err(|fault| ReferenceError {
            // A text beyond the limit is not repeated: whoever wrote it wants to fill a message.
            reference: if fault == ReferenceFault::TooLong {
                String::new()
            } else {
                full.clone()
            },
            default_registry: default_registry.name().to_owned(),
            shown: default_registry.is_shown(),
            fault,
        })?;
        if was_completed && !default_registry.is_shown() {
            reference.registry.clear();
        }
        // A host name with an underscore is no domain by the grammar, yet some registries have one.
        if reference.registry.is_empty()
            && let Some((first, rest)) = reference.path.split_once('/')
            && first.contains('_')
        {
            let rest = rest.to_owned();
            reference.registry = first.to_owned();
            reference.path = rest;
        }
        Ok(reference)
    }

    /// Registry host and port as written; empty when defaulted and the default is not shown.
    #[must_use]
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// Repository within the registry, without `library/`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Last component of the path.
    #[must_use]
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// The tag; none when only a digest was given.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest, if the reference is pinned.
    #[must_use]
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// `registry/path`, or the path alone when the registry is empty.
    #[must_use]
    pub fn repository(&self) -> String {
        if self.registry.is_empty() {
            self.path.clone()
        } else {
            format!("{}/{}", self.registry, self.path)
        }
    }

    /// The text that patterns, caches, annotations and messages use: `registry/path@digest` where there is a
    /// digest (the tag is dropped), else `registry/path:tag`.
    #[must_use]
    pub fn canonical(&self) -> String {
        match &self.digest {
            Some(digest) => format!("{}@{digest}", self.repository()),
            None => self.reference_with_tag(),
        }
    }

    /// `registry/path:tag`; ends with the colon when there is no tag, as Kyverno's `referenceWithTag` does.
    #[must_use]
    pub fn reference_with_tag(&self) -> String {
        format!(
            "{}:{}",
            self.repository(),
            self.tag.as_deref().unwrap_or_default()
        )
    }

    /// This reference, pinned to `digest`; the tag stays.
    #[must_use]
    pub fn with_digest(mut self, digest: Digest) -> Self {
        self.digest = Some(digest);
        self
    }

    /// `registry/path:tag@digest`: what a container's `image` field is rewritten to. Without a digest the text
    /// ends with the tag, without a tag it starts the digest right after the path.
    #[must_use]
    pub fn pinned(&self) -> String {
        let tag = self
            .tag
            .as_deref()
            .map(|tag| format!(":{tag}"))
            .unwrap_or_default();
        let digest = self
            .digest
            .as_ref()
            .map(|digest| format!("@{digest}"))
            .unwrap_or_default();
        format!("{}{tag}{digest}", self.repository())
    }
}

impl fmt::Display for ImageReference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.canonical())
    }
}

/// Reads a reference by distribution's grammar, and says so when only its case is wrong.
fn parse_full(text: &str) -> Result<ImageReference, ReferenceFault> {
    if text.len() > MAX_REFERENCE_BYTES {
        return Err(ReferenceFault::TooLong);
    }
    match parse_exactly(text) {
        Err(ReferenceFault::Format) if parse_exactly(&text.to_lowercase()) != Err(ReferenceFault::Format) => {
            Err(ReferenceFault::UpperCase)
        }
        parsed => parsed,
    }
}

fn parse_exactly(text: &str) -> Result<ImageReference, ReferenceFault> {
    let (named, digest) = match text.split_once('@') {
        Some((named, digest)) => (named, Some(digest)),
        None => (text, None),
    };
    let (name, tag) = match named.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (named, None),
    };
    let (registry, path) = match name.split_once('/') {
        Some((first, rest)) if grammar::is_domain(first) => (first, rest),
        _ => ("", name),
    };
    if !grammar::is_path(path)
        || !tag.is_none_or(grammar::is_tag)
        || !digest.is_none_or(grammar::looks_like_digest)
    {
        return Err(ReferenceFault::Format);
    }
    if path.len() > MAX_PATH_BYTES {
        return Err(ReferenceFault::PathTooLong);
    }
    let digest = digest.map(Digest::parse).transpose()?;
    let tag = tag.or(if digest.is_none() { Some("latest") } else { None });
    Ok(ImageReference {
        registry: registry.to_owned(),
        path: path.to_owned(),
        tag: tag.map(ToOwned::to_owned),
        digest,
    })
}
