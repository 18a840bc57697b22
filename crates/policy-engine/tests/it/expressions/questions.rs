//! What expressions ask of the world: in one round, on whose behalf, and what is never answered.

use std::sync::Arc;

use serde_json::json;
use vouchsafe_policy_engine::facts::Asker;
use vouchsafe_policy_engine::{Evaluation, Fact, FactError, FactRequest, Facts, RuleOutcome};

use super::{policy, policy_of, validations};
use crate::judging::{decide, decide_alone, engine, load, request, words};
use crate::pods::pod;

#[test]
fn what_expressions_ask_is_asked_in_one_round() {
    let text = policy(&json!({
        "variables": [
            { "name": "cm", "expression": "resource.get('v1', 'configmaps', 'shop', 'allowed')" },
            { "name": "pods", "expression": "resource.list('v1', 'pods', 'shop')" }],
        "validations": [
            { "expression": "variables.cm.data.x == 'y' && globalContext.get('gone') == null" },
            { "expression": "variables.pods.items.size() == 0" },
            { "expression": "http.get('https://policy.example').allowed == true" }],
    }));
    let engine = engine(&text.to_string());
    let Evaluation::Needs(wanted) = engine.evaluate(&request(&pod("shop", &["nginx"])), &Facts::default())
    else {
        unreachable!("facts are missing");
    };
    assert_eq!(wanted.len(), 4, "{wanted:#?}");
    let decision = decide(
        &engine,
        &request(&pod("shop", &["nginx"])),
        |question| match question {
            FactRequest::KubernetesCall { url_path, .. } if url_path.ends_with("/configmaps/allowed") => {
                Ok(Fact::Json(Arc::new(json!({ "data": { "x": "y" } }))))
            }
            FactRequest::KubernetesCall { url_path, .. } => {
                assert_eq!(url_path, "/api/v1/namespaces/shop/pods");
                Ok(Fact::Json(Arc::new(json!({ "items": [] }))))
            }
            FactRequest::HttpCall { .. } => Ok(Fact::Json(Arc::new(
                json!({ "status": 200, "body": { "allowed": true } }),
            ))),
            _ => Err(FactError::Absent("none".to_owned())),
        },
    );
    assert_eq!(words(&decision), ["p/ Pass: success"]);
}

#[test]
fn an_object_that_is_not_there_is_null_and_one_that_cant_be_read_is_an_error() {
    let engine = engine(
        &policy(&validations(
            "dyn(resource.get('v1', 'secrets', 'shop', 's')) == null",
        ))
        .to_string(),
    );
    let ask = |error: fn(String) -> FactError| {
        let decision = decide(&engine, &request(&pod("shop", &["nginx"])), |_| {
            Err(error("no".to_owned()))
        });
        decision.results[0].verdict.outcome
    };
    assert_eq!(ask(FactError::Absent), RuleOutcome::Pass);
    assert_eq!(ask(FactError::Failed), RuleOutcome::Error);
}

/// The attack: the author of a policy in `team-a` reads what is not theirs, by functions that take a name they choose.
#[test]
fn a_namespaced_policy_reads_its_own_namespace_and_calls_nobody() {
    let asked = |expression: &str| {
        let text = policy_of("NamespacedValidatingPolicy", "team-a", &validations(expression));
        let engine = engine(&text.to_string());
        let request = request(&pod("team-a", &["nginx"]));
        match engine.evaluate(&request, &Facts::default()) {
            Evaluation::Needs(wanted) => Ok(wanted.into_iter().next().unwrap()),
            Evaluation::Complete(decision) => Err(decision.results[0].message()),
        }
    };
    let FactRequest::KubernetesCall { asker, url_path, .. } =
        asked("dyn(resource.get('v1', 'secrets', 'mine')) == null").unwrap()
    else {
        unreachable!("an object is read from the API");
    };
    assert_eq!(url_path, "/api/v1/namespaces/team-a/secrets/mine");
    assert_eq!(
        asker,
        Asker {
            policy_namespace: Some("team-a".to_owned()),
            object_namespace: "team-a".to_owned()
        }
    );
    for escape in [
        "dyn(resource.get('v1', 'secrets', '../../kube-system/secrets/x')) == null",
        "dyn(resource.get('v1', 'secrets/x?', 'x')) == null",
        "dyn(resource.get('v1/../..', 'secrets', 'x')) == null",
        "dyn(resource.list('v1', 'secrets', {'a': 'b&limit=1'})) == null",
        "dyn(http.get('http://metadata.internal')) == null",
        "globalContext.get('secrets') == null",
    ] {
        assert!(asked(escape).unwrap_err().starts_with("error: "), "{escape}");
    }
    let loaded = load(
        &policy_of(
            "NamespacedValidatingPolicy",
            "team-a",
            &validations("resource.get('v1', 'secrets', 'kube-system', 'x') == null"),
        )
        .to_string(),
    );
    assert!(
        loaded.faults[0].message.contains("no matching overload"),
        "{:?}",
        loaded.faults
    );
}

#[test]
fn a_namespaced_policy_speaks_of_its_namespace_alone() {
    let engine =
        engine(&policy_of("NamespacedValidatingPolicy", "team-a", &validations("false")).to_string());
    assert!(
        decide_alone(&engine, &pod("team-b", &["nginx"]))
            .results
            .is_empty()
    );
    assert_eq!(decide_alone(&engine, &pod("team-a", &["nginx"])).results.len(), 1);
}
