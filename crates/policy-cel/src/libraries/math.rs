//! `math.…`: extremes, rounding, signs, bits.
//!
//! Source: cel-go `ext/math.go`; `math.round(number, decimals)` is Kyverno's.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a value of any other kind, one added later included, has no such overload"
)]

use std::cmp::Ordering;

use super::arguments::{int, list, value};
use crate::context::Context;
use crate::declaration::{Declared, function, walking};
use crate::error::EvalError;
use crate::value::{List, Value, compare, int_as_double, uint_as_double};

type Result<'v> = std::result::Result<Value<'v>, EvalError>;

/// Rows of an extreme
macro_rules! extreme {
    ($name:literal, $wins:expr) => {
        [
            function($name, "(double) -> double", |_, a| value(a, 0).cloned()),
            function($name, "(int) -> int", |_, a| value(a, 0).cloned()),
            function($name, "(uint) -> uint", |_, a| value(a, 0).cloned()),
            function($name, "(double, double) -> double", |_, a| {
                pick(value(a, 0)?, value(a, 1)?, $wins)
            }),
            function($name, "(int, int) -> int", |_, a| {
                pick(value(a, 0)?, value(a, 1)?, $wins)
            }),
            function($name, "(uint, uint) -> uint", |_, a| {
                pick(value(a, 0)?, value(a, 1)?, $wins)
            }),
            function($name, "(int, uint) -> dyn", |_, a| {
                pick(value(a, 0)?, value(a, 1)?, $wins)
            }),
            function($name, "(int, double) -> dyn", |_, a| {
                pick(value(a, 0)?, value(a, 1)?, $wins)
            }),
            function($name, "(double, int) -> dyn", |_, a| {
                pick(value(a, 0)?, value(a, 1)?, $wins)
            }),
            function($name, "(double, uint) -> dyn", |_, a| {
                pick(value(a, 0)?, value(a, 1)?, $wins)
            }),
            function($name, "(uint, int) -> dyn", |_, a| {
                pick(value(a, 0)?, value(a, 1)?, $wins)
            }),
            function($name, "(uint, double) -> dyn", |_, a| {
                pick(value(a, 0)?, value(a, 1)?, $wins)
            }),
            walking($name, "(list(double)) -> double", |_, a| {
                of_list(list(a, 0)?, $name, $wins)
            }),
            walking($name, "(list(int)) -> int", |_, a| {
                of_list(list(a, 0)?, $name, $wins)
            }),
            walking($name, "(list(uint)) -> uint", |_, a| {
                of_list(list(a, 0)?, $name, $wins)
            }),
        ]
    };
}

pub(crate) const FUNCTIONS: &[&[Declared]] = &[
    &extreme!("math.@max", Ordering::Less),
    &extreme!("math.@min", Ordering::Greater),
    &[
        function("math.ceil", "(double) -> double", |_, a| real(a, f64::ceil)),
        function("math.floor", "(double) -> double", |_, a| real(a, f64::floor)),
        function("math.round", "(double) -> double", |_, a| real(a, f64::round)),
        function("math.trunc", "(double) -> double", |_, a| real(a, f64::trunc)),
        function("math.isInf", "(double) -> bool", |_, a| test(a, f64::is_infinite)),
        function("math.isNaN", "(double) -> bool", |_, a| test(a, f64::is_nan)),
        function("math.isFinite", "(double) -> bool", |_, a| {
            test(a, f64::is_finite)
        }),
        function("math.abs", "(double) -> double", |_, a| real(a, f64::abs)),
        function("math.abs", "(int) -> int", |_, a| {
            int(a, 0)?
                .checked_abs()
                .map(Value::Int)
                .ok_or_else(|| EvalError::failed("integer overflow"))
        }),
        function("math.abs", "(uint) -> uint", |_, a| value(a, 0).cloned()),
        function("math.sign", "(double) -> double", sign),
        function("math.sign", "(int) -> int", sign),
        function("math.sign", "(uint) -> uint", sign),
        function("math.sqrt", "(double) -> double", sqrt),
        function("math.sqrt", "(int) -> double", sqrt),
        function("math.sqrt", "(uint) -> double", sqrt),
        function("math.bitAnd", "(int, int) -> int", |_, a| bits(a, |l, r| l & r)),
        function("math.bitAnd", "(uint, uint) -> uint", |_, a| {
            bits(a, |l, r| l & r)
        }),
        function("math.bitOr", "(int, int) -> int", |_, a| bits(a, |l, r| l | r)),
        function("math.bitOr", "(uint, uint) -> uint", |_, a| bits(a, |l, r| l | r)),
        function("math.bitXor", "(int, int) -> int", |_, a| bits(a, |l, r| l ^ r)),
        function("math.bitXor", "(uint, uint) -> uint", |_, a| {
            bits(a, |l, r| l ^ r)
        }),
        function("math.bitNot", "(int) -> int", |_, a| Ok(Value::Int(!int(a, 0)?))),
        function("math.bitNot", "(uint) -> uint", |_, a| match value(a, 0)? {
            Value::Uint(number) => Ok(Value::Uint(!number)),
            _ => Err(EvalError::no_such_overload()),
        }),
        function("math.bitShiftLeft", "(int, int) -> int", |_, a| {
            shift(a, "math.bitShiftLeft", u64::checked_shl)
        }),
        function("math.bitShiftLeft", "(uint, int) -> uint", |_, a| {
            shift(a, "math.bitShiftLeft", u64::checked_shl)
        }),
        function("math.bitShiftRight", "(int, int) -> int", |_, a| {
            shift(a, "math.bitShiftRight", u64::checked_shr)
        }),
        function("math.bitShiftRight", "(uint, int) -> uint", |_, a| {
            shift(a, "math.bitShiftRight", u64::checked_shr)
        }),
    ],
];

/// What Kyverno adds
pub(crate) const KYVERNO: &[Declared] = &[function("math.round", "(double, int) -> double", |_, a| {
    let Value::Double(number) = value(a, 0)? else {
        return Err(EvalError::no_such_overload());
    };
    let scale = 10_f64.powf(int_as_double(int(a, 1)?));
    Ok(Value::Double((number * scale).round() / scale))
})];

/// The left number, unless its order to the right one is `loses`
fn pick<'v>(left: &Value<'v>, right: &Value<'v>, loses: Ordering) -> Result<'v> {
    Ok(if compare(left, right)? == loses {
        right.clone()
    } else {
        left.clone()
    })
}

fn of_list<'v>(list: &List<'v>, name: &str, loses: Ordering) -> Result<'v> {
    let mut elements = list.iter();
    let Some(first) = elements.next() else {
        return Err(EvalError::failed(format!(
            "{name}(list) argument must not be empty"
        )));
    };
    let best = elements.try_fold(first, |best, element| pick(&best, &element, loses))?;
    match best {
        Value::Int(_) | Value::Uint(_) | Value::Double(_) => Ok(best),
        _ => Err(EvalError::failed(format!("no such overload: {name}"))),
    }
}

fn real<'v>(arguments: &[Value<'v>], apply: fn(f64) -> f64) -> Result<'v> {
    match value(arguments, 0)? {
        Value::Double(number) => Ok(Value::Double(apply(*number))),
        _ => Err(EvalError::no_such_overload()),
    }
}

fn test<'v>(arguments: &[Value<'v>], apply: fn(f64) -> bool) -> Result<'v> {
    match value(arguments, 0)? {
        Value::Double(number) => Ok(Value::Bool(apply(*number))),
        _ => Err(EvalError::no_such_overload()),
    }
}

fn sign<'v>(_: &mut Context<'_, 'v>, arguments: &[Value<'v>]) -> Result<'v> {
    match value(arguments, 0)? {
        Value::Int(number) => Ok(Value::Int(number.signum())),
        Value::Uint(number) => Ok(Value::Uint((*number).min(1))),
        Value::Double(number) if number.is_nan() || *number == 0.0 => Ok(Value::Double(number + 0.0)),
        Value::Double(number) => Ok(Value::Double(number.signum())),
        _ => Err(EvalError::no_such_overload()),
    }
}

fn sqrt<'v>(_: &mut Context<'_, 'v>, arguments: &[Value<'v>]) -> Result<'v> {
    let number = match value(arguments, 0)? {
        Value::Int(number) => int_as_double(*number),
        Value::Uint(number) => uint_as_double(*number),
        Value::Double(number) => *number,
        _ => return Err(EvalError::no_such_overload()),
    };
    Ok(Value::Double(number.sqrt()))
}

fn bits<'v>(arguments: &[Value<'v>], apply: fn(u64, u64) -> u64) -> Result<'v> {
    match (value(arguments, 0)?, value(arguments, 1)?) {
        (Value::Int(left), Value::Int(right)) => Ok(Value::Int(
            apply(left.cast_unsigned(), right.cast_unsigned()).cast_signed(),
        )),
        (Value::Uint(left), Value::Uint(right)) => Ok(Value::Uint(apply(*left, *right))),
        _ => Err(EvalError::no_such_overload()),
    }
}

/// Shifts bits; what leaves the 64 is gone, and an int is shifted as the bits it is
fn shift<'v>(arguments: &[Value<'v>], name: &str, apply: fn(u64, u32) -> Option<u64>) -> Result<'v> {
    let offset = int(arguments, 1)?;
    if offset < 0 {
        return Err(EvalError::failed(format!("{name}() negative offset: {offset}")));
    }
    let shifted = |bits: u64| {
        u32::try_from(offset)
            .ok()
            .and_then(|offset| apply(bits, offset))
            .unwrap_or(0)
    };
    match value(arguments, 0)? {
        Value::Int(number) => Ok(Value::Int(shifted(number.cast_unsigned()).cast_signed())),
        Value::Uint(number) => Ok(Value::Uint(shifted(*number))),
        _ => Err(EvalError::no_such_overload()),
    }
}
