//! How much one expression may cost: to parse, to evaluate, to print.
//!
//! In: nothing. Out: named bounds, and a budget that one evaluation draws down. A bound that is reached is an error of
//! its own kind, never a value, and nothing in the language can swallow it.

use std::cell::Cell;

/// Bytes of an expression's text.
pub const MAX_EXPRESSION_BYTES: usize = 128 * 1024;
/// Nodes above one another in a syntax tree: brackets within brackets, and links of one chain (`a.b.c`).
pub const MAX_TREE_DEPTH: usize = 400;
/// Objects and arrays within one another in a JSON text that an expression reads.
pub const MAX_JSON_DEPTH: usize = 200;
/// Bytes of a regular expression.
pub const MAX_REGEX_BYTES: usize = 16 * 1024;
/// Bytes a compiled regular expression may take, and its lazy automaton as many again.
pub const MAX_COMPILED_REGEX_BYTES: usize = 2 * 1024 * 1024;
/// Characters that `random` generates at most.
pub const MAX_RANDOM_CHARS: usize = 4 * 1024;
/// Bytes of a value that an error text quotes.
pub const MAX_QUOTED_BYTES: usize = 4 * 1024;

/// What one evaluation may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Nodes visited and elements looked at; default ten million, about a second.
    pub steps: u64,
    /// Bytes of text and elements (sixteen bytes each) that functions and projections make, intermediate ones
    /// included; default 32 MiB.
    pub output_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            steps: 10_000_000,
            output_bytes: 32 * 1024 * 1024,
        }
    }
}

/// Which limit was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LimitReached {
    /// [`Limits::steps`]
    #[error("the expression takes more than {0} steps")]
    Steps(u64),
    /// [`Limits::output_bytes`]
    #[error("the expression makes more than {0} bytes of data")]
    OutputBytes(u64),
    /// [`MAX_REGEX_BYTES`] or [`MAX_COMPILED_REGEX_BYTES`]
    #[error("the regular expression is too large")]
    Regex,
}

/// What is left of the limits during one evaluation.
#[derive(Debug)]
pub(crate) struct Budget {
    limits: Limits,
    steps_left: Cell<u64>,
    bytes_left: Cell<u64>,
}

/// Bytes that one element of a made array or object counts.
const ELEMENT_BYTES: u64 = 16;

impl Budget {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            steps_left: Cell::new(limits.steps),
            bytes_left: Cell::new(limits.output_bytes),
        }
    }

    /// Draws `count` steps.
    pub(crate) fn step(&self, count: usize) -> Result<(), LimitReached> {
        let left = self
            .steps_left
            .get()
            .checked_sub(u64::try_from(count).unwrap_or(u64::MAX));
        self.steps_left
            .set(left.ok_or(LimitReached::Steps(self.limits.steps))?);
        Ok(())
    }

    /// Draws `count` bytes of text.
    pub(crate) fn bytes(&self, count: usize) -> Result<(), LimitReached> {
        let left = self
            .bytes_left
            .get()
            .checked_sub(u64::try_from(count).unwrap_or(u64::MAX));
        self.bytes_left
            .set(left.ok_or(LimitReached::OutputBytes(self.limits.output_bytes))?);
        Ok(())
    }

    /// Draws `count` elements of an array or an object.
    pub(crate) fn elements(&self, count: usize) -> Result<(), LimitReached> {
        let bytes = u64::try_from(count)
            .unwrap_or(u64::MAX)
            .saturating_mul(ELEMENT_BYTES);
        let left = self.bytes_left.get().checked_sub(bytes);
        self.bytes_left
            .set(left.ok_or(LimitReached::OutputBytes(self.limits.output_bytes))?);
        Ok(())
    }
}
