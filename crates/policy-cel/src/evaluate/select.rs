//! Fields and indexes, plain, tested and optional.
//!
//! A missing key is an error wherever it is read plainly, and `has` asks for the last key alone: `has(a.b.c)` with no `b` is an error, never
//! `false`. What has no fields at all has none present. Source: cel-go `interpreter/attributes.go`.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a value of any other kind, one added later included, has no such overload"
)]

use super::{Evaluated, Evaluation};
use crate::error::EvalError;
use crate::libraries::operators::{indexed, looked_up};
use crate::plan::{Access, StepId};
use crate::value::Value;

impl<'v> Evaluation<'_, 'v> {
    pub(super) fn field(&mut self, operand: StepId, name: &str, access: Access) -> Evaluated<'v> {
        let operand = self.step(operand)?;
        self.context.spend(1)?;
        self.context.look_for(name)?;
        if access == Access::Value
            && let Value::Map(map) = &operand
        {
            return map.field(name).ok_or_else(|| EvalError::no_such_key(name));
        }
        match (operand, access) {
            (Value::Optional(None), Access::Presence) => Ok(Value::Bool(false)),
            (Value::Optional(None), Access::Value | Access::Optional) => Ok(Value::Optional(None)),
            (Value::Optional(Some(held)), Access::Presence) => self.field_of(&held.value, name, access),
            (Value::Optional(Some(held)), Access::Value | Access::Optional) => {
                self.field_of(&held.value, name, Access::Optional)
            }
            (operand, access) => self.field_of(&operand, name, access),
        }
    }

    fn field_of(&mut self, operand: &Value<'v>, name: &str, access: Access) -> Evaluated<'v> {
        let found = match operand {
            Value::Map(map) => map.field(name),
            Value::Object(object) => {
                let present = object
                    .has(name)
                    .ok_or_else(|| EvalError::failed(format!("no such field '{name}'")))?;
                (present || access == Access::Value)
                    .then(|| object.field(name))
                    .flatten()
            }
            Value::Opaque(opaque) => opaque.field(name),
            Value::List(_) => return Err(EvalError::failed("unsupported index type 'string' in list")),
            _ => None,
        };
        match access {
            Access::Value => found.ok_or_else(|| EvalError::no_such_key(name)),
            Access::Presence => Ok(Value::Bool(found.is_some())),
            Access::Optional => self.wrapped(found),
        }
    }

    fn wrapped(&mut self, found: Option<Value<'v>>) -> Evaluated<'v> {
        match found {
            Some(value) => self.context.optional(value),
            None => Ok(Value::Optional(None)),
        }
    }

    pub(super) fn declared(&mut self, index: u32, access: Access) -> Evaluated<'v> {
        let value = self.variable(index)?;
        match access {
            Access::Value => Ok(value),
            Access::Presence => Ok(Value::Bool(true)),
            Access::Optional => self.context.optional(value),
        }
    }

    pub(super) fn index(&mut self, operand: StepId, key: StepId, optional: bool) -> Evaluated<'v> {
        let (operand, key) = self.pair(operand, key)?;
        self.context.spend(1)?;
        self.context.look_for_key(&key)?;
        match operand {
            Value::Optional(None) => Ok(Value::Optional(None)),
            Value::Optional(Some(held)) => {
                let found = looked_up(&held.value, &key)?;
                self.wrapped(found)
            }
            operand if optional => {
                let found = looked_up(&operand, &key)?;
                self.wrapped(found)
            }
            operand => indexed(&operand, &key),
        }
    }
}
