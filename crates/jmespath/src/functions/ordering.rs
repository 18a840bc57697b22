//! Functions that order: `sort`, `max`, `min`, their `_by` forms, `reverse`.

use crate::call::{Call, Function, Outcome};
use crate::error::{ArgumentType as T, EvaluationError};
use crate::term::{Term, View};
use std::cmp::Ordering;
use std::rc::Rc;

const BY: &[&[T]] = &[&[T::Array], &[T::Expression]];

pub(super) static FUNCTIONS: &[Function] = &[
    Function {
        name: "max",
        arguments: &[&[T::NumberArray, T::StringArray]],
        variadic: false,
        returns: T::Any,
        note: "",
        run: |call| extreme(call, Ordering::Greater),
    },
    Function {
        name: "min",
        arguments: &[&[T::NumberArray, T::StringArray]],
        variadic: false,
        returns: T::Any,
        note: "",
        run: |call| extreme(call, Ordering::Less),
    },
    Function {
        name: "max_by",
        arguments: BY,
        variadic: false,
        returns: T::Any,
        note: "",
        run: |call| extreme_by(call, Ordering::Greater),
    },
    Function {
        name: "min_by",
        arguments: BY,
        variadic: false,
        returns: T::Any,
        note: "",
        run: |call| extreme_by(call, Ordering::Less),
    },
    Function {
        name: "reverse",
        arguments: &[&[T::Array, T::String]],
        variadic: false,
        returns: T::Any,
        note: "",
        run: reverse,
    },
    Function {
        name: "sort",
        arguments: &[&[T::StringArray, T::NumberArray]],
        variadic: false,
        returns: T::Array,
        note: "",
        run: sort,
    },
    Function {
        name: "sort_by",
        arguments: BY,
        variadic: false,
        returns: T::Array,
        note: "",
        run: sort_by,
    },
];

/// What elements are ordered by.
#[derive(PartialEq, PartialOrd)]
enum Key {
    Number(f64),
    Text(Rc<str>),
}

impl Key {
    fn of(term: &Term<'_>) -> Option<Self> {
        match term.view() {
            View::Number(number) => Some(Self::Number(number)),
            View::Text(text) => Some(Self::Text(text.into())),
            View::Null | View::Bool(_) | View::Array(_) | View::Object(_) | View::Opaque => None,
        }
    }

    fn is_like(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }

    /// NaN comes first, as Go sorts it.
    fn order(&self, other: &Self) -> Ordering {
        let is_nan = |key: &Self| matches!(key, Self::Number(number) if number.is_nan());
        self.partial_cmp(other)
            .unwrap_or_else(|| is_nan(other).cmp(&is_nan(self)))
    }
}

/// The elements with their keys, in their order.
type Keyed<'a> = Vec<(Key, Term<'a>)>;

fn keyed<'a>(call: &Call<'_, 'a>) -> Result<Keyed<'a>, EvaluationError> {
    let items = call.array(0)?;
    call.budget.step(items.len())?;
    Ok(items
        .iter()
        .filter_map(|item| Key::of(&item).map(|key| (key, item)))
        .collect())
}

fn extreme<'a>(call: &Call<'_, 'a>, wanted: Ordering) -> Outcome<'a> {
    let found = keyed(call)?
        .into_iter()
        .reduce(|best, next| better(best, next, wanted));
    Ok(found.map_or(Term::Null, |(_, item)| item))
}

/// The first of equals stays.
fn better<'a>(best: (Key, Term<'a>), next: (Key, Term<'a>), wanted: Ordering) -> (Key, Term<'a>) {
    if next.0.partial_cmp(&best.0) == Some(wanted) {
        next
    } else {
        best
    }
}

fn sort<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    let mut items = keyed(call)?;
    items.sort_by(|(left, _), (right, _)| left.order(right));
    call.made_array(items.into_iter().map(|(_, item)| item).collect())
}

fn extreme_by<'a>(call: &Call<'_, 'a>, wanted: Ordering) -> Outcome<'a> {
    let (items, expression) = (call.array(0)?, call.argument(1));
    let Some(first) = items.get(0) else {
        return Ok(Term::Null);
    };
    if items.len() == 1 {
        return Ok(first);
    }
    let first_key = Key::of(&call.evaluator.apply(&expression, first.clone())?);
    let mut best = (
        first_key.ok_or(EvaluationError::KeyType("number of string"))?,
        first,
    );
    for item in items.iter().skip(1) {
        let key = Key::of(&call.evaluator.apply(&expression, item.clone())?);
        let key = key
            .filter(|key| key.is_like(&best.0))
            .ok_or_else(|| wrong_key(&best.0))?;
        best = better(best, (key, item), wanted);
    }
    Ok(best.1)
}

fn wrong_key(first: &Key) -> EvaluationError {
    EvaluationError::KeyType(match first {
        Key::Number(_) => "number",
        Key::Text(_) => "string",
    })
}

fn sort_by<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    let (items, expression) = (call.array(0)?, call.argument(1));
    let first = match items.get(0) {
        Some(first) if items.len() > 1 => first,
        _ => return Ok(call.argument(0)),
    };
    let first_key = Key::of(&call.evaluator.apply(&expression, first)?);
    let first_key = first_key.ok_or(EvaluationError::KeyType("number of string"))?;
    let mut keyed: Keyed<'a> = Vec::with_capacity(items.len());
    for item in items.iter() {
        let key = match call.evaluator.apply_strictly(&expression, item.clone()) {
            Err(error) if error.is_fatal() => return Err(error),
            Err(_) => None,
            Ok(key) => Key::of(&key),
        };
        let key = key
            .filter(|key| key.is_like(&first_key))
            .ok_or(EvaluationError::SortKeys)?;
        keyed.push((key, item));
    }
    keyed.sort_by(|(left, _), (right, _)| left.order(right));
    call.made_array(keyed.into_iter().map(|(_, item)| item).collect())
}

fn reverse<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    match call.argument(0).view() {
        View::Text(text) => call.made_text(text.chars().rev().collect::<String>()),
        View::Array(items) => call.made_array(items.iter().rev().collect()),
        View::Null | View::Bool(_) | View::Number(_) | View::Object(_) | View::Opaque => {
            Err(call.wrong_type(0, "Array or String"))
        }
    }
}
