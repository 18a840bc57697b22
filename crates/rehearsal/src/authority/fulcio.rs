//! A certificate authority like Fulcio: root, intermediate, and leaves that live ten minutes.
//!
//! Source: sigstore/fulcio docs/certificate-specification.md, docs/oid-info.md.

use std::time::{Duration, SystemTime};

use der::Encode as _;
use der::asn1::{Ia5String, Utf8StringRef};
use der::oid::ObjectIdentifier;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use super::certificate_log::CertificateLog;
use crate::error::RehearsalError;
use crate::keys::{Algorithm, SigningKey};
use crate::x509::{CODE_SIGNING, Certificate, Draft, Issuer, extension, raw_extension};

const ROOT: &str = "CN=rehearsal root,O=rehearsal";
const INTERMEDIATE: &str = "CN=rehearsal intermediate,O=rehearsal";
const TEN_YEARS: Duration = Duration::from_secs(3650 * 24 * 3600);
const SUBJECT_ALT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");
/// Fulcio's arc; claims stand below it.
const FULCIO: &str = "1.3.6.1.4.1.57264.1";
/// Claims from this number on are DER strings; those below are bare octets.
const FIRST_DER_CLAIM: u32 = 8;

/// A name of the signer in the certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AlternativeName {
    /// An e-mail address.
    Email(String),
    /// A URI, such as that of a workflow.
    Uri(String),
    /// A DNS name.
    Dns(String),
}

/// Who signs, as an OIDC issuer said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// Subject alternative names; Fulcio writes one.
    pub names: Vec<AlternativeName>,
    /// The OIDC issuer, written as claims 1 and 8; `None` leaves both out.
    pub issuer: Option<String>,
    /// Further claims: the last number of their OID below 1.3.6.1.4.1.57264.1, and their value.
    pub claims: Vec<(u32, String)>,
}

impl Identity {
    /// An e-mail address that `issuer` vouches for.
    #[must_use]
    pub fn email(address: &str, issuer: &str) -> Self {
        let names = vec![AlternativeName::Email(address.to_owned())];
        Self {
            names,
            issuer: Some(issuer.to_owned()),
            claims: Vec::new(),
        }
    }

    /// A URI that `issuer` vouches for.
    #[must_use]
    pub fn uri(uri: &str, issuer: &str) -> Self {
        let names = vec![AlternativeName::Uri(uri.to_owned())];
        Self {
            names,
            issuer: Some(issuer.to_owned()),
            claims: Vec::new(),
        }
    }

    /// Adds a claim.
    #[must_use]
    pub fn claim(mut self, number: u32, value: &str) -> Self {
        self.claims.push((number, value.to_owned()));
        self
    }
}

/// Who promises that a leaf is logged.
#[derive(Clone, Copy, Debug, Default)]
pub enum Sct<'a> {
    /// Nobody: the leaf carries no SCT.
    #[default]
    None,
    /// This log.
    By(&'a CertificateLog),
    /// This log, for another certificate: the SCT is genuine and not this leaf's.
    Foreign(&'a CertificateLog),
}

/// What a leaf is like.
#[derive(Clone, Debug)]
pub struct LeafOptions {
    /// The key's kind.
    pub algorithm: Algorithm,
    /// How long it is valid.
    pub lifetime: Duration,
    /// Extended key usages; Fulcio writes code signing.
    pub purposes: Vec<ObjectIdentifier>,
}

impl Default for LeafOptions {
    fn default() -> Self {
        Self {
            algorithm: Algorithm::P256,
            lifetime: Duration::from_secs(600),
            purposes: vec![CODE_SIGNING],
        }
    }
}

/// A leaf certificate, its key, and what stands above it.
#[derive(Debug)]
pub struct Credential {
    /// The leaf's private key.
    pub key: SigningKey,
    /// The leaf.
    pub certificate: Certificate,
    /// Intermediate and root.
    pub chain: Vec<Certificate>,
}

impl Credential {
    /// Intermediate and root, as text.
    #[must_use]
    pub fn chain_pem(&self) -> String {
        self.chain.iter().map(Certificate::pem).collect()
    }
}

/// The certificate authority.
#[derive(Debug)]
pub struct Fulcio {
    root: Certificate,
    intermediate: Certificate,
    key: SigningKey,
    from: SystemTime,
}

impl Fulcio {
    /// Root (P-384) and intermediate (P-256), valid for ten years from `from`.
    ///
    /// # Errors
    /// [`RehearsalError::Crypto`] and [`RehearsalError::Der`].
    pub fn new(from: SystemTime) -> Result<Self, RehearsalError> {
        let root_key = SigningKey::generate(Algorithm::P384)?;
        let issuer = Issuer {
            name: ROOT,
            key: &root_key,
        };
        let root = Draft::new(ROOT, root_key.public_der(), from, TEN_YEARS)?
            .authority(1)?
            .sign(&issuer)?;
        let key = SigningKey::generate(Algorithm::P256)?;
        let intermediate = Draft::new(INTERMEDIATE, key.public_der(), from, TEN_YEARS)?
            .authority(0)?
            .used_for(&[CODE_SIGNING], false)?
            .sign(&issuer)?;
        Ok(Self {
            root,
            intermediate,
            key,
            from,
        })
    }

    /// The trust anchor.
    #[must_use]
    pub fn root(&self) -> &Certificate {
        &self.root
    }

    /// What signs the leaves.
    #[must_use]
    pub fn intermediate(&self) -> &Certificate {
        &self.intermediate
    }

    /// The intermediate's private key, for a real Fulcio to issue with.
    #[must_use]
    pub fn key(&self) -> &SigningKey {
        &self.key
    }

    /// Since when both are valid.
    #[must_use]
    pub fn valid_from(&self) -> SystemTime {
        self.from
    }

    /// Issues a leaf to `identity`, valid from `at`.
    ///
    /// # Errors
    /// [`RehearsalError::Crypto`] and [`RehearsalError::Der`], e.g. for a name that is not ASCII.
    pub fn issue(
        &self,
        identity: &Identity,
        sct: Sct<'_>,
        at: SystemTime,
        options: &LeafOptions,
    ) -> Result<Credential, RehearsalError> {
        let key = SigningKey::generate(options.algorithm)?;
        let issuer = Issuer {
            name: INTERMEDIATE,
            key: &self.key,
        };
        let mut draft = Draft::new("", key.public_der(), at, options.lifetime)?
            .leaf()?
            .used_for(&options.purposes, false)?;
        for extension in extensions(identity)? {
            draft = draft.with(extension);
        }
        let issuer_public = self.key.public_der();
        draft = match sct {
            Sct::None => draft,
            Sct::By(log) => {
                let promised = draft.to_be_signed(&issuer)?;
                draft.with(log.promise(&promised, issuer_public, at)?)
            }
            Sct::Foreign(log) => {
                let other = Draft::new("", key.public_der(), at, options.lifetime)?;
                let promised = other.to_be_signed(&issuer)?;
                draft.with(log.promise(&promised, issuer_public, at)?)
            }
        };
        let certificate = draft.sign(&issuer)?;
        let chain = vec![self.intermediate.clone(), self.root.clone()];
        Ok(Credential {
            key,
            certificate,
            chain,
        })
    }
}

fn extensions(identity: &Identity) -> Result<Vec<Extension>, RehearsalError> {
    let mut written = Vec::new();
    if !identity.names.is_empty() {
        let names: Result<Vec<_>, _> = identity.names.iter().map(general_name).collect();
        // Critical, as the subject is empty.
        written.push(extension(SUBJECT_ALT_NAME, true, &SubjectAltName(names?))?);
    }
    if let Some(issuer) = &identity.issuer {
        written.push(claim(1, issuer)?);
        written.push(claim(FIRST_DER_CLAIM, issuer)?);
    }
    for (number, value) in &identity.claims {
        written.push(claim(*number, value)?);
    }
    Ok(written)
}

fn claim(number: u32, value: &str) -> Result<Extension, RehearsalError> {
    let id = ObjectIdentifier::new(&format!("{FULCIO}.{number}")).map_err(|cause| RehearsalError::Der {
        what: "a claim's number",
        cause: cause.into(),
    })?;
    if number < FIRST_DER_CLAIM {
        return raw_extension(id, false, value.as_bytes().to_vec());
    }
    let text = Utf8StringRef::new(value).and_then(|text| text.to_der());
    raw_extension(id, false, text.map_err(RehearsalError::der("a claim"))?)
}

fn general_name(name: &AlternativeName) -> Result<GeneralName, RehearsalError> {
    let ascii = |text: &str| Ia5String::new(text).map_err(RehearsalError::der("a name"));
    Ok(match name {
        AlternativeName::Email(text) => GeneralName::Rfc822Name(ascii(text)?),
        AlternativeName::Uri(text) => GeneralName::UniformResourceIdentifier(ascii(text)?),
        AlternativeName::Dns(text) => GeneralName::DnsName(ascii(text)?),
    })
}
