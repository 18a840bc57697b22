//! Merges a list by the keys of its elements, or as a set of scalars.

use serde_json::Value;

use super::directive::{Strategy, is_for_list, list_strategy};
use super::fault::{StrategicError, node_kind};
use super::merge::{Path, merge_value};
use super::schema::{MergeKeys, Shape};

/// The merged list; nothing when the patch deletes it.
///
/// Elements of the patch come first, in the patch's order; in lists with several keys those that have a counterpart
/// stay in its place (kustomize orders both so). An element whose secondary key, a port's protocol, is missing on one
/// side meets its counterpart by the first key.
pub(super) fn merge_list(
    present: Vec<Value>,
    patch: &[Value],
    keys: MergeKeys,
    shape: Option<Shape>,
    path: Path<'_>,
) -> Result<Option<Vec<Value>>, StrategicError> {
    let present = match list_strategy(patch)? {
        Strategy::Delete => return Ok(None),
        Strategy::Replace => Vec::new(),
        Strategy::Merge => present,
    };
    let elements = patch.iter().filter(|element| !is_for_list(element));
    let Some(first_key) = keys.first() else {
        return Ok(Some(merge_scalars(present, elements)));
    };
    let has_present = !present.is_empty();
    let mut lists = Lists {
        front: Vec::new(),
        rest: present,
        keys,
        shape,
    };
    for element in elements {
        if !element.is_object() {
            let (expected, found) = ("MappingNode", node_kind(element));
            return Err(StrategicError::WrongKind {
                path: path.to_string(),
                expected,
                found,
            });
        }
        if has_present && keys.iter().all(|key| key_text(element, key).is_none()) {
            return Err(StrategicError::NoMergeKey {
                path: path.to_string(),
                key: first_key,
            });
        }
        lists.merge_element(element, path)?;
    }
    lists.front.append(&mut lists.rest);
    Ok(Some(lists.front))
}

/// A list while it is merged.
struct Lists {
    /// What the patch added or moved to the front
    front: Vec<Value>,
    /// What has not been moved
    rest: Vec<Value>,
    keys: MergeKeys,
    shape: Option<Shape>,
}

impl Lists {
    fn merge_element(&mut self, element: &Value, path: Path<'_>) -> Result<(), StrategicError> {
        let (front, rest) = (
            self.counterparts(&self.front, element),
            self.counterparts(&self.rest, element),
        );
        let has_counterpart = !front.is_empty() || !rest.is_empty();
        let moves = self.keys.len() == 1;
        for (at, present) in std::mem::take(&mut self.front).into_iter().enumerate() {
            let patched = if front.contains(&at) {
                self.patched(present, element, path)?
            } else {
                Some(present)
            };
            self.front.extend(patched);
        }
        for (at, present) in std::mem::take(&mut self.rest).into_iter().enumerate() {
            if rest.contains(&at) {
                let patched = self.patched(present, element, path)?;
                if moves { &mut self.front } else { &mut self.rest }.extend(patched);
            } else {
                self.rest.push(present);
            }
        }
        if !has_counterpart {
            self.front
                .extend(merge_value(None, element, self.shape, None, path)?);
        }
        Ok(())
    }

    fn patched(
        &self,
        present: Value,
        element: &Value,
        path: Path<'_>,
    ) -> Result<Option<Value>, StrategicError> {
        merge_value(Some(present), element, self.shape, None, path)
    }

    /// Where in `list` the elements are that `element` patches: those with all keys equal, else the first that is
    /// equal but for a secondary key one side is silent about.
    fn counterparts(&self, list: &[Value], element: &Value) -> Vec<usize> {
        if self.keys.iter().all(|key| key_text(element, key).is_none()) {
            return Vec::new();
        }
        let places = |accepts_silence: bool| {
            let same = list
                .iter()
                .enumerate()
                .filter(move |(_, present)| self.is_same(present, element, accepts_silence));
            same.map(|(at, _)| at)
        };
        let exact: Vec<usize> = places(false).collect();
        if exact.is_empty() {
            places(true).take(1).collect()
        } else {
            exact
        }
    }

    fn is_same(&self, present: &Value, element: &Value, accepts_silence: bool) -> bool {
        self.keys.iter().enumerate().all(|(at, key)| {
            let (one, other) = (key_text(present, key), key_text(element, key));
            one == other || (accepts_silence && at > 0 && (one.is_none() || other.is_none()))
        })
    }
}

/// The text of a merge key; nothing when it is missing, null or no scalar.
fn key_text(element: &Value, key: &str) -> Option<String> {
    match element.get(key)? {
        Value::String(text) => Some(text.clone()),
        scalar @ (Value::Number(_) | Value::Bool(_)) => Some(scalar.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn merge_scalars<'a>(present: Vec<Value>, patch: impl Iterator<Item = &'a Value>) -> Vec<Value> {
    let mut merged: Vec<Value> = Vec::new();
    for value in patch.cloned().chain(present) {
        if !merged.contains(&value) {
            merged.push(value);
        }
    }
    merged
}
