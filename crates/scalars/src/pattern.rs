//! The scalar patterns of `validate.pattern`: `1Gi`, `>=10 & <20 | 30`, `!*:latest`, `5-10`, `?*`.
//!
//! In: a pattern, compiled once, and a scalar of a resource. Out: whether the scalar satisfies the pattern.
//! Alternatives (`|`) of conjunctions (`&`) of atoms; an atom compares as duration if both sides are durations, else as
//! quantity if both are quantities, else (`=` and `!` only) as wildcard text.
//! Never: a value that cannot be compared satisfies neither an atom nor its negation.
//!
//! Behaviour: Kyverno 1.19 pkg/engine/pattern and pkg/engine/operator.

use crate::duration::GoDuration;
use crate::numbers::{format_e, format_f, parse_float};
use crate::quantity::Quantity;
use crate::range::{RangeAtom, RangeKind};
use crate::wildcard;
use std::borrow::Cow;
use std::cmp::Ordering;

/// A scalar, of a pattern or of a resource.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ScalarValue<'t> {
    /// null, or nothing there
    Null,
    /// true or false
    Bool(bool),
    /// A whole number
    Int(i64),
    /// Any other number
    Float(f64),
    /// Text
    Text(&'t str),
}

/// A compiled scalar pattern.
#[derive(Debug, Clone, PartialEq)]
pub enum ScalarPattern {
    /// Satisfied by null and by each type's zero
    Null,
    /// Satisfied by the same boolean
    Bool(bool),
    /// Satisfied by the same number, or a text that is it in base ten
    Int(i64),
    /// Satisfied by the same number, or a text that reads as it
    Float(f64),
    /// Satisfied by the very text, or by one alternative
    Text(TextPattern),
}

/// A compiled text pattern.
#[derive(Debug, Clone, PartialEq)]
pub struct TextPattern {
    text: Box<str>,
    alternatives: Box<[Box<[Condition]>]>,
}

/// One atom, ranges included.
#[derive(Debug, Clone, PartialEq)]
enum Condition {
    Compare(Comparison),
    Inside(Box<[Comparison; 2]>),
    Outside(Box<[Comparison; 2]>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

/// An operator and its operand in each of the forms it can be read in.
#[derive(Debug, Clone, PartialEq)]
struct Comparison {
    operator: Operator,
    duration: Option<GoDuration>,
    quantity: Option<Quantity>,
    text: Box<str>,
}

impl ScalarPattern {
    /// Compiles a text pattern; every text is one.
    #[must_use]
    pub fn compile(pattern: &str) -> Self {
        Self::Text(TextPattern::compile(pattern))
    }

    /// Compiles a pattern of any scalar type.
    #[must_use]
    pub fn from_value(pattern: ScalarValue<'_>) -> Self {
        match pattern {
            ScalarValue::Null => Self::Null,
            ScalarValue::Bool(value) => Self::Bool(value),
            ScalarValue::Int(value) => Self::Int(value),
            ScalarValue::Float(value) => Self::Float(value),
            ScalarValue::Text(text) => Self::compile(text),
        }
    }

    /// Whether `value` satisfies the pattern.
    #[must_use]
    pub fn matches(&self, value: ScalarValue<'_>) -> bool {
        match self {
            Self::Null => is_zero(value),
            Self::Bool(wanted) => value == ScalarValue::Bool(*wanted),
            Self::Int(wanted) => int_matches(*wanted, value),
            Self::Float(wanted) => float_matches(*wanted, value),
            Self::Text(pattern) => pattern.matches(value),
        }
    }
}

impl TextPattern {
    /// Compiles `pattern`; every text is a pattern.
    #[must_use]
    pub fn compile(pattern: &str) -> Self {
        let conjunction = |text: &str| {
            text.trim_matches(' ')
                .split('&')
                .map(|atom| Condition::compile(atom.trim_matches(' ')))
                .collect()
        };
        Self {
            text: pattern.into(),
            alternatives: pattern.split('|').map(conjunction).collect(),
        }
    }

    /// Whether `value` satisfies the pattern.
    #[must_use]
    pub fn matches(&self, value: ScalarValue<'_>) -> bool {
        if value == ScalarValue::Text(&self.text) {
            return true;
        }
        let readings = Readings::of(value);
        self.alternatives
            .iter()
            .any(|conditions| conditions.iter().all(|condition| condition.holds(&readings)))
    }
}

impl Condition {
    fn compile(atom: &str) -> Self {
        for (symbol, operator) in [
            (">=", Operator::GreaterOrEqual),
            ("<=", Operator::LessOrEqual),
            (">", Operator::Greater),
            ("<", Operator::Less),
            ("!", Operator::NotEqual),
        ] {
            // an atom of one character is an operand, even if it is an operator
            if atom.len() >= 2
                && let Some(operand) = atom.strip_prefix(symbol)
            {
                return Self::Compare(Comparison::new(operator, operand));
            }
        }
        match RangeAtom::parse(atom) {
            Some(RangeAtom {
                kind: RangeKind::Inside,
                low,
                high,
            }) => Self::Inside(Box::new([
                Comparison::new(Operator::GreaterOrEqual, low),
                Comparison::new(Operator::LessOrEqual, high),
            ])),
            Some(RangeAtom {
                kind: RangeKind::Outside,
                low,
                high,
            }) => Self::Outside(Box::new([
                Comparison::new(Operator::Less, low),
                Comparison::new(Operator::Greater, high),
            ])),
            None => Self::Compare(Comparison::new(Operator::Equal, atom)),
        }
    }

    fn holds(&self, value: &Readings<'_>) -> bool {
        match self {
            Self::Compare(comparison) => comparison.holds(value),
            Self::Inside(ends) => ends.iter().all(|end| end.holds(value)),
            Self::Outside(ends) => ends.iter().any(|end| end.holds(value)),
        }
    }
}

impl Comparison {
    fn new(operator: Operator, operand: &str) -> Self {
        let text = operand.trim();
        Self {
            operator,
            duration: GoDuration::parse(text).ok(),
            quantity: Quantity::parse(text).ok(),
            text: text.into(),
        }
    }

    fn holds(&self, value: &Readings<'_>) -> bool {
        if let (Some(wanted), Some(found)) = (self.duration, value.duration()) {
            return self.operator.accepts(found.cmp(&wanted));
        }
        if let (Some(wanted), Some(found)) = (self.quantity, value.quantity()) {
            return self.operator.accepts(found.cmp(&wanted));
        }
        let Some(found) = value.text() else { return false };
        match self.operator {
            Operator::Equal => wildcard::matches(&self.text, &found),
            Operator::NotEqual => !wildcard::matches(&self.text, &found),
            Operator::Greater | Operator::GreaterOrEqual | Operator::Less | Operator::LessOrEqual => false,
        }
    }
}

impl Operator {
    fn accepts(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order == Ordering::Equal,
            Self::NotEqual => order != Ordering::Equal,
            Self::Greater => order == Ordering::Greater,
            Self::GreaterOrEqual => order != Ordering::Less,
            Self::Less => order == Ordering::Less,
            Self::LessOrEqual => order != Ordering::Greater,
        }
    }
}

/// A value of a resource in the forms an atom may compare it in.
struct Readings<'t> {
    value: ScalarValue<'t>,
    /// Its text when it is read as a number; booleans have none
    number: Option<Cow<'t, str>>,
}

impl<'t> Readings<'t> {
    fn of(value: ScalarValue<'t>) -> Self {
        let number = match value {
            ScalarValue::Null => Some(Cow::Borrowed("0")),
            ScalarValue::Bool(_) => None,
            ScalarValue::Int(int) => Some(Cow::Owned(int.to_string())),
            ScalarValue::Float(float) => Some(Cow::Owned(format_f(float))),
            ScalarValue::Text(text) => Some(Cow::Borrowed(text)),
        };
        Self { value, number }
    }

    fn duration(&self) -> Option<GoDuration> {
        self.number
            .as_deref()
            .and_then(|text| GoDuration::parse(text).ok())
    }

    fn quantity(&self) -> Option<Quantity> {
        self.number.as_deref().and_then(|text| Quantity::parse(text).ok())
    }

    fn text(&self) -> Option<Cow<'t, str>> {
        match self.value {
            ScalarValue::Null => None,
            ScalarValue::Bool(value) => Some(Cow::Borrowed(if value { "true" } else { "false" })),
            ScalarValue::Int(value) => Some(Cow::Owned(value.to_string())),
            ScalarValue::Float(value) => Some(Cow::Owned(format_e(value))),
            ScalarValue::Text(text) => Some(Cow::Borrowed(text)),
        }
    }
}

fn is_zero(value: ScalarValue<'_>) -> bool {
    match value {
        ScalarValue::Null => true,
        ScalarValue::Bool(value) => !value,
        ScalarValue::Int(value) => value == 0,
        ScalarValue::Float(value) => value == 0.0,
        ScalarValue::Text(text) => text.is_empty(),
    }
}

fn int_matches(wanted: i64, value: ScalarValue<'_>) -> bool {
    match value {
        ScalarValue::Int(found) => found == wanted,
        ScalarValue::Float(found) => whole(found) == Some(wanted),
        ScalarValue::Text(text) => text.parse() == Ok(wanted),
        ScalarValue::Null | ScalarValue::Bool(_) => false,
    }
}

#[expect(clippy::float_cmp, reason = "the pattern asks for the very number")]
fn float_matches(wanted: f64, value: ScalarValue<'_>) -> bool {
    match value {
        ScalarValue::Int(found) => whole(wanted) == Some(found),
        ScalarValue::Float(found) => found == wanted,
        ScalarValue::Text(text) => parse_float(text) == Some(wanted),
        ScalarValue::Null | ScalarValue::Bool(_) => false,
    }
}

/// A float without a fraction, as an integer.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked first")]
fn whole(value: f64) -> Option<i64> {
    let bound = 9_223_372_036_854_775_808.0;
    (value.fract() == 0.0 && value >= -bound && value < bound).then_some(value as i64)
}

#[cfg(test)]
mod tests;
