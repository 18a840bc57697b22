//! The functions every environment has: `size`, the text predicates, `matches`.
//!
//! Source: cel-spec `doc/langdef.md`, cel-go `common/stdlib/standard.go`.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a value of any other kind, one added later included, has no such overload"
)]

use super::arguments::{size, string, value};
use super::{conversions, times};
use crate::context::Context;
use crate::declaration::{Declared, Surcharge, function, matching, walking};
use crate::error::EvalError;
use crate::value::Value;

type Result<'v> = std::result::Result<Value<'v>, EvalError>;

/// Bytes of text whose characters are counted in the time of a unit
const COUNTED_BYTES: u64 = 128;

const OWN: &[Declared] = &[
    function("size", "(bytes) -> int", length),
    function("size", "bytes.() -> int", length),
    function("size", "(list(A)) -> int", length),
    function("size", "list(A).() -> int", length),
    function("size", "(map(A, B)) -> int", length),
    function("size", "map(A, B).() -> int", length),
    function("size", "(string) -> int", length),
    function("size", "string.() -> int", length),
    walking("contains", "string.(string) -> bool", |_, pair| {
        Ok(Value::Bool(string(pair, 0)?.contains(string(pair, 1)?)))
    }),
    walking("startsWith", "string.(string) -> bool", |_, pair| {
        Ok(Value::Bool(string(pair, 0)?.starts_with(string(pair, 1)?)))
    }),
    walking("endsWith", "string.(string) -> bool", |_, pair| {
        Ok(Value::Bool(string(pair, 0)?.ends_with(string(pair, 1)?)))
    }),
    matching("matches", "(string, string) -> bool", matches),
    matching("matches", "string.(string) -> bool", matches),
];

/// The functions, and what calls of them take beyond their cost
pub(crate) const FUNCTIONS: &[(&[Declared], Surcharge)] = &[
    (OWN, Surcharge::new(6, 0)),
    (conversions::FUNCTIONS, Surcharge::new(24, 1)),
    (times::TIMESTAMPS, Surcharge::new(8, 0)),
    (times::DURATIONS, Surcharge::new(2, 0)),
];

/// Names of types that are values too
pub(crate) const TYPES: &[(&str, &str)] = &[
    ("bool", "bool"),
    ("bytes", "bytes"),
    ("double", "double"),
    ("google.protobuf.Duration", "duration"),
    ("int", "int"),
    ("list", "list(dyn)"),
    ("map", "map(dyn, dyn)"),
    ("null_type", "null"),
    ("string", "string"),
    ("google.protobuf.Timestamp", "timestamp"),
    ("type", "type"),
    ("uint", "uint"),
];

fn length<'v>(context: &mut Context<'_, 'v>, arguments: &[Value<'v>]) -> Result<'v> {
    Ok(size(match value(arguments, 0)? {
        Value::String(text) => {
            context.surcharge((text.len() as u64) / COUNTED_BYTES)?;
            text.chars().count()
        }
        Value::Bytes(octets) => octets.len(),
        Value::List(list) => list.len(),
        Value::Map(map) => map.len(),
        _ => return Err(EvalError::no_such_overload()),
    }))
}

fn matches<'v>(context: &mut Context<'_, 'v>, pair: &[Value<'v>]) -> Result<'v> {
    let text = string(pair, 0)?;
    let regex = context.regex(string(pair, 1)?, text)?.regex;
    Ok(Value::Bool(regex.is_match(text)))
}
