//! What a library function is given beside its arguments.
//!
//! Values are made through the context, so that their bytes and their nesting are counted before they exist.

use std::sync::Arc;

use crate::budget::{Budget, Meter};
use crate::error::{EvalError, Limit};
use crate::host::{Answer, Host, Question};
use crate::limits::{
    AGGREGATE_SURCHARGE, FEW_REGEX_STATES, LOOKUP_SURCHARGE, MAX_CACHED_REGEXES, MAX_VALUE_DEPTH,
    REGEX_STATE_SURCHARGE, REGEX_SURCHARGE,
};
use crate::patterns::CompiledPattern;
use crate::re2::{self, Refusal};
use crate::searcher::Searcher;
use crate::value::{Entries, Fuel, Held, List, Map, Value, contains, equal};

/// Bytes that one value takes in a list
const VALUE_BYTES: usize = size_of::<Value<'static>>();

/// Bytes that one entry takes in a map: key, value, hash and index
const ENTRY_BYTES: usize = VALUE_BYTES.saturating_mul(3);

/// Bytes of a key that is found at the surcharge of any key
const SHORT_KEY_BYTES: usize = 64;

/// What one evaluation shares among the functions it calls
pub(crate) struct Context<'c, 'v> {
    pub(crate) host: &'c dyn Host<'v>,
    pub(crate) meter: Meter<'c>,
    /// Literal patterns of the program
    literals: &'c [CompiledPattern],
    /// Patterns met while evaluating
    patterns: Vec<CompiledPattern>,
}

impl<'c, 'v> Context<'c, 'v> {
    pub(crate) fn new(host: &'c dyn Host<'v>, budget: &'c Budget, literals: &'c [CompiledPattern]) -> Self {
        Self {
            host,
            meter: Meter::new(budget),
            literals,
            patterns: Vec::new(),
        }
    }

    /// Adds to the cost
    #[inline]
    pub(crate) fn spend(&mut self, cost: u64) -> Result<(), EvalError> {
        self.meter.spend(cost, self.host)
    }

    /// Takes units from the allowance of the request, beyond the cost
    #[inline]
    pub(crate) fn surcharge(&mut self, units: u64) -> Result<(), EvalError> {
        self.meter.surcharge(units)
    }

    /// Pays the surcharge of looking for a key, which is larger for a long one
    #[inline]
    pub(crate) fn look_for(&mut self, key: &str) -> Result<(), EvalError> {
        if key.len() <= SHORT_KEY_BYTES {
            return self.surcharge(LOOKUP_SURCHARGE);
        }
        self.surcharge((key.len() as u64).div_ceil(5))
    }

    /// Pays the surcharge of looking for what `key` names, by text or otherwise
    pub(crate) fn look_for_key(&mut self, key: &Value<'_>) -> Result<(), EvalError> {
        if let Value::String(name) = key {
            self.look_for(name)
        } else {
            self.surcharge(LOOKUP_SURCHARGE)
        }
    }

    /// Makes a string
    pub(crate) fn string(&mut self, text: String) -> Result<Value<'v>, EvalError> {
        self.surcharge(AGGREGATE_SURCHARGE / 2)?;
        self.meter.allocate(text.len().saturating_add(VALUE_BYTES))?;
        Ok(Value::string(text))
    }

    /// Makes a bytes value
    pub(crate) fn bytes(&mut self, octets: Vec<u8>) -> Result<Value<'v>, EvalError> {
        self.meter.allocate(octets.len())?;
        Ok(Value::Bytes(octets.into()))
    }

    /// Pays for a list of so many elements before it is built
    pub(crate) fn room_for(&mut self, elements: usize) -> Result<(), EvalError> {
        self.meter.allocate(elements.saturating_mul(VALUE_BYTES))
    }

    /// Makes a list
    pub(crate) fn list(&mut self, values: Vec<Value<'v>>) -> Result<Value<'v>, EvalError> {
        self.room_for(values.len())?;
        shallow(Value::List(List::from(values)))
    }

    /// Makes a map
    pub(crate) fn map(&mut self, entries: Entries<'v>) -> Result<Value<'v>, EvalError> {
        self.meter.allocate(entries.len().saturating_mul(ENTRY_BYTES))?;
        shallow(Value::Map(Map::from(entries)))
    }

    /// Makes an optional that holds a value
    pub(crate) fn optional(&mut self, value: Value<'v>) -> Result<Value<'v>, EvalError> {
        self.surcharge(AGGREGATE_SURCHARGE / 2)?;
        self.meter.allocate(VALUE_BYTES)?;
        shallow(Value::Optional(Some(Arc::new(Held::new(value)))))
    }

    /// Counts an element before a list grows by it
    pub(crate) fn grow_list(&mut self) -> Result<(), EvalError> {
        self.meter.allocate(VALUE_BYTES)
    }

    /// Whether two values are equal; pays for the walk
    pub(crate) fn equal(&mut self, left: &Value<'_>, right: &Value<'_>) -> Result<bool, EvalError> {
        if let (Value::Int(left), Value::Int(right)) = (left, right) {
            self.spend(1)?;
            return Ok(left == right);
        }
        let counted = match (left, right) {
            (Value::String(_), Value::String(_)) | (Value::Bytes(_), Value::Bytes(_)) => u64::MAX,
            _ => 1,
        };
        self.walk(counted, |fuel| equal(left, right, fuel))
    }

    /// Whether the list has an element equal to the value; pays for the walk
    pub(crate) fn contains(&mut self, list: &List<'_>, value: &Value<'_>) -> Result<bool, EvalError> {
        self.walk(list.len() as u64, |fuel| contains(list, value, fuel))
    }

    /// Walks values and pays for it. Kubernetes counts `counted` of it at most, however deep the values are.
    fn walk<T>(
        &mut self,
        counted: u64,
        walk: impl FnOnce(&mut Fuel) -> Result<T, EvalError>,
    ) -> Result<T, EvalError> {
        let given = self.meter.within_reach();
        let mut fuel = Fuel::new(given);
        let walked = walk(&mut fuel);
        let burnt = given.saturating_sub(fuel.left());
        self.meter.count_as_own(burnt.saturating_sub(counted));
        self.spend(burnt)?;
        self.surcharge(burnt.saturating_mul(2).saturating_add(LOOKUP_SURCHARGE))?;
        // A walk fails for nothing but what it costs.
        walked.map_err(|_| self.meter.exceeded())
    }

    /// Counts the bytes of a value that is about to be written out, so many times over
    pub(crate) fn write_out(&mut self, value: &Value<'_>, times: usize) -> Result<(), EvalError> {
        let most = self.meter.memory_left().checked_div(times).unwrap_or(0);
        let bytes = value
            .footprint(most)
            .ok_or_else(|| EvalError::limit(Limit::Memory))?;
        self.meter.allocate(bytes.saturating_mul(times))?;
        self.spend((bytes as u64).div_ceil(10))?;
        self.surcharge((bytes as u64).div_ceil(8))
    }

    /// Asks the host
    pub(crate) fn ask(&mut self, question: &Question<'_>) -> Result<Value<'v>, EvalError> {
        match self.host.answer(question) {
            Answer::Ready(value) => Ok(value),
            Answer::Failed(why) => Err(EvalError::failed(why.to_string())),
            Answer::Pending => Err(EvalError::pending()),
        }
    }

    /// The pattern, compiled, to search `text` with; each is compiled once in an evaluation, literal ones once in the life of the program.
    ///
    /// What a search takes by the states of the pattern, cel-go's count, by the length of the pattern, does not show.
    pub(crate) fn regex(&mut self, pattern: &str, text: &str) -> Result<Searcher, EvalError> {
        let searcher = self.searcher(pattern)?;
        self.surcharge(searcher.shape.search(text.len()))?;
        Ok(searcher)
    }

    /// Searches with many states learn much. A literal pattern of that kind is taken afresh by each evaluation, so that what they learnt
    /// is gone with it, and does not add up over the patterns of all programs.
    fn searcher(&mut self, pattern: &str) -> Result<Searcher, EvalError> {
        let literals = self.literals;
        let find = |patterns: &[CompiledPattern]| {
            let found = patterns.iter().find(|have| *have.pattern == *pattern);
            found.map(|have| have.searcher.clone())
        };
        if let Some(known) = find(&self.patterns) {
            return Ok(known);
        }
        let searcher = match find(literals) {
            Some(literal) if literal.shape.states <= FEW_REGEX_STATES => return Ok(literal),
            Some(literal) => {
                self.surcharge(REGEX_SURCHARGE)?;
                literal.afresh()
            }
            None => {
                self.surcharge(re2::reading_cost(pattern).saturating_add(REGEX_SURCHARGE))?;
                let parsed = re2::parse(pattern).map_err(Refusal::into_error)?;
                self.surcharge(parsed.shape.states.saturating_mul(REGEX_STATE_SURCHARGE))?;
                parsed.compile().map_err(Refusal::into_error)?
            }
        };
        if self.patterns.len() < MAX_CACHED_REGEXES {
            self.meter.allocate(pattern.len())?;
            self.patterns.push(CompiledPattern {
                pattern: pattern.into(),
                searcher: searcher.clone(),
            });
        }
        Ok(searcher)
    }
}

/// The value, unless it is nested too deeply to be walked
pub(crate) fn shallow(value: Value<'_>) -> Result<Value<'_>, EvalError> {
    if usize::from(value.depth()) > MAX_VALUE_DEPTH {
        Err(EvalError::limit(Limit::Depth))
    } else {
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::NoHost;
    use crate::patterns::Patterns;

    /// The attack: a policy of thousands of literal patterns, whose searches each keep as much as they may.
    #[test]
    fn what_searches_for_large_literal_patterns_learn_does_not_outlive_the_evaluation() {
        let mut patterns = Patterns::default();
        patterns.add("[ab]*a[ab]{40}c").unwrap();
        patterns.add("^ab?$").unwrap();
        let literals = patterns.into_compiled();
        let budget = Budget::default();
        let mut context = Context::new(&NoHost, &budget, &literals);
        let mut taken = |pattern: &str| context.regex(pattern, "").unwrap().regex;
        let large = taken("[ab]*a[ab]{40}c");
        assert!(!Arc::ptr_eq(&large, &literals[0].searcher.regex));
        assert!(Arc::ptr_eq(&large, &taken("[ab]*a[ab]{40}c")));
        assert!(Arc::ptr_eq(&taken("^ab?$"), &literals[1].searcher.regex));
    }
}
