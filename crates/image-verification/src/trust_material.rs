//! Trust material: whose certificates, log entries and timestamps count when a policy does not say.
//!
//! In: a `trusted_root.json` (the file that cosign and TUF hand out), or the public-good root embedded here. Out:
//! anchors, log keys and timestamp authorities, each with the time it is trusted in. Parsed once, shared by every
//! judgement. Never: fetching; refreshing a root is its owner's task.

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use sigstore_trust_root::{SIGSTORE_PRODUCTION_TRUSTED_ROOT, TrustedRoot};
use sigstore_types::{DerPublicKey, TimeRange};

use std::sync::OnceLock;

use crate::bundle_verifier::SigstoreVerify;
use crate::certificate::Certificate;
use crate::chain::Anchor;
use crate::key::{KeyError, Kind, VerifyingKey};
use crate::limits::{MOST_CHAIN_CERTIFICATES, MOST_TRUSTED_ROOT_BYTES, MOST_TSA_CERTIFICATES};
use crate::pem;
use crate::timestamp::TimestampAuthority;
use crate::window::Window;

/// Why trust material can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// The file is larger than any trusted root.
    #[error("a trusted root has at most {MOST_TRUSTED_ROOT_BYTES} bytes")]
    TooLarge,
    /// Not a trusted root.
    #[error("the trusted root can't be read: {0}")]
    Unreadable(String),
}

/// Authorities, logs and timestamp authorities that are trusted.
#[derive(Debug)]
pub struct TrustMaterial {
    pub(crate) authorities: Vec<Anchor>,
    pub(crate) signature_logs: Vec<LogKey>,
    pub(crate) certificate_logs: Vec<LogKey>,
    pub(crate) timestamp_authorities: Vec<TimestampAuthority>,
    root: TrustedRoot,
    verifier: OnceLock<Result<SigstoreVerify, String>>,
}

/// A transparency log's key and when it is trusted.
#[derive(Debug, Clone)]
pub(crate) struct LogKey {
    /// The log's identifier; SHA-256 of its key but where the trusted root says otherwise (Rekor v2).
    pub(crate) id: Vec<u8>,
    pub(crate) key: VerifyingKey,
    /// Absent: always.
    window: Option<Window>,
    /// Whether the trusted root gave the identifier; a policy's key is known by its own hashes.
    is_named: bool,
}

impl LogKey {
    /// A log's key as a policy writes it: trusted always, known by its own hash.
    pub(crate) fn from_pem(text: &str) -> Result<Self, KeyError> {
        let key = VerifyingKey::from_pem(text)?;
        Ok(Self {
            id: key.id().to_vec(),
            key,
            window: None,
            is_named: false,
        })
    }

    /// Whether a checkpoint's signature under `name` claims to be this key's: by the start of its identifier, which for
    /// Ed25519 is a hash of name, type and key (C2SP signed-note).
    pub(crate) fn is_hinted(&self, name: &str, hint: &[u8]) -> bool {
        if self.id.starts_with(hint) {
            return true;
        }
        let note_id = Sha256::new()
            .chain_update(name)
            .chain_update(b"\n\x01")
            .chain_update(self.key.raw())
            .finalize();
        !self.is_named && self.key.kind() == Kind::Ed25519 && note_id.starts_with(hint)
    }

    /// Whether the key is trusted for what was made at `time`.
    pub(crate) fn is_trusted_at(&self, time: Timestamp) -> bool {
        self.window.is_none_or(|window| window.contains(time))
    }

    /// Whether the key's time has come by `time`; it may have ended since.
    pub(crate) fn has_started_by(&self, time: Timestamp) -> bool {
        self.window.is_none_or(|window| window.has_started_by(time))
    }
}

impl TrustMaterial {
    /// The root of Sigstore's public-good instance, as of this build.
    ///
    /// # Errors
    /// [`TrustError`] only where the build is broken; a test holds that it is not.
    pub fn public_good() -> Result<Self, TrustError> {
        Self::from_trusted_root(SIGSTORE_PRODUCTION_TRUSTED_ROOT)
    }

    /// Parses a `trusted_root.json`.
    ///
    /// # Errors
    /// [`TrustError`] where the file is too large, malformed, or holds a certificate that can't be read. Keys of
    /// algorithms that nothing here verifies are passed over, so that a root may name a log of tomorrow.
    pub fn from_trusted_root(json: &str) -> Result<Self, TrustError> {
        if json.len() > MOST_TRUSTED_ROOT_BYTES {
            return Err(TrustError::TooLarge);
        }
        let unreadable = |cause: String| TrustError::Unreadable(cause);
        let root = TrustedRoot::from_json(json).map_err(|cause| unreadable(cause.to_string()))?;
        let mut authorities = Vec::new();
        for authority in &root.certificate_authorities {
            let window = window(authority.valid_for).map_err(unreadable)?;
            for entry in &authority.cert_chain.certificates {
                let certificate = Certificate::from_der(entry.raw_bytes.as_bytes().to_vec())
                    .map_err(|cause| unreadable(cause.text))?;
                authorities.push(Anchor::new(&certificate, window).map_err(|cause| unreadable(cause.text))?);
            }
        }
        let timestamp_authorities = root.timestamp_authorities.iter().map(root_timestamp_authority);
        let timestamp_authorities = timestamp_authorities
            .collect::<Result<_, _>>()
            .map_err(unreadable)?;
        let log = |id: &sigstore_types::LogKeyId, spki: &DerPublicKey, range: Option<TimeRange>| {
            let window = match range {
                Some(range) => Some(Window::new(range)?),
                None => None,
            };
            // Older logs are written as a bare RSA key.
            let key = VerifyingKey::from_spki(spki.as_bytes())
                .or_else(|_| VerifyingKey::from_rsa_public_key(spki.as_bytes()))
                .ok()?;
            Some(LogKey {
                id: id.as_bytes().to_vec(),
                key,
                window,
                is_named: true,
            })
        };
        let signature_logs = root.tlogs.iter().filter_map(|entry| {
            log(
                &entry.log_id.key_id,
                &entry.public_key.raw_bytes,
                entry.public_key.valid_for,
            )
        });
        let certificate_logs = root.ctlogs.iter().filter_map(|entry| {
            log(
                &entry.log_id.key_id,
                &entry.public_key.raw_bytes,
                entry.public_key.valid_for,
            )
        });
        Ok(Self {
            authorities,
            signature_logs: signature_logs.collect(),
            certificate_logs: certificate_logs.collect(),
            timestamp_authorities,
            root,
            verifier: OnceLock::new(),
        })
    }
}

impl TrustMaterial {
    /// The library that verifies bundles whole against this root; prepared when first asked for.
    pub(crate) fn bundle_verifier(&self) -> Result<&SigstoreVerify, String> {
        self.verifier
            .get_or_init(|| SigstoreVerify::new(&self.root))
            .as_ref()
            .map_err(Clone::clone)
    }
}

/// Authorities out of a policy's PEM: every certificate in it is trusted (`roots`, `certChain` alone).
pub(crate) fn anchors(text: &str) -> Result<Vec<Anchor>, String> {
    let blocks = pem::blocks(text, pem::CERTIFICATE, usize::MAX)
        .map_err(|_| "error creating root cert pool".to_owned())?;
    if blocks.len() > MOST_CHAIN_CERTIFICATES {
        return Err(format!(
            "certificate chain too long ({}), maximum allowed is {MOST_CHAIN_CERTIFICATES}",
            blocks.len()
        ));
    }
    blocks
        .into_iter()
        .map(|der| Anchor::new(&Certificate::from_der(der)?, None))
        .collect::<Result<_, _>>()
        .map_err(|cause| cause.text)
}

/// A timestamp authority out of a policy's PEM, sorted as Kyverno sorts it: what is no authority signs timestamps, what
/// issued itself is the root, the rest stands between. Without a signer, tokens must carry its certificate.
pub(crate) fn timestamp_authority(text: &str) -> Result<TimestampAuthority, String> {
    let failed = |cause: String| format!("error splitting tsa certificates: {cause}");
    let blocks =
        pem::blocks(text, pem::CERTIFICATE, usize::MAX).map_err(|cause| failed(cause.to_string()))?;
    if blocks.len() > MOST_TSA_CERTIFICATES {
        return Err(format!(
            "TSA certificate chain contains too many certificates ({}), maximum allowed is {MOST_TSA_CERTIFICATES}",
            blocks.len()
        ));
    }
    let (mut signers, mut intermediates, mut roots) = (Vec::new(), Vec::new(), Vec::new());
    for der in blocks {
        let certificate = Certificate::from_der(der).map_err(|cause| failed(cause.text))?;
        if !certificate.is_authority() {
            signers.push(certificate);
        } else if certificate.is_self_issued() {
            roots.push(certificate);
        } else {
            intermediates.push(certificate);
        }
    }
    let signer = signers.pop();
    if !signers.is_empty() {
        return Err("certificate chain must contain at most one TSA certificate".to_owned());
    }
    // A signer alone is trusted by itself.
    if roots.is_empty() && intermediates.is_empty() {
        roots.extend(signer.clone());
    }
    Ok(TimestampAuthority::new(signer, intermediates, roots, None))
}

/// An authority of a trust root: its signer first, its root last; one certificate alone is both.
fn root_timestamp_authority(
    authority: &sigstore_trust_root::TimestampAuthority,
) -> Result<TimestampAuthority, String> {
    let certificates = authority.cert_chain.certificates.iter();
    let mut certificates = certificates
        .map(|entry| Certificate::from_der(entry.raw_bytes.as_bytes().to_vec()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|cause| cause.text)?;
    let root = certificates
        .pop()
        .ok_or("a timestamp authority has no certificate")?;
    let signer = if certificates.is_empty() {
        root.clone()
    } else {
        certificates.remove(0)
    };
    Ok(TimestampAuthority::new(
        Some(signer),
        certificates,
        vec![root],
        window(authority.valid_for)?,
    ))
}

fn window(range: Option<TimeRange>) -> Result<Option<Window>, String> {
    range
        .map(|range| Window::new(range).ok_or("a time in it is out of range".to_owned()))
        .transpose()
}

#[cfg(test)]
mod tests {
    use sigstore_trust_root::{SIGSTORE_GITHUB_TRUSTED_ROOT, SIGSTORE_STAGING_TRUSTED_ROOT};

    use super::*;

    #[test]
    fn the_roots_that_people_use_are_read_whole() {
        for json in [
            SIGSTORE_PRODUCTION_TRUSTED_ROOT,
            SIGSTORE_STAGING_TRUSTED_ROOT,
            SIGSTORE_GITHUB_TRUSTED_ROOT,
        ] {
            let (trust, root) = (
                TrustMaterial::from_trusted_root(json).unwrap(),
                TrustedRoot::from_json(json).unwrap(),
            );
            assert_eq!(trust.signature_logs.len(), root.tlogs.len());
            assert_eq!(trust.certificate_logs.len(), root.ctlogs.len());
            assert_eq!(
                trust.timestamp_authorities.len(),
                root.timestamp_authorities.len()
            );
            assert!(trust.bundle_verifier().is_ok());
        }
        assert!(TrustMaterial::public_good().is_ok());
    }

    #[test]
    fn a_root_that_is_none_is_an_error() {
        assert!(TrustMaterial::from_trusted_root("{}").is_err());
        let large = " ".repeat(MOST_TRUSTED_ROOT_BYTES + 1);
        assert_eq!(
            TrustMaterial::from_trusted_root(&large).unwrap_err(),
            TrustError::TooLarge
        );
    }
}
