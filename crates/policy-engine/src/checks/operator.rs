//! Operators of conditions: what `{key, operator, value}` says once both sides are plain JSON.
//!
//! In: two values. Out: whether the condition holds. Total: what can't be compared does not hold (for the negative
//! operators see each). Numbers are float64.
//!
//! Behaviour: Kyverno 1.19 pkg/engine/variables/operator.

mod equality;
mod membership;
mod ordering;

use serde_json::Value;

/// Operators as policies write them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConditionOperator {
    /// `Equals`, `Equal`
    Equals,
    /// `NotEquals`, `NotEqual`
    NotEquals,
    /// `In` (deprecated)
    In,
    /// `NotIn` (deprecated)
    NotIn,
    /// `AnyIn`
    AnyIn,
    /// `AllIn`
    AllIn,
    /// `AnyNotIn`
    AnyNotIn,
    /// `AllNotIn`
    AllNotIn,
    /// `GreaterThan` and its like, for numbers, quantities, durations and versions
    Order(Order),
    /// `DurationGreaterThan` and its like (deprecated)
    DurationOrder(Order),
}

/// How two things must be ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
}

impl ConditionOperator {
    /// Reads an operator, in the exact case that admission wants.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "Equals" | "Equal" => Self::Equals,
            "NotEquals" | "NotEqual" => Self::NotEquals,
            "In" => Self::In,
            "NotIn" => Self::NotIn,
            "AnyIn" => Self::AnyIn,
            "AllIn" => Self::AllIn,
            "AnyNotIn" => Self::AnyNotIn,
            "AllNotIn" => Self::AllNotIn,
            other => match other.strip_prefix("Duration") {
                Some(order) => Self::DurationOrder(Order::parse(order)?),
                None => Self::Order(Order::parse(other)?),
            },
        })
    }

    /// Whether the condition holds.
    #[must_use]
    pub fn holds(self, key: &Value, value: &Value) -> bool {
        match self {
            Self::Equals => equality::equals(key, value).unwrap_or(false),
            Self::NotEquals => !key.is_null() && !equality::equals(key, value).unwrap_or(false),
            Self::In => membership::is_in(key, value),
            Self::NotIn => membership::is_not_in(key, value),
            Self::AnyIn => membership::any_in(key, value),
            Self::AllIn => membership::all_in(key, value),
            Self::AnyNotIn => membership::any_not_in(key, value),
            Self::AllNotIn => membership::all_not_in(key, value),
            Self::Order(order) => ordering::is_ordered(order, key, value),
            Self::DurationOrder(order) => ordering::is_ordered_as_duration(order, key, value),
        }
    }
}

impl Order {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "GreaterThan" => Some(Self::Greater),
            "GreaterThanOrEquals" => Some(Self::GreaterOrEqual),
            "LessThan" => Some(Self::Less),
            "LessThanOrEquals" => Some(Self::LessOrEqual),
            _ => None,
        }
    }

    fn accepts(self, found: std::cmp::Ordering) -> bool {
        match self {
            Self::Greater => found.is_gt(),
            Self::GreaterOrEqual => found.is_ge(),
            Self::Less => found.is_lt(),
            Self::LessOrEqual => found.is_le(),
        }
    }
}

#[cfg(test)]
mod tests;
