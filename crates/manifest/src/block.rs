//! The YAML that most manifests are written in, read several times faster than by the full parser.
//!
//! In: the text of one document. Out: its value, or `None` for a text that uses anything else; the full parser reads
//! that, and reports the faults. So this reader can be slow to accept, but must never accept what the full parser
//! reads otherwise: a property test holds the two against each other.
//!
//! Read here: ASCII; block mappings and sequences; plain and quoted scalars on one line; literal blocks (`|`);
//! flow collections on one line; comments. Not read here: anchors, aliases, tags, merge keys, folded blocks, scalars
//! and flow collections over several lines, tabs.

use serde_json::map::Entry;
use serde_json::{Map, Value};

use crate::flow;
use crate::limits::MAX_DEPTH;
use crate::scalar;

/// Longest key read here, in bytes; the YAML specification ends implicit keys at 1024 characters.
const MAX_KEY_BYTES: usize = 1000;

/// The value of the document, if the text is all of the kind that is read here.
pub(crate) fn read(text: &str) -> Option<Value> {
    if !text.bytes().all(|byte| matches!(byte, b'\n' | b' '..=b'~')) {
        return None;
    }
    let mut reader = Reader {
        rest: text,
        line: None,
    };
    if let Some(after) = text.strip_prefix("---") {
        let (first, rest) = after.split_once('\n')?;
        is_trailer(first).then_some(())?;
        reader.rest = rest;
    }
    let line = reader.peek()?;
    let value = reader.block(line.indent, 1)?;
    // `...` ends a document wherever it starts a line.
    (reader.peek().is_none() && !text.starts_with("...") && !text.contains("\n...")).then_some(value)
}

/// A line with something on it.
#[derive(Debug, Clone, Copy)]
struct Line<'t> {
    /// Spaces before the content; in `- a: b` the content of the element stands two spaces in.
    indent: usize,
    /// The content, without blanks at its end.
    content: &'t str,
}

struct Reader<'t> {
    /// The text after the current line.
    rest: &'t str,
    /// The line looked at but not yet read.
    line: Option<Line<'t>>,
}

impl<'t> Reader<'t> {
    /// The next line with content.
    fn peek(&mut self) -> Option<Line<'t>> {
        while self.line.is_none() && !self.rest.is_empty() {
            let (raw, rest) = self.rest.split_once('\n').unwrap_or((self.rest, ""));
            self.rest = rest;
            let content = raw.trim_start_matches(' ');
            if !content.is_empty() && !content.starts_with('#') {
                let indent = raw.len().saturating_sub(content.len());
                self.line = Some(Line {
                    indent,
                    content: content.trim_end_matches(' '),
                });
            }
        }
        self.line
    }

    /// The mapping or sequence whose first line is the next one, which stands at `indent`.
    fn block(&mut self, indent: usize, depth: usize) -> Option<Value> {
        if depth > MAX_DEPTH {
            return None;
        }
        let line = self.peek()?;
        if after_dash(line.content).is_some() {
            self.sequence(indent, depth)
        } else {
            self.mapping(indent, depth)
        }
    }

    fn sequence(&mut self, indent: usize, depth: usize) -> Option<Value> {
        let mut elements = Vec::new();
        while let Some(line) = self.peek().filter(|line| line.indent >= indent) {
            if line.indent > indent {
                return None;
            }
            let Some(content) = after_dash(line.content) else {
                break;
            };
            self.line = None;
            let offset = line.content.len().saturating_sub(content.len());
            let element = if content.is_empty() || content.starts_with('#') {
                self.nested(indent, depth)?
            } else if after_dash(content).is_some() || split_key(content).is_some() {
                let inner = Line {
                    indent: indent.checked_add(offset)?,
                    content,
                };
                self.line = Some(inner);
                self.block(inner.indent, depth.checked_add(1)?)?
            } else {
                self.inline(content, indent, depth)?
            };
            elements.push(element);
        }
        Some(Value::Array(elements))
    }

    fn mapping(&mut self, indent: usize, depth: usize) -> Option<Value> {
        let mut fields = Map::new();
        while let Some(line) = self.peek().filter(|line| line.indent >= indent) {
            if line.indent > indent || after_dash(line.content).is_some() {
                return None;
            }
            let (key, content) = split_key(line.content)?;
            self.line = None;
            let Entry::Vacant(field) = fields.entry(key) else {
                return None;
            };
            let value = if content.is_empty() || content.starts_with('#') {
                self.field(indent, depth)?
            } else {
                self.inline(content, indent, depth)?
            };
            field.insert(value);
        }
        Some(Value::Object(fields))
    }

    /// The value of a key with nothing after it: what stands further in, a sequence at the same indent, or null.
    fn field(&mut self, indent: usize, depth: usize) -> Option<Value> {
        match self.peek() {
            Some(line) if line.indent == indent && after_dash(line.content).is_some() => {
                self.block(indent, depth.checked_add(1)?)
            }
            _ => self.nested(indent, depth),
        }
    }

    /// The value of a dash or key with nothing after it: what stands further in, or null.
    fn nested(&mut self, indent: usize, depth: usize) -> Option<Value> {
        match self.peek() {
            Some(line) if line.indent > indent => self.block(line.indent, depth.checked_add(1)?),
            _ => Some(Value::Null),
        }
    }

    /// A value that starts on the line of its key or dash.
    fn inline(&mut self, content: &'t str, indent: usize, depth: usize) -> Option<Value> {
        let value = match content.bytes().next()? {
            b'|' => return self.literal(content, indent),
            b'"' | b'\'' => {
                let (text, rest) = flow::quoted(content)?;
                is_trailer(rest).then_some(Value::String(text))?
            }
            b'{' | b'[' => {
                let (value, rest) = flow::collection(content, depth.checked_add(1)?)?;
                is_trailer(rest).then_some(value)?
            }
            _ => plain(content)?,
        };
        // A line further in would continue the scalar.
        match self.peek() {
            Some(line) if line.indent > indent => None,
            _ => Some(value),
        }
    }

    /// A literal block: the lines further in than `indent`, as they stand.
    fn literal(&mut self, header: &str, indent: usize) -> Option<Value> {
        let (keep_last_break, comment) = match header.strip_prefix("|-") {
            Some(comment) => (false, comment),
            None => (true, header.strip_prefix('|')?),
        };
        is_trailer(comment).then_some(())?;
        let mut text = String::new();
        let mut block_indent = None;
        let mut blank_lines: usize = 0;
        while let Some((raw, rest)) = self.rest.split_once('\n') {
            let spaces = raw.len().saturating_sub(raw.trim_start_matches(' ').len());
            if spaces == raw.len() {
                // Blanks of a blank line may belong to the text: leave that to the full parser.
                (spaces <= block_indent.unwrap_or(0)).then_some(())?;
                blank_lines = blank_lines.checked_add(1)?;
                self.rest = rest;
                continue;
            }
            if spaces <= indent {
                break;
            }
            let content = raw.get(*block_indent.get_or_insert(spaces)..)?;
            // A line further out than the first one.
            (spaces >= block_indent?).then_some(())?;
            text.extend(std::iter::repeat_n('\n', std::mem::take(&mut blank_lines)));
            text.push_str(content);
            text.push('\n');
            self.rest = rest;
        }
        if self.rest.bytes().next().is_some() && !self.rest.contains('\n') {
            // A last line without line break: the full parser decides what it means.
            return None;
        }
        if text.is_empty() {
            return None;
        }
        if !keep_last_break {
            text.pop();
        }
        Some(Value::String(text))
    }
}

/// What follows the dash of a sequence's element, blanks left out; `None` if there is no dash.
fn after_dash(content: &str) -> Option<&str> {
    let rest = content.strip_prefix('-')?;
    (rest.is_empty() || rest.starts_with(' ')).then(|| rest.trim_start_matches(' '))
}

/// The key at the start of `content`, and what follows its colon, blanks left out.
fn split_key(content: &str) -> Option<(String, &str)> {
    let (key, rest) = match content.bytes().next()? {
        b'"' | b'\'' => flow::quoted(content)?,
        _ => {
            let end = key_end(content)?;
            let (key, rest) = content.split_at_checked(end)?;
            if !starts_plain(key) || key.ends_with(' ') || key.contains(" #") || key == "<<" {
                return None;
            }
            (scalar::resolve(key).into_key().ok()?, rest)
        }
    };
    if key.len() > MAX_KEY_BYTES {
        return None;
    }
    let value = rest.strip_prefix(':')?;
    (value.is_empty() || value.starts_with(' ')).then(|| (key, value.trim_start_matches(' ')))
}

/// Where the first colon stands that a blank or the end of the line follows.
fn key_end(content: &str) -> Option<usize> {
    let bytes = content.as_bytes();
    bytes.iter().enumerate().find_map(|(at, byte)| {
        let next = || bytes.get(at.saturating_add(1));
        (*byte == b':' && matches!(next(), None | Some(b' '))).then_some(at)
    })
}

/// A plain scalar that fills the line, but for a comment.
fn plain(content: &str) -> Option<Value> {
    let text = match content.find(" #") {
        Some(end) => content.get(..end)?.trim_end_matches(' '),
        None => content,
    };
    if !starts_plain(text) || text.ends_with(':') || text.contains(": ") {
        return None;
    }
    scalar::resolve(text).into_value(text).ok()
}

/// Whether a plain scalar may start so. Only characters that mean nothing else to YAML.
pub(crate) fn starts_plain(text: &str) -> bool {
    let mut bytes = text.bytes();
    match bytes.next() {
        Some(b'-') => bytes.next().is_some_and(|next| next.is_ascii_alphanumeric()),
        Some(first) => first.is_ascii_alphanumeric() || b"_./$()+~=<^;\\".contains(&first),
        None => false,
    }
}

/// Whether nothing but a comment is left on a line.
fn is_trailer(rest: &str) -> bool {
    let blanks = rest.trim_start_matches(' ');
    blanks.is_empty() || (blanks.starts_with('#') && blanks.len() < rest.len())
}

#[cfg(test)]
mod tests;
