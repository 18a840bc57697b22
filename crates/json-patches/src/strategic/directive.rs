//! Directives of a strategic merge patch: `$patch`, `$retainKeys`, `$setElementOrder/…`, `$deleteFromPrimitiveList/…`.
//!
//! kustomize, and so Kyverno 1.19, only knows `$patch` and writes the others into the object as if they were fields;
//! here they mean what they mean to the API server.

use serde_json::{Map, Value};

use super::fault::StrategicError;

const PATCH: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const SET_ELEMENT_ORDER: &str = "$setElementOrder/";
const DELETE_FROM_PRIMITIVE_LIST: &str = "$deleteFromPrimitiveList/";

/// What a map or list of the patch does to its counterpart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strategy {
    Merge,
    Replace,
    Delete,
}

/// What `$patch` of a map says; without it, merge.
pub(super) fn strategy(patch: &Map<String, Value>) -> Result<Strategy, StrategicError> {
    match patch.get(PATCH) {
        None => Ok(Strategy::Merge),
        Some(Value::String(text)) if text == "merge" => Ok(Strategy::Merge),
        Some(Value::String(text)) if text == "replace" => Ok(Strategy::Replace),
        Some(Value::String(text)) if text == "delete" => Ok(Strategy::Delete),
        Some(other) => {
            let text = other.as_str().map_or_else(|| other.to_string(), str::to_owned);
            Err(StrategicError::UnknownDirective(text))
        }
    }
}

/// Whether a list element is nothing but a directive for its list.
pub(super) fn is_for_list(element: &Value) -> bool {
    element
        .as_object()
        .is_some_and(|map| map.len() == 1 && map.contains_key(PATCH))
}

/// What the elements of a list say of the list itself.
pub(super) fn list_strategy(patch: &[Value]) -> Result<Strategy, StrategicError> {
    let directive = patch
        .iter()
        .find(|element| is_for_list(element))
        .and_then(Value::as_object);
    directive.map_or(Ok(Strategy::Merge), strategy)
}

/// Whether a key of the patch is a directive and not a field.
pub(super) fn is_directive(key: &str) -> bool {
    key == PATCH
        || key == RETAIN_KEYS
        || key.starts_with(SET_ELEMENT_ORDER)
        || key.starts_with(DELETE_FROM_PRIMITIVE_LIST)
}

/// Drops the fields `$retainKeys` does not name.
pub(super) fn retain_keys(present: &mut Map<String, Value>, patch: &Map<String, Value>) {
    if let Some(Value::Array(kept)) = patch.get(RETAIN_KEYS) {
        present.retain(|key, _| kept.iter().any(|name| name.as_str() == Some(key.as_str())));
    }
}

/// Drops the scalars `$deleteFromPrimitiveList/field` names.
pub(super) fn delete_scalars(present: &mut Map<String, Value>, patch: &Map<String, Value>) {
    for (field, deleted) in lists(patch, DELETE_FROM_PRIMITIVE_LIST) {
        if let Some(Value::Array(list)) = present.get_mut(field) {
            list.retain(|element| !deleted.contains(element));
        }
    }
}

/// Orders lists as `$setElementOrder/field` says: the elements it names first, the others after them as they were.
pub(super) fn set_order(merged: &mut Map<String, Value>, patch: &Map<String, Value>) {
    for (field, order) in lists(patch, SET_ELEMENT_ORDER) {
        if let Some(Value::Array(list)) = merged.get_mut(field) {
            list.sort_by_key(|element| {
                order
                    .iter()
                    .position(|wanted| is_named_by(element, wanted))
                    .unwrap_or(usize::MAX)
            });
        }
    }
}

/// The directives with this prefix: the field each is about, and its list.
fn lists<'a>(
    patch: &'a Map<String, Value>,
    prefix: &'static str,
) -> impl Iterator<Item = (&'a str, &'a Vec<Value>)> {
    patch
        .iter()
        .filter_map(move |(key, value)| Some((key.strip_prefix(prefix)?, value.as_array()?)))
}

fn is_named_by(element: &Value, wanted: &Value) -> bool {
    match wanted {
        Value::Object(keys) => keys.iter().all(|(key, value)| element.get(key) == Some(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            element == wanted
        }
    }
}
