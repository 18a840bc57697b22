//! What one attestor of an `ImageValidatingPolicy` demands, in the words that `verifyImages` uses too.
//!
//! In: an attestor whose texts are all known. Out: [`Signers`], of which one must have signed. Issuers and subjects are
//! compared exactly, regular expressions are not anchored, as in Kyverno 1.19; `subjectExpression` and
//! `additionalExtensions`, which no code of Kyverno reads, are honoured. Spec: cel-policies §1.3, §1.4.

use std::sync::Arc;

use image_trust::{
    Authority, DigestAlgorithm, Identity, KeySource, Layouts, LogDemand, NotaryTrust, PinnedRoot,
    RootRepository, RootSource, SctDemand, SignerDemand, Waivable,
};
use policy_types::policies_kyverno_io::image_validating_policy as wire;

use crate::compile_error::CompileError;

/// Largest `trustedRoot`, in bytes, as in Kyverno.
const MOST_TRUSTED_ROOT_BYTES: usize = 1024 * 1024;

/// Whose signature counts as this attestor's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Signers {
    /// Which artifacts are looked at.
    pub(super) layouts: Layouts,
    /// The signers; one is enough. Never empty.
    pub(super) any_of: Vec<SignerDemand>,
    /// Pull secrets for the place where the signatures lie.
    pub(super) secrets: Vec<String>,
}

/// Reads an attestor.
///
/// # Errors
/// What is missing, or can't be honoured, with its place in the attestor.
pub(super) fn signers_of(attestor: &wire::Attestor) -> Result<Signers, CompileError> {
    match (&attestor.cosign, &attestor.notary) {
        (Some(cosign), None) => of_cosign(cosign).map_err(|error| error.under("cosign")),
        (None, Some(notary)) => of_notary(notary).map_err(|error| error.under("notary")),
        (None, None) | (Some(_), Some(_)) => Err(CompileError::new(
            "",
            "exactly one of cosign and notary is required",
        )),
    }
}

fn of_cosign(cosign: &wire::Cosign) -> Result<Signers, CompileError> {
    let root = root_of(cosign)?;
    let authorities = match (&cosign.key, &cosign.keyless, &cosign.certificate) {
        (Some(key), None, None) => {
            vec![of_key(key, cosign).map_err(|error| error.under("key"))?]
        }
        (None, Some(keyless), None) => of_keyless(keyless, cosign).map_err(|error| error.under("keyless"))?,
        (None, None, Some(certificate)) => {
            vec![of_certificate(certificate, cosign).map_err(|error| error.under("certificate"))?]
        }
        _ => {
            let message = "exactly one of key, keyless and certificate is required";
            return Err(CompileError::new("", message));
        }
    };
    let source = cosign.source.clone().unwrap_or_default();
    if !source.tag_prefix.is_empty() {
        return Err(CompileError::new(
            "source.tagPrefix",
            "signatures under tags with a prefix are not looked for",
        ));
    }
    let repository = present(&source.repository).map(|repository| repository.to_string());
    let rooted = |authority| match &root {
        Some(root) => Authority::Rooted {
            root: root.clone(),
            authority: Box::new(authority),
        },
        None => authority,
    };
    let signer = |authority| SignerDemand {
        authority: rooted(authority),
        annotations: cosign.annotations.clone(),
        repository: repository.clone(),
    };
    Ok(Signers {
        layouts: Layouts::Sigstore,
        any_of: authorities.into_iter().map(signer).collect(),
        secrets: source
            .pull_secrets
            .into_iter()
            .map(|secret| secret.name)
            .collect(),
    })
}

/// The trust root that the attestor brings: `trustedRoot`, or else `tuf`.
fn root_of(cosign: &wire::Cosign) -> Result<Option<RootSource>, CompileError> {
    let written = match (&cosign.trusted_root, &cosign.tuf) {
        (Some(written), _) => written,
        (None, Some(tuf)) => return repository_of(tuf).map(|found| Some(RootSource::Repository(found))),
        (None, None) => return Ok(None),
    };
    let root = present(&written.value)
        .ok_or_else(|| CompileError::new("trustedRoot", "exactly one of value and expression is required"))?;
    if root.len() > MOST_TRUSTED_ROOT_BYTES {
        let message = format!("a trusted root has at most {MOST_TRUSTED_ROOT_BYTES} bytes");
        return Err(CompileError::new("trustedRoot", message));
    }
    Ok(Some(RootSource::Json(root)))
}

fn repository_of(tuf: &wire::Tuf) -> Result<RootRepository, CompileError> {
    let pinned = match (present(&tuf.root.path), present(&tuf.root.data)) {
        (None, None) => None,
        (Some(place), None) => Some(PinnedRoot::Place(place)),
        (None, Some(data)) => Some(PinnedRoot::Base64(data)),
        (Some(_), Some(_)) => {
            let message = "only one of path and data may be set";
            return Err(CompileError::new("tuf.root", message));
        }
    };
    Ok(RootRepository {
        mirror: present(&tuf.mirror),
        pinned,
    })
}

fn of_key(key: &wire::Key, cosign: &wire::Cosign) -> Result<Authority, CompileError> {
    let source = match (present(&key.data), present(&key.kms)) {
        (Some(pem), None) => {
            if pem.matches("-----BEGIN ").count() != 1 {
                let message = "expected one public key, PEM";
                return Err(CompileError::new("data", message));
            }
            KeySource::Pem(pem)
        }
        (None, Some(reference)) => KeySource::Reference(reference),
        (None, None) | (Some(_), Some(_)) => {
            let message = "exactly one of data, kms and expression is required";
            return Err(CompileError::new("", message));
        }
    };
    let digest = match key.hash_algorithm.as_str() {
        "" | "sha256" => DigestAlgorithm::Sha256,
        "sha224" => DigestAlgorithm::Sha224,
        "sha384" => DigestAlgorithm::Sha384,
        "sha512" => DigestAlgorithm::Sha512,
        other => {
            let message = format!("unknown hash algorithm `{other}`");
            return Err(CompileError::new("hashAlgorithm", message));
        }
    };
    Ok(Authority::Key {
        source,
        digest,
        log: log_of(cosign),
        tsa_chain: tsa_of(cosign),
    })
}

fn of_keyless(keyless: &wire::Keyless, cosign: &wire::Cosign) -> Result<Vec<Authority>, CompileError> {
    if keyless.identities.is_empty() {
        return Err(CompileError::new("identities", "an identity is required"));
    }
    let mut authorities = Vec::new();
    for (index, written) in keyless.identities.iter().enumerate() {
        let mut identity =
            identity_of(written).map_err(|error| error.under(&format!("identities[{index}]")))?;
        identity.extensions = keyless
            .additional_extensions
            .iter()
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        authorities.push(Authority::Keyless {
            identity,
            roots: present(&keyless.roots),
            log: log_of(cosign),
            sct: sct_of(cosign),
            tsa_chain: tsa_of(cosign),
        });
    }
    Ok(authorities)
}

/// Names are meant exactly, while an [`Identity`] takes them for wildcards: one with a wildcard in it is said as a regular
/// expression.
fn identity_of(written: &wire::Identity) -> Result<Identity, CompileError> {
    let mut identity = Identity {
        subject_regexp: present(&written.subject_regexp),
        issuer_regexp: present(&written.issuer_regexp),
        ..Identity::default()
    };
    match exactly(&written.subject) {
        Some(Exactly::Name(name)) => identity.subject = Some(name),
        Some(Exactly::Regexp(regexp)) => identity.subject_regexp = Some(regexp),
        None => {}
    }
    match exactly(&written.issuer) {
        Some(Exactly::Name(name)) => identity.issuer = Some(name),
        Some(Exactly::Regexp(regexp)) => identity.issuer_regexp = Some(regexp),
        None => {}
    }
    // What the expression gives is the subject, whole: a name that goes on is another's. It must be a regular expression by
    // itself, so that no text of a request in it closes the group around it and adds a pattern of its own.
    if let Some(subject) = present(&written.subject_expression) {
        let whole = format!("^(?:{subject})$");
        for pattern in [&*subject, &*whole] {
            regex_syntax::parse(pattern).map_err(|_| {
                let message = format!("`{subject}` is no regular expression");
                CompileError::new("subjectExpression", message)
            })?;
        }
        identity.subject_regexp = Some(whole.into());
    }
    if identity.is_anyone() {
        return Err(CompileError::new("", "an issuer or a subject is required"));
    }
    Ok(identity)
}

/// What means more than itself in a regular expression.
const METACHARACTERS: &str = r"\.+*?()|[]{}^$";

enum Exactly {
    Name(Arc<str>),
    Regexp(Arc<str>),
}

fn exactly(name: &str) -> Option<Exactly> {
    let name = present(name)?;
    if name.contains(['*', '?']) {
        let escaped: String = name
            .chars()
            .flat_map(|c| METACHARACTERS.contains(c).then_some('\\').into_iter().chain([c]))
            .collect();
        return Some(Exactly::Regexp(format!("^{escaped}$").into()));
    }
    Some(Exactly::Name(name))
}

fn of_certificate(certificate: &wire::Certificate, cosign: &wire::Cosign) -> Result<Authority, CompileError> {
    let pem = |text: &Option<wire::TextOrExpression>| text.as_ref().and_then(|text| present(&text.value));
    let (cert, chain) = (pem(&certificate.cert), pem(&certificate.cert_chain));
    if cert.is_none() && chain.is_none() {
        return Err(CompileError::new("", "cert or certChain required"));
    }
    Ok(Authority::Certificate {
        certificate: cert,
        chain,
        log: log_of(cosign),
        sct: sct_of(cosign),
        tsa_chain: tsa_of(cosign),
    })
}

fn of_notary(notary: &wire::Notary) -> Result<Signers, CompileError> {
    let pem = |text: &Option<wire::TextOrExpression>| text.as_ref().and_then(|text| present(&text.value));
    let certificates =
        pem(&notary.certs).ok_or_else(|| CompileError::new("certs", "certificates are required"))?;
    let trust = NotaryTrust {
        timestamp_authorities: pem(&notary.tsa_certs),
        ..NotaryTrust::strict(certificates)
    };
    Ok(Signers {
        layouts: Layouts::Notary,
        any_of: vec![SignerDemand {
            authority: Authority::Notary(trust),
            annotations: std::collections::BTreeMap::new(),
            repository: None,
        }],
        secrets: Vec::new(),
    })
}

fn log_of(cosign: &wire::Cosign) -> LogDemand {
    let ctlog = cosign.ctlog.as_ref();
    LogDemand {
        check: waived(ctlog.is_some_and(|ctlog| ctlog.insecure_ignore_tlog)),
        url: ctlog.and_then(|ctlog| present(&ctlog.url)),
        key: ctlog.and_then(|ctlog| present(&ctlog.rekor_pub_key)),
    }
}

fn sct_of(cosign: &wire::Cosign) -> SctDemand {
    let ctlog = cosign.ctlog.as_ref();
    SctDemand {
        check: waived(ctlog.is_some_and(|ctlog| ctlog.insecure_ignore_sct)),
        key: ctlog.and_then(|ctlog| present(&ctlog.ct_log_pub_key)),
    }
}

fn tsa_of(cosign: &wire::Cosign) -> Option<Arc<str>> {
    present(&cosign.ctlog.as_ref()?.tsa_cert_chain)
}

fn waived(is_waived: bool) -> Waivable {
    if is_waived {
        Waivable::Waived
    } else {
        Waivable::Required
    }
}

fn present(text: &str) -> Option<Arc<str>> {
    (!text.trim().is_empty()).then(|| text.trim().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use serde_json::{Value, json};

    fn read(attestor: &Value) -> Result<Signers, CompileError> {
        signers_of(&wire::Attestor::deserialize(attestor).unwrap())
    }

    fn identity(written: &Value) -> Identity {
        let read = read(&json!({"cosign": {"keyless": {"identities": [written]}}})).unwrap();
        let first = read.any_of.into_iter().next().unwrap();
        let Authority::Keyless { identity, .. } = first.authority else {
            panic!("not keyless")
        };
        identity
    }

    /// Attack: `verifyImages` takes `*` in a subject for a wildcard; here Kyverno compares names exactly, and a policy
    /// with a star in a name must not start to trust everybody whose name fits.
    #[test]
    fn a_star_in_a_subject_is_a_star() {
        let found = identity(&json!({"subject": "https://github.com/acme/*", "issuer": "https://i.example"}));
        assert_eq!(found.subject, None);
        assert_eq!(
            found.subject_regexp.as_deref(),
            Some(r"^https://github\.com/acme/\*$")
        );
        assert_eq!(found.issuer.as_deref(), Some("https://i.example"));
    }

    #[test]
    fn what_a_subject_expression_gives_is_the_whole_subject() {
        let found = identity(&json!({"subjectExpression": "ci@acme"}));
        assert_eq!(found.subject_regexp.as_deref(), Some("^(?:ci@acme)$"));
    }

    /// Attack: a requester's annotation in the expression closes the pattern it stands in, and adds one for everybody.
    #[test]
    fn a_subject_never_breaks_out_of_its_pattern() {
        for subject in ["https://github.com/acme/x)|(?:.*", "a)", "(?x)a #"] {
            let written = json!({"cosign": {"keyless": {"identities": [{"subjectExpression": subject}]}}});
            let found = read(&written).map(|signers| signers.any_of);
            let whole = found.as_ref().map(|any_of| format!("{any_of:?}"));
            assert!(found.is_err(), "{subject}: {whole:?}");
        }
    }

    #[test]
    fn every_identity_is_a_signer_of_its_own_with_the_extensions_of_all() {
        let read = read(
            &json!({"cosign": {"keyless": {"identities": [{"subject": "a"}, {"subject": "b"}],
            "additionalExtensions": {"githubWorkflowTrigger": "push"}}}}),
        )
        .unwrap();
        assert_eq!(read.any_of.len(), 2);
        for signer in read.any_of {
            let Authority::Keyless {
                identity, log, sct, ..
            } = signer.authority
            else {
                panic!("not keyless")
            };
            assert_eq!(identity.extensions.get("githubWorkflowTrigger").unwrap(), "push");
            assert_eq!((log.check, sct.check), (Waivable::Required, Waivable::Required));
        }
    }

    #[test]
    fn what_can_not_be_honoured_is_refused_with_its_place() {
        let key = json!({"kms": "awskms:///x"});
        for (cosign, place) in [
            (
                json!({"key": key, "source": {"tagPrefix": "v2-"}}),
                "cosign.source.tagPrefix",
            ),
            (json!({"key": {}}), "cosign.key"),
            (
                json!({"keyless": {"identities": []}}),
                "cosign.keyless.identities",
            ),
        ] {
            assert_eq!(read(&json!({ "cosign": cosign })).unwrap_err().path, place);
        }
    }

    #[test]
    fn a_log_is_waived_only_by_name() {
        let read = read(
            &json!({"cosign": {"key": {"kms": "k"}, "ctlog": {"url": "https://r", "insecureIgnoreSCT": true}}}),
        );
        let Authority::Key { log, .. } = read.unwrap().any_of.remove(0).authority else {
            panic!("not a key")
        };
        assert_eq!(
            (log.check, log.url.as_deref()),
            (Waivable::Required, Some("https://r"))
        );
    }
}
