//! How deep a JSON value is nested, measured without recursion.
//!
//! Everything else in this crate recurses over values; it may, because each public entry measures its input here first.

use serde_json::Value;

/// Levels of maps and lists a value may be nested; deeper ones are refused.
///
/// The API server's own decoder stops at 10,000; real objects stay below 40. 200 levels keep every recursion here
/// within a small thread's stack.
pub const MAX_NESTING: usize = 200;

/// A value or patch that is nested deeper than [`MAX_NESTING`] levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the value is nested deeper than {MAX_NESTING} levels")]
pub struct TooDeep;

/// Levels of maps and lists in `value`; 0 for a scalar.
#[must_use]
pub fn levels(value: &Value) -> usize {
    let mut deepest = 0_usize;
    let mut open = vec![(value, 0_usize)];
    while let Some((next, level)) = open.pop() {
        let inside = level.saturating_add(1);
        match next {
            Value::Object(map) => open.extend(map.values().map(|child| (child, inside))),
            Value::Array(list) => open.extend(list.iter().map(|child| (child, inside))),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => continue,
        }
        deepest = deepest.max(inside);
    }
    deepest
}

/// Accepts values of at most [`MAX_NESTING`] levels.
///
/// # Errors
/// [`TooDeep`] for one that is deeper.
pub fn check(value: &Value) -> Result<(), TooDeep> {
    if levels(value) > MAX_NESTING {
        Err(TooDeep)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn scalars_have_no_levels_and_each_map_or_list_adds_one() {
        assert_eq!(levels(&json!(1)), 0);
        assert_eq!(levels(&json!([])), 1);
        assert_eq!(levels(&json!({"a": [{"b": 1}], "c": 2})), 3);
    }

    #[test]
    fn a_value_one_level_too_deep_is_refused() {
        let deep = |levels: usize| (0..levels).fold(Value::Null, |inner, _| Value::Array(vec![inner]));
        assert_eq!(check(&deep(MAX_NESTING)), Ok(()));
        assert_eq!(check(&deep(MAX_NESTING + 1)), Err(TooDeep));
    }
}
