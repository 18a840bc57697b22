//! Kubernetes' quantities as values: `quantity('1.5Gi')`.
//!
//! Source: Kubernetes `apiserver/pkg/cel/library/quantity.go`. Sums beyond what [`scalars::quantity`] holds are errors.

use std::any::Any;
use std::cmp::Ordering;

use scalars::quantity::{Format, Quantity, QuantityError};

use super::arguments::{int, opaque, string};
use crate::declaration::{Declared, function};
use crate::error::EvalError;
use crate::value::{Opaque, Value};

type Result<'v> = std::result::Result<Value<'v>, EvalError>;

pub(crate) const FUNCTIONS: &[Declared] = &[
    function("quantity", "(string) -> kubernetes.Quantity", |_, a| {
        Quantity::parse(string(a, 0)?)
            .map(made)
            .map_err(|error| refused(&error))
    }),
    function("isQuantity", "(string) -> bool", |_, a| {
        Ok(Value::Bool(Quantity::parse(string(a, 0)?).is_ok()))
    }),
    function("sign", "(kubernetes.Quantity) -> int", |_, a| {
        Ok(order(opaque::<Amount>(a, 0)?.0.cmp(&Quantity::default())))
    }),
    function(
        "isGreaterThan",
        "kubernetes.Quantity.(kubernetes.Quantity) -> bool",
        |_, a| Ok(Value::Bool(compared(a)?.is_gt())),
    ),
    function(
        "isLessThan",
        "kubernetes.Quantity.(kubernetes.Quantity) -> bool",
        |_, a| Ok(Value::Bool(compared(a)?.is_lt())),
    ),
    function(
        "compareTo",
        "kubernetes.Quantity.(kubernetes.Quantity) -> int",
        |_, a| Ok(order(compared(a)?)),
    ),
    function(
        "asApproximateFloat",
        "kubernetes.Quantity.() -> double",
        |_, a| Ok(Value::Double(opaque::<Amount>(a, 0)?.0.approximate())),
    ),
    function("asInteger", "kubernetes.Quantity.() -> int", |_, a| {
        let whole = whole(&opaque::<Amount>(a, 0)?.0);
        whole
            .map(Value::Int)
            .ok_or_else(|| EvalError::failed("cannot convert value to integer"))
    }),
    function("isInteger", "kubernetes.Quantity.() -> bool", |_, a| {
        Ok(Value::Bool(whole(&opaque::<Amount>(a, 0)?.0).is_some()))
    }),
    function(
        "add",
        "kubernetes.Quantity.(kubernetes.Quantity) -> kubernetes.Quantity",
        |_, a| {
            combined(
                opaque::<Amount>(a, 0)?.0,
                opaque::<Amount>(a, 1)?.0,
                Quantity::checked_add,
            )
        },
    ),
    function(
        "add",
        "kubernetes.Quantity.(int) -> kubernetes.Quantity",
        |_, a| {
            combined(
                opaque::<Amount>(a, 0)?.0,
                of_int(int(a, 1)?),
                Quantity::checked_add,
            )
        },
    ),
    function(
        "sub",
        "kubernetes.Quantity.(kubernetes.Quantity) -> kubernetes.Quantity",
        |_, a| {
            combined(
                opaque::<Amount>(a, 0)?.0,
                opaque::<Amount>(a, 1)?.0,
                Quantity::checked_sub,
            )
        },
    ),
    function(
        "sub",
        "kubernetes.Quantity.(int) -> kubernetes.Quantity",
        |_, a| {
            combined(
                opaque::<Amount>(a, 0)?.0,
                of_int(int(a, 1)?),
                Quantity::checked_sub,
            )
        },
    ),
];

#[derive(Debug)]
struct Amount(Quantity);

impl Opaque for Amount {
    fn type_name(&self) -> &str {
        "kubernetes.Quantity"
    }

    fn equals(&self, other: &dyn Opaque) -> bool {
        other.downcast::<Self>().is_some_and(|other| self.0 == other.0)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn to_json(&self) -> Option<serde_json::Value> {
        Some(self.0.to_string().into())
    }
}

fn made<'v>(quantity: Quantity) -> Value<'v> {
    Value::opaque(Amount(quantity))
}

fn refused(error: &QuantityError) -> EvalError {
    EvalError::failed(error.to_string())
}

fn of_int(number: i64) -> Quantity {
    Quantity::from_integer(number, Format::DecimalExponent)
}

fn compared(arguments: &[Value<'_>]) -> std::result::Result<Ordering, EvalError> {
    Ok(opaque::<Amount>(arguments, 0)?
        .0
        .cmp(&opaque::<Amount>(arguments, 1)?.0))
}

/// -1, 0 or 1
pub(super) fn order<'v>(ordering: Ordering) -> Value<'v> {
    Value::Int(match ordering {
        Ordering::Less => -1,
        Ordering::Equal => 0,
        Ordering::Greater => 1,
    })
}

fn combined<'v>(
    left: Quantity,
    right: Quantity,
    combine: fn(Quantity, Quantity) -> std::result::Result<Quantity, QuantityError>,
) -> Result<'v> {
    combine(left, right).map(made).map_err(|error| refused(&error))
}

/// The 64-bit integer that the quantity is, found by halving: exact where a float is not
fn whole(quantity: &Quantity) -> Option<i64> {
    let (mut low, mut high) = (i64::MIN, i64::MAX);
    while low <= high {
        let middle = low.midpoint(high);
        match Quantity::from_integer(middle, Format::DecimalSi).cmp(quantity) {
            Ordering::Equal => return Some(middle),
            Ordering::Less => low = middle.checked_add(1)?,
            Ordering::Greater => high = middle.checked_sub(1)?,
        }
    }
    None
}
