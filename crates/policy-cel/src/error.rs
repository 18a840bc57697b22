//! What can be wrong with an expression, before and while it runs.
//!
//! [`CompileError`]s carry cel-go's words, so that a user who searches for them finds what is written about them; what we add
//! (the nearest known name) stands beside, never inside. [`EvalError`] keeps three things apart that must never be mixed up:
//! the expression failed, a fact is missing, a limit was reached.

use std::borrow::Cow;
use std::fmt;

use crate::source::{Position, display_error};

/// One fault found before an expression runs
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompileError {
    /// What is wrong, in cel-go's words
    pub message: String,
    /// Where; absent when the whole text is meant
    pub position: Option<Position>,
    /// The nearest name that is known, when one is near
    pub suggestion: Option<String>,
    rendered: String,
}

impl CompileError {
    pub(crate) fn new(
        text: &str,
        position: Option<Position>,
        message: String,
        suggestion: Option<String>,
    ) -> Self {
        let rendered = display_error(text, position, &message);
        Self {
            message,
            position,
            suggestion,
            rendered,
        }
    }
}

/// Prints the error as cel-go does, source line and caret included
impl fmt::Display for CompileError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.rendered)
    }
}

impl std::error::Error for CompileError {}

/// Joins errors as cel-go does: one after the other, each on its own lines
#[must_use]
pub fn display_errors(errors: &[CompileError]) -> String {
    errors
        .iter()
        .map(CompileError::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}

/// A bound that an evaluation ran into
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// The cost of the expression or of the request
    Cost,
    /// Bytes allocated
    Memory,
    /// Nesting of a value
    Depth,
    /// Size of a regular expression that is compiled while evaluating
    Pattern,
    /// The caller's deadline or cancellation
    Interrupted,
}

impl fmt::Display for Limit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Cost => "operation cancelled: actual cost limit exceeded",
            Self::Memory => "operation cancelled: memory limit exceeded",
            Self::Depth => "operation cancelled: value nesting limit exceeded",
            Self::Pattern => "error parsing regexp: expression too large",
            Self::Interrupted => "operation interrupted",
        })
    }
}

/// Why an evaluation gave no value
///
/// `Failed` may be absorbed by the other side of `&&` and `||`, as CEL defines it. `Pending` outranks it: while a fact is missing
/// only a side that decides alone (`false && …`, `true || …`) gives a value. `Limit` ends the evaluation, whatever stands beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvalError(Box<Failure>);

/// The kinds of [`EvalError`]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The expression failed, in cel-go's words
    Failed(Cow<'static, str>),
    /// The host was asked for a fact it does not have yet; ask it what was asked, load it, evaluate again
    Pending,
    /// A limit was reached
    Limit(Limit),
}

impl EvalError {
    /// The expression failed for this reason
    pub fn failed(message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Failure::Failed(message.into())))
    }

    /// A fact is missing
    #[must_use]
    pub fn pending() -> Self {
        Self(Box::new(Failure::Pending))
    }

    /// A limit was reached
    #[must_use]
    pub fn limit(limit: Limit) -> Self {
        Self(Box::new(Failure::Limit(limit)))
    }

    pub(crate) fn no_such_overload() -> Self {
        Self::failed("no such overload")
    }

    pub(crate) fn no_such_key(key: impl fmt::Display) -> Self {
        Self::failed(format!("no such key: {key}"))
    }

    /// What happened
    #[must_use]
    pub fn failure(&self) -> &Failure {
        &self.0
    }

    /// Whether a fact is missing: the answer may differ once it is there
    #[must_use]
    pub fn is_pending(&self) -> bool {
        matches!(*self.0, Failure::Pending)
    }

    /// Whether nothing that stands beside may absorb this error
    pub(crate) fn is_final(&self) -> bool {
        matches!(*self.0, Failure::Limit(_))
    }

    /// Of two errors the one that decides: a limit over a missing fact over a failure, the first of equals.
    pub(crate) fn worse(self, other: Self) -> Self {
        if other.rank() > self.rank() { other } else { self }
    }

    fn rank(&self) -> u8 {
        match *self.0 {
            Failure::Failed(_) => 0,
            Failure::Pending => 1,
            Failure::Limit(_) => 2,
        }
    }
}

impl fmt::Display for EvalError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Failure::Failed(message) => formatter.write_str(message),
            Failure::Pending => formatter.write_str("a fact is not loaded yet"),
            Failure::Limit(limit) => limit.fmt(formatter),
        }
    }
}

impl std::error::Error for EvalError {}
