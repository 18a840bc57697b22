//! RFC 3161 timestamp tokens, decoded and bound to what they stamp; who signed them is not judged here.
//!
//! In: a `TimeStampResp` or a bare token, DER, and the bytes it must be about. Out: the time it claims, and what a
//! signer must have signed for that to be true.

use cms::cert::CertificateChoices;
use cms::content_info::ContentInfo;
use cms::signed_data::{SignedData, SignerIdentifier, SignerInfo};
use der::asn1::{AnyRef, GeneralizedTime, ObjectIdentifier, OctetStringRef, UintRef};
use der::{Decode as _, Encode as _, Reader as _, SliceReader, Tag, Tagged as _};
use image_trust::DigestAlgorithm;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use x509_cert::ext::pkix::SubjectKeyIdentifier;

use crate::certificate::Certificate;
use crate::limits::MOST_TSA_CERTIFICATES;

const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
const SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");

/// The baseline policy of ETSI EN 319 421, which means one second where no accuracy is written.
const BASELINE_POLICY: ObjectIdentifier = ObjectIdentifier::new_unwrap("0.4.0.2023.1.1");

/// `granted` and `grantedWithMods` of `PKIStatus`.
const GRANTED: [&[u8]; 2] = [&[0], &[1]];

/// A token that is about the bytes it should be about, if its signer says so.
#[derive(Debug)]
pub(crate) struct TimestampToken {
    /// The time claimed.
    pub(crate) time: Timestamp,
    /// First and last moment that the time may stand for, by the accuracy claimed; whole seconds, rounded outwards.
    pub(crate) range: (Timestamp, Timestamp),
    signer: SignerIdentifier,
    digest: DigestAlgorithm,
    signed: Vec<u8>,
    signature: Vec<u8>,
    certificates: Vec<Vec<u8>>,
}

impl TimestampToken {
    /// Decodes a token and holds it against what it must have stamped.
    pub(crate) fn about(stamped: &[u8], token: &[u8]) -> Result<Self, String> {
        let data = signed_data(token).ok_or("the timestamp can't be read")?;
        if data.encap_content_info.econtent_type != TST_INFO {
            return Err("the token is no timestamp".to_owned());
        }
        let content = data
            .encap_content_info
            .econtent
            .as_ref()
            .ok_or("the timestamp is empty")?;
        let info = TstInfo::read(content.value()).ok_or("the timestamp can't be read")?;
        let own = hash(info.algorithm, stamped).ok_or("the timestamp's digest algorithm is not known")?;
        if own.1 != info.imprint {
            return Err("the timestamp is about another signature".to_owned());
        }
        let [signer] = data.signer_infos.0.as_slice() else {
            return Err("a timestamp must have one signer".to_owned());
        };
        let (digest, signed) = signed_attributes(signer, content.value())?;
        let certificates = data
            .certificates
            .iter()
            .flat_map(|set| set.0.iter())
            .filter_map(|choice| match choice {
                CertificateChoices::Certificate(certificate) => certificate.to_der().ok(),
                CertificateChoices::Other(_) => None,
            });
        Ok(Self {
            time: info.time,
            range: info
                .range()
                .ok_or("the timestamp's accuracy is out of all time")?,
            signer: signer.sid.clone(),
            digest,
            signed,
            signature: signer.signature.as_bytes().to_vec(),
            certificates: certificates.collect(),
        })
    }

    /// Whether the token names `certificate` as its signer's.
    pub(crate) fn names(&self, certificate: &Certificate) -> bool {
        let tbs = &certificate.parsed().tbs_certificate;
        match &self.signer {
            SignerIdentifier::IssuerAndSerialNumber(named) => {
                named.issuer == tbs.issuer && named.serial_number == tbs.serial_number
            }
            SignerIdentifier::SubjectKeyIdentifier(named) => {
                matches!(tbs.get::<SubjectKeyIdentifier>(), Ok(Some((_, found))) if found == *named)
            }
        }
    }

    /// Whether `certificate`'s key signed the token.
    pub(crate) fn is_signed_by(&self, certificate: &Certificate) -> bool {
        certificate
            .key()
            .verify(self.digest, &self.signed, &self.signature)
            .is_ok()
    }

    /// The certificate that the token itself carries for its signer; anybody may have put it there.
    pub(crate) fn embedded_signer(&self) -> Option<Certificate> {
        self.embedded().find(|certificate| self.names(certificate))
    }

    /// The certificates that the token itself carries; anybody may have put them there.
    pub(crate) fn embedded(&self) -> impl Iterator<Item = Certificate> {
        self.certificates
            .iter()
            .take(MOST_TSA_CERTIFICATES)
            .filter_map(|der| Certificate::from_der(der.clone()).ok())
    }
}

fn signed_data(token: &[u8]) -> Option<SignedData> {
    let info = match ContentInfo::from_der(token) {
        Ok(info) => info,
        Err(_) => ContentInfo::from_der(&granted_token(token)?).ok()?,
    };
    if info.content_type != SIGNED_DATA {
        return None;
    }
    info.content.decode_as().ok()
}

/// `TimeStampResp`: a status and, where it was granted, the token.
fn granted_token(response: &[u8]) -> Option<Vec<u8>> {
    let mut reader = SliceReader::new(response).ok()?;
    let token = reader.sequence(|response| {
        let status = response.sequence(|status| {
            let code = status.decode::<UintRef<'_>>()?;
            while !status.is_finished() {
                status.decode::<AnyRef<'_>>()?;
            }
            Ok(code)
        })?;
        let token = response.decode::<AnyRef<'_>>()?;
        if GRANTED.contains(&status.as_bytes()) {
            token.to_der()
        } else {
            Err(Tag::Integer.value_error())
        }
    });
    token.ok()
}

/// The parts of `TSTInfo` that count; its signer vouches for all of it.
struct TstInfo<'t> {
    algorithm: ObjectIdentifier,
    imprint: &'t [u8],
    time: Timestamp,
    /// Seconds before and after, rounded up.
    accuracy: (i64, i64),
}

impl<'t> TstInfo<'t> {
    fn read(der: &'t [u8]) -> Option<Self> {
        let mut reader = SliceReader::new(der).ok()?;
        let (policy, algorithm, imprint, time, accuracy) = reader
            .sequence(|info| {
                info.decode::<UintRef<'_>>()?;
                let policy = info.decode::<ObjectIdentifier>()?;
                let (algorithm, imprint) = info.sequence(|imprint| {
                    let algorithm = imprint.decode::<spki::AlgorithmIdentifierRef<'_>>()?.oid;
                    Ok((algorithm, imprint.decode::<OctetStringRef<'_>>()?.as_bytes()))
                })?;
                info.decode::<AnyRef<'_>>()?;
                let time = info.decode::<AnyRef<'_>>()?;
                let mut accuracy = None;
                while !info.is_finished() {
                    let next = info.decode::<AnyRef<'_>>()?;
                    // The one sequence that may follow the time.
                    if next.tag() == Tag::Sequence {
                        accuracy = Some(next);
                    }
                }
                Ok((policy, algorithm, imprint, time, accuracy))
            })
            .ok()?;
        let accuracy = match accuracy {
            Some(accuracy) => accuracy_seconds(accuracy)?,
            None if policy == BASELINE_POLICY => 1,
            None => 0,
        };
        let has_fraction = time.value().contains(&b'.');
        Some(Self {
            algorithm,
            imprint,
            time: generalized_time(time)?,
            accuracy: (accuracy, accuracy.checked_add(i64::from(has_fraction))?),
        })
    }

    fn range(&self) -> Option<(Timestamp, Timestamp)> {
        let moment = |seconds: Option<i64>| Timestamp::from_second(seconds?).ok();
        let (before, after) = self.accuracy;
        let time = self.time.as_second();
        Some((
            moment(time.checked_sub(before))?,
            moment(time.checked_add(after))?,
        ))
    }
}

/// `Accuracy`: seconds, and parts of one that count as a whole.
fn accuracy_seconds(accuracy: AnyRef<'_>) -> Option<i64> {
    let mut reader = SliceReader::new(accuracy.value()).ok()?;
    let mut seconds: u32 = 0;
    while !reader.is_finished() {
        let part = reader.decode::<AnyRef<'_>>().ok()?;
        let is_whole = part.tag() == Tag::Integer;
        seconds = seconds.checked_add(if is_whole { part.decode_as().ok()? } else { 1 })?;
    }
    Some(i64::from(seconds))
}

/// Generalized time with or without a fraction of a second; the fraction is dropped, as certificates have none.
fn generalized_time(time: AnyRef<'_>) -> Option<Timestamp> {
    if time.tag() != Tag::GeneralizedTime {
        return None;
    }
    let text = std::str::from_utf8(time.value()).ok()?.strip_suffix('Z')?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if fraction.is_empty() || !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let whole = format!("{whole}Z");
    let whole = AnyRef::new(Tag::GeneralizedTime, whole.as_bytes())
        .ok()?
        .decode_as::<GeneralizedTime>()
        .ok()?;
    Timestamp::from_second(i64::try_from(whole.to_unix_duration().as_secs()).ok()?).ok()
}

/// What the signer signed: attributes that name the content's type and digest.
fn signed_attributes(signer: &SignerInfo, content: &[u8]) -> Result<(DigestAlgorithm, Vec<u8>), String> {
    let attributes = signer
        .signed_attrs
        .as_ref()
        .ok_or("the timestamp's signer signed no attributes")?;
    let only = |oid: ObjectIdentifier| {
        let mut found = attributes.iter().filter(|attribute| attribute.oid == oid);
        match (found.next(), found.next()) {
            (Some(attribute), None) if attribute.values.len() == 1 => attribute.values.get(0).cloned(),
            _ => None,
        }
    };
    let names_type =
        only(CONTENT_TYPE).and_then(|value| value.decode_as::<ObjectIdentifier>().ok()) == Some(TST_INFO);
    let (digest, own) =
        hash(signer.digest_alg.oid, content).ok_or("the timestamp signer's digest algorithm is not known")?;
    let names_digest =
        only(MESSAGE_DIGEST).is_some_and(|value| value.tag() == Tag::OctetString && value.value() == own);
    if !names_type || !names_digest {
        return Err("the timestamp's signer signed something else".to_owned());
    }
    Ok((
        digest,
        attributes.to_der().map_err(|_| "the timestamp can't be read")?,
    ))
}

fn hash(algorithm: ObjectIdentifier, bytes: &[u8]) -> Option<(DigestAlgorithm, Vec<u8>)> {
    match algorithm {
        SHA256 => Some((DigestAlgorithm::Sha256, Sha256::digest(bytes).to_vec())),
        SHA384 => Some((DigestAlgorithm::Sha384, Sha384::digest(bytes).to_vec())),
        SHA512 => Some((DigestAlgorithm::Sha512, Sha512::digest(bytes).to_vec())),
        _ => None,
    }
}
