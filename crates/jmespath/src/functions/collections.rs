//! Functions of lists and objects.

use crate::call::{Call, Function, Outcome, as_plain_text};
use crate::error::{ArgumentType as T, EvaluationError, FunctionFault, Number};
use crate::term::{Term, View};
use std::collections::BTreeMap;

pub(super) static FUNCTIONS: &[Function] = &[
    Function {
        name: "contains",
        arguments: &[&[T::Array, T::String], &[T::Any]],
        variadic: false,
        returns: T::Bool,
        note: "",
        run: contains,
    },
    Function {
        name: "items",
        arguments: &[&[T::Object, T::Array], &[T::String], &[T::String]],
        variadic: false,
        returns: T::Array,
        note: "lists the members of an object or an array as objects, each key and value under the two names given",
        run: items,
    },
    Function {
        name: "keys",
        arguments: &[&[T::Object]],
        variadic: false,
        returns: T::Array,
        note: "",
        run: keys,
    },
    Function {
        name: "label_match",
        arguments: &[&[T::Object], &[T::Object]],
        variadic: false,
        returns: T::Bool,
        note: "whether every member of the first object stands in the second with the same value",
        run: label_match,
    },
    Function {
        name: "length",
        arguments: &[&[T::String, T::Array, T::Object]],
        variadic: false,
        returns: T::Number,
        note: "",
        run: length,
    },
    Function {
        name: "lookup",
        arguments: &[&[T::Object, T::Array], &[T::String, T::Number]],
        variadic: false,
        returns: T::Any,
        note: "the value under a key of an object or at an index of an array, null if there is none",
        run: lookup,
    },
    Function {
        name: "map",
        arguments: &[&[T::Expression], &[T::Array]],
        variadic: false,
        returns: T::Array,
        note: "",
        run: map,
    },
    Function {
        name: "merge",
        arguments: &[&[T::Object]],
        variadic: true,
        returns: T::Object,
        note: "",
        run: merge,
    },
    Function {
        name: "not_null",
        arguments: &[&[T::Any]],
        variadic: true,
        returns: T::Any,
        note: "",
        run: not_null,
    },
    Function {
        name: "object_from_lists",
        arguments: &[&[T::Array], &[T::Array]],
        variadic: false,
        returns: T::Object,
        note: "makes an object of a list of keys and a list of values",
        run: object_from_lists,
    },
    Function {
        name: "to_array",
        arguments: &[&[T::Any]],
        variadic: false,
        returns: T::Array,
        note: "",
        run: to_array,
    },
    Function {
        name: "type",
        arguments: &[&[T::Any]],
        variadic: false,
        returns: T::String,
        note: "",
        run: type_of,
    },
    Function {
        name: "values",
        arguments: &[&[T::Object]],
        variadic: false,
        returns: T::Array,
        note: "",
        run: values,
    },
];

fn contains<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    let (whole, part) = (call.argument(0), call.argument(1));
    let found = match whole.view() {
        View::Text(text) => part.as_str().is_some_and(|part| text.contains(part)),
        View::Array(items) => {
            let mut found = false;
            for item in items.iter() {
                found = found || item.equals(&part, call.budget)?;
            }
            found
        }
        View::Null | View::Bool(_) | View::Number(_) | View::Object(_) | View::Opaque => false,
    };
    Ok(Term::Bool(found))
}

#[expect(clippy::cast_precision_loss, reason = "a list has fewer than 2^53 elements")]
fn length<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    let length = match call.argument(0).view() {
        View::Text(text) => {
            call.budget.step(text.len() / 64)?;
            text.chars().count()
        }
        View::Array(items) => items.len(),
        View::Object(members) => members.len(),
        View::Null | View::Bool(_) | View::Number(_) | View::Opaque => 0,
    };
    Ok(Term::Number(length as f64))
}

fn keys<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    let object = call.argument(0);
    let View::Object(members) = object.view() else {
        return Err(call.wrong_type(0, "Object"));
    };
    call.budget.elements(members.len())?;
    let keys = members.sorted().map(|(key, _)| call.made_text(key));
    keys.collect::<Result<Vec<_>, _>>().map(Term::array)
}

fn values<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    let object = call.argument(0);
    let View::Object(members) = object.view() else {
        return Err(call.wrong_type(0, "Object"));
    };
    call.made_array(members.sorted().map(|(_, value)| value).collect())
}

fn merge<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    let mut merged = BTreeMap::new();
    for (index, object) in call.arguments.iter().enumerate() {
        let View::Object(members) = object.view() else {
            return Err(call.wrong_type(index, "Object"));
        };
        call.budget.elements(members.len())?;
        merged.extend(members.sorted().map(|(key, value)| (key.to_owned(), value)));
    }
    Ok(Term::object(merged))
}

fn not_null<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    Ok(call
        .arguments
        .iter()
        .find(|argument| !argument.is_null())
        .cloned()
        .unwrap_or(Term::Null))
}

fn to_array<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    let argument = call.argument(0);
    let is_array = matches!(argument.view(), View::Array(_));
    if is_array {
        Ok(argument)
    } else {
        call.made_array(vec![argument])
    }
}

fn type_of<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    call.argument(0)
        .type_name()
        .map(Term::text)
        .ok_or(EvaluationError::UnknownType)
}

fn map<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    let expression = call.argument(0);
    let mapped = call
        .array(1)?
        .iter()
        .map(|item| call.evaluator.apply(&expression, item));
    let mapped = mapped.collect::<Result<Vec<_>, _>>()?;
    call.made_array(mapped)
}

fn items<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    let (key_name, value_name) = (call.text(1)?.to_owned(), call.text(2)?.to_owned());
    let pair = |key: Term<'a>, value: Term<'a>| {
        call.budget.elements(4)?;
        Ok::<_, EvaluationError>(Term::object(BTreeMap::from([
            (key_name.clone(), key),
            (value_name.clone(), value),
        ])))
    };
    let whole = call.argument(0);
    let pairs: Result<Vec<_>, _> = match whole.view() {
        View::Object(members) => members
            .sorted()
            .map(|(key, value)| pair(call.made_text(key)?, value))
            .collect(),
        View::Array(items) => (0u32..)
            .zip(items.iter())
            .map(|(at, item)| pair(Term::Number(at.into()), item))
            .collect(),
        View::Null | View::Bool(_) | View::Number(_) | View::Text(_) | View::Opaque => {
            return Err(call.wrong_type(0, "Object or Array"));
        }
    };
    pairs.map(Term::array)
}

fn label_match<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    let (wanted, found) = (call.argument(0), call.argument(1));
    let (View::Object(wanted), View::Object(found)) = (wanted.view(), found.view()) else {
        return Err(call.wrong_type(0, "Object"));
    };
    let mut all = true;
    for (key, value) in wanted.sorted() {
        all = all
            && found
                .get(key)
                .map_or(Ok(false), |found| value.equals(&found, call.budget))?;
    }
    Ok(Term::Bool(all))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a whole number, not negative"
)]
fn lookup<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    let whole = call.argument(0);
    let found = match whole.view() {
        View::Object(members) => {
            let key = call
                .arguments
                .get(1)
                .and_then(Term::as_str)
                .ok_or_else(|| call.wrong_type(1, "String"))?;
            members.get(key)
        }
        View::Array(items) => {
            let index = call.arguments.get(1).and_then(Term::as_number);
            let index = index.ok_or_else(|| call.wrong_type(1, "Number"))?;
            if !index.is_finite() || index.fract() != 0.0 {
                return Err(call.fault(FunctionFault::NotAnInteger(Number(index))));
            }
            if index < 0.0 {
                None
            } else {
                items.get(index as usize)
            }
        }
        View::Null | View::Bool(_) | View::Number(_) | View::Text(_) | View::Opaque => {
            return Err(call.wrong_type(0, "Object or Array"));
        }
    };
    Ok(found.unwrap_or(Term::Null))
}

fn object_from_lists<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    let (keys, values) = (call.array(0)?, call.array(1)?);
    call.budget.elements(keys.len())?;
    let mut object = BTreeMap::new();
    for (index, key) in keys.iter().enumerate() {
        let key = as_plain_text(&key).ok_or_else(|| call.wrong_type(0, "StringArray"))?;
        call.budget.bytes(key.len())?;
        object.insert(key, values.get(index).unwrap_or(Term::Null));
    }
    Ok(Term::object(object))
}
