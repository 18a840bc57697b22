//! `cargo xtask e2e keyless`: cosign signs keyless as CI workflows do, against a real Fulcio, Rekor v2 and timestamp
//! authority on loopback; ours and cosign judge, with all of them running and with all of them stopped.
//!
//!     workflow ─▶ token ─▶ cosign ─▶ Fulcio (─▶ CT log) · Rekor · TSA ─▶ registry ─▶ vouchsafe, cosign

mod made_by_us;
mod workflow;
mod stack;
mod signing;
mod verdicts;

use std::path::Path;

pub(super) use made_by_us::{made_by_us, publish};

use self::signing::Images;
use self::stack::Stack;
use super::workshop::Workshop;
use super::{debian_registry, parts};
use crate::failure::{Failure, Outcome};
use crate::report::say;

/// Runs all of it.
pub(super) fn run(binary: &Path) -> Outcome {
    let (cosign, debian) = (parts::cosign()?, parts::docker_registry()?);
    let programs = stack::Programs::installed()?;
    let workshop = Workshop::open(cosign, binary.to_owned())?;
    let (registry, _running) = debian_registry::start(&debian, workshop.folder())?;
    let stack = Stack::start(&programs, &workshop)?;
    let images = Images::sign(&workshop, &stack, registry)?;
    let issuer = stack.issuer().to_owned();
    let mut differences = verdicts::of_both(&workshop, &images, &issuer, "everything running")?;
    // The verdict is in the evidence: nobody who made it is asked again.
    drop(stack);
    differences.extend(verdicts::of_both(
        &workshop,
        &images,
        &issuer,
        "Sigstore stopped",
    )?);
    if !differences.is_empty() {
        return Err(Failure::Several(differences));
    }
    say(format!(
        "  {} demands on 4 images that cosign signed as workflows, judged with Sigstore running and stopped",
        verdicts::DEMANDS
    ));
    Ok(())
}
