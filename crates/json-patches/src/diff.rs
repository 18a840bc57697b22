//! The JSON patch that leads from one value to another.
//!
//! In: the object as it came and as the mutations left it. Out: the patch an admission response carries.
//! Maps are compared key by key, lists index by index, so that a changed image reads
//! `replace /spec/containers/0/image`. Keys are taken in sorted order: the same two values always give the same patch.
//!
//! Behaviour: gomodules.xyz/jsonpatch v2.5.0, which Kyverno uses, with its random order of keys made sorted.

use serde_json::{Map, Value};

use crate::nesting::{self, TooDeep};
use crate::patch::{Operation, Patch};
use crate::pointer::Pointer;

/// The operations that make `original` into `changed`; none when they are equal.
///
/// # Errors
/// [`TooDeep`] when either is nested too deep.
pub fn diff(original: &Value, changed: &Value) -> Result<Patch, TooDeep> {
    nesting::check(original)?;
    nesting::check(changed)?;
    let mut operations = Vec::new();
    compare(&Pointer::root(), original, changed, &mut operations);
    Ok(Patch { operations })
}

fn compare(path: &Pointer, original: &Value, changed: &Value, found: &mut Vec<Operation>) {
    match (original, changed) {
        (Value::Object(original), Value::Object(changed)) => compare_maps(path, original, changed, found),
        (Value::Array(original), Value::Array(changed)) => compare_lists(path, original, changed, found),
        (original, changed) if original == changed => {}
        (_, changed) => found.push(Operation::Replace {
            path: path.clone(),
            value: changed.clone(),
        }),
    }
}

fn compare_maps(
    path: &Pointer,
    original: &Map<String, Value>,
    changed: &Map<String, Value>,
    found: &mut Vec<Operation>,
) {
    for (key, value) in sorted(changed) {
        let path = path.child(key);
        match original.get(key) {
            Some(before) => compare(&path, before, value, found),
            None => found.push(Operation::Add {
                path,
                value: value.clone(),
            }),
        }
    }
    let removed = sorted(original)
        .into_iter()
        .filter(|(key, _)| !changed.contains_key(*key));
    found.extend(removed.map(|(key, _)| Operation::Remove {
        path: path.child(key),
    }));
}

fn compare_lists(path: &Pointer, original: &[Value], changed: &[Value], found: &mut Vec<Operation>) {
    let shared = original.len().min(changed.len());
    found.extend((shared..original.len()).rev().map(|index| Operation::Remove {
        path: path.index(index),
    }));
    let appended = changed.iter().enumerate().skip(shared);
    found.extend(appended.map(|(index, value)| Operation::Add {
        path: path.index(index),
        value: value.clone(),
    }));
    for (index, (before, value)) in original.iter().zip(changed).enumerate() {
        compare(&path.index(index), before, value, found);
    }
}

fn sorted(map: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut entries: Vec<_> = map.iter().collect();
    entries.sort_unstable_by_key(|(key, _)| *key);
    entries
}
