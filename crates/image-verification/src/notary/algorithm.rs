//! Signature algorithms of the Notary Project: the key alone decides which.
//!
//! RSA of 2048, 3072 or 4096 bits signs PS256, PS384 or PS512; P-256, P-384 or P-521 sign ES256, ES384 or ES512 with both
//! numbers in fixed size. No other key signs, and no header can choose. Specification: notaryproject/specifications,
//! signature-specification.md, "Signature Algorithm Requirements".

use aws_lc_rs::signature::{self as algorithms, RsaParameters, UnparsedPublicKey, VerificationAlgorithm};

use crate::key::{Kind, VerifyingKey};

/// The one algorithm that a key signs with.
#[derive(Clone, Copy)]
pub(crate) struct NotaryAlgorithm {
    /// As JWS names it.
    pub(crate) jws: &'static str,
    /// As COSE numbers it.
    pub(crate) cose: i64,
    algorithm: &'static dyn VerificationAlgorithm,
}

impl NotaryAlgorithm {
    /// The algorithm of `key`; none where the key is of a kind or size that may not sign.
    pub(crate) fn of(key: &VerifyingKey) -> Option<Self> {
        let (jws, cose, algorithm): (_, _, &'static dyn VerificationAlgorithm) = match key.kind() {
            Kind::P256 => ("ES256", -7, &algorithms::ECDSA_P256_SHA256_FIXED),
            Kind::P384 => ("ES384", -35, &algorithms::ECDSA_P384_SHA384_FIXED),
            Kind::P521 => ("ES512", -36, &algorithms::ECDSA_P521_SHA512_FIXED),
            Kind::Rsa => match RsaParameters::public_modulus_len(key.raw()).ok()? {
                2048 => ("PS256", -37, &algorithms::RSA_PSS_2048_8192_SHA256),
                3072 => ("PS384", -38, &algorithms::RSA_PSS_2048_8192_SHA384),
                4096 => ("PS512", -39, &algorithms::RSA_PSS_2048_8192_SHA512),
                _ => return None,
            },
            Kind::Ed25519 => return None,
        };
        Some(Self { jws, cose, algorithm })
    }

    /// Whether `key` made `signature` over `message` with this algorithm.
    pub(crate) fn verifies(&self, key: &VerifyingKey, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(self.algorithm, key.raw())
            .verify(message, signature)
            .is_ok()
    }
}
