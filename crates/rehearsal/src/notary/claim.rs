//! What a Notary signature says, and the header fields that are signed with it.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde::Serialize;

use crate::error::RehearsalError;
use crate::keys::Algorithm;
use crate::repository::PushedImage;

/// Media type of the payload.
pub(super) const PAYLOAD: &str = "application/vnd.cncf.notary.payload.v1+json";
pub(super) const SCHEME: &str = "io.cncf.notary.signingScheme";
pub(super) const SIGNED_AT: &str = "io.cncf.notary.signingTime";
pub(super) const AUTHENTIC_AT: &str = "io.cncf.notary.authenticSigningTime";
pub(super) const COUNTERSIGNATURE: &str = "io.cncf.notary.timestampSignature";
/// The scheme whose signers' word is taken for when they signed.
pub(super) const SIGNING_AUTHORITY: &str = "notary.x509.signingAuthority";
pub(super) const EXPIRY: &str = "io.cncf.notary.expiry";
pub(super) const AGENT: &str = "io.cncf.notary.signingAgent";
/// What `AGENT` says.
pub(super) const AGENT_NAME: &str = "vouchsafe-rehearsal";

/// What is signed. Fields are open: attack tests break them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Media type of the image's manifest.
    pub media_type: String,
    /// Digest of the image's manifest.
    pub digest: String,
    /// Length of the image's manifest.
    pub size: u64,
    /// User metadata (`notation sign --user-metadata`).
    pub annotations: BTreeMap<String, String>,
    /// `notary.x509`; the other scheme is `notary.x509.signingAuthority`.
    pub scheme: String,
    /// When the signer says it signed.
    pub signed_at: SystemTime,
    /// When the signature ends, if it does.
    pub expiry: Option<SystemTime>,
    /// Further header fields that a verifier must understand, e.g. `io.cncf.notary.verificationPlugin`.
    pub critical: BTreeMap<String, String>,
}

impl Claim {
    /// The claim that `notation sign` makes about `image` at `at`.
    #[must_use]
    pub fn about(image: &PushedImage, at: SystemTime) -> Self {
        Self {
            media_type: image.descriptor.media_type.clone(),
            digest: image.descriptor.digest.clone(),
            size: image.descriptor.size,
            annotations: BTreeMap::new(),
            scheme: "notary.x509".to_owned(),
            signed_at: at,
            expiry: None,
            critical: BTreeMap::new(),
        }
    }

    /// The bytes of the payload.
    pub(super) fn payload(&self) -> Result<Vec<u8>, RehearsalError> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Payload<'a> {
            target_artifact: Target<'a>,
        }
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Target<'a> {
            media_type: &'a str,
            digest: &'a str,
            size: u64,
            #[serde(skip_serializing_if = "BTreeMap::is_empty")]
            annotations: &'a BTreeMap<String, String>,
        }
        Ok(serde_json::to_vec(&Payload {
            target_artifact: Target {
                media_type: &self.media_type,
                digest: &self.digest,
                size: self.size,
                annotations: &self.annotations,
            },
        })?)
    }

    /// The header field that holds the time: each scheme has its own.
    pub(super) fn time_field(&self) -> &'static str {
        if self.scheme == SIGNING_AUTHORITY {
            AUTHENTIC_AT
        } else {
            SIGNED_AT
        }
    }

    /// The names of the header fields that must be understood.
    pub(super) fn critical_names(&self) -> Vec<String> {
        let mut names = vec![SCHEME.to_owned()];
        if self.time_field() == AUTHENTIC_AT {
            names.push(AUTHENTIC_AT.to_owned());
        }
        if self.expiry.is_some() {
            names.push(EXPIRY.to_owned());
        }
        names.extend(self.critical.keys().cloned());
        names
    }
}

/// JOSE's name and COSE's number of the algorithm that the Notary Project allows for a key.
pub(super) fn algorithm(kind: Algorithm) -> (&'static str, i64) {
    match kind {
        Algorithm::P256 => ("ES256", -7),
        Algorithm::P384 => ("ES384", -35),
        Algorithm::P521 => ("ES512", -36),
        Algorithm::Rsa2048 => ("PS256", -37),
        Algorithm::Rsa3072 => ("PS384", -38),
        // Not allowed; written all the same, so that a verifier can be seen to refuse it.
        Algorithm::Ed25519 => ("EdDSA", -8),
    }
}
