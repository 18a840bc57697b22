//! Certificate revocation lists (RFC 5280 §5): complete, direct, of the certificate's own issuer, and of now.

use der::asn1::{GeneralizedTime, ObjectIdentifier};
use der::{Decode as _, Encode as _};
use jiff::Timestamp;
use x509_cert::crl::{CertificateList, RevokedCert};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName};
use x509_cert::ext::pkix::{CrlReason, IssuingDistributionPoint};

use super::signed::{is_of_now, timestamp, to_be_signed};
use super::{Issued, Moment, Word};

const SCOPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.28");
/// `freshestCRL`: changes to this list are told elsewhere.
const FRESHEST_LIST: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.46");
const REASON: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.21");
const INVALIDITY_DATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.24");

/// What the list at `url` says of a certificate.
pub(super) fn word(der: &[u8], url: &str, of: Issued<'_>, moment: Moment) -> Result<Word, String> {
    let list = CertificateList::from_der(der).map_err(|cause| format!("the list can't be read: {cause}"))?;
    check_signature(&list, der, of)?;
    let tbs = &list.tbs_cert_list;
    let next_update = tbs
        .next_update
        .and_then(|time| timestamp(time.to_unix_duration()));
    is_of_now(timestamp(tbs.this_update.to_unix_duration()), next_update, moment)?;
    for extension in tbs.crl_extensions.as_deref().unwrap_or_default() {
        check_extension(extension, url, of)?;
    }
    let serial = &of.certificate.parsed().tbs_certificate.serial_number;
    let entries = tbs.revoked_certificates.as_deref().unwrap_or_default();
    let mut word = Word::Stands;
    for entry in entries.iter().filter(|entry| entry.serial_number == *serial) {
        if is_revoked(entry, moment)? {
            word = Word::Revoked;
        }
    }
    Ok(word)
}

/// When the list goes out of date by its own word.
pub(super) fn next_update(der: &[u8]) -> Option<Timestamp> {
    let list = CertificateList::from_der(der).ok()?;
    timestamp(list.tbs_cert_list.next_update?.to_unix_duration())
}

fn check_signature(list: &CertificateList, der: &[u8], of: Issued<'_>) -> Result<(), String> {
    let issuer = &of.issuer.parsed().tbs_certificate;
    if list.tbs_cert_list.issuer != issuer.subject {
        return Err("the list is another authority's".to_owned());
    }
    if !of.issuer.may_sign_lists() {
        return Err("the certificate's issuer may not sign lists".to_owned());
    }
    let signed = to_be_signed(der).ok_or("the list can't be read")?;
    let names_it_twice = list.tbs_cert_list.signature == list.signature_algorithm;
    let signature = list.signature.as_bytes().unwrap_or_default();
    if !names_it_twice
        || !of
            .issuer
            .has_signed(list.signature_algorithm.oid, &signed, signature)
    {
        return Err("the list is not signed by the certificate's issuer".to_owned());
    }
    Ok(())
}

/// A list of another scope is signed by the right authority, and silent about the certificate.
fn check_extension(extension: &Extension, url: &str, of: Issued<'_>) -> Result<(), String> {
    match extension.extn_id {
        SCOPE => {
            let scope = IssuingDistributionPoint::from_der(extension.extn_value.as_bytes())
                .map_err(|_| "the list's scope can't be read")?;
            if covers(&scope, url, of) {
                return Ok(());
            }
            Err("the list does not speak of such certificates".to_owned())
        }
        FRESHEST_LIST => Err("changes to the list are told elsewhere, which is not read".to_owned()),
        other if extension.critical => {
            Err(format!("the list has extension {other}, which is not understood"))
        }
        _ => Ok(()),
    }
}

fn covers(scope: &IssuingDistributionPoint, url: &str, of: Issued<'_>) -> bool {
    let is_of_this_place = match &scope.distribution_point {
        None => true,
        Some(DistributionPointName::FullName(names)) => names.iter().any(
            |name| matches!(name, GeneralName::UniformResourceIdentifier(found) if found.as_str() == url),
        ),
        Some(DistributionPointName::NameRelativeToCRLIssuer(_)) => false,
    };
    let is_authority = of.certificate.is_authority();
    let is_of_this_kind = !(scope.only_contains_attribute_certs
        || (scope.only_contains_user_certs && is_authority)
        || (scope.only_contains_ca_certs && !is_authority));
    is_of_this_place && is_of_this_kind && !scope.indirect_crl && scope.only_some_reasons.is_none()
}

fn is_revoked(entry: &RevokedCert, moment: Moment) -> Result<bool, String> {
    for extension in entry.crl_entry_extensions.as_deref().unwrap_or_default() {
        let value = extension.extn_value.as_bytes();
        match extension.extn_id {
            // RFC 5280 §5.3.1: lists of changes alone may say so. A whole list with such an entry leaves open which it means.
            REASON if value == CrlReason::RemoveFromCRL.to_der().unwrap_or_default() => {
                return Err(
                    "an entry of the list takes back a revocation, which only lists of changes may"
                        .to_owned(),
                );
            }
            REASON => {}
            INVALIDITY_DATE if was_used_before(value, moment) => return Ok(false),
            INVALIDITY_DATE => {}
            other if extension.critical => {
                return Err(format!(
                    "an entry of the list has extension {other}, which is not understood"
                ));
            }
            _ => {}
        }
    }
    Ok(true)
}

/// Whether it is known that the certificate was used before it became invalid.
pub(super) fn was_used_before(invalidity_date: &[u8], moment: Moment) -> bool {
    let date = GeneralizedTime::from_der(invalidity_date).ok();
    let date = date.and_then(|date| timestamp(date.to_unix_duration()));
    matches!((moment.used, date), (Some(used), Some(date)) if used < date)
}
