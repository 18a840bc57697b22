//! Bundles as files: one bundle, one artifact, one signer demanded, as the Sigstore conformance suite asks.
//!
//! In: a bundle's JSON, an artifact or its SHA-256, a key or an identity, trust material, the present. Out: who signed,
//! or a refusal. Nothing is waived here: a certificate needs its authority, its SCT, a proven time and a log entry.

use std::sync::Arc;

use image_trust::{Identity, ReasonCode, Refusal};
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::bundle_verifier::{BundleSigner, BundleVerifier as _, SignedArtifact};
use crate::identity::DemandedIdentity;
use crate::key::VerifyingKey;
use crate::limits::MOST_ARTIFACT_BYTES;
use crate::quoted::quoted;
use crate::trust_material::TrustMaterial;

/// Who must have signed a bundle.
#[derive(Debug, Clone)]
pub enum BundlePolicy {
    /// A key, PEM.
    Key(Arc<str>),
    /// A certificate that carries this identity: names compare exactly, regular expressions must match somewhere.
    Identity(BundleIdentity),
}

/// The identity demanded of a bundle's certificate; subject and issuer must each be given one way at least.
#[derive(Debug, Clone, Default)]
pub struct BundleIdentity {
    /// `--certificate-identity`
    pub subject: Option<String>,
    /// `--certificate-identity-regexp`
    pub subject_regexp: Option<String>,
    /// `--certificate-oidc-issuer`
    pub issuer: Option<String>,
    /// `--certificate-oidc-issuer-regexp`
    pub issuer_regexp: Option<String>,
}

/// What a bundle must say once, and what it may say in one of several ways.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Outline {
    #[serde(rename = "mediaType")]
    _media_type: String,
    verification_material: OutlinedMaterial,
    #[serde(default)]
    dsse_envelope: Option<IgnoredAny>,
    #[serde(default)]
    message_signature: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OutlinedMaterial {
    #[serde(default)]
    certificate: Option<IgnoredAny>,
    #[serde(default)]
    x509_certificate_chain: Option<IgnoredAny>,
    #[serde(default)]
    public_key: Option<IgnoredAny>,
}

impl Outline {
    /// What readers could take differently: two signatures of which one counts, a key beside a certificate.
    fn ambiguity(&self) -> Option<&'static str> {
        let material = &self.verification_material;
        let signers = [
            &material.certificate,
            &material.x509_certificate_chain,
            &material.public_key,
        ];
        if self.dsse_envelope.is_some() && self.message_signature.is_some() {
            return Some("the bundle holds both an envelope and a message signature");
        }
        (signers.into_iter().flatten().count() > 1)
            .then_some("the bundle must hold one certificate, chain or key hint")
    }
}

/// Verifies one bundle over one artifact as of `at`; the answer says who signed, for people.
///
/// # Errors
/// [`Refusal`] with the first reason found; [`ReasonCode::PolicyError`] where `policy` demands nobody.
pub fn verify_bundle_file(
    bundle_json: &[u8],
    artifact: SignedArtifact<'_>,
    policy: &BundlePolicy,
    trust: &TrustMaterial,
    at: Timestamp,
) -> Result<String, Box<Refusal>> {
    let malformed = |text: String| Box::new(Refusal::new(ReasonCode::Malformed, quoted(&text)));
    if bundle_json.len() > MOST_ARTIFACT_BYTES {
        let text = format!("a bundle has at most {MOST_ARTIFACT_BYTES} bytes");
        return Err(Box::new(Refusal::new(ReasonCode::LimitExceeded, text)));
    }
    let json =
        std::str::from_utf8(bundle_json).map_err(|_| malformed("the bundle is not UTF-8".to_owned()))?;
    // The library takes a bundle that does not say what it is for one of the oldest kind; nobody else does.
    let outline: Outline = serde_json::from_str(json)
        .map_err(|cause| malformed(format!("the bundle can't be read: {cause}")))?;
    if let Some(ambiguity) = outline.ambiguity() {
        return Err(malformed(ambiguity.to_owned()));
    }
    match policy {
        BundlePolicy::Key(pem) => {
            let key = VerifyingKey::from_pem(pem).map_err(|cause| {
                let text = format!("failed to load public key from PEM: {cause}");
                Box::new(Refusal::new(ReasonCode::PolicyError, text))
            })?;
            verified(json, artifact, BundleSigner::Key(key.spki()), trust, at)?;
            Ok(key.shown())
        }
        BundlePolicy::Identity(identity) => {
            let demanded = written(identity)?;
            let certificate = verified(json, artifact, BundleSigner::AnyCertificate, trust, at)?
                .ok_or_else(|| malformed("the bundle has no certificate".to_owned()))?;
            DemandedIdentity::exact(&demanded)?
                .is_met_by(&certificate)
                .map_err(|rejection| {
                    Box::new(Refusal {
                        demanded: DemandedIdentity::exact(&demanded)
                            .map(|demanded| demanded.shown())
                            .unwrap_or_default(),
                        ..Refusal::new(rejection.code, rejection.text)
                    })
                })?;
            Ok(certificate.shown_identity())
        }
    }
}

fn written(identity: &BundleIdentity) -> Result<Identity, Box<Refusal>> {
    let is_given = |name: &Option<String>, regexp: &Option<String>| {
        [name, regexp].into_iter().flatten().any(|text| !text.is_empty())
    };
    if !is_given(&identity.subject, &identity.subject_regexp)
        || !is_given(&identity.issuer, &identity.issuer_regexp)
    {
        let text = "a certificate's identity and its issuer must both be demanded";
        return Err(Box::new(Refusal::new(ReasonCode::PolicyError, text)));
    }
    let shared = |text: &Option<String>| text.as_deref().map(Arc::from);
    Ok(Identity {
        subject: shared(&identity.subject),
        subject_regexp: shared(&identity.subject_regexp),
        issuer: shared(&identity.issuer),
        issuer_regexp: shared(&identity.issuer_regexp),
        extensions: std::collections::BTreeMap::new(),
    })
}

fn verified(
    json: &str,
    artifact: SignedArtifact<'_>,
    signer: BundleSigner<'_>,
    trust: &TrustMaterial,
    at: Timestamp,
) -> Result<Option<crate::certificate::Certificate>, Box<Refusal>> {
    let refusal = |code, text: String| Box::new(Refusal::new(code, quoted(&text)));
    let verifier = trust
        .bundle_verifier()
        .map_err(|cause| refusal(ReasonCode::PolicyError, cause))?;
    let verified = verifier
        .verify(json, artifact, signer)
        .map_err(|rejection| Box::new(Refusal::new(rejection.code, rejection.text)))?;
    if let Some(future) = verified.times.iter().find(|time| **time > at) {
        let text = format!("the signature's time {future} lies in the future");
        return Err(refusal(ReasonCode::TimestampInvalid, text));
    }
    Ok(verified.certificate)
}
