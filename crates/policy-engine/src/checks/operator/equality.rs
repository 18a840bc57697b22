//! `Equals` and `NotEquals`.

use scalars::duration::GoDuration;
use scalars::quantity::Quantity;
use scalars::wildcard;
use serde_json::Value;

use super::ordering::duration_pair;
use crate::context::json_text;

/// Whether two values are equal; `None` where their types can't be compared, which is unequal for both operators.
pub(super) fn equals(key: &Value, value: &Value) -> Option<bool> {
    match key {
        Value::Null => None,
        Value::Bool(key) => value.as_bool().map(|value| *key == value),
        Value::Number(key) => {
            let key = key.as_f64()?;
            match value {
                Value::Number(value) => Some(same_number(key, value.as_f64()?)),
                Value::String(text) => {
                    scalars::numbers::parse_float(text).map(|value| same_number(key, value))
                }
                Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
            }
        }
        Value::String(text) => text_equals(key, text, value),
        Value::Array(_) => value.is_array().then(|| json_text::equal(key, value)),
        Value::Object(_) => value.is_object().then(|| json_text::equal(key, value)),
    }
}

/// Durations first, then quantities, then wildcards, which only the value may have.
fn text_equals(key: &Value, text: &str, value: &Value) -> Option<bool> {
    if let Some((left, right)) = duration_pair(key, value) {
        return Some(same_number(GoDuration::seconds(left), GoDuration::seconds(right)));
    }
    let pattern = value.as_str()?;
    match Quantity::parse(text) {
        // an empty text is no quantity; as a pattern it matches nothing but itself
        Ok(quantity) => Quantity::parse(pattern).ok().map(|pattern| quantity == pattern),
        Err(_) => Some(wildcard::matches(pattern, text)),
    }
}

#[expect(clippy::float_cmp, reason = "the condition asks for the very number")]
fn same_number(left: f64, right: f64) -> bool {
    left == right
}
