use super::*;
use serde_json::json;

/// What comes of a comparison, in short.
fn compared(pattern: &Value, resource: &Value) -> String {
    match compare_plain(resource, pattern) {
        Ok(()) => "pass".to_owned(),
        Err(Failure {
            meaning: Meaning::Skip,
            ..
        }) => "skip".to_owned(),
        Err(Failure {
            meaning: Meaning::Error,
            text,
        }) => format!("error: {text}"),
        Err(Failure {
            meaning: Meaning::Fail { path },
            ..
        }) => format!("fail at {path}"),
    }
}

fn text_of(pattern: &Value, resource: &Value) -> String {
    compare_plain(resource, pattern).expect_err("a mismatch").text
}

#[test]
fn maps_lists_and_scalars_must_be_as_drawn() {
    for (pattern, resource, expected) in [
        (json!({"spec": {"a": "x*"}}), json!({"spec": {"a": "xy"}}), "pass"),
        (
            json!({"spec": {"a": "x"}}),
            json!({"spec": {"a": "y"}}),
            "fail at /spec/a/",
        ),
        (json!({"spec": {"a": "x"}}), json!({}), "fail at /spec/"),
        (json!({"spec": {"a": null}}), json!({"spec": {}}), "pass"),
        (
            json!({"spec": {"a": "!x"}}),
            json!({"spec": {}}),
            "fail at /spec/a/",
        ),
        (json!({"a": [1]}), json!({"a": 1}), "fail at /a/"),
        (json!({"a": []}), json!({"a": [1]}), "fail at /a/"),
        (json!({"a": "x*"}), json!({"a": ["xa", "xb"]}), "pass"),
        (json!({"a": "x*"}), json!({"a": ["xa", "b"]}), "fail at /a/"),
        (json!({"a": "x*"}), json!({"a": []}), "pass"),
        (json!({"a": ["x*"]}), json!({"a": ["xa", "xb"]}), "pass"),
        (json!({"a": ["x*"]}), json!({"a": ["xa", "b"]}), "fail at /a/"),
        (
            json!({"a": [[1], [2]]}),
            json!({"a": [[1]]}),
            "error: validate Array failed, array length mismatch, resource Array len is 1 and pattern Array len is 2",
        ),
        (
            json!({"a": [[1], [2]]}),
            json!({"a": [[1], [3]]}),
            "fail at /a/1/",
        ),
        (json!({"a": "?*"}), json!({"a": {"b": 1}}), "fail at /a/"),
    ] {
        assert_eq!(compared(&pattern, &resource), expected, "{pattern} {resource}");
    }
}

#[test]
fn only_the_first_element_of_a_pattern_list_is_used() {
    let pattern = json!({"c": [{"image": "a*"}, {"image": "b*"}]});
    assert_eq!(
        compared(&pattern, &json!({"c": [{"image": "a1"}, {"image": "a2"}]})),
        "pass"
    );
    assert_eq!(
        compared(&pattern, &json!({"c": [{"image": "a1"}, {"image": "b1"}]})),
        "fail at /c/1/image/"
    );
    assert_eq!(compared(&pattern, &json!({"c": []})), "pass");
}

#[test]
fn a_star_wants_the_key_and_blames_the_map_around_it() {
    let pattern = json!({"metadata": {"labels": {"app": "*"}}});
    assert_eq!(
        compared(
            &pattern,
            &json!({"metadata": {"labels": {"app": {"any": "thing"}}}})
        ),
        "pass"
    );
    for resource in [
        json!({"metadata": {"labels": {}}}),
        json!({"metadata": {"labels": {"app": null}}}),
    ] {
        assert_eq!(compared(&pattern, &resource), "fail at /metadata/labels/");
        assert_eq!(text_of(&pattern, &resource), "/metadata/labels//app not found");
    }
}

#[test]
fn a_condition_that_does_not_hold_skips_its_element_or_the_rule() {
    let pattern = json!({"c": [{"(image)": "*:latest", "pull": "Always"}]});
    let with = |items: Value| json!({ "c": items });
    for (items, expected) in [
        (json!([{"image": "a:latest", "pull": "Always"}]), "pass"),
        (json!([{"image": "a:1"}]), "skip"),
        (
            json!([{"image": "a:1"}, {"image": "a:latest", "pull": "Never"}]),
            "fail at /c/1/pull/",
        ),
        (
            json!([{"image": "a:1"}, {"image": "a:latest", "pull": "Always"}]),
            "pass",
        ),
        (json!([{"pull": "Never"}]), "skip"),
    ] {
        assert_eq!(compared(&pattern, &with(items.clone())), expected, "{items}");
    }
    let whole = json!({"(kind)": "Pod", "spec": {"a": 1}});
    assert_eq!(compared(&whole, &json!({"kind": "Job"})), "skip");
    assert_eq!(
        text_of(&whole, &json!({"kind": "Job"})),
        "conditional anchor mismatch: resource value 'Job' does not match 'Pod' at path /kind/"
    );
    assert_eq!(
        text_of(&whole, &json!({})),
        "conditional anchor mismatch: conditional anchor key doesn't exist in the resource"
    );
}

#[test]
fn a_global_anchor_decides_for_the_whole_rule() {
    let pattern = json!({"spec": {"c": [{"<(image)": "reg.io/*"}], "secrets": [{"name": "x"}]}});
    let with = |image: &str| json!({"spec": {"c": [{"image": image}], "secrets": [{"name": "y"}]}});
    assert_eq!(compared(&pattern, &with("other/a")), "skip");
    assert_eq!(
        compared(&pattern, &with("reg.io/a")),
        "fail at /spec/secrets/0/name/"
    );
    // its key may be missing
    assert_eq!(compared(&json!({"<(a)": 1, "b": 2}), &json!({"b": 2})), "pass");
}

#[test]
fn equality_is_checked_only_where_the_key_is() {
    let pattern = json!({"=(securityContext)": {"=(privileged)": false}});
    assert_eq!(compared(&pattern, &json!({})), "pass");
    assert_eq!(compared(&pattern, &json!({"securityContext": {}})), "pass");
    assert_eq!(
        compared(&pattern, &json!({"securityContext": {"privileged": true}})),
        "fail at /securityContext/privileged/"
    );
}

#[test]
fn what_is_negated_must_not_be_there_whatever_its_value() {
    let pattern = json!({"spec": {"X(hostPath)": "null"}});
    assert_eq!(compared(&pattern, &json!({"spec": {}})), "pass");
    assert_eq!(
        compared(&pattern, &json!({"spec": {"hostPath": null}})),
        "fail at /spec/hostPath/"
    );
    assert_eq!(
        text_of(&pattern, &json!({"spec": {"hostPath": 1}})),
        "negation anchor matched in resource: /spec/hostPath/ is not allowed"
    );
}

#[test]
fn existence_wants_one_element_for_each_pattern() {
    let pattern = json!({"^(c)": [{"name": "a"}, {"name": "b*"}]});
    for (resource, expected) in [
        (
            json!({"c": [{"name": "x"}, {"name": "b1"}, {"name": "a"}]}),
            "pass",
        ),
        (json!({"c": [{"name": "a"}]}), "fail at /c/"),
        (json!({}), "pass"),
        (json!({"c": "a"}), "fail at /c/"),
    ] {
        assert_eq!(compared(&pattern, &resource), expected, "{resource}");
    }
}

#[test]
fn a_failure_is_an_error_where_an_anchors_key_was_nowhere() {
    // the key of the condition is missing in the element that is skipped, and another element fails
    let pattern = json!({"c": [{"(image)": "*", "pull": "Always"}]});
    let resource = json!({"c": [{"name": "x"}, {"pull": "Never"}]});
    assert_eq!(compared(&pattern, &resource), "skip");
    let pattern = json!({"a": {"^(b)": [{"c": 1}]}, "z": 1});
    assert!(compared(&pattern, &json!({"a": {}, "z": 2})).starts_with("error: resource value '2'"));
}

/// The attack: a value of the object quotes the text by which Kyverno tells a skip from a failure.
#[test]
fn a_value_that_quotes_an_anchor_message_does_not_turn_a_failure_into_a_skip() {
    let pattern = json!({"metadata": {"labels": {"team": "a"}}});
    for quoted in ["conditional anchor mismatch", "global anchor mismatch: x"] {
        let resource = json!({"metadata": {"labels": {"team": quoted}}});
        assert_eq!(compared(&pattern, &resource), "fail at /metadata/labels/team/");
    }
}

#[test]
fn wildcards_in_keys_stand_for_labels_and_annotations() {
    let labels = |labels: Value| json!({"metadata": {"labels": labels}});
    let pattern = labels(json!({"app*": "x"}));
    assert_eq!(
        compared(&pattern, &labels(json!({"app-b": "y", "app-a": "x"}))),
        "pass"
    );
    assert_eq!(
        compared(&pattern, &labels(json!({"app": "y"}))),
        "fail at /metadata/labels/app/"
    );
    assert_eq!(
        compared(&pattern, &labels(json!({"zz": "y"}))),
        "fail at /metadata/labels/app*/"
    );
    let pattern = json!({"=(metadata)": {"=(annotations)": {"X(corp.io/*)": "null"}}});
    let annotated = |key: &str| json!({"metadata": {"annotations": {key: "1"}}});
    assert_eq!(
        compared(&pattern, &annotated("corp.io/a")),
        "fail at /metadata/annotations/corp.io/a/"
    );
    assert_eq!(compared(&pattern, &annotated("other.io/a")), "pass");
    // anywhere else a wildcard is a plain key
    assert_eq!(
        compared(&json!({"spec": {"a*": 1}}), &json!({"spec": {"ab": 1}})),
        "fail at /spec/a*/"
    );
}

#[test]
fn anchors_are_judged_before_plain_keys_and_subtrees_with_anchors_before_those_without() {
    // `a` fails, but the condition beside it does not hold
    assert_eq!(
        compared(&json!({"a": 1, "(z)": 1}), &json!({"a": 2, "z": 2})),
        "skip"
    );
    // `z` holds an anchor and comes first
    assert_eq!(
        compared(&json!({"a": 1, "z": {"(y)": 1}}), &json!({"a": 2, "z": {"y": 2}})),
        "skip"
    );
    // an equality below that is skipped as a group does not stop its siblings that apply
    let pattern = json!({"=(a)": {"(b)": 1}, "=(c)": {"d": 1}});
    assert_eq!(compared(&pattern, &json!({"a": {"b": 2}, "c": {"d": 1}})), "pass");
    assert_eq!(
        compared(&pattern, &json!({"a": {"b": 2}, "c": {"d": 2}})),
        "fail at /c/d/"
    );
}

#[test]
fn a_pattern_nested_without_end_is_refused() {
    let deep = (0..MAX_PATTERN_DEPTH + 5).fold(json!(1), |inner, _| json!({ "a": inner }));
    assert!(Pattern::compile(&deep, &JsonPath::root()).is_err());
}

/// The definition, for patterns without anchors and wildcard keys.
fn defined(pattern: &Value, resource: &Value) -> bool {
    match (pattern, resource) {
        (Value::Object(wanted), Value::Object(found)) => wanted.iter().all(|(key, wanted)| {
            let found = found.get(key).unwrap_or(&Value::Null);
            if wanted == "*" {
                !found.is_null()
            } else {
                defined(wanted, found)
            }
        }),
        (Value::Array(wanted), Value::Array(found)) => match wanted.first() {
            None => false,
            Some(Value::Array(_)) => {
                found.len() >= wanted.len()
                    && wanted
                        .iter()
                        .zip(found)
                        .all(|(wanted, found)| defined(wanted, found))
            }
            Some(first @ Value::Object(_)) => found.iter().all(|found| defined(first, found)),
            Some(scalar) => found
                .iter()
                .all(|found| !found.is_array() && defined(scalar, found)),
        },
        (Value::Object(_) | Value::Array(_), _) => false,
        (scalar, Value::Array(found)) => found
            .iter()
            .all(|found| !found.is_array() && defined(scalar, found)),
        (_, Value::Object(_)) => false,
        (scalar, found) => {
            let as_scalar = |value| tree::scalar_value(value).expect("a scalar");
            scalars::pattern::ScalarPattern::from_value(as_scalar(scalar)).matches(as_scalar(found))
        }
    }
}

fn json_values() -> impl proptest::strategy::Strategy<Value = Value> {
    use proptest::prelude::*;
    let scalar = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(|truth| json!(truth)),
        (0..3_i64).prop_map(|int| json!(int)),
        "[ab*?]{0,2}".prop_map(|text| json!(text)),
    ];
    scalar.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::Array),
            proptest::collection::btree_map("[abc]", inner, 0..3)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest::proptest! {
    #[test]
    fn the_matcher_says_what_the_definition_says(pattern in json_values(), resource in json_values()) {
        proptest::prop_assert_eq!(compare_plain(&resource, &pattern).is_ok(), defined(&pattern, &resource));
    }

    #[test]
    fn every_resource_satisfies_a_pattern_of_nothing(resource in json_values()) {
        let resource = json!({ "a": resource });
        let holds = compare_plain(&resource, &json!({})).is_ok();
        proptest::prop_assert!(holds);
    }
}
