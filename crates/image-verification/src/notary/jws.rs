//! JWS envelopes of the Notary Project: flattened JSON, chain and countersignature unprotected, the rest signed.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde::Deserialize;

use crate::notary::algorithm::NotaryAlgorithm;
use crate::notary::envelope::{Beside, ProtectedHeaders, SignedEnvelope, chain};

#[derive(Deserialize)]
struct WireEnvelope {
    payload: String,
    protected: String,
    header: WireHeader,
    signature: String,
}

#[derive(Deserialize)]
struct WireHeader {
    x5c: Vec<String>,
    #[serde(rename = "io.cncf.notary.timestampSignature", default)]
    countersignature: Option<String>,
}

#[derive(Deserialize)]
struct WireProtected {
    alg: String,
    cty: String,
    crit: Vec<String>,
    #[serde(rename = "io.cncf.notary.signingScheme")]
    scheme: String,
    #[serde(rename = "io.cncf.notary.signingTime", default)]
    signing_time: Option<String>,
    #[serde(rename = "io.cncf.notary.authenticSigningTime", default)]
    authentic_signing_time: Option<String>,
    #[serde(rename = "io.cncf.notary.expiry", default)]
    expiry: Option<String>,
}

/// Opens a JWS envelope and verifies its signature with the first certificate it carries.
pub(crate) fn open(json: &[u8]) -> Result<SignedEnvelope, String> {
    let unreadable = |cause: serde_json::Error| format!("the envelope can't be read: {cause}");
    let wire: WireEnvelope = serde_json::from_slice(json).map_err(unreadable)?;
    let decoded = |text: &str| {
        URL_SAFE_NO_PAD
            .decode(text)
            .map_err(|_| "the envelope is not base64url".to_owned())
    };
    let protected: WireProtected = serde_json::from_slice(&decoded(&wire.protected)?).map_err(unreadable)?;
    let certificates = wire
        .header
        .x5c
        .iter()
        .map(|der| STANDARD.decode(der))
        .collect::<Result<Vec<_>, _>>();
    let chain = chain(certificates.map_err(|_| "a certificate of the envelope is not base64".to_owned())?)?;
    let leaf = chain.first().ok_or("the envelope holds no certificate")?;
    let algorithm = NotaryAlgorithm::of(leaf.key()).ok_or("the signer's key may not sign")?;
    if algorithm.jws != protected.alg {
        return Err(format!(
            "the envelope says {}, the signer's key signs {}",
            protected.alg, algorithm.jws
        ));
    }
    let signed = format!("{}.{}", wire.protected, wire.payload);
    let signature = decoded(&wire.signature)?;
    if !algorithm.verifies(leaf.key(), signed.as_bytes(), &signature) {
        return Err("the signature is invalid".to_owned());
    }
    let headers = ProtectedHeaders {
        content_type: protected.cty,
        critical: protected.crit,
        scheme: protected.scheme,
        signing_time: protected.signing_time.as_deref().map(time).transpose()?,
        authentic_signing_time: protected
            .authentic_signing_time
            .as_deref()
            .map(time)
            .transpose()?,
        expiry: protected.expiry.as_deref().map(time).transpose()?,
    };
    let countersignature = wire.header.countersignature.map(|text| STANDARD.decode(text));
    let countersignature = countersignature
        .transpose()
        .map_err(|_| "the countersignature of the envelope is not base64".to_owned())?;
    let beside = Beside {
        chain,
        signature,
        countersignature,
    };
    SignedEnvelope::new(&headers, &decoded(&wire.payload)?, beside)
}

/// RFC 3339.
fn time(text: &str) -> Result<Timestamp, String> {
    text.parse()
        .map_err(|_| "a time of the envelope can't be read".to_owned())
}
