use serde_json::json;

use super::*;

/// The policy `p` with this `spec`, made ready.
fn prepared(spec: &Value) -> Prepared {
    let object = json!({"apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": {"name": "p"}, "spec": spec});
    Prepared::of(&PolicyObject::of(object).unwrap(), "p")
}

fn rule(name: &str, body: &Value) -> Value {
    let mut rule = json!({"name": name, "match": {"any": [{"resources": {"kinds": ["Pod"]}}]}});
    rule.as_object_mut()
        .unwrap()
        .extend(body.as_object().unwrap().clone());
    rule
}

fn pattern() -> Value {
    json!({"validate": {"message": "m", "pattern": {"metadata": {"labels": {"a": "?*"}}}}})
}

#[test]
fn a_policy_with_a_fault_is_in_no_set_and_says_where_it_is() {
    let prepared = prepared(&json!({"rules": [rule("r", &json!({"validate": {"patern": {}}}))]}));
    assert!(prepared.policy.is_none());
    let at = |fault: &String| fault.starts_with("spec.rules[0].validate");
    assert!(prepared.faults.iter().any(at), "{:?}", prepared.faults);
}

#[test]
fn a_rule_that_generates_is_passed_over_and_the_others_are_in_force() {
    let generate = json!({"generate": {"apiVersion": "v1", "kind": "ConfigMap", "name": "c", "namespace": "a",
        "data": {"data": {}}}});
    let prepared = prepared(&json!({"validationFailureAction": "Enforce",
        "rules": [rule("checks", &pattern()), rule("makes", &generate)]}));
    assert!(prepared.faults.is_empty(), "{:?}", prepared.faults);
    let policy = prepared.policy.as_ref().unwrap();
    assert!(!policy.rules.is_empty());
    assert!(policy.rules.iter().all(|rule| rule.written_name() == "checks"));
    assert_eq!(
        prepared.unsupported,
        ["rule `makes`: generate is not supported, the rule does nothing"]
    );
    let counts = RuleCounts {
        validate: 1,
        generate: 1,
        ..RuleCounts::default()
    };
    assert_eq!(prepared.counts, counts);
}

#[test]
fn roles_are_asked_for_where_a_rule_names_them() {
    let mut by_role = rule("r", &pattern());
    by_role["match"] = json!({"any": [{"resources": {"kinds": ["Pod"]}, "clusterRoles": ["edit"]}]});
    assert!(prepared(&json!({"background": false, "rules": [by_role]})).names_roles);
    assert!(!prepared(&json!({"rules": [rule("r", &pattern())]})).names_roles);
}

/// Its status would say that it is in force, and no webhook is ever called for it.
#[test]
fn a_policy_that_names_no_resources_says_that_it_judges_no_request() {
    let of = |constraints: &Value| {
        let object = json!({"apiVersion": "policies.kyverno.io/v1", "kind": "ImageValidatingPolicy", "metadata": {"name": "p"},
            "spec": {"matchConstraints": constraints, "validations": [{"expression": "false"}],
                "attestors": [{"name": "ci", "cosign": {"keyless": {"identities": [{"subject": "a", "issuer": "b"}]}}}]}});
        let prepared = Prepared::of(&PolicyObject::of(object).unwrap(), "p");
        assert!(prepared.faults.is_empty(), "{:?}", prepared.faults);
        prepared.unsupported
    };
    let unasked = of(&json!({"namespaceSelector": {"matchLabels": {"a": "b"}}}));
    assert!(
        unasked.iter().any(|line| line.contains("resourceRules")),
        "{unasked:?}"
    );
    let pods =
        json!([{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]}]);
    assert!(of(&json!({"resourceRules": pods})).is_empty());
    let mut unnamed = pods;
    unnamed[0]["resources"] = json!([""]);
    let unasked = of(&json!({"resourceRules": unnamed}));
    assert!(
        unasked.iter().any(|line| line.contains("resourceRules")),
        "{unasked:?}"
    );
}

/// A few kilobytes of a tenant's policy would come to millions of rules in the webhooks of all.
#[test]
fn a_policy_that_names_resources_without_end_is_a_fault() {
    let of = |count: usize| {
        let names: Vec<String> = (0..count).map(|at| format!("r{at}")).collect();
        let rule = json!({"apiGroups": names, "apiVersions": names, "resources": names, "operations": ["*"]});
        let object = json!({"apiVersion": "policies.kyverno.io/v1", "kind": "NamespacedValidatingPolicy",
            "metadata": {"name": "p", "namespace": "shop"},
            "spec": {"matchConstraints": {"resourceRules": [rule]}, "validations": [{"expression": "true"}]}});
        Prepared::of(&PolicyObject::of(object).unwrap(), "p")
    };
    assert!(of(10).policy.is_some());
    let endless = of(300);
    assert!(endless.policy.is_none() && endless.demand.resource_rules.is_empty());
    assert!(
        endless.faults[0].contains("more than 1000"),
        "{:?}",
        endless.faults
    );
}
