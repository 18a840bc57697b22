//! Reading a document that is known to have its shape.

use serde_json::Value;

/// The texts in the list under `field`; none where it is absent.
pub(crate) fn texts<'v>(holder: &'v Value, field: &str) -> Vec<&'v str> {
    let list = holder.get(field).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The text under `field`; empty where it is absent.
pub(crate) fn text<'v>(holder: &'v Value, field: &str) -> &'v str {
    holder.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// The list under `field`; empty where it is absent.
pub(crate) fn list<'v>(holder: &'v Value, field: &str) -> &'v [Value] {
    let list = holder.get(field).and_then(Value::as_array);
    list.map(Vec::as_slice).unwrap_or_default()
}

/// Whether `field` says something: it is there, and neither null nor empty.
pub(crate) fn says(holder: &Value, field: &str) -> bool {
    holder.get(field).is_some_and(|value| match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
    })
}

/// Whether some text in `value`, keys included, holds a variable or a reference.
pub(crate) fn variable_in(value: &Value, path: &str) -> Option<String> {
    let is_variable = |text: &str| text.contains("{{") || text.contains("$(");
    match value {
        Value::String(text) if is_variable(text) => Some(path.to_owned()),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(index, item)| variable_in(item, &format!("{path}[{index}]"))),
        Value::Object(fields) => fields.iter().find_map(|(key, item)| {
            let below = format!("{path}.{key}");
            if is_variable(key) {
                Some(below)
            } else {
                variable_in(item, &below)
            }
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}
