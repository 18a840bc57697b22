//! Notary envelopes: what JWS and COSE have in common once their signature verified.

use jiff::Timestamp;
use serde::Deserialize;

use crate::certificate::Certificate;
use crate::limits::{MOST_ARTIFACT_BYTES, MOST_CHAIN_CERTIFICATES};
use crate::notary::{cose, jws};

/// The content type of the payload, in either envelope.
pub(crate) const PAYLOAD_TYPE: &str = "application/vnd.cncf.notary.payload.v1+json";
/// The header that says how trust is established; always critical.
pub(crate) const SIGNING_SCHEME: &str = "io.cncf.notary.signingScheme";
/// The header with the time the signer claims.
pub(crate) const SIGNING_TIME: &str = "io.cncf.notary.signingTime";
/// The header with the time after which the signature counts no more; critical where present.
pub(crate) const EXPIRY: &str = "io.cncf.notary.expiry";
/// The scheme whose trust is certificates alone.
pub(crate) const X509_SCHEME: &str = "notary.x509";

/// An envelope whose signature verified with the first certificate of its chain; the chain itself is not yet trusted.
#[derive(Debug)]
pub(crate) struct SignedEnvelope {
    /// What was signed.
    pub(crate) target: Target,
    /// The signer's chain, leaf first.
    pub(crate) chain: Vec<Certificate>,
    /// After which the signature counts no more.
    pub(crate) expiry: Option<Timestamp>,
}

/// The artifact that a signature is about.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Target {
    pub(crate) media_type: String,
    pub(crate) digest: String,
    pub(crate) size: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    target_artifact: Target,
}

/// The headers that both envelopes protect.
#[derive(Debug)]
pub(crate) struct ProtectedHeaders {
    pub(crate) content_type: String,
    pub(crate) critical: Vec<String>,
    pub(crate) scheme: String,
    pub(crate) signing_time: Timestamp,
    pub(crate) expiry: Option<Timestamp>,
}

/// Opens an envelope of either media type.
pub(crate) fn open(media_type: &str, envelope: &[u8]) -> Result<SignedEnvelope, String> {
    if envelope.len() > MOST_ARTIFACT_BYTES {
        return Err(format!("the envelope is larger than {MOST_ARTIFACT_BYTES} bytes"));
    }
    match media_type {
        "application/jose+json" => jws::open(envelope),
        "application/cose" => cose::open(envelope),
        other => Err(format!("signature envelopes of type `{other}` are not known")),
    }
}

impl SignedEnvelope {
    /// Puts together what an envelope's parts say, once its signature verified.
    pub(crate) fn new(
        headers: &ProtectedHeaders,
        payload: &[u8],
        chain: Vec<Certificate>,
    ) -> Result<Self, String> {
        headers.check()?;
        let payload: Payload =
            serde_json::from_slice(payload).map_err(|cause| format!("the payload can't be read: {cause}"))?;
        Ok(Self {
            target: payload.target_artifact,
            chain,
            expiry: headers.expiry,
        })
    }
}

impl ProtectedHeaders {
    /// Every header that must be critical is, and every critical header is understood.
    fn check(&self) -> Result<(), String> {
        if self.content_type != PAYLOAD_TYPE {
            return Err(format!("the payload is of type `{}`", self.content_type));
        }
        if self.scheme != X509_SCHEME {
            return Err(format!(
                "signing scheme `{}` needs a trust store that policies can't name",
                self.scheme
            ));
        }
        if let Some(unknown) = self
            .critical
            .iter()
            .find(|header| ![SIGNING_SCHEME, EXPIRY].contains(&header.as_str()))
        {
            return Err(format!("critical header `{unknown}` is not understood"));
        }
        let is_critical = |header: &str| self.critical.iter().any(|critical| critical == header);
        if !is_critical(SIGNING_SCHEME) || (self.expiry.is_some() && !is_critical(EXPIRY)) {
            return Err("a header that must be critical is not".to_owned());
        }
        if self.expiry.is_some_and(|expiry| expiry <= self.signing_time) {
            return Err("the signature expires before it was made".to_owned());
        }
        Ok(())
    }
}

/// Decodes a chain, bounded.
pub(crate) fn chain(certificates: Vec<Vec<u8>>) -> Result<Vec<Certificate>, String> {
    if certificates.is_empty() || certificates.len() > MOST_CHAIN_CERTIFICATES {
        return Err(format!(
            "the envelope must hold 1 to {MOST_CHAIN_CERTIFICATES} certificates"
        ));
    }
    certificates
        .into_iter()
        .map(Certificate::from_der)
        .collect::<Result<_, _>>()
        .map_err(|cause| cause.text)
}
