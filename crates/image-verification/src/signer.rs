//! Signers: one leaf of a policy's attestors, compiled: its keys parsed, its authorities and logs chosen.
//!
//! In: a [`SignerDemand`], keys resolved by the caller, the trust material. Out: [`Signer`], which `authentication.rs`
//! holds candidates against, or the refusal that every candidate gets because the policy can't be judged.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use image_trust::{
    Authority, DigestAlgorithm, Identity, KeySource, LogDemand, ReasonCode, Refusal, SctDemand, SignerDemand,
    Waivable,
};

use crate::certificate::Certificate;
use crate::chain::Anchor;
use crate::identity::DemandedIdentity;
use crate::key::VerifyingKey;
use crate::pem;
use crate::timestamp::TimestampAuthority;
use crate::trust_material::{self, LogKey, TrustMaterial};

/// What policies name by reference: keys (`k8s://…`, `https://…`, a file) as PEM, trust roots of TUF repositories (by
/// [`image_trust::RootRepository::reference`]) as JSON; or why it could not be had.
///
/// A reference that is missing here is a refusal, never a pass.
pub type ResolvedKeys = BTreeMap<Arc<str>, Result<Arc<str>, String>>;

/// A leaf of a policy's attestors, ready to hold candidates against.
#[derive(Debug)]
pub(crate) struct Signer<'d> {
    pub(crate) authority: SignerAuthority<'d>,
    /// Pairs that the same signature must carry.
    pub(crate) annotations: &'d BTreeMap<String, String>,
    pub(crate) log: LogTrust<'d>,
    /// The authority that the policy itself names for timestamps.
    pub(crate) tsa_chain: Option<TimestampAuthority>,
}

#[derive(Debug)]
pub(crate) enum SignerAuthority<'d> {
    /// A key.
    Key {
        key: VerifyingKey,
        digest: DigestAlgorithm,
    },
    /// A certificate that the policy holds, or one beside the signature.
    Certificate(Box<CertificateTrust<'d>>),
}

/// Which certificates count.
#[derive(Debug)]
pub(crate) struct CertificateTrust<'d> {
    /// The certificate that the policy holds; absent: the one beside the signature.
    pub(crate) pinned: Option<Certificate>,
    /// Where it must chain to; absent: the pinned certificate is trusted as it is.
    pub(crate) anchors: Option<Cow<'d, [Anchor]>>,
    /// What the policy gives to build the chain with.
    pub(crate) intermediates: Vec<Certificate>,
    /// Whose it must be.
    pub(crate) identity: Option<DemandedIdentity<'d>>,
    /// The logs that must have seen it; absent: none need.
    pub(crate) certificate_logs: Option<Cow<'d, [LogKey]>>,
    /// Whether all of this is the trust root's rather than the policy's.
    pub(crate) is_of_trust_root: bool,
}

/// Which logs count, and whether one must.
#[derive(Debug)]
pub(crate) struct LogTrust<'d> {
    pub(crate) is_required: bool,
    pub(crate) logs: Cow<'d, [LogKey]>,
}

impl<'d> Signer<'d> {
    /// Compiles a demand of the Sigstore kinds.
    pub(crate) fn new(
        demand: &'d SignerDemand,
        keys: &ResolvedKeys,
        trust: &'d TrustMaterial,
    ) -> Result<Self, Box<Refusal>> {
        let (authority, log, tsa_chain) = match &demand.authority {
            Authority::Key {
                source,
                digest,
                log,
                tsa_chain,
            } => (
                SignerAuthority::Key {
                    key: key(source, keys)?,
                    digest: *digest,
                },
                log,
                tsa_chain,
            ),
            Authority::Certificate {
                certificate,
                chain,
                log,
                sct,
                tsa_chain,
            } => {
                let trusted = certificate_trust(certificate.as_deref(), chain.as_deref(), sct, trust)?;
                (SignerAuthority::Certificate(Box::new(trusted)), log, tsa_chain)
            }
            Authority::Keyless {
                identity,
                roots,
                log,
                sct,
                tsa_chain,
            } => {
                let trusted = keyless_trust(identity, roots.as_deref(), sct, trust)?;
                (SignerAuthority::Certificate(Box::new(trusted)), log, tsa_chain)
            }
            // Judged by its own root before it comes here.
            Authority::Rooted { .. } => return Err(policy_error("a trust root within a trust root")),
            Authority::Notary(_) => {
                return Err(policy_error(
                    "a Notary trust store is demanded of Sigstore signatures",
                ));
            }
        };
        let tsa_chain = tsa_chain
            .as_deref()
            .map(trust_material::timestamp_authority)
            .transpose()
            .map_err(policy_error)?;
        Ok(Self {
            authority,
            annotations: &demand.annotations,
            log: log_trust(log, trust)?,
            tsa_chain,
        })
    }

    /// The demand for people.
    pub(crate) fn shown(&self) -> String {
        let mut shown = match &self.authority {
            SignerAuthority::Key { key, .. } => key.shown(),
            SignerAuthority::Certificate(trust) => match (&trust.identity, &trust.pinned) {
                (Some(identity), _) => identity.shown(),
                (None, Some(pinned)) => format!("certificate {}", pinned.subject()),
                (None, None) => "a certificate of the chain in the policy".to_owned(),
            },
        };
        for (name, value) in self.annotations {
            shown.push_str(&format!(", annotation {name}={value}"));
        }
        shown
    }
}

fn key(source: &KeySource, keys: &ResolvedKeys) -> Result<VerifyingKey, Box<Refusal>> {
    match source {
        KeySource::Pem(text) => VerifyingKey::from_pem(text)
            .map_err(|cause| policy_error(format!("failed to load public key from PEM: {cause}"))),
        KeySource::Reference(reference) => {
            let unavailable = |cause: &str| {
                Box::new(Refusal::new(
                    ReasonCode::KeyUnavailable,
                    format!("failed to load public key from {reference}: {cause}"),
                ))
            };
            match keys.get(reference) {
                Some(Ok(text)) => {
                    VerifyingKey::from_pem(text).map_err(|cause| unavailable(&cause.to_string()))
                }
                Some(Err(cause)) => Err(unavailable(cause)),
                None => Err(unavailable("it was not resolved")),
            }
        }
    }
}

fn certificate_trust<'d>(
    certificate: Option<&str>,
    chain: Option<&str>,
    sct: &SctDemand,
    trust: &'d TrustMaterial,
) -> Result<CertificateTrust<'d>, Box<Refusal>> {
    let pinned = certificate.map(pinned_certificate).transpose()?;
    let (anchors, intermediates) = match (chain, &pinned) {
        (None, None) => return Err(policy_error("cert or certChain required")),
        (None, Some(_)) => (None, Vec::new()),
        (Some(chain), None) => {
            let anchors = trust_material::anchors(chain)
                .map_err(|cause| policy_error(format!("failed to load Root certificates: {cause}")))?;
            (Some(anchors), Vec::new())
        }
        (Some(chain), Some(_)) => {
            let failed = |cause: String| policy_error(format!("failed to load certificate chain: {cause}"));
            trust_material::anchors(chain).map_err(failed)?;
            let blocks = pem::blocks(chain, pem::CERTIFICATE, usize::MAX)
                .map_err(|cause| failed(cause.to_string()))?;
            let mut all = blocks
                .into_iter()
                .map(Certificate::from_der)
                .collect::<Result<Vec<_>, _>>()
                .map_err(|cause| failed(cause.text))?;
            let root = all.pop().ok_or_else(|| failed("it is empty".to_owned()))?;
            let root = Anchor::new(&root, None).map_err(|cause| failed(cause.text))?;
            (Some(vec![root]), all)
        }
    };
    // A certificate that the policy itself holds needs no log to vouch for it, unless it must chain.
    let needs_sct = anchors.is_some() && sct.check == Waivable::Required;
    Ok(CertificateTrust {
        pinned,
        anchors: anchors.map(Cow::Owned),
        intermediates,
        identity: None,
        certificate_logs: certificate_logs(sct, needs_sct, trust)?,
        is_of_trust_root: false,
    })
}

/// A certificate in PEM, or in base64 of PEM.
fn pinned_certificate(text: &str) -> Result<Certificate, Box<Refusal>> {
    let failed = |cause: String| policy_error(format!("failed to load certificate: {cause}"));
    let decoded = crate::base64_text::decode_base64(&text.split_whitespace().collect::<String>())
        .and_then(|bytes| String::from_utf8(bytes).ok());
    let blocks = pem::blocks(decoded.as_deref().unwrap_or(text), pem::CERTIFICATE, usize::MAX)
        .map_err(|cause| failed(cause.to_string()))?;
    let first = blocks
        .into_iter()
        .next()
        .ok_or_else(|| failed("it is empty".to_owned()))?;
    Certificate::from_der(first).map_err(|cause| failed(cause.text))
}

fn keyless_trust<'d>(
    identity: &'d Identity,
    roots: Option<&str>,
    sct: &SctDemand,
    trust: &'d TrustMaterial,
) -> Result<CertificateTrust<'d>, Box<Refusal>> {
    let anchors = match roots {
        Some(roots) => trust_material::anchors(roots)
            .map(Cow::Owned)
            .map_err(|cause| policy_error(format!("failed to load Root certificates: {cause}")))?,
        None => Cow::Borrowed(trust.authorities.as_slice()),
    };
    Ok(CertificateTrust {
        pinned: None,
        anchors: Some(anchors),
        intermediates: Vec::new(),
        identity: Some(DemandedIdentity::new(identity)?),
        certificate_logs: certificate_logs(sct, sct.check == Waivable::Required, trust)?,
        is_of_trust_root: roots.is_none(),
    })
}

fn certificate_logs<'d>(
    sct: &SctDemand,
    needs_sct: bool,
    trust: &'d TrustMaterial,
) -> Result<Option<Cow<'d, [LogKey]>>, Box<Refusal>> {
    match &sct.key {
        _ if !needs_sct => Ok(None),
        Some(text) => LogKey::from_pem(text)
            .map(|key| Some(Cow::Owned(vec![key])))
            .map_err(|cause| policy_error(format!("failed to load CTLogs public keys: {cause}"))),
        None => Ok(Some(Cow::Borrowed(trust.certificate_logs.as_slice()))),
    }
}

fn log_trust<'d>(log: &LogDemand, trust: &'d TrustMaterial) -> Result<LogTrust<'d>, Box<Refusal>> {
    let is_required = log.check == Waivable::Required;
    let logs = match &log.key {
        Some(text) => match LogKey::from_pem(text) {
            Ok(key) => Cow::Owned(vec![key]),
            Err(cause) => return Err(policy_error(format!("failed to load Rekor public keys: {cause}"))),
        },
        None => Cow::Borrowed(trust.signature_logs.as_slice()),
    };
    Ok(LogTrust { is_required, logs })
}

fn policy_error(message: impl Into<String>) -> Box<Refusal> {
    Box::new(Refusal::new(ReasonCode::PolicyError, message))
}
