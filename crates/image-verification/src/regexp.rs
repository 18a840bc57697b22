//! Regular expressions over identities: Go's meaning, or none.
//!
//! In: an expression of a policy, written for Go's RE2. Out: whether it matches somewhere in a text, in time linear in
//! the text. The engine here reads a few things more widely than Go does; such an expression is refused, and such a text
//! never matches, rather than let in whom Kyverno would not.

use regex::{Regex, RegexBuilder};

use crate::limits::MOST_REGEXP_BYTES;

/// Bytes that a compiled expression may take.
const MOST_PROGRAM_BYTES: usize = 1024 * 1024;

/// A compiled expression.
#[derive(Debug, Clone)]
pub(crate) struct Regexp {
    compiled: Regex,
    /// Whether it holds `\d`, `\w`, `\s` or `\b`, which are ASCII in Go and Unicode here.
    has_perl_classes: bool,
}

impl Regexp {
    /// Compiles `pattern`, or says in one line why not.
    pub(crate) fn new(pattern: &str) -> Result<Self, String> {
        if pattern.len() > MOST_REGEXP_BYTES {
            return Err(format!("longer than {MOST_REGEXP_BYTES} bytes"));
        }
        let seen = Syntax::of(pattern);
        if seen.has_set_operation {
            return Err("`[`, `&&`, `--` and `~~` inside brackets must be escaped".to_owned());
        }
        let compiled = RegexBuilder::new(pattern).size_limit(MOST_PROGRAM_BYTES).build();
        let compiled =
            compiled.map_err(|cause| cause.to_string().split_whitespace().collect::<Vec<_>>().join(" "))?;
        Ok(Self {
            compiled,
            has_perl_classes: seen.has_perl_classes,
        })
    }

    /// Whether the expression matches somewhere in `text`.
    pub(crate) fn is_match(&self, text: &str) -> bool {
        (text.is_ascii() || !self.has_perl_classes) && self.compiled.is_match(text)
    }
}

/// What of an expression means one thing to Go and another here.
#[derive(Debug, Default, PartialEq, Eq)]
struct Syntax {
    has_perl_classes: bool,
    /// Go takes what is inside brackets for characters; here a bracket nests, and `&&`, `--`, `~~` are set operations.
    has_set_operation: bool,
}

impl Syntax {
    fn of(pattern: &str) -> Self {
        let mut seen = Self::default();
        let mut characters = pattern.chars().peekable();
        let mut in_brackets = false;
        while let Some(character) = characters.next() {
            let next = characters.peek().copied();
            match (character, in_brackets) {
                ('\\', _) => {
                    seen.has_perl_classes |= next.is_some_and(|class| "dDwWsSbB".contains(class));
                    characters.next();
                }
                ('[', false) => {
                    in_brackets = true;
                    // `^`, and a bracket that comes first, are part of the opening.
                    characters.next_if_eq(&'^');
                    characters.next_if_eq(&']');
                }
                (']', true) => in_brackets = false,
                ('[', true) if next == Some(':') => {
                    // `[:alpha:]` means the same to both.
                    for inner in characters.by_ref() {
                        if inner == ']' {
                            break;
                        }
                    }
                }
                ('[', true) => seen.has_set_operation = true,
                ('&' | '-' | '~', true) => seen.has_set_operation |= next == Some(character),
                _ => {}
            }
        }
        seen
    }
}

#[cfg(test)]
mod tests {
    use super::{Regexp, Syntax};

    #[test]
    fn what_go_would_read_as_characters_is_never_read_as_a_set_operation() {
        for pattern in ["[a-z&&[^b]]", "[a[b]]", "[a--b]", "[^~~a]"] {
            assert!(Syntax::of(pattern).has_set_operation, "{pattern}");
            assert!(Regexp::new(pattern).is_err());
        }
        for pattern in [
            r"[a\[b]",
            "[[:alpha:]_]",
            "[]a]",
            "[^]a]",
            "a&&b--c",
            r"\[\[",
            "[a-z]-[0-9]",
        ] {
            assert!(!Syntax::of(pattern).has_set_operation, "{pattern}");
            assert!(Regexp::new(pattern).is_ok(), "{pattern}");
        }
    }

    #[test]
    fn digits_and_letters_of_other_scripts_are_none_to_a_policy_written_for_go() {
        for (pattern, foreign) in [
            (r"^dev\d$", "dev\u{0663}"),
            (r"^\w+$", "dév"),
            (r"^a\sb$", "a\u{2003}b"),
        ] {
            assert!(!Regexp::new(pattern).unwrap().is_match(foreign), "{pattern}");
        }
        assert!(Regexp::new(r"^dev\d$").unwrap().is_match("dev3"));
        assert!(Regexp::new("^d.v$").unwrap().is_match("dév"));
    }
}
