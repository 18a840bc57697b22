//! Makes authorities and certificates.

use std::collections::BTreeSet;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose,
};

use crate::error::ControllerError;
use crate::limits::{AUTHORITY_SECONDS, EARLIER_SECONDS, LEAF_SECONDS};

/// A certificate and its private key, PEM.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) certificate: String,
    pub(super) key: String,
}

impl From<rcgen::Error> for ControllerError {
    fn from(cause: rcgen::Error) -> Self {
        Self::Certificate(cause.to_string())
    }
}

/// A new authority, made at `now`. Its name says when, so that no two have the same.
pub(super) fn authority(now: i64) -> Result<Pair, ControllerError> {
    let key = KeyPair::generate()?;
    let mut authority = params(
        Vec::new(),
        &format!("vouchsafe authority {now}"),
        now,
        AUTHORITY_SECONDS,
    )?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(Pair {
        certificate: authority.self_signed(&key)?.pem(),
        key: key.serialize_pem(),
    })
}

/// A certificate for servers called `names`, of the authority in `certificate` (the first of them) and `key`.
pub(super) fn leaf(
    certificate: &str,
    key: &str,
    names: &BTreeSet<String>,
    now: i64,
) -> Result<Pair, ControllerError> {
    let issuer = Issuer::from_ca_cert_pem(certificate, KeyPair::from_pem(key)?)?;
    let own = KeyPair::generate()?;
    let names = names.iter().cloned().collect();
    let mut leaf = params(names, "vouchsafe admission server", now, LEAF_SECONDS)?;
    leaf.is_ca = IsCa::ExplicitNoCa;
    leaf.use_authority_key_identifier_extension = true;
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(Pair {
        certificate: leaf.signed_by(&own, &issuer)?.pem(),
        key: own.serialize_pem(),
    })
}

fn params(
    names: Vec<String>,
    common_name: &str,
    now: i64,
    seconds: u64,
) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(names)?;
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    params.distinguished_name = name;
    // Counted from the epoch, as rcgen's type of times is not ours to name.
    let since = u64::try_from(now).unwrap_or_default();
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    params.not_before = epoch + Duration::from_secs(since.saturating_sub(EARLIER_SECONDS));
    params.not_after = epoch + Duration::from_secs(since.saturating_add(seconds));
    Ok(params)
}
