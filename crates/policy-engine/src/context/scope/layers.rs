//! The layers of a scope, each with its own way of finding a name.

use std::borrow::Cow;
use std::cell::OnceCell;

use jmespath::Term;
use serde_json::{Map, Value};

use super::View;
use crate::context::entries::{ContextEntries, Loaded};
use crate::context::json_text;
use crate::context::query::lookup_halt;
use crate::context::request_document::RequestDocument;
use crate::facts::Halt;

/// One layer.
#[derive(Debug)]
pub(super) enum Layer<'a> {
    Request(&'a RequestDocument<'a>),
    Merged {
        values: Cow<'a, Map<String, Value>>,
        merged: Vec<OnceCell<Result<Value, Halt>>>,
    },
    Element {
        element: &'a Value,
        index: Value,
        names: [String; 2],
    },
    Entries {
        entries: &'a ContextEntries,
        loaded: Vec<OnceCell<Result<Loaded, Halt>>>,
    },
}

impl<'a> Layer<'a> {
    pub(super) fn request(request: &'a RequestDocument<'a>) -> Self {
        Self::Request(request)
    }

    pub(super) fn merged(values: Cow<'a, Map<String, Value>>) -> Self {
        let merged = values.iter().map(|_| OnceCell::new()).collect();
        Self::Merged { values, merged }
    }

    pub(super) fn element(element: &'a Value, index: usize, nesting: usize) -> Self {
        let names = [format!("element{nesting}"), format!("elementIndex{nesting}")];
        Self::Element {
            element,
            index: Value::from(index),
            names,
        }
    }

    pub(super) fn entries(entries: &'a ContextEntries) -> Self {
        Self::Entries {
            entries,
            loaded: entries.iter().map(|_| OnceCell::new()).collect(),
        }
    }

    /// Names that this layer is known to have, context entries apart.
    pub(super) fn names(&self) -> Vec<&str> {
        match self {
            Self::Request(_) | Self::Entries { .. } => Vec::new(),
            Self::Merged { values, .. } => values.keys().map(String::as_str).collect(),
            Self::Element {
                names: [element, index],
                ..
            } => vec!["element", "elementIndex", element, index],
        }
    }

    /// The value of a name. `view` sees the scope that the layer is the `own`th of; entries from `hidden_from` on are
    /// not there yet.
    pub(super) fn field<'s>(
        &'s self,
        name: &str,
        view: View<'s>,
        own: usize,
        hidden_from: Option<usize>,
    ) -> Result<Option<Term<'s>>, Halt> {
        match self {
            Self::Request(request) => request.field(name),
            Self::Element {
                element,
                index,
                names: [element_name, index_name],
            } => Ok(match name {
                "element" => Some(Term::Json(element)),
                "elementIndex" => Some(Term::Json(index)),
                name if name == element_name => Some(Term::Json(element)),
                name if name == index_name => Some(Term::Json(index)),
                _ => None,
            }),
            Self::Merged { .. } if hidden_from.is_some() => Ok(None),
            Self::Merged { values, merged } => {
                let found = values.iter().zip(merged).find(|((key, _), _)| *key == name);
                let Some(((_, value), memo)) = found else {
                    return Ok(None);
                };
                let Value::Object(fields) = value else {
                    return Ok(Some(Term::Json(value)));
                };
                let merged = memo.get_or_init(|| merge_over(view.below(own, 0).field(name)?, fields));
                merged
                    .as_ref()
                    .map(|value| Some(Term::Json(value)))
                    .map_err(Clone::clone)
            }
            Self::Entries { entries, loaded } => {
                let visible = hidden_from.unwrap_or(usize::MAX);
                let candidates = entries.iter().zip(loaded).enumerate().take(visible).rev();
                for (index, (entry, memo)) in candidates.filter(|(_, (entry, _))| entry.name() == name) {
                    let loaded = memo.get_or_init(|| {
                        let before = view.below(own, index);
                        view.budget().nested(entry.weight(), || entry.load(before))
                    });
                    match loaded {
                        Ok(Loaded::Value(value)) => return Ok(Some(Term::Json(value))),
                        Ok(Loaded::Shared(value)) => return Ok(Some(Term::Json(value))),
                        Ok(Loaded::Absent) => {}
                        Err(halt) => return Err(halt.clone()),
                    }
                }
                Ok(None)
            }
        }
    }
}

/// `fields` over what is there: merged into a map, in place of anything else.
pub(in crate::context) fn merge_over(
    existing: Option<Term<'_>>,
    fields: &Map<String, Value>,
) -> Result<Value, Halt> {
    let existing = match existing {
        Some(Term::Root(document)) => Some(document.whole().map_err(lookup_halt)?),
        existing => existing,
    };
    let existing = existing
        .map(|term| term.to_json())
        .transpose()
        .map_err(|why| Halt::Failed(why.to_string()))?;
    match existing {
        Some(Value::Object(mut merged)) => {
            merge_maps(fields, &mut merged);
            Ok(Value::Object(merged))
        }
        _ => Ok(Value::Object(fields.clone())),
    }
}

/// Merges `from` into `into`, maps within maps too.
pub(super) fn merge_maps(from: &Map<String, Value>, into: &mut Map<String, Value>) {
    for (key, value) in json_text::sorted(from) {
        match (value, into.get_mut(key)) {
            (Value::Object(from), Some(Value::Object(into))) => merge_maps(from, into),
            (value, _) => {
                into.insert(key.clone(), value.clone());
            }
        }
    }
}
