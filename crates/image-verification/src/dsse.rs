//! DSSE envelopes (secure-systems-lab/dsse v1) and the in-toto statements they carry.
//!
//! In: JSON bytes. Out: the payload, its type, its signatures, and the statement where the payload is one. Never:
//! trust; a statement read here is a claim until one of the envelope's signatures verifies over [`Envelope::signed_bytes`].

use image_reference::Digest;
use serde::Deserialize;

use crate::base64_text::decode_base64;
use crate::limits::{MOST_ENVELOPE_SIGNATURES, MOST_SUBJECTS};
use crate::rejection::Rejection;

/// The payload type of in-toto statements.
pub(crate) const IN_TOTO: &str = "application/vnd.in-toto+json";

/// An envelope, decoded.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Envelope {
    /// The envelope as it was found: what the oldest log entries hash.
    pub(crate) json: Vec<u8>,
    /// What the payload is.
    pub(crate) payload_type: String,
    /// The payload.
    pub(crate) payload: Vec<u8>,
    /// The signatures, in order, at least one.
    pub(crate) signatures: Vec<Vec<u8>>,
    /// The statement, where the payload is one.
    pub(crate) statement: Statement,
}

/// What an in-toto statement (v0.1 or v1) says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Statement {
    /// What it is about.
    pub(crate) subjects: Vec<Subject>,
    /// The same, as signed.
    pub(crate) subject: serde_json::Value,
    /// What kind of predicate it makes.
    pub(crate) predicate_type: String,
    /// The predicate; null where the statement has none.
    pub(crate) predicate: serde_json::Value,
}

/// One subject of a statement.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
pub(crate) struct Subject {
    #[serde(default)]
    digest: std::collections::BTreeMap<String, String>,
    /// What cosign's `-a key=value` writes.
    #[serde(default)]
    pub(crate) annotations: serde_json::Map<String, serde_json::Value>,
}

#[derive(Deserialize)]
struct WireEnvelope {
    #[serde(rename = "payloadType")]
    payload_type: String,
    payload: String,
    signatures: Vec<WireSignature>,
}

#[derive(Deserialize)]
struct WireSignature {
    sig: String,
}

#[derive(Deserialize)]
struct WireStatement {
    #[serde(rename = "_type")]
    kind: String,
    subject: serde_json::Value,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    #[serde(default)]
    predicate: serde_json::Value,
}

impl Envelope {
    /// Reads an envelope with an in-toto statement in it; any other payload type is refused, as cosign does.
    pub(crate) fn from_json(json: &[u8]) -> Result<Self, Rejection> {
        let wire: WireEnvelope = serde_json::from_slice(json)
            .map_err(|cause| Rejection::malformed(format!("the envelope is no DSSE envelope: {cause}")))?;
        let payload = decode_base64(&wire.payload)
            .ok_or_else(|| Rejection::malformed("the envelope's payload is not base64"))?;
        if wire.signatures.is_empty() {
            return Err(Rejection::malformed("the envelope has no signature"));
        }
        if wire.signatures.len() > MOST_ENVELOPE_SIGNATURES {
            return Err(Rejection::limit(
                "signatures in one envelope",
                MOST_ENVELOPE_SIGNATURES,
            ));
        }
        let signatures = wire
            .signatures
            .iter()
            .map(|signature| decode_base64(&signature.sig).filter(|bytes| !bytes.is_empty()))
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| Rejection::malformed("a signature of the envelope is not base64"))?;
        if wire.payload_type != IN_TOTO {
            return Err(Rejection::malformed(format!(
                "the envelope's payload type is `{}`, not `{IN_TOTO}`",
                wire.payload_type
            )));
        }
        let statement = Statement::from_json(&payload)?;
        Ok(Self {
            json: json.to_vec(),
            payload_type: wire.payload_type,
            payload,
            signatures,
            statement,
        })
    }

    /// What the signatures are made over: DSSE's pre-authentication encoding.
    pub(crate) fn signed_bytes(&self) -> Vec<u8> {
        let mut bytes = format!(
            "DSSEv1 {} {} {} ",
            self.payload_type.len(),
            self.payload_type,
            self.payload.len()
        )
        .into_bytes();
        bytes.extend_from_slice(&self.payload);
        bytes
    }
}

impl Statement {
    fn from_json(payload: &[u8]) -> Result<Self, Rejection> {
        let malformed = |cause: serde_json::Error| {
            Rejection::malformed(format!("the payload is no in-toto statement: {cause}"))
        };
        let wire: WireStatement = serde_json::from_slice(payload).map_err(malformed)?;
        if !matches!(
            wire.kind.as_str(),
            "https://in-toto.io/Statement/v0.1" | "https://in-toto.io/Statement/v1"
        ) {
            return Err(Rejection::malformed(format!(
                "statements of type `{}` are not known",
                wire.kind
            )));
        }
        let subjects = Vec::<Subject>::deserialize(&wire.subject).map_err(malformed)?;
        if subjects.len() > MOST_SUBJECTS {
            return Err(Rejection::limit("subjects of one statement", MOST_SUBJECTS));
        }
        Ok(Self {
            subjects,
            subject: wire.subject,
            predicate_type: wire.predicate_type,
            predicate: wire.predicate,
        })
    }

    /// The subjects with this digest.
    pub(crate) fn subjects_with<'s>(&'s self, digest: &'s Digest) -> impl Iterator<Item = &'s Subject> {
        self.subjects.iter().filter(move |subject| {
            let claimed = subject.digest.get(digest.algorithm().name());
            claimed.is_some_and(|claimed| claimed.eq_ignore_ascii_case(digest.hex()))
        })
    }
}
