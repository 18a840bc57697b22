//! Arithmetic of numbers, quantities and durations.
//!
//! A text is a quantity if it reads as one, else a duration: `30m` is thirty thousandths here. Results are printed in
//! the left operand's format. Sums and differences want operands of one kind; products and quotients may scale a
//! quantity or a duration by a number.
//!
//! Behaviour: Kyverno 1.19 pkg/engine/jmespath/arithmetic.go; where Go wraps around, the result is an error here.

use crate::call::{Call, Function, Outcome};
use crate::error::{ArgumentType as T, EvaluationError, FunctionFault as Fault, ValueFault};
use crate::term::{Term, View};
use scalars::duration::GoDuration;
use scalars::numbers::format_v;
use scalars::quantity::{Quantity, QuantityError};

const TWO: &[&[T]] = &[&[T::Any], &[T::Any]];

pub(super) static FUNCTIONS: &[Function] = &[
    Function {
        name: "add",
        arguments: TWO,
        variadic: false,
        returns: T::Any,
        note: "adds two numbers, quantities or durations",
        run: |call| apply(call, add),
    },
    Function {
        name: "divide",
        arguments: TWO,
        variadic: false,
        returns: T::Any,
        note: "divides the first value by the second, which must not be zero",
        run: |call| apply(call, divide),
    },
    Function {
        name: "modulo",
        arguments: TWO,
        variadic: false,
        returns: T::Any,
        note: "the remainder of a division of integers; the divisor must not be zero",
        run: |call| apply(call, modulo),
    },
    Function {
        name: "multiply",
        arguments: TWO,
        variadic: false,
        returns: T::Any,
        note: "multiplies two numbers, or a quantity or a duration by a number",
        run: |call| apply(call, multiply),
    },
    Function {
        name: "subtract",
        arguments: TWO,
        variadic: false,
        returns: T::Any,
        note: "subtracts the second number, quantity or duration from the first",
        run: |call| apply(call, subtract),
    },
    Function {
        name: "sum",
        arguments: &[&[T::Array]],
        variadic: false,
        returns: T::Any,
        note: "adds up an array of numbers, quantities or durations",
        run: sum,
    },
];

/// A value that can be calculated with.
#[derive(Clone, Copy)]
enum Operand {
    Number(f64),
    Quantity(Quantity),
    Duration(GoDuration),
}

/// What can go wrong between two operands.
enum Wrong {
    Fault(Fault),
    Quantity(QuantityError),
}

type Result2 = Result<Operand, Wrong>;

impl Operand {
    fn read(term: &Term<'_>) -> Option<Self> {
        match term.view() {
            View::Number(number) => Some(Self::Number(number)),
            View::Text(text) => match Quantity::parse(text) {
                Ok(quantity) => Some(Self::Quantity(quantity)),
                Err(_) => GoDuration::parse(text).ok().map(Self::Duration),
            },
            View::Null | View::Bool(_) | View::Array(_) | View::Object(_) | View::Opaque => None,
        }
    }

    fn into_term<'a>(self) -> Term<'a> {
        match self {
            Self::Number(number) => Term::Number(number),
            Self::Quantity(quantity) => Term::text(quantity.to_string()),
            Self::Duration(duration) => Term::text(duration.to_string()),
        }
    }
}

fn mismatch() -> Wrong {
    Wrong::Fault(Fault::TypesMismatch)
}

fn overflow() -> Wrong {
    Wrong::Fault(Fault::Overflow)
}

impl From<QuantityError> for Wrong {
    fn from(error: QuantityError) -> Self {
        if error == QuantityError::ZeroDivisor {
            Self::Fault(Fault::ZeroDivisor)
        } else {
            Self::Quantity(error)
        }
    }
}

fn apply<'a>(call: &Call<'_, 'a>, operation: fn(Operand, Operand) -> Result2) -> Outcome<'a> {
    let operand = |index| {
        let operand = call.arguments.get(index).and_then(Operand::read);
        operand.ok_or_else(|| call.fault(Fault::InvalidOperand))
    };
    calculate(call, operand(0)?, operand(1)?, operation).map(Operand::into_term)
}

fn calculate(
    call: &Call<'_, '_>,
    left: Operand,
    right: Operand,
    operation: fn(Operand, Operand) -> Result2,
) -> Result<Operand, EvaluationError> {
    operation(left, right).map_err(|wrong| match wrong {
        Wrong::Fault(fault) => call.fault(fault),
        Wrong::Quantity(error) => ValueFault::Quantity(error).into(),
    })
}

/// One element is its own sum, whatever it is.
fn sum<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    let items = call.array(0)?;
    call.budget.step(items.len())?;
    let mut items = items.iter();
    let first = items.next().ok_or_else(|| call.fault(Fault::EmptySum))?;
    let mut total = None;
    for item in items {
        let read = |term: &Term<'_>| Operand::read(term).ok_or_else(|| call.fault(Fault::InvalidOperand));
        let left = match total {
            Some(total) => total,
            None => read(&first)?,
        };
        total = Some(calculate(call, left, read(&item)?, add)?);
    }
    Ok(total.map_or(first, Operand::into_term))
}

fn add(left: Operand, right: Operand) -> Result2 {
    match (left, right) {
        (Operand::Number(left), Operand::Number(right)) => Ok(Operand::Number(left + right)),
        (Operand::Quantity(left), Operand::Quantity(right)) => {
            Ok(Operand::Quantity(left.checked_add(right)?))
        }
        (Operand::Duration(left), Operand::Duration(right)) => left
            .checked_add(right)
            .map(Operand::Duration)
            .ok_or_else(overflow),
        _ => Err(mismatch()),
    }
}

fn subtract(left: Operand, right: Operand) -> Result2 {
    match (left, right) {
        (Operand::Number(left), Operand::Number(right)) => Ok(Operand::Number(left - right)),
        (Operand::Quantity(left), Operand::Quantity(right)) => {
            Ok(Operand::Quantity(left.checked_sub(right)?))
        }
        (Operand::Duration(left), Operand::Duration(right)) => left
            .checked_sub(right)
            .map(Operand::Duration)
            .ok_or_else(overflow),
        _ => Err(mismatch()),
    }
}

/// A number as the quantity its text reads as.
fn as_quantity(number: f64) -> Result<Quantity, QuantityError> {
    Quantity::parse(&format_v(number))
}

fn multiply(left: Operand, right: Operand) -> Result2 {
    match (left, right) {
        (Operand::Number(left), Operand::Number(right)) => Ok(Operand::Number(left * right)),
        (Operand::Quantity(quantity), Operand::Number(number))
        | (Operand::Number(number), Operand::Quantity(quantity)) => {
            Ok(Operand::Quantity(quantity.checked_mul(as_quantity(number)?)?))
        }
        (Operand::Duration(duration), Operand::Number(number))
        | (Operand::Number(number), Operand::Duration(duration)) => {
            GoDuration::from_seconds(duration.seconds() * number)
                .map(Operand::Duration)
                .ok_or_else(overflow)
        }
        _ => Err(mismatch()),
    }
}

fn divide(left: Operand, right: Operand) -> Result2 {
    let zero = || Wrong::Fault(Fault::ZeroDivisor);
    match (left, right) {
        (_, Operand::Number(0.0)) => match left {
            Operand::Number(_) | Operand::Quantity(_) | Operand::Duration(_) => Err(zero()),
        },
        (Operand::Number(left), Operand::Number(right)) => Ok(Operand::Number(left / right)),
        (Operand::Quantity(left), Operand::Quantity(right)) => {
            let divisor = right.approximate();
            if divisor == 0.0 {
                Err(zero())
            } else {
                Ok(Operand::Number(left.approximate() / divisor))
            }
        }
        (Operand::Quantity(left), Operand::Number(right)) => {
            Ok(Operand::Quantity(left.checked_div(as_quantity(right)?)?))
        }
        (Operand::Duration(left), Operand::Duration(right)) => {
            let divisor = right.seconds();
            if divisor == 0.0 {
                Err(zero())
            } else {
                Ok(Operand::Number(left.seconds() / divisor))
            }
        }
        (Operand::Duration(left), Operand::Number(right)) => GoDuration::from_seconds(left.seconds() / right)
            .map(Operand::Duration)
            .ok_or_else(overflow),
        _ => Err(mismatch()),
    }
}

fn modulo(left: Operand, right: Operand) -> Result2 {
    let fraction = || Wrong::Fault(Fault::FractionInModulo);
    match (left, right) {
        (Operand::Number(left), Operand::Number(right)) => {
            let (left, right) = whole(left).zip(whole(right)).ok_or_else(fraction)?;
            // the one remainder that overflows, MIN % -1, is zero
            let remainder = left.checked_rem(right).or((right == -1).then_some(0));
            remainder.map(as_number).ok_or(Wrong::Fault(Fault::ZeroDivisor))
        }
        (Operand::Quantity(left), Operand::Quantity(right)) => left
            .checked_rem(right)?
            .map(Operand::Quantity)
            .ok_or_else(fraction),
        (Operand::Duration(left), Operand::Duration(right)) => left
            .checked_rem(right)
            .map(Operand::Duration)
            .ok_or(Wrong::Fault(Fault::ZeroDivisor)),
        _ => Err(mismatch()),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a remainder of two float64s is one")]
fn as_number(value: i64) -> Operand {
    Operand::Number(value as f64)
}

#[expect(clippy::cast_possible_truncation, reason = "the range is checked first")]
fn whole(number: f64) -> Option<i64> {
    let bound = 9_223_372_036_854_775_808.0;
    (number.fract() == 0.0 && number >= -bound && number < bound).then_some(number as i64)
}
