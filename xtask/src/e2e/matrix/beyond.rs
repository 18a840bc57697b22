//! What cosign 3.1.3 refuses of the matrix, though it is genuine: by class, each with the reason, which lies in cosign, and
//! with the words that cosign says then.
//!
//! In: a shape. Out: its class, or none where cosign must accept. The list is closed: a refusal that is not of it fails the
//! run, and so does an acceptance of what is, and one refused in other words.

use rehearsal::Algorithm;
use rehearsal::matrix::{Holder, Layout, Shape};

/// A class of genuine artifacts that cosign refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Beyond {
    /// A signature as a layer, in a log, over another digest than SHA-256.
    LoggedSignature,
    /// A signature as a layer with a certificate, over another digest than SHA-256.
    CertifiedSignature,
    /// An attestation as a layer with a certificate, over another digest than SHA-256.
    CertifiedAttestation,
}

impl Beyond {
    /// The class of `shape`.
    pub(super) fn of(shape: Shape) -> Option<Self> {
        let is_certified = !matches!(shape.holder, Holder::Key(_));
        if shape.layout == Layout::Bundle || digest(shape) == "sha256" {
            return None;
        }
        match (shape.is_attestation, is_certified) {
            (false, _) if shape.log.is_some() => Some(Self::LoggedSignature),
            (false, true) => Some(Self::CertifiedSignature),
            (true, true) => Some(Self::CertifiedAttestation),
            (_, false) => None,
        }
    }

    /// Why it is not to be had from cosign.
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::LoggedSignature => {
                "it reads log entries of signatures in layers with SHA-256 only, also those that it made itself"
            }
            Self::CertifiedSignature => {
                "it verifies signatures in layers by a certificate with SHA-256 only, whatever --signature-digest-algorithm says"
            }
            Self::CertifiedAttestation => {
                "it verifies attestations in layers by a certificate with SHA-256 only, whatever --signature-digest-algorithm says"
            }
        }
    }

    /// What cosign says when it refuses such an artifact.
    pub(super) fn says(self) -> &'static str {
        match self {
            Self::LoggedSignature => "error verifying bundle: unexpected algorithm: \"sha",
            Self::CertifiedSignature => "invalid signature when validating ASN.1 encoded signature",
            Self::CertifiedAttestation => {
                "no matching attestations: accepted signatures do not match threshold, Found: 0, Expected 1"
            }
        }
    }
}

/// The digest that a key of this kind signs, as cosign's option names it.
pub(super) fn digest(shape: Shape) -> &'static str {
    let (Holder::Key(algorithm) | Holder::Own(algorithm) | Holder::Keyless(algorithm)) = shape.holder;
    match algorithm {
        Algorithm::P384 => "sha384",
        Algorithm::P521 => "sha512",
        // `Algorithm` may grow: a kind that signs another digest is refused then, and the run tells.
        Algorithm::P256 | Algorithm::Rsa2048 | Algorithm::Rsa3072 | Algorithm::Ed25519 | _ => "sha256",
    }
}
