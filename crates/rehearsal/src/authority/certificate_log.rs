//! A certificate transparency log that promises and never shows: signed certificate timestamps (SCTs).
//!
//! Source: RFC 6962 §3.2, §3.3.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use der::asn1::OctetString;
use der::oid::ObjectIdentifier;
use sha2::{Digest as _, Sha256};
use x509_cert::ext::Extension;

use crate::error::RehearsalError;
use crate::keys::{Algorithm, SigningKey};
use crate::x509::extension;

/// Where a certificate carries its SCTs.
const EMBEDDED_SCTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.11129.2.4.2");
/// `ecdsa` with `sha256` in the numbers of TLS 1.2.
const ECDSA_SHA256: [u8; 2] = [4, 3];

/// A certificate log's key.
#[derive(Debug)]
pub struct CertificateLog {
    key: SigningKey,
}

impl CertificateLog {
    /// A log with a fresh P-256 key.
    ///
    /// # Errors
    /// [`RehearsalError::Crypto`] where the library has no randomness.
    pub fn new() -> Result<Self, RehearsalError> {
        Ok(Self {
            key: SigningKey::generate(Algorithm::P256)?,
        })
    }

    /// The log's key; its [`SigningKey::key_id`] is the log's id.
    #[must_use]
    pub fn key(&self) -> &SigningKey {
        &self.key
    }

    /// The extension that carries this log's promise for a certificate to be issued by `issuer_public`.
    pub(super) fn promise(
        &self,
        to_be_signed: &[u8],
        issuer_public: &[u8],
        at: SystemTime,
    ) -> Result<Extension, RehearsalError> {
        let promise = self.sign(to_be_signed, issuer_public, at)?;
        let sct = [
            &[0][..],
            &self.key.key_id(),
            &promise.milliseconds.to_be_bytes(),
            &[0, 0],
            &promise.signature()?,
        ]
        .concat();
        let list = vector(&vector(&sct)?)?;
        let octets = OctetString::new(list).map_err(RehearsalError::der("an SCT list"))?;
        extension(EMBEDDED_SCTS, false, &octets)
    }

    /// Signs that the certificate `to_be_signed`, to be issued by `issuer_public`, is logged.
    pub(super) fn sign(
        &self,
        to_be_signed: &[u8],
        issuer_public: &[u8],
        at: SystemTime,
    ) -> Result<Promise, RehearsalError> {
        let since = at.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let milliseconds = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        let too_long = |_| RehearsalError::Crypto("promise a certificate of more than 16 MiB");
        let length = u32::try_from(to_be_signed.len()).map_err(too_long)?.to_be_bytes();
        let signed = [
            &[0, 0][..], // version 1, certificate timestamp
            &milliseconds.to_be_bytes(),
            &[0, 1], // entry of a precertificate
            &Sha256::digest(issuer_public),
            length.get(1..).unwrap_or_default(),
            to_be_signed,
            &[0, 0], // no extensions
        ]
        .concat();
        Ok(Promise {
            milliseconds,
            raw: self.key.sign(&signed)?,
        })
    }
}

/// A signed certificate timestamp without its log's name.
pub(super) struct Promise {
    /// When, in milliseconds since 1970.
    pub(super) milliseconds: u64,
    raw: Vec<u8>,
}

impl Promise {
    /// The signature as TLS writes it: algorithm, length, signature.
    pub(super) fn signature(&self) -> Result<Vec<u8>, RehearsalError> {
        Ok([&ECDSA_SHA256[..], &vector(&self.raw)?].concat())
    }
}

/// A TLS vector with a length of two octets.
fn vector(bytes: &[u8]) -> Result<Vec<u8>, RehearsalError> {
    let length = u16::try_from(bytes.len()).map_err(|_| RehearsalError::Crypto("write an SCT"))?;
    Ok([&length.to_be_bytes()[..], bytes].concat())
}
