//! Attestors: whose signature a policy demands.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A set of attestors of which `count` must have signed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct AttestorSet {
    /// How many must have signed; absent or 0 means all.
    pub count: Option<u64>,
    /// The attestors.
    pub entries: Vec<Attestor>,
}

/// One attestor: exactly one of keys, certificates, keyless, or a nested set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Attestor {
    /// Public keys.
    pub keys: Option<StaticKeys>,
    /// A certificate or a chain.
    pub certificates: Option<Certificates>,
    /// An identity that a certificate authority vouches for.
    pub keyless: Option<Keyless>,
    /// A set within the set, with its own count.
    pub attestor: Option<Box<AttestorSet>>,
    /// Annotations the signature must carry.
    pub annotations: BTreeMap<String, String>,
    /// Repository in which this attestor's signatures lie.
    pub repository: String,
    /// `sha224`, `sha256`, `sha384`, `sha512`; loading sets `sha256` if absent.
    pub signature_algorithm: String,
}

/// Public keys, from the policy, a Secret or a key management service.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StaticKeys {
    /// PEM keys, or a reference such as `k8s://namespace/name` or `awskms://…`.
    pub public_keys: String,
    /// URI of a key in a key management service.
    pub kms: String,
    /// A Secret that holds `cosign.pub`.
    pub secret: Option<SecretReference>,
    /// `sha224`, `sha256`, `sha384`, `sha512`; loading sets `sha256` if absent.
    pub signature_algorithm: String,
    /// The transparency log.
    pub rekor: Option<Rekor>,
    /// The certificate log and the timestamp authority.
    pub ctlog: Option<CtLog>,
}

/// A Secret by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct SecretReference {
    /// Name.
    pub name: String,
    /// Namespace.
    pub namespace: String,
}

/// A certificate, a chain, or both.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Certificates {
    /// PEM, or base64 of PEM.
    pub cert: String,
    /// PEM.
    pub cert_chain: String,
    /// The transparency log.
    pub rekor: Option<Rekor>,
    /// The certificate log and the timestamp authority.
    pub ctlog: Option<CtLog>,
}

/// An identity in a certificate that was issued for one signature.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Keyless {
    /// Issuer of the identity, with wildcards.
    pub issuer: String,
    /// Issuer, as a regular expression.
    #[serde(rename = "issuerRegExp")]
    pub issuer_reg_exp: String,
    /// Subject, with wildcards.
    pub subject: String,
    /// Subject, as a regular expression.
    #[serde(rename = "subjectRegExp")]
    pub subject_reg_exp: String,
    /// PEM roots of the certificate authority.
    pub roots: String,
    /// Certificate extensions that must be there, by name or OID.
    pub additional_extensions: BTreeMap<String, String>,
    /// The transparency log.
    pub rekor: Option<Rekor>,
    /// The certificate log and the timestamp authority.
    pub ctlog: Option<CtLog>,
}

/// The transparency log of signatures.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Rekor {
    /// URL of the log.
    pub url: String,
    /// PEM key of the log.
    pub pubkey: String,
    /// Accept signatures that no log has recorded.
    pub ignore_tlog: bool,
}

/// The transparency log of certificates, and the timestamp authority.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CtLog {
    /// Accept certificates without a signed certificate timestamp.
    #[serde(rename = "ignoreSCT")]
    pub ignore_sct: bool,
    /// PEM key of the log.
    pub pubkey: String,
    /// PEM chain of the timestamp authority.
    pub tsa_cert_chain: String,
}
