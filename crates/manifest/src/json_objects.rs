//! JSON read object by object: a list of very many never stands in memory as one value.
//!
//! In: a text that starts with `{` or `[`. Out: what the caller makes of each object. A list's kind may stand behind its
//! items (`kubectl` writes keys in order of the alphabet), so its fields are found first, unread, and read then.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::error::ManifestError;
use crate::json::{Collect, fault_of, parse};
use crate::list::{Heritage, is_list_kind, unpack_list};

/// What `hold` makes of each object of `text`, given with the line at which its document starts, counted from 1.
///
/// # Errors
/// The first fault, not always with its place: callers that find one read the text again as a whole.
pub(crate) fn each<T>(text: &str, hold: &impl Fn(Value, u32) -> T) -> Result<Vec<T>, ManifestError> {
    let mut held = Vec::new();
    let (mut line, mut counted) = (1_u32, 0_usize);
    let mut documents = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
    while let Some(document) = documents.next() {
        let document = document.map_err(|error| fault_of(&error))?.get();
        let start = documents.byte_offset().saturating_sub(document.len());
        let passed = text.as_bytes().get(counted..start).unwrap_or_default();
        let breaks = passed.iter().filter(|byte| **byte == b'\n').count();
        line = line.saturating_add(u32::try_from(breaks).unwrap_or(u32::MAX));
        counted = start;
        let hold_here = |object: Value| hold(object, line);
        match listed(document, &hold_here) {
            Some(items) => held.extend(items?),
            None => {
                let objects = parse(document)?.into_iter().flat_map(unpack_list);
                held.extend(objects.map(hold_here));
            }
        }
    }
    Ok(held)
}

/// The items of a list; none where the document is no list.
fn listed<T>(document: &str, hold: &impl Fn(Value) -> T) -> Option<Result<Vec<T>, ManifestError>> {
    // Cheap, and true of every list that is not written with escapes.
    if !document.contains("List\"") {
        return None;
    }
    let Fields(fields) = serde_json::from_str(document).ok()?;
    let raw = |name: &str| {
        fields
            .iter()
            .find(|(field, _)| field == name)
            .map(|(_, raw)| *raw)
    };
    let kind: String = serde_json::from_str(raw("kind")?.get()).ok()?;
    let items = raw("items")?.get();
    if !is_list_kind(&kind) || !items.starts_with('[') {
        return None;
    }
    let mut version = None;
    for (_, other) in fields.iter().filter(|(field, _)| field != "items") {
        let values = match parse(other.get()) {
            Ok(values) => values,
            Err(fault) => return Some(Err(fault)),
        };
        if raw("apiVersion").is_some_and(|raw| std::ptr::eq(raw, *other)) {
            version = values.into_iter().next();
        }
    }
    let items_of = Items {
        hold,
        heritage: Heritage::of(Some(&Value::String(kind)), version),
    };
    let read = items_of.deserialize(&mut serde_json::Deserializer::from_str(items));
    Some(read.map_err(|error| fault_of(&error)))
}

/// The fields of an object, unread, none of them twice.
struct Fields<'t>(Vec<(String, &'t RawValue)>);

impl<'de> serde::Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Found;

        impl<'de> Visitor<'de> for Found {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
                let mut fields: Vec<(String, &RawValue)> = Vec::new();
                while let Some((key, value)) = access.next_entry::<String, &RawValue>()? {
                    // A list has four fields; what has very many is none, and is read another way.
                    if fields.len() >= 16 || fields.iter().any(|(field, _)| *field == key) {
                        return Err(A::Error::custom("no plain list"));
                    }
                    fields.push((key, value));
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(Found)
    }
}

/// Reads the items of a list one by one.
struct Items<'h, H> {
    hold: &'h H,
    heritage: Heritage,
}

impl<'de, T, H: Fn(Value) -> T> DeserializeSeed<'de> for Items<'_, H> {
    type Value = Vec<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<T>, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, T, H: Fn(Value) -> T> Visitor<'de> for Items<'_, H> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Vec<T>, A::Error> {
        let mut held = Vec::new();
        while let Some(mut item) = access.next_element_seed(Collect)? {
            self.heritage.give(&mut item);
            held.push((self.hold)(item));
        }
        Ok(held)
    }
}
