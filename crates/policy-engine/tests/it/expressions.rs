//! Policies in Common Expression Language, from their texts to decisions: what each kind says, what it asks, and what it
//! never gives away.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "what a test does not answer it answers all alike"
)]

mod verdicts;
mod questions;
mod exempting;
mod other_kinds;
mod bounds;
mod allowance;
mod ignoring;
#[cfg(target_os = "linux")]
mod hostile;

use serde_json::{Value, json};
use vouchsafe_policy_engine::Decision;

use crate::judging::{decide_alone, engine};
use crate::pods::pod;

/// A `ValidatingPolicy` about Pods, with these fields in its `spec`.
fn policy(fields: &Value) -> Value {
    policy_of("ValidatingPolicy", "", fields)
}

fn policy_of(kind: &str, namespace: &str, fields: &Value) -> Value {
    let mut policy = json!({
        "apiVersion": "policies.kyverno.io/v1", "kind": kind, "metadata": { "name": "p", "namespace": namespace },
        "spec": { "matchConstraints": { "resourceRules": [
            { "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE", "UPDATE"] }] } },
    });
    for (field, value) in fields.as_object().unwrap() {
        policy["spec"][field] = value.clone();
    }
    policy
}

fn validations(expression: &str) -> Value {
    json!({ "validations": [{ "expression": expression, "message": "no" }] })
}

fn about_pod(fields: &Value) -> Decision {
    decide_alone(&engine(&policy(fields).to_string()), &pod("shop", &["nginx"]))
}

/// `validate.cel`, as the rule of a classic policy.
fn rule(cel: &Value) -> String {
    json!({
        "apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": { "name": "p" },
        "spec": { "validationFailureAction": "Enforce", "background": false, "rules": [{
            "name": "r", "match": { "any": [{ "resources": { "kinds": ["Pod"] } }] },
            "validate": { "message": "no", "cel": cel } }] },
    })
    .to_string()
}
