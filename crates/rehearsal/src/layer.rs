//! Layers of cosign's classic images: a claim or an envelope, and what is known of it in annotations.
//!
//! Source: cosign 3.1.3 `pkg/oci/static`, `pkg/types/media.go`.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::dsse::Envelope;
use crate::error::RehearsalError;
use crate::keys::SigningKey;
use crate::oci::Descriptor;

/// Media type of a claim.
pub const SIMPLE_SIGNING: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
/// Media type of an attestation.
pub const DSSE_ENVELOPE: &str = "application/vnd.dsse.envelope.v1+json";
/// Annotation: the signature over a claim, base64; empty beside an envelope.
pub const SIGNATURE: &str = "dev.cosignproject.cosign/signature";
/// Annotation: the leaf certificate, PEM.
pub const CERTIFICATE: &str = "dev.sigstore.cosign/certificate";
/// Annotation: intermediates and root, PEM; empty where the trust root has them.
pub const CHAIN: &str = "dev.sigstore.cosign/chain";
/// Annotation: the log's promise and the entry, JSON.
pub const BUNDLE: &str = "dev.sigstore.cosign/bundle";
/// Annotation: an RFC 3161 response, JSON.
pub const TIMESTAMP: &str = "dev.sigstore.cosign/rfc3161timestamp";
/// Annotation: what an attestation claims.
pub const PREDICATE_TYPE: &str = "predicateType";

/// A layer. Fields are open: attack tests break them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// [`SIMPLE_SIGNING`] or [`DSSE_ENVELOPE`].
    pub media_type: String,
    /// The claim or envelope.
    pub bytes: Vec<u8>,
    /// Signature, certificate, log entry.
    pub annotations: BTreeMap<String, String>,
}

impl Layer {
    /// A claim signed with a key.
    ///
    /// # Errors
    /// [`RehearsalError::Crypto`] where the library refuses.
    pub fn signature(key: &SigningKey, payload: Vec<u8>) -> Result<Self, RehearsalError> {
        let signature = key.sign(&payload)?;
        Ok(Self::signed(payload, &signature))
    }

    /// A claim and what is said to be its signature.
    #[must_use]
    pub fn signed(payload: Vec<u8>, signature: &[u8]) -> Self {
        Self {
            media_type: SIMPLE_SIGNING.to_owned(),
            bytes: payload,
            annotations: BTreeMap::from([(SIGNATURE.to_owned(), STANDARD.encode(signature))]),
        }
    }

    /// A signed envelope.
    ///
    /// # Errors
    /// [`RehearsalError::Json`], never in practice.
    pub fn attestation(envelope: &Envelope, predicate_type: &str) -> Result<Self, RehearsalError> {
        Ok(Self {
            media_type: DSSE_ENVELOPE.to_owned(),
            bytes: envelope.to_json()?,
            annotations: BTreeMap::from([
                (SIGNATURE.to_owned(), String::new()),
                (PREDICATE_TYPE.to_owned(), predicate_type.to_owned()),
            ]),
        })
    }

    /// Adds or replaces an annotation.
    #[must_use]
    pub fn with(mut self, annotation: &str, value: impl Into<String>) -> Self {
        self.annotations.insert(annotation.to_owned(), value.into());
        self
    }

    pub(crate) fn descriptor(&self) -> Descriptor {
        let mut descriptor = Descriptor::of(&self.media_type, &self.bytes);
        descriptor.annotations.clone_from(&self.annotations);
        descriptor
    }
}
