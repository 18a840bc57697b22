//! A file cut into its documents, so that one broken document does not hide the faults of the next, and so that
//! several cores can read one file.
//!
//! A line that starts with `---` and a blank ends a document everywhere in YAML: block scalars end there, and inside
//! quotes such a line is forbidden. JSON cannot hold a line break inside a string. Only directives (`%YAML`, `%TAG`)
//! stand before the line they belong to; a text that has any is left whole.

/// One document's text, the line that starts it included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Piece<'a> {
    /// The line of the file at which the text starts, counted from 1.
    pub(crate) first_line: u32,
    pub(crate) text: &'a str,
}

/// The pieces of `text` in order; pieces without content are left out.
pub(crate) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.starts_with('%') || text.contains("\n%") {
        return vec![Piece { first_line: 1, text }];
    }
    let mut pieces = Vec::new();
    let mut rest = text;
    let mut first_line: u32 = 1;
    loop {
        let end = end_of_first_document(rest);
        let (piece, after) = end
            .and_then(|end| rest.split_at_checked(end))
            .unwrap_or((rest, ""));
        if has_content(piece) {
            pieces.push(Piece {
                first_line,
                text: piece,
            });
        }
        if end.is_none() {
            return pieces;
        }
        let lines = piece.bytes().filter(|byte| *byte == b'\n').count();
        first_line = first_line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
        rest = after;
    }
}

/// Where the second document starts: a `---` line that is not the first line.
fn end_of_first_document(text: &str) -> Option<usize> {
    text.match_indices("\n---").find_map(|(at, _)| {
        let end = at.checked_add(4)?;
        let next = text.as_bytes().get(end);
        matches!(next, None | Some(b' ' | b'\t' | b'\r' | b'\n')).then_some(at.checked_add(1)?)
    })
}

/// Whether a piece says anything besides its `---` line, comments and blanks.
fn has_content(piece: &str) -> bool {
    let body = piece.strip_prefix("---").unwrap_or(piece);
    body.lines()
        .map(str::trim_start)
        .any(|line| !line.is_empty() && !line.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<(u32, &str)> {
        pieces(text)
            .into_iter()
            .map(|piece| (piece.first_line, piece.text))
            .collect()
    }

    #[test]
    fn a_file_is_cut_at_lines_of_three_dashes() {
        assert_eq!(texts("a: 1\n---\nb: 2\n"), [(1, "a: 1\n"), (2, "---\nb: 2\n")]);
        assert_eq!(
            texts("---\na: 1\n--- # next\nb: 2"),
            [(1, "---\na: 1\n"), (3, "--- # next\nb: 2")]
        );
        assert_eq!(
            texts("a: 1\r\n---\r\nb: 2\r\n"),
            [(1, "a: 1\r\n"), (2, "---\r\nb: 2\r\n")]
        );
    }

    #[test]
    fn dashes_that_start_no_document_do_not_cut() {
        assert_eq!(texts("a: |\n  ---\n  b\n").len(), 1);
        assert_eq!(texts("a: 1\n---b: 2\n").len(), 1);
        assert_eq!(texts("- a\n----\n").len(), 1);
    }

    #[test]
    fn documents_without_content_are_left_out() {
        assert_eq!(texts("---\n# nothing\n---\na: 1\n---\n"), [(3, "---\na: 1\n")]);
        assert!(texts("").is_empty());
        assert!(texts("---").is_empty());
    }

    #[test]
    fn a_text_with_directives_stays_whole() {
        assert_eq!(texts("%YAML 1.1\n---\na: 1\n---\nb: 2\n").len(), 1);
    }
}
