use serde_json::json;

use super::*;

fn demand(spec: &Value) -> WebhookDemand {
    let document = json!({"apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": {"name": "p"}, "spec": spec});
    let policy = CompiledPolicy::compile(&document).unwrap();
    WebhookDemand::of(&policy, &document, &BTreeMap::new())
}

fn rule(extra: &Value) -> Value {
    let mut rule = json!({"name": "r", "match": {"any": [{"resources": {"kinds": ["ConfigMap"]}}]},
        "validate": {"pattern": {"data": "?*"}}});
    rule.as_object_mut()
        .unwrap()
        .extend(extra.as_object().unwrap().clone());
    rule
}

fn shown(demand: &RuleDemand) -> Vec<(String, Vec<&'static str>)> {
    let kinds = demand.kinds.iter();
    kinds
        .map(|(kind, operations)| (kind.clone(), operations.iter().map(|one| one.as_str()).collect()))
        .collect()
}

/// In Kyverno an audit policy is called with `failurePolicy: Fail`: a webhook that is down then blocks for a policy that
/// never wanted to (docs/compat.md).
#[test]
fn a_policy_that_only_audits_can_never_block() {
    let audit = demand(&json!({"validationFailureAction": "Audit", "rules": [rule(&json!({}))]}));
    assert_eq!((audit.is_alone, audit.fails), (false, false));
    for spec in [
        json!({"validationFailureAction": "enforce", "rules": [rule(&json!({}))]}),
        json!({"validationFailureActionOverrides": [{"action": "Enforce", "namespaces": ["a"]}], "rules": [rule(&json!({}))]}),
        json!({"rules": [rule(&json!({"validate": {"failureAction": "Enforce", "pattern": {"data": "?*"}}}))]}),
    ] {
        let enforcing = demand(&spec);
        assert_eq!((enforcing.is_alone, enforcing.fails), (false, true), "{spec}");
    }
    let ignoring = demand(
        &json!({"validationFailureAction": "Enforce", "failurePolicy": "Ignore", "rules": [rule(&json!({}))]}),
    );
    assert_eq!((ignoring.is_alone, ignoring.fails), (false, false));
}

#[test]
fn a_policy_with_its_own_conditions_or_time_has_its_own_webhook() {
    let conditions = json!([{"name": "c", "expression": "true"}]);
    let own = demand(
        &json!({"validationFailureAction": "Enforce", "rules": [rule(&json!({}))],
        "webhookConfiguration": {"matchConditions": conditions}}),
    );
    assert_eq!((own.is_alone, own.fails), (true, true));
    assert_eq!(Value::from(own.match_conditions), conditions);
    let slow = demand(
        &json!({"validationFailureAction": "Enforce", "webhookTimeoutSeconds": 30, "rules": [rule(&json!({}))]}),
    );
    assert_eq!((slow.is_alone, slow.timeout_seconds), (true, 30));
}

#[test]
fn rules_are_asked_about_the_operations_they_name_or_all() {
    let all = demand(&json!({"rules": [rule(&json!({}))]}));
    assert_eq!(
        shown(&all.rules[0]),
        [(
            "ConfigMap".to_owned(),
            vec!["CREATE", "UPDATE", "DELETE", "CONNECT"]
        )]
    );
    let named = demand(&json!({"rules": [rule(&json!({"match": {"any": [
        {"resources": {"kinds": ["ConfigMap", "Secret"], "operations": ["DELETE"]}}]}}))]}));
    assert_eq!(
        shown(&named.rules[0]),
        [
            ("ConfigMap".to_owned(), vec!["DELETE"]),
            ("Secret".to_owned(), vec!["DELETE"])
        ]
    );
    assert!(!named.rules[0].in_mutating && named.rules[0].in_validating);
}

#[test]
fn an_exclude_by_operations_alone_narrows_and_one_that_looks_at_more_does_not() {
    let excluding = |filter: Value| {
        let found =
            demand(&json!({"background": false, "rules": [rule(&json!({"exclude": {"any": [filter]}}))]}));
        shown(&found.rules[0])[0].1.clone()
    };
    assert_eq!(
        excluding(json!({"resources": {"operations": ["DELETE", "CONNECT"]}})),
        ["CREATE", "UPDATE"]
    );
    let all = ["CREATE", "UPDATE", "DELETE", "CONNECT"];
    assert_eq!(
        excluding(json!({"resources": {"operations": ["DELETE"], "namespaces": ["a"]}})),
        all
    );
    assert_eq!(
        excluding(json!({"resources": {"operations": ["DELETE"]}, "clusterRoles": ["admin"]})),
        all
    );
    assert_eq!(excluding(json!({"resources": {"kinds": ["Secret"]}})), all);
}

#[test]
fn rules_generated_for_controllers_are_asked_about_too() {
    let pods = json!({"name": "r", "match": {"any": [{"resources": {"kinds": ["Pod"]}}]},
        "validate": {"pattern": {"spec": {"hostNetwork": "false"}}}});
    let found = demand(&json!({"rules": [pods]}));
    let kinds: BTreeSet<&str> = found
        .rules
        .iter()
        .flat_map(|rule| rule.kinds.keys())
        .map(String::as_str)
        .collect();
    assert!(
        kinds.contains("Pod") && kinds.contains("apps/v1/Deployment") && kinds.contains("batch/v1/CronJob"),
        "{kinds:?}"
    );
}

#[test]
fn a_policy_without_a_say_in_admission_is_not_asked() {
    assert!(
        demand(&json!({"admission": false, "rules": [rule(&json!({}))]}))
            .rules
            .is_empty()
    );
}

fn constrained(spec: &Value) -> WebhookDemand {
    let document = json!({"apiVersion": "policies.kyverno.io/v1", "kind": "ValidatingPolicy", "metadata": {"name": "p"},
        "spec": spec});
    let policy = CompiledPolicy::compile(&document).unwrap();
    WebhookDemand::of_constraints(&policy, &document, false)
}

#[test]
fn a_policy_written_in_webhook_rules_demands_them_and_the_controllers_of_pods() {
    let pods =
        json!({"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]});
    let spec =
        json!({"matchConstraints": {"resourceRules": [pods]}, "validations": [{"expression": "true"}]});
    let found = constrained(&spec);
    assert!(found.fails && !found.is_alone);
    assert_eq!(found.resource_rules[0], pods);
    let text = Value::from(found.resource_rules).to_string();
    assert!(
        text.contains("deployments") && text.contains("cronjobs"),
        "{text}"
    );
    let mut audit = spec.clone();
    audit["validationActions"] = json!(["Audit"]);
    assert!(!constrained(&audit).fails);
    let mut unasked = spec;
    unasked["evaluation"] = json!({"admission": {"enabled": false}});
    assert!(constrained(&unasked).resource_rules.is_empty());
}

#[test]
fn a_rule_that_means_nothing_is_demanded_of_no_webhook() {
    let pods =
        json!({"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]});
    let (mut of_nothing, mut unnamed) = (pods.clone(), pods.clone());
    of_nothing["operations"] = json!([]);
    unnamed["resources"] = json!([""]);
    let rules = json!([of_nothing, unnamed, pods]);
    let spec = json!({"matchConstraints": {"resourceRules": rules}, "validations": [{"expression": "true"}]});
    assert_eq!(constrained(&spec).resource_rules, [pods]);
}
