//! Patterns against their expressions, over objects that fit, nearly fit, and have another shape.

use policy_engine::RuleOutcome;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::judged::{both, loaded, policy};

/// Scalars of patterns.
const SCALARS: [&str; 16] = [
    r#""*""#,
    r#""?*""#,
    r#""a*""#,
    r#""!a*""#,
    r#""ab | b?""#,
    r#""!ab & !b""#,
    r#"">=2""#,
    r#""<1Gi""#,
    r#""1-3""#,
    r#""2!-3""#,
    r#""30s""#,
    r#""!1m""#,
    "true",
    "2",
    "null",
    r#""""#,
];
/// Values of objects.
const VALUES: [&str; 17] = [
    r#""ab""#,
    r#""b1""#,
    r#""b""#,
    r#""""#,
    r#""2""#,
    r#""30s""#,
    r#""60s""#,
    r#""512Mi""#,
    r#""2Gi""#,
    "0",
    "2",
    "5",
    "true",
    "false",
    "null",
    "[]",
    r#"["ab", "b"]"#,
];
const KEYS: [&str; 3] = ["a", "b", "c-d"];
const ANCHORS: [&str; 7] = ["", "", "", "()", "=()", "X()", "^()"];

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn pattern() -> impl Strategy<Value = Value> {
    let scalar = prop::sample::select(&SCALARS[..]).prop_map(parsed);
    scalar.prop_recursive(3, 12, 3, |inner| {
        let key = (
            prop::sample::select(&KEYS[..]),
            prop::sample::select(&ANCHORS[..]),
        );
        let map = prop::collection::vec((key, inner), 1..3).prop_map(|entries| {
            let mut map = Map::new();
            for ((key, anchor), value) in entries {
                let value = if anchor == "^()" {
                    json!([{"a": value}])
                } else {
                    value
                };
                let key = anchor
                    .strip_suffix(')')
                    .map_or(key.to_owned(), |open| format!("{open}{key})"));
                map.insert(key, value);
            }
            Value::Object(map)
        });
        prop_oneof![map.clone(), map.prop_map(|map| json!([map]))]
    })
}

fn object() -> impl Strategy<Value = Value> {
    let scalar = prop::sample::select(&VALUES[..]).prop_map(parsed);
    scalar.prop_recursive(3, 16, 3, |inner| {
        let map = prop::collection::btree_map(prop::sample::select(&KEYS[..]), inner, 0..3).prop_map(|map| {
            map.into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect::<Value>()
        });
        prop_oneof![3 => map.clone(), 2 => prop::collection::vec(map, 0..3).prop_map(Value::Array)]
    })
}

fn pod(spec: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x", "namespace": "default"}, "spec": spec})
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 384, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_expression_says_of_any_object_what_its_pattern_says(pattern in pattern(), spec in object()) {
        let pattern = json!({"spec": pattern});
        let document = policy(json!({"message": "m", "pattern": pattern}));
        let documents = manifest::read(document.to_string().as_bytes(), "test").unwrap();
        prop_assume!(policy_engine::LoadedPolicies::load(documents).faults.is_empty());
        let (_, document) = loaded(&document);
        prop_assume!(vouchsafe_policy_migration::migrate(&document).refusals.is_empty());
        let (given, written) = both(json!({"message": "m", "pattern": pattern}), &pod(spec));
        // A failure beside an anchor whose key is nowhere is an error there, and a failure here.
        let same = given == written || (given, written) == (RuleOutcome::Error, RuleOutcome::Fail);
        prop_assert!(same, "{given:?} as given, {written:?} as written: {:#}",
            vouchsafe_policy_migration::migrate(&document).policies[0]["spec"]);
    }
}

#[test]
fn an_element_that_a_condition_does_not_mean_is_passed_over() {
    let validate = json!({"message": "m", "pattern": {"spec": {"containers": [{"(name)": "web*", "image": "ghcr.io/*"}]}}});
    let of = |containers: Value| both(validate.clone(), &pod(json!({"containers": containers})));
    let (pass, fail, skip) = (RuleOutcome::Pass, RuleOutcome::Fail, RuleOutcome::Skip);
    assert_eq!(
        of(json!([{"name": "web1", "image": "ghcr.io/a"}, {"name": "db", "image": "x"}])),
        (pass, pass)
    );
    assert_eq!(of(json!([{"name": "web1", "image": "x"}])), (fail, fail));
    assert_eq!(of(json!([{"name": "db", "image": "x"}])), (skip, skip));
}

#[test]
fn of_several_patterns_one_is_enough() {
    let validate =
        json!({"message": "m", "anyPattern": [{"spec": {"a": "1-3"}}, {"spec": {"(b)": "x", "c": "y"}}]});
    for (spec, expected) in [
        (json!({"a": 2}), RuleOutcome::Pass),
        (json!({"b": "x", "c": "y"}), RuleOutcome::Pass),
        (json!({"a": 9, "b": "x"}), RuleOutcome::Fail),
        (json!({"a": 9, "b": "z"}), RuleOutcome::Fail),
    ] {
        assert_eq!(both(validate.clone(), &pod(spec)), (expected, expected));
    }
}

#[test]
fn what_cannot_be_said_is_refused_with_its_field() {
    for (validate, path) in [
        (
            json!({"pattern": {"spec": {"a": "{{ request.operation }}"}}}),
            "spec.rules[0].validate.pattern.spec.a",
        ),
        (
            json!({"pattern": {"spec": {"a": 1.5}}}),
            "spec.rules[0].validate.pattern.spec.a",
        ),
        (
            json!({"pattern": {"metadata": {"labels": {"a*": "b"}}}}),
            "spec.rules[0].validate.pattern.metadata.labels.a*",
        ),
        (json!({"deny": {}}), "spec.rules[0].validate.deny"),
    ] {
        let (_, document) = loaded(&policy(validate));
        let translation = vouchsafe_policy_migration::migrate(&document);
        assert_eq!(translation.policies, Vec::<Value>::new());
        assert_eq!(translation.refusals[0].path, path);
    }
}

#[test]
fn a_kind_whose_resource_is_unknown_is_looked_for_everywhere() {
    let mut written = policy(json!({"message": "m", "pattern": {"spec": {"a": "b"}}}));
    written["spec"]["rules"][0]["match"] =
        json!({"any": [{"resources": {"kinds": ["example.org/v1/Widget"]}}]});
    let (_, document) = loaded(&written);
    let spec = vouchsafe_policy_migration::migrate(&document).policies[0]["spec"].clone();
    assert_eq!(
        spec["matchConstraints"]["resourceRules"][0]["resources"],
        json!(["*"])
    );
    assert_eq!(
        spec["matchConditions"][0]["expression"],
        "request.kind.group == 'example.org' && request.kind.version == 'v1' && request.kind.kind == 'Widget'"
    );
}
