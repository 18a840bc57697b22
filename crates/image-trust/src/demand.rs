//! What a policy demands of one image: the signers and the attestations, in the order the policy names them.
//!
//! A demand is data that compares, orders and hashes, so that it can be the key of a question (`FactRequest`) and of a
//! cache. Counting (`count`, nested attestors) stays with the policy engine: every leaf is answered by itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Everything one `verifyImages` entry asks about one image.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ImageDemand {
    /// Which artifact layouts count at all.
    pub layouts: Layouts,
    /// Leaves of the entry's attestor sets, nested ones included, in the order written.
    pub signers: Vec<SignerDemand>,
    /// Attestations demanded, in the order written.
    pub attestations: Vec<AttestationDemand>,
    /// How the registry may be reached for this entry.
    pub access: RegistryAccess,
}

/// Which artifacts at the registry are looked at (`verifyImages[].type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Layouts {
    /// No type or `Cosign`: `.sig`/`.att` tags, OCI 1.1 referrers and Sigstore bundles.
    Sigstore,
    /// `SigstoreBundle`: Sigstore bundles only.
    BundlesOnly,
    /// `Notary`: Notary Project signatures only.
    Notary,
}

/// Credentials and transport of one entry (`imageRegistryCredentials`, and the Pod's `imagePullSecrets`).
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RegistryAccess {
    /// Plain HTTP is tried where HTTPS fails.
    pub allow_insecure: bool,
    /// Cloud credential providers: `default`, `amazon`, `azure`, `google`, `github`.
    pub providers: Vec<String>,
    /// Pull secrets as `namespace/name`, or `name` in the policy engine's own namespace.
    pub secrets: Vec<String>,
    /// Pull secrets of the Pod as `namespace/name`.
    pub pull_secrets: Vec<String>,
    /// ServiceAccount, `namespace/name`, whose pull secrets serve a Pod's template that names none.
    pub service_account: Option<String>,
}

/// A predicate type, and who must have attested to it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AttestationDemand {
    /// The predicate type (in-toto) or artifact type (Notary) as the policy writes it.
    pub predicate_type: String,
    /// Leaves in order. Never empty: without attestors the compiler writes the one keyless leaf that Kyverno means.
    pub signers: Vec<SignerDemand>,
}

/// One leaf of an attestor set: one authority and what its signature must carry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SignerDemand {
    /// Who must have signed.
    pub authority: Authority,
    /// Pairs that the *same* signature's payload must hold.
    pub annotations: BTreeMap<String, String>,
    /// Where signatures lie, if not beside the image.
    pub repository: Option<String>,
}

/// Who must have signed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Authority {
    /// A public key (`keys`).
    Key {
        /// Where the key is.
        source: KeySource,
        /// Digest algorithm the signature was made with (`signatureAlgorithm`).
        digest: DigestAlgorithm,
        /// The transparency log.
        log: LogDemand,
        /// Timestamp authority chain, PEM (`ctlog.tsaCertChain`).
        tsa_chain: Option<Arc<str>>,
    },
    /// A certificate, a chain, or both (`certificates`).
    Certificate {
        /// The signing certificate, PEM.
        certificate: Option<Arc<str>>,
        /// The certificates it must chain to, PEM.
        chain: Option<Arc<str>>,
        /// The transparency log.
        log: LogDemand,
        /// Signed certificate timestamps.
        sct: SctDemand,
        /// Timestamp authority chain, PEM.
        tsa_chain: Option<Arc<str>>,
    },
    /// A short-lived certificate of an identity (`keyless`).
    Keyless {
        /// The identity demanded.
        identity: Identity,
        /// Certificate authorities, PEM; absent: the trust root's Fulcio authorities.
        roots: Option<Arc<str>>,
        /// The transparency log.
        log: LogDemand,
        /// Signed certificate timestamps.
        sct: SctDemand,
        /// Timestamp authority chain, PEM.
        tsa_chain: Option<Arc<str>>,
    },
    /// One of the Sigstore authorities, under a trust root of its own (`trustedRoot` of ImageValidatingPolicies): nothing of
    /// the program's own root counts for it.
    Rooted {
        /// The root.
        root: RootSource,
        /// Who must have signed.
        authority: Box<Authority>,
    },
    /// Trust stores of the Notary Project (`certificates` under `type: Notary`, `notary` of an `ImageValidatingPolicy`).
    Notary(NotaryTrust),
}

/// Where a trust root of an attestor's own is found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum RootSource {
    /// A `trusted_root.json`, written in the policy.
    Json(Arc<str>),
    /// A TUF repository; asked before judging.
    Repository(RootRepository),
}

/// A TUF repository that hands out a `trusted_root.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RootRepository {
    /// Its address; absent: that of Sigstore's public-good instance.
    pub mirror: Option<Arc<str>>,
    /// The `root.json` that it is trusted by; absent: the public-good instance's.
    pub pinned: Option<PinnedRoot>,
}

/// The first root of a TUF repository.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum PinnedRoot {
    /// Base64 of it.
    Base64(Arc<str>),
    /// A file or an address.
    Place(Arc<str>),
}

impl RootRepository {
    /// The name that it is resolved under, beside references to keys.
    #[must_use]
    pub fn reference(&self) -> Arc<str> {
        let mirror = self.mirror.as_deref().unwrap_or_default();
        let pinned = match &self.pinned {
            None => String::new(),
            Some(PinnedRoot::Base64(text)) => format!("base64 {text}"),
            Some(PinnedRoot::Place(place)) => format!("at {place}"),
        };
        format!("tuf {mirror} {pinned}").into()
    }
}

/// Whom a Notary Project signature is believed, as a trust policy of level `strict` names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NotaryTrust {
    /// Certificates of the store `ca`, PEM, concatenated: for signatures of scheme `notary.x509`.
    pub certificates: Arc<str>,
    /// Certificates of the store `signingAuthority`, PEM: their holders' word is taken for when they signed. Absent:
    /// signatures of scheme `notary.x509.signingAuthority` are refused.
    pub signing_authorities: Option<Arc<str>>,
    /// Roots of the store `tsa`, PEM. Present: a signature of scheme `notary.x509` must carry a countersignature of one
    /// of them, and its chain is judged at that time. Absent: the chain is judged at the present.
    pub timestamp_authorities: Option<Arc<str>>,
    /// What is done about certificates that were taken back.
    pub revocation: RevocationCheck,
}

impl NotaryTrust {
    /// What Kyverno demands: these certificates, no timestamp authority, revocation enforced.
    #[must_use]
    pub fn strict(certificates: impl Into<Arc<str>>) -> Self {
        Self {
            certificates: certificates.into(),
            signing_authorities: None,
            timestamp_authorities: None,
            revocation: RevocationCheck::Enforce,
        }
    }
}

/// What is done about certificates that were taken back, or of which nobody can say
/// (`signatureVerification.override.revocation` of a Notary trust policy).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RevocationCheck {
    /// A revoked certificate refuses, and so does one of which nothing is known.
    #[default]
    Enforce,
    /// Neither refuses; both are told.
    Log,
    /// Nobody is asked.
    Skip,
}

/// Where a public key is found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum KeySource {
    /// PEM written in the policy.
    Pem(Arc<str>),
    /// `k8s://namespace/name`, `https://…`, `env://NAME`, a KMS URI, or a file path; resolved before judging.
    Reference(Arc<str>),
}

/// Digest algorithm of a signature (`signatureAlgorithm`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum DigestAlgorithm {
    /// SHA-224
    Sha224,
    /// SHA-256, the default
    #[default]
    Sha256,
    /// SHA-384
    Sha384,
    /// SHA-512
    Sha512,
}

/// Whether a check must hold or was waived in the policy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Waivable {
    /// The check must hold.
    #[default]
    Required,
    /// The policy waives it by name (`ignoreTlog`, `ignoreSCT`).
    Waived,
}

/// What is asked of the transparency log (`rekor`).
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LogDemand {
    /// Whether an entry is needed.
    pub check: Waivable,
    /// Address of the log, for messages and for a lookup; absent: the trust root's.
    pub url: Option<Arc<str>>,
    /// The log's public key, PEM; absent: the trust root's logs.
    pub key: Option<Arc<str>>,
}

/// What is asked of certificate transparency (`ctlog`).
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SctDemand {
    /// Whether an embedded SCT is needed.
    pub check: Waivable,
    /// The CT log's public key, PEM; absent: the trust root's logs.
    pub key: Option<Arc<str>>,
}

/// The identity a certificate must carry. All `None` and empty: anyone, as Kyverno allows (lint warns).
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Identity {
    /// Wildcard on any subject alternative name.
    pub subject: Option<Arc<str>>,
    /// Regular expression, unanchored, on any subject alternative name.
    pub subject_regexp: Option<Arc<str>>,
    /// Wildcard on the issuer.
    pub issuer: Option<Arc<str>>,
    /// Regular expression, unanchored, on the issuer.
    pub issuer_regexp: Option<Arc<str>>,
    /// Fulcio extensions by OID or name, value a wildcard.
    pub extensions: BTreeMap<String, String>,
}

impl Identity {
    /// Whether the policy leaves the identity open altogether.
    #[must_use]
    pub fn is_anyone(&self) -> bool {
        self == &Self::default()
    }
}
