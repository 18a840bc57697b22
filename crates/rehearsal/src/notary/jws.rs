//! The JSON envelope: a flattened JSON Web Signature with the chain in its unprotected header.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

use super::Stamp;
use super::certificates::NotarySigner;
use super::claim::{AGENT, AGENT_NAME, COUNTERSIGNATURE, Claim, EXPIRY, PAYLOAD, SCHEME, algorithm};
use crate::error::RehearsalError;
use crate::instant::rfc3339;

pub(super) fn envelope(
    signer: &NotarySigner,
    claim: &Claim,
    stamp: Option<Stamp<'_>>,
) -> Result<Vec<u8>, RehearsalError> {
    let mut protected = Map::new();
    protected.insert("alg".to_owned(), algorithm(signer.key.algorithm()).0.into());
    protected.insert("crit".to_owned(), claim.critical_names().into());
    protected.insert("cty".to_owned(), PAYLOAD.into());
    protected.insert(SCHEME.to_owned(), claim.scheme.clone().into());
    protected.insert(claim.time_field().to_owned(), rfc3339(claim.signed_at)?.into());
    if let Some(expiry) = claim.expiry {
        protected.insert(EXPIRY.to_owned(), rfc3339(expiry)?.into());
    }
    for (name, value) in &claim.critical {
        protected.insert(name.clone(), value.clone().into());
    }
    let protected = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&Value::Object(protected))?);
    let payload = URL_SAFE_NO_PAD.encode(claim.payload()?);
    let signature = signer
        .key
        .sign_jose(format!("{protected}.{payload}").as_bytes())?;
    let chain: Vec<_> = signer
        .chain
        .iter()
        .map(|certificate| STANDARD.encode(certificate.der()))
        .collect();
    let mut header = json!({ "x5c": chain, (AGENT): AGENT_NAME });
    if let (Some(stamp), Some(header)) = (stamp, header.as_object_mut()) {
        let token = STANDARD.encode(stamp.of(&signature)?);
        header.insert(COUNTERSIGNATURE.to_owned(), token.into());
    }
    Ok(serde_json::to_vec(&json!({
        "payload": payload,
        "protected": protected,
        "header": header,
        "signature": URL_SAFE_NO_PAD.encode(signature),
    }))?)
}
