//! Functions of time, RFC 3339 in and out unless a Go layout is given.
//!
//! Behaviour: Kyverno 1.19 pkg/engine/jmespath/time.go; the local zone is UTC.

use crate::call::{Call, Function, Outcome};
use crate::error::{ArgumentType as T, EvaluationError, ValueFault};
use crate::term::Term;
use scalars::duration::GoDuration;
use scalars::go_time::{GoTime, RFC3339};

const ONE: &[&[T]] = &[&[T::String]];
const TWO: &[&[T]] = &[&[T::String], &[T::String]];
const THREE: &[&[T]] = &[&[T::String], &[T::String], &[T::String]];

/// An entry of the table.
const fn entry(
    name: &'static str,
    arguments: &'static [&'static [T]],
    returns: T,
    note: &'static str,
    run: for<'c, 'a> fn(&Call<'c, 'a>) -> Outcome<'a>,
) -> Function {
    Function {
        name,
        arguments,
        variadic: false,
        returns,
        note,
        run,
    }
}

pub(super) static FUNCTIONS: &[Function] = &[
    entry(
        "time_add",
        TWO,
        T::String,
        "the time (first string) a duration (second string) later",
        time_add,
    ),
    entry(
        "time_after",
        TWO,
        T::Bool,
        "whether the first time is later than the second, both in RFC 3339",
        time_after,
    ),
    entry(
        "time_before",
        TWO,
        T::Bool,
        "whether the first time is earlier than the second, both in RFC 3339",
        time_before,
    ),
    entry(
        "time_between",
        THREE,
        T::Bool,
        "whether the first time lies between the other two, all in RFC 3339",
        time_between,
    ),
    entry(
        "time_diff",
        TWO,
        T::String,
        "how much later the second time is than the first, both in RFC 3339",
        time_diff,
    ),
    entry(
        "time_now",
        &[],
        T::String,
        "the current time in RFC 3339",
        time_now,
    ),
    entry(
        "time_now_utc",
        &[],
        T::String,
        "the current time in UTC, in RFC 3339",
        time_now,
    ),
    entry(
        "time_parse",
        TWO,
        T::String,
        "a time in the given layout (or in seconds since 1970, if the layout is a number) as RFC 3339",
        time_parse,
    ),
    entry(
        "time_since",
        THREE,
        T::String,
        "how much later the third string is than the second, in the layout of the first; an empty third string is now",
        time_since,
    ),
    entry(
        "time_to_cron",
        ONE,
        T::String,
        "a time in RFC 3339 as a cron expression",
        time_to_cron,
    ),
    entry(
        "time_truncate",
        TWO,
        T::String,
        "the time rounded down to a multiple of the duration",
        time_truncate,
    ),
    entry("time_utc", ONE, T::String, "a time in RFC 3339, in UTC", time_utc),
];

fn time(call: &Call<'_, '_>, index: usize) -> Result<GoTime, EvaluationError> {
    GoTime::parse_rfc3339(call.text(index)?).map_err(fault)
}

fn duration(call: &Call<'_, '_>, index: usize) -> Result<GoDuration, EvaluationError> {
    GoDuration::parse(call.text(index)?).map_err(fault)
}

fn fault(error: impl Into<ValueFault>) -> EvaluationError {
    EvaluationError::Value(error.into())
}

fn printed<'a>(value: impl std::fmt::Display) -> Term<'a> {
    Term::text(value.to_string())
}

fn time_add<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    let time = time(call, 0)?;
    time.checked_add(duration(call, 1)?).map(printed).map_err(fault)
}

fn time_after<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    Ok(Term::Bool(time(call, 0)? > time(call, 1)?))
}

fn time_before<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    Ok(Term::Bool(time(call, 0)? < time(call, 1)?))
}

fn time_between<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    let (time, start, end) = (time(call, 0)?, time(call, 1)?, time(call, 2)?);
    Ok(Term::Bool(time > start && time < end))
}

fn time_diff<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    let (earlier, later) = (time(call, 0)?, time(call, 1)?);
    Ok(printed(later.since(earlier)))
}

fn time_now<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    Ok(printed(GoTime::from_timestamp(call.environment.now)))
}

fn time_parse<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    let (layout, text) = (call.text(0)?, call.text(1)?);
    if layout.parse::<i64>().is_err() {
        return GoTime::parse(layout, text).map(printed).map_err(fault);
    }
    let seconds = text
        .parse::<i64>()
        .map_err(|_| fault(ValueFault::Integer(text.into())))?;
    GoTime::from_unix_seconds(seconds).map(printed).map_err(fault)
}

fn time_since<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    let layout = Some(call.text(0)?)
        .filter(|layout| !layout.is_empty())
        .unwrap_or(RFC3339);
    let earlier = GoTime::parse(layout, call.text(1)?).map_err(fault)?;
    let later = match call.text(2)? {
        "" => GoTime::from_timestamp(call.environment.now),
        text => GoTime::parse(layout, text).map_err(fault)?,
    };
    Ok(printed(later.since(earlier)))
}

fn time_to_cron<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    let at = time(call, 0)?.civil();
    let weekday = at.weekday().to_sunday_zero_offset();
    Ok(printed(format_args!(
        "{} {} {} {} {weekday}",
        at.minute(),
        at.hour(),
        at.day(),
        at.month()
    )))
}

fn time_truncate<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    let time = time(call, 0)?;
    time.truncate(duration(call, 1)?).map(printed).map_err(fault)
}

fn time_utc<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    Ok(printed(time(call, 0)?.utc()))
}
