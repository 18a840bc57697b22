//! A compiled regular expression, and what searching with it takes.
//!
//! In: the shape of a pattern and lengths of texts. Out: units of the allowance. Never: the pattern's language, which is `re2`.

use std::sync::Arc;

use regex::Regex;

/// Steps of a regular expression's automaton in the time of a unit
const STEPS_OF_A_UNIT: u64 = 8;

/// What a match of several takes beyond the cost of the search
const MATCH_SURCHARGE: u64 = 18;

/// Bytes that the search for one more match passes in the time of a unit
const SEARCHED_BYTES: u64 = 2;

/// What searches for a pattern
#[derive(Clone, Debug)]
pub(crate) struct Searcher {
    pub(crate) regex: Arc<Regex>,
    pub(crate) shape: Shape,
}

/// What of a pattern says how long searches take
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// About how many states its automaton has
    pub(crate) states: u64,
    /// Bytes of its longest match; none where there is no bound
    pub(crate) longest: Option<u64>,
    /// Whether it matches at the start of the text alone
    pub(crate) starts_text: bool,
    /// Whether it is a run of one class of characters: a search passes no byte that is not of the match it finds, or before it
    pub(crate) is_run: bool,
}

impl Searcher {
    /// One that keeps nothing of what searches learnt before, and lets go of what they learn with the evaluation
    pub(crate) fn afresh(&self) -> Self {
        Self {
            regex: Arc::new(Regex::clone(&self.regex)),
            shape: self.shape,
        }
    }
}

impl Shape {
    /// Units that one search of `length` bytes takes: a step for each byte and for each state that the automaton may be in at once, at
    /// worst all of them.
    pub(crate) fn search(self, length: usize) -> u64 {
        let length = length as u64;
        let passed = match self.longest {
            Some(longest) if self.starts_text => length.min(longest.saturating_add(1)),
            Some(_) | None => length,
        };
        passed.saturating_mul(self.states) / STEPS_OF_A_UNIT
    }

    /// Units that one match of several takes, found where `left` bytes are left. The search for it may have looked past its end, as far
    /// as the longest match reaches, and have turned back, each time anew: such searches take the square of the text's length.
    pub(crate) fn one_more(self, left: usize) -> u64 {
        if self.is_run {
            return MATCH_SURCHARGE;
        }
        let reach = self.longest.unwrap_or(u64::MAX).min(left as u64);
        let steps = reach.saturating_mul(self.states) / STEPS_OF_A_UNIT;
        steps.max(reach / SEARCHED_BYTES).saturating_add(MATCH_SURCHARGE)
    }
}
