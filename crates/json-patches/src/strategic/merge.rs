//! Merges a plain strategic merge patch (no anchors left) into a resource.

use std::fmt;

use serde_json::{Map, Value};

use super::directive::{Strategy, delete_scalars, is_directive, retain_keys, set_order, strategy};
use super::fault::{StrategicError, node_kind};
use super::list::merge_list;
use super::schema::{MergeKeys, Shape};

/// Where the merge is, for error messages: a chain of keys back to the root.
#[derive(Debug, Clone, Copy)]
pub(super) struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    key: &'a str,
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parent {
            None => Ok(()),
            Some(parent) => write!(out, "{parent}/{}", self.key),
        }
    }
}

/// How the list at this place is merged; nothing for one that is replaced.
type ListMerge = Option<(MergeKeys, Option<Shape>)>;

pub(super) fn merge_resource(resource: &Value, patch: &Value) -> Result<Value, StrategicError> {
    let root = Path {
        parent: None,
        key: "",
    };
    let merged = merge_value(Some(resource.clone()), patch, None, None, root)?;
    Ok(merged.unwrap_or_else(|| resource.clone()))
}

/// `present` with `patch` merged into it; nothing when the patch removes it.
pub(super) fn merge_value(
    present: Option<Value>,
    patch: &Value,
    shape: Option<Shape>,
    list: ListMerge,
    path: Path<'_>,
) -> Result<Option<Value>, StrategicError> {
    let present = present.filter(|value| !value.is_null());
    match (present, patch) {
        (_, Value::Null) => Ok(None),
        (None, Value::Object(patch)) => merge_map(Map::new(), patch, shape, path),
        (Some(Value::Object(present)), Value::Object(patch)) => merge_map(present, patch, shape, path),
        (None, Value::Array(patch)) => merge_lists(Vec::new(), patch, list, path),
        (Some(Value::Array(present)), Value::Array(patch)) => merge_lists(present, patch, list, path),
        (None, scalar) => Ok(Some(scalar.clone())),
        (Some(Value::String(_)), Value::Bool(_) | Value::Number(_)) => {
            Ok(Some(Value::String(patch.to_string())))
        }
        (Some(present), patch) if node_kind(&present) == node_kind(patch) => Ok(Some(patch.clone())),
        (Some(present), patch) => {
            let (expected, found) = (node_kind(&present), node_kind(patch));
            Err(StrategicError::WrongKind {
                path: path.to_string(),
                expected,
                found,
            })
        }
    }
}

fn merge_map(
    present: Map<String, Value>,
    patch: &Map<String, Value>,
    shape: Option<Shape>,
    path: Path<'_>,
) -> Result<Option<Value>, StrategicError> {
    let shape = shape.or_else(|| shape_of(&present)).or_else(|| shape_of(patch));
    let mut merged = match strategy(patch)? {
        Strategy::Delete => return Ok(None),
        Strategy::Replace => Map::new(),
        Strategy::Merge => present,
    };
    retain_keys(&mut merged, patch);
    delete_scalars(&mut merged, patch);
    for (key, value) in patch.iter().filter(|(key, _)| !is_directive(key)) {
        let (inner, list) = (
            shape.and_then(|shape| shape.field(key)),
            shape.and_then(|shape| shape.list(key)),
        );
        let path = Path {
            parent: Some(&path),
            key,
        };
        if let Some(value) = merge_value(merged.remove(key), value, inner, list, path)? {
            merged.insert(key.clone(), value);
        }
    }
    set_order(&mut merged, patch);
    Ok(Some(Value::Object(merged)))
}

fn merge_lists(
    present: Vec<Value>,
    patch: &[Value],
    list: ListMerge,
    path: Path<'_>,
) -> Result<Option<Value>, StrategicError> {
    match list {
        None => Ok(Some(Value::Array(patch.to_vec()))),
        Some((keys, shape)) => Ok(merge_list(present, patch, keys, shape, path)?.map(Value::Array)),
    }
}

/// The shape of a map that says itself what it is.
fn shape_of(object: &Map<String, Value>) -> Option<Shape> {
    Shape::of_object(object.get("apiVersion")?.as_str()?, object.get("kind")?.as_str()?)
}
