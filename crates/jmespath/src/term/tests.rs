use super::*;
use crate::limits::{Budget, Limits};
use serde_json::json;

#[test]
fn values_print_as_go_prints_them() {
    let value = json!({"b": [1, 2.5, null, true, "<é>"], "a": {}, "big": 1e21, "c": []});
    let term = Term::from(&value);
    let compact = r#"{"a":{},"b":[1,2.5,null,true,"\u003cé\u003e"],"big":1e+21,"c":[]}"#;
    assert_eq!(term.to_json_text().as_deref(), Ok(compact));
    assert_eq!(
        term.to_go_text(),
        "map[a:map[] b:[1 2.5 <nil> true <é>] big:1e+21 c:[]]"
    );
    let indented = Term::from_owned(json!({"a": [1], "b": {}})).to_indented_json_text();
    assert_eq!(
        indented.as_deref(),
        Ok("{\n  \"a\": [\n    1\n  ],\n  \"b\": {}\n}")
    );
}

#[test]
fn borrowed_and_made_values_are_equal_when_they_look_alike() {
    let equal =
        |left: &Term<'_>, right: &Term<'_>| left.equals(right, &Budget::new(Limits::default())) == Ok(true);
    let value = json!({"a": [1, "x", {"b": null}], "c": 2.0});
    assert!(equal(&Term::from(&value), &Term::from_owned(value.clone())));
    for other in [
        json!({"a": [1, "x", {"b": 0}], "c": 2}),
        json!({"a": [1, "x"], "c": 2}),
        json!({"a": [1, "x", {"b": null}], "d": 2}),
        json!([]),
    ] {
        assert!(!equal(&Term::from(&value), &Term::from_owned(other)));
    }
    assert!(!equal(&Term::Number(f64::NAN), &Term::Number(f64::NAN)));
    assert!(equal(&Term::from(&json!(2)), &Term::Number(2.0)));
}

#[test]
fn a_number_that_json_lacks_is_an_error_and_not_null() {
    assert_eq!(Term::Number(f64::NAN).to_json(), Err(NotJson("NaN".to_owned())));
    assert!(
        Term::array(vec![Term::Number(f64::INFINITY)])
            .to_json_text()
            .is_err()
    );
}

#[test]
fn empty_values_are_false_and_zero_is_true() {
    for value in [json!(null), json!(false), json!(""), json!([]), json!({})] {
        assert!(Term::from(&value).is_false(), "{value}");
    }
    for value in [
        json!(0),
        json!(true),
        json!(" "),
        json!([null]),
        json!({"a": null}),
    ] {
        assert!(!Term::from(&value).is_false(), "{value}");
    }
}
