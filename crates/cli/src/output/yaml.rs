//! JSON values as YAML, as Kubernetes' tools write it: keys sorted, two spaces, strings quoted where they must be.

use policy_engine::decision::yaml_text;
use serde_json::Value;

/// How deep a value is written as blocks; deeper it is written as JSON on one line, which is YAML too.
const DEEPEST_BLOCK: usize = 100;

/// `value` as a YAML document, ending with a line break.
pub(crate) fn to_yaml(value: &Value) -> String {
    let mut text = String::new();
    if is_block(value, 0) {
        block(value, 0, &mut text);
    } else {
        text.push_str(&scalar(value, 0));
        text.push('\n');
    }
    text
}

fn block(value: &Value, depth: usize, text: &mut String) {
    let pad = "  ".repeat(depth);
    match value {
        Value::Object(fields) => {
            let mut sorted: Vec<(&String, &Value)> = fields.iter().collect();
            sorted.sort_by_key(|(key, _)| *key);
            for (key, inner) in sorted {
                text.push_str(&format!("{pad}{}:", yaml_text(key, 0)));
                field(inner, depth, text);
            }
        }
        Value::Array(items) => {
            for item in items {
                text.push_str(&format!("{pad}-"));
                element(item, depth, text);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn is_block(value: &Value, depth: usize) -> bool {
    let filled = value.as_object().is_some_and(|fields| !fields.is_empty())
        || value.as_array().is_some_and(|items| !items.is_empty());
    filled && depth < DEEPEST_BLOCK
}

/// The value behind `key:`; lists stand at the key's own depth, as Kubernetes' tools put them.
fn field(value: &Value, depth: usize, text: &mut String) {
    if !is_block(value, depth) {
        text.push_str(&format!(" {}\n", scalar(value, depth.saturating_add(1))));
        return;
    }
    text.push('\n');
    let deeper = if value.is_array() {
        depth
    } else {
        depth.saturating_add(1)
    };
    block(value, deeper, text);
}

/// The value behind `-`: a mapping starts on the same line.
fn element(value: &Value, depth: usize, text: &mut String) {
    if !is_block(value, depth) {
        text.push_str(&format!(" {}\n", scalar(value, depth.saturating_add(1))));
        return;
    }
    let mut inner = String::new();
    block(value, depth.saturating_add(1), &mut inner);
    text.push(' ');
    text.push_str(inner.trim_start_matches(' '));
}

fn scalar(value: &Value, depth: usize) -> String {
    match value.as_str() {
        Some(string) => yaml_text(string, depth.saturating_mul(2)),
        None => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_value_reads_back_as_it_was() {
        let value = json!({"b": [{"x": 1, "y": [1, 2]}, "s", [], {}], "a": {"k": "line\nline", "yes": "true", "n": null}, "z": "a: b"});
        let text = to_yaml(&value);
        assert_eq!(manifest::read_value(&text).unwrap(), value, "{text}");
    }

    #[test]
    fn it_looks_as_kubernetes_tools_write_it() {
        let value = json!({"spec": {"containers": [{"name": "c", "image": "nginx"}]}});
        assert_eq!(
            to_yaml(&value),
            "spec:\n  containers:\n  - image: nginx\n    name: c\n"
        );
    }
}
