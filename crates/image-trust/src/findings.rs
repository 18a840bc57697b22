//! What judging found, one answer for each signer demanded.
//!
//! A [`Proof`] is minted by `image-verification` alone; `cargo xtask tidy` holds that no other product crate names
//! [`Proof::minted`]. It can't be deserialized, so neither a cache on disk nor a report can forge one.

use std::collections::BTreeMap;
use std::sync::Arc;

use image_reference::{Digest, ImageReference};
use serde::Serialize;

use crate::evidence::Examined;
use crate::reason::Refusal;

/// What judging one [`crate::ImageDemand`] found for one image.
#[derive(Debug, Clone)]
pub struct ImageFindings {
    /// The reference that was asked for.
    pub image: ImageReference,
    /// What it resolved to, once.
    pub digest: Digest,
    /// One answer for each of the demand's `signers`, in order.
    pub signers: Vec<SignerFinding>,
    /// For each of the demand's `attestations`, one answer for each of its signers, in order.
    pub attestations: Vec<Vec<SignerFinding>>,
    /// Predicate types found on the image, verified or not, for refusals that list them.
    pub predicate_types: Vec<String>,
    /// What was looked at, kept or skipped.
    pub examined: Vec<Examined>,
}

/// The answer to one [`crate::SignerDemand`]; boxed refusals keep the good path small.
pub type SignerFinding = Result<Proof, Refusal>;

/// That a demand is met by a signature over one digest.
#[must_use = "a proof that nobody reads verified nothing"]
#[derive(Debug, Clone)]
pub struct Proof {
    digest: Digest,
    signed_by: String,
    origin: String,
    statements: Vec<Arc<Statement>>,
}

impl Proof {
    /// Mints a proof. For `image-verification` alone.
    pub fn minted(
        digest: Digest,
        signed_by: String,
        origin: String,
        statements: Vec<Arc<Statement>>,
    ) -> Self {
        Self {
            digest,
            signed_by,
            origin,
            statements,
        }
    }

    /// The digest that was proven.
    #[must_use]
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Who signed, for people: a key's fingerprint, or an identity and its issuer.
    #[must_use]
    pub fn signed_by(&self) -> &str {
        &self.signed_by
    }

    /// Where the signature was found.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Verified statements of the demanded type, every one of them, in registry order; empty for plain signatures.
    #[must_use]
    pub fn statements(&self) -> &[Arc<Statement>] {
        &self.statements
    }
}

/// A verified in-toto statement (or Notary attestation).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Statement {
    /// Predicate type as signed.
    pub predicate_type: String,
    /// The predicate, JSON.
    pub predicate: serde_json::Value,
    /// What it is about, as signed: a list of names and digests, this image's among them. Null for a Notary attestation.
    pub subject: serde_json::Value,
    /// Where it was found.
    pub origin: String,
    /// Annotations of the layer or manifest that carried it: unsigned, for display alone.
    pub annotations: BTreeMap<String, String>,
}
