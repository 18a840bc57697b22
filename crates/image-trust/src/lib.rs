//! The vocabulary of image trust: what a policy demands of an image, what was found, and why it was refused.
//!
//! In: nothing. Out: plain types that `policy-engine` writes demands in, `image-evidence` answers with what registries
//! hold, and `image-verification` judges. Never: cryptography, I/O, clocks.
//!
//!     policy ─▶ ImageDemand ─┐
//!                            ├─▶ image-verification ─▶ ImageFindings (Proof | Refusal for each signer demanded)
//!     registry ─▶ Evidence ──┘

pub mod demand;
pub mod evidence;
pub mod reason;
pub mod findings;
mod summary;

pub use demand::{
    AttestationDemand, Authority, DigestAlgorithm, Identity, ImageDemand, KeySource, Layouts, LogDemand,
    NotaryTrust, PinnedRoot, RegistryAccess, RevocationCheck, RootRepository, RootSource, SctDemand,
    SignerDemand, Waivable,
};
pub use evidence::{Artifact, ArtifactKind, Evidence, Examined, LogEntry, SignedMaterial};
pub use findings::{ImageFindings, Proof, SignerFinding, Statement};
pub use reason::{Permanence, ReasonCode, Refusal};
