use super::*;

fn matches(pattern: &str, value: ScalarValue<'_>) -> bool {
    ScalarPattern::compile(pattern).matches(value)
}

fn text_matches(pattern: &str, text: &str) -> bool {
    matches(pattern, ScalarValue::Text(text))
}

#[test]
fn atoms_compare_durations_then_quantities_then_wildcards() {
    for (pattern, text) in [
        ("1h", "60m"),
        ("<=1Gi", "1024Mi"),
        (">10 & <20", "15"),
        ("<10 | >20", "25"),
        ("10-20", "20"),
        ("10!-20", "21"),
        ("1Mi-1Gi", "500Mi"),
        ("!*:latest", "nginx:1.25"),
        ("*:?*", "nginx:1"),
        ("a|b", "b"),
        ("a|b", "a|b"),
        ("!", "!"),
        (">= 10", "10"),
        ("null", "null"),
    ] {
        assert!(text_matches(pattern, text), "{pattern} {text}");
    }
    for (pattern, text) in [
        ("<1h", "60m"),
        ("10-20", "21"),
        ("10!-20", "15"),
        ("!*:latest", "nginx:latest"),
        (">a", "b"),
        ("?*", ""),
        (">10 & <20", "20"),
    ] {
        assert!(!text_matches(pattern, text), "{pattern} {text}");
    }
}

#[test]
fn a_number_is_compared_as_a_number_and_matched_in_scientific_form() {
    assert!(matches("30", ScalarValue::Float(30.0)));
    assert!(matches("3E*", ScalarValue::Float(30.0)));
    assert!(matches("3*", ScalarValue::Int(30)));
    assert!(matches("1024-65535", ScalarValue::Int(8080)));
    assert!(matches(">=0.5", ScalarValue::Float(0.5)));
    assert!(matches("?*", ScalarValue::Bool(true)));
    assert!(matches("true", ScalarValue::Bool(true)));
}

#[test]
fn a_missing_value_satisfies_neither_a_text_nor_its_negation() {
    assert!(!matches("x", ScalarValue::Null));
    assert!(!matches("!x", ScalarValue::Null));
    assert!(!matches("*", ScalarValue::Null));
    // but as a number it is zero
    assert!(matches("<1", ScalarValue::Null));
}

#[test]
fn typed_patterns_want_their_value() {
    let pattern = |value| ScalarPattern::from_value(value);
    assert!(pattern(ScalarValue::Int(5)).matches(ScalarValue::Text("5")));
    assert!(pattern(ScalarValue::Int(5)).matches(ScalarValue::Float(5.0)));
    assert!(!pattern(ScalarValue::Int(5)).matches(ScalarValue::Float(5.5)));
    assert!(pattern(ScalarValue::Float(5.0)).matches(ScalarValue::Int(5)));
    assert!(!pattern(ScalarValue::Bool(true)).matches(ScalarValue::Text("true")));
    for zero in [
        ScalarValue::Null,
        ScalarValue::Int(0),
        ScalarValue::Text(""),
        ScalarValue::Bool(false),
    ] {
        assert!(pattern(ScalarValue::Null).matches(zero));
    }
}
