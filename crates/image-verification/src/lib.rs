//! Judges evidence against demands: pure, synchronous, at a given time.
//!
//! In: [`image_trust::Evidence`] that a registry gave, an [`image_trust::ImageDemand`] that a policy makes, keys that
//! the policy names, trust material, the time. Out: [`image_trust::ImageFindings`], one answer for each signer demanded.
//! Never: a clock, a socket, a file, randomness, trust in an artifact's own word.
//!
//!     Evidence ─▶ PreparedEvidence ─┐
//!     ImageDemand ─▶ Signer ────────┼─▶ authentication ─▶ Proof | Refusal
//!     TrustMaterial ────────────────┘
//!     RevocationAnswers ────────────┘
#![deny(clippy::arithmetic_side_effects)]

pub mod limits;
mod pem;
mod quoted;
mod base64_text;
mod window;
mod key;
mod rejection;
mod predicate_type;
mod dsse;
mod certificate;
mod revocation;
mod regexp;
mod identity;
mod chain;
mod timestamp_token;
mod timestamp;
mod bundle_verifier;
mod trust_material;
mod sct;
mod log_entry;
mod candidate;
mod bundle;
mod log_body;
mod transparency;
mod signer;
mod authentication;
mod evidence;
mod notary;
mod judgement;
mod bundle_file;

use image_trust::{Evidence, ImageDemand, ImageFindings};
use jiff::Timestamp;

pub use crate::bundle_file::{BundleIdentity, BundlePolicy, verify_bundle_file};
pub use crate::bundle_verifier::SignedArtifact;
pub use crate::evidence::PreparedEvidence;
pub use crate::judgement::{judge, judge_with_revocation};
pub use crate::key::public_key_fault;
pub use crate::notary::revocation_sources;
pub use crate::predicate_type::is_same_predicate_type;
pub use crate::revocation::{RevocationAnswers, RevocationSource, next_update};
pub use crate::signer::ResolvedKeys;
pub use crate::trust_material::{TrustError, TrustMaterial};

/// Judges `evidence` against `demand` as of `at`: [`PreparedEvidence::new`] and [`judge`] in one.
#[must_use]
pub fn verify(
    evidence: &Evidence,
    demand: &ImageDemand,
    keys: &ResolvedKeys,
    trust: &TrustMaterial,
    at: Timestamp,
) -> ImageFindings {
    judge(&PreparedEvidence::new(evidence), demand, keys, trust, at)
}
