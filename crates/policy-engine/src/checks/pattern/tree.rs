//! A pattern compiled: anchors read, keys ordered as they are judged, scalars ready to compare.
//!
//! In: a JSON value without variables. Out: a [`Node`]. Never deeper than [`MAX_PATTERN_DEPTH`]. A cluster holds thousands of
//! them for as long as its policies are in force: nothing in one is larger than it must be.
//!
//! Behaviour: Kyverno 1.19 pkg/engine/validate/utils.go (order), pkg/engine/wildcards (keys of labels and annotations).

use scalars::pattern::{ScalarPattern, ScalarValue};
use serde_json::{Map, Value};

use crate::compile_error::CompileError;
use crate::context::Anchor;
use crate::context::json_text;

/// Levels of nesting a pattern may have.
pub const MAX_PATTERN_DEPTH: usize = 100;

/// One place of a pattern.
#[derive(Debug, Clone)]
pub(super) enum Node {
    Map(MapPattern),
    List(Box<[Node]>),
    Scalar(Scalar),
}

/// A scalar, with its text for messages.
#[derive(Debug, Clone)]
pub(super) struct Scalar {
    pub(super) pattern: ScalarPattern,
    pub(super) shown: Box<str>,
    /// Exactly `*`: the key must be there
    pub(super) is_star: bool,
}

/// The keys of a map in the two phases they are judged in.
#[derive(Debug, Clone, Default)]
pub(super) struct MapPattern {
    /// `()`, `^()`, `=()`, `X()`, sorted
    pub(super) anchors: Box<[Entry]>,
    /// The others: what holds anchors first, in reverse order, then the rest, sorted
    pub(super) others: Box<[Entry]>,
    /// Under `metadata`, directly in `labels` or `annotations`: keys may be wildcards
    pub(super) expands_wildcards: bool,
}

/// One key of a map.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// As written
    pub(super) key: Box<str>,
    pub(super) anchor: Option<Anchor>,
    /// Without the anchor; none where it is the key
    bare: Option<Box<str>>,
    pub(super) node: Node,
}

/// Where a map stands: only labels and annotations of metadata may have wildcard keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Elsewhere,
    Metadata,
    LabelsOrAnnotations,
}

impl Entry {
    /// The key without its anchor.
    pub(super) fn name(&self) -> &str {
        self.bare.as_deref().unwrap_or(&self.key)
    }
}

impl Node {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// A pattern nested deeper than [`MAX_PATTERN_DEPTH`].
    pub(super) fn compile(pattern: &Value) -> Result<Self, CompileError> {
        Self::compile_at(pattern, Place::Elsewhere, 0)
    }

    fn compile_at(pattern: &Value, place: Place, depth: usize) -> Result<Self, CompileError> {
        if depth > MAX_PATTERN_DEPTH {
            return Err(CompileError::new(
                "",
                format!("nested deeper than {MAX_PATTERN_DEPTH} levels"),
            ));
        }
        match pattern {
            Value::Object(fields) => MapPattern::compile(fields, place, depth).map(Self::Map),
            Value::Array(items) => items
                .iter()
                .enumerate()
                .map(|(index, item)| {
                    Self::compile_at(item, Place::Elsewhere, depth + 1)
                        .map_err(|fault| fault.under(&format!("[{index}]")))
                })
                .collect::<Result<Box<_>, _>>()
                .map(Self::List),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(Self::Scalar(Scalar {
                pattern: ScalarPattern::from_value(scalar_value(pattern).unwrap_or(ScalarValue::Null)),
                shown: json_text::display(pattern).into(),
                is_star: pattern == "*",
            })),
        }
    }

    fn has_anchors(&self) -> bool {
        match self {
            Self::Map(map) => {
                !map.anchors.is_empty()
                    || map
                        .others
                        .iter()
                        .any(|entry| entry.anchor == Some(Anchor::Global) || entry.node.has_anchors())
            }
            Self::List(items) => items.iter().any(Self::has_anchors),
            Self::Scalar(_) => false,
        }
    }
}

impl MapPattern {
    fn compile(fields: &Map<String, Value>, place: Place, depth: usize) -> Result<Self, CompileError> {
        let mut entries = Vec::with_capacity(fields.len());
        for (key, value) in fields {
            let (anchor, name) = match Anchor::parse(key) {
                // `+()` means nothing here: the key is taken as it is written
                Some((Anchor::AddIfAbsent, _)) | None => (None, key.as_str()),
                Some((anchor, name)) => (Some(anchor), name),
            };
            let below = match (place, name) {
                (_, "metadata") => Place::Metadata,
                (Place::Metadata, "labels" | "annotations") => Place::LabelsOrAnnotations,
                _ => Place::Elsewhere,
            };
            let node = Node::compile_at(value, below, depth + 1).map_err(|fault| fault.under(key))?;
            entries.push(Entry {
                key: key.as_str().into(),
                anchor,
                bare: (name != key).then(|| name.into()),
                node,
            });
        }
        let mut map = Self {
            expands_wildcards: place == Place::LabelsOrAnnotations,
            ..Self::default()
        };
        map.arrange(entries);
        Ok(map)
    }

    /// Puts entries into the two phases, each in its order.
    fn arrange(&mut self, mut entries: Vec<Entry>) {
        entries.sort_by(|a, b| a.key.cmp(&b.key));
        let (anchors, plain): (Vec<_>, Vec<_>) = entries
            .into_iter()
            .partition(|entry| entry.anchor.is_some_and(Anchor::is_judged_first));
        let (mut first, rest): (Vec<_>, Vec<_>) = plain
            .into_iter()
            .partition(|entry| entry.anchor == Some(Anchor::Global) || entry.node.has_anchors());
        first.reverse();
        first.extend(rest);
        self.anchors = anchors.into();
        self.others = first.into();
    }

    /// The map with wildcard keys replaced by the first key of the resource, in their order, that matches.
    pub(super) fn expanded(&self, resource: &Map<String, Value>) -> Self {
        let entries = self.anchors.iter().chain(&self.others).map(|entry| {
            let found = json_text::sorted(resource)
                .into_iter()
                .find(|(key, value)| value.is_string() && scalars::wildcard::matches(entry.name(), key));
            match found {
                Some((name, _)) if scalars::wildcard::has_wildcard(entry.name()) => Entry {
                    key: entry
                        .anchor
                        .map_or_else(|| name.clone(), |anchor| anchor.write(name))
                        .into(),
                    bare: Some(name.as_str().into()),
                    ..entry.clone()
                },
                _ => entry.clone(),
            }
        });
        let mut map = Self {
            expands_wildcards: true,
            ..Self::default()
        };
        map.arrange(entries.collect());
        map
    }

    /// Whether any key is a wildcard.
    pub(super) fn has_wildcard_key(&self) -> bool {
        self.expands_wildcards
            && self
                .anchors
                .iter()
                .chain(&self.others)
                .any(|entry| scalars::wildcard::has_wildcard(entry.name()))
    }
}

/// A scalar as patterns compare it; lists and maps are none.
#[expect(
    clippy::cast_precision_loss,
    reason = "whole numbers beyond 64 bits signed are floats here, as in Go's JSON"
)]
pub(super) fn scalar_value(value: &Value) -> Option<ScalarValue<'_>> {
    match value {
        Value::Null => Some(ScalarValue::Null),
        Value::Bool(truth) => Some(ScalarValue::Bool(*truth)),
        Value::Number(number) => Some(match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(int), _, _) => ScalarValue::Int(int),
            (None, Some(large), _) => ScalarValue::Float(large as f64),
            (None, None, float) => ScalarValue::Float(float.unwrap_or(f64::NAN)),
        }),
        Value::String(text) => Some(ScalarValue::Text(text)),
        Value::Array(_) | Value::Object(_) => None,
    }
}
