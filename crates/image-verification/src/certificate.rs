//! X.509 certificates: whose they are, what names they carry, what Fulcio wrote into them.
//!
//! In: DER of a foreign certificate. Out: its key, its subject alternative names of every kind, its extensions. Never:
//! trust; see `chain.rs`.

use std::net::{Ipv4Addr, Ipv6Addr};

use der::asn1::ObjectIdentifier;
use der::{Decode as _, Encode as _};
use image_trust::DigestAlgorithm;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{ExtendedKeyUsage, KeyUsage, SubjectAltName};

use crate::key::{Kind, VerifyingKey};
use crate::limits::MOST_NAMES;
use crate::quoted::quoted;
use crate::rejection::Rejection;

/// Fulcio's arc: <https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md>.
const FULCIO: &str = "1.3.6.1.4.1.57264.1.";
/// A user name that an issuer vouches for (`type: username`).
const FULCIO_OTHER_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.7");
const SHA_256_WITH_RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const SHA_384_WITH_RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12");
const SHA_512_WITH_RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13");
const ECDSA_WITH_SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_WITH_SHA_384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
const ECDSA_WITH_SHA_512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.4");
const ID_ED_25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const OCSP_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.9");
const TIME_STAMPING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");
const SUBJECT_ALTERNATIVE_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");

/// Fulcio's extensions by the names that policies give them: Kyverno's six, then Fulcio's own names for the others.
const EXTENSION_NAMES: [(&str, u8); 23] = [
    ("oidcIssuer", 1),
    ("githubWorkflowTrigger", 2),
    ("githubWorkflowSha", 3),
    ("githubWorkflowName", 4),
    ("githubWorkflowRepository", 5),
    ("githubWorkflowRef", 6),
    ("oidcIssuerV2", 8),
    ("buildSignerURI", 9),
    ("buildSignerDigest", 10),
    ("runnerEnvironment", 11),
    ("sourceRepositoryURI", 12),
    ("sourceRepositoryDigest", 13),
    ("sourceRepositoryRef", 14),
    ("sourceRepositoryIdentifier", 15),
    ("sourceRepositoryOwnerURI", 16),
    ("sourceRepositoryOwnerIdentifier", 17),
    ("buildConfigURI", 18),
    ("buildConfigDigest", 19),
    ("buildTrigger", 20),
    ("runInvocationURI", 21),
    ("sourceRepositoryVisibilityAtSigning", 22),
    ("deploymentEnvironment", 23),
    ("tokenSubject", 24),
];

/// A certificate, decoded.
#[derive(Debug, Clone)]
pub(crate) struct Certificate {
    der: Vec<u8>,
    parsed: x509_cert::Certificate,
    key: VerifyingKey,
}

impl Certificate {
    /// Decodes a certificate; one whose key nothing here can use is refused with it.
    pub(crate) fn from_der(der: Vec<u8>) -> Result<Self, Rejection> {
        let parsed = x509_cert::Certificate::from_der(&der)
            .map_err(|cause| Rejection::malformed(format!("a certificate can't be read: {cause}")))?;
        let key = parsed
            .tbs_certificate
            .subject_public_key_info
            .to_der()
            .ok()
            .and_then(|spki| VerifyingKey::from_spki(&spki).ok())
            .ok_or_else(|| Rejection::malformed("a certificate's public key is of no known kind"))?;
        Ok(Self { der, parsed, key })
    }

    pub(crate) fn der(&self) -> &[u8] {
        &self.der
    }

    pub(crate) fn parsed(&self) -> &x509_cert::Certificate {
        &self.parsed
    }

    pub(crate) fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// First and last second of the certificate's validity, both included.
    pub(crate) fn validity(&self) -> (i64, i64) {
        let validity = &self.parsed.tbs_certificate.validity;
        let seconds = |time: &x509_cert::time::Time| {
            i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX)
        };
        (seconds(&validity.not_before), seconds(&validity.not_after))
    }

    /// Whether the certificate names itself as its issuer.
    pub(crate) fn is_self_issued(&self) -> bool {
        self.parsed.tbs_certificate.subject == self.parsed.tbs_certificate.issuer
    }

    /// Whether `issuer`'s key signed the certificate.
    pub(crate) fn is_signed_by(&self, issuer: &Certificate) -> bool {
        let Ok(signed) = self.parsed.tbs_certificate.to_der() else {
            return false;
        };
        let Some(signature) = self.parsed.signature.as_bytes() else {
            return false;
        };
        let names_it_twice = self.parsed.tbs_certificate.signature == self.parsed.signature_algorithm;
        names_it_twice && issuer.has_signed(self.parsed.signature_algorithm.oid, &signed, signature)
    }

    /// Whether the certificate's key made `signature` over `signed` with this signature algorithm of X.509.
    pub(crate) fn has_signed(&self, algorithm: ObjectIdentifier, signed: &[u8], signature: &[u8]) -> bool {
        let verify = |kinds: &[Kind], digest| {
            kinds.contains(&self.key.kind()) && self.key.verify(digest, signed, signature).is_ok()
        };
        let is_ec = &[Kind::P256, Kind::P384, Kind::P521];
        match algorithm {
            SHA_256_WITH_RSA_ENCRYPTION => verify(&[Kind::Rsa], DigestAlgorithm::Sha256),
            SHA_384_WITH_RSA_ENCRYPTION => verify(&[Kind::Rsa], DigestAlgorithm::Sha384),
            SHA_512_WITH_RSA_ENCRYPTION => verify(&[Kind::Rsa], DigestAlgorithm::Sha512),
            ECDSA_WITH_SHA_256 => verify(is_ec, DigestAlgorithm::Sha256),
            ECDSA_WITH_SHA_384 => verify(is_ec, DigestAlgorithm::Sha384),
            ECDSA_WITH_SHA_512 => verify(is_ec, DigestAlgorithm::Sha512),
            ID_ED_25519 => verify(&[Kind::Ed25519], DigestAlgorithm::Sha512),
            _ => false,
        }
    }

    /// Whether its issuer made it to answer for revocation (RFC 6960 §4.2.2.2).
    pub(crate) fn is_for_ocsp(&self) -> bool {
        let purposes = self.parsed.tbs_certificate.get::<ExtendedKeyUsage>();
        matches!(purposes, Ok(Some((_, ExtendedKeyUsage(purposes)))) if purposes.contains(&OCSP_SIGNING))
    }

    /// Whether key usage, where it is told, lets it sign revocation lists (RFC 5280 §6.3.3 f).
    pub(crate) fn may_sign_lists(&self) -> bool {
        match self.parsed.tbs_certificate.get::<KeyUsage>() {
            Ok(None) => true,
            Ok(Some((_, usage))) => usage.crl_sign(),
            Err(_) => false,
        }
    }

    /// Whether it is made for signing timestamps, and critically so (RFC 3161 §2.3).
    pub(crate) fn is_for_timestamps(&self) -> bool {
        let purposes = self.parsed.tbs_certificate.get::<ExtendedKeyUsage>();
        matches!(purposes, Ok(Some((true, ExtendedKeyUsage(purposes)))) if purposes == [TIME_STAMPING])
    }

    /// Whether basic constraints make it an authority.
    pub(crate) fn is_authority(&self) -> bool {
        let constraints = self
            .parsed
            .tbs_certificate
            .get::<x509_cert::ext::pkix::BasicConstraints>();
        matches!(constraints, Ok(Some((_, constraints))) if constraints.ca)
    }

    /// The subject's distinguished name, for people.
    pub(crate) fn subject(&self) -> String {
        quoted(&self.parsed.tbs_certificate.subject.to_string())
    }

    /// Subject alternative names in the order Go's library gives them: DNS, email, IP, URI, Fulcio user name.
    ///
    /// A name that can't be read is left out, so that it meets no demand.
    pub(crate) fn names(&self) -> Vec<String> {
        let extension = self.extension(SUBJECT_ALTERNATIVE_NAME);
        let Some(Ok(SubjectAltName(names))) = extension.map(SubjectAltName::from_der) else {
            return Vec::new();
        };
        let mut found: Vec<(u8, String)> = names.iter().take(MOST_NAMES).filter_map(shown).collect();
        found.sort_by_key(|(kind, _)| *kind);
        found.into_iter().map(|(_, name)| name).collect()
    }

    /// Whose the certificate is, for people.
    pub(crate) fn shown_identity(&self) -> String {
        match (self.names().first(), self.issuers().first()) {
            (Some(name), Some(issuer)) => format!("{} of issuer {}", quoted(name), quoted(issuer)),
            (Some(name), None) => quoted(name),
            (None, _) => format!("certificate {}", self.subject()),
        }
    }

    /// What Fulcio wrote under its first and its second OID for the issuer; they say the same where both are there.
    pub(crate) fn issuers(&self) -> Vec<String> {
        let mut issuers: Vec<String> = [1, 8]
            .into_iter()
            .filter_map(|number| self.fulcio(number))
            .collect();
        issuers.dedup();
        issuers
    }

    /// The value of an extension by OID or by name; `Err` where no extension is called that.
    pub(crate) fn extension_by_name(&self, name: &str) -> Result<Option<String>, UnknownExtension> {
        if let Some((_, number)) = EXTENSION_NAMES.iter().find(|(known, _)| *known == name) {
            return Ok(self.fulcio(*number));
        }
        let oid = ObjectIdentifier::new(name).map_err(|_| UnknownExtension)?;
        Ok(self.extension(oid).map(|value| text_of(name, value)))
    }

    fn fulcio(&self, number: u8) -> Option<String> {
        let oid = format!("{FULCIO}{number}");
        let value = self.extension(ObjectIdentifier::new(&oid).ok()?)?;
        Some(text_of(&oid, value))
    }

    fn extension(&self, oid: ObjectIdentifier) -> Option<&[u8]> {
        let extensions = self.parsed.tbs_certificate.extensions.as_deref()?;
        extensions
            .iter()
            .find(|extension| extension.extn_id == oid)
            .map(|found| found.extn_value.as_bytes())
    }
}

/// A policy names an extension that has no such name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UnknownExtension;

/// An extension's text: Fulcio's first six hold bare text, all others a `UTF8String`.
fn text_of(oid: &str, value: &[u8]) -> String {
    let is_bare = oid
        .strip_prefix(FULCIO)
        .and_then(|number| number.parse::<u8>().ok())
        .is_some_and(|number| (1..=6).contains(&number));
    if !is_bare && let Ok(text) = der::asn1::Utf8StringRef::from_der(value) {
        return text.as_str().to_owned();
    }
    String::from_utf8_lossy(value).into_owned()
}

fn shown(name: &GeneralName) -> Option<(u8, String)> {
    match name {
        GeneralName::DnsName(name) => Some((0, name.to_string())),
        GeneralName::Rfc822Name(name) => Some((1, name.to_string())),
        GeneralName::IpAddress(octets) => Some((2, address(octets.as_bytes())?)),
        GeneralName::UniformResourceIdentifier(name) => Some((3, name.to_string())),
        GeneralName::OtherName(other) if other.type_id == FULCIO_OTHER_NAME => {
            let text = other.value.decode_as::<der::asn1::Utf8StringRef<'_>>().ok()?;
            Some((4, text.as_str().to_owned()))
        }
        GeneralName::OtherName(_)
        | GeneralName::DirectoryName(_)
        | GeneralName::EdiPartyName(_)
        | GeneralName::RegisteredId(_) => None,
    }
}

fn address(octets: &[u8]) -> Option<String> {
    if let Ok(four) = <[u8; 4]>::try_from(octets) {
        return Some(Ipv4Addr::from(four).to_string());
    }
    <[u8; 16]>::try_from(octets)
        .ok()
        .map(|sixteen| Ipv6Addr::from(sixteen).to_string())
}

#[cfg(test)]
mod tests;
