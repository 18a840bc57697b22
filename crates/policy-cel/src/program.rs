//! A compiled expression.

use std::sync::Arc;

use crate::budget::Budget;
use crate::error::EvalError;
use crate::evaluate::run;
use crate::host::{Activation, Host};
use crate::plan::Plan;
use crate::types::Type;
use crate::value::Value;

/// A compiled expression; cheap to clone, shared by threads
#[derive(Clone)]
pub struct Program(Arc<Compiled>);

struct Compiled {
    text: Box<str>,
    plan: Plan,
    result: Type,
    depth: u16,
}

/// A value and what finding it cost
#[derive(Debug)]
pub struct Outcome<'v> {
    /// The value, or why there is none
    pub value: Result<Value<'v>, EvalError>,
    /// Cost as Kubernetes counts it
    pub cost: u64,
}

impl Program {
    pub(crate) fn new(text: &str, plan: Plan, result: Type, depth: u16) -> Self {
        Self(Arc::new(Compiled {
            text: text.into(),
            plan,
            result,
            depth,
        }))
    }

    /// The expression as written
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// The type of its values, `dyn` where that is known only while running
    #[must_use]
    pub fn result_type(&self) -> &Type {
        &self.0.result
    }

    /// Levels of its syntax tree, at most [`crate::limits::MAX_DEPTH`]: what evaluating it takes of the stack
    #[must_use]
    pub fn depth(&self) -> u16 {
        self.0.depth
    }

    /// Names of the variables it may ask an activation for
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.0.plan.variables.iter().map(|name| &**name)
    }

    /// Evaluates; pure but for what `activation` and `host` do.
    ///
    /// # Errors
    /// [`crate::Failure`] says which of three things happened: the expression failed, a fact is missing, a limit was reached.
    pub fn evaluate<'v>(
        &self,
        activation: &dyn Activation<'v>,
        host: &dyn Host<'v>,
        budget: &Budget,
    ) -> Result<Value<'v>, EvalError> {
        run(&self.0.plan, activation, host, budget).0
    }

    /// Evaluates, and says what it cost
    pub fn evaluate_measured<'v>(
        &self,
        activation: &dyn Activation<'v>,
        host: &dyn Host<'v>,
        budget: &Budget,
    ) -> Outcome<'v> {
        let (value, cost) = run(&self.0.plan, activation, host, budget);
        Outcome { value, cost }
    }
}

impl std::fmt::Debug for Program {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Program")
            .field("text", &self.0.text)
            .field("result", &self.0.result)
            .finish_non_exhaustive()
    }
}
