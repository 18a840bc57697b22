//! `regex.replace`, `regex.extract`, `regex.extractAll`, and Kubernetes' `find` and `findAll`.
//!
//! Patterns are RE2's. Sources: cel-go `ext/regex.go`, Kubernetes `apiserver/pkg/cel/library/regex.go`.

use regex::Captures;

use super::arguments::{index as to_index, int, string};
use crate::context::Context;
use crate::declaration::{Declared, matching};
use crate::error::EvalError;
use crate::searcher::Searcher;
use crate::value::Value;

type Result<'v> = std::result::Result<Value<'v>, EvalError>;

pub(crate) const FUNCTIONS: &[Declared] = &[
    matching("regex.extract", "(string, string) -> optional(string)", extract),
    matching(
        "regex.extractAll",
        "(string, string) -> list(string)",
        extract_all,
    ),
    matching(
        "regex.replace",
        "(string, string, string) -> string",
        |context, a| replace(context, a, -1),
    ),
    matching(
        "regex.replace",
        "(string, string, string, int) -> string",
        |context, a| replace(context, a, int(a, 3)?),
    ),
];

pub(crate) const KUBERNETES: &[Declared] = &[
    matching("find", "string.(string) -> string", |context, a| {
        let text = string(a, 0)?;
        let found = context
            .regex(string(a, 1)?, text)?
            .regex
            .find(text)
            .map_or("", |found| found.as_str())
            .to_owned();
        context.string(found)
    }),
    matching("findAll", "string.(string) -> list(string)", |context, a| {
        find_all(context, a, usize::MAX)
    }),
    matching("findAll", "string.(string, int) -> list(string)", |context, a| {
        find_all(context, a, to_index(int(a, 2)?).unwrap_or(usize::MAX))
    }),
];

/// Functions whose argument of this number is a pattern, compiled with the program when it is a literal
pub(crate) const PATTERN_ARGUMENTS: &[(&str, usize)] = &[
    ("matches", 1),
    ("find", 1),
    ("findAll", 1),
    ("regex.extract", 1),
    ("regex.extractAll", 1),
    ("regex.replace", 1),
];

fn find_all<'v>(context: &mut Context<'_, 'v>, arguments: &[Value<'v>], most: usize) -> Result<'v> {
    let text = string(arguments, 0)?;
    let Searcher { regex, shape } = context.regex(string(arguments, 1)?, text)?;
    let mut found = Vec::new();
    for one in regex.find_iter(text).take(most) {
        context.surcharge(shape.one_more(text.len().saturating_sub(one.start())))?;
        found.push(context.string(one.as_str().to_owned())?);
    }
    context.list(found)
}

/// The pattern, if it has at most one group
fn single_group(
    context: &mut Context<'_, '_>,
    pattern: &str,
    text: &str,
) -> std::result::Result<Searcher, EvalError> {
    let searcher = context.regex(pattern, text)?;
    if searcher.regex.captures_len() > 2 {
        return Err(EvalError::failed(format!(
            "regular expression has more than one capturing group: {pattern:?}"
        )));
    }
    Ok(searcher)
}

/// The group, or the whole match where the pattern has none
fn captured<'t>(captures: &Captures<'t>) -> Option<&'t str> {
    let index = if captures.len() > 1 { 1 } else { 0 };
    let text = captures.get(index).map_or("", |found| found.as_str());
    (index == 0 || !text.is_empty()).then_some(text)
}

fn extract<'v>(context: &mut Context<'_, 'v>, arguments: &[Value<'v>]) -> Result<'v> {
    let text = string(arguments, 0)?;
    let searcher = single_group(context, string(arguments, 1)?, text)?;
    let found = searcher
        .regex
        .captures(text)
        .and_then(|captures| captured(&captures).map(str::to_owned));
    match found {
        Some(text) => {
            let text = context.string(text)?;
            context.optional(text)
        }
        None => Ok(Value::Optional(None)),
    }
}

fn extract_all<'v>(context: &mut Context<'_, 'v>, arguments: &[Value<'v>]) -> Result<'v> {
    let text = string(arguments, 0)?;
    let Searcher { regex, shape } = single_group(context, string(arguments, 1)?, text)?;
    let mut found = Vec::new();
    for captures in regex.captures_iter(text) {
        let start = captures.get(0).map_or(0, |whole| whole.start());
        context.surcharge(shape.one_more(text.len().saturating_sub(start)))?;
        if let Some(group) = captured(&captures) {
            found.push(context.string(group.to_owned())?);
        }
    }
    context.list(found)
}

fn replace<'v>(context: &mut Context<'_, 'v>, arguments: &[Value<'v>], count: i64) -> Result<'v> {
    let (text, replacement) = (string(arguments, 0)?, string(arguments, 2)?);
    if count == 0 {
        return Ok(arguments.first().cloned().unwrap_or(Value::Null));
    }
    let Searcher { regex, shape } = context.regex(string(arguments, 1)?, text)?;
    let mut out = String::new();
    let mut from = 0;
    for captures in regex
        .captures_iter(text)
        .take(to_index(count).unwrap_or(usize::MAX))
    {
        let Some(whole) = captures.get(0) else { continue };
        context.surcharge(shape.one_more(text.len().saturating_sub(whole.start())))?;
        let made = out.len();
        out.push_str(text.get(from..whole.start()).unwrap_or(""));
        expand(&mut out, replacement, &captures)?;
        context.meter.allocate(out.len().saturating_sub(made))?;
        from = whole.end();
    }
    out.push_str(text.get(from..).unwrap_or(""));
    context.string(out)
}

/// Writes the replacement: `\1` is a group, `\\` a backslash, nothing else follows one
fn expand(
    out: &mut String,
    replacement: &str,
    captures: &Captures<'_>,
) -> std::result::Result<(), EvalError> {
    let mut characters = replacement.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            out.push(character);
            continue;
        }
        let invalid =
            |why: &str| EvalError::failed(format!("invalid replacement string: '{replacement}' \\ {why}"));
        match characters.next() {
            None => return Err(invalid("not allowed at end")),
            Some('\\') => out.push('\\'),
            Some(digit) => {
                let group = digit
                    .to_digit(10)
                    .ok_or_else(|| invalid("must be followed by a digit or \\"))?
                    as usize;
                let groups = captures.len().saturating_sub(1);
                if group > groups {
                    return Err(EvalError::failed(format!(
                        "replacement string references group {group} but regex has only {groups} group(s)"
                    )));
                }
                out.push_str(captures.get(group).map_or("", |found| found.as_str()));
            }
        }
    }
    Ok(())
}
