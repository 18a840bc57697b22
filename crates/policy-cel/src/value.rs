//! What expressions compute with.
//!
//! A [`Value`] either borrows from the request (`'v`) or shares what was made while evaluating; cloning one never copies text, lists
//! or maps. Nesting is bounded when a value is made, so comparing, printing and dropping one may recurse.

mod compare;
mod json;
mod list;
mod map;
mod object;
mod opaque;
mod text;
pub(crate) mod time;

pub use list::List;
pub use map::{Key, Map};
pub use object::Object;
pub use opaque::Opaque;
pub use text::Text;
pub use time::Timestamp;

pub(crate) use compare::{Fuel, compare, contains, equal, ordering_surcharge};
pub(crate) use compare::{exact_int, int_as_double, to_int, to_uint, uint_as_double};
pub(crate) use map::Entries;
pub(crate) use object::default_of;
pub(crate) use time::{text_of_duration, text_of_timestamp};

use std::borrow::Cow;
use std::sync::Arc;

use crate::limits::DEFAULT_COST_PER_EXPRESSION;

/// A CEL value
#[derive(Clone, Debug)]
pub enum Value<'v> {
    /// `null`
    Null,
    /// `bool`
    Bool(bool),
    /// `int`
    Int(i64),
    /// `uint`
    Uint(u64),
    /// `double`
    Double(f64),
    /// `string`
    String(Text<'v>),
    /// `bytes`
    Bytes(Arc<[u8]>),
    /// `timestamp`
    Timestamp(Timestamp),
    /// `duration`, in nanoseconds
    Duration(i64),
    /// `list`
    List(List<'v>),
    /// `map`
    Map(Map<'v>),
    /// An object made by an object literal
    Object(Arc<Object<'v>>),
    /// `optional_type`
    Optional(Option<Arc<Held<'v>>>),
    /// A type, by its name
    Type(Text<'v>),
    /// A value of a library: a quantity, an image, …
    Opaque(Arc<dyn Opaque>),
}

/// The value in an optional, with its nesting
#[derive(Debug)]
pub struct Held<'v> {
    /// The value
    pub value: Value<'v>,
    depth: u16,
}

impl<'v> Held<'v> {
    pub(crate) fn new(value: Value<'v>) -> Self {
        let depth = value.depth().saturating_add(1);
        Self { value, depth }
    }
}

impl<'v> Value<'v> {
    /// A string made from `text`
    pub fn string(text: impl Into<Text<'v>>) -> Self {
        Self::String(text.into())
    }

    /// The name of the value's type, as `type(x)` prints it
    #[must_use]
    pub fn type_name(&self) -> Cow<'_, str> {
        Cow::Borrowed(match self {
            Self::Null => "null_type",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Uint(_) => "uint",
            Self::Double(_) => "double",
            Self::String(_) => "string",
            Self::Bytes(_) => "bytes",
            Self::Timestamp(_) => "google.protobuf.Timestamp",
            Self::Duration(_) => "google.protobuf.Duration",
            Self::List(_) => "list",
            Self::Map(_) => "map",
            Self::Object(object) => object.type_name(),
            Self::Optional(_) => crate::types::OPTIONAL,
            Self::Type(_) => "type",
            Self::Opaque(opaque) => opaque.type_name(),
        })
    }

    /// The text of a string value
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self {
            Some(text)
        } else {
            None
        }
    }

    /// The truth of a bool value
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(truth) = self {
            Some(*truth)
        } else {
            None
        }
    }

    /// Levels of nesting made while evaluating; what is borrowed counts as flat, the reader of JSON has bounded it
    pub(crate) fn depth(&self) -> u16 {
        match self {
            Self::List(list) => list.depth(),
            Self::Map(map) => map.depth(),
            Self::Object(object) => object.depth(),
            Self::Optional(Some(held)) => held.depth,
            Self::Null
            | Self::Bool(_)
            | Self::Int(_)
            | Self::Uint(_)
            | Self::Double(_)
            | Self::String(_)
            | Self::Bytes(_)
            | Self::Timestamp(_)
            | Self::Duration(_)
            | Self::Optional(None)
            | Self::Type(_)
            | Self::Opaque(_) => 0,
        }
    }

    /// What `size` counts, and 1 for whatever has no size: the measure of costs (cel-go: `actualSize`)
    pub(crate) fn cost_size(&self) -> u64 {
        let size = match self {
            Self::String(text) => text.len(),
            Self::Bytes(octets) => octets.len(),
            Self::List(list) => list.len(),
            Self::Map(map) => map.len(),
            Self::Optional(Some(held)) => return held.value.cost_size(),
            Self::Null
            | Self::Bool(_)
            | Self::Int(_)
            | Self::Uint(_)
            | Self::Double(_)
            | Self::Timestamp(_)
            | Self::Duration(_)
            | Self::Object(_)
            | Self::Optional(None)
            | Self::Type(_)
            | Self::Opaque(_) => return 1,
        };
        size as u64
    }
}

/// Two values are equal as CEL's `==` has it: numbers by magnitude, `NaN` never. Values too large to be compared within
/// the cost of one expression are not equal.
impl PartialEq for Value<'_> {
    fn eq(&self, other: &Self) -> bool {
        equal(self, other, &mut Fuel::new(DEFAULT_COST_PER_EXPRESSION)).unwrap_or(false)
    }
}

#[cfg(test)]
mod tests;
