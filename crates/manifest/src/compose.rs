//! From a parser's events to JSON values, without recursion.
//!
//! In: the text of one or more YAML documents. Out: their values, empty documents left out.
//! Anchors, aliases and merge keys are resolved here, within the limits of [`crate::limits`].
//! Source of the merge rule: go-yaml v2 `decode.go`: `<<` is merged where it stands, what comes later wins.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use saphyr_parser::{Event, Parser, ScalarStyle, Span, StrInput, Tag};
use serde_json::map::Entry;
use serde_json::{Map, Value};

use crate::error::{ManifestError, ManifestFault};
use crate::limits::{MAX_ALIASED_BYTES, MAX_DEPTH, VALUE_BYTES};
use crate::place::Place;
use crate::repair::read_forgiving;
use crate::scalar::{self, Scalar};

/// The values of all documents in `text`, in order; documents with nothing in them are left out.
pub(crate) fn compose(text: &str) -> Result<Vec<Value>, ManifestError> {
    read_forgiving(text, compose_strictly)
}

fn compose_strictly(text: &str) -> Result<Vec<Value>, ManifestError> {
    let mut composer = Composer::default();
    let mut events = Events::new(text);
    while let Some((event, place)) = events.next()? {
        composer.take(event).map_err(|fault| fault.at(place))?;
    }
    Ok(composer.documents)
}

/// The events of a text, each with the place it starts at.
pub(crate) struct Events<'t> {
    parser: Parser<'t, StrInput<'t>>,
    /// Where the text ends, in characters, if it ends within a line.
    open_end: Option<usize>,
}

impl<'t> Events<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        let open_end = (!text.ends_with('\n')).then(|| text.chars().count());
        Self {
            parser: Parser::new_from_str(text),
            open_end,
        }
    }

    /// The next event; `None` at the end of the text.
    pub(crate) fn next(&mut self) -> Result<Option<(Event<'t>, Place)>, ManifestError> {
        match self.parser.next_event() {
            None => Ok(None),
            Some(Ok((mut event, span))) => {
                if self.open_end == Some(span.end.index()) {
                    drop_added_break(&mut event);
                }
                Ok(Some((event, place_of(span))))
            }
            Some(Err(error)) => {
                let detail = error.info().to_owned();
                let marker = *error.marker();
                let place = place_at(marker.line(), marker.col());
                Err(ManifestFault::Syntax {
                    language: "YAML",
                    detail,
                }
                .at(place))
            }
        }
    }
}

/// A block scalar that ends with the text has no line break that the text does not have; our parser adds one.
fn drop_added_break(event: &mut Event<'_>) {
    if let Event::Scalar(text, ScalarStyle::Literal | ScalarStyle::Folded, ..) = event
        && text.ends_with('\n')
    {
        text.to_mut().pop();
    }
}

fn place_of(span: Span) -> Place {
    place_at(span.start.line(), span.start.col())
}

/// The parser counts lines from 1 and columns from 0.
fn place_at(line: usize, column: usize) -> Place {
    Place {
        line: u32::try_from(line).unwrap_or(u32::MAX),
        column: u32::try_from(column).unwrap_or(u32::MAX).saturating_add(1),
    }
}

/// A mapping or sequence that is not closed yet.
#[derive(Debug)]
enum Open {
    Mapping {
        fields: Map<String, Value>,
        key: Option<Key>,
        merged: BTreeSet<String>,
        anchor: usize,
    },
    Sequence {
        elements: Vec<Value>,
        anchor: usize,
    },
}

/// The key whose value comes next.
#[derive(Debug)]
enum Key {
    Name(String),
    /// `<<`
    Merge,
}

#[derive(Debug, Default)]
struct Composer {
    documents: Vec<Value>,
    open: Vec<Open>,
    anchors: HashMap<usize, Value>,
    aliased_bytes: usize,
}

impl Composer {
    fn take(&mut self, event: Event<'_>) -> Result<(), ManifestFault> {
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(_) => {
                self.anchors.clear();
                self.aliased_bytes = 0;
                Ok(())
            }
            Event::Scalar(text, style, anchor, tag) => self.scalar(text, style, anchor, tag.as_deref()),
            Event::Alias(anchor) => self.alias(anchor),
            Event::SequenceStart(anchor, _) => self.start(Open::Sequence {
                elements: Vec::new(),
                anchor,
            }),
            Event::MappingStart(anchor, _) => self.start(Open::Mapping {
                fields: Map::new(),
                key: None,
                merged: BTreeSet::new(),
                anchor,
            }),
            Event::SequenceEnd | Event::MappingEnd => self.end(),
        }
    }

    fn scalar(
        &mut self,
        text: Cow<'_, str>,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
    ) -> Result<(), ManifestFault> {
        if style == ScalarStyle::Plain
            && tag.is_none_or(Tag::is_yaml_core_schema)
            && text == "<<"
            && self.key_is_due()
        {
            return self.set_key(Key::Merge);
        }
        if self.key_is_due() && anchor == 0 {
            let name = match resolved(&text, style, tag)? {
                Some(scalar) => scalar.into_key()?,
                None => text.into_owned(),
            };
            return self.set_key(Key::Name(name));
        }
        let value = match resolved(&text, style, tag)? {
            Some(Scalar::Text(text)) => Value::String(text.into_owned()),
            Some(scalar) => scalar.into_value(&text)?,
            None => Value::String(text.into_owned()),
        };
        self.finish(value, anchor)
    }

    fn alias(&mut self, anchor: usize) -> Result<(), ManifestFault> {
        let Some(value) = self.anchors.get(&anchor) else {
            return Err(ManifestFault::UnknownAlias);
        };
        let (bytes, depth) = measure(value);
        if self.open.len().saturating_add(depth) > MAX_DEPTH {
            return Err(ManifestFault::TooDeep { limit: MAX_DEPTH });
        }
        let value = value.clone();
        self.charge(bytes)?;
        self.finish(value, 0)
    }

    fn charge(&mut self, bytes: usize) -> Result<(), ManifestFault> {
        self.aliased_bytes = self.aliased_bytes.saturating_add(bytes);
        if self.aliased_bytes > MAX_ALIASED_BYTES {
            return Err(ManifestFault::TooManyAliases {
                limit: MAX_ALIASED_BYTES,
            });
        }
        Ok(())
    }

    fn start(&mut self, open: Open) -> Result<(), ManifestFault> {
        if self.key_is_due() {
            let found = match open {
                Open::Mapping { .. } => "a mapping",
                Open::Sequence { .. } => "a sequence",
            };
            return Err(ManifestFault::UnusableKey { found });
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(ManifestFault::TooDeep { limit: MAX_DEPTH });
        }
        self.open.push(open);
        Ok(())
    }

    fn end(&mut self) -> Result<(), ManifestFault> {
        match self.open.pop() {
            Some(Open::Mapping { fields, anchor, .. }) => self.finish(Value::Object(fields), anchor),
            Some(Open::Sequence { elements, anchor }) => self.finish(Value::Array(elements), anchor),
            None => Ok(()),
        }
    }

    /// Puts a finished value where it belongs: under its key, into its sequence, or among the documents.
    fn finish(&mut self, value: Value, anchor: usize) -> Result<(), ManifestFault> {
        if anchor != 0 {
            self.charge(measure(&value).0)?;
            self.anchors.insert(anchor, value.clone());
        }
        match self.open.last_mut() {
            None => {
                if !value.is_null() {
                    self.documents.push(value);
                }
                Ok(())
            }
            Some(Open::Sequence { elements, .. }) => {
                elements.push(value);
                Ok(())
            }
            Some(Open::Mapping {
                fields, key, merged, ..
            }) => match key.take() {
                Some(Key::Name(name)) => insert(fields, merged, name, value),
                Some(Key::Merge) => merge(fields, merged, value),
                None => {
                    *key = Some(Key::Name(key_of(value)?));
                    Ok(())
                }
            },
        }
    }

    /// Whether the next node is a key.
    fn key_is_due(&self) -> bool {
        matches!(self.open.last(), Some(Open::Mapping { key: None, .. }))
    }

    fn set_key(&mut self, new: Key) -> Result<(), ManifestFault> {
        if let Some(Open::Mapping { key, .. }) = self.open.last_mut() {
            *key = Some(new);
        }
        Ok(())
    }
}

/// The scalar's type; `None` for text as it stands (quoted or block).
pub(crate) fn resolved<'a>(
    text: &'a str,
    style: ScalarStyle,
    tag: Option<&Tag>,
) -> Result<Option<Scalar<'a>>, ManifestFault> {
    match tag {
        Some(tag) if tag.is_yaml_core_schema() => scalar::resolve_tagged(&tag.suffix, text).map(Some),
        Some(_) => Ok(None),
        None if style == ScalarStyle::Plain => Ok(Some(scalar::resolve(text))),
        None => Ok(None),
    }
}

/// The key an anchored or aliased scalar makes.
fn key_of(value: Value) -> Result<String, ManifestFault> {
    match value {
        Value::String(text) => Ok(text),
        Value::Bool(boolean) => Ok(boolean.to_string()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Null => Err(ManifestFault::UnusableKey { found: "null" }),
        Value::Array(_) => Err(ManifestFault::UnusableKey { found: "a sequence" }),
        Value::Object(_) => Err(ManifestFault::UnusableKey { found: "a mapping" }),
    }
}

/// Sets a key that the mapping itself names. It may replace a merged one, never one named before.
fn insert(
    fields: &mut Map<String, Value>,
    merged: &mut BTreeSet<String>,
    name: String,
    value: Value,
) -> Result<(), ManifestFault> {
    match fields.entry(name) {
        Entry::Vacant(place) => {
            place.insert(value);
            Ok(())
        }
        Entry::Occupied(mut place) if merged.remove(place.key()) => {
            place.insert(value);
            Ok(())
        }
        Entry::Occupied(place) => Err(ManifestFault::DuplicateKey {
            key: place.key().clone(),
        }),
    }
}

/// Merges what stands under `<<`. Of several mappings the earlier ones win.
fn merge(
    fields: &mut Map<String, Value>,
    merged: &mut BTreeSet<String>,
    value: Value,
) -> Result<(), ManifestFault> {
    let sources = match value {
        Value::Object(source) => vec![Value::Object(source)],
        Value::Array(sources) => sources,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            return Err(ManifestFault::UnmergeableValue);
        }
    };
    for source in sources.into_iter().rev() {
        let Value::Object(source) = source else {
            return Err(ManifestFault::UnmergeableValue);
        };
        for (name, value) in source {
            merged.insert(name.clone());
            fields.insert(name, value);
        }
    }
    Ok(())
}

/// Memory of a value in bytes, about, and the levels of nesting in it. Recursion is bounded by [`MAX_DEPTH`].
fn measure(value: &Value) -> (usize, usize) {
    let (bytes, depth) = match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => (0, 0),
        Value::String(text) => (text.len(), 0),
        Value::Array(elements) => enclosing(elements.iter().map(measure)),
        Value::Object(fields) => enclosing(fields.iter().map(|(key, value)| {
            let (bytes, depth) = measure(value);
            (bytes.saturating_add(key.len()), depth)
        })),
    };
    (bytes.saturating_add(VALUE_BYTES), depth)
}

fn enclosing(inner: impl Iterator<Item = (usize, usize)>) -> (usize, usize) {
    let (bytes, depth) = inner.fold((0_usize, 0_usize), |(sum, most), (bytes, depth)| {
        (sum.saturating_add(bytes), most.max(depth))
    });
    (bytes, depth.saturating_add(1))
}

#[cfg(test)]
mod tests;
