//! A certificate authority that lives and dies with the process, for servers that bring no certificate.

use std::net::IpAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose,
};
use rustls::crypto::CryptoProvider;
use rustls::sign::CertifiedKey;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::TlsError;

/// How long authority and certificate are valid: longer than any process runs, as the key dies with it.
const VALID: Duration = Duration::from_secs(10 * 365 * 24 * 3_600);
/// How much earlier than now they become valid: clocks of callers may run behind.
const EARLIER: Duration = Duration::from_secs(24 * 3_600);

/// An authority with one certificate for the server.
pub struct OwnAuthority {
    authority_pem: String,
    chain: Vec<CertificateDer<'static>>,
    key_der: Vec<u8>,
}

impl std::fmt::Debug for OwnAuthority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OwnAuthority").finish_non_exhaustive()
    }
}

impl OwnAuthority {
    /// A fresh authority, whose certificate is good for `localhost`, `addresses` and `names`.
    ///
    /// # Errors
    /// [`TlsError::Making`] for a name that is none.
    pub fn new(addresses: &[IpAddr], names: &[String]) -> Result<Self, TlsError> {
        let now = crate::clock::now();
        let authority_key = KeyPair::generate()?;
        let mut authority = params(Vec::new(), "vouchsafe own authority", now)?;
        authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let authority_certificate = authority.self_signed(&authority_key)?;
        let issuer = Issuer::new(authority, authority_key);

        let mut known = vec!["localhost".to_owned()];
        known.extend(addresses.iter().map(ToString::to_string));
        known.extend(names.iter().cloned());
        known.sort();
        known.dedup();
        let key = KeyPair::generate()?;
        let mut leaf = params(known, "vouchsafe admission server", now)?;
        leaf.is_ca = IsCa::ExplicitNoCa;
        leaf.use_authority_key_identifier_extension = true;
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let leaf = leaf.signed_by(&key, &issuer)?;
        Ok(Self {
            authority_pem: authority_certificate.pem(),
            chain: vec![leaf.der().clone()],
            key_der: key.serialize_der(),
        })
    }

    /// The authority's certificate in PEM: what callers must trust.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.authority_pem
    }

    /// The authority's certificate as `caBundle` of a webhook configuration takes it: PEM in base64, one line.
    #[must_use]
    pub fn ca_bundle(&self) -> String {
        STANDARD.encode(&self.authority_pem)
    }

    pub(super) fn pair(&self, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key_der.clone()));
        CertifiedKey::from_der(self.chain.clone(), key, provider).map_err(TlsError::Pair)
    }
}

fn params(names: Vec<String>, common_name: &str, now: SystemTime) -> Result<CertificateParams, TlsError> {
    let mut params = CertificateParams::new(names)?;
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    params.distinguished_name = name;
    // Counted from the epoch, as rcgen's type of times is not ours to name.
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    params.not_before = epoch + since.saturating_sub(EARLIER);
    params.not_after = epoch + since.saturating_add(VALID);
    Ok(params)
}
