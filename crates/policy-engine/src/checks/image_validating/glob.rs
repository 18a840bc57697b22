//! Patterns on images as `matchImageReferences[].glob` writes them.
//!
//! The language is gobwas/glob compiled without separators: `*` and `**` stand for any text, slashes included, `?` for one
//! character, `[abc]`, `[a-z]` and `[!a-z]` for one of a class, `{a,b}` for one of several patterns, `\` takes away a
//! character's meaning. Matching is linear in the text. Spec: cel-policies §1.12.

use regex::{Regex, RegexBuilder};

/// Bytes a compiled pattern may take.
const MOST_COMPILED_BYTES: usize = 256 * 1024;

/// A compiled pattern.
#[derive(Debug, Clone)]
pub(super) struct Glob(Regex);

impl Glob {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// Why it is none.
    pub(super) fn compile(text: &str) -> Result<Self, String> {
        let regex = format!(r"\A(?:{})\z", translated(text)?);
        RegexBuilder::new(&regex)
            .dot_matches_new_line(true)
            .size_limit(MOST_COMPILED_BYTES)
            .build()
            .map(Self)
            .map_err(|_| "the pattern is too large".to_owned())
    }

    /// Whether the whole of `text` fits.
    pub(super) fn matches(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

/// The pattern as a regular expression.
fn translated(text: &str) -> Result<String, String> {
    let mut regex = String::new();
    let mut open = 0_usize;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '*' => regex.push_str(".*"),
            '?' => regex.push('.'),
            '\\' => {
                let literal = rest.next().ok_or("a backslash ends the pattern")?;
                push_literal(&mut regex, literal);
            }
            '[' => push_class(&mut regex, &mut rest)?,
            '{' => {
                open = open.saturating_add(1);
                regex.push_str("(?:");
            }
            '}' if open > 0 => {
                open = open.saturating_sub(1);
                regex.push(')');
            }
            ',' if open > 0 => regex.push('|'),
            literal => push_literal(&mut regex, literal),
        }
    }
    if open > 0 {
        return Err("a brace is not closed".to_owned());
    }
    Ok(regex)
}

fn push_class(regex: &mut String, rest: &mut std::str::Chars<'_>) -> Result<(), String> {
    let mut members = Vec::new();
    let mut is_negated = false;
    loop {
        match rest.next().ok_or("a bracket is not closed")? {
            ']' => break,
            '!' if members.is_empty() && !is_negated => is_negated = true,
            '\\' => members.push(rest.next().ok_or("a backslash ends the pattern")?),
            member => members.push(member),
        }
    }
    if members.is_empty() {
        return Err("a class is empty".to_owned());
    }
    regex.push_str(if is_negated { "[^" } else { "[" });
    if let [low, '-', high] = members.as_slice() {
        if low > high {
            return Err(format!("the range {low}-{high} is empty"));
        }
        push_literal(regex, *low);
        regex.push('-');
        push_literal(regex, *high);
    } else {
        for member in members {
            push_literal(regex, member);
        }
    }
    regex.push(']');
    Ok(())
}

fn push_literal(regex: &mut String, literal: char) {
    regex.push_str(&regex::escape(literal.encode_utf8(&mut [0; 4])));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_what_gobwas_means() {
        for (pattern, text, expected) in [
            ("ghcr.io/*", "ghcr.io/acme/app:1", true),
            ("ghcr.io/**", "ghcr.io/a/b", true),
            ("ghcr.io/*", "ghcrxio/a", false),
            ("*", "", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("app:[0-9]", "app:7", true),
            ("app:[!0-9]", "app:7", false),
            ("app:[abc]", "app:b", true),
            ("{ghcr.io,docker.io}/acme/*", "docker.io/acme/x", true),
            ("{a{b,c},d}", "ac", true),
            ("{a,b}", "c", false),
            (r"a\*", "a*", true),
            (r"a\*", "ab", false),
            ("a,b", "a,b", true),
            ("<a>", "<a>", true),
            ("[a&&b]", "&", true),
            ("ghcr.io/acme", "ghcr.io/acme/app", false),
        ] {
            assert_eq!(
                Glob::compile(pattern).unwrap().matches(text),
                expected,
                "{pattern} {text}"
            );
        }
    }

    #[test]
    fn what_is_not_closed_is_no_pattern() {
        for pattern in ["{a,b", "[abc", r"a\", "[]", "[z-a]"] {
            assert!(Glob::compile(pattern).is_err(), "{pattern}");
        }
    }
}
