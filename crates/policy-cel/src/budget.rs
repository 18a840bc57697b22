//! What an evaluation may spend.
//!
//! Cost is counted as Kubernetes counts it (cel-go `interpreter/runtimecost.go`); memory by the bytes of what is made, freed or not.
//! Both only grow, so a limit reached stays reached.

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

/// Counts what one evaluation spends
#[derive(Debug)]
pub(crate) struct Meter<'b> {
    budget: &'b Budget,
    cost: u64,
    /// How much of the cost the budget knows of
    settled: u64,
    cost_limit: u64,
    next_look: u64,
    memory_left: usize,
}

impl<'b> Meter<'b> {
    pub(crate) fn new(budget: &'b Budget) -> Self {
        let cost_limit = budget.cost_per_expression.min(budget.left());
        Self {
            budget,
            cost: 0,
            settled: 0,
            cost_limit,
            next_look: COST_BETWEEN_LOOKS,
            memory_left: budget.memory_bytes,
        }
    }

    /// Adds to the cost
    #[inline]
    pub(crate) fn spend<'v>(&mut self, cost: u64, host: &dyn Host<'v>) -> Result<(), EvalError> {
        self.cost = self.cost.saturating_add(cost);
        if self.cost < self.next_look && self.cost <= self.cost_limit {
            return Ok(());
        }
        self.look(host)
    }

    #[cold]
    fn look<'v>(&mut self, host: &dyn Host<'v>) -> Result<(), EvalError> {
        let is_within = self.settle() && self.cost <= self.cost_limit;
        if !is_within {
            return Err(EvalError::limit(Limit::Cost));
        }
        self.next_look = self.cost.saturating_add(COST_BETWEEN_LOOKS);
        if host.interrupted() {
            Err(EvalError::limit(Limit::Interrupted))
        } else {
            Ok(())
        }
    }

    /// Takes what was spent out of the budget, where evaluations around this one find it; whether the budget had it
    fn settle(&mut self) -> bool {
        let spent = self.cost.saturating_sub(self.settled);
        self.settled = self.cost;
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
    pub(crate) fn left(&self) -> u64 {
        self.cost_limit.saturating_sub(self.cost)
    }

    /// Bytes that may still be made
    pub(crate) fn memory_left(&self) -> usize {
        self.memory_left.min(self.budget.memory_left.get())
    }

    /// Cost so far
    pub(crate) fn cost(&self) -> u64 {
        self.cost
    }
}

impl Drop for Meter<'_> {
    fn drop(&mut self) {
        self.settle();
    }
}
