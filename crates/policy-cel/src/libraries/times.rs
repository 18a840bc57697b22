//! Parts of timestamps and durations: `getHours()`, `getDate('Europe/Rome')`, …
//!
//! A zone is an IANA name, from the database compiled in, or an offset `[+-]hh:mm`; without one, UTC.

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

use super::arguments::{string, value};
use crate::declaration::{Declared, function};
use crate::error::EvalError;
use crate::value::Value;
use crate::value::time::SECOND;

type Result<'v> = std::result::Result<Value<'v>, EvalError>;

/// Rows of a part that timestamps have
macro_rules! part {
    ($name:literal, $read:expr) => {
        [
            function($name, "timestamp.() -> int", |_, arguments| {
                read(arguments, $read)
            }),
            function($name, "timestamp.(string) -> int", |_, arguments| {
                read(arguments, $read)
            }),
        ]
    };
}

const PARTS: &[[Declared; 2]] = &[
    part!("getFullYear", |at, years| i64::from(at.year())
        .saturating_add(years)),
    part!("getMonth", |at, _| i64::from(at.month()).saturating_sub(1)),
    part!("getDayOfYear", |at, _| i64::from(at.date().day_of_year())
        .saturating_sub(1)),
    part!("getDayOfMonth", |at, _| i64::from(at.day()).saturating_sub(1)),
    part!("getDate", |at, _| i64::from(at.day())),
    part!("getDayOfWeek", |at, _| i64::from(
        at.weekday().to_sunday_zero_offset()
    )),
    part!("getHours", |at, _| i64::from(at.hour())),
    part!("getMinutes", |at, _| i64::from(at.minute())),
    part!("getSeconds", |at, _| i64::from(at.second())),
    part!("getMilliseconds", |at, _| i64::from(at.millisecond())),
];

/// Durations in whole units
pub(super) const DURATIONS: &[Declared] = &[
    function("getHours", "duration.() -> int", |_, arguments| {
        units(arguments, 3_600 * SECOND)
    }),
    function("getMinutes", "duration.() -> int", |_, arguments| {
        units(arguments, 60 * SECOND)
    }),
    function("getSeconds", "duration.() -> int", |_, arguments| {
        units(arguments, SECOND)
    }),
    function("getMilliseconds", "duration.() -> int", |_, arguments| {
        units(arguments, SECOND / 1_000)
    }),
];

/// Parts of timestamps
pub(super) const TIMESTAMPS: &[Declared] = PARTS.as_flattened();

fn read<'v>(arguments: &[Value<'v>], part: fn(DateTime, i64) -> i64) -> Result<'v> {
    let Value::Timestamp(at) = value(arguments, 0)? else {
        return Err(EvalError::no_such_overload());
    };
    let zone = match arguments.len() {
        1 => TimeZone::UTC,
        _ => zone(string(arguments, 1)?)?,
    };
    let (local, years) = at.local(&zone);
    Ok(Value::Int(part(local, years)))
}

fn zone(name: &str) -> std::result::Result<TimeZone, EvalError> {
    let unknown = || EvalError::failed(format!("unknown time zone {name}"));
    let Some((hours, minutes)) = name.split_once(':') else {
        return match name {
            "" | "UTC" => Ok(TimeZone::UTC),
            _ => TimeZone::get(name).map_err(|_| unknown()),
        };
    };
    let hours: i64 = hours.parse().map_err(|_| unknown())?;
    let minutes: i64 = minutes.parse().map_err(|_| unknown())?;
    if !(0..=59).contains(&minutes) {
        return Err(EvalError::failed(format!(
            "timezone offset minutes out of range [0, 59]: {name}"
        )));
    }
    let signed = if name.starts_with('-') {
        minutes.checked_neg()
    } else {
        Some(minutes)
    };
    let seconds = hours
        .checked_mul(60)
        .and_then(|hours| hours.checked_add(signed?)?.checked_mul(60))
        .and_then(|seconds| i32::try_from(seconds).ok());
    let offset = seconds.and_then(|seconds| Offset::from_seconds(seconds).ok());
    offset.map(TimeZone::fixed).ok_or_else(unknown)
}

fn units<'v>(arguments: &[Value<'v>], unit: i64) -> Result<'v> {
    let Value::Duration(nanoseconds) = value(arguments, 0)? else {
        return Err(EvalError::no_such_overload());
    };
    Ok(Value::Int(nanoseconds.checked_div(unit).unwrap_or(0)))
}
