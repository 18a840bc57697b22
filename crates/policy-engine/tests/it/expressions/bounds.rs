//! What a policy may cost.

use std::sync::Arc;

use serde_json::{Value, json};
use vouchsafe_policy_engine::{Fact, FactRequest, RuleOutcome};

use super::{about_pod, policy, rule};
use crate::judging::{decide, decide_alone, engine, load, request, words};
use crate::pods::pod;

/// The attack: expressions that cost more together than one may cost, each through a variable of its own, each within
/// another, so that no single evaluation exceeds its limit.
#[test]
fn many_costly_variables_end_at_the_cost_of_the_policy() {
    let mut variables = vec![json!({ "name": "v0", "expression": "0" })];
    for at in 1..36 {
        let before = at - 1;
        let expression = format!(
            "(lists.range(900).all(a, lists.range(100).all(b, a + b >= 0)) ? 1 : 0) + variables.v{before}"
        );
        variables.push(json!({ "name": format!("v{at}"), "expression": expression }));
    }
    let decision = about_pod(&json!({
        "variables": variables, "validations": [{ "expression": "variables.v35 > 0" }],
    }));
    assert_eq!(
        words(&decision),
        ["p/ Error: error: operation cancelled: actual cost limit exceeded"]
    );
}

/// The attack: variables that hold much each, so that all of them together fill the memory of the process.
#[test]
fn what_variables_hold_together_is_bounded() {
    let variables: Vec<Value> = (0..40)
        .map(|at| json!({ "name": format!("v{at}"), "expression": "lists.range(60000).map(x, x)" }))
        .collect();
    let sum: Vec<String> = (0..40).map(|at| format!("variables.v{at}.size()")).collect();
    let decision = about_pod(&json!({
        "variables": variables, "validations": [{ "expression": format!("{} > 0", sum.join(" + ")) }],
    }));
    assert_eq!(decision.results[0].verdict.outcome, RuleOutcome::Error);
    assert!(
        decision.results[0].message().contains("limit exceeded"),
        "{:?}",
        words(&decision)
    );
}

/// The attack: variables that are computed within one another, deep expressions each, until the stack overflows and takes
/// the process down. As deep as is allowed, they are computed on half of the stack that threads have.
#[test]
fn variables_within_variables_never_use_up_the_stack() {
    let chain = |deep: usize, length: usize| {
        let mut variables = vec![json!({ "name": "v0", "expression": "1" })];
        for at in 1..length {
            let expression = format!(
                "{}variables.v{}{}",
                "(1 + ".repeat(deep),
                at - 1,
                ")".repeat(deep)
            );
            variables.push(json!({ "name": format!("v{at}"), "expression": expression }));
        }
        let last = format!("variables.v{} > 0", length - 1);
        policy(&json!({ "variables": variables, "validations": [{ "expression": last }] }))
    };
    let small = std::thread::Builder::new().stack_size(1024 * 1024);
    let judged = small.spawn(move || {
        let mut allowed = 0;
        for (deep, length) in [(1, 20), (1, 90), (60, 5), (120, 3), (200, 2), (2, 250), (200, 10)] {
            let loaded = load(&chain(deep, length).to_string());
            if loaded.faults.is_empty() {
                let engine = vouchsafe_policy_engine::Engine::new(loaded.to_set(), Default::default());
                assert_eq!(
                    words(&decide_alone(&engine, &pod("shop", &["nginx"]))),
                    ["p/ Pass: success"]
                );
                allowed += 1;
            } else {
                assert!(
                    loaded.faults[0].message.contains("nest deeper"),
                    "{:?}",
                    loaded.faults
                );
            }
        }
        allowed
    });
    assert_eq!(judged.unwrap().join().unwrap(), 5);
}

/// The attack: a namespace full of objects, each of which has an expensive policy judged once more.
#[test]
fn many_params_end_at_the_cost_of_the_policy() {
    let engine = engine(&rule(&json!({
        "paramKind": { "apiVersion": "v1", "kind": "ConfigMap" },
        "paramRef": { "selector": {}, "parameterNotFoundAction": "Deny" },
        "expressions": [{ "expression": "lists.range(900).all(a, lists.range(100).all(b, a + b >= 0))" }],
    })));
    let decision = decide(
        &engine,
        &request(&pod("shop", &["nginx"])),
        |question| match question {
            FactRequest::KubernetesCall { url_path, .. } if url_path == "/api/v1" => {
                Ok(Fact::Json(Arc::new(
                    json!({ "resources": [{ "name": "configmaps", "kind": "ConfigMap", "namespaced": true }] }),
                )))
            }
            _ => Ok(Fact::Json(Arc::new(json!({ "items": vec![json!({}); 1_000] })))),
        },
    );
    assert_eq!(decision.results[0].verdict.outcome, RuleOutcome::Fail);
    assert!(
        decision.results[0]
            .message()
            .ends_with("actual cost limit exceeded"),
        "{:?}",
        words(&decision)
    );
}
