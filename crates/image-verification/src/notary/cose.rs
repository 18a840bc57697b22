//! COSE envelopes of the Notary Project: a tagged `COSE_Sign1`, chain and countersignature unprotected,
//! the rest signed.

use ciborium::Value;
use coset::iana::EnumI64 as _;
use coset::{ContentType, CoseSign1, Header, Label, RegisteredLabelWithPrivate, TaggedCborSerializable as _};
use jiff::Timestamp;

use crate::notary::algorithm::NotaryAlgorithm;
use crate::notary::envelope::{
    AUTHENTIC_SIGNING_TIME, Beside, COUNTERSIGNATURE, EXPIRY, ProtectedHeaders, SIGNING_SCHEME, SIGNING_TIME,
    SignedEnvelope, chain,
};

/// Label of the certificate chain (RFC 9360).
const X5_CHAIN: Label = Label::Int(33);
/// CBOR's tag of a time in seconds since 1970.
const EPOCH_TIME: u64 = 1;

/// Opens a COSE envelope and verifies its signature with the first certificate it carries.
pub(crate) fn open(bytes: &[u8]) -> Result<SignedEnvelope, String> {
    let sign1 = CoseSign1::from_tagged_slice(bytes)
        .map_err(|cause| format!("the envelope can't be read: {cause}"))?;
    let payload = sign1.payload.as_deref().ok_or("the envelope has no payload")?;
    let protected = &sign1.protected.header;
    let chain = chain(certificates(&sign1.unprotected)?)?;
    let leaf = chain.first().ok_or("the envelope holds no certificate")?;
    let algorithm = NotaryAlgorithm::of(leaf.key()).ok_or("the signer's key may not sign")?;
    let claimed = match &protected.alg {
        Some(RegisteredLabelWithPrivate::Assigned(assigned)) => Some(assigned.to_i64()),
        Some(RegisteredLabelWithPrivate::PrivateUse(number)) => Some(*number),
        Some(RegisteredLabelWithPrivate::Text(_)) | None => None,
    };
    if claimed != Some(algorithm.cose) {
        return Err(format!(
            "the envelope names another algorithm than {}, which the signer's key signs",
            algorithm.jws
        ));
    }
    sign1.verify_signature(&[], |signature, signed| {
        if algorithm.verifies(leaf.key(), signed, signature) {
            Ok(())
        } else {
            Err("the signature is invalid".to_owned())
        }
    })?;
    let beside = Beside {
        chain,
        countersignature: countersignature(&sign1.unprotected)?,
        signature: sign1.signature.clone(),
    };
    SignedEnvelope::new(&headers(protected)?, payload, beside)
}

fn countersignature(unprotected: &Header) -> Result<Option<Vec<u8>>, String> {
    match rest(unprotected, &Label::Text(COUNTERSIGNATURE.to_owned()))? {
        None => Ok(None),
        Some(value) => match value.as_bytes() {
            Some(token) => Ok(Some(token.clone())),
            None => Err("the countersignature of the envelope can't be read".to_owned()),
        },
    }
}

fn certificates(unprotected: &Header) -> Result<Vec<Vec<u8>>, String> {
    let unreadable = || "the envelope's certificates can't be read".to_owned();
    let found = rest(unprotected, &X5_CHAIN)?.ok_or_else(unreadable)?;
    if let Some(one) = found.as_bytes() {
        return Ok(vec![one.clone()]);
    }
    let several = found.as_array().ok_or_else(unreadable)?;
    several
        .iter()
        .map(|one| one.as_bytes().cloned().ok_or_else(unreadable))
        .collect()
}

fn headers(protected: &Header) -> Result<ProtectedHeaders, String> {
    let text = |label: &str| -> Result<String, String> {
        let found = rest(protected, &Label::Text(label.to_owned()))?;
        let found = found
            .and_then(Value::as_text)
            .ok_or_else(|| format!("header `{label}` is missing"))?;
        Ok(found.to_owned())
    };
    let time = |label: &str| -> Result<Option<Timestamp>, String> {
        match rest(protected, &Label::Text(label.to_owned()))? {
            None => Ok(None),
            Some(value) => epoch_time(value)
                .map(Some)
                .ok_or_else(|| format!("header `{label}` is no time")),
        }
    };
    let critical = protected
        .crit
        .iter()
        .map(|label| match label {
            RegisteredLabelWithPrivate::Text(text) => text.clone(),
            RegisteredLabelWithPrivate::PrivateUse(number) => number.to_string(),
            RegisteredLabelWithPrivate::Assigned(assigned) => assigned.to_i64().to_string(),
        })
        .collect();
    Ok(ProtectedHeaders {
        content_type: match &protected.content_type {
            Some(ContentType::Text(text)) => text.clone(),
            Some(ContentType::Assigned(_)) | None => return Err("the payload has no type".to_owned()),
        },
        critical,
        scheme: text(SIGNING_SCHEME)?,
        signing_time: time(SIGNING_TIME)?,
        authentic_signing_time: time(AUTHENTIC_SIGNING_TIME)?,
        expiry: time(EXPIRY)?,
    })
}

/// The one value under `label`; two are refused, as readers would differ about them.
fn rest<'h>(header: &'h Header, label: &Label) -> Result<Option<&'h Value>, String> {
    let mut found = header
        .rest
        .iter()
        .filter(|(name, _)| name == label)
        .map(|(_, value)| value);
    match (found.next(), found.next()) {
        (one, None) => Ok(one),
        (_, Some(_)) => Err("a header is there twice".to_owned()),
    }
}

fn epoch_time(value: &Value) -> Option<Timestamp> {
    let Value::Tag(EPOCH_TIME, seconds) = value else {
        return None;
    };
    let seconds = i64::try_from(seconds.as_integer()?).ok()?;
    Timestamp::from_second(seconds).ok()
}
