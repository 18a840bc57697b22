//! Quoted scalars and flow collections on one line, for [`crate::block`].

use serde_json::map::Entry;
use serde_json::{Map, Value};

use crate::limits::MAX_DEPTH;
use crate::scalar;

/// A quoted scalar at the start of `text`, and what follows it on the line.
pub(crate) fn quoted(text: &str) -> Option<(String, &str)> {
    match text.strip_prefix('"') {
        Some(rest) => double_quoted(rest),
        None => single_quoted(text.strip_prefix('\'')?),
    }
}

fn double_quoted(text: &str) -> Option<(String, &str)> {
    let mut scalar = String::new();
    let mut rest = text;
    loop {
        let end = rest.find(['"', '\\'])?;
        let (plain, from_mark) = rest.split_at_checked(end)?;
        scalar.push_str(plain);
        if let Some(after) = from_mark.strip_prefix('"') {
            return Some((scalar, after));
        }
        let (escaped, after) = from_mark.strip_prefix('\\')?.split_at_checked(1)?;
        scalar.push(match escaped {
            "\"" => '"',
            "\\" => '\\',
            "/" => '/',
            "n" => '\n',
            "t" => '\t',
            "r" => '\r',
            // The rarer ones are left to the full parser.
            _ => return None,
        });
        rest = after;
    }
}

fn single_quoted(text: &str) -> Option<(String, &str)> {
    let mut scalar = String::new();
    let mut rest = text;
    loop {
        let (plain, after) = rest.split_once('\'')?;
        scalar.push_str(plain);
        let Some(more) = after.strip_prefix('\'') else {
            return Some((scalar, after));
        };
        scalar.push('\'');
        rest = more;
    }
}

/// A flow mapping or sequence at the start of `text`, and what follows it on the line.
pub(crate) fn collection(text: &str, depth: usize) -> Option<(Value, &str)> {
    if depth > MAX_DEPTH {
        return None;
    }
    match text.strip_prefix('[') {
        Some(rest) => sequence(rest, depth),
        None => mapping(text.strip_prefix('{')?, depth),
    }
}

fn sequence(text: &str, depth: usize) -> Option<(Value, &str)> {
    let mut elements = Vec::new();
    let mut rest = blanks(text);
    if let Some(after) = rest.strip_prefix(']') {
        return Some((Value::Array(elements), after));
    }
    loop {
        let (element, after) = node(rest, depth)?;
        elements.push(element);
        let after = blanks(after);
        if let Some(after) = after.strip_prefix(']') {
            return Some((Value::Array(elements), after));
        }
        rest = blanks(after.strip_prefix(',')?);
    }
}

fn mapping(text: &str, depth: usize) -> Option<(Value, &str)> {
    let mut fields = Map::new();
    let mut rest = blanks(text);
    if let Some(after) = rest.strip_prefix('}') {
        return Some((Value::Object(fields), after));
    }
    loop {
        let (key, after) = key(rest)?;
        let after = after.strip_prefix(": ")?;
        let Entry::Vacant(field) = fields.entry(key) else {
            return None;
        };
        let (value, after) = node(blanks(after), depth)?;
        field.insert(value);
        let after = blanks(after);
        if let Some(after) = after.strip_prefix('}') {
            return Some((Value::Object(fields), after));
        }
        rest = blanks(after.strip_prefix(',')?);
    }
}

fn node(text: &str, depth: usize) -> Option<(Value, &str)> {
    match text.bytes().next()? {
        b'[' | b'{' => collection(text, depth.checked_add(1)?),
        b'"' | b'\'' => {
            let (scalar, rest) = quoted(text)?;
            Some((Value::String(scalar), rest))
        }
        _ => {
            let (word, rest) = word(text)?;
            Some((scalar::resolve(word).into_value(word).ok()?, rest))
        }
    }
}

fn key(text: &str) -> Option<(String, &str)> {
    match text.bytes().next()? {
        b'"' | b'\'' => quoted(text),
        _ => {
            let (word, rest) = word(text)?;
            Some((scalar::resolve(word).into_key().ok()?, rest))
        }
    }
}

/// A plain scalar of characters that mean nothing to YAML; a colon only within it.
fn word(text: &str) -> Option<(&str, &str)> {
    let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || b"_./-+@*=%$".contains(&byte);
    let bytes = text.as_bytes();
    let end = bytes.iter().enumerate().find_map(|(at, byte)| {
        let inner = match byte {
            b':' => bytes
                .get(at.saturating_add(1))
                .is_some_and(|next| is_inner(*next)),
            byte => is_inner(*byte),
        };
        (!inner).then_some(at)
    });
    let (word, rest) = text.split_at_checked(end.unwrap_or(text.len()))?;
    let first = word.bytes().next()?;
    let starts = first.is_ascii_alphanumeric() || b"_./".contains(&first);
    // A word that goes on after a blank is left to the full parser.
    let ends = rest.starts_with([',', ']', '}']) || rest.starts_with(": ");
    (starts && ends).then_some((word, rest))
}

fn blanks(text: &str) -> &str {
    text.trim_start_matches(' ')
}
