//! Functions as libraries declare them: a name, a signature one can read, and what runs.
//!
//! The signature is text in the spelling of cel-go's errors, `string.(int, int) -> string`; single capitals are type parameters. It serves
//! the checker, which resolves overloads by it, and the evaluator, which picks the overload that fits the values at hand.

mod signature;

pub use signature::UnknownTypeError;
pub(crate) use signature::{parse_signature, parse_type};

use std::sync::Arc;

use crate::context::Context;
use crate::error::EvalError;
use crate::types::Type;
use crate::value::Value;

/// What runs when a function is called: receiver first, then the arguments
pub(crate) type Run = for<'c, 'v> fn(&mut Context<'c, 'v>, &[Value<'v>]) -> Result<Value<'v>, EvalError>;

/// What a call costs, beside its arguments
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cost {
    /// 1
    Constant,
    /// 1 and a tenth of each text, the whole of each list (cel-go: `StringTraversalCostFactor`)
    Traversal,
    /// A tenth of the first text times a quarter of the second, a pattern
    Pattern,
}

impl Cost {
    pub(crate) fn of(self, arguments: &[Value<'_>]) -> u64 {
        let tenth = |size: u64| size.div_ceil(10);
        match self {
            Self::Constant => 1,
            Self::Traversal => arguments.iter().fold(1, |cost: u64, argument| {
                let text = matches!(argument, Value::String(_) | Value::Bytes(_));
                let size = argument.cost_size();
                cost.saturating_add(if text { tenth(size) } else { size })
            }),
            Self::Pattern => {
                let size = |index| arguments.get(index).map_or(1, Value::cost_size);
                tenth(size(0).saturating_add(1)).saturating_mul(size(1).div_ceil(4).max(1))
            }
        }
    }
}

/// What a call takes from the allowance of the request beyond its cost
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Surcharge {
    /// Units for the call
    per_call: u64,
    /// Units for each unit of cost
    per_cost: u64,
}

impl Surcharge {
    /// So many units for the call, and so many for each unit that it costs
    pub(crate) const fn new(per_call: u64, per_cost: u64) -> Self {
        Self { per_call, per_cost }
    }

    /// The surcharge of a call that costs so much
    pub(crate) fn of(self, cost: u64) -> u64 {
        self.per_call.saturating_add(self.per_cost.saturating_mul(cost))
    }
}

/// One row of a library's table
#[derive(Clone, Copy)]
pub(crate) struct Declared {
    pub(crate) name: &'static str,
    pub(crate) signature: &'static str,
    pub(crate) run: Run,
    pub(crate) cost: Cost,
}

/// A function whose cost does not grow with its arguments
pub(crate) const fn function(name: &'static str, signature: &'static str, run: Run) -> Declared {
    Declared {
        name,
        signature,
        run,
        cost: Cost::Constant,
    }
}

/// A function that walks its arguments
pub(crate) const fn walking(name: &'static str, signature: &'static str, run: Run) -> Declared {
    Declared {
        name,
        signature,
        run,
        cost: Cost::Traversal,
    }
}

/// A function that matches its first argument against its second
pub(crate) const fn matching(name: &'static str, signature: &'static str, run: Run) -> Declared {
    Declared {
        name,
        signature,
        run,
        cost: Cost::Pattern,
    }
}

/// One overload
#[derive(Clone)]
pub(crate) struct Overload {
    /// Called on a receiver, which is the first parameter
    pub(crate) member: bool,
    pub(crate) parameters: Vec<Type>,
    pub(crate) result: Type,
    /// Number of type parameters, numbered from 0
    pub(crate) type_parameters: u32,
    pub(crate) run: Run,
    pub(crate) cost: Cost,
    pub(crate) surcharge: Surcharge,
}

impl Overload {
    /// Whether values fit the parameters, as far as values show: elements are not looked at.
    pub(crate) fn fits(&self, arguments: &[Value<'_>]) -> bool {
        self.parameters.len() == arguments.len()
            && self
                .parameters
                .iter()
                .zip(arguments)
                .all(|(parameter, value)| fits(parameter, value))
    }
}

fn fits(parameter: &Type, value: &Value<'_>) -> bool {
    match parameter {
        Type::Error | Type::Dyn | Type::Any | Type::Parameter(_) => true,
        Type::Null => matches!(value, Value::Null),
        Type::Bool => matches!(value, Value::Bool(_)),
        Type::Int => matches!(value, Value::Int(_)),
        Type::Uint => matches!(value, Value::Uint(_)),
        Type::Double => matches!(value, Value::Double(_)),
        Type::String => matches!(value, Value::String(_)),
        Type::Bytes => matches!(value, Value::Bytes(_)),
        Type::Timestamp => matches!(value, Value::Timestamp(_)),
        Type::Duration => matches!(value, Value::Duration(_)),
        Type::Wrapper(inner) => matches!(value, Value::Null) || fits(inner, value),
        Type::List(_) => matches!(value, Value::List(_)),
        Type::Map(_) => matches!(value, Value::Map(_)),
        Type::Type(_) => matches!(value, Value::Type(_)),
        Type::Struct(name) => matches!(value, Value::Map(_)) || value.type_name() == **name,
        Type::Opaque(opaque) => value.type_name() == *opaque.name,
    }
}

/// All overloads of one name
#[derive(Clone)]
pub(crate) struct Function {
    pub(crate) name: Arc<str>,
    pub(crate) overloads: Vec<Overload>,
}
