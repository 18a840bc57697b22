//! What Kubernetes' YAML reader forgives and ours does not, put right before the text is read again.
//!
//! In: a text and the fault found in it. Out: the text with that fault put right, or nothing. Line numbers stay; the
//! value never changes, for what is added or replaced is blank that YAML does not read.

use crate::error::{ManifestError, ManifestFault};

/// Faults put right in one document, in number: each costs reading it once more.
const MAX_REPAIRS: usize = 50;

/// Text read again after repairs of one document, in bytes: 2 MiB. Manifests written by hand are far smaller.
const MAX_REREAD_BYTES: usize = 2 * 1024 * 1024;

/// Columns by which a line is moved in; more than manifests are ever indented by.
const FAR_ENOUGH_COLUMNS: usize = 64;

/// Runs `read` on `text`, and again after each fault that can be put right.
pub(crate) fn read_forgiving<T>(
    text: &str,
    read: impl Fn(&str) -> Result<T, ManifestError>,
) -> Result<T, ManifestError> {
    let mut reading = read(text);
    let mut repaired = String::new();
    let mut reread_bytes: usize = 0;
    for _ in 0..MAX_REPAIRS {
        let Err(error) = &reading else { break };
        reread_bytes = reread_bytes.saturating_add(text.len());
        if reread_bytes > MAX_REREAD_BYTES {
            break;
        }
        let current = if repaired.is_empty() { text } else { &repaired };
        let Some(better) = repair(current, error) else {
            break;
        };
        repaired = better;
        reading = read(&repaired);
    }
    reading
}

fn repair(text: &str, error: &ManifestError) -> Option<String> {
    let ManifestFault::Syntax { detail, .. } = &error.fault else {
        return None;
    };
    let place = error.place?;
    let column = usize::try_from(place.column).ok()?.checked_sub(1)?;
    let at = offset(text, usize::try_from(place.line).ok()?, column)?;
    match detail.as_str() {
        "invalid indentation in quoted scalar" => indent_quoted(text, at),
        "invalid indentation" => indent_flow_line(text, at),
        "':' must be followed by a valid YAML whitespace" => blank_for_tabs(text, at),
        _ => None,
    }
}

/// Offset in bytes of a line (from 1) and column (characters, from 0).
fn offset(text: &str, line: usize, column: usize) -> Option<usize> {
    let mut rest = text;
    for _ in 1..line {
        rest = rest.split_once('\n')?.1;
    }
    let within = rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at);
    text.len().checked_sub(rest.len())?.checked_add(within)
}

/// Lines of a quoted scalar may stand further out than its key; blanks before them mean nothing.
fn indent_quoted(text: &str, start: usize) -> Option<String> {
    let (before, scalar) = text.split_at_checked(start)?;
    let quote = scalar
        .chars()
        .next()
        .filter(|quote| matches!(quote, '"' | '\''))?;
    let line_start = before.rfind('\n').map_or(0, |at| at.saturating_add(1));
    // As far in as the scalar itself is far enough.
    let indent = " ".repeat(start.saturating_sub(line_start));
    let mut repaired = before.to_owned();
    let mut characters = scalar.chars().peekable();
    repaired.extend(characters.next());
    let mut closed = false;
    while let Some(character) = characters.next() {
        repaired.push(character);
        if closed {
            continue;
        }
        match character {
            '\n' => repaired.push_str(&indent),
            '\\' if quote == '"' && characters.peek() != Some(&'\n') => repaired.extend(characters.next()),
            '\'' if quote == '\'' && characters.peek() == Some(&'\'') => repaired.extend(characters.next()),
            _ => closed = character == quote,
        }
    }
    (closed && repaired.len() > text.len()).then_some(repaired)
}

/// Lines of a flow collection may stand further out than its key; only there is this fault found.
fn indent_flow_line(text: &str, at: usize) -> Option<String> {
    let (before, after) = text.split_at_checked(at)?;
    let line_start = before.rfind('\n')?.checked_add(1)?;
    let (lines, blanks) = before.split_at_checked(line_start)?;
    blanks
        .trim()
        .is_empty()
        .then(|| format!("{lines}{blanks}{}{after}", " ".repeat(FAR_ENOUGH_COLUMNS)))
}

/// Tabs may stand between a colon and its value.
fn blank_for_tabs(text: &str, at: usize) -> Option<String> {
    let (before, after) = text.split_at_checked(at)?;
    let kept = before.trim_end_matches([' ', '\t']);
    let blanks = before.len().saturating_sub(kept.len());
    (kept.ends_with(':') && blanks > 0).then(|| format!("{kept}{}{after}", " ".repeat(blanks)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::reader::read_value;

    #[test]
    fn lines_of_a_quoted_scalar_may_stand_further_out_than_its_key() {
        let text = "a:\n  b: 'one\ntwo''s\n\n three'\n  c: \"x \\\ny\"\n  d: 1\n";
        assert_eq!(
            read_value(text),
            Ok(json!({"a": {"b": "one two's\nthree", "c": "x y", "d": 1}}))
        );
    }

    #[test]
    fn lines_of_a_flow_collection_may_stand_further_out_than_its_key() {
        let text = "a:\n  b: [\n1,\n 2\n]\n  c: 1\n";
        assert_eq!(read_value(text), Ok(json!({"a": {"b": [1, 2], "c": 1}})));
    }

    #[test]
    fn a_tab_may_stand_between_a_key_and_its_value() {
        assert_eq!(read_value("a:\t1\nb: \t x\n"), Ok(json!({"a": 1, "b": "x"})));
    }

    #[test]
    fn a_quoted_scalar_without_end_is_refused() {
        assert!(read_value("a:\n  b: 'one\ntwo\n").is_err());
    }
}
