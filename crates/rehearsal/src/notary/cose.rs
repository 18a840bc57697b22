//! The CBOR envelope: a tagged `COSE_Sign1` with the chain in its unprotected header.
//!
//! Source: RFC 9052 §4.2, §4.4; RFC 9360 for label 33 (`x5chain`).

use ciborium::Value;

use super::Stamp;
use super::certificates::NotarySigner;
use super::claim::{AGENT, AGENT_NAME, COUNTERSIGNATURE, Claim, EXPIRY, PAYLOAD, SCHEME, algorithm};
use crate::error::RehearsalError;
use crate::instant::unix_seconds;

const COSE_SIGN1: u64 = 18;
const EPOCH_TIME: u64 = 1;
const ALG: i64 = 1;
const CRIT: i64 = 2;
const CONTENT_TYPE: i64 = 3;
const X5CHAIN: i64 = 33;

pub(super) fn envelope(
    signer: &NotarySigner,
    claim: &Claim,
    stamp: Option<Stamp<'_>>,
) -> Result<Vec<u8>, RehearsalError> {
    let text = |text: &str| Value::Text(text.to_owned());
    let time = |at| Value::Tag(EPOCH_TIME, Box::new(unix_seconds(at).into()));
    let critical = claim.critical_names().into_iter().map(Value::Text).collect();
    let mut protected = vec![
        (ALG.into(), algorithm(signer.key.algorithm()).1.into()),
        (CRIT.into(), Value::Array(critical)),
        (CONTENT_TYPE.into(), text(PAYLOAD)),
        (text(claim.time_field()), time(claim.signed_at)),
        (text(SCHEME), text(&claim.scheme)),
    ];
    if let Some(expiry) = claim.expiry {
        protected.push((text(EXPIRY), time(expiry)));
    }
    for (name, value) in &claim.critical {
        protected.push((text(name), text(value)));
    }
    let protected = Value::Bytes(written(&Value::Map(protected))?);
    let payload = Value::Bytes(claim.payload()?);
    let signed = Value::Array(vec![
        text("Signature1"),
        protected.clone(),
        Value::Bytes(Vec::new()),
        payload.clone(),
    ]);
    let signature = signer.key.sign_jose(&written(&signed)?)?;
    let chain = signer
        .chain
        .iter()
        .map(|certificate| Value::Bytes(certificate.der().to_vec()))
        .collect();
    let mut unprotected = vec![
        (X5CHAIN.into(), Value::Array(chain)),
        (text(AGENT), text(AGENT_NAME)),
    ];
    if let Some(stamp) = stamp {
        unprotected.push((text(COUNTERSIGNATURE), Value::Bytes(stamp.of(&signature)?)));
    }
    let unprotected = Value::Map(unprotected);
    let message = Value::Array(vec![protected, unprotected, payload, Value::Bytes(signature)]);
    written(&Value::Tag(COSE_SIGN1, Box::new(message)))
}

fn written(value: &Value) -> Result<Vec<u8>, RehearsalError> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).map_err(|_| RehearsalError::Crypto("write CBOR"))?;
    Ok(bytes)
}
