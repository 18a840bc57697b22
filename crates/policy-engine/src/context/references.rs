//! References `$(path)`: one string of a rule taken from another place of it.
//!
//! In: the rule's JSON. Out: the same with references replaced, or the faults. A reference looks at the rule alone, never
//! at the request, so all of this happens when the rule is compiled.
//!
//! Behaviour: Kyverno 1.19 pkg/engine/variables/vars.go (`substituteReferences`); anchors in paths are ignored.

use std::collections::BTreeMap;

use serde_json::Value;

use super::anchor::Anchor;
use super::json_path::JsonPath;
use super::placeholders;

/// Every leaf of a document by its path, anchors stripped.
#[derive(Debug)]
pub(super) struct Leaves<'v>(BTreeMap<String, &'v Value>);

impl<'v> Leaves<'v> {
    /// The leaves of `document`, which stands at `base`; deeper than `most_depth` levels is not looked at.
    pub(super) fn of(document: &'v Value, base: &JsonPath, most_depth: usize) -> Self {
        let mut leaves = BTreeMap::new();
        gather(document, strip_anchors(base.as_str()), most_depth, &mut leaves);
        Self(leaves)
    }

    /// Replaces the references in one string that stands at `path`.
    ///
    /// # Errors
    /// The text of what can't be resolved.
    pub(super) fn resolve(&self, text: &str, path: &JsonPath) -> Result<String, String> {
        let mut out = String::with_capacity(text.len());
        let mut done = 0;
        for span in placeholders::references(text) {
            let reference = text.get(span.clone()).unwrap_or_default();
            out.push_str(text.get(done..span.start).unwrap_or_default());
            out.push_str(&self.value_of(reference, path)?);
            done = span.end;
        }
        out.push_str(text.get(done..).unwrap_or_default());
        Ok(placeholders::unescape_references(&out))
    }

    fn value_of(&self, reference: &str, path: &JsonPath) -> Result<String, String> {
        let at = path.as_str();
        let inside = reference.trim_matches(|c| matches!(c, '$' | '(' | ')'));
        let operator = [">=", "<=", ">", "<", "!"]
            .into_iter()
            .find(|op| inside.len() >= 2 && inside.starts_with(op));
        let operator = operator.unwrap_or("");
        let target = inside.strip_prefix(operator).unwrap_or(inside);
        if target.is_empty() {
            return Err(format!(
                "failed to resolve {reference} at path {at}: expected path, found empty reference"
            ));
        }
        let absolute = if target.starts_with('/') {
            target.to_owned()
        } else {
            clean(&format!("{at}/{target}"))
        };
        match (self.0.get(&absolute), operator) {
            (None | Some(Value::Null), "") => Err(format!(
                "got nil resolved variable {reference} at path {at}: <nil>"
            )),
            (Some(Value::String(text)), operator) => Ok(format!("{operator}{text}")),
            (Some(Value::Number(number)), operator) if !operator.is_empty() => {
                Ok(format!("{operator}{number}"))
            }
            (_, "") => Err(format!(
                "NotResolvedReferenceErr,reference {reference} not resolved at path {at}"
            )),
            (found, operator) => {
                let shown =
                    found.map_or_else(|| "<nil>".to_owned(), |found| super::json_text::display(found));
                Err(format!(
                    "failed to resolve {reference} at path {at}: incorrect expression: operator {operator} does not match with value {shown}"
                ))
            }
        }
    }
}

fn gather<'v>(value: &'v Value, path: String, depth_left: usize, leaves: &mut BTreeMap<String, &'v Value>) {
    let Some(below) = depth_left.checked_sub(1) else {
        return;
    };
    match value {
        Value::Object(fields) => {
            for (key, item) in fields {
                gather(item, format!("{path}/{}", Anchor::name_of(key)), below, leaves);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                gather(item, format!("{path}/{index}"), below, leaves);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            leaves.insert(path, value);
        }
    }
}

fn strip_anchors(path: &str) -> String {
    path.split('/').map(Anchor::name_of).collect::<Vec<_>>().join("/")
}

/// The path with `.`, `..` and empty elements taken away, anchors kept as the source keeps them in relative parts.
fn clean(path: &str) -> String {
    let mut elements: Vec<&str> = Vec::new();
    for element in path.split('/') {
        match element {
            "" | "." => {}
            ".." => {
                elements.pop();
            }
            plain => elements.push(Anchor::name_of(plain)),
        }
    }
    elements
        .iter()
        .fold(String::new(), |path, element| path + "/" + element)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_reference_takes_the_text_of_another_place() {
        let rule = json!({"a": {"(b)": "x", "n": 5, "c": {"d": "here"}}});
        let leaves = Leaves::of(&rule, &JsonPath::root(), 20);
        let at = JsonPath::parse("/a/c/d");
        for (text, resolved) in [
            ("$(./../../b)", "x"),
            ("<$(/a/b)>", "<x>"),
            ("$(<=./../../n)", "<=5"),
            (r"\$(x)", "$(x)"),
        ] {
            assert_eq!(leaves.resolve(text, &at).as_deref(), Ok(resolved), "{text}");
        }
        assert_eq!(
            leaves.resolve("$(./nothing)", &at),
            Err("got nil resolved variable $(./nothing) at path /a/c/d: <nil>".to_owned())
        );
        assert_eq!(
            leaves.resolve("$(/a/n)", &at),
            Err("NotResolvedReferenceErr,reference $(/a/n) not resolved at path /a/c/d".to_owned())
        );
    }
}
