//! Go's regular expressions (RE2), on an engine that is linear in the text.
//!
//! In: an expression in Go's syntax. Out: matching, replacing, and texts that match. What differs between Go and the
//! engine's own syntax is translated: ASCII `\d \w \s \b`, `\Q…\E`, literal braces, brackets in classes.
//! Never backtracks; sizes are bounded by [`MAX_REGEX_BYTES`] and [`MAX_COMPILED_REGEX_BYTES`].
//!
//! Behaviour: Go's regexp and regexp/syntax; not translated: `\C` and octal escapes, which are errors here.

mod translate;
mod generate;

use crate::error::RegexError;
use crate::limits::{Budget, LimitReached, MAX_COMPILED_REGEX_BYTES, MAX_REGEX_BYTES};
use regex::bytes::{Captures, Regex, RegexBuilder};
use std::sync::{Arc, Mutex};

pub(crate) use generate::generate;

/// Expressions that one compiled expression of ours keeps compiled.
const CACHED_REGEXES: usize = 8;

/// A compiled regular expression.
#[derive(Debug, Clone)]
pub(crate) struct GoRegex(Arc<Regex>);

impl GoRegex {
    fn compile(pattern: &str) -> Result<Result<Self, RegexError>, LimitReached> {
        if pattern.len() > MAX_REGEX_BYTES {
            return Err(LimitReached::Regex);
        }
        let translated = match translate::translate(pattern) {
            Ok(translated) => translated,
            Err(error) => return Ok(Err(error)),
        };
        let built = RegexBuilder::new(&translated)
            .size_limit(MAX_COMPILED_REGEX_BYTES)
            .dfa_size_limit(MAX_COMPILED_REGEX_BYTES)
            .build();
        match built {
            // shared as a whole: a clone of the engine would start with cold caches
            Ok(regex) => Ok(Ok(Self(Arc::new(regex)))),
            Err(regex::Error::CompiledTooBig(_)) => Err(LimitReached::Regex),
            Err(_) => Ok(Err(RegexError {
                kind: "invalid or unsupported Perl syntax",
                excerpt: pattern.into(),
            })),
        }
    }

    pub(crate) fn is_match(&self, text: &str) -> bool {
        self.0.is_match(text.as_bytes())
    }

    /// All matches replaced; `$1`, `${1}` and `${name}` in the replacement stand for groups, `$$` for a dollar.
    pub(crate) fn replace_all(
        &self,
        text: &str,
        replacement: &str,
        budget: &Budget,
    ) -> Result<String, LimitReached> {
        self.replace(text, budget, |groups, output| {
            groups.expand(replacement.as_bytes(), output)
        })
    }

    /// All matches replaced by the replacement as it stands.
    pub(crate) fn replace_all_literally(
        &self,
        text: &str,
        replacement: &str,
        budget: &Budget,
    ) -> Result<String, LimitReached> {
        self.replace(text, budget, |_, output| {
            output.extend_from_slice(replacement.as_bytes())
        })
    }

    fn replace(
        &self,
        text: &str,
        budget: &Budget,
        mut expand: impl FnMut(&Captures<'_>, &mut Vec<u8>),
    ) -> Result<String, LimitReached> {
        let (mut output, mut copied) = (Vec::with_capacity(text.len()), 0);
        for groups in self.0.captures_iter(text.as_bytes()) {
            // an empty match within a character is an artefact of matching bytes
            if groups
                .get(0)
                .is_some_and(|found| found.is_empty() && !text.is_char_boundary(found.start()))
            {
                continue;
            }
            let before = output.len();
            let (start, end) = groups
                .get(0)
                .map_or((copied, copied), |found| (found.start(), found.end()));
            output.extend_from_slice(text.as_bytes().get(copied..start).unwrap_or_default());
            expand(&groups, &mut output);
            copied = end;
            budget.bytes(output.len().saturating_sub(before))?;
        }
        output.extend_from_slice(text.as_bytes().get(copied..).unwrap_or_default());
        Ok(lossy(output))
    }
}

/// What is cut at character boundaries and joined again is text; groups are too, as matches begin and end there.
fn lossy(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// The regular expressions an expression has used, compiled; a few, for they nearly always stand in it as literals.
#[derive(Debug, Default)]
pub(crate) struct RegexCache(Mutex<Vec<(Box<str>, GoRegex)>>);

impl RegexCache {
    pub(crate) fn compiled(&self, pattern: &str) -> Result<Result<GoRegex, RegexError>, LimitReached> {
        // a thread that panicked while it held the lock left a list that is still whole
        let lock = || self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let cached = lock()
            .iter()
            .find(|(known, _)| **known == *pattern)
            .map(|(_, regex)| regex.clone());
        if let Some(regex) = cached {
            return Ok(Ok(regex));
        }
        let compiled = GoRegex::compile(pattern)?;
        if let Ok(regex) = &compiled {
            let mut known = lock();
            if known.len() < CACHED_REGEXES {
                known.push((pattern.into(), regex.clone()));
            }
        }
        Ok(compiled)
    }
}

#[cfg(test)]
mod tests;
