//! The images of `cargo xtask e2e images`: how each is signed, and whether it must then be accepted.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// One image.
pub(super) struct Case {
    /// Its tag; what begins with `stranger` is signed with another key.
    pub(super) tag: &'static str,
    /// What is asked of it.
    pub(super) proof: Proof,
    /// Whether `cosign.pub` accepts it. Written down, so that a call that fails for a reason of its own is
    /// found and not taken for a verdict.
    pub(super) accepted: bool,
}

/// What is asked of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// A signature.
    Signature,
    /// A signature that refers to its image without the bundle format.
    ReferringSignature,
    /// An attestation of type `vuln`.
    Attestation,
}

/// The images of both halves: the same tags, made by us for cosign and by cosign for us.
pub(super) const CASES: [Case; 9] = [
    case("unsigned", Proof::Signature, false),
    case("classic", Proof::Signature, true),
    case("bundle", Proof::Signature, true),
    case("oci11", Proof::ReferringSignature, true),
    case("stranger-classic", Proof::Signature, false),
    case("stranger-bundle", Proof::Signature, false),
    case("attested-classic", Proof::Attestation, true),
    case("attested-bundle", Proof::Attestation, true),
    case("stranger-attested-classic", Proof::Attestation, false),
];

const fn case(tag: &'static str, proof: Proof, accepted: bool) -> Case {
    Case { tag, proof, accepted }
}

/// A scan that found nothing, as cosign's `vuln` predicate wants it.
pub(super) const SCAN: &str = r#"{"invocation":{"parameters":null,"uri":"","event_id":"","builder.id":""},
"scanner":{"uri":"","version":"","db":{"uri":"","version":""},"result":null},
"metadata":{"scanStartedOn":"2026-01-01T00:00:00Z","scanFinishedOn":"2026-01-01T00:00:00Z"}}"#;

/// The date of what we sign: fixed, and in the past.
pub(super) fn at() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_767_225_600)
}
