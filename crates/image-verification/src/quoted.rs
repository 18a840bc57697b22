//! Foreign text in a message: one line, and short.
//!
//! Names, digests and types come from whoever pushed the artifact; a message that repeats them must not let them write
//! further lines, or fill a log.

/// Characters that a message repeats of a foreign text.
const MOST_CHARACTERS: usize = 500;

/// `text` without control characters, cut after [`MOST_CHARACTERS`].
pub(crate) fn quoted(text: &str) -> String {
    let mut characters = text.chars();
    let mut shown: String = characters
        .by_ref()
        .take(MOST_CHARACTERS)
        .map(|character| {
            if is_harmless(character) {
                character
            } else {
                '\u{fffd}'
            }
        })
        .collect();
    if characters.next().is_some() {
        shown.push('…');
    }
    shown
}

/// Control characters begin lines and colour terminals; those that turn the direction of writing hide what is written.
fn is_harmless(character: char) -> bool {
    let turns =
        matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let breaks = matches!(character, '\u{2028}' | '\u{2029}');
    !(character.is_control() || turns || breaks)
}

#[cfg(test)]
mod tests {
    use super::{MOST_CHARACTERS, quoted};

    #[test]
    fn foreign_text_stays_in_its_line_and_is_short() {
        assert_eq!(quoted("sha256:ab\nverified"), "sha256:ab\u{fffd}verified");
        assert_eq!(quoted("a\u{1b}[31mb\u{202e}c"), "a\u{fffd}[31mb\u{fffd}c");
        assert_eq!(quoted("dév@acme.example"), "dév@acme.example");
        assert_eq!(
            quoted(&"a".repeat(MOST_CHARACTERS)).chars().count(),
            MOST_CHARACTERS
        );
        assert_eq!(quoted(&"a".repeat(10_000)).chars().count(), MOST_CHARACTERS + 1);
    }
}
