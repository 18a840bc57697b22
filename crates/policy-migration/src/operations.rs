//! Preconditions that only ask which operation a request is: the commonest there are.
//!
//! In: `preconditions`. Out: the operations under which they hold. Anything else is not said: it would need JMESPath.

use serde_json::Value;

use crate::document_value::list;
use crate::translation::{Said, Unsaid};

/// Operations that a request may be.
pub(crate) const OPERATIONS: [&str; 4] = ["CREATE", "UPDATE", "DELETE", "CONNECT"];

/// The operations of [`OPERATIONS`] under which `preconditions`, which stand at `path`, hold.
///
/// # Errors
/// A condition about anything else.
pub(crate) fn allowed_by(preconditions: &Value, path: &str) -> Said<Vec<&'static str>> {
    let block = |name: &str| -> Option<Vec<(&Value, String)>> {
        let written = match preconditions.as_array() {
            Some(items) => (name == "all").then_some(items),
            None => preconditions.get(name).and_then(Value::as_array),
        };
        written.map(|items| {
            let places = items.iter().enumerate();
            places
                .map(|(index, item)| (item, format!("{path}.{name}[{index}]")))
                .collect()
        })
    };
    let (any, all) = (block("any"), block("all"));
    let mut allowed = Vec::new();
    for operation in OPERATIONS {
        let judge = |conditions: &[(&Value, String)]| -> Said<Vec<bool>> {
            conditions
                .iter()
                .map(|(one, at)| holds(one, operation, at))
                .collect()
        };
        let of_any = any.as_deref().map(judge).transpose()?;
        let of_all = all.as_deref().map(judge).transpose()?;
        let holds_any = of_any.is_none_or(|found| found.contains(&true));
        if holds_any && of_all.is_none_or(|found| !found.contains(&false)) {
            allowed.push(operation);
        }
    }
    Ok(allowed)
}

fn holds(condition: &Value, operation: &str, path: &str) -> Said<bool> {
    let unsaid = |reason: &str| Unsaid::new(path, reason);
    let key = condition.get("key").and_then(Value::as_str).unwrap_or_default();
    if !is_operation(key) {
        return Err(unsaid("only conditions on `{{ request.operation }}` can be said"));
    }
    let value = condition.get("value").unwrap_or(&Value::Null);
    let wanted: Vec<&str> = match value {
        Value::String(one) => vec![one.as_str()],
        Value::Array(_) => list(condition, "value")
            .iter()
            .filter_map(Value::as_str)
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Vec::new(),
    };
    if wanted.is_empty()
        || wanted
            .iter()
            .any(|one| !OPERATIONS.contains(one) && *one != "BACKGROUND")
    {
        return Err(unsaid("the value is no operation"));
    }
    let is_in = wanted.contains(&operation);
    let operator = condition
        .get("operator")
        .and_then(Value::as_str)
        .unwrap_or_default();
    match operator.to_ascii_lowercase().as_str() {
        "equals" | "equal" if value.is_string() => Ok(is_in),
        "notequals" | "notequal" if value.is_string() => Ok(!is_in),
        "anyin" | "allin" if value.is_array() => Ok(is_in),
        "anynotin" | "allnotin" if value.is_array() => Ok(!is_in),
        "in" if value.is_array() => Ok(is_in),
        "notin" if value.is_array() => Ok(!is_in),
        _ => Err(unsaid("this operator can't be said of an operation")),
    }
}

/// Whether `key` is the variable of the operation, perhaps with a word for its absence.
fn is_operation(key: &str) -> bool {
    let inner = key
        .trim()
        .strip_prefix("{{")
        .and_then(|rest| rest.strip_suffix("}}"));
    inner.is_some_and(|inner| {
        let (name, fallback) = inner.split_once("||").unwrap_or((inner, ""));
        let fallback = fallback.trim().trim_matches(['\'', '"', '`']);
        name.trim() == "request.operation" && matches!(fallback, "" | "BACKGROUND")
    })
}
