//! cel-go's extended list functions, version 3.
//!
//! Source: cel-go `ext/lists.go`.

use std::cmp::Ordering;

use super::arguments::{index as to_index, int, list};
use crate::context::Context;
use crate::declaration::{Declared, function, walking};
use crate::error::EvalError;
use crate::value::{List, Value, compare, ordering_surcharge};

type Result<T> = std::result::Result<T, EvalError>;

/// Rows for every type that has an order
macro_rules! of_ordered {
    ($name:literal, $before:literal, $after:literal, $run:expr) => {
        [
            walking($name, concat!($before, "int", $after, "int)"), $run),
            walking($name, concat!($before, "uint", $after, "uint)"), $run),
            walking($name, concat!($before, "double", $after, "double)"), $run),
            walking($name, concat!($before, "bool", $after, "bool)"), $run),
            walking($name, concat!($before, "duration", $after, "duration)"), $run),
            walking($name, concat!($before, "timestamp", $after, "timestamp)"), $run),
            walking($name, concat!($before, "string", $after, "string)"), $run),
            walking($name, concat!($before, "bytes", $after, "bytes)"), $run),
        ]
    };
}

pub(crate) const FUNCTIONS: &[&[Declared]] = &[
    &[
        walking("slice", "list(T).(int, int) -> list(T)", slice),
        walking("flatten", "list(list(T)).() -> list(T)", |context, a| {
            flatten(context, list(a, 0)?, 1)
        }),
        walking("flatten", "list(dyn).(int) -> list(dyn)", |context, a| {
            flatten(context, list(a, 0)?, int(a, 1)?)
        }),
        function("lists.range", "(int) -> list(int)", range),
        walking("reverse", "list(T).() -> list(T)", |context, a| {
            let list = list(a, 0)?;
            context.list(
                (0..list.len())
                    .rev()
                    .filter_map(|index| list.get(index))
                    .collect(),
            )
        }),
        walking("distinct", "list(T).() -> list(T)", distinct),
    ],
    &of_ordered!("sort", "list(", ").() -> list(", |context, a| {
        let list = list(a, 0)?;
        sorted(
            context,
            list.iter().map(|element| (element.clone(), element)).collect(),
        )
    }),
];

fn slice<'v>(context: &mut Context<'_, 'v>, arguments: &[Value<'v>]) -> Result<Value<'v>> {
    let (list, start, end) = (list(arguments, 0)?, int(arguments, 1)?, int(arguments, 2)?);
    let refused = |why: &str| EvalError::failed(format!("cannot slice({start}, {end}), {why}"));
    let (Some(from), Some(to)) = (to_index(start), to_index(end)) else {
        return Err(refused("negative indexes not supported"));
    };
    if from > to {
        return Err(refused("start index must be less than or equal to end index"));
    }
    if to > list.len() {
        return Err(refused(&format!("list is length {}", list.len())));
    }
    context.list((from..to).filter_map(|index| list.get(index)).collect())
}

fn flatten<'v>(context: &mut Context<'_, 'v>, list: &List<'v>, levels: i64) -> Result<Value<'v>> {
    if levels < 0 {
        return Err(EvalError::failed("level must be non-negative"));
    }
    let mut flat = Vec::with_capacity(list.len());
    flatten_into(context, list, levels, &mut flat)?;
    Ok(Value::List(List::from(flat)))
}

fn flatten_into<'v>(
    context: &mut Context<'_, 'v>,
    list: &List<'v>,
    levels: i64,
    flat: &mut Vec<Value<'v>>,
) -> Result<()> {
    context.spend(list.len() as u64)?;
    for element in list.iter() {
        if let (Value::List(inner), true) = (&element, levels > 0) {
            flatten_into(context, inner, levels.saturating_sub(1), flat)?;
            continue;
        }
        context.grow_list()?;
        flat.push(element);
    }
    Ok(())
}

fn range<'v>(context: &mut Context<'_, 'v>, arguments: &[Value<'v>]) -> Result<Value<'v>> {
    let count = int(arguments, 0)?.max(0);
    context.spend(count.unsigned_abs())?;
    let mut numbers = Vec::new();
    for number in 0..count {
        context.grow_list()?;
        numbers.push(Value::Int(number));
    }
    Ok(Value::List(List::from(numbers)))
}

fn distinct<'v>(context: &mut Context<'_, 'v>, arguments: &[Value<'v>]) -> Result<Value<'v>> {
    let mut seen: Vec<Value<'v>> = Vec::new();
    'elements: for element in list(arguments, 0)?.iter() {
        context.spend((seen.len() as u64).div_ceil(10))?;
        context.surcharge((seen.len() as u64).saturating_add(1))?;
        for before in &seen {
            if context.equal(before, &element)? {
                continue 'elements;
            }
        }
        seen.push(element);
    }
    context.list(seen)
}

/// The values, in the order of their keys; equal keys keep their order. All keys must be of one type that has an order.
pub(crate) fn sorted<'v>(
    context: &mut Context<'_, 'v>,
    mut pairs: Vec<(Value<'v>, Value<'v>)>,
) -> Result<Value<'v>> {
    let Some((first, _)) = pairs.first() else {
        return context.list(Vec::new());
    };
    if !is_ordered(first) {
        return Err(EvalError::failed("list elements must be comparable"));
    }
    let kind = first.type_name().into_owned();
    if pairs.iter().any(|(key, _)| key.type_name() != *kind) {
        return Err(EvalError::failed("list elements must have the same type"));
    }
    let length = pairs.len() as u64;
    let rounds = u64::from(length.max(2).ilog2());
    let comparisons = length.saturating_mul(rounds);
    context.spend(comparisons)?;
    let of_texts = ordering_surcharge(pairs.iter().map(|(key, _)| key)).saturating_mul(rounds);
    context.surcharge(comparisons.saturating_add(length).saturating_add(of_texts))?;
    pairs.sort_by(|(left, _), (right, _)| compare(left, right).unwrap_or(Ordering::Equal));
    context.list(pairs.into_iter().map(|(_, value)| value).collect())
}

fn is_ordered(value: &Value<'_>) -> bool {
    match value {
        Value::Bool(_)
        | Value::Int(_)
        | Value::Uint(_)
        | Value::Double(_)
        | Value::String(_)
        | Value::Bytes(_)
        | Value::Timestamp(_)
        | Value::Duration(_) => true,
        Value::Null
        | Value::List(_)
        | Value::Map(_)
        | Value::Object(_)
        | Value::Optional(_)
        | Value::Type(_)
        | Value::Opaque(_) => false,
    }
}

/// `sets.…`: lists taken as sets
pub(crate) const SETS: &[Declared] = &[
    function("sets.contains", "(list(T), list(T)) -> bool", |context, a| {
        all_within(context, list(a, 1)?, list(a, 0)?).map(Value::Bool)
    }),
    function("sets.equivalent", "(list(T), list(T)) -> bool", |context, a| {
        let (left, right) = (list(a, 0)?, list(a, 1)?);
        Ok(Value::Bool(
            all_within(context, left, right)? && all_within(context, right, left)?,
        ))
    }),
    function("sets.intersects", "(list(T), list(T)) -> bool", |context, a| {
        let right = list(a, 1)?;
        for element in list(a, 0)?.iter() {
            if context.contains(right, &element)? {
                return Ok(Value::Bool(true));
            }
        }
        Ok(Value::Bool(false))
    }),
];

fn all_within(context: &mut Context<'_, '_>, part: &List<'_>, whole: &List<'_>) -> Result<bool> {
    for element in part.iter() {
        if !context.contains(whole, &element)? {
            return Ok(false);
        }
    }
    Ok(true)
}
