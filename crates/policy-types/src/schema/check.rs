//! The check of a value against a [`Shape`], and the filling in of defaults.
//!
//! In: a value and its shape. Out: the value with defaults, every fault in the [`Report`]. As the API server does,
//! null counts as absent except where anything may stand. Recursion is bounded by the depth of the value, which
//! `manifest` limits.

use manifest::{FieldPath, Segment};
use serde_json::{Map, Value};

use super::shape::{Field, Literal, Object, Shape, Unknown};
use crate::fault::FaultCode;
use crate::report::Report;

/// How strictly a kind is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// As the API server reads a custom resource.
    Exact,
    /// As Go's JSON decoder behind `sigs.k8s.io/yaml` reads a file of the command line: upper and lower case of field
    /// names are one, and a number or boolean where text is meant becomes text.
    Lenient,
}

/// The greatest difference between two names that are still taken for one, as `strsim` measures likeness (0 to 1).
const LEAST_LIKENESS: f64 = 0.7;

/// Checks `value` against `shape` and fills in defaults.
pub(crate) fn check(value: &mut Value, shape: &Shape, reading: Reading, report: &mut Report) {
    Checker {
        reading,
        path: FieldPath::root(),
        report,
    }
    .value(value, shape);
}

struct Checker<'r> {
    reading: Reading,
    path: FieldPath,
    report: &'r mut Report,
}

impl Checker<'_> {
    fn value(&mut self, value: &mut Value, shape: &Shape) {
        match (shape, &mut *value) {
            (Shape::Any, _) | (Shape::Text, Value::String(_)) | (Shape::Bool, Value::Bool(_)) => {}
            (Shape::Int(least), Value::Number(number)) => {
                if number.as_i64().is_none_or(|number| number < *least) {
                    let expected = match *least {
                        i64::MIN => "an integer".to_owned(),
                        least => format!("an integer not below {least}"),
                    };
                    self.wrong(&format!("expected {expected}, found {number}"));
                }
            }
            (Shape::Choice(choices), Value::String(text)) => {
                if !choices.contains(&text.as_str()) {
                    let message = format!("unknown value `{text}`; expected one of {}", listed(choices));
                    let nearest = nearest(text, choices.iter().copied());
                    self.report
                        .fault(&self.path, FaultCode::UnknownValue, message, nearest);
                }
            }
            (Shape::List(shape), Value::Array(elements)) => self.elements(elements, shape),
            (Shape::Map(shape), Value::Object(fields)) => {
                for (key, value) in fields {
                    self.within(Segment::Key(key.clone()), |checker| checker.value(value, shape));
                }
            }
            (Shape::Object(object) | Shape::ObjectOrList(object, _), Value::Object(fields)) => {
                self.object(fields, object);
            }
            (Shape::Objects(element) | Shape::ObjectOrList(_, element), Value::Array(elements)) => {
                self.elements(elements, &Shape::Object(element));
            }
            (Shape::Text, Value::Number(_) | Value::Bool(_)) if self.reading == Reading::Lenient => {
                *value = Value::String(value.to_string());
            }
            (_, found) => {
                let hint = match (shape, &*found) {
                    (Shape::Text | Shape::Choice(_), Value::Number(_) | Value::Bool(_)) => "; quote it",
                    _ => "",
                };
                let message = format!("expected {}, found {}{hint}", expected(shape), described(found));
                self.wrong(&message);
            }
        }
    }

    fn elements(&mut self, elements: &mut [Value], shape: &Shape) {
        for (index, element) in elements.iter_mut().enumerate() {
            self.within(Segment::Index(index), |checker| checker.value(element, shape));
        }
    }

    fn object(&mut self, fields: &mut Map<String, Value>, object: &Object) {
        if self.reading == Reading::Lenient {
            rename_by_case(fields, object);
        }
        fields.retain(|key, value| {
            !value.is_null() || find(object, key).is_none_or(|field| keeps_null(&field))
        });
        for (key, value) in fields.iter_mut() {
            match find(object, key) {
                Some(field) => self.within(Segment::Key(key.clone()), |checker| {
                    checker.value(value, &field.shape)
                }),
                None => self.unknown(key, object),
            }
        }
        for field in object.fields {
            if fields.contains_key(field.name) {
                continue;
            }
            if let Some(default) = field.default {
                fields.insert(field.name.to_owned(), literal(default));
            } else if field.required && self.reading == Reading::Exact {
                let message = format!(
                    "missing field `{}`; expected {}",
                    field.name,
                    expected(&field.shape)
                );
                let path = self.path.key(field.name);
                self.report.fault(&path, FaultCode::MissingField, message, None);
            }
        }
    }

    fn unknown(&mut self, key: &str, object: &Object) {
        let path = self.path.key(key);
        let nearest = nearest(key, object.fields.iter().map(|field| field.name));
        match object.unknown {
            Unknown::Refused => {
                self.report.key_fault(
                    &path,
                    FaultCode::UnknownField,
                    format!("unknown field `{key}`"),
                    nearest,
                );
            }
            Unknown::Warned => {
                let hint = nearest
                    .map(|name| format!(" (did you mean `{name}`?)"))
                    .unwrap_or_default();
                self.report
                    .warn(&path, format!("unknown field `{key}` has no effect{hint}"));
            }
        }
    }

    fn wrong(&mut self, message: &str) {
        self.report
            .fault(&self.path, FaultCode::WrongType, message.to_owned(), None);
    }

    fn within(&mut self, segment: Segment, check: impl FnOnce(&mut Self)) {
        self.path.push(segment);
        check(self);
        self.path.pop();
    }
}

fn find(object: &Object, name: &str) -> Option<Field> {
    object.fields.iter().find(|field| field.name == name).copied()
}

fn keeps_null(field: &Field) -> bool {
    matches!(field.shape, Shape::Any)
}

/// Gives fields that differ from a known name in case only the known name, unless that is taken.
fn rename_by_case(fields: &mut Map<String, Value>, object: &Object) {
    let misspelt: Vec<String> = fields
        .keys()
        .filter(|key| find(object, key).is_none())
        .cloned()
        .collect();
    for key in misspelt {
        let known = object
            .fields
            .iter()
            .find(|field| field.name.eq_ignore_ascii_case(&key));
        let Some(known) = known.filter(|known| !fields.contains_key(known.name)) else {
            continue;
        };
        if let Some(value) = fields.remove(&key) {
            fields.insert(known.name.to_owned(), value);
        }
    }
}

fn literal(default: Literal) -> Value {
    match default {
        Literal::Bool(value) => Value::from(value),
        Literal::Int(value) => Value::from(value),
        Literal::Text(value) => Value::from(value),
    }
}

/// The known name nearest to `written`, if one is near.
fn nearest<'n>(written: &str, known: impl Iterator<Item = &'n str>) -> Option<String> {
    let lower = written.to_ascii_lowercase();
    known
        .map(|name| {
            let likeness = strsim::jaro_winkler(&lower, &name.to_ascii_lowercase());
            (likeness, strsim::jaro_winkler(written, name), name)
        })
        .filter(|(likeness, ..)| *likeness >= LEAST_LIKENESS)
        .max_by(|one, other| one.0.total_cmp(&other.0).then(one.1.total_cmp(&other.1)))
        .map(|(.., name)| name.to_owned())
}

fn listed(choices: &[&str]) -> String {
    let quoted: Vec<String> = choices.iter().map(|choice| format!("`{choice}`")).collect();
    quoted.join(", ")
}

fn expected(shape: &Shape) -> &'static str {
    match shape {
        Shape::Any => "a value",
        Shape::Text | Shape::Choice(_) => "text",
        Shape::Bool => "true or false",
        Shape::Int(_) => "an integer",
        Shape::List(_) | Shape::Objects(_) => "a list",
        Shape::Map(_) | Shape::Object(_) => "a mapping",
        Shape::ObjectOrList(..) => "a mapping or a list",
    }
}

fn described(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(value) => format!("the boolean {value}"),
        Value::Number(value) => format!("the number {value}"),
        Value::String(_) => "text".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a mapping".to_owned(),
    }
}

#[cfg(test)]
mod tests;
