//! Operators on two ints, done without looking for an overload: what loops do most.

use crate::declaration::Overload;
use crate::types::Type;
use crate::value::Value;

/// An operator that ints have
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Remainder,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Operator {
    /// The operator that a function is, when one of the overloads that may be called takes two ints
    pub(crate) fn of(name: &str, overloads: &[Overload]) -> Option<Self> {
        let takes_ints = |overload: &Overload| matches!(overload.parameters[..], [Type::Int, Type::Int]);
        if !overloads.iter().any(takes_ints) {
            return None;
        }
        Some(match name {
            "_+_" => Self::Add,
            "_-_" => Self::Subtract,
            "_*_" => Self::Multiply,
            "_/_" => Self::Divide,
            "_%_" => Self::Remainder,
            "_<_" => Self::Less,
            "_<=_" => Self::LessOrEqual,
            "_>_" => Self::Greater,
            "_>=_" => Self::GreaterOrEqual,
            _ => return None,
        })
    }

    /// The result; nothing where there is none, and the overload says why
    pub(crate) fn of_ints(self, left: i64, right: i64) -> Option<Value<'static>> {
        let number = match self {
            Self::Add => left.checked_add(right)?,
            Self::Subtract => left.checked_sub(right)?,
            Self::Multiply => left.checked_mul(right)?,
            Self::Divide => left.checked_div(right)?,
            Self::Remainder => left.checked_rem(right)?,
            Self::Less => return Some(Value::Bool(left < right)),
            Self::LessOrEqual => return Some(Value::Bool(left <= right)),
            Self::Greater => return Some(Value::Bool(left > right)),
            Self::GreaterOrEqual => return Some(Value::Bool(left >= right)),
        };
        Some(Value::Int(number))
    }

    /// What it costs: orders walk their operands, each of which counts as one
    pub(crate) fn cost(self) -> u64 {
        match self {
            Self::Add | Self::Subtract | Self::Multiply | Self::Divide | Self::Remainder => 1,
            Self::Less | Self::LessOrEqual | Self::Greater | Self::GreaterOrEqual => 3,
        }
    }
}
