//! `int()`, `string()`, `timestamp()`, … and `type()`.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a value of any other kind, one added later included, has no such overload"
)]

use super::arguments::{string, value};
use crate::context::Context;
use crate::declaration::{Declared, function, walking};
use crate::error::EvalError;
use crate::value::time::{parse_duration, parse_timestamp};
use crate::value::{
    Text, Timestamp, Value, int_as_double, text_of_duration, text_of_timestamp, to_int, to_uint,
    uint_as_double,
};

type Result<'v> = std::result::Result<Value<'v>, EvalError>;

pub(super) const FUNCTIONS: &[Declared] = &[
    function("type", "(A) -> type(A)", |_, arguments| {
        let name = value(arguments, 0)?.type_name().into_owned();
        Ok(Value::Type(Text::from(name)))
    }),
    function("dyn", "(A) -> dyn", itself),
    function("bool", "(bool) -> bool", itself),
    function("bool", "(string) -> bool", |_, arguments| {
        to_bool(string(arguments, 0)?)
    }),
    function("bytes", "(bytes) -> bytes", itself),
    walking("bytes", "(string) -> bytes", |context, arguments| {
        let octets = string(arguments, 0)?.as_bytes().to_vec();
        context.bytes(octets)
    }),
    function("double", "(double) -> double", itself),
    function("double", "(int) -> double", to_double),
    function("double", "(string) -> double", to_double),
    function("double", "(uint) -> double", to_double),
    function("duration", "(duration) -> duration", itself),
    function("duration", "(string) -> duration", |_, arguments| {
        parse_duration(string(arguments, 0)?)
            .map(Value::Duration)
            .ok_or_else(|| refused("string", "duration"))
    }),
    function("int", "(int) -> int", itself),
    function("int", "(double) -> int", as_int),
    function("int", "(duration) -> int", as_int),
    function("int", "(string) -> int", as_int),
    function("int", "(timestamp) -> int", as_int),
    function("int", "(uint) -> int", as_int),
    function("string", "(string) -> string", itself),
    function("string", "(bool) -> string", to_string),
    walking("string", "(bytes) -> string", to_string),
    function("string", "(double) -> string", to_string),
    function("string", "(duration) -> string", to_string),
    function("string", "(int) -> string", to_string),
    function("string", "(timestamp) -> string", to_string),
    function("string", "(uint) -> string", to_string),
    function("timestamp", "(timestamp) -> timestamp", itself),
    function("timestamp", "(int) -> timestamp", |_, arguments| {
        Timestamp::new(super::arguments::int(arguments, 0)?, 0).map(Value::Timestamp)
    }),
    function("timestamp", "(string) -> timestamp", |_, arguments| {
        let at = parse_timestamp(string(arguments, 0)?);
        at.map(Value::Timestamp)
            .ok_or_else(|| refused("string", "timestamp"))
    }),
    function("uint", "(uint) -> uint", itself),
    function("uint", "(double) -> uint", as_uint),
    function("uint", "(int) -> uint", as_uint),
    function("uint", "(string) -> uint", as_uint),
];

fn itself<'v>(_: &mut Context<'_, 'v>, arguments: &[Value<'v>]) -> Result<'v> {
    value(arguments, 0).cloned()
}

fn refused(from: &str, to: &str) -> EvalError {
    let full = |name: &str| match name {
        "duration" => String::from("google.protobuf.Duration"),
        "timestamp" => String::from("google.protobuf.Timestamp"),
        other => other.to_owned(),
    };
    EvalError::failed(format!(
        "type conversion error from '{}' to '{}'",
        full(from),
        full(to)
    ))
}

fn to_bool<'v>(text: &str) -> Result<'v> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(Value::Bool(true)),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(Value::Bool(false)),
        _ => Err(refused("string", "bool")),
    }
}

fn to_double<'v>(_: &mut Context<'_, 'v>, arguments: &[Value<'v>]) -> Result<'v> {
    match value(arguments, 0)? {
        Value::Int(number) => Ok(Value::Double(int_as_double(*number))),
        Value::Uint(number) => Ok(Value::Double(uint_as_double(*number))),
        Value::String(text) => {
            let number: Option<f64> = text.parse().ok();
            number
                .map(Value::Double)
                .ok_or_else(|| refused("string", "double"))
        }
        _ => Err(EvalError::no_such_overload()),
    }
}

fn as_int<'v>(_: &mut Context<'_, 'v>, arguments: &[Value<'v>]) -> Result<'v> {
    let overflow = || EvalError::failed("integer overflow");
    match value(arguments, 0)? {
        Value::Uint(number) => i64::try_from(*number).map(Value::Int).map_err(|_| overflow()),
        Value::Double(number) => to_int(*number).map(Value::Int).ok_or_else(overflow),
        Value::Duration(nanoseconds) => Ok(Value::Int(*nanoseconds)),
        Value::Timestamp(at) => Ok(Value::Int(at.seconds())),
        Value::String(text) => decimal(text)
            .map(Value::Int)
            .ok_or_else(|| refused("string", "int")),
        _ => Err(EvalError::no_such_overload()),
    }
}

fn decimal<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

fn as_uint<'v>(_: &mut Context<'_, 'v>, arguments: &[Value<'v>]) -> Result<'v> {
    let overflow = || EvalError::failed("unsigned integer overflow");
    match value(arguments, 0)? {
        Value::Int(number) => u64::try_from(*number).map(Value::Uint).map_err(|_| overflow()),
        Value::Double(number) => to_uint(*number).map(Value::Uint).ok_or_else(overflow),
        Value::String(text) if text.starts_with('+') => Err(refused("string", "uint")),
        Value::String(text) => decimal(text)
            .map(Value::Uint)
            .ok_or_else(|| refused("string", "uint")),
        _ => Err(EvalError::no_such_overload()),
    }
}

fn to_string<'v>(context: &mut Context<'_, 'v>, arguments: &[Value<'v>]) -> Result<'v> {
    let text = match value(arguments, 0)? {
        Value::Bool(truth) => truth.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Uint(number) => number.to_string(),
        Value::Double(number) => shortest(*number),
        Value::Bytes(octets) => match String::from_utf8(octets.to_vec()) {
            Ok(text) => text,
            Err(_) => {
                return Err(EvalError::failed(
                    "invalid UTF-8 in bytes, cannot convert to string",
                ));
            }
        },
        Value::Timestamp(at) => text_of_timestamp(*at),
        Value::Duration(nanoseconds) => text_of_duration(*nanoseconds),
        _ => return Err(EvalError::no_such_overload()),
    };
    context.string(text)
}

/// The shortest decimal that reads back the same, with an exponent where Go's `%g` has one
pub(super) fn shortest(number: f64) -> String {
    if number.is_nan() {
        return String::from("NaN");
    }
    if number.is_infinite() {
        return String::from(if number > 0.0 { "+Inf" } else { "-Inf" });
    }
    let scientific = format!("{number:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) {
        return number.to_string();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
}
