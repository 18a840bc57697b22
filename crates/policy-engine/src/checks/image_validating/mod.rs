//! `ImageValidatingPolicy`: which images a request holds, whose signatures and attestations its expressions ask for.
//!
//! In: a compiled policy, a request, facts. Out: digests to write, or one verdict with the evidence it rests on. The calls of
//! its expressions become the same demands that `verifyImages` writes, and are answered by the same stack. Never: waits for
//! a registry inside an expression; counts an attestation as a signature; hands out a payload that nobody verified.
//!
//!     attestors ─▶ signers ─┐
//!     images ─▶ extraction ─┼─▶ verification ─▶ FactRequest::ImageFindings ─▶ count, payload ─▶ verdict
//!     references ◀─ glob    ┘         └─▶ ledger ─▶ required
//!
//! Spec: cel-policies §1; where Kyverno lets images by, docs/compat.md says what is refused here.

mod glob;
mod references;
mod signers;
mod attestors;
mod attestations;
mod extraction;
mod ledger;
mod choices;
mod compiled;
mod verification;
mod pinning;
mod rule;

pub use ledger::{Standing, TagMovedError};
pub use rule::{ImageEvidence, ImageOccasion, ImageValidatingRule, ImageValidatingVerdict, RequiredImage};
