//! `&&`, `||`, `!`, `?:`, `==`, `in`, `or`, `orValue`: what may leave an operand unevaluated.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a value of any other kind, one added later included, has no such overload"
)]

use super::{Evaluated, Evaluation};
use crate::error::EvalError;
use crate::libraries::operators::within;
use crate::limits::{FAILURE_SURCHARGE, LOOKUP_SURCHARGE, STEP_SURCHARGE};
use crate::plan::StepId;
use crate::value::Value;

impl<'v> Evaluation<'_, 'v> {
    /// `&&` (decided by `false`) and `||` (decided by `true`): a side that decides gives the value whatever the other side is
    pub(super) fn either(&mut self, left: StepId, right: StepId, decisive: bool) -> Evaluated<'v> {
        self.context.surcharge(STEP_SURCHARGE)?;
        let left = self.truth(left);
        match left {
            Ok(truth) if truth == decisive => return Ok(Value::Bool(decisive)),
            Err(error) if error.is_final() => return Err(error),
            Err(_) => self.context.surcharge(FAILURE_SURCHARGE)?,
            Ok(_) => {}
        }
        match (left, self.truth(right)) {
            (_, Ok(truth)) if truth == decisive => Ok(Value::Bool(decisive)),
            (Ok(_), Ok(truth)) => Ok(Value::Bool(truth)),
            (Err(error), Ok(_)) | (Ok(_), Err(error)) => Err(error),
            (Err(left), Err(right)) => Err(left.worse(right)),
        }
    }

    /// The truth of a step; what is no bool is an error
    pub(super) fn truth(&mut self, id: StepId) -> Result<bool, EvalError> {
        self.step(id)?.as_bool().ok_or_else(EvalError::no_such_overload)
    }

    pub(super) fn conditional(
        &mut self,
        condition: StepId,
        then: StepId,
        otherwise: StepId,
    ) -> Evaluated<'v> {
        let branch = if self.truth(condition)? { then } else { otherwise };
        self.step(branch)
    }

    pub(super) fn not(&mut self, operand: StepId) -> Evaluated<'v> {
        let truth = self.truth(operand)?;
        self.context.spend(1)?;
        Ok(Value::Bool(!truth))
    }

    pub(super) fn equality(&mut self, left: StepId, right: StepId, wanted: bool) -> Evaluated<'v> {
        if let Some((left, right, cost)) = self.ints_at_hand(left, right) {
            self.context.spend(cost.saturating_add(1))?;
            return Ok(Value::Bool((left == right) == wanted));
        }
        let (left, right) = self.pair(left, right)?;
        Ok(Value::Bool(self.context.equal(&left, &right)? == wanted))
    }

    pub(super) fn within(&mut self, item: StepId, container: StepId) -> Evaluated<'v> {
        let (item, container) = self.pair(item, container)?;
        within(&mut self.context, &item, &container)
    }

    pub(super) fn or_value(&mut self, receiver: StepId, other: StepId, tolerant: bool) -> Evaluated<'v> {
        let receiver = self.step(receiver)?;
        self.context.spend(1)?;
        self.context.surcharge(LOOKUP_SURCHARGE)?;
        match receiver {
            Value::Optional(Some(held)) => Ok(held.value.clone()),
            Value::Optional(None) => self.step(other),
            concrete if tolerant => Ok(concrete),
            _ => Err(EvalError::no_such_overload()),
        }
    }

    pub(super) fn or_optional(&mut self, receiver: StepId, other: StepId) -> Evaluated<'v> {
        let receiver = self.step(receiver)?;
        self.context.spend(1)?;
        self.context.surcharge(LOOKUP_SURCHARGE)?;
        match receiver {
            Value::Optional(Some(_)) => Ok(receiver),
            Value::Optional(None) => match self.step(other)? {
                optional @ Value::Optional(_) => Ok(optional),
                _ => Err(EvalError::no_such_overload()),
            },
            _ => Err(EvalError::no_such_overload()),
        }
    }

    /// Two operands; while a fact is missing for the first, the second is evaluated for the facts it asks
    pub(super) fn pair(&mut self, left: StepId, right: StepId) -> Result<(Value<'v>, Value<'v>), EvalError> {
        match self.step(left) {
            Ok(left) => Ok((left, self.step(right)?)),
            Err(error) if error.is_pending() => Err(match self.step(right) {
                Ok(_) => error,
                Err(other) => error.worse(other),
            }),
            Err(error) => Err(error),
        }
    }
}
