//! Anchored keys of a patch: `(key)`, `<(key)`, `+(key)`.

use serde_json::Value;

/// A key of a patch, with what its anchor says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PatchKey<'a> {
    /// No anchor: merged
    Plain(&'a str),
    /// `(key)`: the element or patch applies only where the value matches
    Condition(&'a str),
    /// `<(key)`: the whole patch applies only where the value matches
    Global(&'a str),
    /// `+(key)`: merged only where the resource lacks the key
    AddIfAbsent(&'a str),
    /// `=(key)`, `X(key)`, `^(key)`, whole: means something below a condition only, to the pattern matcher
    Validation(&'a str),
}

impl<'a> PatchKey<'a> {
    pub(super) fn parse(key: &'a str) -> Self {
        match split_anchor(key.trim()) {
            None => Self::Plain(key),
            Some(("", inner)) => Self::Condition(inner),
            Some(("<", inner)) => Self::Global(inner),
            Some(("+", inner)) => Self::AddIfAbsent(inner),
            Some(_) => Self::Validation(key),
        }
    }
}

/// Modifier and key of `modifier(key)`; the key is not empty.
fn split_anchor(text: &str) -> Option<(&str, &str)> {
    let inside = text.strip_suffix(')')?;
    let (modifier, key) = inside.split_once('(')?;
    let is_modifier = matches!(modifier, "" | "+" | "<" | "=" | "X" | "^");
    (is_modifier && !key.is_empty()).then_some((modifier, key))
}

/// Whether a key anywhere in `pattern` has an anchor that `is_wanted`.
pub(super) fn has_anchor(pattern: &Value, is_wanted: fn(PatchKey<'_>) -> bool) -> bool {
    match pattern {
        Value::Object(map) => map
            .iter()
            .any(|(key, value)| is_wanted(PatchKey::parse(key)) || has_anchor(value, is_wanted)),
        Value::Array(list) => list.iter().any(|element| has_anchor(element, is_wanted)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// Whether the key has an anchor that patches know.
pub(super) fn is_anchored(key: PatchKey<'_>) -> bool {
    matches!(
        key,
        PatchKey::Condition(_) | PatchKey::Global(_) | PatchKey::AddIfAbsent(_)
    )
}

/// Whether the key is a global condition.
pub(super) fn is_global(key: PatchKey<'_>) -> bool {
    matches!(key, PatchKey::Global(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_told_from_plain_keys() {
        for (key, parsed) in [
            ("name", PatchKey::Plain("name")),
            ("(name)", PatchKey::Condition("name")),
            (" <(image) ", PatchKey::Global("image")),
            ("+(a.b/c)", PatchKey::AddIfAbsent("a.b/c")),
            ("()", PatchKey::Plain("()")),
            ("f(x)", PatchKey::Plain("f(x)")),
            ("((x))", PatchKey::Condition("(x)")),
        ] {
            assert_eq!(PatchKey::parse(key), parsed, "{key}");
        }
    }

    #[test]
    fn anchors_of_validation_are_told_apart_from_those_of_patches() {
        for key in ["=(a)", "X(a)", "^(a)"] {
            assert_eq!(PatchKey::parse(key), PatchKey::Validation(key));
        }
    }
}
