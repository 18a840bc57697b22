//! Functions of numbers that the language was born with, and `round`.

use crate::call::{Call, Function, Outcome};
use crate::error::{ArgumentType as T, FunctionFault};
use crate::term::{Term, View};
use scalars::numbers::parse_float;

pub(super) static FUNCTIONS: &[Function] = &[
    Function {
        name: "abs",
        arguments: &[&[T::Number]],
        variadic: false,
        returns: T::Number,
        note: "",
        run: abs,
    },
    Function {
        name: "avg",
        arguments: &[&[T::NumberArray]],
        variadic: false,
        returns: T::Number,
        note: "",
        run: avg,
    },
    Function {
        name: "ceil",
        arguments: &[&[T::Number]],
        variadic: false,
        returns: T::Number,
        note: "",
        run: ceil,
    },
    Function {
        name: "floor",
        arguments: &[&[T::Number]],
        variadic: false,
        returns: T::Number,
        note: "",
        run: floor,
    },
    Function {
        name: "to_number",
        arguments: &[&[T::Any]],
        variadic: false,
        returns: T::Number,
        note: "",
        run: to_number,
    },
    Function {
        name: "round",
        arguments: &[&[T::Number], &[T::Number]],
        variadic: false,
        returns: T::Number,
        note: "rounds the first number, half away from zero, to as many decimals as the second says",
        run: round,
    },
];

fn abs<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    Ok(Term::Number(call.number(0)?.abs()))
}

fn ceil<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    Ok(Term::Number(call.number(0)?.ceil()))
}

fn floor<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    Ok(Term::Number(call.number(0)?.floor()))
}

/// The mean; of nothing it is NaN.
#[expect(clippy::cast_precision_loss, reason = "a list has fewer than 2^53 elements")]
fn avg<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    let items = call.array(0)?;
    let sum: f64 = items.iter().filter_map(|item| item.as_number()).sum();
    Ok(Term::Number(sum / items.len() as f64))
}

/// A number as it is, a text as it reads; null for what reads as none.
fn to_number<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    let argument = call.argument(0);
    Ok(match argument.view() {
        View::Number(number) => Term::Number(number),
        View::Text(text) => parse_float(text).map_or(Term::Null, Term::Number),
        View::Null | View::Bool(_) | View::Array(_) | View::Object(_) => Term::Null,
        View::Opaque => return Err(crate::error::EvaluationError::UnknownType),
    })
}

fn round<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    let (number, places) = (call.number(0)?, call.number(1)?);
    if !places.is_finite() || places.fract() != 0.0 {
        return Err(call.fault(FunctionFault::FractionInRound));
    }
    if places < 0.0 {
        return Err(call.fault(FunctionFault::OutOfBounds));
    }
    let shift: f64 = format!("1e{places}").parse().unwrap_or(f64::INFINITY);
    Ok(Term::Number((number * shift).round() / shift))
}
