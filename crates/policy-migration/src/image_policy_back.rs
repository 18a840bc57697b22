//! An `ImageValidatingPolicy` as a classic policy, where it is one that this crate would write.
//!
//! The classic rule is read off the attestors, attestations and calls, and said forward again: only where that gives the
//! very policy back is the rule handed out. So whatever this reader overlooks is refused, never lost.

use serde_json::{Map, Value, json};

use crate::document_value::{list, says, text};
use crate::translation::{Refusal, Said, Unsaid};

/// The classic policy that `document` may have been written from.
///
/// # Errors
/// The first field that no classic rule has.
pub(crate) fn read(document: &Value) -> Said<Value> {
    let spec = document.get("spec").unwrap_or(&Value::Null);
    let is_namespaced = text(document, "kind").starts_with("Namespaced");
    let actions = list(spec, "validationActions");
    let is_enforced = actions.is_empty() || actions.contains(&json!("Deny"));
    let mut policy = Map::new();
    let mut metadata = document.get("metadata").cloned().unwrap_or_default();
    let controllers = spec
        .pointer("/autogen/podControllers/controllers")
        .and_then(Value::as_array);
    if let (Some(controllers), Some(fields)) = (controllers, metadata.as_object_mut()) {
        let kinds: Vec<&str> = controllers
            .iter()
            .filter_map(|one| kind_of(one.as_str()?))
            .collect();
        let wanted = if kinds.is_empty() {
            "none".to_owned()
        } else {
            kinds.join(",")
        };
        let annotations = fields.entry("annotations").or_insert_with(|| json!({}));
        if let Some(annotations) = annotations.as_object_mut() {
            annotations.insert(
                policy_engine::policy::CONTROLLERS_ANNOTATION.to_owned(),
                wanted.into(),
            );
        }
    }
    for (from, to) in [
        ("/evaluation/admission/enabled", "admission"),
        ("/evaluation/background/enabled", "background"),
    ] {
        if let Some(switch) = spec.pointer(from) {
            policy.insert(to.to_owned(), switch.clone());
        }
    }
    let webhook = webhook(spec)?;
    if !webhook.is_empty() {
        policy.insert("webhookConfiguration".to_owned(), Value::Object(webhook));
    }
    policy.insert(
        "validationFailureAction".to_owned(),
        if is_enforced { "Enforce" } else { "Audit" }.into(),
    );
    if actions.contains(&json!("Warn")) && !is_enforced {
        policy.insert("emitWarning".to_owned(), true.into());
    }
    let rule = json!({
        "name": text(&metadata, "name"),
        "match": {"any": [{"resources": {"kinds": kinds(spec)?, "operations": ["CREATE", "UPDATE"]}}]},
        "verifyImages": [entry(spec)?],
    });
    policy.insert("rules".to_owned(), json!([rule]));
    Ok(json!({
        "apiVersion": "kyverno.io/v1",
        "kind": if is_namespaced { "Policy" } else { "ClusterPolicy" },
        "metadata": metadata,
        "spec": policy,
    }))
}

/// What the webhook is registered with.
fn webhook(spec: &Value) -> Said<Map<String, Value>> {
    let mut webhook = spec
        .get("webhookConfiguration")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    if says(spec, "failurePolicy") {
        webhook.insert(
            "failurePolicy".to_owned(),
            spec.get("failurePolicy").cloned().unwrap_or_default(),
        );
    }
    for (index, condition) in list(spec, "matchConditions").iter().enumerate() {
        let expression = text(condition, "expression").replace("object.metadata.namespace", "");
        if expression.contains("object.spec") || expression.contains("object.metadata") {
            let path = format!("spec.matchConditions[{index}].expression");
            let reason = "conditions of classic policies are not moved into the templates of controllers";
            return Err(Unsaid::new(path, reason));
        }
    }
    if says(spec, "matchConditions") {
        webhook.insert(
            "matchConditions".to_owned(),
            spec.get("matchConditions").cloned().unwrap_or_default(),
        );
    }
    Ok(webhook)
}

/// The first field in which `forward`, said from the classic policy, is not what stands in `written`.
pub(crate) fn difference(written: &Value, forward: &Value) -> Option<Refusal> {
    let path = differs(written.get("spec")?, forward.get("spec")?, "spec")?;
    Some(Refusal {
        rule: String::new(),
        path,
        reason: "no classic rule says this".to_owned(),
    })
}

/// Messages are not part of what is demanded; defaults may be written or left out.
fn differs(written: &Value, forward: &Value, path: &str) -> Option<String> {
    match (written, forward) {
        (Value::Object(a), Value::Object(b)) => a.keys().chain(b.keys()).find_map(|key| {
            let below = format!("{path}.{key}");
            let is_message = key == "message" && path.starts_with("spec.validations");
            let (one, other) = (a.get(key), b.get(key));
            if is_message || key == "autogen" || is_default(key, one) && is_default(key, other) {
                return None;
            }
            differs(one.unwrap_or(&Value::Null), other.unwrap_or(&Value::Null), &below)
        }),
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => a
            .iter()
            .zip(b)
            .enumerate()
            .find_map(|(index, (one, other))| differs(one, other, &format!("{path}[{index}]"))),
        (one, other) => (one != other).then(|| path.to_owned()),
    }
}

fn is_default(field: &str, value: Option<&Value>) -> bool {
    let is = |default: Value| value.is_none_or(|value| value.is_null() || *value == default);
    match field {
        "failurePolicy" => is(json!("Fail")),
        "validationActions" => is(json!(["Deny"])),
        "matchPolicy" => is(json!("Equivalent")),
        "scope" => is(json!("*")),
        "hashAlgorithm" => is(json!("sha256")),
        "insecureIgnoreTlog" | "insecureIgnoreSCT" | "allowInsecureRegistry" => is(json!(false)),
        _ => is(json!([])) || is(json!({})) || is(json!("")),
    }
}

fn kind_of(plural: &str) -> Option<&'static str> {
    Some(match plural {
        "pods" => "Pod",
        "daemonsets" => "DaemonSet",
        "deployments" => "Deployment",
        "replicasets" => "ReplicaSet",
        "statefulsets" => "StatefulSet",
        "jobs" => "Job",
        "cronjobs" => "CronJob",
        "replicationcontrollers" => "ReplicationController",
        _ => return None,
    })
}

fn kinds(spec: &Value) -> Said<Vec<&'static str>> {
    let constraints = spec.get("matchConstraints").unwrap_or(&Value::Null);
    let mut kinds = Vec::new();
    for (index, rule) in list(constraints, "resourceRules").iter().enumerate() {
        for resource in list(rule, "resources").iter().filter_map(Value::as_str) {
            let path = format!("spec.matchConstraints.resourceRules[{index}].resources");
            if resource != "pods/ephemeralcontainers" {
                let kind = kind_of(resource);
                kinds.push(kind.ok_or_else(|| {
                    Unsaid::new(path, format!("`{resource}` holds no images that rules know"))
                })?);
            }
        }
    }
    if kinds.is_empty() {
        return Err(Unsaid::new(
            "spec.matchConstraints",
            "no resource with images is named",
        ));
    }
    Ok(kinds)
}

fn entry(spec: &Value) -> Said<Value> {
    let mut references = Vec::new();
    for (index, reference) in list(spec, "matchImageReferences").iter().enumerate() {
        let glob = text(reference, "glob");
        if glob.is_empty() {
            let path = format!("spec.matchImageReferences[{index}].expression");
            return Err(Unsaid::new(path, "classic rules have patterns alone"));
        }
        references.push(glob);
    }
    if references.is_empty() {
        references.push("*");
    }
    let mut entry = Map::new();
    entry.insert("imageReferences".to_owned(), json!(references));
    let digests = spec.get("validationConfigurations").unwrap_or(&Value::Null);
    for field in ["mutateDigest", "verifyDigest", "required"] {
        entry.insert(
            field.to_owned(),
            digests.get(field).cloned().unwrap_or(true.into()),
        );
    }
    if says(spec, "credentials") {
        entry.insert(
            "imageRegistryCredentials".to_owned(),
            spec.get("credentials").cloned().unwrap_or_default(),
        );
    }
    let is_notary = list(spec, "attestors")
        .iter()
        .all(|attestor| attestor.get("notary").is_some());
    if is_notary {
        entry.insert("type".to_owned(), "Notary".into());
    }
    let (sets, attested) = demanded(spec)?;
    if !sets.is_empty() {
        entry.insert("attestors".to_owned(), sets.into());
    }
    let attestations: Vec<Value> = list(spec, "attestations")
        .iter()
        .map(|attestation| {
            let kind = attestation
                .pointer("/intoto/type")
                .or_else(|| attestation.pointer("/referrer/type"));
            json!({"type": kind, "attestors": attested.get(text(attestation, "name"))})
        })
        .collect();
    if !attestations.is_empty() {
        entry.insert("attestations".to_owned(), attestations.into());
    }
    Ok(Value::Object(entry))
}

/// Sets of attestors that must have signed, and for each attestation those who must have attested.
fn demanded(spec: &Value) -> Said<(Vec<Value>, Map<String, Value>)> {
    let (mut sets, mut attested) = (Vec::new(), Map::new());
    for (index, validation) in list(spec, "validations").iter().enumerate() {
        let path = format!("spec.validations[{index}].expression");
        let expression = text(validation, "expression");
        let unsaid = || {
            Unsaid::new(
                &path,
                "classic rules count signatures and attestations of all images alone",
            )
        };
        for call in expression.split("verify").skip(1) {
            let (function, arguments) = call.split_once('(').ok_or_else(unsaid)?;
            let (names, rest) = arguments
                .split_once('[')
                .and_then(|(_, rest)| rest.split_once(']'))
                .ok_or_else(unsaid)?;
            let count = rest
                .strip_prefix(") >= ")
                .and_then(|rest| rest.split([')', ' ']).next()?.parse::<u64>().ok());
            let set = set(spec, names, count.ok_or_else(unsaid)?, &path)?;
            if function == "ImageSignatures" {
                sets.push(set);
            } else {
                let name = arguments
                    .split("attestations.")
                    .nth(1)
                    .and_then(|rest| rest.split(',').next());
                let known = attested
                    .entry(name.ok_or_else(unsaid)?)
                    .or_insert_with(|| json!([]));
                known
                    .as_array_mut()
                    .into_iter()
                    .for_each(|known| known.push(set.clone()));
            }
        }
    }
    Ok((sets, attested))
}

fn set(spec: &Value, names: &str, count: u64, path: &str) -> Said<Value> {
    let mut entries = Vec::new();
    for name in names.split(',').map(str::trim) {
        let name = name.strip_prefix("attestors.").unwrap_or(name);
        let attestor = list(spec, "attestors")
            .iter()
            .find(|attestor| text(attestor, "name") == name);
        let attestor = attestor.ok_or_else(|| Unsaid::new(path, format!("there is no attestor `{name}`")))?;
        entries.push(attestor_entry(attestor));
    }
    Ok(json!({"count": count, "entries": entries}))
}

fn attestor_entry(attestor: &Value) -> Value {
    if let Some(certs) = attestor.pointer("/notary/certs/value") {
        return json!({"certificates": {"cert": certs}});
    }
    let cosign = attestor.get("cosign").unwrap_or(&Value::Null);
    let mut logs = Map::new();
    let ctlog = cosign.get("ctlog").unwrap_or(&Value::Null);
    for (holder, from, to) in [
        ("rekor", "url", "url"),
        ("rekor", "rekorPubKey", "pubkey"),
        ("rekor", "insecureIgnoreTlog", "ignoreTlog"),
        ("ctlog", "ctLogPubKey", "pubkey"),
        ("ctlog", "tsaCertChain", "tsaCertChain"),
        ("ctlog", "insecureIgnoreSCT", "ignoreSCT"),
    ] {
        if let Some(value) = ctlog.get(from).filter(|value| !value.is_null()) {
            let holder = logs.entry(holder).or_insert_with(|| json!({}));
            holder.as_object_mut().into_iter().for_each(|fields| {
                fields.insert(to.to_owned(), value.clone());
            });
        }
    }
    let mut entry = Map::new();
    let (field, mut body) = if let Some(key) = cosign.get("key").filter(|key| key.is_object()) {
        let (from, to) = if says(key, "data") {
            ("data", "publicKeys")
        } else {
            ("kms", "kms")
        };
        let mut keys = Map::new();
        keys.insert(to.to_owned(), text(key, from).into());
        if says(key, "hashAlgorithm") {
            keys.insert("signatureAlgorithm".to_owned(), text(key, "hashAlgorithm").into());
        }
        ("keys", keys)
    } else if let Some(certificate) = cosign.get("certificate").filter(|value| value.is_object()) {
        let mut body = Map::new();
        for field in ["cert", "certChain"] {
            if let Some(value) = certificate.pointer(&format!("/{field}/value")) {
                body.insert(field.to_owned(), value.clone());
            }
        }
        ("certificates", body)
    } else {
        let keyless = cosign.get("keyless").unwrap_or(&Value::Null);
        let identity = list(keyless, "identities").first().and_then(Value::as_object);
        let mut body = identity.cloned().unwrap_or_default();
        for field in ["roots", "additionalExtensions"] {
            if says(keyless, field) {
                body.insert(field.to_owned(), keyless.get(field).cloned().unwrap_or_default());
            }
        }
        ("keyless", body)
    };
    body.extend(logs);
    entry.insert(field.to_owned(), Value::Object(body));
    if let Some(repository) = cosign.pointer("/source/repository") {
        entry.insert("repository".to_owned(), repository.clone());
    }
    if says(cosign, "annotations") {
        entry.insert(
            "annotations".to_owned(),
            cosign.get("annotations").cloned().unwrap_or_default(),
        );
    }
    Value::Object(entry)
}
