use super::*;
use crate::context::scope::rehearsal::Rehearsal;
use crate::facts::FactRequest;
use serde_json::json;

fn evaluated(conditions: &Value) -> Result<ConditionOutcome, Halt> {
    let conditions = Conditions::compile(conditions).expect("conditions");
    Rehearsal::plain().run(|scope| conditions.evaluate(scope))
}

fn met(conditions: &Value) -> bool {
    evaluated(conditions).expect("an outcome").met
}

fn message(conditions: &Value) -> String {
    evaluated(conditions).expect("an outcome").message
}

fn yes(message: &str) -> Value {
    json!({"key": "a", "operator": "Equals", "value": "a", "message": message})
}

fn no(message: &str) -> Value {
    json!({"key": "a", "operator": "Equals", "value": "b", "message": message})
}

fn unknown() -> Value {
    json!({"key": "{{ unknown }}", "operator": "Equals", "value": "b"})
}

#[test]
fn no_conditions_are_met() {
    for nothing in [json!(null), json!({}), json!([]), json!({"all": []})] {
        assert!(met(&nothing), "{nothing}");
    }
    assert!(!met(&json!({"any": []})));
}

#[test]
fn both_parts_of_a_block_must_be_met() {
    assert!(met(&json!({"any": [no(""), yes("")], "all": [yes(""), yes("")]})));
    assert!(!met(&json!({"any": [no("")], "all": [yes("")]})));
    assert!(!met(&json!({"any": [yes("")], "all": [yes(""), no("")]})));
    assert!(met(&json!([yes(""), yes("")])));
    assert!(!met(&json!([yes(""), no("")])));
}

#[test]
fn messages_are_those_of_the_conditions_that_decided() {
    assert_eq!(
        message(&json!({"any": [no("1"), yes("2"), yes("3")], "all": [yes("4"), yes("")]})),
        "2; 4"
    );
    assert_eq!(
        message(&json!({"any": [no("1"), no("2")], "all": [no("3"), no("4")]})),
        "1; 2; 3"
    );
    assert_eq!(message(&json!([yes("1"), yes("2")])), "1;2");
    assert_eq!(message(&json!([yes("1"), no("2"), no("3")])), "2");
}

#[test]
fn evaluation_stops_where_the_outcome_is_known() {
    assert!(met(&json!({"any": [yes(""), unknown()]})));
    assert!(!met(&json!({"all": [no(""), unknown()]})));
    assert!(!met(&json!([no(""), unknown()])));
    // but `all` is judged even where no `any` is met
    assert!(evaluated(&json!({"any": [no("")], "all": [unknown()]})).is_err());
}

#[test]
fn an_unknown_variable_is_an_error_and_neither_met_nor_unmet() {
    assert_eq!(
        evaluated(&json!({"all": [unknown()]})),
        Err(Halt::Failed(
            "failed to substitute variables in condition key: failed to resolve unknown at path : JMESPath query failed: Unknown key \"unknown\" in path"
                .to_owned()
        ))
    );
    let in_value = json!([{"key": "a", "operator": "Equals", "value": {"x": "{{ unknown }}"}}]);
    let Err(Halt::Failed(why)) = evaluated(&in_value) else {
        panic!("judged")
    };
    assert!(why.starts_with(
        "failed to substitute variables in condition value: failed to resolve unknown at path /x: "
    ));
}

#[test]
fn blocks_of_an_attestation_must_all_be_met_and_know_all_their_variables() {
    let conditions = json!([{"all": [yes("1")]}, {"any": [no("2"), yes("3")]}]);
    assert_eq!(
        evaluated(&conditions),
        Ok(ConditionOutcome {
            met: true,
            message: "1;3".to_owned()
        })
    );
    assert_eq!(
        message(&json!([{"all": [yes("1")]}, {"all": [no("{{ request.operation }}")]}])),
        "CREATE"
    );
    assert_eq!(
        evaluated(&json!([{"all": [no(""), unknown()]}])),
        Err(Halt::Failed(
            "failed to resolve unknown at path /0/all/1/key: JMESPath query failed: Unknown key \"unknown\" in path"
                .to_owned()
        ))
    );
}

/// The attack: a signed predicate holds the text of a variable, which Kyverno evaluates in a second pass, so that a claim
/// compares equal to whatever the request holds.
#[test]
fn a_predicate_that_holds_a_variable_is_text() {
    let conditions = json!([{"all": [{"key": "{{ claim }}", "operator": "Equals", "value": "CREATE"}]}]);
    let conditions = Conditions::compile(&conditions).unwrap();
    let predicate = json!({"claim": "{{ request.operation }}"});
    let outcome = Rehearsal::plain().run(|scope| {
        let scope = scope.merged(predicate.as_object().unwrap());
        conditions.evaluate(&scope)
    });
    assert_eq!(outcome.map(|outcome| outcome.met), Ok(false));
}

#[test]
fn an_exception_counts_an_empty_any_as_none() {
    let for_exception = |conditions: &Value| {
        let conditions = Conditions::compile(conditions).unwrap();
        Rehearsal::plain().run(|scope| conditions.evaluate_for_exception(scope))
    };
    assert_eq!(for_exception(&json!({"any": [], "all": [yes("")]})), Ok(true));
    assert_eq!(
        for_exception(&json!({"any": [no("")], "all": [yes("")]})),
        Ok(false)
    );
    assert_eq!(for_exception(&json!({"all": [no("")]})), Ok(false));
}

#[test]
fn missing_facts_are_asked_for_together_but_not_past_what_is_known() {
    let of_map =
        |name: &str| json!({"key": format!("{{{{ {name}.data.x }}}}"), "operator": "Equals", "value": "1"});
    let rehearsal = Rehearsal::plain().with(json!([
        {"name": "a", "configMap": {"name": "a"}}, {"name": "b", "configMap": {"name": "b"}},
        {"name": "c", "configMap": {"name": "c"}},
    ]));
    let asked = |conditions: Value| {
        let conditions = Conditions::compile(&conditions).unwrap();
        let (outcome, wanted) = rehearsal.asking(|scope| conditions.evaluate(scope));
        assert_eq!(outcome, Err(Halt::Pending));
        let name = |wanted: FactRequest| {
            let FactRequest::ConfigMap { name, .. } = wanted else {
                panic!("{wanted:?}")
            };
            name
        };
        wanted.into_iter().map(name).collect::<String>()
    };
    assert_eq!(
        asked(json!({"any": [of_map("a"), of_map("b")], "all": [of_map("c")]})),
        "abc"
    );
    assert_eq!(asked(json!({"any": [of_map("a"), yes(""), of_map("b")]})), "a");
    assert_eq!(asked(json!({"all": [of_map("a"), no(""), of_map("b")]})), "a");
    assert_eq!(asked(json!([of_map("a"), of_map("b")])), "ab");
}

#[test]
fn faults_of_conditions_are_found_when_they_are_compiled() {
    for (conditions, path) in [
        (json!("x"), ""),
        (json!({"some": []}), "some"),
        (json!({"any": 1}), "any"),
        (
            json!({"any": [{"key": "a", "value": "b", "operator": "equals"}]}),
            "any[0].operator",
        ),
        (
            json!({"all": [{"key": null, "value": "b", "operator": "Equals"}]}),
            "all[0].key",
        ),
        (json!([{"key": "a", "operator": "Equals"}]), "[0].value"),
        (
            json!([{"key": "{{ a[ }}", "operator": "Equals", "value": 1}]),
            "[0].key",
        ),
    ] {
        let faults = Conditions::compile(&conditions).unwrap_err();
        assert_eq!(faults[0].path, path, "{conditions}");
    }
}

#[test]
fn the_order_of_keys_does_not_matter() {
    let (one, other) = (
        r#"{"all": [{"key": "{{ request.object.metadata }}", "operator": "Equals", "value": {"name": "web", "namespace": "shop"}}]}"#,
        r#"{"all": [{"value": {"namespace": "shop", "name": "web"}, "operator": "Equals", "key": "{{ request.object.metadata }}"}]}"#,
    );
    for text in [one, other] {
        assert!(met(&serde_json::from_str(text).unwrap()));
    }
}
