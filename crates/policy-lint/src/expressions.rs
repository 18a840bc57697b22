//! One policy in Common Expression Language under lint: its document, its compiled form, its expressions as texts.
//!
//! Expressions are read as texts, with literals left out: what a name stands for is enough to tell whether anybody asks for
//! it. Where a name is computed, nothing is told.

use std::collections::BTreeSet;

use manifest::{Document, FieldPath, Segment};
use policy_engine::policy::CompiledPolicy;
use policy_types::policies_kyverno_io::image_validating_policy::ImagesSpec;
use serde_json::Value;

/// A policy.
#[derive(Debug)]
pub(crate) struct ExpressionSource<'p> {
    pub(crate) compiled: &'p CompiledPolicy,
    pub(crate) document: &'p Document,
    /// What it says of images; none for kinds that speak of none
    pub(crate) images: Option<ImagesSpec>,
    pub(crate) expressions: Vec<Expression<'p>>,
}

/// An expression of the policy.
#[derive(Debug)]
pub(crate) struct Expression<'p> {
    pub(crate) path: FieldPath,
    pub(crate) text: &'p str,
    /// The text, with blanks for what stands in literals and comments
    bare: String,
}

/// Which fields of a variable are named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Names {
    /// Any may be: the name of one is computed, or all are taken.
    Any,
    /// These.
    These(BTreeSet<String>),
}

impl Names {
    /// Whether `name` may be among them.
    pub(crate) fn include(&self, name: &str) -> bool {
        match self {
            Self::Any => true,
            Self::These(names) => names.contains(name),
        }
    }
}

impl<'p> ExpressionSource<'p> {
    pub(crate) fn new(
        compiled: &'p CompiledPolicy,
        document: &'p Document,
        images: Option<ImagesSpec>,
    ) -> Self {
        let mut expressions = Vec::new();
        gather(&document.value, &mut FieldPath::root(), &mut expressions);
        Self {
            compiled,
            document,
            images,
            expressions,
        }
    }

    /// `spec`, or what stands in it under a JSON pointer.
    pub(crate) fn spec(&self, pointer: &str) -> Option<&'p Value> {
        self.document.value.get("spec")?.pointer(pointer)
    }

    /// The texts in the list under a JSON pointer in `spec`, each with its place.
    pub(crate) fn listed(&self, pointer: &str) -> Vec<&'p Value> {
        let listed = self.spec(pointer).and_then(Value::as_array);
        listed.map_or(&[][..], Vec::as_slice).iter().collect()
    }

    /// Whether any expression calls `function`.
    pub(crate) fn calls(&self, function: &str) -> bool {
        self.expressions
            .iter()
            .any(|expression| expression.calls(function))
    }

    /// Which fields of `variable` expressions name.
    pub(crate) fn names(&self, variable: &str) -> Names {
        let mut all = BTreeSet::new();
        for expression in &self.expressions {
            match expression.names(variable) {
                Names::Any => return Names::Any,
                Names::These(names) => all.extend(names),
            }
        }
        Names::These(all)
    }
}

impl Expression<'_> {
    /// Whether the expression calls `function`.
    pub(crate) fn calls(&self, function: &str) -> bool {
        self.words(function)
            .any(|after| after.trim_start().starts_with('('))
    }

    /// Whether the variable is named.
    pub(crate) fn uses(&self, variable: &str) -> bool {
        self.words(variable).next().is_some()
    }

    /// The text without literals and blanks.
    pub(crate) fn packed(&self) -> String {
        self.bare
            .chars()
            .filter(|letter| !letter.is_whitespace())
            .collect()
    }

    fn names(&self, variable: &str) -> Names {
        let mut names = BTreeSet::new();
        for after in self.words(variable) {
            let at = self.bare.len().saturating_sub(after.len());
            let written = self.text.get(at..).unwrap_or_default();
            let Some(name) = field_of(written) else {
                return Names::Any;
            };
            names.insert(name);
        }
        Names::These(names)
    }

    /// What follows each place where `word` stands by itself.
    fn words(&self, word: &str) -> impl Iterator<Item = &str> {
        self.bare.match_indices(word).filter_map(move |(at, found)| {
            let before = self.bare.get(..at)?.chars().next_back();
            let after = self.bare.get(at.checked_add(found.len())?..)?;
            let is_apart = |letter: Option<char>| {
                !letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_')
            };
            (is_apart(before) && before != Some('.') && is_apart(after.chars().next())).then_some(after)
        })
    }
}

/// `.name`, `.?name`, `["name"]` or `[?"name"]` as the name.
fn field_of(after: &str) -> Option<String> {
    let text = after.trim_start();
    if let Some(rest) = text.strip_prefix('.') {
        let rest = rest.trim_start_matches(['?', '`']);
        let name: String = rest
            .chars()
            .take_while(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-'))
            .collect();
        let is_call = rest
            .get(name.len()..)
            .is_some_and(|rest| rest.trim_start().starts_with('('));
        return (!name.is_empty() && !is_call).then_some(name);
    }
    let inner = text.strip_prefix('[')?.trim_start().trim_start_matches('?');
    let quote = inner
        .chars()
        .next()
        .filter(|letter| matches!(letter, '"' | '\''))?;
    let (name, rest) = inner.get(1..)?.split_once(quote)?;
    rest.trim_start().starts_with(']').then(|| name.to_owned())
}

/// Gathers what stands under keys that end in `xpression`. Recursion is bounded by the depth of the document.
fn gather<'p>(value: &'p Value, path: &mut FieldPath, found: &mut Vec<Expression<'p>>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                path.push(Segment::Key(key.clone()));
                match value.as_str().filter(|_| key.ends_with("xpression")) {
                    Some(text) => found.push(Expression {
                        path: path.clone(),
                        text,
                        bare: without_literals(text),
                    }),
                    None => gather(value, path, found),
                }
                path.pop();
            }
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                path.push(Segment::Index(index));
                gather(element, path, found);
                path.pop();
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The text, as long as before, with a blank for each byte within literals and comments.
fn without_literals(text: &str) -> String {
    let mut bare = String::with_capacity(text.len());
    let mut rest = text;
    let mut is_raw = false;
    while let Some(letter) = rest.chars().next() {
        let opener = ["\"\"\"", "'''", "\"", "'", "//"]
            .into_iter()
            .find(|opener| rest.starts_with(opener));
        let Some(opener) = opener else {
            bare.push(letter);
            is_raw = matches!(letter, 'r' | 'R');
            rest = rest.get(letter.len_utf8()..).unwrap_or_default();
            continue;
        };
        let inside = rest.get(opener.len()..).unwrap_or_default();
        let length = opener
            .len()
            .saturating_add(literal_length(inside, opener, is_raw));
        bare.extend(std::iter::repeat_n(' ', length));
        rest = rest.get(length..).unwrap_or_default();
        is_raw = false;
    }
    bare
}

/// Bytes up to the end of a literal or a comment that was opened, its end included.
fn literal_length(inside: &str, opener: &str, is_raw: bool) -> usize {
    let closer = if opener == "//" { "\n" } else { opener };
    let mut is_escaped = false;
    for (at, letter) in inside.char_indices() {
        if is_escaped {
            is_escaped = false;
        } else if letter == '\\' && !is_raw && opener != "//" {
            is_escaped = true;
        } else if inside.get(at..).is_some_and(|rest| rest.starts_with(closer)) {
            return at.saturating_add(closer.len());
        }
    }
    inside.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expression(text: &str) -> Expression<'_> {
        Expression {
            path: FieldPath::root(),
            text,
            bare: without_literals(text),
        }
    }

    fn named(text: &str) -> Option<Vec<String>> {
        match expression(text).names("attestors") {
            Names::Any => None,
            Names::These(names) => Some(names.into_iter().collect()),
        }
    }

    #[test]
    fn fields_are_named_in_every_way_that_the_language_has() {
        assert_eq!(
            named("f(attestors.a, attestors['b'], attestors[\"c\"].x)").unwrap(),
            ["a", "b", "c"]
        );
        assert_eq!(
            named("attestors.?a.hasValue() && attestors[?'b'] == 1").unwrap(),
            ["a", "b"]
        );
        assert_eq!(
            named("my.attestors.a && 'attestors.b' == \"\" // attestors.c").unwrap(),
            [] as [&str; 0]
        );
        for computed in [
            "attestors[x]",
            "attestors.map(k, attestors[k])",
            "f(attestors)",
            "attestors['a' + 'b']",
        ] {
            assert_eq!(named(computed), None, "{computed}");
        }
    }

    #[test]
    fn calls_in_literals_are_none() {
        assert!(expression("f (1)").calls("f"));
        for none in [
            "'f(1)'",
            "\"\\\"f(1)\"",
            "'''f(1)'''",
            "r'\\' + 'f(1)'",
            "xf(1)",
            "x.f(1)",
            "f_(1)",
            "1 // f(1)",
        ] {
            assert!(!expression(none).calls("f"), "{none}");
        }
    }

    #[test]
    fn literals_leave_as_many_bytes() {
        for text in ["'ü' + x", "\"", "'''a'b''' + y", "// ü", "r\"\\\""] {
            assert_eq!(without_literals(text).len(), text.len(), "{text}");
        }
    }
}
