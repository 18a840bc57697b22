//! A timestamp authority: RFC 3161 responses over signatures.
//!
//! Source: RFC 3161 §2.4.2, RFC 5652 §5, RFC 5816; shape as sigstore/timestamp-authority v2 answers.

use std::time::{Duration, SystemTime};

use aws_lc_rs::rand;
use cms::cert::{CertificateChoices, IssuerAndSerialNumber};
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{
    CertificateSet, EncapsulatedContentInfo, SignedData, SignerIdentifier, SignerInfo, SignerInfos,
};
use der::asn1::{GeneralizedTime, Int, OctetString, SetOfVec, UtcTime};
use der::oid::ObjectIdentifier;
use der::{Any, DateTime, Encode, Sequence};
use sha2::{Digest as _, Sha256};
use spki::AlgorithmIdentifierOwned;
use x509_cert::attr::Attribute;

use crate::error::RehearsalError;
use crate::keys::{Algorithm, SigningKey};
use crate::revocation::{RevocationPlaces, Revoker};
use crate::x509::{Certificate, Draft, Issuer, TIME_STAMPING, signature_algorithm};

const ROOT: &str = "CN=rehearsal timestamp root,O=rehearsal";
const LEAF: &str = "CN=rehearsal timestamps,O=rehearsal";
const TEN_YEARS: Duration = Duration::from_secs(3650 * 24 * 3600);
const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
const POLICY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.2");
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const SIGNING_TIME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.5");
const SIGNING_CERTIFICATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");

#[derive(Sequence)]
struct TstInfo {
    version: u8,
    policy: ObjectIdentifier,
    message_imprint: MessageImprint,
    serial_number: Int,
    gen_time: GeneralizedTime,
    accuracy: Accuracy,
}

#[derive(Sequence)]
struct MessageImprint {
    hash_algorithm: AlgorithmIdentifierOwned,
    hashed_message: OctetString,
}

#[derive(Sequence)]
struct Accuracy {
    seconds: u8,
}

#[derive(Sequence)]
struct Response {
    status: Status,
    token: ContentInfo,
}

#[derive(Sequence)]
struct Status {
    status: u8,
}

/// `SigningCertificateV2` with one certificate, hashed with SHA-256 (which is the default and so left out).
#[derive(Sequence)]
struct SigningCertificate {
    certificates: Vec<CertificateId>,
}

#[derive(Sequence)]
struct CertificateId {
    hash: OctetString,
}

/// The authority.
#[derive(Debug)]
pub struct TimestampAuthority {
    root: Certificate,
    root_key: SigningKey,
    leaf: Certificate,
    key: SigningKey,
    from: SystemTime,
}

impl TimestampAuthority {
    /// Root (P-384) and leaf (P-256), valid for ten years from `from`.
    ///
    /// # Errors
    /// [`RehearsalError::Crypto`] and [`RehearsalError::Der`].
    pub fn new(from: SystemTime) -> Result<Self, RehearsalError> {
        Self::telling(from, &RevocationPlaces::default())
    }

    /// As [`Self::new`], with a leaf that says where its revocation is told.
    ///
    /// # Errors
    /// [`RehearsalError::Crypto`] and [`RehearsalError::Der`].
    pub fn telling(from: SystemTime, places: &RevocationPlaces) -> Result<Self, RehearsalError> {
        let root_key = SigningKey::generate(Algorithm::P384)?;
        let issuer = Issuer {
            name: ROOT,
            key: &root_key,
        };
        let root = Draft::new(ROOT, root_key.public_der(), from, TEN_YEARS)?
            .authority(0)?
            .sign(&issuer)?;
        let key = SigningKey::generate(Algorithm::P256)?;
        let leaf = Draft::new(LEAF, key.public_der(), from, TEN_YEARS)?
            .end_entity()?
            .leaf()?
            .used_for(&[TIME_STAMPING], true)?
            .telling(places)?
            .sign(&issuer)?;
        Ok(Self {
            root,
            root_key,
            leaf,
            key,
            from,
        })
    }

    /// Who tells whether the leaf was taken back.
    #[must_use]
    pub fn revoker(&self) -> Revoker<'_> {
        Revoker {
            issuer: Issuer {
                name: ROOT,
                key: &self.root_key,
            },
            certificate: &self.root,
        }
    }

    /// The trust anchor.
    #[must_use]
    pub fn root(&self) -> &Certificate {
        &self.root
    }

    /// What signs the timestamps.
    #[must_use]
    pub fn leaf(&self) -> &Certificate {
        &self.leaf
    }

    /// The leaf's private key, for a real authority to sign with.
    #[must_use]
    pub fn key(&self) -> &SigningKey {
        &self.key
    }

    /// Since when both are valid.
    #[must_use]
    pub fn valid_from(&self) -> SystemTime {
        self.from
    }

    /// Leaf and root, as text.
    #[must_use]
    pub fn chain_pem(&self) -> String {
        self.leaf.pem() + &self.root.pem()
    }

    /// The response (`TimeStampResp` in DER) that says `signature` existed at `at`, with the leaf in it.
    ///
    /// # Errors
    /// [`RehearsalError::Crypto`] and [`RehearsalError::Der`].
    pub fn stamp(&self, signature: &[u8], at: SystemTime) -> Result<Vec<u8>, RehearsalError> {
        Response {
            status: Status { status: 0 },
            token: self.signed_token(signature, at)?,
        }
        .to_der()
        .map_err(RehearsalError::der("a timestamp"))
    }

    /// The token of [`Self::stamp`] alone.
    ///
    /// # Errors
    /// As [`Self::stamp`].
    pub fn token(&self, signature: &[u8], at: SystemTime) -> Result<Vec<u8>, RehearsalError> {
        let token = self.signed_token(signature, at)?;
        token.to_der().map_err(RehearsalError::der("a timestamp"))
    }

    fn signed_token(&self, signature: &[u8], at: SystemTime) -> Result<ContentInfo, RehearsalError> {
        let wrong = RehearsalError::der;
        let mut serial = [0; 8];
        rand::fill(&mut serial).map_err(|_| RehearsalError::Crypto("draw a serial number"))?;
        let info = TstInfo {
            version: 1,
            policy: POLICY,
            message_imprint: MessageImprint {
                hash_algorithm: sha256(),
                hashed_message: octets(&Sha256::digest(signature))?,
            },
            serial_number: Int::new(&[&[1][..], &serial].concat()).map_err(wrong("a serial number"))?,
            gen_time: GeneralizedTime::from_system_time(at).map_err(wrong("a time"))?,
            accuracy: Accuracy { seconds: 1 },
        };
        let info = info.to_der().map_err(wrong("a timestamp"))?;
        let signed = self.signed_data(&info, at)?;
        Ok(ContentInfo {
            content_type: SIGNED_DATA,
            content: Any::encode_from(&signed).map_err(wrong("a timestamp"))?,
        })
    }

    fn signed_data(&self, info: &[u8], at: SystemTime) -> Result<SignedData, RehearsalError> {
        let wrong = RehearsalError::der;
        let leaf = self.leaf.parsed()?;
        let attributes = self.attributes(info, at)?;
        let signature = self
            .key
            .sign(&attributes.to_der().map_err(wrong("attributes"))?)?;
        let signer = SignerInfo {
            version: CmsVersion::V1,
            sid: SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
                issuer: leaf.tbs_certificate.issuer.clone(),
                serial_number: leaf.tbs_certificate.serial_number.clone(),
            }),
            digest_alg: sha256(),
            signed_attrs: Some(attributes),
            signature_algorithm: signature_algorithm(self.key.algorithm()),
            signature: octets(&signature)?,
            unsigned_attrs: None,
        };
        let content = Any::encode_from(&octets(info)?).map_err(wrong("a timestamp"))?;
        let certificates = SetOfVec::try_from(vec![CertificateChoices::Certificate(leaf)]);
        Ok(SignedData {
            version: CmsVersion::V3,
            digest_algorithms: SetOfVec::try_from(vec![sha256()]).map_err(wrong("algorithms"))?,
            encap_content_info: EncapsulatedContentInfo {
                econtent_type: TST_INFO,
                econtent: Some(content),
            },
            certificates: Some(CertificateSet(certificates.map_err(wrong("certificates"))?)),
            crls: None,
            signer_infos: SignerInfos(SetOfVec::try_from(vec![signer]).map_err(wrong("a signer"))?),
        })
    }

    fn attributes(&self, info: &[u8], at: SystemTime) -> Result<SetOfVec<Attribute>, RehearsalError> {
        let wrong = RehearsalError::der;
        let certificate = SigningCertificate {
            certificates: vec![CertificateId {
                hash: octets(&Sha256::digest(self.leaf.der()))?,
            }],
        };
        let now = DateTime::from_system_time(at)
            .and_then(UtcTime::from_date_time)
            .map_err(wrong("a time"))?;
        SetOfVec::try_from(vec![
            attribute(CONTENT_TYPE, &TST_INFO)?,
            attribute(SIGNING_TIME, &now)?,
            attribute(MESSAGE_DIGEST, &octets(&Sha256::digest(info))?)?,
            attribute(SIGNING_CERTIFICATE, &certificate)?,
        ])
        .map_err(wrong("attributes"))
    }
}

fn sha256() -> AlgorithmIdentifierOwned {
    AlgorithmIdentifierOwned {
        oid: SHA256,
        parameters: None,
    }
}

fn octets(bytes: &[u8]) -> Result<OctetString, RehearsalError> {
    OctetString::new(bytes).map_err(RehearsalError::der("octets"))
}

fn attribute<T>(oid: ObjectIdentifier, value: &T) -> Result<Attribute, RehearsalError>
where
    T: der::EncodeValue + der::Tagged,
{
    let wrong = RehearsalError::der;
    let value = Any::encode_from(value).map_err(wrong("an attribute"))?;
    Ok(Attribute {
        oid,
        values: SetOfVec::try_from(vec![value]).map_err(wrong("an attribute"))?,
    })
}
