//! DSSE envelopes as cosign writes them: one signature, no key id.
//!
//! Source: secure-systems-lab/dsse v1.0.2 (protocol.md).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::error::RehearsalError;
use crate::keys::SigningKey;
use crate::statement::Statement;

/// Payload type of an in-toto statement.
pub const IN_TOTO: &str = "application/vnd.in-toto+json";

/// A payload and who signed it. Fields are open: attack tests break them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Envelope {
    /// The signed bytes, base64.
    pub payload: String,
    /// What the payload is; signed with it.
    pub payload_type: String,
    /// Signatures over [`pae`].
    pub signatures: Vec<EnvelopeSignature>,
}

/// One signature of an envelope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvelopeSignature {
    /// Base64.
    pub sig: String,
}

impl Envelope {
    /// Signs `statement`.
    ///
    /// # Errors
    /// [`RehearsalError::Crypto`] where the library refuses.
    pub fn sign(key: &SigningKey, statement: &Statement) -> Result<Self, RehearsalError> {
        Self::sign_payload(key, IN_TOTO, &serde_json::to_vec(statement)?)
    }

    /// Signs any payload.
    ///
    /// # Errors
    /// [`RehearsalError::Crypto`] where the library refuses.
    pub fn sign_payload(
        key: &SigningKey,
        payload_type: &str,
        payload: &[u8],
    ) -> Result<Self, RehearsalError> {
        let sig = STANDARD.encode(key.sign(&pae(payload_type, payload))?);
        Ok(Self {
            payload: STANDARD.encode(payload),
            payload_type: payload_type.to_owned(),
            signatures: vec![EnvelopeSignature { sig }],
        })
    }

    /// What a layer of media type `application/vnd.dsse.envelope.v1+json` holds.
    ///
    /// # Errors
    /// [`RehearsalError::Json`], never in practice.
    pub fn to_json(&self) -> Result<Vec<u8>, RehearsalError> {
        Ok(serde_json::to_vec(self)?)
    }
}

/// The bytes that are signed: type and payload, each with its length.
#[must_use]
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}
