//! Whole-bundle verification against a trust root, by a library that the Sigstore conformance suite has proven.
//!
//! In: a bundle, what it must be about, who may have signed (a key, or any certificate of the root). Out: the signing
//! certificate and the proven times. The library stands behind [`BundleVerifier`], so that it can be replaced and a test
//! can ask it for a second opinion; identities are compared by this crate, which knows more kinds of names.

use jiff::Timestamp;
use sigstore_trust_root::TrustedRoot;
use sigstore_types::{Artifact, Bundle, DerPublicKey, Sha256Hash};
use sigstore_verify::{PublicKeyVerificationPolicy, VerificationPolicy, Verifier};

use crate::certificate::Certificate;

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
    /// Verifies `json` over `artifact`, or says in one line why not.
    fn verify(
        &self,
        json: &str,
        artifact: SignedArtifact<'_>,
        signer: BundleSigner<'_>,
    ) -> Result<VerifiedBundle, String>;
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
    ) -> Result<VerifiedBundle, String> {
        let bundle = Bundle::from_json(json).map_err(|cause| cause.to_string())?;
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
        .map_err(|cause| cause.to_string())?;
        let proves_all = verified.tlog_verified()
            && match signer {
                BundleSigner::Key(_) => true,
                BundleSigner::AnyCertificate => verified.certificate_verified() && verified.sct_verified(),
            };
        if !proves_all {
            return Err("the bundle was not verified whole".to_owned());
        }
        let certificate = match (signer, bundle.signing_certificate()) {
            (BundleSigner::AnyCertificate, Some(der)) => {
                Some(Certificate::from_der(der.as_bytes().to_vec()).map_err(|cause| cause.text)?)
            }
            (BundleSigner::AnyCertificate, None) => return Err("the bundle has no certificate".to_owned()),
            (BundleSigner::Key(_), _) => None,
        };
        let times = verified
            .verified_timestamps()
            .iter()
            .map(|time| Timestamp::from_nanosecond(time.as_nanosecond()))
            .collect::<Result<_, _>>()
            .map_err(|cause| cause.to_string())?;
        Ok(VerifiedBundle { certificate, times })
    }
}

impl std::fmt::Debug for SigstoreVerify {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigstoreVerify")
    }
}
