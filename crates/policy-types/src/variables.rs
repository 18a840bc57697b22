//! Variables `{{ … }}` in text, found but not understood.
//!
//! Source: Kyverno 1.19 `pkg/engine/variables/regex`: `(^|[^\\])(\{\{(?:\{[^{}]*\}|[^{}])*\}\})`.

use manifest::{FieldPath, Segment};
use serde_json::Value;

/// Every variable of `text` with its braces, in order. A backslash before the braces makes them plain text.
pub fn variables(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    let mut escaped = false;
    std::iter::from_fn(move || {
        loop {
            let start = rest.find("{{")?;
            let (before, from_braces) = rest.split_at_checked(start)?;
            escaped = before.ends_with('\\') || (escaped && before.is_empty());
            if let Some(length) = variable_length(from_braces).filter(|_| !escaped) {
                let (variable, after) = from_braces.split_at_checked(length)?;
                rest = after;
                return Some(variable);
            }
            // No variable starts here; one may start at the next brace.
            rest = from_braces.get(1..)?;
            escaped = false;
        }
    })
}

/// Whether `text` holds a variable.
#[must_use]
pub fn has_variable(text: &str) -> bool {
    variables(text).next().is_some()
}

/// What stands between the braces of a variable, without blanks around it.
#[must_use]
pub fn expression(variable: &str) -> &str {
    let inner = variable
        .strip_prefix("{{")
        .and_then(|inner| inner.strip_suffix("}}"));
    inner.unwrap_or(variable).trim()
}

/// Length in bytes of the variable at the start of `text`: braces within it must pair on one level.
fn variable_length(text: &str) -> Option<usize> {
    let mut inner = false;
    let mut bytes = text.bytes().enumerate().skip(2).peekable();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'{' if inner => return None,
            b'{' => inner = true,
            b'}' if inner => inner = false,
            b'}' => {
                return bytes
                    .peek()
                    .filter(|(_, next)| *next == b'}')
                    .and_then(|_| at.checked_add(2));
            }
            _ => {}
        }
    }
    None
}

/// Calls `visit` for every text of `value`, keys included, with its path.
pub(crate) fn each_text(value: &Value, path: &mut FieldPath, visit: &mut impl FnMut(&str, &FieldPath)) {
    match value {
        Value::String(text) => visit(text, path),
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                path.push(Segment::Index(index));
                each_text(element, path, visit);
                path.pop();
            }
        }
        Value::Object(fields) => {
            for (key, value) in fields {
                path.push(Segment::Key(key.clone()));
                visit(key, path);
                each_text(value, path, visit);
                path.pop();
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        variables(text).collect()
    }

    #[test]
    fn variables_are_found_with_their_braces() {
        assert_eq!(found("a {{ b }}{{c}} d"), ["{{ b }}", "{{c}}"]);
        assert_eq!(found("{{ to_string({a: b}) }}"), ["{{ to_string({a: b}) }}"]);
        assert_eq!(found("{{ a.{{ b }} }}"), ["{{ b }}"]);
        assert_eq!(found("{{a}"), [] as [&str; 0]);
        assert_eq!(found("{{{x}}}"), ["{{{x}}}"]);
    }

    #[test]
    fn a_backslash_makes_braces_plain_text() {
        assert_eq!(found(r"\{{ a }} {{ b }}"), ["{{ b }}"]);
    }

    #[test]
    fn an_expression_stands_without_braces_and_blanks() {
        assert_eq!(expression("{{ a.b }}"), "a.b");
    }
}
