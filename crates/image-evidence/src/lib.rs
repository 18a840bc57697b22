//! Gathers what registries hold about an image: signatures, attestations, bundles.
//!
//! In: an image's reference, a [`Question`] drawn from what a policy demands, a registry client. Out: [`Gathered`]:
//! artifacts about one digest, what was looked at, and what could not be.
//! Never: a judgement, or silence about a gap: what could not be read may have been what refuses.
//!
//!     tag ─▶ digest ─▶ .sig ∥ .att ∥ referrers ─▶ manifests ∥ blobs ─▶ blobs ─▶ Evidence
//!
//! After the tag at most three dependent round trips, four for Notary attestations. A tag is resolved once: all that
//! follows is about that digest.
//! Source: cosign's and the Notary Project's storage specifications; Kyverno 1.19 `pkg/images`, `pkg/cosign`.
#![deny(clippy::arithmetic_side_effects)]

pub mod limits;
mod error;
mod question;
mod search;
mod findings;
mod cosign_tags;
mod notary;
mod referrers;
mod gather;
mod cache;
mod gatherer;

pub use cache::CacheOptions;
pub use error::EvidenceError;
pub use findings::Gathered;
pub use gather::{gather, resolve};
pub use gatherer::{EvidenceGatherer, Freshness};
pub use question::Question;
