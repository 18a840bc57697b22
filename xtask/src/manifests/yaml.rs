//! JSON written as YAML that people like to read.

use serde_json::Value;

/// `value` as a document.
pub(super) fn written(value: &Value) -> String {
    let mut text = String::new();
    write(value, 0, &mut text);
    text
}

fn write(value: &Value, depth: usize, text: &mut String) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                text.push_str(&"  ".repeat(depth));
                text.push_str(&scalar(key));
                text.push(':');
                write_after(value, depth, text);
            }
        }
        Value::Array(items) => {
            for item in items {
                write_item(item, depth, text);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            text.push_str(&inline(value));
            text.push('\n');
        }
    }
}

/// What stands behind `key:`.
fn write_after(value: &Value, depth: usize, text: &mut String) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            text.push('\n');
            write(value, depth.saturating_add(1), text);
        }
        Value::Array(items) if !items.is_empty() => {
            text.push('\n');
            write(value, depth.saturating_add(1), text);
        }
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_) => {
            text.push(' ');
            text.push_str(&inline(value));
            text.push('\n');
        }
    }
}

/// `- item`: a mapping begins on the dash's line.
fn write_item(item: &Value, depth: usize, text: &mut String) {
    let mut inner = String::new();
    write(item, depth.saturating_add(1), &mut inner);
    let indent = "  ".repeat(depth);
    text.push_str(&indent);
    text.push_str("- ");
    text.push_str(inner.trim_start_matches(' '));
}

fn inline(value: &Value) -> String {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(word) => scalar(word),
        Value::Array(_) => "[]".to_owned(),
        Value::Object(_) => "{}".to_owned(),
    }
}

/// Text without quotes where nothing else can be read into it.
fn scalar(word: &str) -> String {
    let is_plain = !word.is_empty()
        && !["true", "false", "null", "yes", "no", "on", "off"].contains(&word)
        && word.starts_with(|first: char| first.is_ascii_alphabetic())
        && word
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || "-_./ ".contains(letter))
        && !word.ends_with(' ');
    if is_plain {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_could_be_read_as_something_else_is_quoted() {
        let value = json!({"a": [{"b": "true", "c": []}, "x y"], "d": {"e": ".spec"}, "f": {}});
        assert_eq!(
            written(&value),
            "a:\n  - b: 'true'\n    c: []\n  - x y\nd:\n  e: '.spec'\nf: {}\n"
        );
    }
}
