//! One look at values, wherever they live.

use super::Term;
use crate::limits::{Budget, LimitReached};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What a term is.
#[derive(Debug)]
pub enum View<'t, 'a> {
    /// null
    Null,
    /// true or false
    Bool(bool),
    /// A number
    Number(f64),
    /// A text
    Text(&'t str),
    /// A list
    Array(ArrayView<'t, 'a>),
    /// An object
    Object(ObjectView<'t, 'a>),
    /// A reference to an expression, or a root that has not been looked at
    Opaque,
}

/// A list.
#[derive(Debug, Clone, Copy)]
pub enum ArrayView<'t, 'a> {
    /// In the document
    Json(&'a [Value]),
    /// Made
    Terms(&'t [Term<'a>]),
}

/// An object.
#[derive(Debug, Clone, Copy)]
pub enum ObjectView<'t, 'a> {
    /// In the document
    Json(&'a Map<String, Value>),
    /// Made
    Terms(&'t BTreeMap<String, Term<'a>>),
}

impl<'a> Term<'a> {
    /// What the term is.
    #[must_use]
    pub fn view(&self) -> View<'_, 'a> {
        match self {
            Self::Null | Self::Json(Value::Null) => View::Null,
            Self::Bool(value) | Self::Json(Value::Bool(value)) => View::Bool(*value),
            Self::Number(number) => View::Number(*number),
            Self::Json(Value::Number(number)) => View::Number(number.as_f64().unwrap_or(f64::NAN)),
            Self::Text(text) => View::Text(text),
            Self::Json(Value::String(text)) => View::Text(text),
            Self::Array(items) => View::Array(ArrayView::Terms(items)),
            Self::Json(Value::Array(items)) => View::Array(ArrayView::Json(items)),
            Self::Object(members) => View::Object(ObjectView::Terms(members)),
            Self::Json(Value::Object(members)) => View::Object(ObjectView::Json(members)),
            Self::Root(_) | Self::Expression(_) => View::Opaque,
        }
    }
}

impl Term<'_> {
    /// Deep equality, each pair of values looked at being paid for by a step.
    pub(crate) fn equals(&self, other: &Self, budget: &Budget) -> Result<bool, LimitReached> {
        budget.step(1)?;
        match (self.view(), other.view()) {
            (View::Array(left), View::Array(right)) => {
                let mut pairs = left.iter().zip(right.iter());
                let same_length = left.len() == right.len();
                all(same_length, || {
                    pairs.next().map(|(left, right)| left.equals(&right, budget))
                })
            }
            (View::Object(left), View::Object(right)) => {
                let mut members = left.sorted();
                let same_length = left.len() == right.len();
                all(same_length, || {
                    let (key, value) = members.next()?;
                    Some(
                        right
                            .get(key)
                            .map_or(Ok(false), |other| value.equals(&other, budget)),
                    )
                })
            }
            (View::Null, View::Null) => Ok(true),
            (View::Bool(left), View::Bool(right)) => Ok(left == right),
            (View::Number(left), View::Number(right)) => Ok(left == right),
            (View::Text(left), View::Text(right)) => Ok(left == right),
            _ => Ok(false),
        }
    }
}

/// Whether every further comparison holds, until there is none.
fn all(
    mut holds: bool,
    mut next: impl FnMut() -> Option<Result<bool, LimitReached>>,
) -> Result<bool, LimitReached> {
    while holds && let Some(equal) = next() {
        holds = equal?;
    }
    Ok(holds)
}

impl<'t, 'a> ArrayView<'t, 'a> {
    /// How many elements there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Json(items) => items.len(),
            Self::Terms(items) => items.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One element.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Term<'a>> {
        match self {
            Self::Json(items) => items.get(index).map(Term::Json),
            Self::Terms(items) => items.get(index).cloned(),
        }
    }

    /// The elements in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Term<'a>> + use<'t, 'a> {
        let (json, terms): (&'a [Value], &'t [Term<'a>]) = match self {
            Self::Json(items) => (items, &[]),
            Self::Terms(items) => (&[], items),
        };
        json.iter().map(Term::Json).chain(terms.iter().cloned())
    }
}

impl<'t, 'a> ObjectView<'t, 'a> {
    /// How many members there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Json(members) => members.len(),
            Self::Terms(members) => members.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One member.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Term<'a>> {
        match self {
            Self::Json(members) => members.get(key).map(Term::Json),
            Self::Terms(members) => members.get(key).cloned(),
        }
    }

    /// The members in the order of their keys.
    pub fn sorted(&self) -> impl Iterator<Item = (&'t str, Term<'a>)> + use<'t, 'a>
    where
        'a: 't,
    {
        let mut members: Vec<(&'t str, Term<'a>)> = match self {
            Self::Json(members) => members
                .iter()
                .map(|(key, value)| (key.as_str(), Term::Json(value)))
                .collect(),
            Self::Terms(members) => members
                .iter()
                .map(|(key, value)| (key.as_str(), value.clone()))
                .collect(),
        };
        // a map of serde_json keeps the order of insertion if any crate of the build asks it to
        members.sort_unstable_by_key(|(key, _)| *key);
        members.into_iter()
    }
}
