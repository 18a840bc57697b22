//! The policy that the flags of `verify` mean.
//!
//! In: flags, and the files of certificates and keys they name. Out: a ClusterPolicy with one `verifyImages` rule that
//! means every image. A name is demanded as it is written; wildcards are what policies write, not what flags do.

use policy_engine::LoadedPolicies;
use policy_types::Fault;
use serde_json::{Map, Value, json};

use super::arguments::{DemandArguments, Layout};
use super::predicate_types::predicate_type;
use crate::input::{InputError, read_text};

/// What the source of the policy is called in faults.
const SOURCE: &str = "flags";
/// The log that entries are taken to be of, unless a trusted root names others.
const PUBLIC_LOG: &str = "https://rekor.sigstore.dev";

/// The policies that `arguments` mean.
///
/// # Errors
/// [`InputError`] where flags don't fit one another, or a file can't be read.
pub(super) fn policies(arguments: &DemandArguments) -> Result<LoadedPolicies, InputError> {
    let policy = json!({
        "apiVersion": "kyverno.io/v1",
        "kind": "ClusterPolicy",
        "metadata": {"name": "verify", "annotations": {"pod-policies.kyverno.io/autogen-controllers": "none"}},
        "spec": {"rules": [{
            "name": "image",
            "match": {"any": [{"resources": {"kinds": ["Pod"]}}]},
            "verifyImages": [entry(arguments)?],
        }]},
    });
    if holds_variables(&policy) {
        return Err(wrong("`{{` and `$(` have no meaning in flags"));
    }
    let document = manifest::Document::without_text(policy, SOURCE);
    let loaded = LoadedPolicies::load([document]);
    if loaded.faults.is_empty() {
        return Ok(loaded);
    }
    let faults: Vec<String> = loaded.faults.iter().map(told).collect();
    Err(InputError::Malformed(faults.join("\n")))
}

/// The flag behind the last field of a fault's path.
const FLAGS: [(&str, &str); 14] = [
    (".publicKeys", "--key"),
    (".count", "--count"),
    (".cert", "--certificate"),
    (".certChain", "--certificate-chain"),
    (".roots", "--certificate-chain"),
    (".subject", "--certificate-identity"),
    (".subjectRegExp", "--certificate-identity-regexp"),
    (".issuer", "--certificate-oidc-issuer"),
    (".issuerRegExp", "--certificate-oidc-issuer-regexp"),
    (".signatureAlgorithm", "--signature-digest-algorithm"),
    (".repository", "--signature-repository"),
    (".rekor.pubkey", "--rekor-public-key"),
    (".ctlog.pubkey", "--ctlog-public-key"),
    (".tsaCertChain", "--timestamp-certificate-chain"),
];

/// A fault by the flag it comes from: nobody wrote the policy that has it.
fn told(fault: &Fault) -> String {
    let path = fault.path.to_string();
    let flag = FLAGS.iter().find(|(field, _)| path.ends_with(field));
    let place = flag.map_or(path.as_str(), |(_, flag)| flag);
    format!("{place}: {}", fault.message)
}

fn entry(arguments: &DemandArguments) -> Result<Value, InputError> {
    let attestor = json!({"entries": entries(arguments)?, "count": arguments.count});
    let mut entry = json!({
        "imageReferences": ["*"],
        "type": match arguments.layout {
            Layout::Sigstore => "Cosign",
            Layout::Bundle => "SigstoreBundle",
            Layout::Notary => "Notary",
        },
        "failureAction": "Enforce",
        "mutateDigest": true,
        "verifyDigest": false,
        "required": true,
    });
    let fields = entry.as_object_mut();
    if let Some(fields) = fields {
        if arguments.attestations.is_empty() {
            fields.insert("attestors".to_owned(), json!([without_nulls(attestor)]));
        } else {
            let attestor = without_nulls(attestor);
            let types = arguments
                .attestations
                .iter()
                .map(|written| predicate_type(written));
            let demanded: Vec<Value> = types
                .map(|predicate| json!({"type": predicate, "attestors": [attestor]}))
                .collect();
            fields.insert("attestations".to_owned(), demanded.into());
        }
        fields.extend(
            arguments
                .signature_repository
                .clone()
                .map(|repository| ("repository".to_owned(), repository.into())),
        );
    }
    Ok(entry)
}

/// Flags that demand something must be followed: what would be passed over is refused.
fn refuse_what_is_not_judged(arguments: &DemandArguments) -> Result<(), InputError> {
    let certificates = arguments.certificate.is_some() || arguments.certificate_chain.is_some();
    if !arguments.keys.is_empty() && certificates {
        return Err(wrong("`--key` and certificates exclude one another"));
    }
    let has_logs = arguments.rekor_public_key.is_some()
        || arguments.ctlog_public_key.is_some()
        || arguments.timestamp_certificate_chain.is_some();
    if arguments.layout == Layout::Notary && (has_logs || !arguments.annotations.is_empty()) {
        return Err(wrong(
            "Notary Project signatures are judged by certificates alone: leave logs, timestamps and annotations out",
        ));
    }
    Ok(())
}

/// The entries of the attestor set: every key, or the one certificate or identity.
fn entries(arguments: &DemandArguments) -> Result<Vec<Value>, InputError> {
    refuse_what_is_not_judged(arguments)?;
    let has_identity = [
        &arguments.certificate_identity,
        &arguments.certificate_identity_regexp,
        &arguments.certificate_oidc_issuer,
        &arguments.certificate_oidc_issuer_regexp,
    ]
    .into_iter()
    .any(Option::is_some);
    let authorities = match (arguments.keys.as_slice(), has_identity) {
        ([], true) if arguments.certificate.is_some() => {
            return Err(wrong(
                "`--certificate` names one certificate: leave its identity out",
            ));
        }
        ([], true) => vec![("keyless", keyless(arguments)?)],
        ([], false) if arguments.certificate.is_some() || arguments.certificate_chain.is_some() => {
            vec![("certificates", certificate(arguments)?)]
        }
        ([], false) => {
            let expected = "say who must have signed: `--key`, `--certificate-identity` with `--certificate-oidc-issuer`, \
                 `--certificate`, or `--policy`";
            return Err(wrong(expected));
        }
        (_, true) => return Err(wrong("`--key` and a certificate's identity exclude one another")),
        (keys, false) => {
            let mut listed = Vec::new();
            for key in keys {
                listed.push(("keys", key_of(arguments, key)?));
            }
            listed
        }
    };
    let annotations = annotations(arguments)?;
    let entry = |(field, authority): (&str, Value)| {
        without_nulls(json!({field: authority, "annotations": annotations}))
    };
    Ok(authorities.into_iter().map(entry).collect())
}

fn key_of(arguments: &DemandArguments, key: &str) -> Result<Value, InputError> {
    Ok(without_nulls(json!({
        "publicKeys": key,
        "signatureAlgorithm": arguments.signature_digest_algorithm,
        "rekor": rekor(arguments)?,
        "ctlog": ctlog(arguments)?,
    })))
}

fn certificate(arguments: &DemandArguments) -> Result<Value, InputError> {
    let mut fields = json!({
        "cert": text_of(arguments.certificate.as_ref())?,
        "certChain": text_of(arguments.certificate_chain.as_ref())?,
    });
    if let (false, Some(fields)) = (arguments.layout == Layout::Notary, fields.as_object_mut()) {
        fields.insert("rekor".to_owned(), rekor(arguments)?);
        fields.insert("ctlog".to_owned(), ctlog(arguments)?);
    }
    Ok(without_nulls(fields))
}

fn keyless(arguments: &DemandArguments) -> Result<Value, InputError> {
    let (subject, subject_regexp) = demanded(
        "identity",
        arguments.certificate_identity.as_ref(),
        arguments.certificate_identity_regexp.as_ref(),
    )?;
    let (issuer, issuer_regexp) = demanded(
        "oidc-issuer",
        arguments.certificate_oidc_issuer.as_ref(),
        arguments.certificate_oidc_issuer_regexp.as_ref(),
    )?;
    Ok(without_nulls(json!({
        "subject": subject,
        "subjectRegExp": subject_regexp,
        "issuer": issuer,
        "issuerRegExp": issuer_regexp,
        "roots": text_of(arguments.certificate_chain.as_ref())?,
        "rekor": with_log(&rekor(arguments)?),
        "ctlog": ctlog(arguments)?,
    })))
}

/// A name and a regular expression for the policy. A name in which a policy would see a wildcard is demanded as a regular
/// expression that matches it alone.
fn demanded(
    flag: &str,
    exact: Option<&String>,
    regexp: Option<&String>,
) -> Result<(Option<String>, Option<String>), InputError> {
    match (exact, regexp) {
        (Some(_), Some(_)) => Err(wrong(&format!(
            "`--certificate-{flag}` and `--certificate-{flag}-regexp` exclude one another"
        ))),
        (None, None) => Err(wrong(&format!(
            "a certificate is demanded without its {flag}: give `--certificate-{flag}`"
        ))),
        (Some(text), _) | (_, Some(text)) if text.is_empty() => Err(wrong(&format!(
            "`--certificate-{flag}` is empty: that would accept anyone"
        ))),
        (Some(name), None) if name.contains(['*', '?']) => Ok((None, Some(format!("^{}$", literal(name))))),
        (Some(name), None) => Ok((Some(name.clone()), None)),
        (None, Some(regexp)) => Ok((None, Some(regexp.clone()))),
    }
}

/// A regular expression that means `text` and nothing else.
fn literal(text: &str) -> String {
    let escaped = text.chars().flat_map(|letter| {
        let is_plain = letter.is_alphanumeric() || letter == '_';
        (!is_plain).then_some('\\').into_iter().chain([letter])
    });
    escaped.collect()
}

fn rekor(arguments: &DemandArguments) -> Result<Value, InputError> {
    let key = text_of(arguments.rekor_public_key.as_ref())?;
    if key.is_null() && !arguments.insecure_ignore_tlog {
        return Ok(Value::Null);
    }
    Ok(without_nulls(
        json!({"ignoreTlog": arguments.insecure_ignore_tlog, "pubkey": key}),
    ))
}

/// A log that is asked for must have an address in a policy, even if nothing is looked up there.
fn with_log(rekor: &Value) -> Value {
    let mut named = json!({"url": PUBLIC_LOG});
    if let (Some(named), Some(fields)) = (named.as_object_mut(), rekor.as_object()) {
        named.extend(fields.clone());
    }
    named
}

fn ctlog(arguments: &DemandArguments) -> Result<Value, InputError> {
    let key = text_of(arguments.ctlog_public_key.as_ref())?;
    let authority = text_of(arguments.timestamp_certificate_chain.as_ref())?;
    if key.is_null() && authority.is_null() && !arguments.insecure_ignore_sct {
        return Ok(Value::Null);
    }
    let fields =
        json!({"ignoreSCT": arguments.insecure_ignore_sct, "pubkey": key, "tsaCertChain": authority});
    Ok(without_nulls(fields))
}

fn annotations(arguments: &DemandArguments) -> Result<Value, InputError> {
    let mut pairs = Map::new();
    for written in &arguments.annotations {
        let (key, value) = written
            .split_once('=')
            .ok_or_else(|| wrong(&format!("`--annotations {written}`: expected KEY=VALUE")))?;
        pairs.insert(key.to_owned(), value.into());
    }
    Ok(if pairs.is_empty() {
        Value::Null
    } else {
        pairs.into()
    })
}

fn text_of(file: Option<&String>) -> Result<Value, InputError> {
    Ok(file.map(|path| read_text(path)).transpose()?.into())
}

/// The fields that say something.
fn without_nulls(mut fields: Value) -> Value {
    if let Some(fields) = fields.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    fields
}

fn holds_variables(policy: &Value) -> bool {
    let text = policy.to_string();
    text.contains("{{") || text.contains("$(")
}

fn wrong(what: &str) -> InputError {
    InputError::Malformed(what.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyless_by(identity: &str, issuer: &str) -> DemandArguments {
        DemandArguments {
            certificate_identity: Some(identity.to_owned()),
            certificate_oidc_issuer: Some(issuer.to_owned()),
            ..DemandArguments::default()
        }
    }

    #[test]
    fn an_identity_with_a_wildcard_in_it_means_itself_alone() {
        let entries = entries(&keyless_by("https://acme.example/*", "https://issuer.example")).unwrap();
        let keyless = &entries[0]["keyless"];
        assert_eq!(keyless["subjectRegExp"], r"^https\:\/\/acme\.example\/\*$");
        assert!(keyless.get("subject").is_none());
        assert_eq!(keyless["issuer"], "https://issuer.example");
    }

    #[test]
    fn an_identity_is_never_demanded_by_half() {
        let half = DemandArguments {
            certificate_identity: Some("ci@acme.example".to_owned()),
            ..DemandArguments::default()
        };
        assert!(
            entries(&half)
                .unwrap_err()
                .to_string()
                .contains("--certificate-oidc-issuer")
        );
        assert!(entries(&keyless_by("", "https://issuer.example")).is_err());
        assert!(
            entries(&DemandArguments::default())
                .unwrap_err()
                .to_string()
                .contains("who must have signed")
        );
    }

    #[test]
    fn nothing_is_waived_unless_a_flag_says_so() {
        let key = DemandArguments {
            keys: vec!["cosign.pub".to_owned()],
            ..DemandArguments::default()
        };
        assert_eq!(
            entries(&key).unwrap(),
            [json!({"keys": {"publicKeys": "cosign.pub"}})]
        );
        let waived = DemandArguments {
            insecure_ignore_tlog: true,
            ..key
        };
        assert_eq!(
            entries(&waived).unwrap()[0]["keys"]["rekor"],
            json!({"ignoreTlog": true})
        );
    }

    #[test]
    fn a_fault_names_the_flag_it_comes_from() {
        let key = DemandArguments {
            keys: vec!["-----BEGIN PUBLIC KEY-----\nno\n-----END PUBLIC KEY-----".to_owned()],
            ..DemandArguments::default()
        };
        let told = policies(&key).unwrap_err().to_string();
        assert!(told.starts_with("--key: "), "{told}");
    }

    #[test]
    fn attestations_are_demanded_of_the_same_signers_as_signatures_would_be() {
        let key = DemandArguments {
            keys: vec!["cosign.pub".to_owned()],
            attestations: vec!["vuln".to_owned()],
            ..DemandArguments::default()
        };
        let entry = entry(&key).unwrap();
        assert!(entry.get("attestors").is_none());
        assert_eq!(
            entry["attestations"][0]["type"],
            "https://cosign.sigstore.dev/attestation/vuln/v1"
        );
        assert_eq!(
            entry["attestations"][0]["attestors"][0]["entries"][0]["keys"]["publicKeys"],
            "cosign.pub"
        );
    }

    #[test]
    fn flags_make_a_policy_that_loads() {
        let key = DemandArguments {
            keys: vec!["cosign.pub".to_owned()],
            count: Some(1),
            ..DemandArguments::default()
        };
        assert_eq!(policies(&key).unwrap().policies.len(), 1);
        assert!(
            policies(&keyless_by(
                "{{ request.object.metadata.name }}",
                "https://issuer.example"
            ))
            .is_err()
        );
    }
}
