//! Tests that are known not to hold, each with its reason.

use std::collections::BTreeMap;

use crate::failure::{Failure, Outcome};
use crate::place;

/// Reasons by test.
pub(super) struct Known(BTreeMap<String, String>);

impl Known {
    /// Reads `tests/conformance/not-held.txt`.
    pub(super) fn read() -> Outcome<Self> {
        Self::parse(&place::read(
            &place::root().join("tests/conformance/not-held.txt"),
        )?)
    }

    fn parse(text: &str) -> Outcome<Self> {
        let lines = text.lines().map(str::trim);
        let written = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        let reasons = written.map(|line| {
            let (test, reason) = line
                .split_once(": ")
                .ok_or_else(|| Failure::Found(format!("not-held.txt: `{line}` gives no reason")))?;
            Ok((test.to_owned(), reason.to_owned()))
        });
        Ok(Self(reasons.collect::<Outcome<_>>()?))
    }

    /// Why `test` does not hold; a line for a folder counts for all tests in it.
    pub(super) fn reason(&self, test: &str) -> Option<&str> {
        let mut name = test;
        loop {
            if let Some(reason) = self.0.get(name) {
                return Some(reason);
            }
            name = name.rsplit_once('/')?.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_speaks_for_its_tests_and_the_nearest_line_counts() {
        let known = Known::parse("# why\na/b: all of b\na/b/c: c alone\n").unwrap();
        assert_eq!(known.reason("a/b/d"), Some("all of b"));
        assert_eq!(known.reason("a/b/c"), Some("c alone"));
        assert_eq!(known.reason("a/bc"), None);
        assert!(Known::parse("a/b").is_err());
    }
}
