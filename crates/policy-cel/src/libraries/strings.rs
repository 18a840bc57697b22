//! cel-go's extended string functions.
//!
//! Positions count code points. Kyverno and Kubernetes have version 2; `reverse` and the plain `format` came later and stand apart.
//! Source: cel-go `ext/strings.go`.

use super::arguments::{index as to_index, int, list, string};
use crate::context::Context;
use crate::declaration::{Declared, function, walking};
use crate::error::EvalError;
use crate::value::{List, Value};

type Result<'v> = std::result::Result<Value<'v>, EvalError>;

/// Version 2
pub(crate) const FUNCTIONS: &[Declared] = &[
    walking("charAt", "string.(int) -> string", char_at),
    walking("indexOf", "string.(string) -> int", |_, a| {
        first_index(string(a, 0)?, string(a, 1)?, 0)
    }),
    walking("indexOf", "string.(string, int) -> int", |_, a| {
        first_index(string(a, 0)?, string(a, 1)?, int(a, 2)?)
    }),
    walking("lastIndexOf", "string.(string) -> int", |_, a| {
        last_index(string(a, 0)?, string(a, 1)?, None)
    }),
    walking("lastIndexOf", "string.(string, int) -> int", |_, a| {
        last_index(string(a, 0)?, string(a, 1)?, Some(int(a, 2)?))
    }),
    walking("lowerAscii", "string.() -> string", |context, a| {
        context.string(string(a, 0)?.to_ascii_lowercase())
    }),
    walking("upperAscii", "string.() -> string", |context, a| {
        context.string(string(a, 0)?.to_ascii_uppercase())
    }),
    walking("replace", "string.(string, string) -> string", |context, a| {
        replace(context, a, -1)
    }),
    walking(
        "replace",
        "string.(string, string, int) -> string",
        |context, a| replace(context, a, int(a, 3)?),
    ),
    walking("split", "string.(string) -> list(string)", |context, a| {
        split(context, a, -1)
    }),
    walking("split", "string.(string, int) -> list(string)", |context, a| {
        split(context, a, int(a, 2)?)
    }),
    walking("substring", "string.(int) -> string", substring_from),
    walking("substring", "string.(int, int) -> string", substring),
    walking("trim", "string.() -> string", |context, a| {
        context.string(trimmed(string(a, 0)?).to_owned())
    }),
    walking("join", "list(string).() -> string", |context, a| {
        join(context, list(a, 0)?, "")
    }),
    walking("join", "list(string).(string) -> string", |context, a| {
        join(context, list(a, 0)?, string(a, 1)?)
    }),
    walking("strings.quote", "(string) -> string", |context, a| {
        context.string(quoted(string(a, 0)?))
    }),
];

/// What version 3 adds
pub(crate) const REVERSE: &[Declared] = &[function("reverse", "string.() -> string", |context, a| {
    context.string(string(a, 0)?.chars().rev().collect())
})];

fn out_of_range(index: i64) -> EvalError {
    EvalError::failed(format!("index out of range: {index}"))
}

/// The byte where the code point `index` starts; the end counts as a code point
fn byte_at(text: &str, index: i64) -> Option<usize> {
    let index = to_index(index)?;
    text.char_indices()
        .map(|(at, _)| at)
        .chain([text.len()])
        .nth(index)
}

fn char_at<'v>(context: &mut Context<'_, 'v>, arguments: &[Value<'v>]) -> Result<'v> {
    let (text, index) = (string(arguments, 0)?, int(arguments, 1)?);
    let from = byte_at(text, index).ok_or_else(|| out_of_range(index))?;
    let character = text.get(from..).and_then(|rest| rest.chars().next());
    context.string(character.map(String::from).unwrap_or_default())
}

fn position<'v>(text: &str, byte: Option<usize>) -> Value<'v> {
    let before = byte
        .and_then(|byte| text.get(..byte))
        .map(|before| before.chars().count());
    Value::Int(before.and_then(|count| i64::try_from(count).ok()).unwrap_or(-1))
}

fn first_index<'v>(text: &str, part: &str, offset: i64) -> Result<'v> {
    if offset < 0 {
        return Err(out_of_range(offset));
    }
    let Some(from) = byte_at(text, offset) else {
        let end = if part.is_empty() { Some(text.len()) } else { None };
        return Ok(position(text, end));
    };
    let found = text
        .get(from..)
        .and_then(|rest| rest.find(part))
        .and_then(|at| at.checked_add(from));
    Ok(position(text, found))
}

fn last_index<'v>(text: &str, part: &str, offset: Option<i64>) -> Result<'v> {
    let from = match offset {
        None => text.len(),
        Some(offset) if offset < 0 => return Err(out_of_range(offset)),
        Some(offset) => match byte_at(text, offset) {
            Some(byte) if byte < text.len() || part.is_empty() => byte,
            Some(_) | None => {
                let end = if part.is_empty() { Some(text.len()) } else { None };
                return Ok(position(text, end));
            }
        },
    };
    // The part may start at the offset and reach beyond it.
    let until = from.saturating_add(part.len()).min(text.len());
    let bytes = text.as_bytes().get(..until).unwrap_or(text.as_bytes());
    let found = if part.is_empty() {
        Some(from)
    } else {
        bytes
            .windows(part.len())
            .rposition(|window| window == part.as_bytes())
    };
    Ok(position(text, found))
}

fn replace<'v>(context: &mut Context<'_, 'v>, arguments: &[Value<'v>], count: i64) -> Result<'v> {
    let (text, old, new) = (
        string(arguments, 0)?,
        string(arguments, 1)?,
        string(arguments, 2)?,
    );
    let count = to_index(count).unwrap_or(usize::MAX);
    let hits = if old.is_empty() {
        text.chars().count().saturating_add(1)
    } else {
        text.matches(old).count()
    };
    // Reserved before it is made: a short text may grow by a long replacement at every position.
    let grown = hits.min(count).saturating_mul(new.len());
    context.meter.allocate(grown.saturating_add(text.len()))?;
    Ok(Value::string(text.replacen(old, new, count)))
}

fn split<'v>(context: &mut Context<'_, 'v>, arguments: &[Value<'v>], count: i64) -> Result<'v> {
    let (text, separator) = (string(arguments, 0)?, string(arguments, 1)?);
    if count == 0 {
        return context.list(Vec::new());
    }
    let limit = to_index(count).unwrap_or(usize::MAX);
    let mut parts = Vec::new();
    let mut push = |part: &str| -> std::result::Result<(), EvalError> {
        context.grow_list()?;
        parts.push(context.string(part.to_owned())?);
        Ok(())
    };
    if separator.is_empty() {
        let mut rest = text;
        let mut made = 1_usize;
        while let Some(first) = rest.chars().next() {
            if made >= limit {
                break;
            }
            let (head, tail) = rest.split_at_checked(first.len_utf8()).unwrap_or((rest, ""));
            push(head)?;
            rest = tail;
            made = made.saturating_add(1);
        }
        if !rest.is_empty() {
            push(rest)?;
        }
    } else {
        for part in text.splitn(limit, separator) {
            push(part)?;
        }
    }
    Ok(Value::List(List::from(parts)))
}

fn substring_from<'v>(context: &mut Context<'_, 'v>, arguments: &[Value<'v>]) -> Result<'v> {
    let (text, start) = (string(arguments, 0)?, int(arguments, 1)?);
    let from = byte_at(text, start).ok_or_else(|| out_of_range(start))?;
    context.string(text.get(from..).unwrap_or("").to_owned())
}

fn substring<'v>(context: &mut Context<'_, 'v>, arguments: &[Value<'v>]) -> Result<'v> {
    let (text, start, end) = (string(arguments, 0)?, int(arguments, 1)?, int(arguments, 2)?);
    if start > end {
        return Err(EvalError::failed(format!(
            "invalid substring range. start: {start}, end: {end}"
        )));
    }
    let from = byte_at(text, start).ok_or_else(|| out_of_range(start))?;
    let to = byte_at(text, end).ok_or_else(|| out_of_range(end))?;
    context.string(text.get(from..to).unwrap_or("").to_owned())
}

/// Without the white space around it, as Go and Unicode's `White_Space` have it
fn trimmed(text: &str) -> &str {
    text.trim()
}

fn join<'v>(context: &mut Context<'_, 'v>, parts: &List<'v>, separator: &str) -> Result<'v> {
    let mut joined = String::new();
    for (index, part) in parts.iter().enumerate() {
        let Value::String(part) = part else {
            return Err(EvalError::failed(format!(
                "join: invalid input: {}",
                super::format::spelled(&part)
            )));
        };
        let separator = if index == 0 { "" } else { separator };
        context
            .meter
            .allocate(separator.len().saturating_add(part.len()))?;
        joined.push_str(separator);
        joined.push_str(&part);
    }
    Ok(Value::string(joined))
}

/// The text as a CEL literal in double quotes
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len().saturating_add(2));
    out.push('"');
    for character in text.chars() {
        match character {
            '\u{7}' => out.push_str(r"\a"),
            '\u{8}' => out.push_str(r"\b"),
            '\u{c}' => out.push_str(r"\f"),
            '\n' => out.push_str(r"\n"),
            '\r' => out.push_str(r"\r"),
            '\t' => out.push_str(r"\t"),
            '\u{b}' => out.push_str(r"\v"),
            '\\' => out.push_str(r"\\"),
            '"' => out.push_str("\\\""),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}
