//! Signed certificate timestamps embedded in a certificate (RFC 6962 §3.3).
//!
//! In: a certificate, the key of its direct issuer, the logs trusted. Out: that every embedded timestamp was signed by
//! a trusted log that was trusted when it signed. None embedded is a rejection.

use der::asn1::{ObjectIdentifier, OctetStringRef};
use der::{Decode as _, Encode as _};
use image_trust::{DigestAlgorithm, ReasonCode};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::certificate::Certificate;
use crate::limits::MOST_SCTS;
use crate::rejection::Rejection;
use crate::trust_material::LogKey;

const EMBEDDED_SCTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.11129.2.4.2");

/// Kyverno's text for a certificate that no log has seen.
const NONE_EMBEDDED: &str = "certificate does not include required embedded SCT and no detached SCT was set";

/// One signed certificate timestamp, decoded.
struct Embedded<'c> {
    log_id: &'c [u8],
    milliseconds: u64,
    extensions: &'c [u8],
    hash: u8,
    signature: &'c [u8],
}

/// Verifies every timestamp embedded in `certificate`.
pub(crate) fn verify(
    certificate: &Certificate,
    issuer_spki: &[u8],
    logs: &[LogKey],
) -> Result<(), Rejection> {
    let list = certificate
        .parsed()
        .tbs_certificate
        .extensions
        .iter()
        .flatten()
        .find(|extension| extension.extn_id == EMBEDDED_SCTS)
        .map(|extension| extension.extn_value.as_bytes())
        .ok_or_else(|| missing(NONE_EMBEDDED))?;
    let list = OctetStringRef::from_der(list).map_err(|_| missing("the embedded SCT list can't be read"))?;
    let embedded = decode(list.as_bytes()).ok_or_else(|| missing("the embedded SCT list can't be read"))?;
    if embedded.is_empty() {
        return Err(missing(NONE_EMBEDDED));
    }
    if embedded.len() > MOST_SCTS {
        return Err(Rejection::limit("embedded SCTs", MOST_SCTS));
    }
    let precertificate = precertificate(certificate)?;
    let issuer_id = Sha256::digest(issuer_spki);
    for sct in &embedded {
        verify_one(sct, &issuer_id, &precertificate, logs)?;
    }
    Ok(())
}

fn verify_one(sct: &Embedded<'_>, issuer_id: &[u8], tbs: &[u8], logs: &[LogKey]) -> Result<(), Rejection> {
    let milliseconds = i64::try_from(sct.milliseconds).ok();
    let issued = milliseconds
        .and_then(|milliseconds| Timestamp::from_millisecond(milliseconds).ok())
        .ok_or_else(|| missing("an embedded SCT's time can't be read"))?;
    let log = logs
        .iter()
        .find(|log| log.id == sct.log_id && log.is_trusted_at(issued))
        .ok_or_else(|| {
            missing(format!(
                "ctfe public key not found for embedded SCT of log {}",
                hex::encode(sct.log_id)
            ))
        })?;
    let digest = match sct.hash {
        4 => DigestAlgorithm::Sha256,
        5 => DigestAlgorithm::Sha384,
        6 => DigestAlgorithm::Sha512,
        _ => {
            return Err(missing(
                "an embedded SCT was made with an unknown digest algorithm",
            ));
        }
    };
    let signed = signed_bytes(sct, issuer_id, tbs)
        .ok_or_else(|| missing("the certificate is too large for an SCT"))?;
    log.key
        .verify(digest, &signed, sct.signature)
        .map_err(|cause| missing(format!("error verifying embedded SCT: {cause}")))
}

/// RFC 6962 §3.2: version 1, certificate timestamp, a precertificate entry.
fn signed_bytes(sct: &Embedded<'_>, issuer_id: &[u8], tbs: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = vec![0, 0];
    bytes.extend_from_slice(&sct.milliseconds.to_be_bytes());
    bytes.extend_from_slice(&1_u16.to_be_bytes());
    bytes.extend_from_slice(issuer_id);
    let length = u32::try_from(tbs.len())
        .ok()
        .filter(|length| *length < 1 << 24)?
        .to_be_bytes();
    bytes.extend_from_slice(length.get(1..)?);
    bytes.extend_from_slice(tbs);
    bytes.extend_from_slice(&u16::try_from(sct.extensions.len()).ok()?.to_be_bytes());
    bytes.extend_from_slice(sct.extensions);
    Some(bytes)
}

/// What the log saw: the certificate's body without the timestamps that came of it.
fn precertificate(certificate: &Certificate) -> Result<Vec<u8>, Rejection> {
    let mut tbs = certificate.parsed().tbs_certificate.clone();
    if let Some(extensions) = &mut tbs.extensions {
        extensions.retain(|extension| extension.extn_id != EMBEDDED_SCTS);
    }
    tbs.to_der()
        .map_err(|_| missing("the certificate can't be encoded as its log saw it"))
}

/// `SignedCertificateTimestampList`: lengths of two bytes, all the way down.
fn decode(list: &[u8]) -> Option<Vec<Embedded<'_>>> {
    let (mut items, rest) = prefixed(list)?;
    if !rest.is_empty() {
        return None;
    }
    let mut found = Vec::new();
    while !items.is_empty() {
        let (item, rest) = prefixed(items)?;
        items = rest;
        found.push(decode_one(item)?);
    }
    Some(found)
}

fn decode_one(item: &[u8]) -> Option<Embedded<'_>> {
    let (version, item) = item.split_first()?;
    if *version != 0 {
        return None;
    }
    let (log_id, item) = item.split_at_checked(32)?;
    let (time, item) = item.split_at_checked(8)?;
    let (extensions, item) = prefixed(item)?;
    let (algorithm, item) = item.split_at_checked(2)?;
    let (signature, rest) = prefixed(item)?;
    rest.is_empty().then_some(Embedded {
        log_id,
        milliseconds: u64::from_be_bytes(time.try_into().ok()?),
        extensions,
        hash: *algorithm.first()?,
        signature,
    })
}

/// Bytes behind their length in two bytes, and what follows.
fn prefixed(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_at_checked(2)?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(length.try_into().ok()?)))
}

fn missing(text: impl AsRef<str>) -> Rejection {
    Rejection::new(ReasonCode::SctMissing, text)
}
