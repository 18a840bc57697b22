//! Values whose inside is a library's own affair.

use std::any::Any;
use std::fmt::Debug;

use super::Value;

/// A value of a library: known to the language by its type name and its equality
pub trait Opaque: Debug + Send + Sync {
    /// Name of its type, as declared
    fn type_name(&self) -> &str;

    /// Whether `other` is the same value
    fn equals(&self, other: &dyn Opaque) -> bool;

    /// Itself, for the library that made it
    fn as_any(&self) -> &dyn Any;

    /// A field, for the few that have fields
    fn field(&self, _name: &str) -> Option<Value<'static>> {
        None
    }

    /// Its JSON form, if it has one
    fn to_json(&self) -> Option<serde_json::Value> {
        None
    }
}

impl<'o> dyn Opaque + 'o {
    /// The value as the library's own type
    pub(crate) fn downcast<T: 'static>(&self) -> Option<&T> {
        self.as_any().downcast_ref()
    }
}

impl<'v> Value<'v> {
    /// The library value inside, if it is a `T`
    #[must_use]
    pub fn as_opaque<T: 'static>(&self) -> Option<&T> {
        let Value::Opaque(opaque) = self else { return None };
        opaque.downcast()
    }

    /// A library value
    pub fn opaque(value: impl Opaque + 'static) -> Value<'v> {
        Value::Opaque(std::sync::Arc::new(value))
    }
}
