//! RE2's dialect on top of the `regex` crate.
//!
//! Both are linear; they differ in what `\d`, `\w`, `\s` and `\b` mean (ASCII in RE2), in the inside of `[…]`, in `\Q…\E`
//! and in when a brace is a repetition. Source: Go `regexp/syntax`.

use std::sync::Arc;

use regex::RegexBuilder;
use regex_syntax::ParserBuilder;
use regex_syntax::ast::ErrorKind;
use regex_syntax::hir::{Class, Hir, HirKind, Look};

use crate::error::{EvalError, Limit};
use crate::limits::{MAX_AUTOMATON_BYTES, MAX_REGEX_BYTES, MAX_REGEX_STATES};
use crate::searcher::{Searcher, Shape};

/// Highest count in `x{n,m}` (Go: `maxRepeat`)
const MAX_REPEAT: u32 = 1_000;

/// Deepest nesting of groups and repetitions
const MAX_NESTING: u32 = 100;

/// A pattern that was read but not compiled
pub(crate) struct Parsed {
    translated: String,
    hir: Hir,
    /// The number of its states is what compiling it takes
    pub(crate) shape: Shape,
}

/// Why a pattern is not compiled
#[derive(Debug)]
pub(crate) enum Refusal {
    /// It is none, for this reason
    Invalid(String),
    /// It is larger than is compiled here, though Go may compile it
    TooLarge,
}

impl Refusal {
    /// What an evaluation ends in that meets the pattern
    pub(crate) fn into_error(self) -> EvalError {
        match self {
            Self::Invalid(why) => EvalError::failed(format!("error parsing regexp: {why}")),
            Self::TooLarge => EvalError::limit(Limit::Pattern),
        }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Invalid(why) => formatter.write_str(why),
            Self::TooLarge => formatter.write_str("expression too large"),
        }
    }
}

/// About how much work reading a pattern is, before it is read: Unicode classes and folding of cases are tables
pub(crate) fn reading_cost(pattern: &str) -> u64 {
    let folds = pattern.contains("(?") && pattern.contains('i');
    let (class, table) = if folds { (100, 300) } else { (5, 20) };
    let count = |needle: &str| pattern.matches(needle).count() as u64;
    let classes = count("[").saturating_mul(class);
    let tables = count(r"\p").saturating_add(count(r"\P")).saturating_mul(table);
    (pattern.len() as u64)
        .saturating_add(classes)
        .saturating_add(tables)
}

/// Reads an RE2 pattern.
///
/// # Errors
/// Why it is none, as a clause, or that it is too large.
pub(crate) fn parse(pattern: &str) -> Result<Parsed, Refusal> {
    let translated = translate(pattern).map_err(Refusal::Invalid)?;
    let hir = ParserBuilder::new()
        .nest_limit(MAX_NESTING)
        .build()
        .parse(&translated)
        .map_err(|error| refusal(&error, pattern))?;
    let states = states(&hir);
    if states > MAX_REGEX_STATES {
        return Err(Refusal::TooLarge);
    }
    let properties = hir.properties();
    let shape = Shape {
        states,
        longest: properties.maximum_len().map(|bytes| bytes as u64),
        starts_text: properties.look_set_prefix().contains(Look::Start),
        is_run: is_run(&hir),
    };
    Ok(Parsed {
        translated,
        hir,
        shape,
    })
}

impl Parsed {
    /// What the pattern means
    pub(crate) fn hir(&self) -> &Hir {
        &self.hir
    }

    /// Compiles the pattern.
    ///
    /// # Errors
    /// When it is too large after all.
    pub(crate) fn compile(&self) -> Result<Searcher, Refusal> {
        let built = RegexBuilder::new(&self.translated)
            .size_limit(MAX_REGEX_BYTES)
            .dfa_size_limit(MAX_AUTOMATON_BYTES)
            .nest_limit(MAX_NESTING)
            .build();
        // It was read before, so nothing else can be wrong with it.
        let regex = built.map_err(|_| Refusal::TooLarge)?;
        Ok(Searcher {
            regex: Arc::new(regex),
            shape: self.shape,
        })
    }
}

/// What is wrong with a pattern, in Go's words where they are known
fn refusal(error: &regex_syntax::Error, pattern: &str) -> Refusal {
    let regex_syntax::Error::Parse(fault) = error else {
        return Refusal::Invalid(last_line(error));
    };
    if matches!(fault.kind(), ErrorKind::NestLimitExceeded(_)) {
        return Refusal::TooLarge;
    }
    let known = [
        (ErrorKind::GroupUnclosed, "missing closing )"),
        (ErrorKind::GroupUnopened, "unexpected )"),
        (ErrorKind::ClassUnclosed, "missing closing ]"),
    ];
    let said = known.iter().find(|(kind, _)| kind == fault.kind());
    Refusal::Invalid(said.map_or_else(|| last_line(error), |(_, said)| format!("{said}: `{pattern}`")))
}

fn last_line(error: &dyn std::fmt::Display) -> String {
    let text = error.to_string();
    text.lines().last().unwrap_or("invalid syntax").trim().to_owned()
}

/// Whether the pattern is one class of characters, over and over
fn is_run(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Class(_) => true,
        HirKind::Capture(capture) => is_run(&capture.sub),
        HirKind::Repetition(repetition) => match repetition.sub.kind() {
            HirKind::Class(_) => true,
            HirKind::Literal(literal) => literal.0.len() == 1,
            HirKind::Empty
            | HirKind::Look(_)
            | HirKind::Repetition(_)
            | HirKind::Capture(_)
            | HirKind::Concat(_)
            | HirKind::Alternation(_) => false,
        },
        HirKind::Empty
        | HirKind::Literal(_)
        | HirKind::Look(_)
        | HirKind::Concat(_)
        | HirKind::Alternation(_) => false,
    }
}

fn states(hir: &Hir) -> u64 {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 1,
        HirKind::Literal(literal) => literal.0.len() as u64,
        HirKind::Class(Class::Unicode(class)) => (class.ranges().len() as u64).saturating_mul(2),
        HirKind::Class(Class::Bytes(class)) => class.ranges().len() as u64,
        HirKind::Capture(capture) => states(&capture.sub).saturating_add(2),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().map(states).fold(1, u64::saturating_add)
        }
        HirKind::Repetition(repetition) => {
            let times = repetition.max.unwrap_or(repetition.min.saturating_add(1)).max(1);
            states(&repetition.sub)
                .saturating_add(1)
                .saturating_mul(u64::from(times))
        }
    }
}

/// The pattern in the `regex` crate's dialect
fn translate(pattern: &str) -> Result<String, String> {
    let mut out = String::with_capacity(pattern.len().saturating_add(16));
    let mut rest = pattern;
    while let Some(character) = rest.chars().next() {
        let after = rest.get(character.len_utf8()..).unwrap_or("");
        rest = match character {
            '\\' => escape(after, false, &mut out)?,
            '[' => class(after, &mut out)?,
            '{' => brace(after, &mut out)?,
            '(' => group(after, &mut out)?,
            other => {
                out.push(other);
                after
            }
        };
    }
    Ok(out)
}

/// What follows a backslash; gives back the rest
fn escape<'p>(after: &'p str, in_class: bool, out: &mut String) -> Result<&'p str, String> {
    let Some(character) = after.chars().next() else {
        return Err(String::from("trailing backslash at end of expression"));
    };
    let rest = after.get(character.len_utf8()..).unwrap_or("");
    let (set, negated) = match character {
        'd' => ("0-9", false),
        'D' => ("0-9", true),
        's' => (r"\t\n\f\r ", false),
        'S' => (r"\t\n\f\r ", true),
        'w' => ("0-9A-Za-z_", false),
        'W' => ("0-9A-Za-z_", true),
        'b' if !in_class => {
            out.push_str(r"(?-u:\b)");
            return Ok(rest);
        }
        'Q' => {
            let (literal, rest) = rest.split_once(r"\E").unwrap_or((rest, ""));
            out.push_str(&regex::escape(literal));
            return Ok(rest);
        }
        'C' | 'u' | 'U' | 'K' | 'R' | 'X' | 'h' | 'H' | 'N' | 'Z' | 'G' | '<' | '>' => {
            return Err(format!("invalid escape sequence: `\\{character}`"));
        }
        other => {
            out.push('\\');
            out.push(other);
            return Ok(rest);
        }
    };
    if in_class && !negated {
        out.push_str(set);
    } else {
        out.push_str(if negated { "[^" } else { "[" });
        out.push_str(set);
        out.push(']');
    }
    Ok(rest)
}

/// What follows an opening bracket
fn class<'p>(after: &'p str, out: &mut String) -> Result<&'p str, String> {
    out.push('[');
    let mut rest = after;
    if let Some(negated) = rest.strip_prefix('^') {
        out.push('^');
        rest = negated;
    }
    let mut first = true;
    loop {
        let Some(character) = rest.chars().next() else {
            return Err(String::from("missing closing ]"));
        };
        let after = rest.get(character.len_utf8()..).unwrap_or("");
        rest = match character {
            ']' if !first => {
                out.push(']');
                return Ok(after);
            }
            '[' => match rest.split_once(":]") {
                Some((name, after)) if name.starts_with("[:") && name.len() < 12 => {
                    out.push_str(name);
                    out.push_str(":]");
                    after
                }
                Some(_) | None => {
                    out.push_str(r"\[");
                    after
                }
            },
            '\\' => escape(after, true, out)?,
            ']' | '&' | '~' => {
                out.push('\\');
                out.push(character);
                after
            }
            '-' if after.starts_with('-') => {
                out.push_str(r"\-");
                after
            }
            other => {
                out.push(other);
                after
            }
        };
        first = false;
    }
}

/// What follows an opening brace: a repetition, or the brace itself
fn brace<'p>(after: &'p str, out: &mut String) -> Result<&'p str, String> {
    let repetition = after.split_once('}').and_then(|(inside, rest)| {
        let (low, high) = inside.split_once(',').unwrap_or((inside, inside));
        let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        (!low.is_empty() && number(low) && number(high)).then_some((inside, low, high, rest))
    });
    let Some((inside, low, high, rest)) = repetition else {
        out.push_str(r"\{");
        return Ok(after);
    };
    let fits = |text: &str| text.is_empty() || text.parse::<u32>().is_ok_and(|count| count <= MAX_REPEAT);
    if !fits(low) || !fits(high) {
        return Err(format!("invalid repeat count: `{{{inside}}}`"));
    }
    out.push('{');
    out.push_str(inside);
    out.push('}');
    Ok(rest)
}

/// What follows an opening parenthesis; flags that RE2 lacks are refused
fn group<'p>(after: &'p str, out: &mut String) -> Result<&'p str, String> {
    out.push('(');
    if let Some(flags) = after.strip_prefix('?') {
        let flags = flags.split([':', ')', '<', 'P']).next().unwrap_or("");
        if flags.contains(|flag: char| !matches!(flag, 'i' | 'm' | 's' | 'U' | '-')) {
            return Err(format!("invalid or unsupported Perl syntax: `(?{flags}`"));
        }
    }
    Ok(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_words_and_space_are_ascii_as_in_re2() {
        let matches =
            |pattern: &str, text: &str| parse(pattern).unwrap().compile().unwrap().regex.is_match(text);
        assert!(!matches(r"^\d$", "٣"));
        assert!(!matches(r"^[\w.]$", "é"));
        assert!(matches(r"^[^\W]$", "a"));
        assert!(matches(r"\bé", "aé"));
        assert!(matches(r"^[[a&&b]$", "&"));
        assert!(matches(r"^{{x}}$", "{{x}}"));
        assert!(matches(r"^\Qa.b\E$", "a.b"));
        assert!(matches(r"^[]a]+$", "]a"));
        assert!(matches(r"^[[:alpha:]]$", "x"));
    }

    #[test]
    fn what_re2_refuses_is_refused() {
        for bad in ["(", "a{1001}", "(?x)a", "(?=a)", r"\C", r"a\", "[a", "*"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        for large in ["(a{1000}){1000}", r"\pL{900}"] {
            assert!(matches!(parse(large), Err(Refusal::TooLarge)), "{large}");
        }
    }
}
