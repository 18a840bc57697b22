//! Arguments after the task's name: `--flag`, `--option value` and words, in any order.

use crate::failure::{Failure, Outcome};

/// What is left of the command line.
pub(crate) struct Arguments(Vec<String>);

impl Arguments {
    pub(crate) fn new(words: impl IntoIterator<Item = String>) -> Self {
        Self(words.into_iter().collect())
    }

    /// Takes `--flag`; `true` where it stood there.
    pub(crate) fn flag(&mut self, name: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|word| word != name);
        self.0.len() < before
    }

    /// Takes `--option value` or `--option=value`.
    pub(crate) fn value(&mut self, name: &str) -> Outcome<Option<String>> {
        let prefix = format!("{name}=");
        let Some(place) = self
            .0
            .iter()
            .position(|word| word == name || word.starts_with(&prefix))
        else {
            return Ok(None);
        };
        let word = self.0.remove(place);
        if let Some(value) = word.strip_prefix(&prefix) {
            return Ok(Some(value.to_owned()));
        }
        if place >= self.0.len() {
            return Err(Failure::Usage(format!("`{name}` wants a value")));
        }
        Ok(Some(self.0.remove(place)))
    }

    /// Takes the next word, if there is one.
    pub(crate) fn word(&mut self) -> Option<String> {
        (!self.0.is_empty()).then(|| self.0.remove(0))
    }

    /// Takes the next word.
    pub(crate) fn next(&mut self, what: &str) -> Outcome<String> {
        self.word()
            .ok_or_else(|| Failure::Usage(format!("{what} is missing")))
    }

    /// Complains of what nobody took.
    pub(crate) fn end(self) -> Outcome {
        match self.0.first() {
            None => Ok(()),
            Some(word) => Err(Failure::Usage(format!(
                "`{word}` is not understood; see `cargo xtask help`"
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(line: &str) -> Arguments {
        Arguments::new(line.split(' ').map(str::to_owned))
    }

    #[test]
    fn options_and_words_may_stand_in_any_order() {
        let mut given = arguments("folder --addr 127.0.0.1:1 --no-referrers-api --name=acme");
        assert_eq!(given.value("--addr").unwrap().as_deref(), Some("127.0.0.1:1"));
        assert_eq!(given.value("--name").unwrap().as_deref(), Some("acme"));
        assert!(given.flag("--no-referrers-api") && !given.flag("--no-referrers-api"));
        assert_eq!(given.word().as_deref(), Some("folder"));
        assert!(given.end().is_ok());
    }

    #[test]
    fn what_nobody_understands_is_a_fault() {
        assert!(arguments("--adr x").end().is_err());
        assert!(arguments("--addr").value("--addr").is_err());
    }
}
