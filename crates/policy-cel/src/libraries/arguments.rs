//! Taking arguments apart.
//!
//! An argument that is not what the signature says is `no such overload`, as in cel-go; the caller has matched the signature already,
//! so this happens for elements of lists, which signatures do not reach.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a value of any other kind, one added later included, has no such overload"
)]

use std::sync::Arc;

use crate::error::EvalError;
use crate::value::{List, Map, Value};

type Taken<T> = Result<T, EvalError>;

pub(super) fn value<'a, 'v>(arguments: &'a [Value<'v>], index: usize) -> Taken<&'a Value<'v>> {
    arguments.get(index).ok_or_else(EvalError::no_such_overload)
}

pub(super) fn string<'a>(arguments: &'a [Value<'_>], index: usize) -> Taken<&'a str> {
    value(arguments, index)?
        .as_str()
        .ok_or_else(EvalError::no_such_overload)
}

pub(super) fn int(arguments: &[Value<'_>], index: usize) -> Taken<i64> {
    match value(arguments, index)? {
        Value::Int(number) => Ok(*number),
        _ => Err(EvalError::no_such_overload()),
    }
}

pub(super) fn bytes<'a>(arguments: &'a [Value<'_>], index: usize) -> Taken<&'a Arc<[u8]>> {
    match value(arguments, index)? {
        Value::Bytes(octets) => Ok(octets),
        _ => Err(EvalError::no_such_overload()),
    }
}

pub(super) fn list<'a, 'v>(arguments: &'a [Value<'v>], index: usize) -> Taken<&'a List<'v>> {
    match value(arguments, index)? {
        Value::List(list) => Ok(list),
        _ => Err(EvalError::no_such_overload()),
    }
}

pub(super) fn map<'a, 'v>(arguments: &'a [Value<'v>], index: usize) -> Taken<&'a Map<'v>> {
    match value(arguments, index)? {
        Value::Map(map) => Ok(map),
        _ => Err(EvalError::no_such_overload()),
    }
}

pub(super) fn opaque<'a, T: 'static>(arguments: &'a [Value<'_>], index: usize) -> Taken<&'a T> {
    value(arguments, index)?
        .as_opaque()
        .ok_or_else(EvalError::no_such_overload)
}

/// A size as CEL's int
pub(super) fn size<'v>(length: usize) -> Value<'v> {
    Value::Int(i64::try_from(length).unwrap_or(i64::MAX))
}

/// An index that is not negative
pub(super) fn index(number: i64) -> Option<usize> {
    usize::try_from(number).ok()
}
