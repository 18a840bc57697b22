//! Kubernetes' list functions: `isSorted`, `sum`, `min`, `max`, `indexOf`, `lastIndexOf`, `includes`.
//!
//! Source: Kubernetes `apiserver/pkg/cel/library/lists.go`.

use std::cmp::Ordering;

use super::arguments::{list, size, value};
use super::operators::add;
use crate::context::Context;
use crate::declaration::{Declared, function, walking};
use crate::error::EvalError;
use crate::value::{List, Value, compare, ordering_surcharge};

type Result<'v> = std::result::Result<Value<'v>, EvalError>;

/// Rows for every type that has an order
macro_rules! of_ordered {
    ($name:literal, $result:literal, $run:expr) => {
        [
            walking($name, concat!("list(int).() -> ", $result), $run),
            walking($name, concat!("list(uint).() -> ", $result), $run),
            walking($name, concat!("list(double).() -> ", $result), $run),
            walking($name, concat!("list(bool).() -> ", $result), $run),
            walking($name, concat!("list(duration).() -> ", $result), $run),
            walking($name, concat!("list(timestamp).() -> ", $result), $run),
            walking($name, concat!("list(string).() -> ", $result), $run),
            walking($name, concat!("list(bytes).() -> ", $result), $run),
        ]
    };
}

/// Rows of an extreme, which has the type of its elements
macro_rules! extreme {
    ($name:literal, $loses:expr) => {
        [
            walking($name, "list(int).() -> int", |context, a| {
                extreme(context, list(a, 0)?, $name, $loses)
            }),
            walking($name, "list(uint).() -> uint", |context, a| {
                extreme(context, list(a, 0)?, $name, $loses)
            }),
            walking($name, "list(double).() -> double", |context, a| {
                extreme(context, list(a, 0)?, $name, $loses)
            }),
            walking($name, "list(bool).() -> bool", |context, a| {
                extreme(context, list(a, 0)?, $name, $loses)
            }),
            walking($name, "list(duration).() -> duration", |context, a| {
                extreme(context, list(a, 0)?, $name, $loses)
            }),
            walking($name, "list(timestamp).() -> timestamp", |context, a| {
                extreme(context, list(a, 0)?, $name, $loses)
            }),
            walking($name, "list(string).() -> string", |context, a| {
                extreme(context, list(a, 0)?, $name, $loses)
            }),
            walking($name, "list(bytes).() -> bytes", |context, a| {
                extreme(context, list(a, 0)?, $name, $loses)
            }),
        ]
    };
}

pub(crate) const FUNCTIONS: &[&[Declared]] = &[
    &of_ordered!("isSorted", "bool", |context, a| is_sorted(context, list(a, 0)?)),
    &extreme!("min", Ordering::Greater),
    &extreme!("max", Ordering::Less),
    &[
        walking("sum", "list(int).() -> int", |context, a| {
            sum(context, list(a, 0)?, Value::Int(0))
        }),
        walking("sum", "list(uint).() -> uint", |context, a| {
            sum(context, list(a, 0)?, Value::Uint(0))
        }),
        walking("sum", "list(double).() -> double", |context, a| {
            sum(context, list(a, 0)?, Value::Double(0.0))
        }),
        walking("sum", "list(duration).() -> duration", |context, a| {
            sum(context, list(a, 0)?, Value::Duration(0))
        }),
        function("indexOf", "list(A).(A) -> int", |context, a| {
            let list = list(a, 0)?;
            position(context, list, value(a, 1)?, 0..list.len())
        }),
        function("lastIndexOf", "list(A).(A) -> int", |context, a| {
            let list = list(a, 0)?;
            position(context, list, value(a, 1)?, (0..list.len()).rev())
        }),
    ],
];

/// What version 1 adds
pub(crate) const INCLUDES: &[Declared] = &[function("includes", "dyn.(dyn) -> bool", |context, a| {
    let (target, wanted) = (value(a, 0)?, value(a, 1)?);
    let found = if let Value::List(list) = target {
        context.contains(list, wanted)
    } else {
        context.equal(target, wanted)
    };
    found.map(Value::Bool)
})];

/// The first of `indexes` where the list has the value, or -1
fn position<'v>(
    context: &mut Context<'_, 'v>,
    list: &List<'v>,
    wanted: &Value<'v>,
    indexes: impl Iterator<Item = usize>,
) -> Result<'v> {
    for index in indexes {
        if let Some(element) = list.get(index)
            && context.equal(&element, wanted)?
        {
            return Ok(size(index));
        }
    }
    Ok(Value::Int(-1))
}

fn is_sorted<'v>(context: &mut Context<'_, 'v>, list: &List<'v>) -> Result<'v> {
    pay_for_order(context, list)?;
    let mut before: Option<Value<'v>> = None;
    for element in list.iter() {
        if let Some(before) = &before
            && compare(before, &element)? == Ordering::Greater
        {
            return Ok(Value::Bool(false));
        }
        before = Some(element);
    }
    Ok(Value::Bool(true))
}

fn extreme<'v>(context: &mut Context<'_, 'v>, list: &List<'v>, name: &str, loses: Ordering) -> Result<'v> {
    pay_for_order(context, list)?;
    let mut elements = list.iter();
    let first = elements
        .next()
        .ok_or_else(|| EvalError::failed(format!("{name} called on empty list")))?;
    elements.try_fold(first, |best, element| {
        Ok(if compare(&best, &element)? == loses {
            element
        } else {
            best
        })
    })
}

fn pay_for_order(context: &mut Context<'_, '_>, list: &List<'_>) -> std::result::Result<(), EvalError> {
    for element in list.iter() {
        context.surcharge(ordering_surcharge(std::iter::once(&element)))?;
    }
    Ok(())
}

/// The sum; what it starts from gives way to the type of the elements, which `dyn` hides from the signature
fn sum<'v>(context: &mut Context<'_, 'v>, list: &List<'v>, zero: Value<'v>) -> Result<'v> {
    let zero = match list.get(0) {
        Some(Value::Uint(_)) => Value::Uint(0),
        Some(Value::Double(_)) => Value::Double(0.0),
        Some(Value::Duration(_)) => Value::Duration(0),
        Some(_) | None => zero,
    };
    list.iter()
        .try_fold(zero, |total, element| add(context, &[total, element]))
}
