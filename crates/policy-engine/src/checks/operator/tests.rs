#![expect(
    clippy::needless_pass_by_value,
    reason = "tables of `json!` values read better without a borrow each"
)]

use super::*;
use serde_json::json;

fn holds(key: Value, operator: &str, value: Value) -> bool {
    ConditionOperator::parse(operator)
        .expect(operator)
        .holds(&key, &value)
}

#[test]
fn operators_are_read_in_their_exact_case() {
    for known in [
        "Equals",
        "Equal",
        "NotEqual",
        "AnyIn",
        "GreaterThanOrEquals",
        "DurationLessThan",
    ] {
        assert!(ConditionOperator::parse(known).is_some(), "{known}");
    }
    for unknown in ["equals", "ANYIN", "Duration", "Contains", ""] {
        assert!(ConditionOperator::parse(unknown).is_none(), "{unknown}");
    }
}

#[test]
fn equality_goes_by_the_type_of_the_key() {
    for (key, value, equal) in [
        (json!(true), json!(true), true),
        (json!(true), json!("true"), false),
        (json!(3), json!(3.0), true),
        (json!(3), json!("3"), true),
        (json!("3"), json!(3), false),
        (json!("1h"), json!("60m"), true),
        (json!("1h"), json!(3600), true),
        (json!("0"), json!("0"), true),
        (json!("1Gi"), json!("1024Mi"), true),
        // a quantity is compared with quantities alone
        (json!("1"), json!("*"), false),
        (json!("nginx:latest"), json!("*:latest"), true),
        // wildcards stand in the value only
        (json!("*:latest"), json!("nginx:latest"), false),
        (json!([1, 2]), json!([1.0, 2]), true),
        (json!([1, 2]), json!([2, 1]), false),
        (json!({"a": 1}), json!({"a": 1}), true),
        (json!({"a": 1}), json!([]), false),
    ] {
        assert_eq!(
            holds(key.clone(), "Equals", value.clone()),
            equal,
            "{key} {value}"
        );
        assert_eq!(
            holds(key.clone(), "NotEquals", value.clone()),
            !equal,
            "{key} {value}"
        );
    }
}

#[test]
fn a_null_key_meets_no_operator() {
    for operator in [
        "Equals",
        "NotEquals",
        "AnyIn",
        "AllIn",
        "AnyNotIn",
        "AllNotIn",
        "In",
        "NotIn",
        "GreaterThan",
    ] {
        for value in [json!(null), json!("a"), json!(["a"])] {
            assert!(!holds(json!(null), operator, value), "{operator}");
        }
    }
}

#[test]
fn a_scalar_is_in_a_list_by_wildcards_of_either_side() {
    for (key, value, contained) in [
        (json!("nginx"), json!(["a", "ngin?"]), Some(true)),
        (json!("ngin*"), json!(["nginx"]), Some(true)),
        (json!(3), json!([3]), Some(true)),
        (json!("a"), json!("a*|b"), Some(false)),
        (json!("a"), json!("a*"), Some(true)),
        (json!("15"), json!("10-20"), Some(true)),
        (json!("25"), json!("10-20"), Some(false)),
        (json!("b"), json!("[\"a\", \"b\"]"), Some(true)),
        (json!("b"), json!("[\"a*\"]"), Some(false)),
        // any other JSON than a list of texts is invalid, and so is any other type
        (json!("b"), json!("{\"a\": 1}"), None),
        (json!("b"), json!("17"), None),
        (json!("b"), json!(17), None),
        (json!("b"), json!(null), None),
    ] {
        for operator in ["AnyIn", "AllIn"] {
            assert_eq!(
                holds(key.clone(), operator, value.clone()),
                contained == Some(true),
                "{key} {operator} {value}"
            );
        }
        for operator in ["AnyNotIn", "AllNotIn"] {
            assert_eq!(
                holds(key.clone(), operator, value.clone()),
                contained == Some(false),
                "{key} {operator} {value}"
            );
        }
    }
}

#[test]
fn a_list_is_in_a_list_wholly_or_partly() {
    // key, value, then AnyIn, AllIn, AnyNotIn, AllNotIn
    for (key, value, expected) in [
        (
            json!(["a", "b"]),
            json!(["a", "b", "c"]),
            [true, true, false, false],
        ),
        (json!(["a", "x"]), json!(["a", "b"]), [true, false, true, false]),
        (json!(["x", "y"]), json!(["a", "b"]), [false, false, true, true]),
        (json!(["NET_*"]), json!(["NET_RAW"]), [true, true, false, false]),
        (json!([]), json!(["a"]), [false, true, false, true]),
        (json!(["a"]), json!("a"), [true, true, false, false]),
        (json!(["a", "b"]), json!("a"), [true, false, true, false]),
        (json!(["12", "30"]), json!("10-20"), [true, false, true, false]),
        (json!(["3"]), json!(3), [true, false, false, false]),
        (json!(["a"]), json!(null), [false, false, false, false]),
    ] {
        let found = ["AnyIn", "AllIn", "AnyNotIn", "AllNotIn"]
            .map(|operator| holds(key.clone(), operator, value.clone()));
        assert_eq!(found, expected, "{key} {value}");
    }
}

#[test]
fn the_deprecated_operators_compare_lists_without_wildcards() {
    // key, value, then In, NotIn
    for (key, value, expected) in [
        (json!("a"), json!(["a*"]), [true, false]),
        (json!("a"), json!("[\"a\"]"), [true, false]),
        (json!("a"), json!("b"), [false, false]),
        (json!(["a", "b"]), json!(["a", "b", "c"]), [true, false]),
        (json!(["a", "x"]), json!(["a", "b"]), [false, true]),
        (json!(["ab"]), json!(["a*"]), [false, true]),
        (json!(["a"]), json!("a"), [true, true]),
        (json!([1]), json!([1]), [false, false]),
    ] {
        let found = ["In", "NotIn"].map(|operator| holds(key.clone(), operator, value.clone()));
        assert_eq!(found, expected, "{key} {value}");
    }
}

#[test]
fn order_is_of_durations_quantities_numbers_and_versions() {
    for (key, value, order) in [
        (json!(3), json!(2), Some("more")),
        (json!(3), json!("2"), Some("more")),
        (json!("1h"), json!("30m"), Some("more")),
        (json!(7200), json!("1h"), Some("more")),
        (json!("1Gi"), json!("2Gi"), Some("less")),
        (json!("500m"), json!("1"), Some("less")),
        (json!("1.5"), json!(1.5), Some("same")),
        (json!("1.10.0"), json!("1.9.0"), Some("more")),
        (json!("1.0.0-rc1"), json!("1.0.0"), Some("less")),
        (json!("v1.0.0"), json!("1.0.0"), None),
        (json!("a"), json!("b"), None),
        (json!(true), json!(false), None),
        (json!([1]), json!(1), None),
    ] {
        for (operator, holding) in [
            ("GreaterThan", vec!["more"]),
            ("GreaterThanOrEquals", vec!["more", "same"]),
            ("LessThan", vec!["less"]),
            ("LessThanOrEquals", vec!["less", "same"]),
        ] {
            let expected = order.is_some_and(|order| holding.contains(&order));
            assert_eq!(
                holds(key.clone(), operator, value.clone()),
                expected,
                "{key} {operator} {value}"
            );
        }
    }
}

#[test]
fn the_deprecated_duration_operators_take_numbers_for_seconds() {
    assert!(holds(json!(90.9), "DurationGreaterThan", json!("1m")));
    assert!(holds(json!("1m"), "DurationLessThanOrEquals", json!(60)));
    assert!(!holds(json!("1d"), "DurationGreaterThan", json!(1)));
}
