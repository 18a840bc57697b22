//! Pieces of text in Common Expression Language: strings, fields, wildcards.

use crate::formula::Formula;

/// Words that the language keeps for itself; as fields they are written as keys.
const RESERVED: [&str; 20] = [
    "as", "break", "const", "continue", "else", "false", "for", "function", "if", "import", "in", "let",
    "loop", "null", "package", "return", "true", "var", "void", "while",
];

/// `text` as a string literal.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::from("'");
    for letter in text.chars() {
        match letter {
            '\\' => out.push_str(r"\\"),
            '\'' => out.push_str(r"\'"),
            '\n' => out.push_str(r"\n"),
            '\r' => out.push_str(r"\r"),
            '\t' => out.push_str(r"\t"),
            other => out.push(other),
        }
    }
    out.push('\'');
    out
}

/// A list of string literals.
pub(crate) fn quoted_list<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    let quoted: Vec<String> = texts.into_iter().map(quoted).collect();
    format!("[{}]", quoted.join(", "))
}

/// Whether `name` can stand behind a dot.
fn is_field(name: &str) -> bool {
    let starts = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    starts
        && name
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
        && !RESERVED.contains(&name)
}

/// The value under `key` of the map `holder`.
pub(crate) fn member(holder: &str, key: &str) -> String {
    if is_field(key) {
        format!("{holder}.{key}")
    } else {
        format!("{holder}[{}]", quoted(key))
    }
}

/// Whether `key` is in the map `holder`.
pub(crate) fn has_member(holder: &str, key: &str) -> Formula {
    if is_field(key) {
        Formula::test(format!("has({holder}.{key})"))
    } else {
        Formula::test(format!("{} in {holder}", quoted(key)))
    }
}

/// Whether the string `text` is drawn by `pattern`: `*` any run, `?` one character.
pub(crate) fn wildcard(text: &str, pattern: &str) -> Formula {
    let inner = pattern.trim_matches('*');
    let is_plain = !inner.contains(['*', '?']);
    let (open_start, open_end) = (pattern.starts_with('*'), pattern.ends_with('*'));
    if !pattern.is_empty() && inner.is_empty() {
        return Formula::TRUE;
    }
    let call = |function: &str| Formula::test(format!("{text}.{function}({})", quoted(inner)));
    match (is_plain, open_start, open_end) {
        (true, false, false) => Formula::test(format!("{text} == {}", quoted(pattern))),
        (true, true, false) => call("endsWith"),
        (true, false, true) => call("startsWith"),
        (true, true, true) => call("contains"),
        (false, ..) if matches!(pattern, "?*" | "*?") => Formula::test(format!("{text} != ''")),
        (false, ..) => Formula::test(format!("{text}.matches({})", quoted(&expression_of(pattern)))),
    }
}

/// `pattern` as a regular expression on the whole text.
pub(crate) fn expression_of(pattern: &str) -> String {
    let mut expression = String::from("(?s)^");
    let mut literal = String::new();
    for letter in pattern.chars() {
        let part = match letter {
            '*' => ".*",
            '?' => ".",
            other => {
                literal.push(other);
                continue;
            }
        };
        expression.push_str(&regex::escape(&literal));
        literal.clear();
        expression.push_str(part);
    }
    expression.push_str(&regex::escape(&literal));
    expression.push('$');
    expression
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_becomes_the_plainest_test_that_says_it() {
        for (pattern, expected) in [
            ("nginx", "t == 'nginx'"),
            ("ghcr.io/*", "t.startsWith('ghcr.io/')"),
            ("*:latest", "t.endsWith(':latest')"),
            ("*@*", "t.contains('@')"),
            ("*", "true"),
            ("?*", "t != ''"),
            ("", "t == ''"),
            ("a*b", r"t.matches('(?s)^a.*b$')"),
            ("it's?", r"t.matches('(?s)^it\'s.$')"),
        ] {
            assert_eq!(wildcard("t", pattern).write(), expected, "{pattern}");
        }
    }

    #[test]
    fn keys_that_are_no_names_are_written_as_keys() {
        assert_eq!(member("m", "app"), "m.app");
        assert_eq!(
            member("m", "app.kubernetes.io/name"),
            "m['app.kubernetes.io/name']"
        );
        assert_eq!(has_member("m", "if").write(), "'if' in m");
    }
}
