//! Policies as text, put together from the parts that tests vary. JSON is YAML, and needs no indenting of keys.

use rehearsal::SigningKey;
use serde_json::{Value, json};

/// What the tests' policies speak of.
pub(crate) const IMAGES: &str = "registry.example.com/*";

/// Where Kyverno looks for entries; a keyless attestor must name it or its roots. Nothing here ever calls it.
pub(crate) const REKOR: &str = "https://rekor.sigstore.dev";

/// A ClusterPolicy of one `verifyImages` rule over Pods.
pub(crate) fn images_policy(name: &str, entries: &[Value]) -> String {
    cluster_policy(name, &json!({ "name": "images", "verifyImages": entries }))
}

/// A ClusterPolicy of `rule` over Pods.
pub(crate) fn cluster_policy(name: &str, rule: &Value) -> String {
    policy(
        &json!({ "kind": "ClusterPolicy", "metadata": { "name": name } }),
        rule,
    )
}

/// A Policy of `namespace` with `rule` over Pods.
pub(crate) fn namespaced_policy(namespace: &str, rule: &Value) -> String {
    let metadata = json!({ "name": "tenant", "namespace": namespace });
    policy(&json!({ "kind": "Policy", "metadata": metadata }), rule)
}

fn policy(head: &Value, rule: &Value) -> String {
    let mut document = head.clone();
    let mut rule = rule.clone();
    if rule.get("match").is_none() {
        rule["match"] = json!({ "any": [{ "resources": { "kinds": ["Pod"] } }] });
    }
    document["apiVersion"] = "kyverno.io/v1".into();
    document["spec"] = json!({
        "validationFailureAction": "Enforce", "failurePolicy": "Fail", "background": false, "rules": [rule],
    });
    document.to_string()
}

/// An entry that demands all of `attestors`.
pub(crate) fn signed_by(attestors: &[Value]) -> Value {
    json!({ "imageReferences": [IMAGES], "attestors": [{ "entries": attestors }] })
}

/// An entry that is content with one of `attestors`.
pub(crate) fn signed_by_one_of(attestors: &[Value]) -> Value {
    json!({ "imageReferences": [IMAGES], "attestors": [{ "count": 1, "entries": attestors }] })
}

/// An entry that demands an attestation by `attestor` whose predicate meets `conditions`.
pub(crate) fn attested_by(predicate_type: &str, attestor: &Value, conditions: &Value) -> Value {
    json!({ "imageReferences": [IMAGES], "attestations": [{
        "type": predicate_type, "attestors": [{ "entries": [attestor] }], "conditions": conditions,
    }]})
}

/// `key`, no log entry demanded.
pub(crate) fn key(key: &SigningKey) -> Value {
    json!({ "keys": { "publicKeys": key.public_pem(), "rekor": { "ignoreTlog": true } } })
}

/// `key`, and everything that Kyverno demands unless told otherwise.
pub(crate) fn logged_key(key: &SigningKey) -> Value {
    json!({ "keys": { "publicKeys": key.public_pem() } })
}

/// The identity, and everything that Kyverno demands unless told otherwise.
pub(crate) fn keyless(subject: &str, issuer: &str) -> Value {
    json!({ "keyless": { "subject": subject, "issuer": issuer, "rekor": { "url": REKOR } } })
}

/// Conditions on a predicate: it says that it is clean.
pub(crate) fn clean() -> Value {
    json!([{ "all": [{ "key": "{{ clean }}", "operator": "Equals", "value": true }] }])
}

/// A Pod of namespace `prod` with one container for each image.
pub(crate) fn pod(images: &[&str]) -> Value {
    let containers = images.iter().enumerate();
    let containers: Vec<Value> = containers
        .map(|(number, image)| json!({ "name": format!("c{number}"), "image": image }))
        .collect();
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "web", "namespace": "prod" },
        "spec": { "containers": containers },
    })
}
