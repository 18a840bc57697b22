//! `verifyImages`: which images a rule means, what it demands of them, and what was found.
//!
//! In: a compiled rule, a scope, findings as facts. Out: one [`ImagesVerdict`] with the digests to pin. Never: trusts
//! what the object says about itself (annotations), or a tag resolved twice.
//!
//!     object ─▶ extract ─▶ entries × images ─▶ demand ─▶ (facts) ─▶ attestor sets ─▶ attestations ─▶ verdict, pins
//!
//! Spec: verify-images §2–§3; where Kyverno lets images by, docs/compat.md says what is refused here.

mod attestors;
mod entry;
mod extract;
mod signatures;
mod statements;
mod image;
mod run;
mod rule;

pub(crate) use entry::{repository_of, spellings};
pub(crate) use image::sentence;
pub use rule::VerifyImagesRule;
pub use run::{ImagePin, ImagesVerdict, RuleNames};
