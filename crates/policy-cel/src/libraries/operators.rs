//! The operators: arithmetic, order, membership, indexing.
//!
//! Overflow, division by zero and a missing key are errors, never wrapped or absent values. Source: cel-go `common/types`, `common/stdlib`.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a value of any other kind, one added later included, has no such overload"
)]

use std::cmp::Ordering;

use super::arguments::{index as to_index, value};
use crate::context::Context;
use crate::declaration::{Declared, function, walking};
use crate::error::EvalError;
use crate::limits::AGGREGATE_SURCHARGE;
use crate::value::{Key, List, Map, Value, compare, exact_int};

type Result<'v> = std::result::Result<Value<'v>, EvalError>;

/// Signatures that orders share
macro_rules! ordered {
    ($name:literal, $run:expr) => {
        [
            walking($name, "(bool, bool) -> bool", $run),
            walking($name, "(int, int) -> bool", $run),
            walking($name, "(int, double) -> bool", $run),
            walking($name, "(int, uint) -> bool", $run),
            walking($name, "(uint, uint) -> bool", $run),
            walking($name, "(uint, double) -> bool", $run),
            walking($name, "(uint, int) -> bool", $run),
            walking($name, "(double, double) -> bool", $run),
            walking($name, "(double, int) -> bool", $run),
            walking($name, "(double, uint) -> bool", $run),
            walking($name, "(string, string) -> bool", $run),
            walking($name, "(bytes, bytes) -> bool", $run),
            walking($name, "(timestamp, timestamp) -> bool", $run),
            walking($name, "(duration, duration) -> bool", $run),
        ]
    };
}

pub(crate) const FUNCTIONS: &[&[Declared]] = &[
    &[
        function("_?_:_", "(bool, A, A) -> A", never),
        function("_&&_", "(bool, bool) -> bool", never),
        function("_||_", "(bool, bool) -> bool", never),
        function("!_", "(bool) -> bool", not),
        function("_==_", "(A, A) -> bool", |context, pair| {
            equality(context, pair, true)
        }),
        function("_!=_", "(A, A) -> bool", |context, pair| {
            equality(context, pair, false)
        }),
        walking("_+_", "(bytes, bytes) -> bytes", add),
        function("_+_", "(double, double) -> double", add),
        function("_+_", "(duration, duration) -> duration", add),
        function("_+_", "(duration, timestamp) -> timestamp", add),
        function("_+_", "(timestamp, duration) -> timestamp", add),
        function("_+_", "(int, int) -> int", add),
        function("_+_", "(list(A), list(A)) -> list(A)", add),
        walking("_+_", "(string, string) -> string", add),
        function("_+_", "(uint, uint) -> uint", add),
        function("_/_", "(double, double) -> double", divide),
        function("_/_", "(int, int) -> int", divide),
        function("_/_", "(uint, uint) -> uint", divide),
        function("_%_", "(int, int) -> int", modulo),
        function("_%_", "(uint, uint) -> uint", modulo),
        function("_*_", "(double, double) -> double", multiply),
        function("_*_", "(int, int) -> int", multiply),
        function("_*_", "(uint, uint) -> uint", multiply),
        function("-_", "(double) -> double", negate),
        function("-_", "(int) -> int", negate),
        function("_-_", "(double, double) -> double", subtract),
        function("_-_", "(duration, duration) -> duration", subtract),
        function("_-_", "(int, int) -> int", subtract),
        function("_-_", "(timestamp, duration) -> timestamp", subtract),
        function("_-_", "(timestamp, timestamp) -> duration", subtract),
        function("_-_", "(uint, uint) -> uint", subtract),
        function("_[_]", "(list(A), int) -> A", |_, pair| {
            indexed(value(pair, 0)?, value(pair, 1)?)
        }),
        function("_[_]", "(map(A, B), A) -> B", |_, pair| {
            indexed(value(pair, 0)?, value(pair, 1)?)
        }),
        function("@in", "(A, list(A)) -> bool", |context, pair| {
            within(context, value(pair, 0)?, value(pair, 1)?)
        }),
        function("@in", "(A, map(A, B)) -> bool", |context, pair| {
            within(context, value(pair, 0)?, value(pair, 1)?)
        }),
    ],
    &ordered!("_<_", |_, pair| ordered(pair, Ordering::is_lt)),
    &ordered!("_<=_", |_, pair| ordered(pair, Ordering::is_le)),
    &ordered!("_>_", |_, pair| ordered(pair, Ordering::is_gt)),
    &ordered!("_>=_", |_, pair| ordered(pair, Ordering::is_ge)),
];

/// Stands for operators that the evaluator knows itself, because they do not evaluate all their operands
fn never<'v>(_: &mut Context<'_, 'v>, _: &[Value<'v>]) -> Result<'v> {
    Err(EvalError::no_such_overload())
}

fn equality<'v>(context: &mut Context<'_, 'v>, pair: &[Value<'v>], wanted: bool) -> Result<'v> {
    Ok(Value::Bool(
        context.equal(value(pair, 0)?, value(pair, 1)?)? == wanted,
    ))
}

pub(crate) fn ordered<'v>(pair: &[Value<'v>], accepts: fn(Ordering) -> bool) -> Result<'v> {
    Ok(Value::Bool(accepts(compare(value(pair, 0)?, value(pair, 1)?)?)))
}

fn not<'v>(_: &mut Context<'_, 'v>, arguments: &[Value<'v>]) -> Result<'v> {
    value(arguments, 0)?
        .as_bool()
        .map(|truth| Value::Bool(!truth))
        .ok_or_else(EvalError::no_such_overload)
}

fn int_or_overflow<'v>(number: Option<i64>) -> Result<'v> {
    number
        .map(Value::Int)
        .ok_or_else(|| EvalError::failed("integer overflow"))
}

fn uint_or_overflow<'v>(number: Option<u64>) -> Result<'v> {
    number
        .map(Value::Uint)
        .ok_or_else(|| EvalError::failed("unsigned integer overflow"))
}

fn span_or_overflow<'v>(nanoseconds: Option<i64>) -> Result<'v> {
    nanoseconds
        .map(Value::Duration)
        .ok_or_else(|| EvalError::failed("integer overflow"))
}

pub(crate) fn add<'v>(context: &mut Context<'_, 'v>, pair: &[Value<'v>]) -> Result<'v> {
    match (value(pair, 0)?, value(pair, 1)?) {
        (Value::Int(left), Value::Int(right)) => int_or_overflow(left.checked_add(*right)),
        (Value::Uint(left), Value::Uint(right)) => uint_or_overflow(left.checked_add(*right)),
        (Value::Double(left), Value::Double(right)) => Ok(Value::Double(left + right)),
        (Value::String(left), Value::String(right)) => {
            let length = left.len().saturating_add(right.len());
            context.surcharge(AGGREGATE_SURCHARGE)?;
            context.meter.allocate(length)?;
            let mut text = String::with_capacity(length);
            text.push_str(left);
            text.push_str(right);
            Ok(Value::string(text))
        }
        (Value::Bytes(left), Value::Bytes(right)) => {
            context.meter.allocate(left.len().saturating_add(right.len()))?;
            Ok(Value::Bytes([&**left, &**right].concat().into()))
        }
        (Value::List(left), Value::List(right)) => concatenate(context, left, right),
        (Value::Duration(left), Value::Duration(right)) => span_or_overflow(left.checked_add(*right)),
        (Value::Timestamp(at), Value::Duration(span)) | (Value::Duration(span), Value::Timestamp(at)) => {
            at.shifted(*span, false).map(Value::Timestamp)
        }
        _ => Err(EvalError::no_such_overload()),
    }
}

fn concatenate<'v>(context: &mut Context<'_, 'v>, left: &List<'v>, right: &List<'v>) -> Result<'v> {
    if right.is_empty() {
        return Ok(Value::List(left.clone()));
    }
    if left.is_empty() {
        return Ok(Value::List(right.clone()));
    }
    let total = left.len().saturating_add(right.len());
    context.spend(total.div_ceil(10) as u64)?;
    context.surcharge(AGGREGATE_SURCHARGE.saturating_add(total.saturating_mul(3) as u64))?;
    context.room_for(total)?;
    let joined: Vec<Value<'v>> = left.iter().chain(right.iter()).collect();
    Ok(Value::List(List::from(joined)))
}

pub(crate) fn subtract<'v>(_: &mut Context<'_, 'v>, pair: &[Value<'v>]) -> Result<'v> {
    match (value(pair, 0)?, value(pair, 1)?) {
        (Value::Int(left), Value::Int(right)) => int_or_overflow(left.checked_sub(*right)),
        (Value::Uint(left), Value::Uint(right)) => uint_or_overflow(left.checked_sub(*right)),
        (Value::Double(left), Value::Double(right)) => Ok(Value::Double(left - right)),
        (Value::Duration(left), Value::Duration(right)) => span_or_overflow(left.checked_sub(*right)),
        (Value::Timestamp(at), Value::Duration(span)) => at.shifted(*span, true).map(Value::Timestamp),
        (Value::Timestamp(later), Value::Timestamp(earlier)) => later.since(*earlier).map(Value::Duration),
        _ => Err(EvalError::no_such_overload()),
    }
}

pub(crate) fn multiply<'v>(_: &mut Context<'_, 'v>, pair: &[Value<'v>]) -> Result<'v> {
    match (value(pair, 0)?, value(pair, 1)?) {
        (Value::Int(left), Value::Int(right)) => int_or_overflow(left.checked_mul(*right)),
        (Value::Uint(left), Value::Uint(right)) => uint_or_overflow(left.checked_mul(*right)),
        (Value::Double(left), Value::Double(right)) => Ok(Value::Double(left * right)),
        _ => Err(EvalError::no_such_overload()),
    }
}

pub(crate) fn divide<'v>(_: &mut Context<'_, 'v>, pair: &[Value<'v>]) -> Result<'v> {
    match (value(pair, 0)?, value(pair, 1)?) {
        (Value::Int(_), Value::Int(0)) | (Value::Uint(_), Value::Uint(0)) => {
            Err(EvalError::failed("division by zero"))
        }
        (Value::Int(left), Value::Int(right)) => int_or_overflow(left.checked_div(*right)),
        (Value::Uint(left), Value::Uint(right)) => uint_or_overflow(left.checked_div(*right)),
        (Value::Double(left), Value::Double(right)) => Ok(Value::Double(left / right)),
        _ => Err(EvalError::no_such_overload()),
    }
}

pub(crate) fn modulo<'v>(_: &mut Context<'_, 'v>, pair: &[Value<'v>]) -> Result<'v> {
    match (value(pair, 0)?, value(pair, 1)?) {
        (Value::Int(_), Value::Int(0)) | (Value::Uint(_), Value::Uint(0)) => {
            Err(EvalError::failed("modulus by zero"))
        }
        (Value::Int(left), Value::Int(right)) => int_or_overflow(left.checked_rem(*right)),
        (Value::Uint(left), Value::Uint(right)) => uint_or_overflow(left.checked_rem(*right)),
        _ => Err(EvalError::no_such_overload()),
    }
}

fn negate<'v>(_: &mut Context<'_, 'v>, arguments: &[Value<'v>]) -> Result<'v> {
    match value(arguments, 0)? {
        Value::Int(number) => int_or_overflow(number.checked_neg()),
        Value::Double(number) => Ok(Value::Double(-number)),
        _ => Err(EvalError::no_such_overload()),
    }
}

/// `item in container`
pub(crate) fn within<'v>(
    context: &mut Context<'_, 'v>,
    item: &Value<'v>,
    container: &Value<'v>,
) -> Result<'v> {
    match container {
        Value::List(list) => context.contains(list, item).map(Value::Bool),
        Value::Map(map) => {
            context.spend(1)?;
            context.look_for_key(item)?;
            Ok(Value::Bool(map.has_key(item)))
        }
        _ => Err(EvalError::no_such_overload()),
    }
}

/// `container[key]`, an error when there is nothing
pub(crate) fn indexed<'v>(container: &Value<'v>, key: &Value<'v>) -> Result<'v> {
    match container {
        Value::List(list) => list_element(list, key)?.ok_or_else(|| out_of_range(key)),
        Value::Map(map) => map_element(map, key)?.ok_or_else(|| missing(key)),
        _ => Err(EvalError::no_such_overload()),
    }
}

fn out_of_range(key: &Value<'_>) -> EvalError {
    EvalError::failed(format!("index out of bounds: {}", spelled(key)))
}

fn missing(key: &Value<'_>) -> EvalError {
    EvalError::no_such_key(spelled(key))
}

fn spelled(key: &Value<'_>) -> String {
    match key {
        Value::String(text) => text.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Uint(number) => number.to_string(),
        Value::Double(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        _ => String::from("?"),
    }
}

/// `container[?key]`, nothing when there is nothing
pub(crate) fn looked_up<'v>(
    container: &Value<'v>,
    key: &Value<'v>,
) -> std::result::Result<Option<Value<'v>>, EvalError> {
    match container {
        Value::List(list) => list_element(list, key),
        Value::Map(map) => map_element(map, key),
        Value::Null => Ok(None),
        _ => Err(EvalError::no_such_overload()),
    }
}

fn list_element<'v>(list: &List<'v>, key: &Value<'v>) -> std::result::Result<Option<Value<'v>>, EvalError> {
    let number = match key {
        Value::Int(number) => Some(*number),
        Value::Uint(number) => i64::try_from(*number).ok(),
        Value::Double(number) => match exact_int(*number) {
            Some(number) => Some(number),
            None => {
                return Err(EvalError::failed(format!(
                    "unsupported index value {number} in list"
                )));
            }
        },
        other => {
            let name = other.type_name();
            return Err(EvalError::failed(format!(
                "unsupported index type '{name}' in list"
            )));
        }
    };
    Ok(number.and_then(to_index).and_then(|index| list.get(index)))
}

fn map_element<'v>(map: &Map<'v>, key: &Value<'v>) -> std::result::Result<Option<Value<'v>>, EvalError> {
    match key {
        Value::String(name) => Ok(map.field(name)),
        Value::Bool(_) | Value::Int(_) | Value::Uint(_) | Value::Double(_) => {
            Ok(Key::to_find(key).and_then(|key| map.get(&key)))
        }
        _ => Err(EvalError::no_such_overload()),
    }
}
