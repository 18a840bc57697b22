//! Public keys and the signatures they verify.
//!
//! In: a `SubjectPublicKeyInfo` as PEM or DER, the digest algorithm demanded, a message and a signature. Out: verified, or
//! why not, in the words Kyverno's library uses. Curves P-256, P-384 and P-521 (ASN.1 signatures), RSA of 2048 to 8192
//! bits (PKCS#1 v1.5), Ed25519 (pure). Never: private keys, the clock.

use aws_lc_rs::digest::{self, Digest};
use aws_lc_rs::signature::{
    self as algorithms, ParsedPublicKey, RsaParameters, UnparsedPublicKey, VerificationAlgorithm,
};
use der::asn1::{AnyRef, BitStringRef, ObjectIdentifier};
use der::{Decode as _, Encode as _};
use image_trust::DigestAlgorithm;
use sha2::{Digest as _, Sha224, Sha256};
use spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};

use crate::pem::{self, PemError};

const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// Why a key can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KeyError {
    /// The text holds no public key.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// Not a `SubjectPublicKeyInfo`.
    #[error("the key is no valid SubjectPublicKeyInfo")]
    Encoding,
    /// An algorithm that nothing here verifies.
    #[error("keys of algorithm {0} are not supported")]
    Algorithm(String),
}

/// Why the public keys in `pem` can't verify anything: one of them is broken, or of an algorithm that is not verified.
/// None where all of them can. Pure; for whoever reads policies, long before an image is judged.
#[must_use]
pub fn public_key_fault(pem: &str) -> Option<String> {
    let keys = match pem::blocks(pem, pem::PUBLIC_KEY, usize::MAX) {
        Ok(keys) => keys,
        Err(PemError::Missing(_)) => {
            let usable = VerifyingKey::from_pem(pem).and_then(|key| key.usable());
            return usable.err().map(|cause| cause.to_string());
        }
        Err(cause) => return Some(cause.to_string()),
    };
    let several = keys.len() > 1;
    keys.iter().enumerate().find_map(|(index, spki)| {
        let usable = VerifyingKey::from_spki(spki).and_then(|key| key.usable());
        let which = if several {
            format!("key {}: ", index.saturating_add(1))
        } else {
            String::new()
        };
        usable.err().map(|cause| format!("{which}{cause}"))
    })
}

/// Why a signature does not verify; the texts are those of Kyverno's library, as users search for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SignatureError {
    /// ECDSA, well-formed, made by another key or over other bytes.
    #[error("invalid signature when validating ASN.1 encoded signature")]
    Ecdsa,
    /// ECDSA demanded, and the bytes are no ASN.1 signature.
    #[error("ecdsa: Invalid IEEE_P1363 encoded bytes")]
    EcdsaEncoding,
    /// RSA.
    #[error("crypto/rsa: verification error")]
    Rsa,
    /// Ed25519.
    #[error("failed to verify signature")]
    Ed25519,
    /// This key and this digest algorithm don't go together.
    #[error("a signature of this key type can't be made with the digest algorithm demanded")]
    Unsupported,
}

/// What kind of key it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// NIST P-256
    P256,
    /// NIST P-384
    P384,
    /// NIST P-521
    P521,
    /// RSA
    Rsa,
    /// Ed25519
    Ed25519,
}

/// A public key that verifies signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VerifyingKey {
    kind: Kind,
    /// The `SubjectPublicKeyInfo`, DER.
    spki: Vec<u8>,
    /// What the primitive wants: a curve point, an `RSAPublicKey`, 32 bytes.
    raw: Vec<u8>,
}

impl VerifyingKey {
    /// The first `PUBLIC KEY` block of `pem`, or its first `RSA PUBLIC KEY`.
    pub(crate) fn from_pem(pem: &str) -> Result<Self, KeyError> {
        let first = |label| pem::blocks(pem, label, usize::MAX).map(|blocks| blocks.into_iter().next());
        match (first(pem::PUBLIC_KEY), first(pem::RSA_PUBLIC_KEY)) {
            (Ok(Some(spki)), _) => Self::from_spki(&spki),
            (_, Ok(Some(key))) => Self::from_rsa_public_key(&key),
            (Err(cause), _) => Err(cause.into()),
            (Ok(None), _) => Err(PemError::Missing(pem::PUBLIC_KEY).into()),
        }
    }

    /// Whether the key is one that can verify at all: its point on its curve, its modulus of a size that is taken.
    fn usable(&self) -> Result<(), KeyError> {
        let algorithm: &'static dyn VerificationAlgorithm = match self.kind {
            Kind::P256 => &algorithms::ECDSA_P256_SHA256_ASN1,
            Kind::P384 => &algorithms::ECDSA_P384_SHA384_ASN1,
            Kind::P521 => &algorithms::ECDSA_P521_SHA512_ASN1,
            Kind::Rsa => &algorithms::RSA_PKCS1_2048_8192_SHA256,
            Kind::Ed25519 => &algorithms::ED25519,
        };
        match ParsedPublicKey::new(algorithm, &self.raw) {
            Ok(_) => Ok(()),
            Err(_) => Err(KeyError::Encoding),
        }
    }

    /// An `RSAPublicKey` of PKCS#1, DER.
    pub(crate) fn from_rsa_public_key(der: &[u8]) -> Result<Self, KeyError> {
        let key = BitStringRef::from_bytes(der).map_err(|_| KeyError::Encoding)?;
        let algorithm = AlgorithmIdentifierRef {
            oid: RSA,
            parameters: Some(AnyRef::NULL),
        };
        let spki = SubjectPublicKeyInfoRef {
            algorithm,
            subject_public_key: key,
        };
        RsaParameters::public_modulus_len(der).map_err(|_| KeyError::Encoding)?;
        Self::from_spki(&spki.to_der().map_err(|_| KeyError::Encoding)?)
    }

    /// A `SubjectPublicKeyInfo`, DER.
    pub(crate) fn from_spki(spki: &[u8]) -> Result<Self, KeyError> {
        let parsed = SubjectPublicKeyInfoRef::from_der(spki).map_err(|_| KeyError::Encoding)?;
        let raw = parsed.subject_public_key.as_bytes().ok_or(KeyError::Encoding)?;
        let kind = if parsed.algorithm.oid == EC {
            let curve = parsed
                .algorithm
                .parameters_oid()
                .map_err(|_| KeyError::Encoding)?;
            match curve {
                P256 => Kind::P256,
                P384 => Kind::P384,
                P521 => Kind::P521,
                other => return Err(KeyError::Algorithm(other.to_string())),
            }
        } else if parsed.algorithm.oid == RSA {
            Kind::Rsa
        } else if parsed.algorithm.oid == ED25519 {
            Kind::Ed25519
        } else {
            return Err(KeyError::Algorithm(parsed.algorithm.oid.to_string()));
        };
        Ok(Self {
            kind,
            spki: spki.to_vec(),
            raw: raw.to_vec(),
        })
    }

    /// The `SubjectPublicKeyInfo`, DER.
    pub(crate) fn spki(&self) -> &[u8] {
        &self.spki
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// What the primitive wants: a curve point, an `RSAPublicKey`, 32 bytes.
    pub(crate) fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// SHA-256 of the `SubjectPublicKeyInfo`: the identifier that transparency logs use.
    pub(crate) fn id(&self) -> [u8; 32] {
        Sha256::digest(&self.spki).into()
    }

    /// The key for people: `key SHA256:1f0c…`.
    pub(crate) fn shown(&self) -> String {
        let id = hex::encode(self.id());
        format!("key SHA256:{}", id.get(..16).unwrap_or(&id))
    }

    /// The digest algorithm that signers choose for this key when nobody says otherwise.
    pub(crate) fn usual_digest(&self) -> DigestAlgorithm {
        match self.kind {
            Kind::P384 => DigestAlgorithm::Sha384,
            Kind::P521 | Kind::Ed25519 => DigestAlgorithm::Sha512,
            Kind::P256 | Kind::Rsa => DigestAlgorithm::Sha256,
        }
    }

    /// Verifies `signature` over `message`, hashed with `digest` (Ed25519 hashes by itself).
    pub(crate) fn verify(
        &self,
        digest: DigestAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), SignatureError> {
        if self.kind == Kind::Ed25519 {
            let key = UnparsedPublicKey::new(&algorithms::ED25519, &self.raw);
            return key
                .verify(message, signature)
                .map_err(|_| SignatureError::Ed25519);
        }
        match digest {
            DigestAlgorithm::Sha224 => self.verify_sha224(Sha224::digest(message).as_slice(), signature),
            DigestAlgorithm::Sha256 => {
                self.verify_digest(&digest::digest(&digest::SHA256, message), signature)
            }
            DigestAlgorithm::Sha384 => {
                self.verify_digest(&digest::digest(&digest::SHA384, message), signature)
            }
            DigestAlgorithm::Sha512 => {
                self.verify_digest(&digest::digest(&digest::SHA512, message), signature)
            }
        }
    }

    /// Verifies `signature` over a message of which only the SHA-256 digest is at hand.
    pub(crate) fn verify_sha256(&self, sha256: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        let digest =
            Digest::import_less_safe(sha256, &digest::SHA256).map_err(|_| SignatureError::Unsupported)?;
        self.verify_digest(&digest, signature)
    }

    fn verify_digest(&self, digest: &Digest, signature: &[u8]) -> Result<(), SignatureError> {
        let algorithm = self
            .algorithm_for(digest.algorithm())
            .ok_or(SignatureError::Unsupported)?;
        self.check(algorithm, digest, signature)
    }

    /// ECDSA reads a digest as a number, so that 28 bytes behind four zero bytes are the same number as the 28 bytes;
    /// RSA names the algorithm inside the signature, which the library at hand can't for SHA-224.
    fn verify_sha224(&self, sha224: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        let (algorithm, padded): (&'static dyn VerificationAlgorithm, _) = match self.kind {
            Kind::P256 => (&algorithms::ECDSA_P256_SHA256_ASN1, true),
            Kind::P384 => (&algorithms::ECDSA_P384_SHA256_ASN1, true),
            Kind::P521 => (&algorithms::ECDSA_P521_SHA224_ASN1, false),
            Kind::Rsa | Kind::Ed25519 => return Err(SignatureError::Unsupported),
        };
        let digest = if padded {
            let mut number = vec![0; 4];
            number.extend_from_slice(sha224);
            Digest::import_less_safe(&number, &digest::SHA256)
        } else {
            Digest::import_less_safe(sha224, &digest::SHA224)
        };
        self.check(
            algorithm,
            &digest.map_err(|_| SignatureError::Unsupported)?,
            signature,
        )
    }

    fn check(
        &self,
        algorithm: &'static dyn VerificationAlgorithm,
        digest: &Digest,
        signature: &[u8],
    ) -> Result<(), SignatureError> {
        UnparsedPublicKey::new(algorithm, &self.raw)
            .verify_digest(digest, signature)
            .map_err(|_| match self.kind {
                Kind::Rsa => SignatureError::Rsa,
                Kind::Ed25519 => SignatureError::Ed25519,
                Kind::P256 | Kind::P384 | Kind::P521 if is_two_integers(signature) => SignatureError::Ecdsa,
                Kind::P256 | Kind::P384 | Kind::P521 => SignatureError::EcdsaEncoding,
            })
    }

    fn algorithm_for(
        &self,
        digest: &'static digest::Algorithm,
    ) -> Option<&'static dyn VerificationAlgorithm> {
        let size_bytes = digest.output_len();
        Some(match (self.kind, size_bytes) {
            (Kind::P256, 32) => &algorithms::ECDSA_P256_SHA256_ASN1,
            (Kind::P256, 48) => &algorithms::ECDSA_P256_SHA384_ASN1,
            (Kind::P256, 64) => &algorithms::ECDSA_P256_SHA512_ASN1,
            (Kind::P384, 32) => &algorithms::ECDSA_P384_SHA256_ASN1,
            (Kind::P384, 48) => &algorithms::ECDSA_P384_SHA384_ASN1,
            (Kind::P384, 64) => &algorithms::ECDSA_P384_SHA512_ASN1,
            (Kind::P521, 32) => &algorithms::ECDSA_P521_SHA256_ASN1,
            (Kind::P521, 48) => &algorithms::ECDSA_P521_SHA384_ASN1,
            (Kind::P521, 64) => &algorithms::ECDSA_P521_SHA512_ASN1,
            (Kind::Rsa, 32) => &algorithms::RSA_PKCS1_2048_8192_SHA256,
            (Kind::Rsa, 48) => &algorithms::RSA_PKCS1_2048_8192_SHA384,
            (Kind::Rsa, 64) => &algorithms::RSA_PKCS1_2048_8192_SHA512,
            (Kind::P256 | Kind::P384 | Kind::P521 | Kind::Rsa | Kind::Ed25519, _) => return None,
        })
    }
}

/// Whether the bytes are an ASN.1 sequence of two integers, as an ECDSA signature is.
fn is_two_integers(signature: &[u8]) -> bool {
    let Ok(der::asn1::AnyRef { .. }) = der::asn1::AnyRef::from_der(signature) else {
        return false;
    };
    der::SliceReader::new(signature)
        .and_then(|mut reader| {
            use der::Reader as _;
            reader.sequence(|inner| {
                inner.decode::<der::asn1::UintRef<'_>>()?;
                inner.decode::<der::asn1::UintRef<'_>>()
            })
        })
        .is_ok()
}

#[cfg(test)]
mod tests;
