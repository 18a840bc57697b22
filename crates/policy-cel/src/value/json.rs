//! JSON in and out.
//!
//! Numbers come in as Kubernetes decodes them: `int` when they fit 64 signed bits, `double` otherwise; never `uint`.

use base64::Engine as _;
use serde_json::{Number, Value as Json};

use super::{Entries, Key, List, Map, Text, Value, text_of_duration, text_of_timestamp};
use crate::error::EvalError;

impl<'v> From<&'v Json> for Value<'v> {
    fn from(json: &'v Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(truth) => Self::Bool(*truth),
            Json::Number(number) => from_number(number),
            Json::String(text) => Self::String(Text::Borrowed(text)),
            Json::Array(array) => Self::List(List::Json(array)),
            Json::Object(object) => Self::Map(Map::Json(object)),
        }
    }
}

/// Takes JSON over; the reader of the JSON has bounded its nesting.
impl From<Json> for Value<'_> {
    fn from(json: Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(truth) => Self::Bool(truth),
            Json::Number(number) => from_number(&number),
            Json::String(text) => Self::String(text.into()),
            Json::Array(array) => Self::List(array.into_iter().map(Self::from).collect::<Vec<_>>().into()),
            Json::Object(object) => {
                let entry = |(name, value): (String, Json)| (Key::String(name.into()), Self::from(value));
                Self::Map(object.into_iter().map(entry).collect::<Entries<'_>>().into())
            }
        }
    }
}

fn from_number<'v>(number: &Number) -> Value<'v> {
    match number.as_i64() {
        Some(int) => Value::Int(int),
        None => Value::Double(number.as_f64().unwrap_or(f64::NAN)),
    }
}

impl Value<'_> {
    /// The value as JSON: timestamps and durations as text, bytes in base64, an optional as what it holds.
    ///
    /// # Errors
    /// A double without JSON form, a type, and a library value that has none.
    pub fn to_json(&self) -> Result<Json, EvalError> {
        Ok(match self {
            Self::Null | Self::Optional(None) => Json::Null,
            Self::Bool(truth) => Json::Bool(*truth),
            Self::Int(number) => Json::from(*number),
            Self::Uint(number) => Json::from(*number),
            Self::Double(number) => Json::Number(
                Number::from_f64(*number).ok_or_else(|| EvalError::failed("json: unsupported value"))?,
            ),
            Self::String(text) => Json::String(text.to_string()),
            Self::Bytes(octets) => Json::String(base64::engine::general_purpose::STANDARD.encode(octets)),
            Self::Timestamp(at) => Json::String(text_of_timestamp(*at)),
            Self::Duration(nanoseconds) => Json::String(text_of_duration(*nanoseconds)),
            Self::List(List::Json(array)) => Json::Array(array.to_vec()),
            Self::Map(Map::Json(object)) => Json::Object((*object).clone()),
            Self::List(list) => Json::Array(
                list.iter()
                    .map(|value| value.to_json())
                    .collect::<Result<_, _>>()?,
            ),
            Self::Map(map) => {
                let member = |(key, value): (Key<'_>, Value<'_>)| Ok((name(&key), value.to_json()?));
                Json::Object(map.iter().map(member).collect::<Result<_, EvalError>>()?)
            }
            Self::Object(object) => object.to_json()?,
            Self::Optional(Some(held)) => held.value.to_json()?,
            Self::Opaque(opaque) => opaque.to_json().ok_or_else(|| no_form(&self.type_name()))?,
            Self::Type(_) => return Err(no_form("type")),
        })
    }
}

fn no_form(name: &str) -> EvalError {
    EvalError::failed(format!("unsupported conversion from '{name}' to JSON"))
}

fn name(key: &Key<'_>) -> String {
    match key {
        Key::Bool(truth) => truth.to_string(),
        Key::Int(number) => number.to_string(),
        Key::Uint(number) => number.to_string(),
        Key::String(text) => text.to_string(),
    }
}
