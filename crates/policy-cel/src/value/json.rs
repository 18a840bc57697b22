//! JSON in and out.
//!
//! Numbers of objects come in as Kubernetes decodes them: `int` when they fit 64 signed bits, `double` otherwise; never `uint`. What Go decodes
//! into `any` – service answers, payloads, `json.unmarshal` – comes in through [`Value::from_decoded`], all numbers double.

use base64::Engine as _;
use serde_json::{Number, Value as Json};

use super::{Entries, Key, List, Map, Text, Value, exact_int, text_of_duration, text_of_timestamp};
use crate::error::{EvalError, Limit};
use crate::limits::DEFAULT_MEMORY_BYTES;

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

/// Bytes that a value takes beside its text
const NODE_BYTES: usize = 32;

fn decoded_number<'v>(number: &Number) -> Value<'v> {
    Value::Double(number.as_f64().unwrap_or(f64::NAN))
}

fn from_number<'v>(number: &Number) -> Value<'v> {
    match number.as_i64() {
        Some(int) => Value::Int(int),
        None => Value::Double(number.as_f64().unwrap_or(f64::NAN)),
    }
}

impl<'v> Value<'v> {
    /// JSON as Go decodes it into `any`: every number is a double
    #[must_use]
    pub fn from_decoded(json: Json) -> Self {
        match json {
            Json::Number(number) => decoded_number(&number),
            Json::Array(array) => Self::List(
                array
                    .into_iter()
                    .map(Self::from_decoded)
                    .collect::<Vec<_>>()
                    .into(),
            ),
            Json::Object(object) => {
                let entry =
                    |(name, value): (String, Json)| (Key::String(name.into()), Self::from_decoded(value));
                Self::Map(object.into_iter().map(entry).collect::<Entries<'_>>().into())
            }
            plain @ (Json::Null | Json::Bool(_) | Json::String(_)) => Self::from(plain),
        }
    }

    /// Bytes that the value takes when it is written out, shared parts counted where they appear; nothing when more than `most`
    pub(crate) fn footprint(&self, most: usize) -> Option<usize> {
        let mut left = most;
        self.weigh(&mut left)?;
        most.checked_sub(left)
    }

    fn weigh(&self, left: &mut usize) -> Option<()> {
        let own = match self {
            Self::String(text) => text.len(),
            Self::Bytes(octets) => octets.len(),
            Self::Null
            | Self::Bool(_)
            | Self::Int(_)
            | Self::Uint(_)
            | Self::Double(_)
            | Self::Timestamp(_)
            | Self::Duration(_)
            | Self::Type(_)
            | Self::Opaque(_)
            | Self::Optional(_)
            | Self::List(_)
            | Self::Map(_)
            | Self::Object(_) => 0,
        };
        *left = left.checked_sub(own.checked_add(NODE_BYTES)?)?;
        if let Self::List(list) = self {
            list.iter().try_for_each(|element| element.weigh(left))?;
        }
        if let Self::Map(map) = self {
            map.iter().try_for_each(|(key, value)| {
                key.to_value().weigh(left)?;
                value.weigh(left)
            })?;
        }
        if let Self::Optional(Some(held)) = self {
            held.value.weigh(left)?;
        }
        if let Self::Object(object) = self {
            object.set_fields().try_for_each(|value| value.weigh(left))?;
        }
        Some(())
    }
}

impl Value<'_> {
    /// The value as JSON: timestamps and durations as text, bytes in base64, an optional as what it holds, keys sorted.
    ///
    /// # Errors
    /// A double without JSON form, a type, a library value that has none; a value that would fill more memory than an evaluation may.
    pub fn to_json(&self) -> Result<Json, EvalError> {
        self.footprint(DEFAULT_MEMORY_BYTES)
            .ok_or_else(|| EvalError::limit(Limit::Memory))?;
        self.written()
    }

    pub(super) fn written(&self) -> Result<Json, EvalError> {
        Ok(match self {
            Self::Null | Self::Optional(None) => Json::Null,
            Self::Bool(truth) => Json::Bool(*truth),
            Self::Int(number) => Json::from(*number),
            Self::Uint(number) => Json::from(*number),
            Self::Double(number) => double(*number)?,
            Self::String(text) => Json::String(text.to_string()),
            Self::Bytes(octets) => Json::String(base64::engine::general_purpose::STANDARD.encode(octets)),
            Self::Timestamp(at) => Json::String(text_of_timestamp(*at)),
            Self::Duration(nanoseconds) => Json::String(text_of_duration(*nanoseconds)),
            Self::List(List::Json(array)) => Json::Array(array.to_vec()),
            Self::Map(Map::Json(object)) => Json::Object((*object).clone()),
            Self::List(list) => Json::Array(
                list.iter()
                    .map(|value| value.written())
                    .collect::<Result<_, _>>()?,
            ),
            Self::Map(map) => {
                let member = |(key, value): (Key<'_>, Value<'_>)| Ok((name(&key), value.written()?));
                let mut members: Vec<_> = map.iter().map(member).collect::<Result<_, EvalError>>()?;
                members.sort_by(|left, right| left.0.cmp(&right.0));
                Json::Object(members.into_iter().collect())
            }
            Self::Object(object) => object.to_json()?,
            Self::Optional(Some(held)) => held.value.written()?,
            Self::Opaque(opaque) => opaque.to_json().ok_or_else(|| no_form(&self.type_name()))?,
            Self::Type(_) => return Err(no_form("type")),
        })
    }
}

/// A double as Go writes it: whole numbers without a point
fn double(number: f64) -> Result<Json, EvalError> {
    if let Some(whole) = exact_int(number).filter(|_| number != 0.0 || number.is_sign_positive()) {
        return Ok(Json::from(whole));
    }
    Number::from_f64(number)
        .map(Json::Number)
        .ok_or_else(|| EvalError::failed("json: unsupported value"))
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
