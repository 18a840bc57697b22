//! `GreaterThan` and its like: durations, quantities, numbers, versions, in this order.

use std::cmp::Ordering;

use scalars::duration::GoDuration;
use scalars::quantity::Quantity;
use scalars::semver_range::parse_version;
use serde_json::Value;

use super::Order;

/// Whether `key` stands in `order` to `value`.
pub(super) fn is_ordered(order: Order, key: &Value, value: &Value) -> bool {
    compare(key, value).is_some_and(|found| order.accepts(found))
}

/// The deprecated `Duration…` operators: numbers are seconds, texts Go durations.
pub(super) fn is_ordered_as_duration(order: Order, key: &Value, value: &Value) -> bool {
    let read = |value: &Value| match value {
        Value::Number(_) => whole_seconds(value),
        Value::String(text) => GoDuration::parse(text).ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    read(key)
        .zip(read(value))
        .is_some_and(|(key, value)| order.accepts(key.cmp(&value)))
}

fn compare(key: &Value, value: &Value) -> Option<Ordering> {
    match key {
        Value::Number(number) => compare_number(number.as_f64()?, key, value),
        Value::String(text) => {
            if let Some((left, right)) = duration_pair(key, value) {
                return left.seconds().partial_cmp(&right.seconds());
            }
            if let Some((left, right)) = Quantity::parse(text).ok().zip(quantity(value)) {
                return Some(left.cmp(&right));
            }
            if let Some(number) = scalars::numbers::parse_float(text) {
                return compare_number(number, &Value::from(number), value);
            }
            let (left, right) = (parse_version(text).ok()?, parse_version(value.as_str()?).ok()?);
            Some(left.cmp_precedence(&right))
        }
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn compare_number(number: f64, key: &Value, value: &Value) -> Option<Ordering> {
    match value {
        Value::Number(value) => number.partial_cmp(&value.as_f64()?),
        Value::String(text) => match duration_pair(key, value) {
            Some((left, right)) => left.seconds().partial_cmp(&right.seconds()),
            None => number.partial_cmp(&scalars::numbers::parse_float(text)?),
        },
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Both sides as durations, if at least one is a text that is a duration other than `0`; the other may be a number of
/// seconds, cut to whole ones.
pub(super) fn duration_pair(key: &Value, value: &Value) -> Option<(GoDuration, GoDuration)> {
    let (left, right) = (spelled_duration(key), spelled_duration(value));
    match (left, right) {
        (None, None) => None,
        (left, right) => Some((
            left.or_else(|| whole_seconds(key))?,
            right.or_else(|| whole_seconds(value))?,
        )),
    }
}

fn spelled_duration(value: &Value) -> Option<GoDuration> {
    value
        .as_str()
        .filter(|text| *text != "0")
        .and_then(|text| GoDuration::parse(text).ok())
}

fn whole_seconds(value: &Value) -> Option<GoDuration> {
    GoDuration::from_seconds(value.as_f64()?.trunc())
}

fn quantity(value: &Value) -> Option<Quantity> {
    Quantity::parse(value.as_str()?).ok()
}
