//! A checked tree, made ready to run.
//!
//! Names become numbers, calls the overloads that may fit, literals values; aggregates of literals are made once. Steps lie in one vector,
//! children before parents.

mod lower;
mod operator;

pub(crate) use lower::lower;
pub(crate) use operator::Operator;

use std::sync::Arc;

use crate::ast::Fold;
use crate::declaration::Overload;
use crate::patterns::CompiledPattern;
use crate::types::ObjectType;
use crate::value::Value;

/// Index of a step
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StepId(u32);

impl StepId {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// A program's steps
pub(crate) struct Plan {
    pub(crate) steps: Vec<Step>,
    pub(crate) root: StepId,
    /// Names of the variables that the steps number
    pub(crate) variables: Vec<Arc<str>>,
    /// Literal patterns
    pub(crate) patterns: Vec<CompiledPattern>,
}

/// What is read of an operand
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// The value; an error when there is none
    Value,
    /// Whether there is one
    Presence,
    /// The value as an optional
    Optional,
}

/// One step
pub(crate) enum Step {
    Constant(Value<'static>),
    /// A variable of the activation
    Variable(u32),
    /// A variable whose presence is certain, asked for as [`Access`] says
    Declared(u32, Access),
    /// A variable of a macro
    Local(u32),
    Field {
        operand: StepId,
        name: Arc<str>,
        access: Access,
    },
    Index {
        operand: StepId,
        key: StepId,
        optional: bool,
    },
    And(StepId, StepId),
    Or(StepId, StepId),
    Conditional(StepId, StepId, StepId),
    Not(StepId),
    Equal {
        left: StepId,
        right: StepId,
        wanted: bool,
    },
    Within {
        item: StepId,
        container: StepId,
    },
    Call {
        name: Arc<str>,
        /// What the call does to two ints, where it may be given them
        operator: Option<Operator>,
        overloads: Box<[Overload]>,
        arguments: Box<[StepId]>,
    },
    /// `or`, which evaluates its argument only when it must
    OptionalOr(StepId, StepId),
    /// `orValue`, likewise; tolerant of receivers that are no optionals or not
    OptionalOrValue {
        receiver: StepId,
        other: StepId,
        tolerant: bool,
    },
    List(Box<[(StepId, bool)]>),
    Map(Box<[(StepId, StepId, bool)]>),
    Object {
        of: Arc<ObjectType>,
        fields: Box<[(Arc<str>, StepId, bool)]>,
    },
    Comprehension(Box<Comprehension>),
    Bind {
        value: StepId,
        body: StepId,
    },
    OptionalMap {
        target: StepId,
        body: StepId,
        flat: bool,
    },
    /// What could not be resolved; fails when it is reached
    Failure(Arc<str>),
}

/// An iteration
pub(crate) struct Comprehension {
    pub(crate) fold: Fold,
    pub(crate) range: StepId,
    pub(crate) two_variables: bool,
    pub(crate) filter: Option<StepId>,
    pub(crate) body: StepId,
}
