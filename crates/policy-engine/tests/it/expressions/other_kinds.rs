//! Expressions in other kinds: classic rules and their webhook, admission policies and their bindings.

use std::sync::Arc;

use serde_json::{Value, json};
use vouchsafe_policy_engine::{Fact, FactRequest};

use super::{policy, rule, validations};
use crate::judging::{decide, decide_alone, engine, request, words};
use crate::pods::pod;

#[test]
fn a_classic_rule_may_be_written_in_expressions() {
    let about = |expression: &str| {
        let engine = engine(&rule(&json!({ "expressions": [{ "expression": expression }] })));
        words(&decide_alone(&engine, &pod("shop", &["nginx"])))
    };
    assert_eq!(
        about("object.metadata.name == 'web'"),
        ["p/r Pass: Validation rule 'r' passed."]
    );
    assert_eq!(about("object.metadata.name == 'db'"), ["p/r Fail: no"]);
    assert_eq!(
        about("object.spec.nope == 1"),
        ["p/r Fail: expression 'object.spec.nope == 1' resulted in error: no such key: nope"]
    );
}

#[test]
fn params_are_objects_of_the_cluster_and_each_has_its_say() {
    let engine = engine(&rule(&json!({
        "paramKind": { "apiVersion": "v1", "kind": "ConfigMap" },
        "paramRef": { "selector": { "matchLabels": { "limits": "pods" } }, "parameterNotFoundAction": "Deny" },
        "expressions": [{ "expression": "object.metadata.name != params.data.forbidden" }],
    })));
    let with = |items: Value| {
        let decision = decide(
            &engine,
            &request(&pod("shop", &["nginx"])),
            |question| match question {
                FactRequest::KubernetesCall { url_path, .. } if url_path == "/api/v1" => {
                    Ok(Fact::Json(Arc::new(
                        json!({ "resources": [{ "name": "configmaps", "kind": "ConfigMap", "namespaced": true }] }),
                    )))
                }
                FactRequest::KubernetesCall { url_path, .. } => {
                    assert_eq!(url_path, "/api/v1/namespaces/shop/configmaps");
                    Ok(Fact::Json(Arc::new(json!({ "items": items }))))
                }
                other => unreachable!("{other:?}"),
            },
        );
        words(&decision)
    };
    let config = |label: &str, forbidden: &str| json!({ "metadata": { "labels": { "limits": label } }, "data": { "forbidden": forbidden } });
    assert_eq!(
        with(json!([config("pods", "db"), config("pods", "web")])),
        ["p/r Fail: no"]
    );
    assert_eq!(
        with(json!([config("pods", "db"), config("other", "web")])),
        ["p/r Pass: Validation rule 'r' passed."]
    );
    assert_eq!(
        with(json!([])),
        ["p/r Error: error in parameterized resource: no params found"]
    );
}

/// The attack: who may write one object of params writes one that a condition leaves aside, and no other is looked at.
#[test]
fn params_that_a_condition_leaves_aside_do_not_speak_for_the_others() {
    let text = rule(&json!({
        "paramKind": { "apiVersion": "v1", "kind": "ConfigMap" },
        "paramRef": { "selector": {}, "parameterNotFoundAction": "Deny" },
        "expressions": [{ "expression": "object.metadata.name != params.data.forbidden" }],
    }));
    let mut document: Value = serde_json::from_str(&text).unwrap();
    document["spec"]["rules"][0]["celPreconditions"] =
        json!([{ "name": "counts", "expression": "params.data.counts == 'yes'" }]);
    let engine = engine(&document.to_string());
    let with = |items: &[Value]| {
        let items = json!({ "items": items });
        let decision = decide(
            &engine,
            &request(&pod("shop", &["nginx"])),
            |question| match question {
                FactRequest::KubernetesCall { url_path, .. } if url_path == "/api/v1" => {
                    Ok(Fact::Json(Arc::new(
                        json!({ "resources": [{ "name": "configmaps", "kind": "ConfigMap", "namespaced": true }] }),
                    )))
                }
                _ => Ok(Fact::Json(Arc::new(items.clone()))),
            },
        );
        words(&decision)
    };
    let config =
        |counts: &str, forbidden: &str| json!({ "data": { "counts": counts, "forbidden": forbidden } });
    assert_eq!(
        with(&[config("no", "web"), config("yes", "web")]),
        ["p/r Fail: no"]
    );
    assert_eq!(
        with(&[config("yes", "web"), config("no", "web")]),
        ["p/r Fail: no"]
    );
    assert_eq!(
        with(&[config("no", "web"), config("yes", "db")]),
        ["p/r Skip: cel preconditions not met"]
    );
}

#[test]
fn an_admission_policy_applies_where_it_is_bound() {
    let policy = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy", "metadata": { "name": "v" },
        "spec": {
            "matchConstraints": { "resourceRules": [
                { "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"] }] },
            "validations": [{ "expression": "object.metadata.name == 'db'" }] },
    });
    let binding = |names: &str, actions: Value| {
        json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": { "name": "b" },
            "spec": { "policyName": "v", "validationActions": actions, "matchResources": { "resourceRules": [
                { "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["*"],
                  "resourceNames": [names] }] } },
        })
    };
    let decided = |documents: &[Value]| {
        let texts: Vec<String> = documents.iter().map(Value::to_string).collect();
        decide_alone(&engine(&texts.join("\n---\n")), &pod("shop", &["nginx"]))
    };
    let unbound = decided(std::slice::from_ref(&policy));
    assert_eq!(
        words(&unbound),
        ["v/v Fail: failed expression: object.metadata.name == 'db'"]
    );
    assert!(!unbound.is_allowed());
    let elsewhere = decided(&[policy.clone(), binding("other", json!(["Deny"]))]);
    assert!(elsewhere.results.is_empty());
    let audited = decided(&[policy.clone(), binding("web", json!(["Audit"]))]);
    assert!(audited.results.len() == 1 && audited.is_allowed());
    let silent = decided(&[policy.clone(), binding("web", json!([]))]);
    assert!(silent.results.len() == 1 && !silent.is_allowed());
    let both = decided(&[
        policy,
        binding("web", json!(["Audit"])),
        binding("web", json!(["Deny"])),
    ]);
    assert!(both.results.len() == 1 && !both.is_allowed());
}

#[test]
fn classic_and_expression_policies_refuse_side_by_side() {
    let texts = [
        policy(&validations("false")).to_string(),
        rule(&json!({ "expressions": [{ "expression": "false" }] })),
    ];
    let denial = decide_alone(&engine(&texts.join("\n---\n")), &pod("shop", &["nginx"]))
        .denial()
        .unwrap();
    assert!(
        denial.starts_with("\n\nresource Pod/shop/web was blocked"),
        "{denial}"
    );
    assert!(denial.ends_with("\nPolicy p failed: no"), "{denial}");
}

#[test]
fn match_conditions_of_a_classic_webhook_say_which_requests_it_is_asked_about() {
    let decided = |expression: &str, failure_policy: &str, origin| {
        let text = json!({
            "apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": { "name": "p" },
            "spec": { "validationFailureAction": "Audit", "background": false,
                "webhookConfiguration": {
                    "failurePolicy": failure_policy, "matchConditions": [{ "name": "c", "expression": expression }] },
                "rules": [{
                    "name": "r", "match": { "any": [{ "resources": { "kinds": ["Pod"] } }] },
                    "validate": { "message": "no", "pattern": { "metadata": { "name": "db" } } } }] },
        });
        let mut request = request(&pod("shop", &["nginx"]));
        request.origin = origin;
        decide(&engine(&text.to_string()), &request, |question| {
            unreachable!("{question:?}")
        })
    };
    use vouchsafe_policy_engine::request::Origin::{Admission, CommandLine};
    let name = |name: &str| format!("object.metadata.name == '{name}'");
    assert_eq!(words(&decided(&name("web"), "Fail", Admission)).len(), 1);
    assert!(decided(&name("db"), "Fail", Admission).results.is_empty());
    assert_eq!(words(&decided(&name("db"), "Fail", CommandLine)).len(), 1);
    let broken = "object.spec.nodeName == ''";
    assert!(decided(broken, "Ignore", Admission).results.is_empty());
    let refused = decided(broken, "Fail", Admission);
    assert!(!refused.is_allowed());
    assert_eq!(
        words(&refused),
        ["p/r Error: failed to evaluate match conditions: no such key: nodeName"]
    );
}
