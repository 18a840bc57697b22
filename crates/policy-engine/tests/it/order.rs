//! The order of policies and of map keys means nothing.

use proptest::prelude::*;
use serde_json::Value;
use vouchsafe_policy_engine::{Decision, FactError};

use crate::judging::{decide, engine, request, words};
use crate::pods::{deployment, pod};

const POLICIES: [&str; 3] = [
    include_str!("scenarios/restrict-image-registries.yaml"),
    include_str!("scenarios/check-vulnerabilities.yaml"),
    include_str!("scenarios/every-kind-of-rule.yaml"),
];

/// JSON text of `value` with the keys of every map turned by `turn` places.
fn turned(value: &Value, turn: usize) -> String {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<String> = fields
                .iter()
                .map(|(key, value)| format!("{}:{}", Value::from(key.as_str()), turned(value, turn)))
                .collect();
            let places = turn % fields.len().max(1);
            fields.rotate_left(places);
            format!("{{{}}}", fields.join(","))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| turned(item, turn)).collect();
            format!("[{}]", items.join(","))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    }
}

fn summary(decision: &Decision) -> (bool, Vec<String>, Vec<Value>, Option<String>) {
    let mut results = words(decision);
    results.sort();
    (
        decision.is_allowed(),
        results,
        decision.patch.clone(),
        decision.denial(),
    )
}

fn judged(
    policies: &[Value],
    object: &Value,
    turn: usize,
) -> (bool, Vec<String>, Vec<Value>, Option<String>) {
    let texts: Vec<String> = policies.iter().map(|policy| turned(policy, turn)).collect();
    let object: Value = serde_json::from_str(&turned(object, turn)).unwrap();
    let decision = decide(&engine(&texts.join("\n---\n")), &request(&object), |_| {
        Err(FactError::Failed("none".to_owned()))
    });
    summary(&decision)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn no_order_of_policies_or_map_keys_changes_the_decision(
        order in Just(vec![0_usize, 1, 2]).prop_shuffle(), turn in 0_usize..7, which in 0_usize..4,
    ) {
        let documents: Vec<Value> =
            POLICIES.iter().map(|text| manifest::read(text.as_bytes(), "policy").unwrap().remove(0).value).collect();
        let shuffled: Vec<Value> = order.iter().map(|at| documents[*at].clone()).collect();
        let mut labelled = pod("production", &["gcr.io/a:1", "registry.example.com/b:latest"]);
        labelled["metadata"]["labels"] = serde_json::json!({ "app": "web", "team": "shop" });
        let object = match which {
            0 => pod("production", &["gcr.io/a:1"]),
            1 => labelled,
            2 => deployment("dev-1", &["registry.example.com/b:1"]),
            _ => pod("x", &["evil/image"]),
        };
        prop_assert_eq!(judged(&documents, &object, 0), judged(&shuffled, &object, turn));
    }
}
