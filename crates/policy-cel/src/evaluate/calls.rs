//! Calls of library functions.

use super::{Evaluated, Evaluation};
use crate::declaration::Overload;
use crate::error::EvalError;
use crate::plan::StepId;
use crate::value::Value;

impl<'v> Evaluation<'_, 'v> {
    pub(super) fn call(&mut self, overloads: &[Overload], arguments: &[StepId]) -> Evaluated<'v> {
        match *arguments {
            [] => self.dispatch(overloads, &[]),
            [only] => {
                let only = [self.step(only)?];
                self.dispatch(overloads, &only)
            }
            [left, right] => {
                let (left, right) = self.pair(left, right)?;
                self.dispatch(overloads, &[left, right])
            }
            _ => {
                let arguments = self.all(arguments.iter().copied())?;
                self.dispatch(overloads, &arguments)
            }
        }
    }

    /// Several operands; while a fact is missing for one, the others are evaluated for the facts they ask
    pub(super) fn all(
        &mut self,
        steps: impl ExactSizeIterator<Item = StepId>,
    ) -> Result<Vec<Value<'v>>, EvalError> {
        let mut values = Vec::with_capacity(steps.len());
        let mut pending: Option<EvalError> = None;
        for step in steps {
            match self.step(step) {
                Ok(value) => values.push(value),
                Err(error) if error.is_pending() => pending = Some(error),
                Err(error) => return Err(pending.map_or(error.clone(), |pending| pending.worse(error))),
            }
        }
        pending.map_or(Ok(values), Err)
    }

    fn dispatch(&mut self, overloads: &[Overload], arguments: &[Value<'v>]) -> Evaluated<'v> {
        let Some(overload) = overloads.iter().find(|overload| overload.fits(arguments)) else {
            return Err(EvalError::no_such_overload());
        };
        self.context.spend(overload.cost.of(arguments))?;
        (overload.run)(&mut self.context, arguments)
    }
}
