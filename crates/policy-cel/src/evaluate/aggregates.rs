//! List, map and object literals, and `optMap`.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a value of any other kind, one added later included, has no such overload"
)]

use std::sync::Arc;

use super::{Evaluated, Evaluation};
use crate::context::shallow;
use crate::error::EvalError;
use crate::limits::{AGGREGATE_SURCHARGE, LOOKUP_SURCHARGE};
use crate::plan::StepId;
use crate::types::ObjectType;
use crate::value::{Entries, Key, Object, Value, default_of};

/// Costs of making an aggregate (cel-go `common/cost.go`)
const LIST_COST: u64 = 10;
const MAP_COST: u64 = 30;
const OBJECT_COST: u64 = 40;

impl<'v> Evaluation<'_, 'v> {
    pub(super) fn list(&mut self, elements: &[(StepId, bool)]) -> Evaluated<'v> {
        let values = self.all(elements.iter().map(|(step, _)| *step))?;
        self.context.spend(LIST_COST)?;
        self.context.surcharge(AGGREGATE_SURCHARGE)?;
        if elements.iter().all(|(_, optional)| !optional) {
            return self.context.list(values);
        }
        let mut kept = Vec::with_capacity(values.len());
        for (value, (_, optional)) in values.into_iter().zip(elements) {
            match (value, optional) {
                (value, false) => kept.push(value),
                (Value::Optional(held), true) => kept.extend(held.map(|held| held.value.clone())),
                (_, true) => {
                    return Err(EvalError::failed(
                        "cannot initialize optional list element from non-optional value",
                    ));
                }
            }
        }
        self.context.list(kept)
    }

    pub(super) fn map(&mut self, entries: &[(StepId, StepId, bool)]) -> Evaluated<'v> {
        let steps: Vec<StepId> = entries
            .iter()
            .flat_map(|(key, value, _)| [*key, *value])
            .collect();
        let mut values = self.all(steps.into_iter())?.into_iter();
        self.context.spend(MAP_COST)?;
        self.context.surcharge(AGGREGATE_SURCHARGE)?;
        let mut made = Entries::with_capacity(entries.len());
        for (_, _, optional) in entries {
            let (Some(key), Some(value)) = (values.next(), values.next()) else {
                break;
            };
            let Some(key) = Key::from_value(&key) else {
                return Err(EvalError::failed(format!(
                    "unsupported key type: {}",
                    key.type_name()
                )));
            };
            if let Key::String(name) = &key {
                self.context.look_for(name)?;
            }
            let value = match (value, optional) {
                (value, false) => value,
                (Value::Optional(Some(held)), true) => held.value.clone(),
                (Value::Optional(None), true) => continue,
                (_, true) => {
                    return Err(EvalError::failed(
                        "cannot initialize optional entry from non-optional value",
                    ));
                }
            };
            if made.insert(key, value).is_some() {
                return Err(EvalError::failed("Failed with repeated key"));
            }
        }
        self.context.map(made)
    }

    pub(super) fn object(
        &mut self,
        of: &Arc<ObjectType>,
        fields: &[(Arc<str>, StepId, bool)],
    ) -> Evaluated<'v> {
        let values = self.all(fields.iter().map(|(_, step, _)| *step))?;
        self.context.spend(OBJECT_COST)?;
        self.context.surcharge(AGGREGATE_SURCHARGE)?;
        let mut made = Vec::with_capacity(fields.len());
        for (value, (name, _, optional)) in values.into_iter().zip(fields) {
            match (value, optional) {
                (value, false) => made.push((Arc::clone(name), value)),
                (Value::Optional(held), true) => {
                    made.extend(held.map(|held| (Arc::clone(name), held.value.clone())));
                }
                (_, true) => {
                    let message =
                        format!("cannot initialize optional entry '{name}' from non-optional value");
                    return Err(EvalError::failed(message));
                }
            }
        }
        if let Some(wrapped) = &of.wraps {
            return Ok(made.pop().map_or_else(|| default_of(wrapped), |(_, value)| value));
        }
        shallow(Value::Object(Arc::new(Object::new(Arc::clone(of), made))))
    }

    pub(super) fn optional_map(&mut self, target: StepId, body: StepId, flat: bool) -> Evaluated<'v> {
        let held = match self.step(target)? {
            Value::Optional(Some(held)) => held,
            Value::Optional(None) => return Ok(Value::Optional(None)),
            _ => return Err(EvalError::no_such_overload()),
        };
        self.context.spend(1)?;
        self.context.surcharge(LOOKUP_SURCHARGE)?;
        let value = self.with_local(held.value.clone(), body)?;
        if flat {
            Ok(value)
        } else {
            self.context.optional(value)
        }
    }
}
