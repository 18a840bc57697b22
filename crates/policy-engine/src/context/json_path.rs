//! The place of a string within a rule: shown in error texts, and what `{{@}}` stands for.
//!
//! Behaviour: Kyverno 1.19 pkg/engine/jsonutils (paths), pkg/utils/jsonpointer (their JMESPath form).

use std::fmt::Write as _;

/// A path into a document: elements separated by `/`, slashes inside an element escaped as `\/`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JsonPath(String);

impl JsonPath {
    /// The document itself.
    #[must_use]
    pub fn root() -> Self {
        Self::default()
    }

    /// A path as it is written: `/mutate/patchStrategicMerge`.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The field `key` below.
    #[must_use]
    pub fn field(&self, key: &str) -> Self {
        Self(format!("{}/{}", self.0, key.replace('/', "\\/")))
    }

    /// The element `index` below.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        Self(format!("{}/{index}", self.0))
    }

    /// As it is shown in errors.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The JMESPath of the same place in the object: past the first `foreach` element, two more skipped
    /// (`mutate/patchStrategicMerge`), below `prefix`.
    #[must_use]
    pub fn in_object(&self, prefix: &str) -> String {
        let mut elements = self.elements();
        if let Some(foreach) = elements.iter().position(|element| element == "foreach") {
            elements.drain(..=foreach);
        }
        let rest = if elements.len() > 2 {
            elements.split_off(2)
        } else {
            Vec::new()
        };
        let mut out = prefix.to_owned();
        for element in rest {
            if element.parse::<u64>().is_ok() {
                // writing to a String cannot fail
                write!(out, "[{element}]").ok();
            } else if is_plain_identifier(&element) {
                write!(out, ".{element}").ok();
            } else {
                let quoted = serde_json::Value::String(element).to_string();
                write!(out, ".{quoted}").ok();
            }
        }
        out
    }

    fn elements(&self) -> Vec<String> {
        let mut elements = Vec::new();
        let mut current = String::new();
        let mut escaped = false;
        for character in self.0.chars() {
            match character {
                _ if escaped => {
                    current.push(character);
                    escaped = false;
                }
                '\\' => escaped = true,
                '/' => {
                    if !current.is_empty() {
                        elements.push(std::mem::take(&mut current));
                    }
                }
                plain => current.push(plain),
            }
        }
        if !current.is_empty() {
            elements.push(current);
        }
        elements
    }
}

fn is_plain_identifier(element: &str) -> bool {
    element.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && element.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_at_sign_stands_for_the_same_place_in_the_object() {
        for (path, expression) in [
            (
                "/mutate/patchStrategicMerge/spec/containers/0/image",
                "request.object.spec.containers[0].image",
            ),
            (
                "/mutate/patchStrategicMerge/metadata/labels/app.kubernetes.io\\/name",
                "request.object.metadata.labels.\"app.kubernetes.io/name\"",
            ),
            (
                "/mutate/foreach/0/patchStrategicMerge/spec/x",
                "request.object.spec.x",
            ),
            ("/validate/pattern", "request.object"),
        ] {
            assert_eq!(JsonPath::parse(path).in_object("request.object"), expression);
        }
    }
}
