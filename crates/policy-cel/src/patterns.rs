//! Literal regular expressions of one program: checked all, compiled as far as the allowance reaches.
//!
//! Compiling a pattern can take milliseconds, and an expression can hold thousands: reading and compiling are paid for, and what is not
//! compiled with the program is compiled, and paid for, while it runs.

use std::sync::Arc;

use crate::limits::{MAX_LITERAL_PATTERNS, MAX_PATTERN_READING, MAX_REGEX_STATES};
use crate::re2;
use crate::searcher::Searcher;

/// A pattern and what it compiles to
#[derive(Debug)]
pub(crate) struct CompiledPattern {
    pub(crate) pattern: Arc<str>,
    pub(crate) searcher: Searcher,
}

/// Patterns of one expression
#[derive(Debug)]
pub(crate) struct Patterns {
    compiled: Vec<CompiledPattern>,
    reading_left: u64,
    states_left: u64,
}

impl Default for Patterns {
    fn default() -> Self {
        Self {
            compiled: Vec::new(),
            reading_left: MAX_PATTERN_READING,
            states_left: MAX_REGEX_STATES,
        }
    }
}

impl Patterns {
    /// Checks a pattern, and compiles it while the allowance lasts.
    ///
    /// # Errors
    /// When it is no pattern, or when the expression holds more of them than may be read.
    pub(crate) fn add(&mut self, pattern: &str) -> Result<(), String> {
        if self.compiled.iter().any(|have| *have.pattern == *pattern) {
            return Ok(());
        }
        let left = self.reading_left.checked_sub(re2::reading_cost(pattern));
        self.reading_left = left.ok_or("too many regular expressions in one expression")?;
        let parsed = re2::parse(pattern).map_err(|refusal| refusal.to_string())?;
        let left = self.states_left.checked_sub(parsed.shape.states);
        if let Some(left) = left.filter(|_| self.compiled.len() < MAX_LITERAL_PATTERNS) {
            self.states_left = left;
            self.compiled.push(CompiledPattern {
                pattern: pattern.into(),
                searcher: parsed.compile().map_err(|refusal| refusal.to_string())?,
            });
        }
        Ok(())
    }

    /// Those that were compiled
    pub(crate) fn into_compiled(self) -> Vec<CompiledPattern> {
        self.compiled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_large_patterns_are_checked_but_not_compiled() {
        let mut patterns = Patterns::default();
        let outcomes: Vec<_> = (0..1_000)
            .map(|index| patterns.add(&format!(r"\pL{{30}}{index}")))
            .collect();
        assert!(outcomes[0].is_ok());
        assert!(outcomes[999].is_err());
        assert!(patterns.into_compiled().len() <= MAX_LITERAL_PATTERNS);
    }
}
