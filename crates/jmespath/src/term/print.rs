//! Values as text: JSON as Go's `encoding/json` prints it, and `%v` for error texts.

use super::{NotJson, Term, View};
use crate::limits::MAX_QUOTED_BYTES;
use scalars::numbers::{format_json, format_v};
use std::fmt::Write as _;

/// How JSON is laid out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layout {
    Compact,
    /// Two spaces for each level
    Indented,
}

impl Term<'_> {
    /// Compact JSON with sorted keys, `<`, `>` and `&` escaped, as Go's `json.Marshal` prints it.
    ///
    /// # Errors
    /// [`NotJson`] for NaN and infinities.
    pub fn to_json_text(&self) -> Result<String, NotJson> {
        let mut text = String::new();
        write_json(&mut text, self, Layout::Compact, 0)?;
        Ok(text)
    }

    /// JSON as Go's `json.MarshalIndent` prints it with two spaces.
    ///
    /// # Errors
    /// [`NotJson`] for NaN and infinities.
    pub fn to_indented_json_text(&self) -> Result<String, NotJson> {
        let mut text = String::new();
        write_json(&mut text, self, Layout::Indented, 0)?;
        Ok(text)
    }

    /// The value as Go's `%v` prints it: `map[a:1 b:[x <nil>]]`, cut where it grows long.
    pub(crate) fn to_go_text(&self) -> String {
        let mut text = String::new();
        write_go(&mut text, self);
        if text.len() > MAX_QUOTED_BYTES {
            text.truncate(text.floor_char_boundary(MAX_QUOTED_BYTES));
            text.push('…');
        }
        text
    }
}

fn new_line(text: &mut String, layout: Layout, depth: usize) {
    if layout == Layout::Indented {
        text.push('\n');
        (0..depth).for_each(|_| text.push_str("  "));
    }
}

fn write_json(text: &mut String, term: &Term<'_>, layout: Layout, depth: usize) -> Result<(), NotJson> {
    let inner = depth.saturating_add(1);
    match term.view() {
        View::Null => text.push_str("null"),
        View::Bool(value) => text.push_str(if value { "true" } else { "false" }),
        View::Number(number) => {
            text.push_str(&format_json(number).ok_or_else(|| NotJson(format_v(number)))?);
        }
        View::Text(value) => write_json_string(text, value),
        View::Array(items) if items.is_empty() => text.push_str("[]"),
        View::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                new_line(text, layout, inner);
                write_json(text, &item, layout, inner)?;
            }
            new_line(text, layout, depth);
            text.push(']');
        }
        View::Object(members) if members.is_empty() => text.push_str("{}"),
        View::Object(members) => {
            text.push('{');
            for (index, (key, value)) in members.sorted().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                new_line(text, layout, inner);
                write_json_string(text, key);
                text.push_str(if layout == Layout::Indented { ": " } else { ":" });
                write_json(text, &value, layout, inner)?;
            }
            new_line(text, layout, depth);
            text.push('}');
        }
        View::Opaque => text.push_str("{}"),
    }
    Ok(())
}

fn write_json_string(text: &mut String, value: &str) {
    text.push('"');
    for character in value.chars() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\u{8}' => text.push_str("\\b"),
            '\u{c}' => text.push_str("\\f"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                // writing to a String cannot fail
                write!(text, "\\u{:04x}", u32::from(character)).ok();
            }
            plain => text.push(plain),
        }
    }
    text.push('"');
}

/// Stops soon after [`MAX_QUOTED_BYTES`]: the text is for errors.
fn write_go(text: &mut String, term: &Term<'_>) {
    if text.len() > MAX_QUOTED_BYTES {
        return;
    }
    match term.view() {
        View::Null => text.push_str("<nil>"),
        View::Bool(value) => text.push_str(if value { "true" } else { "false" }),
        View::Number(number) => text.push_str(&format_v(number)),
        View::Text(value) => text.push_str(value),
        View::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push(' ');
                }
                write_go(text, &item);
            }
            text.push(']');
        }
        View::Object(members) => {
            text.push_str("map[");
            for (index, (key, value)) in members.sorted().enumerate() {
                if index > 0 {
                    text.push(' ');
                }
                text.push_str(key);
                text.push(':');
                write_go(text, &value);
            }
            text.push(']');
        }
        View::Opaque => text.push_str("{expression}"),
    }
}
