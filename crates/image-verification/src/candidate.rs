//! Candidates: signatures and attestations of every Sigstore layout in one shape, decoded, not yet judged.
//!
//!     .sig layer ──▶ claim   ┐
//!     .att layer ──▶ envelope├─▶ Candidate { content, certificates, log entries, timestamps }
//!     bundle ──────▶ either  ┘
//!
//! Decoding happens once for an image, judging once for each demand.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image_trust::SignedMaterial;
use serde::Deserialize;

use crate::certificate::Certificate;
use crate::dsse::Envelope;
use crate::limits::MOST_CHAIN_CERTIFICATES;
use crate::log_entry::LogEntry;
use crate::pem;
use crate::rejection::Rejection;

/// The predicate type under which cosign writes an image signature into a bundle.
pub(crate) const IMAGE_SIGNATURE: &str = "https://sigstore.dev/cosign/sign/v1";

/// A signature or an attestation, decoded.
#[derive(Debug)]
pub(crate) struct Candidate {
    /// Where it was found.
    pub(crate) origin: String,
    /// Unsigned annotations of the layer that carried it.
    pub(crate) annotations: BTreeMap<String, String>,
    /// Whether it came as a Sigstore bundle.
    pub(crate) is_bundle: bool,
    /// What is signed, and the signatures.
    pub(crate) content: Content,
    /// The signing certificate and what came with it, leaf first; empty where a key signed.
    pub(crate) certificates: Vec<Certificate>,
    /// Log entries beside the signature.
    pub(crate) log_entries: Vec<LogEntry>,
    /// RFC 3161 tokens beside the signature, DER.
    pub(crate) timestamps: Vec<Vec<u8>>,
}

/// What is signed, and by which bytes.
#[derive(Debug)]
pub(crate) enum Content {
    /// Cosign's simple signing.
    SimpleSigning {
        /// The signed bytes.
        payload: Vec<u8>,
        /// What they say.
        claim: Claim,
        /// The signature.
        signature: Vec<u8>,
    },
    /// A DSSE envelope with a statement in it.
    Envelope(Envelope),
    /// A bundle's signature over the image manifest itself.
    Message {
        /// The manifest's SHA-256 as the bundle repeats it.
        sha256: Option<Vec<u8>>,
        /// The signature.
        signature: Vec<u8>,
    },
}

/// What a simple signing payload claims.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Claim {
    /// `critical.image.docker-manifest-digest`
    pub(crate) digest: String,
    /// `optional`: what the signer added.
    pub(crate) optional: serde_json::Map<String, serde_json::Value>,
}

#[derive(Deserialize)]
struct WireClaim {
    critical: WireCritical,
    #[serde(default)]
    optional: Option<serde_json::Map<String, serde_json::Value>>,
}

#[derive(Deserialize)]
struct WireCritical {
    #[serde(default)]
    image: WireImage,
}

#[derive(Deserialize, Default)]
struct WireImage {
    #[serde(rename = "docker-manifest-digest", default)]
    digest: String,
}

#[derive(Deserialize)]
struct WireTimestamp {
    #[serde(rename = "SignedRFC3161Timestamp")]
    token: String,
}

impl Candidate {
    /// Reads a layer of simple signing.
    pub(crate) fn simple_signing(
        origin: &str,
        payload: &[u8],
        material: &SignedMaterial,
    ) -> Result<Self, Rejection> {
        let signature = STANDARD
            .decode(&material.signature)
            .map_err(|_| Rejection::malformed("the signature annotation is not base64"))?;
        let wire: WireClaim = serde_json::from_slice(payload)
            .map_err(|cause| Rejection::malformed(format!("the payload is no simple signing: {cause}")))?;
        let claim = Claim {
            digest: wire.critical.image.digest,
            optional: wire.optional.unwrap_or_default(),
        };
        let content = Content::SimpleSigning {
            payload: payload.to_vec(),
            claim,
            signature,
        };
        Self::with_material(origin, content, material)
    }

    /// Reads a layer that is a DSSE envelope.
    pub(crate) fn dsse(origin: &str, envelope: &[u8], material: &SignedMaterial) -> Result<Self, Rejection> {
        Self::with_material(
            origin,
            Content::Envelope(Envelope::from_json(envelope)?),
            material,
        )
    }

    fn with_material(origin: &str, content: Content, material: &SignedMaterial) -> Result<Self, Rejection> {
        let mut certificates = Vec::new();
        for text in [&material.certificate, &material.chain].into_iter().flatten() {
            // Cosign writes the chain's annotation even where there is none.
            if !text.trim().is_empty() {
                let blocks =
                    pem::blocks(text, pem::CERTIFICATE, MOST_CHAIN_CERTIFICATES).map_err(|cause| {
                        Rejection::malformed(format!("a certificate beside the signature: {cause}"))
                    })?;
                for der in blocks {
                    certificates.push(Certificate::from_der(der)?);
                }
            }
        }
        let has_leaf = material
            .certificate
            .as_ref()
            .is_some_and(|text| !text.trim().is_empty());
        if !has_leaf {
            certificates.clear();
        }
        let log_entries = match &material.log_entry {
            Some(entry) => vec![LogEntry::from_annotation(&entry.0)?],
            None => Vec::new(),
        };
        let timestamps = match material.timestamp.as_deref().map(str::trim) {
            None | Some("" | "null") => Vec::new(),
            Some(json) => vec![timestamp_token(json)?],
        };
        Ok(Self {
            origin: origin.to_owned(),
            annotations: material.annotations.clone(),
            is_bundle: false,
            content,
            certificates,
            log_entries,
            timestamps,
        })
    }

    /// How many signatures it holds.
    pub(crate) fn signatures(&self) -> usize {
        match &self.content {
            Content::Envelope(envelope) => envelope.signatures.len(),
            Content::SimpleSigning { .. } | Content::Message { .. } => 1,
        }
    }

    /// Whether this is offered as an image signature; an attestation never is.
    pub(crate) fn is_signature(&self) -> bool {
        match &self.content {
            Content::SimpleSigning { .. } | Content::Message { .. } => true,
            Content::Envelope(envelope) => {
                self.is_bundle && envelope.statement.predicate_type == IMAGE_SIGNATURE
            }
        }
    }
}

fn timestamp_token(json: &str) -> Result<Vec<u8>, Rejection> {
    let unreadable = || Rejection::malformed("the timestamp beside the signature can't be read");
    let wire: WireTimestamp = serde_json::from_str(json).map_err(|_| unreadable())?;
    STANDARD.decode(&wire.token).map_err(|_| unreadable())
}
