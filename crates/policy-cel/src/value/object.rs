//! Objects with declared fields, made by object literals (`Object{spec: …}`).
//!
//! A field that was not set reads as its type's default, as in protobuf; `has` tells the two apart.

use std::sync::Arc;

use super::{Entries, Fuel, List, Map, Text, Timestamp, Value, equal};
use crate::error::EvalError;
use crate::types::{ObjectType, Type};

/// An object and the fields that were set
#[derive(Debug)]
pub struct Object<'v> {
    of: Arc<ObjectType>,
    fields: Vec<(Arc<str>, Value<'v>)>,
    depth: u16,
}

impl<'v> Object<'v> {
    pub(crate) fn new(of: Arc<ObjectType>, fields: Vec<(Arc<str>, Value<'v>)>) -> Self {
        let deepest = fields.iter().map(|(_, value)| value.depth()).max().unwrap_or(0);
        Self {
            of,
            fields,
            depth: deepest.saturating_add(1),
        }
    }

    /// Name of its type
    #[must_use]
    pub fn type_name(&self) -> &str {
        &self.of.name
    }

    pub(super) fn depth(&self) -> u16 {
        self.depth
    }

    /// Whether no field was set
    pub(crate) fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The field, set or default; nothing when the type has no such field
    #[must_use]
    pub fn field(&self, name: &str) -> Option<Value<'v>> {
        let set = self
            .fields
            .iter()
            .find(|(have, _)| **have == *name)
            .map(|(_, value)| value.clone());
        set.or_else(|| self.of.fields.get(name).map(default_of))
    }

    /// Whether the field was set to something other than its default; nothing when the type has no such field
    pub(crate) fn has(&self, name: &str) -> Option<bool> {
        let of = self.of.fields.get(name)?;
        let set = self.fields.iter().find(|(have, _)| **have == *name);
        Some(set.is_some_and(|(_, value)| matches!(of, Type::Struct(_)) || *value != default_of(of)))
    }

    pub(super) fn equals(&self, other: &Self, fuel: &mut Fuel) -> Result<bool, EvalError> {
        if self.of.name != other.of.name {
            return Ok(false);
        }
        for name in self.of.fields.keys() {
            let same = match (
                self.has(name),
                other.has(name),
                self.field(name),
                other.field(name),
            ) {
                (Some(true), Some(true), Some(left), Some(right)) => equal(&left, &right, fuel)?,
                (left, right, _, _) => left == right,
            };
            if !same {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The fields that were set
    pub(crate) fn set_fields(&self) -> impl Iterator<Item = &Value<'v>> {
        self.fields.iter().map(|(_, value)| value)
    }

    pub(super) fn to_json(&self) -> Result<serde_json::Value, EvalError> {
        let member = |(name, value): &(Arc<str>, Value<'v>)| Ok((name.to_string(), value.written()?));
        Ok(serde_json::Value::Object(
            self.fields.iter().map(member).collect::<Result<_, EvalError>>()?,
        ))
    }
}

/// What a field of this type reads as when it was not set
pub(crate) fn default_of<'v>(of: &Type) -> Value<'v> {
    match of {
        Type::Bool => Value::Bool(false),
        Type::Int => Value::Int(0),
        Type::Uint => Value::Uint(0),
        Type::Double => Value::Double(0.0),
        Type::String => Value::String(Text::Borrowed("")),
        Type::Bytes => Value::Bytes(Arc::from([])),
        Type::Timestamp => Value::Timestamp(Timestamp::EPOCH),
        Type::Duration => Value::Duration(0),
        Type::List(_) => Value::List(List::from(Vec::new())),
        Type::Map(_) => Value::Map(Map::from(Entries::new())),
        Type::Struct(name) => {
            let of = ObjectType {
                name: Arc::clone(name),
                fields: indexmap::IndexMap::new(),
                wraps: None,
            };
            Value::Object(Arc::new(Object::new(Arc::new(of), Vec::new())))
        }
        Type::Error
        | Type::Dyn
        | Type::Any
        | Type::Null
        | Type::Wrapper(_)
        | Type::Type(_)
        | Type::Opaque(_)
        | Type::Parameter(_) => Value::Null,
    }
}
