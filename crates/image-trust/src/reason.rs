//! Why an image was refused: a closed set of codes, each transient or permanent, with what was demanded and found.

use serde::{Deserialize, Serialize};

/// A closed set; documented one by one in docs/guide/reason-codes.md.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ReasonCode {
    /// No signature of any readable layout lies beside the image.
    Unsigned,
    /// Signatures exist; none was made by the signer demanded.
    WrongSigner,
    /// Signed by the right authority under another identity.
    WrongIdentity,
    /// The signer is right, the annotations demanded are not on that signature.
    AnnotationMismatch,
    /// The signature is about another digest (replayed).
    DigestMismatch,
    /// No attestation of the demanded predicate type.
    AttestationMissing,
    /// An attestation's conditions do not hold.
    AttestationConditions,
    /// A certificate was not valid at the proven time.
    Expired,
    /// A transparency log entry is demanded and missing or wrong.
    LogMissing,
    /// A signed certificate timestamp is demanded and missing or wrong.
    SctMissing,
    /// A timestamp is present and wrong, or demanded and missing.
    TimestampInvalid,
    /// A certificate does not chain to the authorities demanded.
    UntrustedCertificate,
    /// A certificate was revoked.
    Revoked,
    /// Whether a certificate was revoked is demanded, and those who could say so did not.
    RevocationUnknown,
    /// The artifact could not be decoded.
    Malformed,
    /// The image reference can't be parsed, or holds no digest where one is demanded.
    BadReference,
    /// The image or its tag does not exist.
    ImageNotFound,
    /// The registry refused the credentials.
    RegistryAuth,
    /// The registry answered 429 until the deadline.
    RegistryRateLimited,
    /// The registry did not answer in time.
    RegistryTimeout,
    /// The registry could not be reached.
    RegistryUnreachable,
    /// The registry answered against its protocol, or lied about a digest.
    RegistryProtocol,
    /// A limit on size or count was reached.
    LimitExceeded,
    /// A key or certificate of the policy could not be found or read.
    KeyUnavailable,
    /// The policy demands something that can't be judged.
    PolicyError,
    /// `--offline` forbids the connection that this needs.
    Offline,
}

/// Whether trying again may help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Permanence {
    /// The world was in the way: a registry, a network, a limit of time.
    Transient,
    /// The evidence itself is wrong or missing.
    Permanent,
}

/// Why one demand is not met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The code.
    pub code: ReasonCode,
    /// Kyverno's text for it where Kyverno has one (`no signatures found`), else ours; one line, no period.
    pub message: String,
    /// What was demanded, for people: `key SHA256:1f0c…`, `subject ci@acme.io of issuer https://…`.
    pub demanded: String,
    /// What was found instead, one line for each candidate, nearest first; at most [`Refusal::MOST_FOUND`].
    pub found: Vec<String>,
}

impl Refusal {
    /// Candidates that a refusal lists at most.
    pub const MOST_FOUND: usize = 5;

    /// A refusal without candidates.
    #[must_use]
    pub fn new(code: ReasonCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            demanded: String::new(),
            found: Vec::new(),
        }
    }
}

impl ReasonCode {
    /// Every code, in the order of the documentation.
    pub const ALL: [Self; 26] = [
        Self::Unsigned,
        Self::WrongSigner,
        Self::WrongIdentity,
        Self::AnnotationMismatch,
        Self::DigestMismatch,
        Self::AttestationMissing,
        Self::AttestationConditions,
        Self::Expired,
        Self::LogMissing,
        Self::SctMissing,
        Self::TimestampInvalid,
        Self::UntrustedCertificate,
        Self::Revoked,
        Self::RevocationUnknown,
        Self::Malformed,
        Self::BadReference,
        Self::ImageNotFound,
        Self::RegistryAuth,
        Self::RegistryRateLimited,
        Self::RegistryTimeout,
        Self::RegistryUnreachable,
        Self::RegistryProtocol,
        Self::LimitExceeded,
        Self::KeyUnavailable,
        Self::PolicyError,
        Self::Offline,
    ];

    /// Whether trying again may help.
    #[must_use]
    pub fn permanence(self) -> Permanence {
        match self {
            Self::RegistryAuth
            | Self::RegistryRateLimited
            | Self::RegistryTimeout
            | Self::RegistryUnreachable
            | Self::RegistryProtocol
            | Self::KeyUnavailable
            | Self::RevocationUnknown
            | Self::Offline => Permanence::Transient,
            Self::Unsigned
            | Self::WrongSigner
            | Self::WrongIdentity
            | Self::AnnotationMismatch
            | Self::DigestMismatch
            | Self::AttestationMissing
            | Self::AttestationConditions
            | Self::Expired
            | Self::LogMissing
            | Self::SctMissing
            | Self::TimestampInvalid
            | Self::UntrustedCertificate
            | Self::Revoked
            | Self::Malformed
            | Self::BadReference
            | Self::ImageNotFound
            | Self::LimitExceeded
            | Self::PolicyError => Permanence::Permanent,
        }
    }

    /// The code as it is written: `WRONG_SIGNER`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unsigned => "UNSIGNED",
            Self::WrongSigner => "WRONG_SIGNER",
            Self::WrongIdentity => "WRONG_IDENTITY",
            Self::AnnotationMismatch => "ANNOTATION_MISMATCH",
            Self::DigestMismatch => "DIGEST_MISMATCH",
            Self::AttestationMissing => "ATTESTATION_MISSING",
            Self::AttestationConditions => "ATTESTATION_CONDITIONS",
            Self::Expired => "EXPIRED",
            Self::LogMissing => "LOG_MISSING",
            Self::SctMissing => "SCT_MISSING",
            Self::TimestampInvalid => "TIMESTAMP_INVALID",
            Self::UntrustedCertificate => "UNTRUSTED_CERTIFICATE",
            Self::Revoked => "REVOKED",
            Self::RevocationUnknown => "REVOCATION_UNKNOWN",
            Self::Malformed => "MALFORMED",
            Self::BadReference => "BAD_REFERENCE",
            Self::ImageNotFound => "IMAGE_NOT_FOUND",
            Self::RegistryAuth => "REGISTRY_AUTH",
            Self::RegistryRateLimited => "REGISTRY_RATE_LIMITED",
            Self::RegistryTimeout => "REGISTRY_TIMEOUT",
            Self::RegistryUnreachable => "REGISTRY_UNREACHABLE",
            Self::RegistryProtocol => "REGISTRY_PROTOCOL",
            Self::LimitExceeded => "LIMIT_EXCEEDED",
            Self::KeyUnavailable => "KEY_UNAVAILABLE",
            Self::PolicyError => "POLICY_ERROR",
            Self::Offline => "OFFLINE",
        }
    }

    /// One next step for the person who was refused.
    #[must_use]
    pub fn next_step(self) -> &'static str {
        match self {
            Self::Unsigned => "sign the image by digest with the key or identity the policy names",
            Self::WrongSigner => "sign with the key the policy names, or add this signer to the policy",
            Self::WrongIdentity => {
                "sign from the identity the policy names, or correct the policy's subject and issuer"
            }
            Self::AnnotationMismatch => {
                "sign again with the annotations the policy demands (`cosign sign -a key=value`)"
            }
            Self::DigestMismatch => {
                "sign this image's own digest; the signature found belongs to another image"
            }
            Self::AttestationMissing => {
                "attest the image with the demanded predicate type (`cosign attest --type`)"
            }
            Self::AttestationConditions => {
                "renew the attestation (`cosign attest --replace`), or correct what it reports"
            }
            Self::Expired => "sign again with a valid certificate, or with a timestamp",
            Self::LogMissing => "sign with a transparency log entry, or set `ignoreTlog` in the policy",
            Self::SctMissing => "use a certificate with an embedded SCT, or set `ignoreSCT` in the policy",
            Self::TimestampInvalid => "sign again with a timestamp of the authority the policy names",
            Self::UntrustedCertificate => "use a certificate of the authority the policy names",
            Self::Revoked => "sign again with a certificate that is not revoked",
            Self::RevocationUnknown => {
                "let the servers that the certificate names be reached from here, and see that they answer"
            }
            Self::Malformed => "sign again; the artifact beside the image can't be read",
            Self::BadReference => "correct the image reference, or pin it to a digest",
            Self::ImageNotFound => "push the image, or correct its name",
            Self::RegistryAuth => {
                "give credentials for this registry (`imagePullSecrets`, or `imageRegistryCredentials` in the policy)"
            }
            Self::RegistryRateLimited => "try again later, or use a mirror",
            Self::RegistryTimeout => {
                "try again; raise the policy's `webhookTimeoutSeconds` if the registry is slow"
            }
            Self::RegistryUnreachable => "check the registry's name, network and certificates",
            Self::RegistryProtocol => {
                "check what stands between here and the registry: its answer can't be trusted"
            }
            Self::LimitExceeded => "remove needless signatures and attestations from the image's repository",
            Self::KeyUnavailable => "check the key the policy names",
            Self::PolicyError => "correct the policy",
            Self::Offline => "run without `--offline`",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUIDE: &str = include_str!("../../../docs/guide/reason-codes.md");

    #[test]
    fn the_guide_tells_of_every_code_what_class_it_is_and_what_to_do() {
        for code in ReasonCode::ALL {
            let name = code.as_str();
            let class = match code.permanence() {
                Permanence::Transient => "transient",
                Permanence::Permanent => "permanent",
            };
            let row = format!("| [`{name}`](#{}) | {class} |", name.to_lowercase());
            assert!(GUIDE.contains(&row), "{row}");
            let chapter = GUIDE
                .split("\n## ")
                .find(|chapter| chapter.lines().next() == Some(name));
            let chapter = chapter.unwrap_or_else(|| panic!("no chapter `{name}`"));
            assert!(chapter.contains(&format!("- Class: {class}")), "{name}");
            assert!(chapter.contains("- Do: "), "{name}");
        }
        assert_eq!(
            GUIDE.matches("\n## ").count(),
            ReasonCode::ALL.len(),
            "a chapter of no code"
        );
    }

    #[test]
    fn a_code_is_written_in_json_as_it_is_shown() {
        for code in ReasonCode::ALL {
            let written = serde_json::to_string(&code).unwrap();
            assert_eq!(written.trim_matches('"'), code.as_str());
        }
    }
}
