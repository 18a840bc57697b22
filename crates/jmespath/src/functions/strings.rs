//! Functions of text.

use crate::call::{Call, Function, Outcome};
use crate::error::{ArgumentType as T, EvaluationError, FunctionFault, ValueFault};
use crate::regular_expression::{GoRegex, generate};
use crate::term::{Term, View};
use scalars::semver_range::{SemverRange, parse_version};
use scalars::wildcard;
use semver::Version;
use std::cmp::Ordering;

const ONE: &[&[T]] = &[&[T::String]];
const TWO: &[&[T]] = &[&[T::String], &[T::String]];
const THREE: &[&[T]] = &[&[T::String], &[T::String], &[T::String]];
const PATTERN_AND_TEXT: &[&[T]] = &[&[T::String], &[T::String, T::Number]];
const REPLACEMENT: &[&[T]] = &[&[T::String], &[T::String, T::Number], &[T::String, T::Number]];

/// An entry of the table.
const fn entry(
    name: &'static str,
    arguments: &'static [&'static [T]],
    returns: T,
    note: &'static str,
    run: for<'c, 'a> fn(&Call<'c, 'a>) -> Outcome<'a>,
) -> Function {
    Function {
        name,
        arguments,
        variadic: false,
        returns,
        note,
        run,
    }
}

pub(super) static FUNCTIONS: &[Function] = &[
    entry(
        "compare",
        TWO,
        T::Number,
        "compares two strings lexicographically: -1, 0 or 1",
        compare,
    ),
    entry("ends_with", TWO, T::Bool, "", ends_with),
    entry(
        "equal_fold",
        TWO,
        T::Bool,
        "whether two strings are equal but for the case of letters",
        equal_fold,
    ),
    entry("join", &[&[T::String], &[T::StringArray]], T::String, "", join),
    entry(
        "path_canonicalize",
        ONE,
        T::String,
        "the shortest path equal to the given one",
        path_canonicalize,
    ),
    entry(
        "pattern_match",
        PATTERN_AND_TEXT,
        T::Bool,
        "'*' matches any characters, '?' exactly one",
        pattern_match,
    ),
    entry(
        "random",
        ONE,
        T::String,
        "a random string that matches the regular expression",
        random,
    ),
    entry(
        "regex_match",
        PATTERN_AND_TEXT,
        T::Bool,
        "whether the regular expression matches anywhere in the second argument",
        regex_match,
    ),
    entry(
        "regex_replace_all",
        REPLACEMENT,
        T::String,
        "replaces all matches of a regular expression; $1 stands for its first group",
        regex_replace_all,
    ),
    entry(
        "regex_replace_all_literal",
        REPLACEMENT,
        T::String,
        "replaces all matches of a regular expression by a string taken as it stands",
        regex_replace_all_literal,
    ),
    entry(
        "replace",
        &[&[T::String], &[T::String], &[T::String], &[T::Number]],
        T::String,
        "replaces the second string by the third in the first, at most as often as the number says",
        replace,
    ),
    entry(
        "replace_all",
        THREE,
        T::String,
        "replaces the second string by the third everywhere in the first",
        replace_all,
    ),
    entry(
        "semver_compare",
        TWO,
        T::Bool,
        "whether a semantic version lies in a range of versions",
        semver_compare,
    ),
    entry(
        "split",
        TWO,
        T::StringArray,
        "cuts the first string at each occurrence of the second",
        split,
    ),
    entry("starts_with", TWO, T::Bool, "", starts_with),
    entry(
        "to_boolean",
        ONE,
        T::Bool,
        "true or false for a string that says so, in any case",
        to_boolean,
    ),
    entry("to_lower", ONE, T::String, "the string in lower case", to_lower),
    entry("to_string", &[&[T::Any]], T::String, "", to_string),
    entry("to_upper", ONE, T::String, "the string in upper case", to_upper),
    entry(
        "trim",
        TWO,
        T::String,
        "takes the characters of the second string off both ends of the first",
        trim,
    ),
    entry(
        "trim_prefix",
        TWO,
        T::String,
        "takes the second string off the beginning of the first",
        trim_prefix,
    ),
    entry(
        "truncate",
        &[&[T::String], &[T::Number]],
        T::String,
        "the first characters of the string, as many as the number says",
        truncate,
    ),
];

fn starts_with<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    Ok(Term::Bool(call.text(0)?.starts_with(call.text(1)?)))
}

fn ends_with<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    Ok(Term::Bool(call.text(0)?.ends_with(call.text(1)?)))
}

fn join<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    let separator = call.text(0)?;
    let mut joined = String::new();
    for (index, item) in call.array(1)?.iter().enumerate() {
        let text = item.as_str().unwrap_or_default();
        call.budget.bytes(separator.len().saturating_add(text.len()))?;
        if index > 0 {
            joined.push_str(separator);
        }
        joined.push_str(text);
    }
    Ok(Term::text(joined))
}

fn to_string<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    let value = call.argument(0);
    if matches!(value.view(), View::Text(_)) {
        return Ok(value);
    }
    call.made_text(value.to_json_text().map_err(ValueFault::NotJson)?)
}

fn compare<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    Ok(Term::Number(match call.text(0)?.cmp(call.text(1)?) {
        Ordering::Less => -1.0,
        Ordering::Equal => 0.0,
        Ordering::Greater => 1.0,
    }))
}

/// One character for one character: `ß` has no upper case here, as in Go.
fn upper(character: char) -> char {
    let mut mapped = character.to_uppercase();
    match (mapped.next(), mapped.next()) {
        (Some(single), None) => single,
        _ => character,
    }
}

/// One character for one character: `İ` becomes `i` without its dot, as in Go.
fn lower(character: char) -> char {
    character.to_lowercase().next().unwrap_or(character)
}

fn equal_fold<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    let folded = |text: &'_ str| text.chars().map(|c| lower(upper(c))).collect::<Vec<_>>();
    Ok(Term::Bool(folded(call.text(0)?) == folded(call.text(1)?)))
}

fn to_upper<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    call.made_text(call.text(0)?.chars().map(upper).collect::<String>())
}

fn to_lower<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    call.made_text(call.text(0)?.chars().map(lower).collect::<String>())
}

/// The replaced text, its size known to be affordable before it is made.
fn replaced<'a>(call: &Call<'_, 'a>, count: Option<usize>) -> Outcome<'a> {
    let (text, old, new) = (call.text(0)?, call.text(1)?, call.text(2)?);
    let found = text.matches(old).count().min(count.unwrap_or(usize::MAX));
    call.budget.bytes(found.saturating_mul(new.len()))?;
    call.made_text(text.replacen(old, new, found))
}

fn replace_all<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    replaced(call, None)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "fractions are dropped, as in Go"
)]
fn replace<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    let count = call.number(3)?.trunc();
    replaced(call, if count < 0.0 { None } else { Some(count as usize) })
}

fn trim<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    let cut: Vec<char> = call.text(1)?.chars().collect();
    call.made_text(call.text(0)?.trim_matches(cut.as_slice()))
}

fn trim_prefix<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    let text = call.text(0)?;
    call.made_text(text.strip_prefix(call.text(1)?).unwrap_or(text))
}

/// Without a separator, the characters.
fn split<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    let (text, separator) = (call.text(0)?, call.text(1)?);
    call.budget.bytes(text.len())?;
    let parts: Vec<Term<'a>> = if separator.is_empty() {
        text.chars()
            .map(|character| Term::text(character.to_string()))
            .collect()
    } else {
        text.split(separator).map(Term::text).collect()
    };
    call.made_array(parts)
}

/// Beyond the end of the text, all of it; below zero, nothing.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "fractions are dropped, as in Go"
)]
fn truncate<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    let length = call.number(1)?.max(0.0) as usize;
    call.made_text(call.text(0)?.chars().take(length).collect::<String>())
}

fn to_boolean<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    let text = call.text(0)?;
    let lowered: String = text.chars().map(lower).collect();
    match lowered.as_str() {
        "true" => Ok(Term::Bool(true)),
        "false" => Ok(Term::Bool(false)),
        _ => Err(call.fault(FunctionFault::NotBoolean(text.into()))),
    }
}

fn pattern_match<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    let (pattern, text) = (call.text(0)?, call.text_or_number(1)?);
    // the matcher's time is bounded by the product
    call.budget
        .step(pattern.len().saturating_mul(text.len()) / 1024)?;
    Ok(Term::Bool(wildcard::matches(pattern, &text)))
}

/// The compiled first argument, for functions that put their name before its faults.
fn named_regex(call: &Call<'_, '_>) -> Result<GoRegex, EvaluationError> {
    call.regex(call.text(0)?)?
        .map_err(|error| call.fault(FunctionFault::Regex(error)))
}

fn regex_match<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    let text = call.text_or_number(1)?;
    let regex = call.regex(call.text(0)?)?.map_err(ValueFault::Regex)?;
    call.budget.step(text.len())?;
    Ok(Term::Bool(regex.is_match(&text)))
}

fn regex_replace_all<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    let (text, replacement) = (call.text_or_number(1)?, call.text_or_number(2)?);
    call.budget.step(text.len())?;
    call.made_text(named_regex(call)?.replace_all(&text, &replacement, call.budget)?)
}

fn regex_replace_all_literal<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    let (text, replacement) = (call.text_or_number(1)?, call.text_or_number(2)?);
    call.budget.step(text.len())?;
    call.made_text(named_regex(call)?.replace_all_literally(&text, &replacement, call.budget)?)
}

/// A version that does not read counts as 0.0.0, as in Kyverno; a range that does not is an error.
fn semver_compare<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    let version = parse_version(call.text(0)?).unwrap_or(Version::new(0, 0, 0));
    let range = SemverRange::parse(call.text(1)?).map_err(ValueFault::Range)?;
    Ok(Term::Bool(range.contains(&version)))
}

fn random<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    let pattern = call.text(0)?;
    if pattern.is_empty() {
        return Err(ValueFault::NoPattern.into());
    }
    Ok(Term::text(generate(
        pattern,
        call.environment.random_seed,
        call.budget,
    )?))
}

/// Go's `filepath.Clean` of a path that is not empty.
fn path_canonicalize<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    let path = call.text(0)?;
    let is_rooted = path.starts_with('/');
    let mut kept: Vec<&str> = Vec::new();
    for element in path.split('/') {
        match (element, kept.last()) {
            ("" | ".", _) => {}
            ("..", Some(&last)) if last != ".." => {
                kept.pop();
            }
            ("..", None) if is_rooted => {}
            _ => kept.push(element),
        }
    }
    let joined = kept.join("/");
    call.made_text(match (is_rooted, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) if !path.is_empty() => ".".to_owned(),
        (false, _) => joined,
    })
}
