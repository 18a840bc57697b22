//! The objects on which Kyverno's functions are called: `resource`, `http`, `globalContext`, `image`, `json`, `yaml`.
//!
//! They hold nothing; what their functions need they ask the host.

use std::any::Any;

use crate::types::Type;
use crate::value::{Opaque, Value};

/// One of the objects; `http` may carry the certificates it trusts
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Receiver {
    Resource,
    Http { ca_bundle: String },
    GlobalContext,
    ImageData,
    Json,
    Yaml,
}

impl Receiver {
    /// The name of the variable that holds it
    pub(super) fn variable(&self) -> &'static str {
        match self {
            Self::Resource => "resource",
            Self::Http { .. } => "http",
            Self::GlobalContext => "globalContext",
            Self::ImageData => "image",
            Self::Json => "json",
            Self::Yaml => "yaml",
        }
    }

    /// Its type
    pub(super) fn of(&self) -> Type {
        Type::opaque(self.type_name())
    }

    /// It, as a value
    pub(super) fn value(self) -> Value<'static> {
        Value::opaque(self)
    }
}

impl Opaque for Receiver {
    fn type_name(&self) -> &str {
        match self {
            Self::Resource => "resource.Context",
            Self::Http { .. } => "http.Context",
            Self::GlobalContext => "globalcontext.Context",
            Self::ImageData => "imagedata.Context",
            Self::Json => "json.Json",
            Self::Yaml => "yaml.Yaml",
        }
    }

    fn equals(&self, other: &dyn Opaque) -> bool {
        other.downcast::<Self>() == Some(self)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
