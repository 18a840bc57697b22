//! Running a plan.
//!
//! Recursion is on the plan alone, whose depth the parser has bounded. Every step pays before it works.
//!
//! **Pending.** A fact that is not loaded yet behaves as cel-go's unknown: it outranks failures, only a side that decides alone (`false && …`,
//! `[…].exists` that found one) gives a value over it, and what is independent of it goes on being evaluated, so that one run meets every
//! question it can. Limits outrank both and end the run at once.

mod aggregates;
mod calls;
mod comprehensions;
mod logic;
mod select;

use crate::budget::Budget;
use crate::context::Context;
use crate::error::EvalError;
use crate::host::{Activation, Host};
use crate::limits::STEP_SURCHARGE;
use crate::plan::{Plan, Step, StepId};
use crate::value::Value;

type Evaluated<'v> = Result<Value<'v>, EvalError>;

/// Runs `plan`; gives the value and the cost
pub(crate) fn run<'v>(
    plan: &Plan,
    activation: &dyn Activation<'v>,
    host: &dyn Host<'v>,
    budget: &Budget,
) -> (Evaluated<'v>, u64) {
    let mut evaluation = Evaluation {
        plan,
        activation,
        context: Context::new(host, budget, &plan.patterns),
        variables: vec![None; plan.variables.len()],
        locals: Vec::new(),
    };
    let value = evaluation.step(plan.root);
    (value, evaluation.context.meter.cost())
}

struct Evaluation<'e, 'v> {
    plan: &'e Plan,
    activation: &'e dyn Activation<'v>,
    context: Context<'e, 'v>,
    /// Variables met so far
    variables: Vec<Option<Value<'v>>>,
    /// Variables of macros, innermost last
    locals: Vec<Value<'v>>,
}

impl<'e, 'v> Evaluation<'e, 'v> {
    fn step(&mut self, id: StepId) -> Evaluated<'v> {
        let Some(step) = self.plan.steps.get(id.index()) else {
            return Err(EvalError::no_such_overload());
        };
        match step {
            Step::Constant(value) => Ok(value.clone()),
            Step::Local(slot) => {
                self.context.spend(1)?;
                self.locals
                    .get(*slot as usize)
                    .cloned()
                    .ok_or_else(EvalError::no_such_overload)
            }
            Step::Variable(index) => self.variable(*index),
            Step::Field {
                operand,
                name,
                access,
            } => self.field(*operand, name, *access),
            Step::And(left, right) => self.either(*left, *right, false),
            Step::Or(left, right) => self.either(*left, *right, true),
            Step::Equal { left, right, wanted } => self.equality(*left, *right, *wanted),
            Step::Call {
                name,
                operator,
                overloads,
                arguments,
            } => self.call(name, *operator, overloads, arguments),
            Step::Index {
                operand,
                key,
                optional,
            } => self.index(*operand, *key, *optional),
            Step::Conditional(condition, then, otherwise) => self.conditional(*condition, *then, *otherwise),
            Step::Not(operand) => self.not(*operand),
            Step::Within { item, container } => self.within(*item, *container),
            Step::OptionalOrValue {
                receiver,
                other,
                tolerant,
            } => self.or_value(*receiver, *other, *tolerant),
            Step::OptionalOr(receiver, other) => self.or_optional(*receiver, *other),
            Step::Comprehension(comprehension) => self.comprehension(comprehension),
            Step::List(elements) => self.list(elements),
            Step::Map(entries) => self.map(entries),
            Step::Object { of, fields } => self.object(of, fields),
            Step::Bind { value, body } => self.bind(*value, *body),
            Step::OptionalMap { target, body, flat } => self.optional_map(*target, *body, *flat),
            Step::Declared(index, access) => self.declared(*index, *access),
            Step::Failure(message) => Err(EvalError::failed(message.to_string())),
        }
    }

    fn variable(&mut self, index: u32) -> Evaluated<'v> {
        self.context.spend(1)?;
        let index = index as usize;
        if let Some(Some(value)) = self.variables.get(index) {
            return Ok(value.clone());
        }
        let name = self.plan.variables.get(index).map_or("", |name| &**name);
        let Some(value) = self.activation.variable(name)? else {
            return Err(EvalError::failed(format!("no such attribute(s): {name}")));
        };
        if let Some(slot) = self.variables.get_mut(index) {
            *slot = Some(value.clone());
        }
        Ok(value)
    }

    /// The value of `id` with one more local variable
    fn with_local(&mut self, value: Value<'v>, id: StepId) -> Evaluated<'v> {
        self.locals.push(value);
        let result = self.step(id);
        self.locals.pop();
        result
    }

    /// The int that a step is at hand, and what asking for it costs: a literal's, or that of a macro's variable
    fn int_at_hand(&self, id: StepId) -> Option<(i64, u64)> {
        let step = self.plan.steps.get(id.index())?;
        if let Step::Constant(Value::Int(number)) = step {
            return Some((*number, 0));
        }
        if let Step::Local(slot) = step
            && let Some(Value::Int(number)) = self.locals.get(*slot as usize)
        {
            return Some((*number, 1));
        }
        None
    }

    /// Two ints that are at hand, and what asking for both costs
    fn ints_at_hand(&self, left: StepId, right: StepId) -> Option<(i64, i64, u64)> {
        let ((left, left_cost), (right, right_cost)) = (self.int_at_hand(left)?, self.int_at_hand(right)?);
        Some((left, right, left_cost.saturating_add(right_cost)))
    }

    fn bind(&mut self, value: StepId, body: StepId) -> Evaluated<'v> {
        let value = self.step(value)?;
        self.context.surcharge(STEP_SURCHARGE)?;
        self.with_local(value, body)
    }
}
