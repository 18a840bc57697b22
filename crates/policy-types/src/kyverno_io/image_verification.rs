//! `verifyImages`: which images must be signed, by whom, and with what attestations.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::attestors::AttestorSet;
use super::conditions::AnyAllConditions;
use super::context::ImageRegistryCredentials;
use super::validation::{Deny, FailureAction};

/// One entry of `verifyImages`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ImageVerification {
    /// What kind of signature; absent means Cosign.
    #[serde(rename = "type")]
    pub kind: Option<SignatureKind>,
    /// Images that must be verified, with wildcards.
    pub image_references: Vec<String>,
    /// Images that need not be, with wildcards.
    pub skip_image_references: Vec<String>,
    /// Deprecated: one more image reference.
    pub image: String,
    /// Deprecated: a public key.
    pub key: String,
    /// Deprecated: issuer of a keyless identity.
    pub issuer: String,
    /// Deprecated: subject of a keyless identity.
    pub subject: String,
    /// Deprecated: roots of a keyless identity.
    pub roots: String,
    /// Deprecated: annotations for every attestor that has none.
    pub annotations: BTreeMap<String, String>,
    /// Deprecated: certificate extensions of a keyless identity.
    pub additional_extensions: BTreeMap<String, String>,
    /// Who must have signed; every set must be satisfied.
    pub attestors: Vec<AttestorSet>,
    /// What must be attested; every one must be satisfied.
    pub attestations: Vec<Attestation>,
    /// Repository in which signatures lie.
    pub repository: String,
    /// Look for signatures among OCI 1.1 referrers.
    #[serde(rename = "cosignOCI11")]
    pub cosign_oci11: bool,
    /// Replace tags by digests; loading sets `true` if absent.
    pub mutate_digest: bool,
    /// Refuse images without digest; loading sets `true` if absent.
    pub verify_digest: bool,
    /// Refuse images that were not verified; loading sets `true` if absent.
    pub required: bool,
    /// Remember what was verified; loading sets `true` if absent.
    pub use_cache: bool,
    /// What a failure does; absent means what the policy says.
    pub failure_action: Option<FailureAction>,
    /// How to reach the registry.
    pub image_registry_credentials: Option<ImageRegistryCredentials>,
    /// Conditions over what was attested.
    pub validate: Option<ValidateImageVerification>,
}

/// What kind of signature is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum SignatureKind {
    /// Cosign's signatures.
    Cosign,
    /// Sigstore bundles among the image's referrers.
    SigstoreBundle,
    /// Notary (notation) signatures.
    Notary,
}

/// What must be attested.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Attestation {
    /// Variable that holds the attestation's content.
    pub name: String,
    /// Predicate type, or artifact type for Notary.
    #[serde(rename = "type")]
    pub kind: String,
    /// Deprecated name of `type`.
    pub predicate_type: String,
    /// Who must have attested; none means anybody whom the public roots know.
    pub attestors: Vec<AttestorSet>,
    /// Conditions over the attestation's content; every block must hold.
    pub conditions: Vec<AnyAllConditions>,
}

/// Conditions over what was attested.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct ValidateImageVerification {
    /// What to tell on failure.
    pub message: String,
    /// Conditions under which the image is denied.
    pub deny: Option<Deny>,
}

impl Attestation {
    /// The predicate type, under its new name or its old.
    #[must_use]
    pub fn predicate(&self) -> &str {
        if self.kind.is_empty() {
            &self.predicate_type
        } else {
            &self.kind
        }
    }
}
