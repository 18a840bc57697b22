//! Attestor sets: trees of leaves, each leaf one signer of the demand.
//!
//! In: `attestors` of an entry or an attestation. Out: [`AttestorSet`]s that count, and [`SignerDemand`]s that they point
//! to by index. Several PEM blocks under one `publicKeys` are several leaves of the set, as Kyverno expands them.

use std::collections::BTreeMap;
use std::sync::Arc;

use image_trust::{
    Authority, DigestAlgorithm, Identity, KeySource, Layouts, LogDemand, NotaryTrust, SctDemand,
    SignerDemand, Waivable,
};
use serde_json::Value;

use super::entry::text;
use crate::compile_error::CompileError;

/// How deep attestors may nest.
const DEEPEST_NESTING: usize = 16;

/// Where a Rekor entry is looked for unless the policy says otherwise.
const PUBLIC_REKOR: &str = "https://rekor.sigstore.dev";

const PEM_START: &str = "-----BEGIN ";
const PEM_END: &str = "-----END ";

/// A set of attestors of which `required` must have signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AttestorSet {
    /// How many entries must hold.
    pub(crate) required: usize,
    /// The entries, expanded.
    pub(crate) entries: Vec<Attestor>,
}

/// One entry of a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Attestor {
    /// A signer of the demand, and what the entry is called in messages.
    Leaf {
        /// Index into the demand's signers.
        signer: usize,
        /// `.keys`, `.certificates`, `.keyless`, or nothing for Notary.
        suffix: &'static str,
    },
    /// A set in a set.
    Nested(AttestorSet),
}

/// What an entry gives to attestors that say nothing themselves.
#[derive(Debug, Clone)]
pub(super) struct Defaults {
    pub(super) layouts: Layouts,
    pub(super) annotations: BTreeMap<String, String>,
    pub(super) repository: Option<String>,
}

impl AttestorSet {
    /// The set that demands the first signer alone.
    pub(super) fn of_one() -> Self {
        Self {
            required: 1,
            entries: vec![Attestor::Leaf {
                signer: 0,
                suffix: ".keyless",
            }],
        }
    }
}

/// Compiles every set under `holder.attestors`; leaves go to `signers`.
pub(super) fn compile_sets(
    holder: &Value,
    defaults: &Defaults,
    signers: &mut Vec<SignerDemand>,
    errors: &mut Vec<CompileError>,
) -> Vec<AttestorSet> {
    let sets = holder.get("attestors").and_then(Value::as_array);
    let mut compiled = Vec::new();
    for (index, set) in sets.into_iter().flatten().enumerate() {
        match compile_set(set, defaults, signers, DEEPEST_NESTING) {
            Ok(set) => compiled.push(set),
            Err(error) => errors.push(error.under(&format!("attestors[{index}]"))),
        }
    }
    compiled
}

fn compile_set(
    set: &Value,
    defaults: &Defaults,
    signers: &mut Vec<SignerDemand>,
    depth: usize,
) -> Result<AttestorSet, CompileError> {
    let Some(deeper) = depth.checked_sub(1) else {
        return Err(CompileError::new(
            "entries",
            format!("attestors nest deeper than {DEEPEST_NESTING} levels"),
        ));
    };
    let listed = set
        .get("entries")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    if listed.is_empty() {
        return Err(CompileError::new("entries", "an entry is required"));
    }
    let mut entries = Vec::new();
    for (index, entry) in listed.iter().enumerate() {
        let under = |error: CompileError| error.under(&format!("entries[{index}]"));
        if let Some(nested) = entry.get("attestor").filter(|nested| !nested.is_null()) {
            let nested = compile_set(nested, defaults, signers, deeper);
            entries.push(Attestor::Nested(nested.map_err(|e| under(e.under("attestor")))?));
            continue;
        }
        let (authorities, suffix) = authorities_of(entry, defaults).map_err(under)?;
        if defaults.layouts == Layouts::Notary && !annotations_of(entry, defaults).is_empty() {
            let message = "annotations are not judged for type Notary: take them out";
            return Err(under(CompileError::new("annotations", message)));
        }
        for authority in authorities {
            entries.push(Attestor::Leaf {
                signer: signers.len(),
                suffix,
            });
            signers.push(signer(entry, authority, defaults));
        }
    }
    let count = set
        .get("count")
        .and_then(Value::as_u64)
        .filter(|count| *count > 0);
    let required = match count {
        None => entries.len(),
        Some(count) => usize::try_from(count).unwrap_or(usize::MAX),
    };
    if required > entries.len() {
        return Err(CompileError::new(
            "count",
            format!("count {required} exceeds the {} entries", entries.len()),
        ));
    }
    Ok(AttestorSet { required, entries })
}

/// The attestor's own annotations, else those of the entry.
fn annotations_of(entry: &Value, defaults: &Defaults) -> BTreeMap<String, String> {
    let own = string_pairs(entry.get("annotations"));
    if own.is_empty() {
        defaults.annotations.clone()
    } else {
        own
    }
}

fn signer(entry: &Value, authority: Authority, defaults: &Defaults) -> SignerDemand {
    SignerDemand {
        authority,
        annotations: annotations_of(entry, defaults),
        repository: text(entry, "repository")
            .map(ToOwned::to_owned)
            .or_else(|| defaults.repository.clone()),
    }
}

/// The leaf Kyverno means by attestations without attestors: any identity of the trusted Fulcio, logged.
///
/// Kyverno does not ask for an SCT here; a certificate of the public Fulcio always has one, so it is demanded.
pub(super) fn anyone(defaults: &Defaults) -> Result<SignerDemand, CompileError> {
    if defaults.layouts == Layouts::Notary {
        return Err(CompileError::new(
            "attestors",
            "attestations of type Notary need attestors with certificates",
        ));
    }
    let log = LogDemand {
        check: Waivable::Required,
        url: Some(PUBLIC_REKOR.into()),
        key: None,
    };
    let authority = Authority::Keyless {
        identity: Identity::default(),
        roots: None,
        log,
        sct: SctDemand::default(),
        tsa_chain: None,
    };
    Ok(SignerDemand {
        authority,
        annotations: BTreeMap::new(),
        repository: defaults.repository.clone(),
    })
}

fn authorities_of(
    entry: &Value,
    defaults: &Defaults,
) -> Result<(Vec<Authority>, &'static str), CompileError> {
    let present = |field: &str| entry.get(field).filter(|value| !value.is_null());
    match (
        defaults.layouts,
        present("keys"),
        present("certificates"),
        present("keyless"),
    ) {
        (Layouts::Notary, None, Some(certificates), None) => Ok((vec![notary(certificates)?], "")),
        (Layouts::Notary, ..) => Err(CompileError::new(
            "",
            "only certificates are allowed for type Notary",
        )),
        (_, Some(keys), None, None) => Ok((keys_of(keys, entry)?, ".keys")),
        (_, None, Some(certificates), None) => Ok((vec![certificate(certificates)?], ".certificates")),
        (_, None, None, Some(keyless)) => Ok((vec![keyless_of(keyless)], ".keyless")),
        _ => Err(CompileError::new(
            "",
            "exactly one of keys, certificates, keyless or a nested attestor is required",
        )),
    }
}

fn keys_of(keys: &Value, entry: &Value) -> Result<Vec<Authority>, CompileError> {
    let digest = digest_of(keys, entry)?;
    let source = |source: KeySource| Authority::Key {
        source,
        digest,
        log: log_of(keys),
        tsa_chain: tsa_of(keys),
    };
    if let Some(written) = text(keys, "publicKeys") {
        if written.trim_start().starts_with(PEM_START) {
            return Ok(pem_blocks(written)
                .into_iter()
                .map(|pem| source(KeySource::Pem(pem.into())))
                .collect());
        }
        return Ok(vec![source(KeySource::Reference(written.trim().into()))]);
    }
    if let Some(secret) = keys.get("secret").filter(|secret| !secret.is_null()) {
        let part = |field: &str| text(secret, field).unwrap_or_default();
        let reference = format!("k8s://{}/{}", part("namespace"), part("name"));
        return Ok(vec![source(KeySource::Reference(reference.into()))]);
    }
    match text(keys, "kms") {
        Some(kms) => Ok(vec![source(KeySource::Reference(kms.into()))]),
        None => Err(CompileError::new(
            "keys",
            "a public key, kms key or secret is required",
        )),
    }
}

/// Every PEM block of `text`, end line included.
fn pem_blocks(text: &str) -> Vec<String> {
    let mut blocks = vec![String::new()];
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(block) = blocks.last_mut() {
            block.push_str(line);
            block.push('\n');
        }
        if line.starts_with(PEM_END) {
            blocks.push(String::new());
        }
    }
    blocks.retain(|block| !block.is_empty());
    blocks
}

/// `keys.signatureAlgorithm` wins unless it is the default that the CRD writes; then the entry's is meant.
fn digest_of(keys: &Value, entry: &Value) -> Result<DigestAlgorithm, CompileError> {
    let written = |at: &Value| {
        text(at, "signatureAlgorithm")
            .filter(|name| *name != "sha256")
            .map(ToOwned::to_owned)
    };
    match written(keys).or_else(|| written(entry)).as_deref() {
        None => Ok(DigestAlgorithm::Sha256),
        Some("sha224") => Ok(DigestAlgorithm::Sha224),
        Some("sha384") => Ok(DigestAlgorithm::Sha384),
        Some("sha512") => Ok(DigestAlgorithm::Sha512),
        Some(other) => Err(CompileError::new(
            "signatureAlgorithm",
            format!(
                "invalid signature algorithm provided {other}: expected sha224, sha256, sha384 or sha512"
            ),
        )),
    }
}

fn certificate(certificates: &Value) -> Result<Authority, CompileError> {
    let pem = |field: &str| -> Option<Arc<str>> { text(certificates, field).map(Into::into) };
    let (certificate, chain) = (pem("cert"), pem("certChain"));
    if certificate.is_none() && chain.is_none() {
        return Err(CompileError::new("certificates", "cert or certChain required"));
    }
    Ok(Authority::Certificate {
        certificate,
        chain,
        log: log_of(certificates),
        sct: sct_of(certificates),
        tsa_chain: tsa_of(certificates),
    })
}

fn notary(certificates: &Value) -> Result<Authority, CompileError> {
    let parts: Vec<&str> = ["cert", "certChain"]
        .iter()
        .filter_map(|field| text(certificates, field))
        .collect();
    if parts.is_empty() {
        return Err(CompileError::new("certificates", "cert or certChain required"));
    }
    Ok(Authority::Notary(NotaryTrust::strict(parts.join("\n"))))
}

fn keyless_of(keyless: &Value) -> Authority {
    let part = |field: &str| -> Option<Arc<str>> { text(keyless, field).map(Into::into) };
    let identity = Identity {
        subject: part("subject"),
        subject_regexp: part("subjectRegExp"),
        issuer: part("issuer"),
        issuer_regexp: part("issuerRegExp"),
        extensions: string_pairs(keyless.get("additionalExtensions")),
    };
    Authority::Keyless {
        identity,
        roots: part("roots"),
        log: log_of(keyless),
        sct: sct_of(keyless),
        tsa_chain: tsa_of(keyless),
    }
}

fn waived(at: Option<&Value>, field: &str) -> Waivable {
    let waived = at
        .and_then(|at| at.get(field))
        .and_then(Value::as_bool)
        .unwrap_or(false);
    if waived {
        Waivable::Waived
    } else {
        Waivable::Required
    }
}

fn log_of(attestor: &Value) -> LogDemand {
    let rekor = attestor.get("rekor").filter(|rekor| !rekor.is_null());
    let part =
        |field: &str| -> Option<Arc<str>> { rekor.and_then(|rekor| text(rekor, field)).map(Into::into) };
    LogDemand {
        check: waived(rekor, "ignoreTlog"),
        url: if rekor.is_none() {
            Some(PUBLIC_REKOR.into())
        } else {
            part("url")
        },
        key: part("pubkey"),
    }
}

fn sct_of(attestor: &Value) -> SctDemand {
    let ctlog = attestor.get("ctlog").filter(|ctlog| !ctlog.is_null());
    SctDemand {
        check: waived(ctlog, "ignoreSCT"),
        key: ctlog.and_then(|ctlog| text(ctlog, "pubkey")).map(Into::into),
    }
}

fn tsa_of(attestor: &Value) -> Option<Arc<str>> {
    attestor
        .get("ctlog")
        .and_then(|ctlog| text(ctlog, "tsaCertChain"))
        .map(Into::into)
}

/// A map of strings; other values as their JSON.
pub(super) fn string_pairs(map: Option<&Value>) -> BTreeMap<String, String> {
    let text = |value: &Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), ToOwned::to_owned)
    };
    let fields = map.and_then(Value::as_object);
    fields
        .into_iter()
        .flatten()
        .map(|(key, value)| (key.clone(), text(value)))
        .collect()
}
