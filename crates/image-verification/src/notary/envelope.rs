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
/// The header with the time that a signing authority vouches for; always critical.
pub(crate) const AUTHENTIC_SIGNING_TIME: &str = "io.cncf.notary.authenticSigningTime";
/// The unprotected header with the countersignature of a timestamp authority.
pub(crate) const COUNTERSIGNATURE: &str = "io.cncf.notary.timestampSignature";

/// How trust in a signature is established.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// By certificates; when it was made is the signer's claim, unless a timestamp authority says it.
    X509,
    /// By certificates of a signing authority, whose word is taken for when it was made.
    SigningAuthority,
}

impl Scheme {
    fn named(name: &str) -> Option<Self> {
        match name {
            "notary.x509" => Some(Self::X509),
            "notary.x509.signingAuthority" => Some(Self::SigningAuthority),
            _ => None,
        }
    }
}

/// An envelope whose signature verified with the first certificate of its chain; the chain itself is not yet trusted.
#[derive(Debug)]
pub(crate) struct SignedEnvelope {
    /// What was signed.
    pub(crate) target: Target,
    /// The signer's chain, leaf first.
    pub(crate) chain: Vec<Certificate>,
    /// How trust is established.
    pub(crate) scheme: Scheme,
    /// When it was made, as the signer says.
    pub(crate) signing_time: Timestamp,
    /// After which the signature counts no more.
    pub(crate) expiry: Option<Timestamp>,
    /// The signature itself: what a countersignature is about.
    pub(crate) signature: Vec<u8>,
    /// The countersignature beside it, DER; anybody may have put it there.
    pub(crate) countersignature: Option<Vec<u8>>,
}

/// What an envelope carries beside its signed headers and payload.
pub(crate) struct Beside {
    pub(crate) chain: Vec<Certificate>,
    pub(crate) signature: Vec<u8>,
    pub(crate) countersignature: Option<Vec<u8>>,
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
    pub(crate) signing_time: Option<Timestamp>,
    pub(crate) authentic_signing_time: Option<Timestamp>,
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
    pub(crate) fn new(headers: &ProtectedHeaders, payload: &[u8], beside: Beside) -> Result<Self, String> {
        let (scheme, signing_time) = headers.check()?;
        let payload: Payload =
            serde_json::from_slice(payload).map_err(|cause| format!("the payload can't be read: {cause}"))?;
        Ok(Self {
            target: payload.target_artifact,
            chain: beside.chain,
            scheme,
            signing_time,
            expiry: headers.expiry,
            signature: beside.signature,
            countersignature: beside.countersignature,
        })
    }
}

impl ProtectedHeaders {
    /// Every header that must be critical is, and every critical header is understood.
    fn check(&self) -> Result<(Scheme, Timestamp), String> {
        if self.content_type != PAYLOAD_TYPE {
            return Err(format!("the payload is of type `{}`", self.content_type));
        }
        let scheme = Scheme::named(&self.scheme)
            .ok_or_else(|| format!("signing scheme `{}` is not known", self.scheme))?;
        let understood = [SIGNING_SCHEME, EXPIRY, AUTHENTIC_SIGNING_TIME];
        if let Some(unknown) = self
            .critical
            .iter()
            .find(|header| !understood.contains(&header.as_str()))
        {
            return Err(format!("critical header `{unknown}` is not understood"));
        }
        let is_critical = |header: &str| self.critical.iter().any(|critical| critical == header);
        // Critical where it is there, and nowhere else: a header that is named and missing was never signed.
        let is_as_critical = |header: &str, is_there: bool| is_critical(header) == is_there;
        if !is_critical(SIGNING_SCHEME)
            || !is_as_critical(EXPIRY, self.expiry.is_some())
            || !is_as_critical(AUTHENTIC_SIGNING_TIME, self.authentic_signing_time.is_some())
        {
            return Err("a header that must be critical is not, or is not there".to_owned());
        }
        let signing_time = match (scheme, self.signing_time, self.authentic_signing_time) {
            (Scheme::X509, Some(time), None) | (Scheme::SigningAuthority, None, Some(time)) => time,
            (Scheme::X509 | Scheme::SigningAuthority, _, _) => {
                return Err(format!(
                    "signing scheme `{}` is dated by another header",
                    self.scheme
                ));
            }
        };
        if self.expiry.is_some_and(|expiry| expiry <= signing_time) {
            return Err("the signature expires before it was made".to_owned());
        }
        Ok((scheme, signing_time))
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
