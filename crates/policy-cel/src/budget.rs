//! What an evaluation may spend.
//!
//! Cost is counted as Kubernetes counts it (cel-go `interpreter/runtimecost.go`), and what takes more time than that count says pays a
//! surcharge out of the allowance of the request, so that the allowance bounds time too. Memory is counted by the bytes of what is made,
//! freed or not. All only grow, so a limit reached stays reached.

use std::cell::Cell;

use crate::error::{EvalError, Limit};
use crate::host::Host;
use crate::limits::{
    DEFAULT_COST_PER_EXPRESSION, DEFAULT_COST_PER_REQUEST, DEFAULT_MEMORY_BYTES, MEMORY_SHARES,
};

/// Between two looks at [`Host::interrupted`], in units of cost
const COST_BETWEEN_LOOKS: u64 = 4_096;

/// The allowance of one request; shared by all its expressions, those that are evaluated within others included
#[derive(Debug)]
pub struct Budget {
    /// Cost one expression may run up
    pub cost_per_expression: u64,
    /// Bytes one expression may make
    pub memory_bytes: usize,
    cost_left: Cell<u64>,
    memory_left: Cell<usize>,
}

impl Budget {
    /// An allowance: cost per expression, cost of all together, bytes per expression. All together may make as many times
    /// the bytes of one as [`MEMORY_SHARES`] says.
    #[must_use]
    pub fn new(cost_per_expression: u64, cost_per_request: u64, memory_bytes: usize) -> Self {
        Self {
            cost_per_expression,
            memory_bytes,
            cost_left: Cell::new(cost_per_request),
            memory_left: Cell::new(memory_bytes.saturating_mul(MEMORY_SHARES)),
        }
    }

    /// Cost that is left to the request
    #[must_use]
    pub fn left(&self) -> u64 {
        self.cost_left.get()
    }

    /// Whether `limit`, which an evaluation with this allowance ran into, is a bound of ours alone: an evaluator that counts as
    /// Kubernetes does would have gone on and might have found a value.
    #[must_use]
    pub fn is_own(&self, limit: Limit) -> bool {
        match limit {
            Limit::Cost => self.left() == 0,
            Limit::Memory | Limit::Depth | Limit::Pattern | Limit::Interrupted => true,
        }
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self::new(
            DEFAULT_COST_PER_EXPRESSION,
            DEFAULT_COST_PER_REQUEST,
            DEFAULT_MEMORY_BYTES,
        )
    }
}

/// Counts what one evaluation spends.
///
/// Units are taken from the budget in batches, so that spending one is a subtraction; between two batches the host is asked whether
/// to go on.
#[derive(Debug)]
pub(crate) struct Meter<'b> {
    budget: &'b Budget,
    /// What the expression may cost
    cost_limit: u64,
    /// Cost that was settled with the budget
    settled: u64,
    /// Size of the batch at hand
    batch: u64,
    /// What is left of it
    ahead: u64,
    /// What of the cost Kubernetes does not count
    own: u64,
    memory_left: usize,
}

impl<'b> Meter<'b> {
    pub(crate) fn new(budget: &'b Budget) -> Self {
        let cost_limit = budget.cost_per_expression.min(budget.left());
        let batch = cost_limit.min(COST_BETWEEN_LOOKS);
        Self {
            budget,
            cost_limit,
            settled: 0,
            batch,
            ahead: batch,
            own: 0,
            memory_left: budget.memory_bytes,
        }
    }

    /// Adds to the cost
    #[inline]
    pub(crate) fn spend<'v>(&mut self, cost: u64, host: &dyn Host<'v>) -> Result<(), EvalError> {
        match self.ahead.checked_sub(cost) {
            Some(ahead) => {
                self.ahead = ahead;
                Ok(())
            }
            None => self.look(cost, host),
        }
    }

    #[cold]
    fn look<'v>(&mut self, cost: u64, host: &dyn Host<'v>) -> Result<(), EvalError> {
        // The batch is closed, this cost in it, whether or not it was that large.
        self.batch = self.batch.saturating_sub(self.ahead).saturating_add(cost);
        self.ahead = 0;
        if !self.settle() || self.settled > self.cost_limit {
            return Err(self.exceeded());
        }
        self.batch = self.within_reach().min(COST_BETWEEN_LOOKS);
        self.ahead = self.batch;
        if host.interrupted() {
            Err(EvalError::limit(Limit::Interrupted))
        } else {
            Ok(())
        }
    }

    /// Says that so much of the cost is counted here and not in Kubernetes
    pub(crate) fn count_as_own(&mut self, cost: u64) {
        self.own = self.own.saturating_add(cost);
    }

    /// The cost is too much. Where Kubernetes' own count would not have ended the evaluation, nothing is left to the request:
    /// [`Budget::is_own`] tells by that.
    pub(crate) fn exceeded(&self) -> EvalError {
        if self.cost().saturating_sub(self.own) < self.cost_limit {
            self.budget.cost_left.set(0);
        }
        EvalError::limit(Limit::Cost)
    }

    /// Takes from the allowance of the request what a step takes of time beyond its cost. The limit of the expression does not count it:
    /// that one is Kubernetes', and an expression that keeps it there keeps it here, as long as the allowance of the policy lasts.
    #[inline]
    pub(crate) fn surcharge(&mut self, units: u64) -> Result<(), EvalError> {
        let left = self.budget.left();
        self.budget.cost_left.set(left.saturating_sub(units));
        if units <= left {
            Ok(())
        } else {
            Err(EvalError::limit(Limit::Cost))
        }
    }

    /// Takes what was spent out of the budget, where evaluations around this one find it; whether the budget had it
    fn settle(&mut self) -> bool {
        let spent = self.batch.saturating_sub(self.ahead);
        self.settled = self.settled.saturating_add(spent);
        self.batch = self.ahead;
        let left = self.budget.left();
        self.budget.cost_left.set(left.saturating_sub(spent));
        spent <= left
    }

    /// Counts bytes that are about to be made
    #[inline]
    pub(crate) fn allocate(&mut self, bytes: usize) -> Result<(), EvalError> {
        let shared = self.budget.memory_left.get().checked_sub(bytes);
        match (self.memory_left.checked_sub(bytes), shared) {
            (Some(left), Some(shared)) => {
                self.memory_left = left;
                self.budget.memory_left.set(shared);
                Ok(())
            }
            _ => Err(EvalError::limit(Limit::Memory)),
        }
    }

    /// Cost that is left to the expression
    fn left(&self) -> u64 {
        self.cost_limit.saturating_sub(self.cost())
    }

    /// Cost that is left to the expression and to the request
    pub(crate) fn within_reach(&self) -> u64 {
        self.left().min(self.budget.left())
    }

    /// Bytes that may still be made
    pub(crate) fn memory_left(&self) -> usize {
        self.memory_left.min(self.budget.memory_left.get())
    }

    /// Cost so far
    pub(crate) fn cost(&self) -> u64 {
        self.settled.saturating_add(self.batch.saturating_sub(self.ahead))
    }
}

impl Drop for Meter<'_> {
    fn drop(&mut self) {
        self.settle();
    }
}
