//! Certificates, written field by field: an attack test must be able to get any one of them wrong.
//!
//! Source: RFC 5280; algorithm identifiers of RFC 5758, 8410, 4055.

use std::str::FromStr;
use std::time::{Duration, SystemTime};

use aws_lc_rs::rand;
use der::asn1::{BitString, GeneralizedTime, Null, OctetString, UtcTime};
use der::oid::ObjectIdentifier;
use der::{Any, DateTime, Decode as _, Encode};
use sha2::{Digest as _, Sha256};
use spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::certificate::{CertificateInner, TbsCertificateInner, Version};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectKeyIdentifier,
};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::time::{Time, Validity};

use crate::error::RehearsalError;
use crate::keys::{Algorithm, SigningKey};
use crate::pem;

/// Extended key usage: code signing.
pub(crate) const CODE_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.3");
/// Extended key usage: timestamping.
pub(crate) const TIME_STAMPING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");

const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
const EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");
const SUBJECT_KEY_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.14");
const AUTHORITY_KEY_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.35");

/// A certificate in DER.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate(Vec<u8>);

impl Certificate {
    /// The bytes.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.0
    }

    /// As text.
    #[must_use]
    pub fn pem(&self) -> String {
        pem::encode("CERTIFICATE", &self.0)
    }

    pub(crate) fn parsed(&self) -> Result<CertificateInner, RehearsalError> {
        CertificateInner::from_der(&self.0).map_err(RehearsalError::der("a certificate"))
    }
}

/// What goes into a certificate, apart from who signs it.
pub(crate) struct Draft {
    /// RFC 4514, e.g. `CN=root,O=rehearsal`; empty for a leaf of Fulcio.
    pub(crate) subject: String,
    /// `SubjectPublicKeyInfo` in DER.
    pub(crate) public: Vec<u8>,
    pub(crate) not_before: SystemTime,
    pub(crate) lifetime: Duration,
    pub(crate) serial: [u8; 16],
    pub(crate) extensions: Vec<Extension>,
}

/// Who signs a certificate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Issuer<'a> {
    pub(crate) name: &'a str,
    pub(crate) key: &'a SigningKey,
}

impl Draft {
    pub(crate) fn new(
        subject: &str,
        public: &[u8],
        not_before: SystemTime,
        lifetime: Duration,
    ) -> Result<Self, RehearsalError> {
        Ok(Self {
            subject: subject.to_owned(),
            public: public.to_vec(),
            not_before,
            lifetime,
            serial: serial()?,
            extensions: vec![subject_key_id(public)?],
        })
    }

    /// Makes it a certificate authority with room for `below` more below it.
    pub(crate) fn authority(mut self, below: u8) -> Result<Self, RehearsalError> {
        let constraints = BasicConstraints {
            ca: true,
            path_len_constraint: Some(below),
        };
        self.extensions
            .push(extension(BASIC_CONSTRAINTS, true, &constraints)?);
        let usage = KeyUsage(KeyUsages::KeyCertSign | KeyUsages::CRLSign);
        self.extensions.push(extension(KEY_USAGE, true, &usage)?);
        Ok(self)
    }

    /// Makes it a certificate that signs things.
    pub(crate) fn leaf(mut self) -> Result<Self, RehearsalError> {
        let usage = KeyUsage(KeyUsages::DigitalSignature.into());
        self.extensions.push(extension(KEY_USAGE, true, &usage)?);
        Ok(self)
    }

    pub(crate) fn end_entity(mut self) -> Result<Self, RehearsalError> {
        let constraints = BasicConstraints {
            ca: false,
            path_len_constraint: None,
        };
        self.extensions
            .push(extension(BASIC_CONSTRAINTS, true, &constraints)?);
        Ok(self)
    }

    pub(crate) fn used_for(
        mut self,
        purposes: &[ObjectIdentifier],
        critical: bool,
    ) -> Result<Self, RehearsalError> {
        if !purposes.is_empty() {
            let usage = ExtendedKeyUsage(purposes.to_vec());
            self.extensions
                .push(extension(EXTENDED_KEY_USAGE, critical, &usage)?);
        }
        Ok(self)
    }

    pub(crate) fn with(mut self, extension: Extension) -> Self {
        self.extensions.push(extension);
        self
    }

    /// The part that is signed.
    pub(crate) fn to_be_signed(&self, issuer: &Issuer<'_>) -> Result<Vec<u8>, RehearsalError> {
        self.tbs(issuer)?
            .to_der()
            .map_err(RehearsalError::der("a certificate"))
    }

    pub(crate) fn sign(&self, issuer: &Issuer<'_>) -> Result<Certificate, RehearsalError> {
        let wrong = RehearsalError::der;
        let tbs = self.tbs(issuer)?;
        let signature = issuer.key.sign(&tbs.to_der().map_err(wrong("a certificate"))?)?;
        let certificate: CertificateInner = CertificateInner {
            signature_algorithm: tbs.signature.clone(),
            tbs_certificate: tbs,
            signature: BitString::from_bytes(&signature).map_err(wrong("a signature"))?,
        };
        Ok(Certificate(certificate.to_der().map_err(wrong("a certificate"))?))
    }

    fn tbs(&self, issuer: &Issuer<'_>) -> Result<TbsCertificateInner, RehearsalError> {
        let wrong = RehearsalError::der;
        let name = |text: &str| match text {
            "" => Ok(Name::default()),
            text => Name::from_str(text).map_err(wrong("a name")),
        };
        let mut extensions = self.extensions.clone();
        let authority = AuthorityKeyIdentifier {
            key_identifier: Some(key_id(issuer.key.public_der())?),
            authority_cert_issuer: None,
            authority_cert_serial_number: None,
        };
        // Before anything the caller added, so that what is added last stays last.
        extensions.insert(1, extension(AUTHORITY_KEY_ID, false, &authority)?);
        Ok(TbsCertificateInner {
            version: Version::V3,
            serial_number: SerialNumber::new(&self.serial).map_err(wrong("a serial number"))?,
            signature: signature_algorithm(issuer.key.algorithm()),
            issuer: name(issuer.name)?,
            validity: Validity {
                not_before: time(self.not_before)?,
                not_after: time(self.not_before + self.lifetime)?,
            },
            subject: name(&self.subject)?,
            subject_public_key_info: SubjectPublicKeyInfoOwned::from_der(&self.public)
                .map_err(wrong("a public key"))?,
            issuer_unique_id: None,
            subject_unique_id: None,
            extensions: Some(extensions),
        })
    }
}

/// UTC time until 2049 and generalized time after, as RFC 5280 §4.1.2.5 demands; Go's verifiers rewrite it so.
fn time(at: SystemTime) -> Result<Time, RehearsalError> {
    let wrong = RehearsalError::der;
    let date = DateTime::from_system_time(at).map_err(wrong("a time"))?;
    Ok(match UtcTime::from_date_time(date) {
        Ok(short) => Time::UtcTime(short),
        Err(_) => Time::GeneralTime(GeneralizedTime::from_date_time(date)),
    })
}

/// An extension over anything that can be written as DER.
pub(crate) fn extension(
    id: ObjectIdentifier,
    critical: bool,
    value: &impl Encode,
) -> Result<Extension, RehearsalError> {
    raw_extension(
        id,
        critical,
        value.to_der().map_err(RehearsalError::der("an extension"))?,
    )
}

/// An extension over any bytes.
pub(crate) fn raw_extension(
    id: ObjectIdentifier,
    critical: bool,
    value: Vec<u8>,
) -> Result<Extension, RehearsalError> {
    let extn_value = OctetString::new(value).map_err(RehearsalError::der("an extension"))?;
    Ok(Extension {
        extn_id: id,
        critical,
        extn_value,
    })
}

fn subject_key_id(public: &[u8]) -> Result<Extension, RehearsalError> {
    extension(SUBJECT_KEY_ID, false, &SubjectKeyIdentifier(key_id(public)?))
}

/// Any 20 octets that follow from the key will do (RFC 7093).
fn key_id(public: &[u8]) -> Result<OctetString, RehearsalError> {
    let hash = Sha256::digest(public);
    OctetString::new(hash.get(..20).unwrap_or_default()).map_err(RehearsalError::der("a key identifier"))
}

fn serial() -> Result<[u8; 16], RehearsalError> {
    let mut serial = [0; 16];
    rand::fill(&mut serial).map_err(|_| RehearsalError::Crypto("draw a serial number"))?;
    if let Some(first) = serial.first_mut() {
        // Positive, and not shortened by a leading zero.
        *first = (*first & 0x3f) | 0x40;
    }
    Ok(serial)
}

pub(crate) fn signature_algorithm(algorithm: Algorithm) -> AlgorithmIdentifierOwned {
    let (oid, parameters) = match algorithm {
        Algorithm::P256 => ("1.2.840.10045.4.3.2", None),
        Algorithm::P384 => ("1.2.840.10045.4.3.3", None),
        Algorithm::P521 => ("1.2.840.10045.4.3.4", None),
        Algorithm::Rsa2048 | Algorithm::Rsa3072 => ("1.2.840.113549.1.1.11", Some(Any::from(Null))),
        Algorithm::Ed25519 => ("1.3.101.112", None),
    };
    AlgorithmIdentifierOwned {
        oid: ObjectIdentifier::new_unwrap(oid),
        parameters,
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn validity_is_written_in_two_digit_years_until_2049() {
        // Go's verifiers rebuild what the certificate log signed and write it so; another form breaks the SCT.
        assert!(matches!(time(UNIX_EPOCH), Ok(Time::UtcTime(_))));
        let in_2050 = UNIX_EPOCH + Duration::from_secs(2_524_608_000);
        assert!(matches!(time(in_2050), Ok(Time::GeneralTime(_))));
    }
}
