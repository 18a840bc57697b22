use super::*;
use serde_json::json;

#[test]
fn json_reads_as_go_reads_it() {
    for (text, value) in [
        (
            r#" {"a": [1, 2.5, -0], "b": null} "#,
            json!({"a": [1, 2.5, 0], "b": null}),
        ),
        (r#""\ud83d\ude00 \ud83d x \u00e9\n""#, json!("😀 \u{fffd} x é\n")),
        (r#"{"a": 1, "a": 2}"#, json!({"a": 2})),
        ("1e3", json!(1000)),
    ] {
        assert_eq!(read(text), Ok(value), "{text}");
    }
}

#[test]
fn what_is_no_json_is_refused_in_gos_words() {
    for (text, error) in [
        ("", "unexpected end of JSON input"),
        ("{\"a\":", "unexpected end of JSON input"),
        ("x", "invalid character 'x' looking for beginning of value"),
        ("[1 2]", "invalid character '2' after array element"),
        (
            "{a}",
            "invalid character 'a' looking for beginning of object key string",
        ),
        ("{\"a\" 1}", "invalid character '1' after object key"),
        ("{\"a\":1 2}", "invalid character '2' after object key:value pair"),
        ("1 2", "invalid character '2' after top-level value"),
        ("01", "invalid character '1' after top-level value"),
        ("tru", "invalid character ' ' in literal true (expecting 'e')"),
        ("trux", "invalid character 'x' in literal true (expecting 'e')"),
        (
            "\"\\u\"",
            "invalid character '\"' in \\u hexadecimal character escape",
        ),
        ("\"\\q\"", "invalid character 'q' in string escape code"),
        ("\"\n\"", "invalid character '\\n' in string literal"),
        ("-", "invalid character ' ' in numeric literal"),
        (
            "1.",
            "invalid character ' ' after decimal point in numeric literal",
        ),
        (
            "1e999",
            "json: cannot unmarshal number 1e999 into Go value of type float64",
        ),
    ] {
        assert_eq!(
            read(text).map_err(|e| e.to_string()),
            Err(error.to_owned()),
            "{text}"
        );
    }
    assert_eq!(read(&"[".repeat(100_000)), Err(JsonError::Depth));
}
