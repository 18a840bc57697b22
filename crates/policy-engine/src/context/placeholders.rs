//! Where variables `{{…}}` and references `$(…)` stand in a text.
//!
//! In: a text. Out: spans of it, left to right, never overlapping. One pass, no backtracking.
//!
//! Behaviour: the regular expressions of Kyverno 1.19 pkg/engine/variables/regex. A variable may hold single braces one
//! level deep (`{{ {a: b} }}`) and no others, so of nested variables the innermost is found.

use std::ops::Range;

/// The spans of variables: `{{…}}` that no backslash precedes.
#[must_use]
pub fn variables(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = find(bytes, at, b"{{") {
        let escaped = start.checked_sub(1).and_then(|before| bytes.get(before)) == Some(&b'\\');
        match variable_end(bytes, start + 2) {
            Some(end) if !escaped => {
                found.push(start..end);
                at = end;
            }
            _ => at = start + 1,
        }
    }
    found
}

/// The end of a variable whose inside begins at `at`: past text without braces and `{…}` groups, then `}}`.
fn variable_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match bytes.get(at)? {
            b'}' => return (bytes.get(at + 1) == Some(&b'}')).then_some(at + 2),
            b'{' => {
                let inside = bytes.get(at + 1..)?;
                let length = inside.iter().position(|byte| matches!(byte, b'{' | b'}'))?;
                if inside.get(length) != Some(&b'}') {
                    return None;
                }
                at += length + 2;
            }
            _ => at += 1,
        }
    }
}

/// The expression in a variable: all double braces dropped, trimmed, and whether a leading `-` marks it as shallow.
#[must_use]
pub fn expression_of(variable: &str) -> (String, bool) {
    let inside = variable.replace("{{", "").replace("}}", "");
    let inside = inside.trim();
    match inside.strip_prefix('-') {
        Some(shallow) => (shallow.trim().to_owned(), true),
        None => (inside.to_owned(), false),
    }
}

/// The spans of references: `$(` and at least one character up to the last `)` before a space, not after a backslash.
#[must_use]
pub fn references(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = find(text.as_bytes(), at, b"$(") {
        let escaped = start > 0 && text.as_bytes().get(start - 1) == Some(&b'\\');
        match reference_end(text, start + 2) {
            Some(end) if !escaped => {
                found.push(start..end);
                at = end;
            }
            _ => at = start + 1,
        }
    }
    found
}

/// One character of any kind but a line feed, then anything but spaces, up to the last `)` of it.
fn reference_end(text: &str, at: usize) -> Option<usize> {
    let rest = text.get(at..)?;
    let first = rest.chars().next().filter(|first| *first != '\n')?;
    let after = rest.get(first.len_utf8()..)?;
    let run = after.split(' ').next()?;
    let close = run.rfind(')')?;
    Some(at + first.len_utf8() + close + 1)
}

/// The text with `\$(…)` unescaped.
#[must_use]
pub fn unescape_references(text: &str) -> String {
    text.replace("\\$(", "$(")
}

fn find(bytes: &[u8], from: usize, wanted: &[u8]) -> Option<usize> {
    let rest = bytes.get(from..)?;
    rest.windows(wanted.len())
        .position(|window| window == wanted)
        .map(|position| from + position)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        variables(text)
            .into_iter()
            .map(|span| text.get(span).unwrap())
            .collect()
    }

    #[test]
    fn of_nested_variables_the_innermost_is_found() {
        assert_eq!(found("{{ a.{{b}} }}"), ["{{b}}"]);
        assert_eq!(found("x{{a}}y{{ b || '' }}"), ["{{a}}", "{{ b || '' }}"]);
        assert_eq!(found("{{ {a: b, c: d} }}"), ["{{ {a: b, c: d} }}"]);
        assert_eq!(found("{{ x.{a: b}.a }}"), ["{{ x.{a: b}.a }}"]);
        assert_eq!(found("{{{a}}}"), ["{{{a}}}"]);
        assert_eq!(found("{{}}"), ["{{}}"]);
    }

    #[test]
    fn an_escaped_or_unclosed_variable_is_text() {
        for text in [r"\{{a}}", "{{a}", "{{a", "{a}", "{{ a } }}", "{{"] {
            assert!(found(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn a_leading_minus_makes_a_variable_shallow() {
        assert_eq!(expression_of("{{ a.b }}"), ("a.b".to_owned(), false));
        assert_eq!(expression_of("{{- a }}"), ("a".to_owned(), true));
    }

    #[test]
    fn references_end_at_the_last_bracket_before_a_space() {
        let found = |text: &'static str| {
            references(text)
                .into_iter()
                .map(|span| text.get(span).unwrap())
                .collect::<Vec<_>>()
        };
        assert_eq!(found("$(./../a)"), ["$(./../a)"]);
        assert_eq!(found("x $(<=./../(b)/c) y"), ["$(<=./../(b)/c)"]);
        assert!(found(r"\$(a) $() $(b c)").is_empty());
        assert_eq!(unescape_references(r"\$(a)"), "$(a)");
    }
}
