//! JSON read as JSON: faster than as YAML, and a key written twice is refused as there.
//!
//! In: a text that starts with `{` or `[`. Out: the values of one or several JSON documents in it.
//! A `---` line between documents is allowed, as `kubectl` allows it: the text is split before it comes here.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Number, Value};

use crate::error::{ManifestError, ManifestFault};
use crate::place::Place;

/// Whether a text is to be read as JSON.
pub(crate) fn looks_like_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '['])
}

/// All JSON documents of `text`, `null` ones left out.
///
/// # Errors
/// The first fault. Callers that find one read the text as YAML instead, whose flow style also starts with `{`.
pub(crate) fn parse(text: &str) -> Result<Vec<Value>, ManifestError> {
    let mut documents = Vec::new();
    let mut rest = serde_json::Deserializer::from_str(text).into_iter::<Checked>();
    for document in &mut rest {
        match document {
            Ok(Checked(Value::Null)) => {}
            Ok(Checked(value)) => documents.push(value),
            Err(error) => return Err(fault_of(&error)),
        }
    }
    Ok(documents)
}

/// A fault as `serde_json` tells it.
pub(crate) fn fault_of(error: &serde_json::Error) -> ManifestError {
    let place = Place {
        line: u32::try_from(error.line()).unwrap_or(u32::MAX),
        column: u32::try_from(error.column()).unwrap_or(u32::MAX).max(1),
    };
    let text = error.to_string();
    let detail = text.split(" at line ").next().unwrap_or(&text);
    match detail.strip_prefix(DUPLICATE) {
        Some(key) => ManifestFault::DuplicateKey { key: key.to_owned() }.at(place),
        None => ManifestFault::Syntax {
            language: "JSON",
            detail: detail.to_owned(),
        }
        .at(place),
    }
}

/// Marks the error text that carries a key written twice through `serde_json`.
const DUPLICATE: &str = "duplicate key: ";

/// A JSON value in which no key stands twice.
struct Checked(Value);

impl<'de> serde::Deserialize<'de> for Checked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Collect).map(Self)
    }
}

/// Reads any value, no key twice.
pub(crate) struct Collect;

impl<'de> DeserializeSeed<'de> for Collect {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Collect {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = access.next_element_seed(Self)? {
            elements.push(element);
        }
        Ok(Value::Array(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            match fields.entry(key) {
                Entry::Vacant(place) => {
                    place.insert(access.next_value_seed(Self)?);
                }
                Entry::Occupied(place) => {
                    return Err(A::Error::custom(format_args!("{DUPLICATE}{}", place.key())));
                }
            }
        }
        Ok(Value::Object(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn several_json_documents_may_follow_each_other() {
        assert_eq!(
            parse("{\"a\":1}\n{\"a\":2} [3]").unwrap(),
            vec![json!({"a": 1}), json!({"a": 2}), json!([3])]
        );
    }

    #[test]
    fn a_json_key_written_twice_is_refused_with_its_place() {
        let error = parse("{\"image\": \"good\",\n \"image\": \"evil\"}").unwrap_err();
        assert_eq!(
            error.fault,
            ManifestFault::DuplicateKey {
                key: "image".to_owned()
            }
        );
        assert_eq!(error.place.unwrap().line, 2);
    }

    #[test]
    fn json_nested_without_end_is_refused() {
        assert!(parse(&"[".repeat(100_000)).is_err());
    }
}
