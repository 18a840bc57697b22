use serde_json::json;

use super::*;

fn value(text: &str) -> Value {
    resolve(text).into_value(text).unwrap()
}

fn key(text: &str) -> String {
    resolve(text).into_key().unwrap()
}

#[test]
fn yes_no_on_and_off_are_booleans_as_in_yaml_1_1() {
    for word in ["y", "Y", "yes", "Yes", "YES", "true", "True", "on", "ON"] {
        assert_eq!(value(word), json!(true), "{word}");
    }
    for word in ["n", "N", "no", "No", "NO", "false", "FALSE", "off", "Off"] {
        assert_eq!(value(word), json!(false), "{word}");
    }
    for word in ["yEs", "oN", "Nope", "yes ", "TRue"] {
        assert_eq!(value(word), json!(word));
    }
    assert_eq!(key("n"), "false");
    assert_eq!(key("on"), "true");
}

#[test]
fn null_has_five_spellings() {
    for word in ["", "~", "null", "Null", "NULL"] {
        assert_eq!(value(word), Value::Null, "{word}");
    }
    assert_eq!(value("nUll"), json!("nUll"));
}

#[test]
fn a_leading_zero_makes_an_octal_number() {
    assert_eq!(value("017"), json!(15));
    assert_eq!(value("0o17"), json!(15));
    assert_eq!(value("-017"), json!(-15));
    assert_eq!(value("0x1F"), json!(31));
    assert_eq!(value("0b101"), json!(5));
    assert_eq!(
        value("089"),
        json!(89),
        "not octal, so a decimal float, and a whole one"
    );
    assert_eq!(value("00"), json!(0));
    assert_eq!(value("0"), json!(0));
}

#[test]
fn underscores_and_signs_may_stand_in_numbers() {
    assert_eq!(value("1_000"), json!(1000));
    assert_eq!(value(".7_1"), json!(0.71));
    assert_eq!(value(".7__1"), json!(".7__1"));
    assert_eq!(value("+5"), json!(5));
    assert_eq!(value("-9223372036854775808"), json!(i64::MIN));
    assert_eq!(value("18446744073709551615"), json!(u64::MAX));
    assert_eq!(value("+18446744073709551615"), json!(1.844_674_407_370_955_2e19));
}

#[test]
fn floats_that_are_whole_become_integers_as_on_the_way_through_json() {
    assert_eq!(value("1.0"), json!(1));
    assert_eq!(value("1e3"), json!(1000));
    assert_eq!(value("-0.0"), json!(0));
    assert_eq!(value("1.5"), json!(1.5));
    assert_eq!(value(".5"), json!(0.5));
    assert_eq!(value("1."), json!(1));
    assert_eq!(value("1e30"), json!(1e30));
}

#[test]
fn what_only_looks_like_a_number_stays_text() {
    for text in [
        "1.2.3",
        "100m",
        "64Mi",
        "-",
        "+",
        ".",
        "..",
        "0x",
        "0b2",
        "1e",
        "1e+",
        "1e999",
        "2001-01-01",
        "::1",
        "+.",
        "12:30:45",
        "0o9",
        "--1",
        "+-1",
        "1 2",
        "1__x",
        "_1",
        "e3",
        "0x_",
    ] {
        assert_eq!(value(text), json!(text));
    }
}

#[test]
fn infinities_are_refused_as_values_and_kept_as_keys() {
    assert!(resolve(".inf").into_value(".inf").is_err());
    assert!(resolve("-.INF").into_value("-.INF").is_err());
    assert!(resolve(".nan").into_value(".nan").is_err());
    assert_eq!(key(".inf"), ".inf");
}

#[test]
fn numeric_keys_become_text() {
    assert_eq!(key("1"), "1");
    assert_eq!(key("017"), "15");
    assert_eq!(key("1.0"), "1");
    assert_eq!(key("1.5"), "1.5");
    assert_eq!(key("1e6"), "1e+06");
    assert_eq!(key("1e-7"), "1e-07");
    assert_eq!(key("123456.0"), "123456");
    assert!(resolve("~").into_key().is_err());
}

#[test]
fn a_tag_decides_the_type_or_is_refused() {
    let tagged = |tag, text| resolve_tagged(tag, text).and_then(|scalar| scalar.into_value(text));
    assert_eq!(tagged("str", "1"), Ok(json!("1")));
    assert_eq!(tagged("int", "1"), Ok(json!(1)));
    assert_eq!(tagged("float", "2"), Ok(json!(2)));
    assert_eq!(tagged("bool", "yes"), Ok(json!(true)));
    assert_eq!(tagged("binary", "aGk="), Ok(json!("hi")));
    assert_eq!(tagged("binary", "aGkh\naGkh"), Ok(json!("hi!hi!")));
    assert!(tagged("int", "one").is_err());
    assert!(tagged("bool", "1").is_err());
    assert!(tagged("binary", "aGk").is_err());
    assert!(tagged("binary", "a=Gk").is_err());
    assert!(tagged("binary", "/w==").is_err(), "0xff alone is no UTF-8");
}
