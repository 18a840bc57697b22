//! Calls of library functions.

use super::{Evaluated, Evaluation};
use crate::declaration::Overload;
use crate::error::EvalError;
use crate::limits::STEP_SURCHARGE;
use crate::plan::{Operator, StepId};
use crate::value::Value;

impl<'v> Evaluation<'_, 'v> {
    pub(super) fn call(
        &mut self,
        name: &str,
        operator: Option<Operator>,
        overloads: &[Overload],
        arguments: &[StepId],
    ) -> Evaluated<'v> {
        match *arguments {
            [] => self.dispatch(name, overloads, &[]),
            [only] => {
                let only = [self.step(only)?];
                self.dispatch(name, overloads, &only)
            }
            [left, right] => {
                if let Some(operator) = operator
                    && let Some((left, right, cost)) = self.ints_at_hand(left, right)
                    && let Some(result) = operator.of_ints(left, right)
                {
                    self.context.spend(cost.saturating_add(operator.cost()))?;
                    return Ok(result);
                }
                let (left, right) = self.pair(left, right)?;
                self.context.surcharge(STEP_SURCHARGE)?;
                if let Some(operator) = operator
                    && let (Value::Int(left), Value::Int(right)) = (&left, &right)
                    && let Some(result) = operator.of_ints(*left, *right)
                {
                    self.context.spend(operator.cost())?;
                    return Ok(result);
                }
                self.dispatch(name, overloads, &[left, right])
            }
            _ => {
                let arguments = self.all(arguments.iter().copied())?;
                self.dispatch(name, overloads, &arguments)
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

    fn dispatch(&mut self, name: &str, overloads: &[Overload], arguments: &[Value<'v>]) -> Evaluated<'v> {
        let Some(overload) = overloads.iter().find(|overload| overload.fits(arguments)) else {
            return Err(mismatch(name, arguments));
        };
        let cost = overload.cost.of(arguments);
        self.context.spend(cost)?;
        self.context.surcharge(overload.surcharge.of(cost))?;
        (overload.run)(&mut self.context, arguments)
    }
}

/// That no overload fits, in the words cel-go has for it: an operand that can do such things at all gets the shortest, a function that is
/// guarded by its signature the longest
fn mismatch(name: &str, arguments: &[Value<'_>]) -> EvalError {
    let first = arguments.first().map(Value::type_name).unwrap_or_default();
    let able: &[&str] = match name {
        "contains" | "startsWith" | "endsWith" => return EvalError::no_such_overload(),
        "_+_" => &[
            "int", "uint", "double", "string", "bytes", "list", DURATION, TIMESTAMP,
        ],
        "_-_" => &["int", "uint", "double", DURATION, TIMESTAMP],
        "_*_" | "_/_" => &["int", "uint", "double"],
        "_%_" => &["int", "uint"],
        "_<_" | "_<=_" | "_>_" | "_>=_" => &[
            "int", "uint", "double", "string", "bytes", "bool", DURATION, TIMESTAMP,
        ],
        "matches" => &["string"],
        "-_" | "size" | "sort" | "type" => &[],
        _ => {
            let types: Vec<_> = arguments.iter().map(Value::type_name).collect();
            return EvalError::failed(format!("no such overload: {name}({})", types.join(", ")));
        }
    };
    if able.contains(&&*first) {
        return EvalError::no_such_overload();
    }
    EvalError::failed(format!("no such overload: {name}"))
}

const DURATION: &str = "google.protobuf.Duration";
const TIMESTAMP: &str = "google.protobuf.Timestamp";
