//! Throw-away keys of every kind that signs images, and what they sign.
//!
//! In: bytes. Out: signatures as cosign makes them with such a key (P-384 over SHA-384, P-521 over SHA-512, RSA by
//! PKCS#1 v1.5), or as JOSE wants them. Keys are random; nothing here is fit for anything but rehearsal.

use std::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use crate::error::RehearsalError;
use crate::pem;

/// Which kind of key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// ECDSA over P-256 with SHA-256: cosign's own.
    P256,
    /// ECDSA over P-384 with SHA-384.
    P384,
    /// ECDSA over P-521 with SHA-512.
    P521,
    /// RSA of 2048 bits with SHA-256.
    Rsa2048,
    /// RSA of 3072 bits; PKCS#1 v1.5 with SHA-256, PSS with SHA-384 as notation uses it.
    Rsa3072,
    /// Pure Ed25519.
    Ed25519,
}

impl Algorithm {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::P256,
        Self::P384,
        Self::P521,
        Self::Rsa2048,
        Self::Rsa3072,
        Self::Ed25519,
    ];
}

enum Pair {
    /// The same key twice: signatures in DER, and as r‖s.
    Ecdsa(EcdsaKeyPair, EcdsaKeyPair),
    Rsa(RsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// A private key and its public half.
pub struct SigningKey {
    algorithm: Algorithm,
    pair: Pair,
    public: Vec<u8>,
    private: Vec<u8>,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SigningKey")
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

impl SigningKey {
    /// A fresh random key. RSA takes a tenth of a second or more.
    ///
    /// # Errors
    /// [`RehearsalError::Crypto`] where the library has no randomness.
    pub fn generate(algorithm: Algorithm) -> Result<Self, RehearsalError> {
        let failed = |_| RehearsalError::Crypto("generate a key");
        let (pair, public, private) = match algorithm {
            Algorithm::P256 => ecdsa(
                &signature::ECDSA_P256_SHA256_ASN1_SIGNING,
                &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
            )?,
            Algorithm::P384 => ecdsa(
                &signature::ECDSA_P384_SHA384_ASN1_SIGNING,
                &signature::ECDSA_P384_SHA384_FIXED_SIGNING,
            )?,
            Algorithm::P521 => ecdsa(
                &signature::ECDSA_P521_SHA512_ASN1_SIGNING,
                &signature::ECDSA_P521_SHA512_FIXED_SIGNING,
            )?,
            Algorithm::Rsa2048 | Algorithm::Rsa3072 => {
                let size = if algorithm == Algorithm::Rsa2048 {
                    KeySize::Rsa2048
                } else {
                    KeySize::Rsa3072
                };
                let pair = RsaKeyPair::generate(size).map_err(failed)?;
                let public: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(failed)?;
                let private: Pkcs8V1Der<'_> = pair.as_der().map_err(failed)?;
                let (public, private) = (public.as_ref().to_vec(), private.as_ref().to_vec());
                (Pair::Rsa(pair), public, private)
            }
            Algorithm::Ed25519 => {
                let pair = Ed25519KeyPair::generate().map_err(failed)?;
                let public: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(failed)?;
                let private: Pkcs8V1Der<'_> = pair.as_der().map_err(failed)?;
                let (public, private) = (public.as_ref().to_vec(), private.as_ref().to_vec());
                (Pair::Ed25519(pair), public, private)
            }
        };
        Ok(Self {
            algorithm,
            pair,
            public,
            private,
        })
    }

    /// Which kind this is.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The public half: `SubjectPublicKeyInfo` in DER.
    #[must_use]
    pub fn public_der(&self) -> &[u8] {
        &self.public
    }

    /// The public half as cosign writes `cosign.pub`.
    #[must_use]
    pub fn public_pem(&self) -> String {
        pem::encode("PUBLIC KEY", &self.public)
    }

    /// The private half, unencrypted PKCS#8; `cosign import-key-pair` takes it.
    #[must_use]
    pub fn private_pem(&self) -> String {
        pem::encode("PRIVATE KEY", &self.private)
    }

    /// SHA-256 of [`Self::public_der`]: the id of a log with this key.
    #[must_use]
    pub fn key_id(&self) -> [u8; 32] {
        Sha256::digest(&self.public).into()
    }

    /// What cosign writes as `publicKey.hint` in a bundle: [`Self::key_id`] in base64.
    #[must_use]
    pub fn hint(&self) -> String {
        STANDARD.encode(self.key_id())
    }

    /// Signs `message` as cosign does with such a key: ECDSA in DER, RSA by PKCS#1 v1.5, Ed25519 pure.
    ///
    /// # Errors
    /// [`RehearsalError::Crypto`] where the library refuses.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, RehearsalError> {
        let failed = |_| RehearsalError::Crypto("sign");
        match &self.pair {
            Pair::Ecdsa(pair, _) => Ok(pair
                .sign(&SystemRandom::new(), message)
                .map_err(failed)?
                .as_ref()
                .to_vec()),
            Pair::Rsa(pair) => rsa(pair, &signature::RSA_PKCS1_SHA256, message),
            Pair::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
        }
    }

    /// Signs `message` as JOSE and COSE want it: ECDSA as r‖s, RSA by PSS (SHA-256 for 2048 bits, SHA-384 for 3072).
    ///
    /// # Errors
    /// [`RehearsalError::Crypto`] where the library refuses.
    pub fn sign_jose(&self, message: &[u8]) -> Result<Vec<u8>, RehearsalError> {
        let failed = |_| RehearsalError::Crypto("sign");
        match &self.pair {
            Pair::Ecdsa(_, pair) => Ok(pair
                .sign(&SystemRandom::new(), message)
                .map_err(failed)?
                .as_ref()
                .to_vec()),
            Pair::Rsa(pair) if self.algorithm == Algorithm::Rsa3072 => {
                rsa(pair, &signature::RSA_PSS_SHA384, message)
            }
            Pair::Rsa(pair) => rsa(pair, &signature::RSA_PSS_SHA256, message),
            Pair::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
        }
    }
}

fn ecdsa(
    der: &'static EcdsaSigningAlgorithm,
    fixed: &'static EcdsaSigningAlgorithm,
) -> Result<(Pair, Vec<u8>, Vec<u8>), RehearsalError> {
    let failed = |_| RehearsalError::Crypto("generate a key");
    let pair = EcdsaKeyPair::generate(der).map_err(failed)?;
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(failed)?;
    let private = pair.to_pkcs8v1().map_err(failed)?.as_ref().to_vec();
    let twin =
        EcdsaKeyPair::from_pkcs8(fixed, &private).map_err(|_| RehearsalError::Crypto("read back a key"))?;
    let public = public.as_ref().to_vec();
    Ok((Pair::Ecdsa(pair, twin), public, private))
}

fn rsa(
    pair: &RsaKeyPair,
    padding: &'static dyn signature::RsaEncoding,
    message: &[u8],
) -> Result<Vec<u8>, RehearsalError> {
    let mut signed = vec![0; pair.public_modulus_len()];
    pair.sign(padding, &SystemRandom::new(), message, &mut signed)
        .map_err(|_| RehearsalError::Crypto("sign"))?;
    Ok(signed)
}

#[cfg(test)]
mod tests {
    use sigstore_crypto::VerificationKey;
    use sigstore_types::{DerPublicKey, SignatureBytes};

    use super::*;

    #[test]
    fn an_independent_verifier_accepts_each_signature_and_no_other_message() {
        // P-521 is left out: the verifier this is held against does not know the curve.
        for algorithm in Algorithm::ALL
            .into_iter()
            .filter(|algorithm| *algorithm != Algorithm::P521)
        {
            let key = SigningKey::generate(algorithm).unwrap();
            let verifier = VerificationKey::from_spki(&DerPublicKey::from_bytes(key.public_der())).unwrap();
            let signature = SignatureBytes::from_bytes(&key.sign(b"message").unwrap());
            assert!(verifier.verify(b"message", &signature).is_ok(), "{algorithm:?}");
            assert!(verifier.verify(b"messagf", &signature).is_err(), "{algorithm:?}");
        }
    }
}
