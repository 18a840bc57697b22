//! What all policies together may cost before somebody else's turn comes.

use serde_json::json;
use vouchsafe_policy_engine::{Engine, Evaluation, Facts};

use super::policy;
use crate::judging::{engine, load, request};
use crate::pods::pod;

/// About 50,000 in cost.
const COSTLY: &str = "lists.range(50).all(a, lists.range(100).all(b, a + b >= 0))";

fn outcomes(engine: &Engine, allowance: u64) -> Option<Vec<String>> {
    let request = request(&pod("shop", &["nginx"]));
    let evaluation = engine.evaluate_within(allowance, &request, &Facts::default())?;
    assert!(matches!(evaluation, Evaluation::Complete(_)), "{evaluation:?}");
    let Evaluation::Complete(decision) = evaluation else {
        return None;
    };
    Some(crate::judging::words(&decision))
}

#[test]
fn an_evaluation_within_its_allowance_says_what_one_without_says() {
    let engine = engine(&policy(&json!({ "validations": [{ "expression": COSTLY }] })).to_string());
    assert_eq!(outcomes(&engine, 100_000), outcomes(&engine, u64::MAX));
    assert_eq!(outcomes(&engine, 100_000).unwrap(), ["p/ Pass: success"]);
}

/// The attack: no expression and no policy costs much, but there are many of them.
#[test]
fn what_many_cheap_expressions_cost_is_counted_together() {
    let cheap: Vec<_> = (0..60)
        .map(|_| json!({ "expression": "lists.range(90).all(a, a >= 0)" }))
        .collect();
    let of_policy = policy(&json!({ "validations": cheap }));
    let mut set = String::new();
    for at in 0..5 {
        let mut named = of_policy.clone();
        named["metadata"]["name"] = json!(format!("p{at}"));
        set += &format!("---\n{named}\n");
    }
    let loaded = load(&set);
    assert!(loaded.faults.is_empty(), "{:?}", loaded.faults);
    let engine = Engine::new(loaded.to_set(), Default::default());
    assert_eq!(outcomes(&engine, 100_000), None);
    assert_eq!(outcomes(&engine, 1_000_000).map(|words| words.len()), Some(5));
}

/// The attack: the conditions and variables of a policy compute, not its validations.
#[test]
fn conditions_variables_and_messages_are_counted_too() {
    let last = json!([{ "expression": "true" }]);
    for spec in [
        json!({ "matchConditions": [{ "name": "c", "expression": COSTLY }], "validations": last }),
        json!({ "variables": [{ "name": "v", "expression": COSTLY }], "validations": [{ "expression": "variables.v" }] }),
        json!({ "validations": [{ "expression": "false", "messageExpression": format!("string({COSTLY})") }] }),
        json!({ "validations": last, "auditAnnotations": [{ "key": "k", "valueExpression": format!("string({COSTLY})") }] }),
    ] {
        let engine = engine(&policy(&spec).to_string());
        assert_eq!(outcomes(&engine, 30_000), None, "{spec}");
        assert!(outcomes(&engine, 1_000_000).is_some(), "{spec}");
    }
}
