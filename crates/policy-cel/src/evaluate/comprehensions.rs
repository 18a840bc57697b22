//! The iterating macros.
//!
//! `all` and `exists` absorb failures as `&&` and `||` do; the others do not. Each turn pays what cel-go's expansion would have paid.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a value of any other kind, one added later included, has no such overload"
)]

use super::{Evaluated, Evaluation};
use crate::ast::Fold;
use crate::context::shallow;
use crate::error::EvalError;
use crate::libraries::format::spelled;
use crate::libraries::lists::sorted;
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
        let mut accumulator = Accumulator {
            fold: comprehension.fold,
            values: Vec::new(),
            keys: Vec::new(),
            entries: Entries::new(),
            matches: 0,
            error: None,
        };
        let base = self.locals.len();
        let decided = match &range {
            Value::List(list) => self.over_list(comprehension, list, &mut accumulator),
            Value::Map(map) => self.over_map(comprehension, map, &mut accumulator),
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
        accumulator: &mut Accumulator<'v>,
    ) -> Result<Option<Value<'v>>, EvalError> {
        for index in 0..list.len() {
            let Some(element) = list.get(index) else { break };
            let key = Value::Int(i64::try_from(index).unwrap_or(i64::MAX));
            if let Some(decided) = self.turn(comprehension, &key, element, true, accumulator)? {
                return Ok(Some(decided));
            }
        }
        Ok(None)
    }

    fn over_map(
        &mut self,
        comprehension: &Comprehension,
        map: &Map<'v>,
        accumulator: &mut Accumulator<'v>,
    ) -> Result<Option<Value<'v>>, EvalError> {
        for (key, value) in map.iter() {
            if let Some(decided) = self.turn(comprehension, &key.to_value(), value, false, accumulator)? {
                return Ok(Some(decided));
            }
        }
        Ok(None)
    }

    /// One turn; a value ends the fold
    fn turn(
        &mut self,
        comprehension: &Comprehension,
        key: &Value<'v>,
        value: Value<'v>,
        of_list: bool,
        accumulator: &mut Accumulator<'v>,
    ) -> Result<Option<Value<'v>>, EvalError> {
        self.context.spend(turn_cost(accumulator.fold))?;
        let base = self.locals.len();
        let item = if of_list { value.clone() } else { key.clone() };
        if comprehension.two_variables {
            self.locals.push(key.clone());
            self.locals.push(value);
        } else {
            self.locals.push(item.clone());
        }
        let kept = match comprehension.filter.map(|filter| self.truth(filter)) {
            None => Ok(true),
            Some(kept) => kept,
        };
        let decided = match kept {
            Ok(true) => self.fold(comprehension.body, key, item, accumulator),
            Ok(false) => Ok(None),
            Err(error) => accumulator.note(error),
        };
        self.locals.truncate(base);
        decided
    }

    fn fold(
        &mut self,
        body: StepId,
        key: &Value<'v>,
        item: Value<'v>,
        accumulator: &mut Accumulator<'v>,
    ) -> Result<Option<Value<'v>>, EvalError> {
        let value = match accumulator.fold {
            Fold::All | Fold::Exists | Fold::ExistsOne | Fold::Filter => self.truth(body).map(Value::Bool),
            Fold::Map | Fold::SortBy | Fold::TransformMap | Fold::TransformMapEntry => self.step(body),
        };
        let value = match value {
            Ok(value) => value,
            Err(error) => return accumulator.note(error),
        };
        match (accumulator.fold, &value) {
            (Fold::All, Value::Bool(false)) | (Fold::Exists, Value::Bool(true)) => return Ok(Some(value)),
            (Fold::ExistsOne, Value::Bool(true)) => {
                accumulator.matches = accumulator.matches.saturating_add(1)
            }
            (Fold::Filter, Value::Bool(true)) => {
                self.context.grow_list()?;
                accumulator.values.push(item);
            }
            (Fold::All | Fold::Exists | Fold::ExistsOne | Fold::Filter, _) => {}
            (Fold::Map, _) => {
                self.context.grow_list()?;
                accumulator.values.push(value);
            }
            (Fold::SortBy, _) => {
                self.context.grow_list()?;
                accumulator.keys.push(value);
                accumulator.values.push(item);
            }
            (Fold::TransformMap, _) => {
                let Some(key) = Key::from_value(key) else {
                    return Err(EvalError::no_such_overload());
                };
                accumulator.insert(key, value)?;
            }
            (Fold::TransformMapEntry, Value::Map(map)) => {
                for (key, value) in map.iter() {
                    accumulator.insert(key, value)?;
                }
            }
            (Fold::TransformMapEntry, _) => return Err(EvalError::no_such_overload()),
        }
        Ok(None)
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

    fn insert(&mut self, key: Key<'v>, value: Value<'v>) -> Result<(), EvalError> {
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
