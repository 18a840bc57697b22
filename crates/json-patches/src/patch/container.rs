//! One step into a map or list: get, set, add, remove under evanphx's rules for indices.

use serde_json::Value;

use super::fault::StepFault;

/// Reads a list index; negative ones count from the end.
pub(super) fn parse_index(token: &str) -> Result<i64, StepFault> {
    token.parse().map_err(|_| StepFault::NotAnIndex(token.to_owned()))
}

/// Where `index` points in a list with `places` places: from the front, or from the end when negative.
fn place(index: i64, places: usize) -> Option<usize> {
    if index >= 0 {
        let index = usize::try_from(index).ok()?;
        (index < places).then_some(index)
    } else {
        let back = usize::try_from(index.unsigned_abs()).ok()?;
        places.checked_sub(back)
    }
}

/// Whether a value can hold children.
pub(super) fn is_container(value: &Value) -> bool {
    value.is_object() || value.is_array()
}

/// The child at `token`.
pub(super) fn get<'a>(container: &'a Value, token: &str) -> Result<&'a Value, StepFault> {
    match container {
        Value::Object(map) => map
            .get(token)
            .ok_or_else(|| StepFault::NoSuchKey(token.to_owned())),
        Value::Array(list) => {
            let index = parse_index(token)?;
            place(index, list.len())
                .and_then(|at| list.get(at))
                .ok_or(StepFault::NoSuchIndex(index))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Err(StepFault::NotAContainer),
    }
}

/// The child at `token`, to be changed.
pub(super) fn get_mut<'a>(container: &'a mut Value, token: &str) -> Result<&'a mut Value, StepFault> {
    match container {
        Value::Object(map) => map
            .get_mut(token)
            .ok_or_else(|| StepFault::NoSuchKey(token.to_owned())),
        Value::Array(list) => {
            let index = parse_index(token)?;
            let at = place(index, list.len());
            at.and_then(|at| list.get_mut(at))
                .ok_or(StepFault::NoSuchIndex(index))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Err(StepFault::NotAContainer),
    }
}

/// The container in which the last of `tokens` would stand, when every step on the way is there.
pub(super) fn walk<'a>(document: &'a mut Value, tokens: &[String]) -> Option<&'a mut Value> {
    let end = tokens
        .iter()
        .try_fold(document, |at, token| get_mut(at, token).ok())?;
    is_container(end).then_some(end)
}

/// Sets a map entry, or inserts into a list (`-` appends, `-1` too).
pub(super) fn add(container: &mut Value, token: &str, value: Value) -> Result<(), StepFault> {
    match container {
        Value::Object(map) => {
            map.insert(token.to_owned(), value);
            Ok(())
        }
        Value::Array(list) if token == "-" => {
            list.push(value);
            Ok(())
        }
        Value::Array(list) => {
            let index = parse_index(token).map_err(|_| StepFault::NotAnIndexToAdd(token.to_owned()))?;
            let at = place(index, list.len().saturating_add(1)).ok_or(StepFault::NoSuchIndex(index))?;
            list.insert(at, value);
            Ok(())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Err(StepFault::NotAContainer),
    }
}

/// Takes out the child at `token`.
pub(super) fn remove(container: &mut Value, token: &str) -> Result<Value, StepFault> {
    match container {
        Value::Object(map) => map
            .remove(token)
            .ok_or_else(|| StepFault::NothingToRemove(token.to_owned())),
        Value::Array(list) => {
            let index = parse_index(token)?;
            match place(index, list.len()) {
                Some(at) if at < list.len() => Ok(list.remove(at)),
                Some(_) | None => Err(StepFault::NoSuchIndex(index)),
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Err(StepFault::NotAContainer),
    }
}
