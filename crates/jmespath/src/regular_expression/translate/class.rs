//! Classes of characters: brackets, ranges, names.

use super::Translator;
use crate::error::RegexError;

impl Translator<'_> {
    pub(super) fn class(&mut self, at: usize) -> Result<(), RegexError> {
        let missing = || RegexError {
            kind: "missing closing ]",
            excerpt: self.pattern.get(at..).unwrap_or_default().into(),
        };
        let missing = missing();
        let mut class = String::from("[");
        if self.follows('^') {
            class.push('^');
        }
        let mut first = true;
        loop {
            let (position, character) = self.rest.next().ok_or_else(|| missing.clone())?;
            match character {
                ']' if !first => break,
                '[' if self.rest.peek().is_some_and(|(_, c)| *c == ':') => {
                    let named = self.named_class(position);
                    class.push_str(&named?);
                }
                _ => {
                    let low = self.class_member(position, character)?;
                    class.push_str(&low);
                    self.class_range(position, &low, &mut class, &missing)?;
                }
            }
            first = false;
        }
        class.push(']');
        self.atom(&class);
        Ok(())
    }

    /// The end of a range that `low` begins, if a dash and not the end of the class follows.
    fn class_range(
        &mut self,
        at: usize,
        low: &str,
        class: &mut String,
        missing: &RegexError,
    ) -> Result<(), RegexError> {
        let mut ahead = self.rest.clone();
        let is_range =
            ahead.next().is_some_and(|(_, c)| c == '-') && ahead.next().is_some_and(|(_, c)| c != ']');
        if !is_range {
            return Ok(());
        }
        self.rest.next();
        let (position, character) = self.rest.next().ok_or_else(|| missing.clone())?;
        let high = self.class_member(position, character)?;
        let range = format!("[{low}-{high}]");
        if low.starts_with(['[']) || high.starts_with('[') || regex_syntax::parse(&range).is_err() {
            return Err(self.error("invalid character class range", at));
        }
        class.push('-');
        class.push_str(&high);
        Ok(())
    }

    fn class_member(&mut self, at: usize, character: char) -> Result<String, RegexError> {
        if character != '\\' {
            return Ok(format!("\\x{{{:x}}}", u32::from(character)));
        }
        match self.rest.next() {
            Some((_, escaped)) => self.escaped_set(at, escaped),
            None => Err(RegexError {
                kind: "trailing backslash at end of expression",
                excerpt: "".into(),
            }),
        }
    }

    /// `[:alpha:]` and its like.
    fn named_class(&mut self, at: usize) -> Result<String, RegexError> {
        let mut ahead = self.rest.clone();
        ahead.next();
        let name: String = ahead.by_ref().map(|(_, c)| c).take_while(|c| *c != ']').collect();
        let class = format!("[:{name}]");
        if !name.ends_with(':') {
            // an opening bracket like any other
            return self.class_member(at, '[');
        }
        self.rest = ahead;
        if regex_syntax::parse(&format!("[{class}]")).is_err() {
            return Err(self.error("invalid character class range", at));
        }
        Ok(class)
    }
}
