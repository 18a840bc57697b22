//! Optional values: `optional.of`, `or`, `orValue`, `value`, …
//!
//! `or` and `orValue` need not evaluate their argument; the evaluator knows them itself and comes here only for values at hand.
//! Source: cel-go `cel/library.go`.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a value of any other kind, one added later included, has no such overload"
)]

use super::arguments::{list, value};
use crate::context::Context;
use crate::declaration::{Declared, function, walking};
use crate::error::EvalError;
use crate::value::Value;

type Result<'v> = std::result::Result<Value<'v>, EvalError>;

pub(crate) const FUNCTIONS: &[Declared] = &[
    function("optional.of", "(V) -> optional(V)", |context, a| {
        context.optional(value(a, 0)?.clone())
    }),
    function("optional.ofNonZeroValue", "(V) -> optional(V)", |context, a| {
        let value = value(a, 0)?;
        if is_zero(value) {
            Ok(Value::Optional(None))
        } else {
            context.optional(value.clone())
        }
    }),
    function("optional.none", "() -> optional(V)", |_, _| {
        Ok(Value::Optional(None))
    }),
    function("value", "optional(V).() -> V", |_, a| match value(a, 0)? {
        Value::Optional(Some(held)) => Ok(held.value.clone()),
        Value::Optional(None) => Err(EvalError::failed("optional.none() dereference")),
        _ => Err(EvalError::no_such_overload()),
    }),
    function("hasValue", "optional(V).() -> bool", |_, a| match value(a, 0)? {
        Value::Optional(held) => Ok(Value::Bool(held.is_some())),
        _ => Err(EvalError::no_such_overload()),
    }),
    function(
        "or",
        "optional(V).(optional(V)) -> optional(V)",
        |_, a| match value(a, 0)? {
            Value::Optional(None) => value(a, 1).cloned(),
            optional @ Value::Optional(Some(_)) => Ok(optional.clone()),
            _ => Err(EvalError::no_such_overload()),
        },
    ),
    function("orValue", "optional(V).(V) -> V", |_, a| match value(a, 0)? {
        Value::Optional(None) => value(a, 1).cloned(),
        Value::Optional(Some(held)) => Ok(held.value.clone()),
        _ => Err(EvalError::no_such_overload()),
    }),
    function("_?._", "(dyn, string) -> optional(V)", |_, _| {
        Err(EvalError::no_such_overload())
    }),
    function("_[?_]", "(list(V), int) -> optional(V)", |_, _| {
        Err(EvalError::no_such_overload())
    }),
    function("_[?_]", "(optional(list(V)), int) -> optional(V)", |_, _| {
        Err(EvalError::no_such_overload())
    }),
    function("_[?_]", "(map(K, V), K) -> optional(V)", |_, _| {
        Err(EvalError::no_such_overload())
    }),
    function("_[?_]", "(optional(map(K, V)), K) -> optional(V)", |_, _| {
        Err(EvalError::no_such_overload())
    }),
    function("_[_]", "(optional(list(V)), int) -> optional(V)", |_, _| {
        Err(EvalError::no_such_overload())
    }),
    function("_[_]", "(optional(map(K, V)), K) -> optional(V)", |_, _| {
        Err(EvalError::no_such_overload())
    }),
    function("last", "list(V).() -> optional(V)", |context, a| {
        let list = list(a, 0)?;
        match list.len().checked_sub(1).and_then(|last| list.get(last)) {
            Some(element) => context.optional(element),
            None => Ok(Value::Optional(None)),
        }
    }),
    function("first", "list(V).() -> optional(V)", |context, a| {
        match list(a, 0)?.get(0) {
            Some(element) => context.optional(element),
            None => Ok(Value::Optional(None)),
        }
    }),
    walking("optional.unwrap", "(list(optional(V))) -> list(V)", unwrap),
    walking("unwrapOpt", "list(optional(V)).() -> list(V)", unwrap),
];

/// What `.orValue()` means where it is tolerated on anything: the value itself, unless it is an optional
pub(crate) const TOLERANT: &[Declared] =
    &[function(
        "__orValueCompat__",
        "(dyn, dyn) -> dyn",
        |_, a| match value(a, 0)? {
            Value::Optional(None) => value(a, 1).cloned(),
            Value::Optional(Some(held)) => Ok(held.value.clone()),
            concrete => Ok(concrete.clone()),
        },
    )];

fn is_zero(value: &Value<'_>) -> bool {
    match value {
        Value::Null | Value::Optional(None) => true,
        Value::Bool(truth) => !truth,
        Value::Int(number) => *number == 0,
        Value::Uint(number) => *number == 0,
        Value::Double(number) => *number == 0.0,
        Value::String(text) => text.is_empty(),
        Value::Bytes(octets) => octets.is_empty(),
        Value::Duration(nanoseconds) => *nanoseconds == 0,
        Value::List(list) => list.is_empty(),
        Value::Map(map) => map.is_empty(),
        Value::Object(object) => object.is_empty(),
        Value::Timestamp(_) | Value::Optional(Some(_)) | Value::Type(_) | Value::Opaque(_) => false,
    }
}

fn unwrap<'v>(context: &mut Context<'_, 'v>, arguments: &[Value<'v>]) -> Result<'v> {
    let mut values = Vec::new();
    for element in list(arguments, 0)?.iter() {
        match element {
            Value::Optional(Some(held)) => values.push(held.value.clone()),
            Value::Optional(None) => {}
            other => {
                return Err(EvalError::failed(format!(
                    "value {} is not optional",
                    super::format::spelled(&other)
                )));
            }
        }
    }
    context.list(values)
}
