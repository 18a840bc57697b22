//! What a `ValidatingPolicy` says of a Pod, in whose words, and what is told when it is loaded.

use serde_json::{Value, json};

use super::{about_pod, policy, validations};
use crate::judging::{decide_alone, engine, load, words};
use crate::pods::deployment;

fn faults(document: &Value) -> Vec<String> {
    let loaded = load(&document.to_string());
    assert!(loaded.policies.is_empty());
    loaded.faults.iter().map(ToString::to_string).collect()
}

#[test]
fn a_violation_refuses_in_the_words_of_its_kind() {
    let decision = about_pod(&validations("object.metadata.name == 'db'"));
    assert_eq!(words(&decision), ["p/ Fail: no"]);
    assert_eq!(decision.denial().unwrap(), "Policy p failed: no");
    let decision = about_pod(&validations("object.metadata.name == 'web'"));
    assert_eq!(words(&decision), ["p/ Pass: success"]);
    assert!(decision.is_allowed());
}

#[test]
fn an_expression_that_fails_is_an_error_that_refuses_whatever_the_failure_policy() {
    let mut fields = validations("object.spec.nodeName == 'n'");
    fields["failurePolicy"] = json!("Ignore");
    let decision = about_pod(&fields);
    assert_eq!(words(&decision), ["p/ Error: error: no such key: nodeName"]);
    assert_eq!(
        decision.denial().unwrap(),
        "Policy p error: error: no such key: nodeName"
    );
}

#[test]
fn actions_say_whether_a_violation_refuses_warns_or_is_written_down() {
    let with = |actions: Value| {
        let mut fields = validations("false");
        fields["validationActions"] = actions;
        about_pod(&fields)
    };
    assert!(!with(json!([])).is_allowed());
    assert!(!with(json!(["Deny", "Audit"])).is_allowed());
    let audit = with(json!(["Audit"]));
    assert!(audit.is_allowed() && audit.warnings().is_empty());
    let warn = with(json!(["Warn"]));
    assert!(warn.is_allowed());
    assert_eq!(warn.warnings(), ["Policy p failed: no"]);
}

#[test]
fn a_condition_that_is_false_skips_and_one_that_fails_depends_on_the_failure_policy() {
    let with = |conditions: Value, failure_policy: &str| {
        let mut fields = validations("false");
        fields["matchConditions"] = conditions;
        fields["failurePolicy"] = json!(failure_policy);
        words(&about_pod(&fields))
    };
    let broken = json!({ "name": "broken", "expression": "object.spec.nodeName == ''" });
    let no = json!({ "name": "no", "expression": "false" });
    assert_eq!(with(json!([broken, no]), "Fail"), ["p/ Skip: skip"]);
    assert_eq!(with(json!([broken]), "Ignore"), ["p/ Skip: skip"]);
    assert_eq!(
        with(json!([broken]), "Fail"),
        ["p/evaluation Error: failed to load context: no such key: nodeName"]
    );
}

#[test]
fn a_message_may_be_an_expression_over_variables() {
    let decision = about_pod(&json!({
        "variables": [
            { "name": "images", "expression": "object.spec.containers.map(c, c.image)" },
            { "name": "first", "expression": "variables.images[0]" },
            { "name": "unused", "expression": "1 / 0" }],
        "validations": [{ "expression": "variables.first != 'nginx'", "messageExpression": "string(variables.first) + ' is out'" }],
        "auditAnnotations": [{ "key": "image", "valueExpression": "string(variables.first)" }],
    }));
    assert_eq!(words(&decision), ["p/ Fail: nginx is out"]);
    let properties = &decision.results[0].verdict.properties;
    assert!(properties.contains(&("image".to_owned(), "nginx".to_owned())));
    assert!(properties.contains(&("cel.validationIndex".to_owned(), "0".to_owned())));
}

#[test]
fn a_policy_about_pods_speaks_of_what_makes_pods() {
    let engine =
        engine(&policy(&validations("object.spec.containers.all(c, c.image != 'nginx')")).to_string());
    let decision = decide_alone(&engine, &deployment("shop", &["nginx"]));
    assert_eq!(words(&decision), ["p/ Fail: no"]);
}

#[test]
fn faults_are_told_with_their_place_when_the_policy_is_loaded() {
    let document = policy(&json!({
        "variables": [{ "name": "a", "expression": "objekt.spec" }],
        "matchConditions": [{ "name": "n", "expression": "variables.a == 1" }],
        "validations": [{ "expression": "true" }],
    }));
    let told = faults(&document).join("\n");
    assert!(
        told.contains("spec.matchConditions[0].expression: undeclared reference to 'variables'"),
        "{told}"
    );
    assert!(
        told.contains("spec.variables[0].expression: undeclared reference to 'objekt'"),
        "{told}"
    );
    assert!(told.contains("(did you mean `object`?)"), "{told}");
    let document = policy(&json!({ "validations": [{ "expression": "object.metadata.name" }] }));
    assert!(faults(&document)[0].contains("output is expected to be of type bool"));
}
