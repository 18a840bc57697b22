//! Resolves the anchors of a patch against the resource, leaving a plain strategic merge patch.
//!
//! In: patch and resource. Out: the patch without anchors, or nothing when only anchors were in it, or the condition
//! that halts it. A map that the author wrote empty stays; one that held only anchors goes.

use serde_json::{Map, Value};

use super::Condition;
use super::anchor::{PatchKey, has_anchor, is_anchored, is_global};
use super::fault::{Mismatch, StrategicError, node_kind};

/// What ends the preprocessing of a map.
#[derive(Debug)]
pub(super) enum Halt {
    /// A condition is not met: in a list, the next element is tried
    NotMet(Mismatch),
    /// A global condition is not met
    GloballyNotMet(Mismatch),
    /// The patch is faulty
    Failed(StrategicError),
}

impl From<StrategicError> for Halt {
    fn from(error: StrategicError) -> Self {
        Self::Failed(error)
    }
}

pub(super) fn preprocess(
    patch: &Value,
    resource: &Value,
    condition: Condition<'_>,
) -> Result<Option<Value>, Halt> {
    if !patch.is_object() {
        return Err(StrategicError::NotAMap(node_kind(patch)).into());
    }
    check_anchors(patch)?;
    resolve(patch, Some(resource), condition)
}

/// Refuses anchors of validation outside of conditions, in parts of the patch that do not apply too.
fn check_anchors(patch: &Value) -> Result<(), StrategicError> {
    match patch {
        Value::Object(map) => map
            .iter()
            .try_for_each(|(key, value)| match PatchKey::parse(key) {
                PatchKey::Plain(_) | PatchKey::AddIfAbsent(_) => check_anchors(value),
                PatchKey::Condition(_) | PatchKey::Global(_) => Ok(()),
                PatchKey::Validation(key) => Err(StrategicError::UnsupportedAnchor(key.to_owned())),
            }),
        Value::Array(list) => list.iter().try_for_each(check_anchors),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}

fn resolve(patch: &Value, resource: Option<&Value>, condition: Condition<'_>) -> Result<Option<Value>, Halt> {
    match patch {
        Value::Object(map) => resolve_map(map, resource, condition),
        Value::Array(list) => resolve_list(list, resource, condition),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(Some(patch.clone())),
    }
}

fn resolve_map(
    patch: &Map<String, Value>,
    resource: Option<&Value>,
    condition: Condition<'_>,
) -> Result<Option<Value>, Halt> {
    let keys: Vec<_> = patch
        .iter()
        .map(|(key, value)| (PatchKey::parse(key), value))
        .collect();
    let field = |key: &str| resource.and_then(|resource| resource.get(key));
    for (key, pattern) in &keys {
        if let PatchKey::Global(key) = key {
            check(key, field(key), pattern, condition).map_err(Halt::GloballyNotMet)?;
        }
    }
    for (key, pattern) in &keys {
        if let PatchKey::Condition(key) = key {
            check(key, field(key), pattern, condition).map_err(Halt::NotMet)?;
        }
    }
    let mut plain = Map::new();
    for (key, value) in keys {
        let (key, left) = match key {
            PatchKey::Plain(key) => (key, resolve(value, field(key), condition)?),
            PatchKey::AddIfAbsent(key) if field(key).is_some() => continue,
            PatchKey::AddIfAbsent(key) => (key, resolve(value, None, condition)?),
            PatchKey::Condition(key) | PatchKey::Global(key) => (key, rest_of_condition(value, field(key))),
            PatchKey::Validation(_) => continue,
        };
        if let Some(left) = left {
            plain.insert(key.to_owned(), left);
        }
    }
    let held_only_anchors = plain.is_empty() && !patch.is_empty();
    Ok((!held_only_anchors).then_some(Value::Object(plain)))
}

/// Checks one condition. A map that holds `+(key)` at its top is no condition but an addition, as in Kyverno.
fn check(
    key: &str,
    found: Option<&Value>,
    pattern: &Value,
    condition: Condition<'_>,
) -> Result<(), Mismatch> {
    let Some(found) = found else {
        return Err(Mismatch {
            reason: format!("could not found \"{key}\" key in the resource"),
        });
    };
    let is_add = |key: &String| matches!(PatchKey::parse(key), PatchKey::AddIfAbsent(_));
    if pattern.as_object().is_some_and(|map| map.keys().any(is_add)) {
        return Ok(());
    }
    condition(&as_text(found), &as_text(pattern))
}

fn as_text(value: &Value) -> Value {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => Value::String(value.to_string()),
        Value::String(_) | Value::Array(_) | Value::Object(_) => value.clone(),
    }
}

/// What a satisfied condition leaves to merge: its nested content without anchors. A scalar leaves nothing.
fn rest_of_condition(pattern: &Value, resource: Option<&Value>) -> Option<Value> {
    if pattern.is_object() || pattern.is_array() {
        without_anchors(pattern, resource)
    } else {
        None
    }
}

fn without_anchors(pattern: &Value, resource: Option<&Value>) -> Option<Value> {
    match pattern {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Some(pattern.clone()),
        Value::Array(list) => {
            let plain = list.iter().filter(|element| !has_anchor(element, is_anchored));
            let left: Vec<_> = plain
                .filter_map(|element| without_anchors(element, None))
                .collect();
            (!left.is_empty() || list.is_empty()).then_some(Value::Array(left))
        }
        Value::Object(map) => {
            let field = |key: &str| resource.and_then(|resource| resource.get(key));
            let left: Map<_, _> = map
                .iter()
                .filter_map(|(key, value)| match PatchKey::parse(key) {
                    PatchKey::Plain(key) => Some((key.to_owned(), without_anchors(value, field(key))?)),
                    PatchKey::AddIfAbsent(key) if field(key).is_some() => None,
                    PatchKey::AddIfAbsent(key) => Some((key.to_owned(), without_anchors(value, None)?)),
                    PatchKey::Condition(key) | PatchKey::Global(key) => {
                        Some((key.to_owned(), rest_of_condition(value, field(key))?))
                    }
                    PatchKey::Validation(_) => None,
                })
                .collect();
            (!left.is_empty() || map.is_empty()).then_some(Value::Object(left))
        }
    }
}

/// Lists of maps: elements without anchors stay; each anchored one becomes one element for every resource element
/// it applies to, told apart by `name`. Global conditions must hold for one element at least and add nothing.
fn resolve_list(
    patch: &[Value],
    resource: Option<&Value>,
    condition: Condition<'_>,
) -> Result<Option<Value>, Halt> {
    if !patch.first().is_some_and(Value::is_object) {
        return Ok(Some(Value::Array(patch.to_vec())));
    }
    let present = match resource {
        None | Some(Value::Null) => None,
        Some(Value::Array(present)) => Some(present),
        Some(other) => {
            let (path, expected) = (String::from("a list of maps"), node_kind(other));
            return Err(StrategicError::WrongKind {
                path,
                expected,
                found: "SequenceNode",
            }
            .into());
        }
    };
    let (anchored, mut left): (Vec<_>, Vec<_>) = patch
        .iter()
        .cloned()
        .partition(|element| has_anchor(element, is_anchored));
    for element in anchored {
        match present {
            Some(present) => left.extend(expand(&element, present, condition)?),
            // Conditions on elements of a list that is not there: nothing to patch, but a global one halts.
            None => match resolve(&element, None, condition) {
                Ok(_) | Err(Halt::NotMet(_)) => {}
                Err(halt) => return Err(halt),
            },
        }
    }
    Ok((!left.is_empty()).then_some(Value::Array(left)))
}

/// One plain element for each of `present` that meets the conditions of `element` and has a name.
fn expand(element: &Value, present: &[Value], condition: Condition<'_>) -> Result<Vec<Value>, Halt> {
    let is_global_element = has_anchor(element, is_global);
    let mut expanded = Vec::new();
    let mut is_met = false;
    let mut not_met = None;
    for candidate in present {
        match resolve(element, Some(candidate), condition) {
            Ok(plain) => {
                is_met = true;
                expanded.extend(plain.and_then(|plain| named(plain, candidate)));
            }
            Err(Halt::NotMet(_)) => {}
            Err(Halt::GloballyNotMet(mismatch)) => not_met = Some(mismatch),
            Err(Halt::Failed(error)) => return Err(Halt::Failed(error)),
        }
    }
    match not_met {
        Some(mismatch) if !is_met => Err(Halt::GloballyNotMet(mismatch)),
        Some(_) | None if is_global_element => Ok(Vec::new()),
        Some(_) | None => Ok(expanded),
    }
}

/// `plain` with the name of the resource element it is for; nothing when that has none.
fn named(mut plain: Value, candidate: &Value) -> Option<Value> {
    let name = candidate.get("name").filter(|name| !is_empty(name))?;
    plain.as_object_mut()?.insert("name".to_owned(), name.clone());
    Some(plain)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(map) => map.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}
