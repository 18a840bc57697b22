//! What the evaluation of one rule may cost: bytes that variables expand to, bytes of context, lookups, nesting.
//!
//! Shared by a rule's scopes and all scopes below them. A policy that would grow without end (each variable holding the
//! one before it twice, CVE-2026-23881) runs into these and is an error, never a hang.

use std::cell::{Cell, OnceCell};

use crate::facts::Halt;

/// Bytes of JSON that the context entries of one rule may load together (Kyverno's `maxContextSize`).
pub const MAX_CONTEXT_BYTES: usize = 2 * 1024 * 1024;
/// Bytes that one rule's substitutions may build together.
pub const MAX_EXPANDED_BYTES: usize = 16 * 1024 * 1024;
/// Bytes that one string may go through while it is expanded round after round.
pub const MAX_STRING_BYTES: usize = 4 * 1024 * 1024;
/// Variables that one string may be found to hold once its own have been replaced.
pub const MAX_FOUND_VARIABLES: usize = 1_000;
/// Rounds in which one string is searched for variables again.
pub const MAX_ROUNDS: usize = 64;
/// Variables looked up for one rule, foreach elements included.
pub const MAX_LOOKUPS: usize = 50_000;
/// How deep entries, the JSON they are made of and expressions may be inside one another while they are evaluated, counted
/// as [`Query::weight`](super::query::Query) and [`Template::weight`](super::template::Template) count. One takes at most
/// 1 KiB of stack, of which threads have 2 MiB.
pub const MAX_NESTING: usize = 1_000;

/// What is left of it.
#[derive(Debug)]
pub struct Budget {
    context_bytes: Cell<usize>,
    expanded_bytes: Cell<usize>,
    lookups: Cell<usize>,
    nesting: Cell<usize>,
    bound: OnceCell<String>,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            context_bytes: Cell::new(0),
            expanded_bytes: Cell::new(MAX_EXPANDED_BYTES),
            lookups: Cell::new(MAX_LOOKUPS),
            nesting: Cell::new(MAX_NESTING),
            bound: OnceCell::new(),
        }
    }
}

impl Budget {
    /// Fails for `why`, and remembers that it was for a bound that Kyverno has not: where it looks away from what fails (an
    /// element's preconditions, a variable with a default), whoever writes the object could choose by its size what is
    /// judged.
    pub(super) fn exceeded(&self, why: String) -> Halt {
        self.bound.get_or_init(|| why.clone());
        Halt::Failed(why)
    }

    /// The first bound that was run into.
    pub(super) fn bound(&self) -> Option<&str> {
        self.bound.get().map(String::as_str)
    }

    /// Counts a context entry of `bytes` bytes of JSON.
    ///
    /// # Errors
    /// Kyverno's text where the entries together exceed [`MAX_CONTEXT_BYTES`].
    pub fn take_context(&self, bytes: usize) -> Result<(), Halt> {
        let total = self.context_bytes.get().saturating_add(bytes);
        if total > MAX_CONTEXT_BYTES {
            return Err(Halt::Failed(format!(
                "context size limit exceeded: {total} bytes exceeds limit of {MAX_CONTEXT_BYTES} bytes"
            )));
        }
        self.context_bytes.set(total);
        Ok(())
    }

    /// Counts bytes built by substitution.
    ///
    /// # Errors
    /// Where one rule builds more than [`MAX_EXPANDED_BYTES`].
    pub fn take_expanded(&self, bytes: usize) -> Result<(), Halt> {
        let left = self.expanded_bytes.get().checked_sub(bytes);
        let Some(left) = left else {
            return Err(self.exceeded(format!(
                "variables expand to more than {MAX_EXPANDED_BYTES} bytes"
            )));
        };
        self.expanded_bytes.set(left);
        Ok(())
    }

    /// Counts one lookup.
    ///
    /// # Errors
    /// Where one rule makes more than [`MAX_LOOKUPS`].
    pub fn take_lookup(&self) -> Result<(), Halt> {
        let Some(left) = self.lookups.get().checked_sub(1) else {
            return Err(self.exceeded(format!(
                "more than {MAX_LOOKUPS} variables were looked up for one rule"
            )));
        };
        self.lookups.set(left);
        Ok(())
    }

    /// Runs `act`, which is `weight` deep, inside of all that is running.
    ///
    /// # Errors
    /// Where that is deeper than [`MAX_NESTING`], and what `act` gives.
    pub fn nested<T>(&self, weight: usize, act: impl FnOnce() -> Result<T, Halt>) -> Result<T, Halt> {
        let before = self.nesting.get();
        let Some(left) = before.checked_sub(weight) else {
            return Err(self.exceeded(format!(
                "context entries and expressions nest deeper than {MAX_NESTING}"
            )));
        };
        self.nesting.set(left);
        let given = act();
        self.nesting.set(before);
        given
    }
}
