//! Revocation lists and OCSP responses, written field by field: an attack test must be able to get any one wrong.
//!
//! Source: RFC 5280 §5, RFC 6960 §4.2.

use std::time::{Duration, SystemTime};

use der::asn1::{BitString, GeneralizedTime, Ia5String, Null, OctetString};
use der::oid::ObjectIdentifier;
use der::{Any, DateTime, Encode as _};
use sha1::{Digest as _, Sha1};
use spki::AlgorithmIdentifierOwned;
use x509_cert::certificate::Version as CertificateVersion;
use x509_cert::crl::{CertificateList, RevokedCert, TbsCertList};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::crl::dp::{DistributionPoint, IssuingDistributionPoint, Reasons};
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName};
use x509_cert::ext::pkix::{AccessDescription, AuthorityInfoAccessSyntax, CrlDistributionPoints, CrlReason};
use x509_cert::time::Time;
use x509_ocsp::{
    BasicOcspResponse, CertId, CertStatus, OcspGeneralizedTime, OcspResponse, ResponderId, ResponseData,
    RevokedInfo, SingleResponse, Version,
};

use crate::error::RehearsalError;
use crate::keys::{Algorithm, SigningKey};
use crate::x509::{Certificate, Draft, Issuer, extension, signature_algorithm};

const LISTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.31");
const CHANGES: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.27");
const FRESHEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.46");
const SCOPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.28");
const INFORMATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.1.1");
const OCSP: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1");
const OCSP_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.9");
const REASON: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.21");
const INVALIDITY_DATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.24");
const SHA_1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.14.3.2.26");
const RESPONDER: &str = "CN=rehearsal responder,O=rehearsal";
const TEN_YEARS: Duration = Duration::from_secs(3650 * 24 * 3600);

/// Where a certificate says that its revocation is told; empty: nowhere.
#[derive(Clone, Debug, Default)]
pub struct RevocationPlaces {
    /// Addresses of lists, each a distribution point.
    pub lists: Vec<String>,
    /// Addresses of OCSP responders.
    pub responders: Vec<String>,
}

impl Draft {
    /// Says where revocation is told.
    pub(crate) fn telling(mut self, places: &RevocationPlaces) -> Result<Self, RehearsalError> {
        if !places.lists.is_empty() {
            let points = places.lists.iter().map(|url| {
                Ok(DistributionPoint {
                    distribution_point: Some(DistributionPointName::FullName(vec![uri(url)?])),
                    reasons: None,
                    crl_issuer: None,
                })
            });
            let points = CrlDistributionPoints(points.collect::<Result<_, RehearsalError>>()?);
            self = self.with(extension(LISTS, false, &points)?);
        }
        if !places.responders.is_empty() {
            let descriptions = places.responders.iter().map(|url| {
                Ok(AccessDescription {
                    access_method: OCSP,
                    access_location: uri(url)?,
                })
            });
            let descriptions = descriptions.collect::<Result<_, RehearsalError>>()?;
            let descriptions = AuthorityInfoAccessSyntax(descriptions);
            self = self.with(extension(INFORMATION, false, &descriptions)?);
        }
        Ok(self)
    }
}

/// What is said of one certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It stands.
    Good,
    /// It was taken back.
    Revoked,
    /// It was taken back for what it signs from this time on.
    RevokedFrom(SystemTime),
    /// A list says that it is no longer revoked (`removeFromCRL`), which only lists of changes may; a responder has no such
    /// word and says that it stands.
    TakenBack,
    /// The responder does not know it; a list has no such word and holds it as revoked.
    Unknown,
}

/// From when to when an answer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// `thisUpdate`
    pub from: SystemTime,
    /// `nextUpdate`; `None` leaves it out.
    pub until: Option<SystemTime>,
}

/// What a list speaks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope<'s> {
    /// All that the authority issued.
    Everything,
    /// What is issued under this place.
    Place(&'s str),
    /// What other authorities issued, too (`indirectCRL`).
    OtherAuthorities,
    /// Some reasons (`onlySomeReasons`): the others stand elsewhere.
    SomeReasons,
    /// The changes since the list of this number (`deltaCRLIndicator`).
    ChangesSince(u8),
    /// Everything, and changes to it are told at this place (`freshestCRL`).
    ChangesAt(&'s str),
}

/// A certificate authority as it tells what it took back.
#[derive(Clone, Copy, Debug)]
pub struct Revoker<'r> {
    pub(crate) issuer: Issuer<'r>,
    pub(crate) certificate: &'r Certificate,
}

/// A responder that an authority named: a key and its certificate.
#[derive(Debug)]
pub struct Delegate {
    key: SigningKey,
    certificate: Certificate,
}

impl Revoker<'_> {
    /// A list of the authority that says this of each, DER.
    ///
    /// # Errors
    /// [`RehearsalError::Crypto`] and [`RehearsalError::Der`].
    pub fn list(
        &self,
        says: &[(&Certificate, Status)],
        period: Period,
        scope: Scope<'_>,
    ) -> Result<Vec<u8>, RehearsalError> {
        let wrong = RehearsalError::der;
        let entries = entries(says, period)?;
        let algorithm = signature_algorithm(self.issuer.key.algorithm());
        let list = TbsCertList {
            version: CertificateVersion::V2,
            signature: algorithm.clone(),
            issuer: self.certificate.parsed()?.tbs_certificate.subject,
            this_update: time(period.from)?,
            next_update: period.until.map(time).transpose()?,
            revoked_certificates: (!entries.is_empty()).then_some(entries),
            crl_extensions: extension_of(scope)?.map(|extension| vec![extension]),
        };
        let signature = self.issuer.key.sign(&list.to_der().map_err(wrong("a list"))?)?;
        let list = CertificateList {
            tbs_cert_list: list,
            signature_algorithm: algorithm,
            signature: BitString::from_bytes(&signature).map_err(wrong("a signature"))?,
        };
        list.to_der().map_err(wrong("a list"))
    }

    /// A response that the authority itself signs, DER.
    ///
    /// # Errors
    /// [`RehearsalError::Crypto`] and [`RehearsalError::Der`].
    pub fn response(
        &self,
        about: &Certificate,
        status: Status,
        period: Period,
    ) -> Result<Vec<u8>, RehearsalError> {
        self.signed(about, status, period, (self.issuer.key, self.certificate, None))
    }

    /// A response that `delegate` signs, whose certificate comes with it.
    ///
    /// # Errors
    /// [`RehearsalError::Crypto`] and [`RehearsalError::Der`].
    pub fn delegated(
        &self,
        about: &Certificate,
        status: Status,
        period: Period,
        delegate: &Delegate,
    ) -> Result<Vec<u8>, RehearsalError> {
        let Delegate { key, certificate } = delegate;
        self.signed(about, status, period, (key, certificate, Some(certificate)))
    }

    /// Names a responder; without `is_for_ocsp` its certificate is for nothing.
    ///
    /// # Errors
    /// [`RehearsalError::Crypto`] and [`RehearsalError::Der`].
    pub fn delegate(&self, from: SystemTime, is_for_ocsp: bool) -> Result<Delegate, RehearsalError> {
        let key = SigningKey::generate(Algorithm::P256)?;
        let purposes: &[ObjectIdentifier] = if is_for_ocsp { &[OCSP_SIGNING] } else { &[] };
        let certificate = Draft::new(RESPONDER, key.public_der(), from, TEN_YEARS)?
            .end_entity()?
            .leaf()?
            .used_for(purposes, false)?
            .sign(&self.issuer)?;
        Ok(Delegate { key, certificate })
    }

    fn signed(
        &self,
        about: &Certificate,
        status: Status,
        period: Period,
        (key, responder, carried): (&SigningKey, &Certificate, Option<&Certificate>),
    ) -> Result<Vec<u8>, RehearsalError> {
        let wrong = RehearsalError::der;
        let data = ResponseData {
            version: Version::V1,
            responder_id: ResponderId::ByName(responder.parsed()?.tbs_certificate.subject),
            produced_at: generalized(period.from)?,
            responses: vec![self.single(about, status, period)?],
            response_extensions: None,
        };
        let signature = key.sign(&data.to_der().map_err(wrong("a response"))?)?;
        let carried = carried.map(|carried| Ok::<_, RehearsalError>(vec![carried.parsed()?]));
        let basic = BasicOcspResponse {
            tbs_response_data: data,
            signature_algorithm: signature_algorithm(key.algorithm()),
            signature: BitString::from_bytes(&signature).map_err(wrong("a signature"))?,
            certs: carried.transpose()?,
        };
        let response = OcspResponse::successful(basic).map_err(wrong("a response"))?;
        response.to_der().map_err(wrong("a response"))
    }

    fn single(
        &self,
        about: &Certificate,
        status: Status,
        period: Period,
    ) -> Result<SingleResponse, RehearsalError> {
        let revoked = RevokedInfo {
            revocation_time: generalized(period.from)?,
            revocation_reason: None,
        };
        let (cert_status, single_extensions) = match status {
            Status::Good | Status::TakenBack => (CertStatus::good(), None),
            Status::Unknown => (CertStatus::unknown(), None),
            Status::Revoked => (CertStatus::Revoked(revoked), None),
            Status::RevokedFrom(date) => (CertStatus::Revoked(revoked), Some(vec![invalidity_date(date)?])),
        };
        Ok(SingleResponse {
            cert_id: self.id(about)?,
            cert_status,
            this_update: generalized(period.from)?,
            next_update: period.until.map(generalized).transpose()?,
            single_extensions,
        })
    }

    fn id(&self, about: &Certificate) -> Result<CertId, RehearsalError> {
        let wrong = RehearsalError::der;
        let issuer = self.certificate.parsed()?.tbs_certificate;
        let hash = |bytes: &[u8]| OctetString::new(Sha1::digest(bytes).to_vec()).map_err(wrong("a hash"));
        Ok(CertId {
            hash_algorithm: AlgorithmIdentifierOwned {
                oid: SHA_1,
                parameters: Some(Any::from(Null)),
            },
            issuer_name_hash: hash(&issuer.subject.to_der().map_err(wrong("a name"))?)?,
            issuer_key_hash: hash(issuer.subject_public_key_info.subject_public_key.raw_bytes())?,
            serial_number: about.parsed()?.tbs_certificate.serial_number,
        })
    }
}

fn entries(says: &[(&Certificate, Status)], period: Period) -> Result<Vec<RevokedCert>, RehearsalError> {
    let mut entries = Vec::new();
    for (certificate, status) in says {
        let crl_entry_extensions = match status {
            Status::Good => continue,
            Status::Revoked | Status::Unknown => None,
            Status::RevokedFrom(date) => Some(vec![invalidity_date(*date)?]),
            Status::TakenBack => Some(vec![extension(REASON, false, &CrlReason::RemoveFromCRL)?]),
        };
        entries.push(RevokedCert {
            serial_number: certificate.parsed()?.tbs_certificate.serial_number,
            revocation_date: time(period.from)?,
            crl_entry_extensions,
        });
    }
    Ok(entries)
}

fn extension_of(scope: Scope<'_>) -> Result<Option<Extension>, RehearsalError> {
    let whole = IssuingDistributionPoint {
        distribution_point: None,
        only_contains_user_certs: false,
        only_contains_ca_certs: false,
        only_some_reasons: None,
        indirect_crl: false,
        only_contains_attribute_certs: false,
    };
    let place = |url: &str| Ok::<_, RehearsalError>(DistributionPointName::FullName(vec![uri(url)?]));
    let limited = match scope {
        Scope::Everything => return Ok(None),
        Scope::Place(url) => IssuingDistributionPoint {
            distribution_point: Some(place(url)?),
            ..whole
        },
        Scope::OtherAuthorities => IssuingDistributionPoint {
            indirect_crl: true,
            ..whole
        },
        Scope::SomeReasons => IssuingDistributionPoint {
            only_some_reasons: Some(Reasons::KeyCompromise.into()),
            ..whole
        },
        Scope::ChangesSince(number) => return extension(CHANGES, true, &number).map(Some),
        Scope::ChangesAt(url) => {
            let points = CrlDistributionPoints(vec![DistributionPoint {
                distribution_point: Some(place(url)?),
                reasons: None,
                crl_issuer: None,
            }]);
            return extension(FRESHEST, false, &points).map(Some);
        }
    };
    extension(SCOPE, true, &limited).map(Some)
}

fn uri(url: &str) -> Result<GeneralName, RehearsalError> {
    let url = Ia5String::new(url).map_err(RehearsalError::der("an address"))?;
    Ok(GeneralName::UniformResourceIdentifier(url))
}

fn invalidity_date(date: SystemTime) -> Result<Extension, RehearsalError> {
    extension(INVALIDITY_DATE, false, &generalized(date)?.0)
}

fn time(at: SystemTime) -> Result<Time, RehearsalError> {
    Time::try_from(at).map_err(RehearsalError::der("a time"))
}

/// In whole seconds, as DER has no others.
fn generalized(at: SystemTime) -> Result<OcspGeneralizedTime, RehearsalError> {
    let date = DateTime::from_system_time(at).map_err(RehearsalError::der("a time"))?;
    Ok(OcspGeneralizedTime(GeneralizedTime::from_date_time(date)))
}
