//! With what something is signed: a key, or a key with a certificate.

use super::fulcio::Credential;
use crate::keys::SigningKey;

/// With what something is signed.
#[derive(Clone, Copy, Debug)]
pub enum Signer<'a> {
    /// A key that the verifier knows.
    Key(&'a SigningKey),
    /// A key that a certificate vouches for.
    Certificate(&'a Credential),
}

impl Signer<'_> {
    /// The private key.
    #[must_use]
    pub fn key(&self) -> &SigningKey {
        match self {
            Self::Key(key) => key,
            Self::Certificate(credential) => &credential.key,
        }
    }

    /// What a log entry names as the verifier: the public key or the certificate.
    #[must_use]
    pub fn pem(&self) -> String {
        match self {
            Self::Key(key) => key.public_pem(),
            Self::Certificate(credential) => credential.certificate.pem(),
        }
    }
}
