//! Attestors of a classic rule as attestors of an `ImageValidatingPolicy`.
//!
//! In: attestor sets. Out: [`Attestors`], each under a name of its own, and of each set how many of which must have signed.
//! Wildcards in issuers and subjects become regular expressions on the whole text, as names are exact in the other kind.

use scalars::wildcard::has_wildcard;
use serde_json::{Map, Value, json};

use crate::cel_text::expression_of;
use crate::document_value::{list, says, text};
use crate::translation::{Said, Unsaid};

/// End of one key among several.
const END_OF_KEY: &str = "-----END PUBLIC KEY-----";
/// What a text that is itself a key begins with.
const BEGIN_OF_KEY: &str = "-----BEGIN PUBLIC KEY-----";

/// Attestors under their names.
#[derive(Debug, Default)]
pub(crate) struct Attestors {
    pub(crate) written: Vec<Value>,
}

/// How many of which attestors must have signed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Demand {
    pub(crate) names: Vec<String>,
    pub(crate) count: usize,
}

/// What entries have in common.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Defaults<'e> {
    pub(crate) is_notary: bool,
    pub(crate) repository: &'e str,
    /// Whether each key of one text counts by itself.
    pub(crate) splits_keys: bool,
}

impl Demand {
    /// `[attestors.a, attestors.b]`.
    pub(crate) fn list(&self) -> String {
        let names: Vec<String> = self
            .names
            .iter()
            .map(|name| format!("attestors.{name}"))
            .collect();
        format!("[{}]", names.join(", "))
    }
}

impl Attestors {
    /// Reads the sets of `holder`, which stand at `path`.
    ///
    /// # Errors
    /// An attestor that the other kind does not have.
    pub(crate) fn sets(&mut self, holder: &Value, path: &str, defaults: Defaults<'_>) -> Said<Vec<Demand>> {
        let mut demands = Vec::new();
        for (index, set) in list(holder, "attestors").iter().enumerate() {
            let at = format!("{path}.attestors[{index}]");
            let mut names = Vec::new();
            for (index, entry) in list(set, "entries").iter().enumerate() {
                let at = format!("{at}.entries[{index}]");
                for one in split(entry, defaults.splits_keys) {
                    names.push(self.add(attestor(&one, &at, defaults)?));
                }
            }
            let count = set
                .get("count")
                .and_then(Value::as_u64)
                .filter(|count| *count > 0);
            let count = count
                .and_then(|count| usize::try_from(count).ok())
                .unwrap_or(names.len());
            demands.push(Demand { names, count });
        }
        Ok(demands)
    }

    /// Anyone whom a certificate authority knows.
    pub(crate) fn anyone(&mut self) -> Demand {
        let identity = json!({"issuerRegExp": ".*", "subjectRegExp": ".*"});
        let name = self.add(json!({"cosign": {"keyless": {"identities": [identity]}}}));
        Demand {
            names: vec![name],
            count: 1,
        }
    }

    /// The name of an attestor; one that is there already keeps its name.
    fn add(&mut self, attestor: Value) -> String {
        let without_name = |known: &&Value| {
            let mut known = (*known).clone();
            if let Some(fields) = known.as_object_mut() {
                fields.remove("name");
            }
            known == attestor
        };
        if let Some(known) = self.written.iter().find(without_name) {
            return text(known, "name").to_owned();
        }
        let name = format!("attestor{}", self.written.len());
        let mut written = attestor;
        if let Some(fields) = written.as_object_mut() {
            fields.insert("name".to_owned(), name.as_str().into());
        }
        self.written.push(written);
        name
    }
}

/// One entry for each key of a text with several.
fn split(entry: &Value, splits_keys: bool) -> Vec<Value> {
    let keys = entry
        .pointer("/keys/publicKeys")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let blocks: Vec<&str> = keys
        .split_inclusive(END_OF_KEY)
        .filter(|block| block.contains(BEGIN_OF_KEY))
        .collect();
    if blocks.len() < 2 {
        return vec![entry.clone()];
    }
    let kept = if splits_keys { blocks.len() } else { 1 };
    let with = |block: &&str| {
        let mut entry = entry.clone();
        if let Some(keys) = entry.get_mut("keys").and_then(Value::as_object_mut) {
            keys.insert("publicKeys".to_owned(), format!("{}\n", block.trim()).into());
        }
        entry
    };
    blocks.iter().take(kept).map(with).collect()
}

fn attestor(entry: &Value, path: &str, defaults: Defaults<'_>) -> Said<Value> {
    if says(entry, "attestor") {
        let reason = "a set within a set counts as one, which counts of attestors can't say";
        return Err(Unsaid::new(format!("{path}.attestor"), reason));
    }
    if defaults.is_notary {
        return notary(entry, path);
    }
    let mut cosign = Map::new();
    let (field, at) = if says(entry, "keys") {
        let at = format!("{path}.keys");
        cosign.insert("key".to_owned(), key(entry, &at)?);
        ("keys", at)
    } else if says(entry, "certificates") {
        cosign.insert("certificate".to_owned(), certificate(entry));
        ("certificates", format!("{path}.certificates"))
    } else if says(entry, "keyless") {
        let at = format!("{path}.keyless");
        cosign.insert("keyless".to_owned(), keyless(entry, &at)?);
        ("keyless", at)
    } else {
        return Err(Unsaid::new(path, "the attestor says nobody"));
    };
    let holder = entry.get(field).unwrap_or(&Value::Null);
    if let Some(logs) = logs(holder, &at)? {
        cosign.insert("ctlog".to_owned(), logs);
    }
    let repository = Some(text(entry, "repository")).filter(|repository| !repository.is_empty());
    let repository = repository.unwrap_or(defaults.repository);
    if !repository.is_empty() {
        cosign.insert("source".to_owned(), json!({"repository": repository}));
    }
    if says(entry, "annotations") {
        cosign.insert(
            "annotations".to_owned(),
            entry.get("annotations").cloned().unwrap_or_default(),
        );
    }
    Ok(json!({"cosign": cosign}))
}

fn notary(entry: &Value, path: &str) -> Said<Value> {
    let certificates = entry.get("certificates").filter(|value| value.is_object());
    let Some(certificates) = certificates else {
        return Err(Unsaid::new(
            path,
            "Notary signatures are verified by certificates alone",
        ));
    };
    let texts = [text(certificates, "cert"), text(certificates, "certChain")];
    let given: Vec<&str> = texts.into_iter().filter(|text| !text.is_empty()).collect();
    let [certs] = given.as_slice() else {
        let reason = "certificate and chain together mean another trust store in the other kind";
        return Err(Unsaid::new(format!("{path}.certificates"), reason));
    };
    Ok(json!({"notary": {"certs": {"value": certs}}}))
}

fn key(entry: &Value, path: &str) -> Said<Value> {
    let keys = entry.get("keys").unwrap_or(&Value::Null);
    let written = text(keys, "publicKeys");
    let mut key = Map::new();
    if written.trim_start().starts_with(BEGIN_OF_KEY) {
        key.insert("data".to_owned(), written.into());
    } else if !written.is_empty() && !written.starts_with("k8s://") && written.contains("kms://") {
        key.insert("kms".to_owned(), written.into());
    } else if !written.is_empty() {
        let reason = "a key that is a file, an address or a Secret has no field in the other kind";
        return Err(Unsaid::new(format!("{path}.publicKeys"), reason));
    } else if says(keys, "secret") {
        let reason = "keys in Secrets have no field in the other kind; write the key into the policy";
        return Err(Unsaid::new(format!("{path}.secret"), reason));
    } else {
        key.insert("kms".to_owned(), text(keys, "kms").into());
    }
    let of_keys = text(keys, "signatureAlgorithm");
    let algorithm = if of_keys.is_empty() {
        text(entry, "signatureAlgorithm")
    } else {
        of_keys
    };
    if !matches!(algorithm, "" | "sha256") {
        key.insert("hashAlgorithm".to_owned(), algorithm.into());
    }
    Ok(Value::Object(key))
}

fn certificate(entry: &Value) -> Value {
    let mut certificate = Map::new();
    for (from, to) in [("cert", "cert"), ("certChain", "certChain")] {
        let written = entry
            .pointer(&format!("/certificates/{from}"))
            .and_then(Value::as_str);
        if let Some(written) = written.filter(|written| !written.is_empty()) {
            certificate.insert(to.to_owned(), json!({"value": written}));
        }
    }
    Value::Object(certificate)
}

fn keyless(entry: &Value, path: &str) -> Said<Value> {
    let written = entry.get("keyless").unwrap_or(&Value::Null);
    let mut identity = Map::new();
    for (name, regexp) in [("issuer", "issuerRegExp"), ("subject", "subjectRegExp")] {
        if says(written, name) && says(written, regexp) {
            let reason = format!("`{name}` and `{regexp}` together: the other kind takes one of them");
            return Err(Unsaid::new(format!("{path}.{name}"), reason));
        }
        let exact = text(written, name);
        if has_wildcard(exact) {
            identity.insert(regexp.to_owned(), expression_of(exact).into());
        } else if !exact.is_empty() {
            identity.insert(name.to_owned(), exact.into());
        } else if says(written, regexp) {
            identity.insert(regexp.to_owned(), text(written, regexp).into());
        } else {
            identity.insert(regexp.to_owned(), ".*".into());
        }
    }
    let mut keyless = Map::new();
    keyless.insert("identities".to_owned(), json!([identity]));
    for field in ["roots", "additionalExtensions"] {
        if says(written, field) {
            keyless.insert(field.to_owned(), written.get(field).cloned().unwrap_or_default());
        }
    }
    Ok(Value::Object(keyless))
}

/// `rekor` and `ctlog` as one; none where both are absent: the logs of the trust root.
fn logs(holder: &Value, path: &str) -> Said<Option<Value>> {
    let mut out = Map::new();
    let none = Value::Null;
    let (rekor, ctlog) = (
        holder.get("rekor").unwrap_or(&none),
        holder.get("ctlog").unwrap_or(&none),
    );
    for (from, field, to) in [
        (rekor, "url", "url"),
        (rekor, "pubkey", "rekorPubKey"),
        (ctlog, "pubkey", "ctLogPubKey"),
        (ctlog, "tsaCertChain", "tsaCertChain"),
    ] {
        if says(from, field) {
            out.insert(to.to_owned(), text(from, field).into());
        }
    }
    for (from, field, to) in [
        (rekor, "ignoreTlog", "insecureIgnoreTlog"),
        (ctlog, "ignoreSCT", "insecureIgnoreSCT"),
    ] {
        if from.get(field).and_then(Value::as_bool) == Some(true) {
            out.insert(to.to_owned(), true.into());
        }
    }
    if out.is_empty() {
        return Ok(None);
    }
    let is_logged = out.get("insecureIgnoreTlog").is_none();
    if is_logged && !out.contains_key("url") {
        if rekor.is_object() {
            return Err(Unsaid::new(
                format!("{path}.rekor"),
                "a log without an address can't be said",
            ));
        }
        out.insert("url".to_owned(), "https://rekor.sigstore.dev".into());
    }
    Ok(Some(Value::Object(out)))
}
