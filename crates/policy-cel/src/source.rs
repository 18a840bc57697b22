//! Where in the text something stands, and how cel-go shows it.
//!
//! In: the source text and byte offsets. Out: line and column, and the two lines with the caret. Never panics on an offset that is no boundary.

use crate::limits::MAX_SNIPPET_BYTES;

/// A place in an expression: both numbers count from 1, columns in code points
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1
    pub line: usize,
    /// Column in code points, from 1
    pub column: usize,
}

/// Line and column of the byte `offset` in `text`; an offset beyond the end counts as the end.
pub(crate) fn position(text: &str, offset: usize) -> Position {
    let mut at = Position { line: 1, column: 1 };
    for (index, character) in text.char_indices() {
        if index >= offset {
            break;
        }
        if character == '\n' {
            at.line = at.line.saturating_add(1);
            at.column = 1;
        } else {
            at.column = at.column.saturating_add(1);
        }
    }
    at
}

/// The error line as cel-go prints it, with the source line and a caret below it.
///
/// Without a position cel-go prints `-1:0` and no source line.
pub(crate) fn display_error(text: &str, at: Option<Position>, message: &str) -> String {
    let Some(at) = at else {
        return format!("ERROR: <input>:-1:0: {message}");
    };
    let mut out = format!("ERROR: <input>:{}:{}: {message}", at.line, at.column);
    let line = text
        .split('\n')
        .nth(at.line.saturating_sub(1))
        .filter(|line| line.len() <= MAX_SNIPPET_BYTES);
    let Some(line) = line else {
        return out;
    };
    out.push_str("\n | ");
    out.extend(
        line.chars()
            .map(|character| if character == '\t' { ' ' } else { character }),
    );
    out.push_str("\n | ");
    let mut characters = line.chars();
    for character in characters.by_ref().take(at.column.saturating_sub(1)) {
        out.push(if character.len_utf8() > 1 { '\u{ff0e}' } else { '.' });
    }
    out.push(
        if characters
            .next()
            .is_some_and(|character| character.len_utf8() > 1)
        {
            '\u{ff3e}'
        } else {
            '^'
        },
    );
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caret_stands_under_the_column_even_after_wide_characters() {
        let text = "'é' +\n\tx";
        let at = position(text, text.len() - 1);
        assert_eq!(at, Position { line: 2, column: 2 });
        assert_eq!(
            display_error(text, Some(at), "no"),
            "ERROR: <input>:2:2: no\n |  x\n | .^"
        );
        let wide = position(text, 2);
        assert_eq!(
            display_error(text, Some(wide), "no"),
            "ERROR: <input>:1:3: no\n | 'é' +\n | .\u{ff0e}^"
        );
    }

    #[test]
    fn an_error_without_a_place_is_printed_as_cel_go_prints_it() {
        assert_eq!(
            display_error("x", None, "too deep"),
            "ERROR: <input>:-1:0: too deep"
        );
    }
}
