//! Every limit of this crate, with its unit and where it comes from.
//!
//! Evidence comes from a registry that anyone may write to, so each count and size is bounded before work begins.
//! Reaching a limit is a refusal that names it, never a silent cut: an attestation beyond the limit could be the stale
//! one.

/// Artifacts about one image that are judged at most.
///
/// Kyverno reads 1,000 layers of one tag and 50 referrers; one image rarely holds more than a dozen.
pub const MOST_ARTIFACTS: usize = 1_000;

/// Signatures in all artifacts about one image together: each costs a verification for each signer demanded.
pub const MOST_SIGNATURES: usize = 1_000;

/// Bytes of one Sigstore bundle, envelope or payload. Kyverno stops at 10 MB.
pub const MOST_ARTIFACT_BYTES: usize = 10 * 1024 * 1024;

/// Signatures in one DSSE envelope; cosign writes one.
pub const MOST_ENVELOPE_SIGNATURES: usize = 10;

/// Transparency log entries beside one signature; cosign writes one.
pub const MOST_LOG_ENTRIES: usize = 10;

/// RFC 3161 timestamps beside one signature; cosign writes one.
pub const MOST_TIMESTAMPS: usize = 10;

/// Certificates in a chain that a policy or a signature carries (CVE-2026-32280; Kyverno's `certChain` limit).
pub const MOST_CHAIN_CERTIFICATES: usize = 11;

/// Certificates in a timestamp authority's chain: a leaf, ten intermediates and a root (Kyverno's limit).
pub const MOST_TSA_CERTIFICATES: usize = 12;

/// Hashes in a Merkle inclusion proof: a log of 2⁶⁴ entries needs 64.
pub const MOST_PROOF_HASHES: usize = 64;

/// Signature lines of a checkpoint; a log and its witnesses.
pub const MOST_CHECKPOINT_SIGNATURES: usize = 32;

/// Subjects of one in-toto statement.
pub const MOST_SUBJECTS: usize = 1_024;

/// Bytes of a trusted root file (Kyverno's limit).
pub const MOST_TRUSTED_ROOT_BYTES: usize = 1024 * 1024;

/// Bytes of a regular expression that a policy writes; matching is linear in the text whatever it says.
pub const MOST_REGEXP_BYTES: usize = 4 * 1024;

/// Notary signatures of one image that are judged at most (CVE-2023-33958; notation's own limit is 100).
pub const MOST_NOTARY_SIGNATURES: usize = 50;

/// Signed certificate timestamps embedded in one certificate.
pub const MOST_SCTS: usize = 10;

/// Subject alternative names of one certificate that are compared.
pub const MOST_NAMES: usize = 100;

/// Places that one certificate may name for lists, and as many for responders.
pub const MOST_REVOCATION_URLS: usize = 4;

/// Bytes of one such place's address.
pub const MOST_REVOCATION_URL_BYTES: usize = 2 * 1024;

/// Sources that are asked about the signatures of one image at most; what is beyond stays unknown.
pub const MOST_REVOCATION_SOURCES: usize = 32;

/// Certificates of an OCSP response among which its signer is looked for; responders send one or two.
pub const MOST_RESPONDER_CERTIFICATES: usize = 4;
