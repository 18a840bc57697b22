//! The iterating macros.
//!
//! `all` and `exists` absorb failures as `&&` and `||` do; the others do not. Each turn pays what cel-go's expansion would have paid.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a value of any other kind, one added later included, has no such overload"
)]

use super::{Evaluated, Evaluation};
use crate::ast::Fold;
use crate::context::{Context, shallow};
use crate::error::EvalError;
use crate::libraries::format::spelled;
use crate::libraries::lists::sorted;
use crate::limits::{AGGREGATE_SURCHARGE, FAILURE_SURCHARGE, STEP_SURCHARGE};
use crate::plan::{Comprehension, StepId};
use crate::value::{Entries, Key, List, Map, Value};

/// What a turn of a fold costs, beside what the author wrote
fn turn_cost(fold: Fold) -> u64 {
    match fold {
        Fold::All => 3,
        Fold::Exists => 4,
        Fold::ExistsOne => 2,
        Fold::Map | Fold::Filter | Fold::SortBy => 12,
        Fold::TransformMap | Fold::TransformMapEntry => 32,
    }
}

/// The running result of a fold
struct Accumulator<'v> {
    fold: Fold,
    values: Vec<Value<'v>>,
    keys: Vec<Value<'v>>,
    entries: Entries<'v>,
    matches: u64,
    /// The worst error so far that did not end the fold
    error: Option<EvalError>,
}

impl<'v> Evaluation<'_, 'v> {
    pub(super) fn comprehension(&mut self, comprehension: &Comprehension) -> Evaluated<'v> {
        let range = self.step(comprehension.range)?;
        self.context.surcharge(AGGREGATE_SURCHARGE)?;
        let mut accumulator = Accumulator {
            fold: comprehension.fold,
            values: Vec::new(),
            keys: Vec::new(),
            entries: Entries::new(),
            matches: 0,
            error: None,
        };
        let base = self.locals.len();
        // Places of the variables, filled anew in each turn
        self.locals.push(Value::Null);
        if comprehension.two_variables {
            self.locals.push(Value::Null);
        }
        let decided = match &range {
            Value::List(list) => self.over_list(comprehension, list, base, &mut accumulator),
            Value::Map(map) => self.over_map(comprehension, map, base, &mut accumulator),
            _ => Err(EvalError::no_such_overload()),
        };
        self.locals.truncate(base);
        match decided? {
            Some(value) => Ok(value),
            None => self.finished(accumulator),
        }
    }

    fn over_list(
        &mut self,
        comprehension: &Comprehension,
        list: &List<'v>,
        base: usize,
        accumulator: &mut Accumulator<'v>,
    ) -> Result<Option<Value<'v>>, EvalError> {
        for index in 0..list.len() {
            let Some(element) = list.get(index) else { break };
            if comprehension.two_variables {
                self.set(base, Value::Int(i64::try_from(index).unwrap_or(i64::MAX)));
                self.set(base.saturating_add(1), element);
            } else {
                self.set(base, element);
            }
            if let Some(decided) = self.turn(comprehension, base, accumulator)? {
                return Ok(Some(decided));
            }
        }
        Ok(None)
    }

    fn over_map(
        &mut self,
        comprehension: &Comprehension,
        map: &Map<'v>,
        base: usize,
        accumulator: &mut Accumulator<'v>,
    ) -> Result<Option<Value<'v>>, EvalError> {
        for (key, value) in map.iter() {
            self.set(base, key.into_value());
            if comprehension.two_variables {
                self.set(base.saturating_add(1), value);
            }
            if let Some(decided) = self.turn(comprehension, base, accumulator)? {
                return Ok(Some(decided));
            }
        }
        Ok(None)
    }

    fn set(&mut self, slot: usize, value: Value<'v>) {
        if let Some(local) = self.locals.get_mut(slot) {
            *local = value;
        }
    }

    /// One turn; a value ends the fold
    fn turn(
        &mut self,
        comprehension: &Comprehension,
        base: usize,
        accumulator: &mut Accumulator<'v>,
    ) -> Result<Option<Value<'v>>, EvalError> {
        self.context.spend(turn_cost(accumulator.fold))?;
        self.context.surcharge(STEP_SURCHARGE)?;
        let kept = match comprehension.filter {
            None => Ok(true),
            Some(filter) => self.truth(filter),
        };
        let turned = match kept {
            Ok(true) => self.fold(comprehension.body, base, accumulator),
            Ok(false) => Ok(None),
            Err(error) => Err(error),
        };
        match turned {
            Ok(decided) => Ok(decided),
            Err(error) => {
                if !error.is_final() {
                    self.context.surcharge(FAILURE_SURCHARGE)?;
                }
                accumulator.note(error)
            }
        }
    }

    fn fold(
        &mut self,
        body: StepId,
        base: usize,
        accumulator: &mut Accumulator<'v>,
    ) -> Result<Option<Value<'v>>, EvalError> {
        match accumulator.fold {
            Fold::All => Ok((!self.truth(body)?).then_some(Value::Bool(false))),
            Fold::Exists => Ok(self.truth(body)?.then_some(Value::Bool(true))),
            Fold::ExistsOne => {
                let counts = u64::from(self.truth(body)?);
                accumulator.matches = accumulator.matches.saturating_add(counts);
                Ok(None)
            }
            Fold::Filter => {
                if self.truth(body)? {
                    self.context.grow_list()?;
                    accumulator.values.extend(self.locals.get(base).cloned());
                }
                Ok(None)
            }
            Fold::Map => {
                let value = self.step(body)?;
                self.context.grow_list()?;
                accumulator.values.push(value);
                Ok(None)
            }
            Fold::SortBy | Fold::TransformMap | Fold::TransformMapEntry => {
                let value = self.step(body)?;
                self.gather(value, base, accumulator).map(|()| None)
            }
        }
    }

    fn gather(
        &mut self,
        value: Value<'v>,
        base: usize,
        accumulator: &mut Accumulator<'v>,
    ) -> Result<(), EvalError> {
        let variable = self.locals.get(base).ok_or_else(EvalError::no_such_overload)?;
        match (accumulator.fold, &value) {
            (Fold::SortBy, _) => {
                self.context.grow_list()?;
                accumulator.values.push(variable.clone());
                accumulator.keys.push(value);
            }
            (Fold::TransformMapEntry, Value::Map(map)) => {
                for (key, value) in map.iter() {
                    accumulator.insert(key, value, &mut self.context)?;
                }
            }
            (Fold::TransformMap, _) => {
                let key = Key::from_value(variable).ok_or_else(EvalError::no_such_overload)?;
                accumulator.insert(key, value, &mut self.context)?;
            }
            _ => return Err(EvalError::no_such_overload()),
        }
        Ok(())
    }

    fn finished(&mut self, accumulator: Accumulator<'v>) -> Evaluated<'v> {
        if let Some(error) = accumulator.error {
            return Err(error);
        }
        match accumulator.fold {
            Fold::All => Ok(Value::Bool(true)),
            Fold::Exists => Ok(Value::Bool(false)),
            Fold::ExistsOne => Ok(Value::Bool(accumulator.matches == 1)),
            Fold::Map | Fold::Filter => shallow(Value::List(List::from(accumulator.values))),
            Fold::SortBy => {
                let pairs = accumulator.keys.into_iter().zip(accumulator.values).collect();
                sorted(&mut self.context, pairs)
            }
            Fold::TransformMap | Fold::TransformMapEntry => self.context.map(accumulator.entries),
        }
    }
}

impl<'v> Accumulator<'v> {
    /// An error of one turn: `all` and `exists` go on, the others only while a fact is missing
    fn note(&mut self, error: EvalError) -> Result<Option<Value<'v>>, EvalError> {
        let absorbs = matches!(self.fold, Fold::All | Fold::Exists);
        let ends = error.is_final() || !(absorbs || error.is_pending());
        let noted = match self.error.take() {
            Some(before) => before.worse(error),
            None => error,
        };
        if ends {
            return Err(noted);
        }
        self.error = Some(noted);
        Ok(None)
    }

    fn insert(
        &mut self,
        key: Key<'v>,
        value: Value<'v>,
        context: &mut Context<'_, 'v>,
    ) -> Result<(), EvalError> {
        if let Key::String(name) = &key {
            context.look_for(name)?;
        }
        if self.entries.contains_key(&key) {
            let key = spelled(&key.to_value());
            return Err(EvalError::failed(format!(
                "insert failed: key {key} already exists"
            )));
        }
        self.entries.insert(key, value);
        Ok(())
    }
}
