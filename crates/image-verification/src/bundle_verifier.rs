//! Whole-bundle verification against a trust root, by a library that the Sigstore conformance suite has proven.
//!
//! In: a bundle, what it must be about, who may have signed (a key, or any certificate of the root). Out: the signing
//! certificate and the proven times. The library stands behind [`BundleVerifier`], so that it can be replaced and a test
//! can ask it for a second opinion; identities are compared by this crate, which knows more kinds of names.

use image_trust::ReasonCode;
use jiff::Timestamp;
use sigstore_trust_root::TrustedRoot;
use sigstore_types::{Artifact, Bundle, DerPublicKey, Sha256Hash};
use sigstore_verify::bundle::Error as Structure;
use sigstore_verify::{CertificateError, Error, PublicKeyVerificationPolicy, VerificationPolicy, Verifier};

use crate::certificate::Certificate;
use crate::rejection::Rejection;

/// What a bundle must be about.
#[derive(Debug, Clone, Copy)]
pub enum SignedArtifact<'a> {
    /// The signed bytes.
    Bytes(&'a [u8]),
    /// Their SHA-256.
    Sha256([u8; 32]),
}

/// Who may have signed a bundle, before identities are compared.
#[derive(Debug, Clone, Copy)]
pub(crate) enum BundleSigner<'a> {
    /// This key, `SubjectPublicKeyInfo` in DER.
    Key(&'a [u8]),
    /// A certificate of the trust root's authorities.
    AnyCertificate,
}

/// What a verified bundle proves.
#[derive(Debug)]
pub(crate) struct VerifiedBundle {
    /// The certificate that signed; none where a key did.
    pub(crate) certificate: Option<Certificate>,
    /// The times proven.
    pub(crate) times: Vec<Timestamp>,
}

/// Verifies a bundle whole: signature, log, certificate, SCT and timestamps, against one trust root.
pub(crate) trait BundleVerifier {
    /// Verifies `json` over `artifact`, or says why not.
    fn verify(
        &self,
        json: &str,
        artifact: SignedArtifact<'_>,
        signer: BundleSigner<'_>,
    ) -> Result<VerifiedBundle, Rejection>;
}

/// The library `sigstore-verify`.
pub(crate) struct SigstoreVerify(Verifier);

impl SigstoreVerify {
    /// Prepares the root; one that the library can't use is an error.
    pub(crate) fn new(root: &TrustedRoot) -> Result<Self, String> {
        Verifier::new(root).map(Self).map_err(|cause| cause.to_string())
    }
}

impl BundleVerifier for SigstoreVerify {
    fn verify(
        &self,
        json: &str,
        artifact: SignedArtifact<'_>,
        signer: BundleSigner<'_>,
    ) -> Result<VerifiedBundle, Rejection> {
        let bundle = Bundle::from_json(json).map_err(|cause| Rejection::malformed(cause.to_string()))?;
        let artifact = match artifact {
            SignedArtifact::Bytes(bytes) => Artifact::from(bytes),
            SignedArtifact::Sha256(digest) => Artifact::from(Sha256Hash::new(digest)),
        };
        let verified = match signer {
            BundleSigner::Key(spki) => {
                let key = DerPublicKey::new(spki.to_vec());
                self.0
                    .verify(artifact, &bundle, &PublicKeyVerificationPolicy::new(key))
            }
            BundleSigner::AnyCertificate => {
                self.0
                    .verify(artifact, &bundle, &VerificationPolicy::any_identity())
            }
        }
        .map_err(|cause| Rejection::new(code_of(&cause), cause.to_string()))?;
        let proves_all = verified.tlog_verified()
            && match signer {
                BundleSigner::Key(_) => true,
                BundleSigner::AnyCertificate => verified.certificate_verified() && verified.sct_verified(),
            };
        if !proves_all {
            return Err(Rejection::malformed("the bundle was not verified whole"));
        }
        let certificate = match (signer, bundle.signing_certificate()) {
            (BundleSigner::AnyCertificate, Some(der)) => {
                Some(Certificate::from_der(der.as_bytes().to_vec())?)
            }
            (BundleSigner::AnyCertificate, None) => {
                return Err(Rejection::malformed("the bundle has no certificate"));
            }
            (BundleSigner::Key(_), _) => None,
        };
        let times = verified
            .verified_timestamps()
            .iter()
            .map(|time| Timestamp::from_nanosecond(time.as_nanosecond()))
            .collect::<Result<_, _>>()
            .map_err(|cause| Rejection::new(ReasonCode::TimestampInvalid, cause.to_string()))?;
        Ok(VerifiedBundle { certificate, times })
    }
}

/// What the library found wanting.
fn code_of(cause: &Error) -> ReasonCode {
    match cause {
        Error::IdentityMismatch { .. } | Error::IssuerMismatch { .. } => ReasonCode::WrongIdentity,
        Error::SignatureInvalid(_) | Error::Crypto(_) => ReasonCode::WrongSigner,
        Error::ArtifactMismatch(_) => ReasonCode::DigestMismatch,
        Error::Certificate(cause) => code_of_certificate(cause),
        Error::TransparencyLog(_) => ReasonCode::LogMissing,
        Error::Timestamp(_) => ReasonCode::TimestampInvalid,
        Error::Bundle(cause) => code_of_structure(cause),
        Error::InvalidTrustRoot(_) | Error::TrustRoot(_) | Error::TrustedCertificate(_) => {
            ReasonCode::PolicyError
        }
        Error::UnsupportedArtifact(_)
        | Error::InvalidBundle(_)
        | Error::UnsupportedBundle(_)
        | Error::Types(_)
        | Error::ArtifactRead(_)
        | _ => ReasonCode::Malformed,
    }
}

fn code_of_certificate(cause: &CertificateError) -> ReasonCode {
    match cause {
        CertificateError::NotYetValid { .. } | CertificateError::Expired { .. } => ReasonCode::Expired,
        CertificateError::Sct(_) => ReasonCode::SctMissing,
        // The trust root holds no authority of that time: it says nothing of when the signer's certificate ends.
        CertificateError::NoValidAuthority { .. } | CertificateError::ChainInvalid(_) => {
            ReasonCode::UntrustedCertificate
        }
        CertificateError::Malformed(_) | _ => ReasonCode::Malformed,
    }
}

fn code_of_structure(cause: &Structure) -> ReasonCode {
    match cause {
        // Of the two that would prove a time, a signer can always have the log.
        Structure::MissingSigningTimeEvidence
        | Structure::MissingInclusionPromise(_)
        | Structure::MissingInclusionProof(_)
        | Structure::MissingCheckpoint
        | Structure::LogIndexOutOfRange { .. }
        | Structure::CheckpointRootMismatch => ReasonCode::LogMissing,
        Structure::MissingTimestamp => ReasonCode::TimestampInvalid,
        Structure::UnsupportedMediaType(_)
        | Structure::UnsupportedVerificationMaterial
        | Structure::CertificateChainNotAllowed(_)
        | _ => ReasonCode::Malformed,
    }
}

impl std::fmt::Debug for SigstoreVerify {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigstoreVerify")
    }
}
