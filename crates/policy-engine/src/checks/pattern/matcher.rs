//! The walk of a pattern over a resource.
//!
//! In: a compiled pattern, a resource. Out: nothing, or the first [`Failure`] in the order of the source.
//! What a mismatch means (skip, fail, error) is decided by where it came from, never by searching its text: a value
//! that quotes an anchor's message must not turn a failure into a skip.
//!
//! Behaviour: Kyverno 1.19 pkg/engine/validate/validate.go, pkg/engine/anchor/handlers.go.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::tree::{Entry, MapPattern, Node, Scalar, scalar_value};
use crate::context::Anchor;
use crate::context::json_text;

/// Why a resource does not satisfy a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What follows from it
    pub meaning: Meaning,
    /// In words
    pub text: String,
}

/// What follows from a mismatch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// The pattern does not apply to the resource
    Skip,
    /// The resource violates the pattern at this path
    Fail {
        /// `/spec/containers/0/image/`
        path: String,
    },
    /// An anchor's key was nowhere in the resource, so that what failed can't be told
    Error,
}

/// A mismatch on its way up.
struct Mismatch {
    kind: Kind,
    text: String,
    path: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// `()` or `<()` did not hold
    Anchor,
    /// Only anchors did not hold, in a list or map below
    Group,
    /// `X()` was there
    Negation,
    /// Anything else
    Plain,
}

impl Kind {
    fn is_skip(self) -> bool {
        matches!(self, Self::Anchor | Self::Group)
    }
}

type Walk = Result<(), Mismatch>;

/// Compares a resource with a pattern.
pub(super) fn compare(resource: &Value, pattern: &Node) -> Result<(), Failure> {
    let mut walker = Walker {
        keys_seen: BTreeMap::new(),
    };
    let Err(mismatch) = walker.element(resource, pattern, "/") else {
        return Ok(());
    };
    let meaning = match mismatch.kind {
        Kind::Anchor | Kind::Group => Meaning::Skip,
        Kind::Plain if walker.misses_a_key() => Meaning::Error,
        Kind::Plain | Kind::Negation if mismatch.path.is_empty() => Meaning::Error,
        Kind::Plain | Kind::Negation => Meaning::Fail { path: mismatch.path },
    };
    Err(Failure {
        meaning,
        text: mismatch.text,
    })
}

struct Walker<'p> {
    /// Whether the key of each `()` and `^()` met so far was anywhere in the resource
    keys_seen: BTreeMap<std::borrow::Cow<'p, str>, bool>,
}

impl<'p> Walker<'p> {
    fn misses_a_key(&self) -> bool {
        self.keys_seen.values().any(|seen| !seen)
    }

    fn element(&mut self, resource: &Value, pattern: &'p Node, path: &str) -> Walk {
        match (pattern, resource) {
            (Node::Map(map), Value::Object(fields)) => {
                if map.has_wildcard_key() {
                    return self.expanded_map(fields, map, path);
                }
                self.note_anchors(map, fields);
                self.map(fields, map, path)
            }
            (Node::Map(_), _) => plain(
                path,
                format!(
                    "pattern and resource have different structures. Path: {path}. Expected map[string]interface {{}}, found {}",
                    json_text::type_name(resource)
                ),
            ),
            (Node::List(patterns), Value::Array(items)) => self.list(items, patterns, path),
            (Node::List(_), _) => plain(
                path,
                format!(
                    "validation rule failed at path {path}, resource does not satisfy the expected overlay pattern"
                ),
            ),
            (Node::Scalar(scalar), Value::Array(items)) => scalars_of(items, scalar, path),
            (Node::Scalar(scalar), _) if scalar_matches(resource, scalar) => Ok(()),
            (Node::Scalar(scalar), _) => {
                plain(path, value_mismatch(&json_text::display(resource), scalar, path))
            }
        }
    }

    /// A map whose wildcard keys were replaced; its entries live only for this walk, so a walker of its own judges it.
    fn expanded_map(&mut self, fields: &Map<String, Value>, map: &MapPattern, path: &str) -> Walk {
        let expanded = map.expanded(fields);
        let mut inner = Walker {
            keys_seen: BTreeMap::new(),
        };
        inner.note_anchors(&expanded, fields);
        let walk = inner.map(fields, &expanded, path);
        for (key, seen) in inner.keys_seen {
            let known = self
                .keys_seen
                .entry(std::borrow::Cow::Owned(key.into_owned()))
                .or_insert(false);
            *known |= seen;
        }
        walk
    }

    fn note_anchors(&mut self, map: &'p MapPattern, fields: &Map<String, Value>) {
        for entry in &map.anchors {
            if matches!(entry.anchor, Some(Anchor::Condition | Anchor::Existence)) {
                let seen = self
                    .keys_seen
                    .entry(std::borrow::Cow::Borrowed(&entry.key))
                    .or_insert(false);
                *seen |= fields.contains_key(entry.name());
            }
        }
    }

    fn map(&mut self, fields: &Map<String, Value>, map: &'p MapPattern, path: &str) -> Walk {
        let mut skips: Vec<Mismatch> = Vec::new();
        let mut applied = 0_usize;
        for entry in &map.anchors {
            match self.entry(fields, entry, path) {
                Ok(()) => applied += 1,
                Err(mismatch) if mismatch.kind.is_skip() => skips.push(mismatch),
                // where an anchor beside it already says that nothing here applies, this is not looked at
                Err(_) if skips.iter().any(|skip| skip.kind == Kind::Anchor) => {}
                Err(mismatch) => return Err(mismatch),
            }
        }
        if !skips.is_empty() && (applied == 0 || skips.iter().any(|skip| skip.kind == Kind::Anchor)) {
            return Err(group(skips, path));
        }
        map.others
            .iter()
            .try_for_each(|entry| self.entry(fields, entry, path))
    }

    fn entry(&mut self, fields: &Map<String, Value>, entry: &'p Entry, path: &str) -> Walk {
        let below = || format!("{path}{}/", entry.name());
        let found = fields.get(entry.name());
        match (entry.anchor, found) {
            (Some(Anchor::Negation), Some(_)) => Err(Mismatch {
                kind: Kind::Negation,
                text: format!("negation anchor matched in resource: {} is not allowed", below()),
                path: below(),
            }),
            (Some(Anchor::Negation | Anchor::Equality | Anchor::Global | Anchor::Existence), None) => Ok(()),
            (Some(Anchor::Equality), Some(value)) => self.element(value, &entry.node, &below()),
            (Some(Anchor::Condition), Some(value)) => self
                .element(value, &entry.node, &below())
                .map_err(|inner| anchored("conditional", inner)),
            (Some(Anchor::Condition), None) => Err(Mismatch {
                kind: Kind::Anchor,
                text: "conditional anchor mismatch: conditional anchor key doesn't exist in the resource"
                    .to_owned(),
                path: below(),
            }),
            (Some(Anchor::Global), Some(value)) => self
                .element(value, &entry.node, &below())
                .map_err(|inner| anchored("global", inner)),
            (Some(Anchor::Existence), Some(value)) => self.existence(value, entry, &below()),
            (Some(Anchor::AddIfAbsent) | None, found) => match (&entry.node, found) {
                (Node::Scalar(scalar), Some(value)) if scalar.is_star && !value.is_null() => Ok(()),
                (Node::Scalar(scalar), _) if scalar.is_star => {
                    plain(path, format!("{path}/{} not found", entry.name()))
                }
                (node, found) => self.element(found.unwrap_or(&Value::Null), node, &below()),
            },
        }
    }

    fn list(&mut self, items: &[Value], patterns: &'p [Node], path: &str) -> Walk {
        match patterns.first() {
            None => plain(path, "pattern Array empty".to_owned()),
            Some(Node::Scalar(scalar)) => scalars_of(items, scalar, path),
            Some(map @ Node::Map(_)) => self.each(items.iter().map(|item| (item, map)), path),
            Some(Node::List(_)) if items.len() < patterns.len() => plain(
                "",
                format!(
                    "validate Array failed, array length mismatch, resource Array len is {} and pattern Array len is {}",
                    items.len(),
                    patterns.len()
                ),
            ),
            Some(Node::List(_)) => self.each(items.iter().zip(patterns), path),
        }
    }

    /// Compares pairs in order; where every one is skipped, so is the list.
    fn each<'r>(&mut self, pairs: impl Iterator<Item = (&'r Value, &'p Node)>, path: &str) -> Walk {
        let mut skips = Vec::new();
        let mut applied = 0_usize;
        for (index, (item, pattern)) in pairs.enumerate() {
            match self.element(item, pattern, &format!("{path}{index}/")) {
                Ok(()) => applied += 1,
                Err(mismatch) if mismatch.kind.is_skip() => skips.push(mismatch),
                Err(mismatch) => return Err(mismatch),
            }
        }
        if applied == 0 && !skips.is_empty() {
            Err(group(skips, path))
        } else {
            Ok(())
        }
    }

    fn existence(&mut self, value: &Value, entry: &'p Entry, path: &str) -> Walk {
        let Value::Array(items) = value else {
            let found = json_text::type_name(value);
            return plain(
                path,
                format!(
                    "invalid resource type {found}: Existence ^ () anchor can be used only on list/array type resource"
                ),
            );
        };
        let Node::List(patterns) = &entry.node else {
            return plain(
                path,
                "invalid pattern type: Pattern has to be of list to compare against resource".to_owned(),
            );
        };
        for pattern in patterns {
            if !matches!(pattern, Node::Map(_)) {
                return plain(
                    path,
                    "invalid pattern type: Pattern has to be of type map to compare against items in resource"
                        .to_owned(),
                );
            }
            let mut met = false;
            for (index, item) in items.iter().enumerate() {
                if self.element(item, pattern, &format!("{path}{index}/")).is_ok() {
                    met = true;
                    break;
                }
            }
            if !met {
                return plain(path, format!("existence anchor validation failed at path {path}"));
            }
        }
        Ok(())
    }
}

fn plain(path: &str, text: String) -> Walk {
    Err(Mismatch {
        kind: Kind::Plain,
        text,
        path: path.to_owned(),
    })
}

fn anchored(which: &str, inner: Mismatch) -> Mismatch {
    Mismatch {
        kind: Kind::Anchor,
        text: format!("{which} anchor mismatch: {}", inner.text),
        path: inner.path,
    }
}

fn group(skips: Vec<Mismatch>, path: &str) -> Mismatch {
    let texts: Vec<_> = skips.into_iter().map(|skip| skip.text).collect();
    Mismatch {
        kind: Kind::Group,
        text: texts.join("; "),
        path: path.to_owned(),
    }
}

fn scalar_matches(value: &Value, scalar: &Scalar) -> bool {
    scalar_value(value).is_some_and(|value| scalar.pattern.matches(value))
}

/// Every element of a list against one scalar pattern.
fn scalars_of(items: &[Value], scalar: &Scalar, path: &str) -> Walk {
    if items.iter().all(|item| scalar_matches(item, scalar)) {
        return Ok(());
    }
    plain(
        path,
        value_mismatch(&json_text::display_list(items), scalar, path),
    )
}

fn value_mismatch(shown: &str, scalar: &Scalar, path: &str) -> String {
    format!(
        "resource value '{shown}' does not match '{}' at path {path}",
        scalar.shown
    )
}
