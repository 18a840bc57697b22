//! Equality and order, across the numeric types.
//!
//! Equality is total: values of different types are unequal, never an error. Order is partial: [`compare`] says when two values have none.
//! An `int` meets a `double` as a double, as in cel-go `common/types/compare.go`.

use std::cmp::Ordering;

use super::{Key, List, Map, Value};
use crate::error::{EvalError, Limit};

/// Bytes of a key that are looked for in the time of a step
const KEY_BYTES_OF_A_STEP: u64 = 32;

/// Bytes of text whose order is found in the time of a unit
const ORDERED_BYTES: u64 = 32;

/// Steps that walking values may still take.
///
/// A value may hold one list twice, that list another twice, and so on: walking it takes time that making it did not, so every walk pays.
#[derive(Debug)]
pub(crate) struct Fuel(u64);

impl Fuel {
    pub(crate) fn new(steps: u64) -> Self {
        Self(steps)
    }

    pub(crate) fn left(&self) -> u64 {
        self.0
    }

    fn burn(&mut self, steps: u64) -> Result<(), EvalError> {
        let left = self.0.checked_sub(steps);
        // What was too much is spent all the same.
        self.0 = left.unwrap_or(0);
        left.map(|_| ()).ok_or_else(|| EvalError::limit(Limit::Cost))
    }
}

/// CEL's `==`.
///
/// # Errors
/// When the fuel runs out; never for the values.
pub(crate) fn equal(left: &Value<'_>, right: &Value<'_>, fuel: &mut Fuel) -> Result<bool, EvalError> {
    if let (Value::Int(left), Value::Int(right)) = (left, right) {
        fuel.burn(1)?;
        return Ok(left == right);
    }
    let length = |left: usize, right: usize| (left.min(right) as u64).div_ceil(10).max(1);
    fuel.burn(match (left, right) {
        (Value::String(left), Value::String(right)) => length(left.len(), right.len()),
        (Value::Bytes(left), Value::Bytes(right)) => length(left.len(), right.len()),
        _ => 1,
    })?;
    Ok(match (left, right) {
        (Value::String(left), Value::String(right)) => left == right,
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::Null, Value::Null) => true,
        (Value::Bytes(left), Value::Bytes(right)) => left == right,
        (Value::Timestamp(left), Value::Timestamp(right)) => left == right,
        (Value::Duration(left), Value::Duration(right)) => left == right,
        (Value::Type(left), Value::Type(right)) => left == right,
        (Value::List(left), Value::List(right)) => equal_lists(left, right, fuel)?,
        (Value::Map(left), Value::Map(right)) => equal_maps(left, right, fuel)?,
        (Value::Object(left), Value::Object(right)) => left.equals(right, fuel)?,
        (Value::Optional(None), Value::Optional(None)) => true,
        (Value::Optional(Some(left)), Value::Optional(Some(right))) => {
            equal(&left.value, &right.value, fuel)?
        }
        (Value::Opaque(left), Value::Opaque(right)) => left.equals(&**right),
        _ => numbers(left, right) == Some(Some(Ordering::Equal)),
    })
}

fn equal_lists(left: &List<'_>, right: &List<'_>, fuel: &mut Fuel) -> Result<bool, EvalError> {
    if left.len() != right.len() {
        return Ok(false);
    }
    for (left, right) in left.iter().zip(right.iter()) {
        if !equal(&left, &right, fuel)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn equal_maps(left: &Map<'_>, right: &Map<'_>, fuel: &mut Fuel) -> Result<bool, EvalError> {
    if left.len() != right.len() {
        return Ok(false);
    }
    for (key, value) in left.iter() {
        if let Key::String(name) = &key {
            fuel.burn(name.len() as u64 / KEY_BYTES_OF_A_STEP)?;
        }
        let Some(other) = right.get(&key) else {
            return Ok(false);
        };
        if !equal(&value, &other, fuel)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether `list` has an element equal to `value`.
///
/// # Errors
/// When the fuel runs out.
pub(crate) fn contains(list: &List<'_>, value: &Value<'_>, fuel: &mut Fuel) -> Result<bool, EvalError> {
    if let (List::Json(array), Value::String(text)) = (list, value) {
        let steps = |element: &serde_json::Value| match element.as_str() {
            Some(have) if have.len() == text.len() => (text.len() as u64).div_ceil(10).max(1),
            Some(_) | None => 1,
        };
        let all = array.iter().map(steps).fold(0, u64::saturating_add);
        fuel.burn(all.max(1))?;
        return Ok(array.iter().any(|element| element.as_str() == Some(&**text)));
    }
    match list {
        List::Json(array) => {
            for element in *array {
                if equal(&Value::from(element), value, fuel)? {
                    return Ok(true);
                }
            }
        }
        List::Shared(items) => {
            for element in items.values() {
                if equal(element, value, fuel)? {
                    return Ok(true);
                }
            }
        }
    }
    fuel.burn(1)?;
    Ok(false)
}

/// Units that bringing `values` into order takes for each time that all are looked at: texts are compared byte by byte.
pub(crate) fn ordering_surcharge<'a, 'v: 'a>(values: impl Iterator<Item = &'a Value<'v>>) -> u64 {
    let bytes = values.map(|value| match (value.as_str(), value) {
        (Some(text), _) => text.len() as u64,
        (None, Value::Bytes(octets)) => octets.len() as u64,
        (None, _) => 0,
    });
    bytes.fold(0, u64::saturating_add) / ORDERED_BYTES
}

/// CEL's `<` and its kin.
///
/// # Errors
/// `no such overload` when the types have no order among them, and cel-go's word for `NaN`, which has none at all.
pub(crate) fn compare(left: &Value<'_>, right: &Value<'_>) -> Result<Ordering, EvalError> {
    match (left, right) {
        (Value::String(left), Value::String(right)) => Ok((**left).cmp(&**right)),
        (Value::Bool(left), Value::Bool(right)) => Ok(left.cmp(right)),
        (Value::Bytes(left), Value::Bytes(right)) => Ok(left.cmp(right)),
        (Value::Timestamp(left), Value::Timestamp(right)) => Ok(left.cmp(right)),
        (Value::Duration(left), Value::Duration(right)) => Ok(left.cmp(right)),
        _ => match numbers(left, right) {
            Some(Some(ordering)) => Ok(ordering),
            Some(None) => Err(EvalError::failed("NaN values cannot be ordered")),
            None => Err(EvalError::no_such_overload()),
        },
    }
}

/// The order of two numbers; the inner `None` is `NaN`, the outer one a value that is no number
fn numbers(left: &Value<'_>, right: &Value<'_>) -> Option<Option<Ordering>> {
    Some(match (left, right) {
        (Value::Int(left), Value::Int(right)) => Some(left.cmp(right)),
        (Value::Uint(left), Value::Uint(right)) => Some(left.cmp(right)),
        (Value::Double(left), Value::Double(right)) => left.partial_cmp(right),
        (Value::Int(left), Value::Uint(right)) => Some(i128::from(*left).cmp(&i128::from(*right))),
        (Value::Uint(left), Value::Int(right)) => Some(i128::from(*left).cmp(&i128::from(*right))),
        (Value::Int(left), Value::Double(right)) => int_as_double(*left).partial_cmp(right),
        (Value::Double(left), Value::Int(right)) => left.partial_cmp(&int_as_double(*right)),
        (Value::Uint(left), Value::Double(right)) => uint_as_double(*left).partial_cmp(right),
        (Value::Double(left), Value::Uint(right)) => left.partial_cmp(&uint_as_double(*right)),
        _ => return None,
    })
}

pub(crate) fn int_as_double(number: i64) -> f64 {
    number as f64
}

pub(crate) fn uint_as_double(number: u64) -> f64 {
    number as f64
}

/// The int that a double is exactly
pub(crate) fn exact_int(number: f64) -> Option<i64> {
    let int = to_int(number)?;
    (int_as_double(int) == number).then_some(int)
}

/// The int a double is cut to, when it is in range (cel-go: `doubleToInt64Checked`, which leaves both ends out)
pub(crate) fn to_int(number: f64) -> Option<i64> {
    let in_range = number > -9_223_372_036_854_775_808.0 && number < 9_223_372_036_854_775_807.0;
    in_range.then_some(number as i64)
}

/// The uint a double is cut to, when it is in range
pub(crate) fn to_uint(number: f64) -> Option<u64> {
    (0.0..18_446_744_073_709_551_615.0)
        .contains(&number)
        .then_some(number as u64)
}

impl Map<'_> {
    /// Whether the map has the key that `value` names
    pub(crate) fn has_key(&self, value: &Value<'_>) -> bool {
        Key::to_find(value).is_some_and(|key| self.get(&key).is_some())
    }
}
