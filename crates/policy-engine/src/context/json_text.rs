//! JSON values as Go prints them: compact JSON for interpolation, `%v` for messages and comparison.
//!
//! In: a value. Out: text. Bounded by the value's own size; deeper than [`MAX_PRINTED_DEPTH`] prints as `…`.
//! Keys are sorted. Numbers print as float64, which is what they are in Kyverno's context.
//!
//! Behaviour: Go's encoding/json (without HTML escapes) and fmt `%v`, `%T`.

use std::borrow::Cow;

use serde_json::Value;

/// Levels of nesting that are printed.
pub const MAX_PRINTED_DEPTH: usize = 128;

/// Compact JSON, keys sorted.
#[must_use]
pub fn compact(value: &Value) -> String {
    let mut out = String::new();
    write_compact(value, &mut out, 0);
    out
}

fn write_compact(value: &Value, out: &mut String, depth: usize) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Value::Number(number) => out.push_str(&number_text(number, |float| {
            scalars::numbers::format_json(float).unwrap_or_else(|| "null".to_owned())
        })),
        Value::String(text) => write_quoted(text, out),
        Value::Array(_) | Value::Object(_) if depth >= MAX_PRINTED_DEPTH => out.push_str("\"…\""),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_compact(item, out, depth + 1);
            }
            out.push(']');
        }
        Value::Object(fields) => {
            out.push('{');
            for (index, (key, item)) in sorted(fields).into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_quoted(key, out);
                out.push(':');
                write_compact(item, out, depth + 1);
            }
            out.push('}');
        }
    }
}

/// `%v`: text as it is, numbers as `3` and `1e+06`, `<nil>`, `[a b]`, `map[k:v]`.
#[must_use]
pub fn display(value: &Value) -> String {
    let mut out = String::new();
    write_display(value, &mut out, 0);
    out
}

fn write_display(value: &Value, out: &mut String, depth: usize) {
    match value {
        Value::Null => out.push_str("<nil>"),
        Value::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Value::Number(number) => out.push_str(&number_text(number, scalars::numbers::format_v)),
        Value::String(text) => out.push_str(text),
        Value::Array(_) | Value::Object(_) if depth >= MAX_PRINTED_DEPTH => out.push('…'),
        Value::Array(items) => write_display_list(items, out, depth),
        Value::Object(fields) => {
            out.push_str("map[");
            for (index, (key, item)) in sorted(fields).into_iter().enumerate() {
                if index > 0 {
                    out.push(' ');
                }
                out.push_str(key);
                out.push(':');
                write_display(item, out, depth + 1);
            }
            out.push(']');
        }
    }
}

/// `%v`, text as it stands.
#[must_use]
pub fn shown(value: &Value) -> Cow<'_, str> {
    match value.as_str() {
        Some(text) => Cow::Borrowed(text),
        None => Cow::Owned(display(value)),
    }
}

/// `%v` of a list.
#[must_use]
pub fn display_list(items: &[Value]) -> String {
    let mut out = String::new();
    write_display_list(items, &mut out, 0);
    out
}

fn write_display_list(items: &[Value], out: &mut String, depth: usize) {
    out.push('[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(' ');
        }
        write_display(item, out, depth + 1);
    }
    out.push(']');
}

/// `%T`.
#[must_use]
pub fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

/// Whether two values are equal as JSON: `3` and `3.0` are one number. Deeper than [`MAX_PRINTED_DEPTH`] nothing is equal.
#[must_use]
pub fn equal(left: &Value, right: &Value) -> bool {
    equal_to_depth(left, right, 0)
}

fn equal_to_depth(left: &Value, right: &Value, depth: usize) -> bool {
    if depth > MAX_PRINTED_DEPTH {
        return false;
    }
    match (left, right) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal_to_depth(a, b, depth + 1))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(key, a)| b.get(key).is_some_and(|b| equal_to_depth(a, b, depth + 1)))
        }
        _ => left == right,
    }
}

/// Bytes of the value as compact JSON, nearly: escapes are not counted.
#[must_use]
pub fn size(value: &Value) -> usize {
    let mut bytes = 0_usize;
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        let own = match value {
            Value::Null | Value::Bool(_) => 5,
            Value::Number(_) => 8,
            Value::String(text) => text.len().saturating_add(2),
            Value::Array(items) => {
                open.extend(items);
                items.len().saturating_add(2)
            }
            Value::Object(fields) => {
                open.extend(fields.values());
                fields.keys().fold(2_usize, |bytes, key| {
                    bytes.saturating_add(key.len()).saturating_add(4)
                })
            }
        };
        bytes = bytes.saturating_add(own);
    }
    bytes
}

/// Whether the value is nested deeper than `most` levels.
#[must_use]
pub fn is_deeper_than(value: &Value, most: usize) -> bool {
    let mut open = vec![(value, 0_usize)];
    while let Some((value, depth)) = open.pop() {
        if depth > most {
            return true;
        }
        match value {
            Value::Array(items) => open.extend(items.iter().map(|item| (item, depth + 1))),
            Value::Object(fields) => open.extend(fields.values().map(|item| (item, depth + 1))),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    false
}

/// The fields of an object in the order of their keys, whatever order they were written in.
pub fn sorted(fields: &serde_json::Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut fields: Vec<_> = fields.iter().collect();
    fields.sort_by_key(|(key, _)| *key);
    fields
}

fn number_text(number: &serde_json::Number, print_float: impl Fn(f64) -> String) -> String {
    number.as_f64().map_or_else(|| number.to_string(), print_float)
}

fn write_quoted(text: &str, out: &mut String) {
    // a string always serializes
    out.push_str(&serde_json::to_string(text).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_print_as_go_prints_them() {
        // value, compact JSON, %v
        for (value, json, v) in [
            (json!(null), "null", "<nil>"),
            (json!(3.0), "3", "3"),
            (json!(1_000_000), "1000000", "1e+06"),
            (json!("a\"b"), "\"a\\\"b\"", "a\"b"),
            (json!(["a", 1, true]), "[\"a\",1,true]", "[a 1 true]"),
            (
                json!({"b": {"c": []}, "a": null}),
                "{\"a\":null,\"b\":{\"c\":[]}}",
                "map[a:<nil> b:map[c:[]]]",
            ),
        ] {
            assert_eq!(compact(&value), json);
            assert_eq!(display(&value), v);
        }
    }

    #[test]
    fn a_number_equals_itself_however_it_is_written() {
        assert!(equal(&json!({"a": [1, 2.0]}), &json!({"a": [1.0, 2]})));
        assert!(!equal(&json!([1, 2]), &json!([2, 1])));
        assert!(!equal(&json!({"a": 1}), &json!({"b": 1})));
    }
}
