//! OCSP (RFC 6960): what to ask, and the answers of the issuer or of a responder that the issuer named.

use der::asn1::{ObjectIdentifier, OctetString};
use der::{Decode as _, Encode as _};
use jiff::Timestamp;
use sha1::{Digest as _, Sha1};
use spki::AlgorithmIdentifierOwned;
use x509_cert::ext::Extension;
use x509_ocsp::{
    BasicOcspResponse, CertId, CertStatus, OcspRequest, OcspResponse, OcspResponseStatus, Request,
    ResponderId, SingleResponse, TbsRequest, Version,
};

use super::list::was_used_before;
use super::signed::{is_of_now, timestamp, to_be_signed};
use super::{Issued, Moment, Word};
use crate::certificate::Certificate;
use crate::limits::MOST_RESPONDER_CERTIFICATES;

const SHA_1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.14.3.2.26");
const BASIC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.1");
const INVALIDITY_DATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.24");

/// The request about a certificate, DER. SHA-1 names the issuer, as every responder understands it; nothing is proven
/// by it.
pub(super) fn request(of: Issued<'_>) -> Option<Vec<u8>> {
    let request = OcspRequest {
        tbs_request: TbsRequest {
            version: Version::V1,
            requestor_name: None,
            request_list: vec![Request {
                req_cert: id(of)?,
                single_request_extensions: None,
            }],
            request_extensions: None,
        },
        optional_signature: None,
    };
    request.to_der().ok()
}

/// What a response says of a certificate.
pub(super) fn word(der: &[u8], of: Issued<'_>, moment: Moment) -> Result<Word, String> {
    let (basic, bytes) = basic(der)?;
    check_signature(&basic, &bytes, of, moment)?;
    let id = id(of).ok_or("the certificate can't be asked about")?;
    let is_same = |found: &CertId| {
        found.hash_algorithm.oid == SHA_1
            && (&found.issuer_name_hash, &found.issuer_key_hash)
                == (&id.issuer_name_hash, &id.issuer_key_hash)
            && found.serial_number == id.serial_number
    };
    let data = &basic.tbs_response_data;
    understood(data.response_extensions.as_deref())?;
    let about = data.responses.iter().find(|response| is_same(&response.cert_id));
    let about = about.ok_or("the response is about another certificate")?;
    understood(about.single_extensions.as_deref())?;
    let next_update = about
        .next_update
        .and_then(|time| timestamp(time.0.to_unix_duration()));
    is_of_now(
        timestamp(about.this_update.0.to_unix_duration()),
        next_update,
        moment,
    )?;
    match about.cert_status {
        CertStatus::Good(_) => Ok(Word::Stands),
        CertStatus::Revoked(_) if became_invalid_later(about, moment) => Ok(Word::Stands),
        CertStatus::Revoked(_) => Ok(Word::Revoked),
        CertStatus::Unknown(_) => Err("the responder does not know it".to_owned()),
    }
}

/// When the response goes out of date by its own word: the first of its answers that does.
pub(super) fn next_update(der: &[u8]) -> Option<Timestamp> {
    let (basic, _) = basic(der).ok()?;
    let times = basic.tbs_response_data.responses.iter();
    let times = times.map(|response| timestamp(response.next_update?.0.to_unix_duration()));
    times.collect::<Option<Vec<_>>>()?.into_iter().min()
}

fn basic(der: &[u8]) -> Result<(BasicOcspResponse, Vec<u8>), String> {
    let unreadable = |cause: der::Error| format!("the response can't be read: {cause}");
    let response = OcspResponse::from_der(der).map_err(unreadable)?;
    if response.response_status != OcspResponseStatus::Successful {
        return Err(format!("the responder answers {:?}", response.response_status));
    }
    let bytes = response
        .response_bytes
        .filter(|bytes| bytes.response_type == BASIC);
    let bytes = bytes.ok_or("the response is of no known type")?.response;
    let basic = BasicOcspResponse::from_der(bytes.as_bytes()).map_err(unreadable)?;
    Ok((basic, bytes.as_bytes().to_vec()))
}

/// The issuer itself, or a certificate that the issuer made for this and that is valid now.
fn check_signature(
    basic: &BasicOcspResponse,
    der: &[u8],
    of: Issued<'_>,
    moment: Moment,
) -> Result<(), String> {
    let signed = to_be_signed(der).ok_or("the response can't be read")?;
    let signature = basic.signature.as_bytes().unwrap_or_default();
    let by = |signer: &Certificate| signer.has_signed(basic.signature_algorithm.oid, &signed, signature);
    let responder = &basic.tbs_response_data.responder_id;
    if names(responder, of.issuer) && by(of.issuer) {
        return Ok(());
    }
    let carried = basic.certs.iter().flatten().take(MOST_RESPONDER_CERTIFICATES);
    for certificate in carried.filter_map(|certificate| certificate.to_der().ok()) {
        let Ok(signer) = Certificate::from_der(certificate) else {
            continue;
        };
        let (first, last) = signer.validity();
        let is_named_by_issuer = signer.parsed().tbs_certificate.issuer
            == of.issuer.parsed().tbs_certificate.subject
            && signer.is_signed_by(of.issuer)
            && signer.is_for_ocsp()
            && (first..=last).contains(&moment.at.as_second());
        if names(responder, &signer) && is_named_by_issuer && by(&signer) {
            return Ok(());
        }
    }
    Err("the response is signed by nobody whom the certificate's issuer named".to_owned())
}

fn names(responder: &ResponderId, certificate: &Certificate) -> bool {
    match responder {
        ResponderId::ByName(name) => *name == certificate.parsed().tbs_certificate.subject,
        ResponderId::ByKey(hash) => hash.as_bytes() == key_hash(certificate),
    }
}

fn became_invalid_later(response: &SingleResponse, moment: Moment) -> bool {
    let extensions = response.single_extensions.as_deref().unwrap_or_default();
    extensions.iter().any(|extension| {
        extension.extn_id == INVALIDITY_DATE && was_used_before(extension.extn_value.as_bytes(), moment)
    })
}

fn understood(extensions: Option<&[Extension]>) -> Result<(), String> {
    let mut critical = extensions
        .unwrap_or_default()
        .iter()
        .filter(|extension| extension.critical && extension.extn_id != INVALIDITY_DATE);
    match critical.next() {
        None => Ok(()),
        Some(extension) => Err(format!(
            "the response has extension {}, which is not understood",
            extension.extn_id
        )),
    }
}

fn id(of: Issued<'_>) -> Option<CertId> {
    let name = of.issuer.parsed().tbs_certificate.subject.to_der().ok()?;
    Some(CertId {
        hash_algorithm: AlgorithmIdentifierOwned {
            oid: SHA_1,
            parameters: Some(der::Any::null()),
        },
        issuer_name_hash: OctetString::new(Sha1::digest(name).to_vec()).ok()?,
        issuer_key_hash: OctetString::new(key_hash(of.issuer)).ok()?,
        serial_number: of.certificate.parsed().tbs_certificate.serial_number.clone(),
    })
}

fn key_hash(certificate: &Certificate) -> Vec<u8> {
    let key = &certificate.parsed().tbs_certificate.subject_public_key_info;
    Sha1::digest(key.subject_public_key.raw_bytes()).to_vec()
}
