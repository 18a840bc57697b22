//! JSON merge patches (RFC 7386): made from two values, and applied.
//!
//! A merge patch cannot set null: null removes. `create` therefore says of a key that became null that it was removed.

use serde_json::{Map, Value};

use crate::nesting::{self, TooDeep};

/// The merge patch that makes `original` into `changed`; an empty map when nothing changes.
///
/// # Errors
/// [`TooDeep`] when either is nested too deep.
pub fn create(original: &Value, changed: &Value) -> Result<Value, TooDeep> {
    nesting::check(original)?;
    nesting::check(changed)?;
    Ok(match (original, changed) {
        (Value::Object(original), Value::Object(changed)) => Value::Object(create_map(original, changed)),
        (_, changed) => changed.clone(),
    })
}

/// `target` with `patch` applied.
///
/// # Errors
/// [`TooDeep`] when either is nested too deep.
pub fn apply(target: &Value, patch: &Value) -> Result<Value, TooDeep> {
    nesting::check(target)?;
    nesting::check(patch)?;
    Ok(merge(Some(target), patch))
}

fn create_map(original: &Map<String, Value>, changed: &Map<String, Value>) -> Map<String, Value> {
    let mut patch = Map::new();
    for (key, value) in changed {
        match (original.get(key), value) {
            (Some(before), value) if before == value => {}
            (Some(Value::Object(before)), Value::Object(after)) => {
                patch.insert(key.clone(), Value::Object(create_map(before, after)));
            }
            (_, value) => {
                patch.insert(key.clone(), value.clone());
            }
        }
    }
    let removed = original.keys().filter(|key| !changed.contains_key(*key));
    patch.extend(removed.map(|key| (key.clone(), Value::Null)));
    patch
}

fn merge(target: Option<&Value>, patch: &Value) -> Value {
    let Value::Object(changes) = patch else {
        return patch.clone();
    };
    let mut merged = target.and_then(Value::as_object).cloned().unwrap_or_default();
    for (key, change) in changes {
        if change.is_null() {
            merged.remove(key);
        } else {
            let value = merge(merged.get(key), change);
            merged.insert(key.clone(), value);
        }
    }
    Value::Object(merged)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_examples_of_rfc_7386_hold() {
        for (target, patch, result) in [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
            (
                json!({"a": {"b": "c"}}),
                json!({"a": {"b": "d", "c": null}}),
                json!({"a": {"b": "d"}}),
            ),
            (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
            (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
            (json!({"a": "b"}), json!(["c"]), json!(["c"])),
            (json!({"a": "foo"}), json!(null), json!(null)),
            (json!({"a": "foo"}), json!("bar"), json!("bar")),
            (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
            (json!([1, 2]), json!({"a": "b", "c": null}), json!({"a": "b"})),
            (
                json!({}),
                json!({"a": {"bb": {"ccc": null}}}),
                json!({"a": {"bb": {}}}),
            ),
        ] {
            assert_eq!(apply(&target, &patch).unwrap(), result, "{target} with {patch}");
        }
    }

    #[test]
    fn a_patch_made_from_two_values_leads_from_one_to_the_other() {
        let original = json!({"a": {"b": 1, "c": 2}, "d": [1], "e": "f"});
        let changed = json!({"a": {"b": 1, "c": 3}, "d": [2], "g": {}});
        let patch = create(&original, &changed).unwrap();
        assert_eq!(patch, json!({"a": {"c": 3}, "d": [2], "e": null, "g": {}}));
        assert_eq!(apply(&original, &patch).unwrap(), changed);
        assert_eq!(create(&original, &original).unwrap(), json!({}));
    }
}
