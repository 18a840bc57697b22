//! Values during evaluation: borrowed from the document and the expression, or made on the way and shared.
//!
//! In: JSON. Out: [`Term`], cheap to clone; [`View`], one way to look at borrowed and made values alike.
//! Numbers are float64, as in Kyverno: integers beyond 2^53 lose digits once they are computed with or printed, but a
//! value that is only passed through stays as it was. Objects are walked in the order of their keys.

mod view;
mod print;

use crate::go_json::number_to_json;
use crate::syntax::Ast;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;
use thiserror::Error;

pub use view::{ArrayView, ObjectView, View};

/// A value during evaluation.
#[derive(Clone)]
pub enum Term<'a> {
    /// null
    Null,
    /// true or false
    Bool(bool),
    /// A number; may be NaN or infinite, which no JSON is
    Number(f64),
    /// Text made during evaluation
    Text(Rc<str>),
    /// A list made during evaluation
    Array(Rc<Vec<Term<'a>>>),
    /// An object made during evaluation
    Object(Rc<BTreeMap<String, Term<'a>>>),
    /// A value of the document or of the expression
    Json(&'a Value),
    /// The document itself, its fields not looked at yet
    Root(&'a dyn Document),
    /// `&expression`, for functions that take one
    Expression(&'a Ast),
}

/// An object whose fields are found one by one, and only when an expression touches them.
///
/// The policy engine's context is one: layers of values, some of them facts that arrive later.
pub trait Document {
    /// The value of a root field; `None` if there is no such field.
    ///
    /// # Errors
    /// [`LookupError`]: the value is not known yet, or can never be.
    fn field<'a>(&'a self, name: &str) -> Result<Option<Term<'a>>, LookupError>;

    /// All root fields as one object, for an expression that asks for `@`.
    ///
    /// # Errors
    /// [`LookupError`]: a value is not known yet, or can never be.
    fn whole<'a>(&'a self) -> Result<Term<'a>, LookupError>;
}

/// Why a root field, or another fact, has no value. Nothing in an expression can turn either into a value.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LookupError {
    /// The fact has been asked for and is not here yet: evaluate again when it is
    #[error("a fact is not known yet")]
    Pending,
    /// The fact cannot be had
    #[error("{0}")]
    Failed(String),
}

/// A result that JSON cannot hold; prints as Go's `encoding/json` does.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("json: unsupported value: {0}")]
pub struct NotJson(pub String);

impl<'a> Term<'a> {
    /// A document that is looked up field by field.
    #[must_use]
    pub fn root(document: &'a dyn Document) -> Self {
        Self::Root(document)
    }

    pub(crate) fn text(text: impl Into<Rc<str>>) -> Self {
        Self::Text(text.into())
    }

    pub(crate) fn array(items: Vec<Term<'a>>) -> Self {
        Self::Array(Rc::new(items))
    }

    pub(crate) fn object(members: BTreeMap<String, Term<'a>>) -> Self {
        Self::Object(Rc::new(members))
    }

    /// A term that owns the value, moved into it without copying its texts.
    #[must_use]
    pub fn from_owned(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(value),
            Value::Number(number) => Self::Number(number.as_f64().unwrap_or(f64::NAN)),
            Value::String(text) => Self::text(text),
            Value::Array(items) => Self::array(items.into_iter().map(Self::from_owned).collect()),
            Value::Object(members) => Self::object(
                members
                    .into_iter()
                    .map(|(key, value)| (key, Self::from_owned(value)))
                    .collect(),
            ),
        }
    }

    /// The value as JSON of its own; what is borrowed is copied here and only here.
    ///
    /// # Errors
    /// [`NotJson`] for NaN and infinities.
    pub fn to_json(&self) -> Result<Value, NotJson> {
        Ok(match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Number(number) => {
                number_to_json(*number).ok_or_else(|| NotJson(scalars::numbers::format_v(*number)))?
            }
            Self::Text(text) => Value::String(text.to_string()),
            Self::Array(items) => Value::Array(items.iter().map(Self::to_json).collect::<Result<_, _>>()?),
            Self::Object(members) => {
                let pair = |(key, value): (&String, &Term<'a>)| Ok((key.clone(), value.to_json()?));
                Value::Object(members.iter().map(pair).collect::<Result<Map<_, _>, _>>()?)
            }
            Self::Json(value) => (*value).clone(),
            // Kyverno prints an expression that was never applied as an empty object
            Self::Root(_) | Self::Expression(_) => Value::Object(Map::new()),
        })
    }

    /// The text, if it is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Json(Value::String(text)) => Some(text),
            Self::Json(_)
            | Self::Null
            | Self::Bool(_)
            | Self::Number(_)
            | Self::Array(_)
            | Self::Object(_)
            | Self::Root(_)
            | Self::Expression(_) => None,
        }
    }

    /// The number, if it is one.
    #[must_use]
    pub fn as_number(&self) -> Option<f64> {
        match self.view() {
            View::Number(number) => Some(number),
            View::Null | View::Bool(_) | View::Text(_) | View::Array(_) | View::Object(_) | View::Opaque => {
                None
            }
        }
    }

    /// Whether it is null.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null | Self::Json(Value::Null))
    }

    /// Whether the language takes it for false: null, false, and empty texts, lists and objects. Zero is true.
    #[must_use]
    pub fn is_false(&self) -> bool {
        match self.view() {
            View::Null => true,
            View::Bool(value) => !value,
            View::Text(text) => text.is_empty(),
            View::Array(items) => items.is_empty(),
            View::Object(members) => members.is_empty(),
            View::Number(_) | View::Opaque => false,
        }
    }

    /// The word of `type()`; `None` for a reference to an expression.
    pub(crate) fn type_name(&self) -> Option<&'static str> {
        Some(match self.view() {
            View::Null => "null",
            View::Bool(_) => "boolean",
            View::Number(_) => "number",
            View::Text(_) => "string",
            View::Array(_) => "array",
            View::Object(_) => "object",
            View::Opaque => return None,
        })
    }
}

impl<'a> From<&'a Value> for Term<'a> {
    fn from(value: &'a Value) -> Self {
        Self::Json(value)
    }
}

impl fmt::Debug for Term<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_go_text())
    }
}

#[cfg(test)]
mod tests;
