//! Notary Project signatures: a certificate authority, leaves, and both envelopes.
//!
//! In: images in a repository, times. Out: referrers of type `application/vnd.cncf.notary.signature` whose layer is
//! a JWS or COSE envelope, as notation writes them. Fields of what is signed are open: attack tests break them.
//!
//! Source: notaryproject/specifications signature-specification.md, signature-envelope-{jws,cose}.md.

mod certificates;
mod claim;
mod jws;
mod cose;

use std::collections::BTreeMap;
use std::time::SystemTime;

use sha2::{Digest as _, Sha256};

use crate::authority::TimestampAuthority;
use crate::error::RehearsalError;
use crate::instant;
use crate::oci::{Descriptor, EMPTY, EMPTY_BYTES, Manifest};
use crate::repository::{PushedImage, Repository};

pub use certificates::{NotaryAuthority, NotarySigner, SignerOptions};
pub use claim::Claim;

/// Artifact type of a Notary Project signature.
pub const NOTARY_SIGNATURE: &str = "application/vnd.cncf.notary.signature";

/// How a signature is wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrapping {
    /// Flattened JSON Web Signature.
    Jws,
    /// `COSE_Sign1`.
    Cose,
}

impl Wrapping {
    /// Media type of the layer.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jws => "application/jose+json",
            Self::Cose => "application/cose",
        }
    }
}

/// Signs `claim` as one envelope.
///
/// # Errors
/// [`RehearsalError::Crypto`], [`RehearsalError::Der`] for a time before 1970.
pub fn envelope(signer: &NotarySigner, claim: &Claim, wrapping: Wrapping) -> Result<Vec<u8>, RehearsalError> {
    written(signer, claim, wrapping, None)
}

/// As [`envelope`], countersigned: `notation sign --timestamp-url`.
///
/// # Errors
/// As [`envelope`].
pub fn countersigned(
    signer: &NotarySigner,
    claim: &Claim,
    wrapping: Wrapping,
    stamp: Stamp<'_>,
) -> Result<Vec<u8>, RehearsalError> {
    written(signer, claim, wrapping, Some(stamp))
}

fn written(
    signer: &NotarySigner,
    claim: &Claim,
    wrapping: Wrapping,
    stamp: Option<Stamp<'_>>,
) -> Result<Vec<u8>, RehearsalError> {
    match wrapping {
        Wrapping::Jws => jws::envelope(signer, claim, stamp),
        Wrapping::Cose => cose::envelope(signer, claim, stamp),
    }
}

/// Who countersigns, and when.
#[derive(Clone, Copy, Debug)]
pub struct Stamp<'s> {
    /// The authority.
    pub authority: &'s TimestampAuthority,
    /// The time that it says.
    pub at: SystemTime,
    /// What it stamps instead of the signature, where that is to be wrong.
    pub instead: Option<&'s [u8]>,
}

impl Stamp<'_> {
    fn of(self, signature: &[u8]) -> Result<Vec<u8>, RehearsalError> {
        self.authority.token(self.instead.unwrap_or(signature), self.at)
    }
}

impl Repository {
    /// `notation sign`: a referrer of `image`; returns its digest.
    ///
    /// # Errors
    /// As [`envelope`].
    pub fn notarize(
        &self,
        image: &PushedImage,
        signer: &NotarySigner,
        wrapping: Wrapping,
    ) -> Result<String, RehearsalError> {
        let claim = Claim::about(image, self.at());
        self.refer_notary(image, signer, wrapping, envelope(signer, &claim, wrapping)?)
    }

    /// Puts any bytes where a Notary signature of `image` would stand; returns the manifest's digest.
    ///
    /// # Errors
    /// [`RehearsalError::Json`], never in practice.
    pub fn refer_notary(
        &self,
        image: &PushedImage,
        signer: &NotarySigner,
        wrapping: Wrapping,
        envelope: Vec<u8>,
    ) -> Result<String, RehearsalError> {
        let thumbprints = signer
            .chain
            .iter()
            .map(|certificate| hex::encode(Sha256::digest(certificate.der())));
        let thumbprints = serde_json::to_string(&thumbprints.collect::<Vec<_>>())?;
        let layer = Descriptor::of(wrapping.media_type(), &envelope);
        let mut manifest = Manifest::new(Descriptor::of(EMPTY, EMPTY_BYTES), vec![layer]);
        manifest.artifact_type = Some(NOTARY_SIGNATURE.to_owned());
        manifest.annotations = BTreeMap::from([
            ("io.cncf.notary.x509chain.thumbprint#S256".to_owned(), thumbprints),
            (
                "org.opencontainers.image.created".to_owned(),
                instant::rfc3339(self.at())?,
            ),
        ]);
        self.content().put_blob(EMPTY_BYTES);
        self.content().put_blob(envelope);
        self.refer(image, manifest)
    }
}
