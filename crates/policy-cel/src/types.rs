//! The types of CEL, as the checker sees them and as users read them.
//!
//! Two spellings exist in cel-go and both reach users: [`fmt::Display`] is the one of error texts (`timestamp`, `null`, `any`),
//! [`Type::full_name`] the one of declarations (`google.protobuf.Timestamp`, `null_type`).

use std::fmt;
use std::sync::Arc;

/// A CEL type
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// Given to what does not type check, so that one fault is reported once
    Error,
    /// Anything; checked while running
    Dyn,
    /// `google.protobuf.Any`: like [`Type::Dyn`], printed differently
    Any,
    /// `null`
    Null,
    /// `bool`
    Bool,
    /// 64-bit signed
    Int,
    /// 64-bit unsigned
    Uint,
    /// IEEE 754 double
    Double,
    /// Unicode text
    String,
    /// Octets
    Bytes,
    /// Instant with nanoseconds, UTC
    Timestamp,
    /// Span with nanoseconds
    Duration,
    /// A primitive that may be null, as protobuf's wrapper messages are
    Wrapper(Arc<Type>),
    /// List of one element type
    List(Arc<Type>),
    /// Map from key to value type
    Map(Arc<(Type, Type)>),
    /// The type of types
    Type(Option<Arc<Type>>),
    /// An object with declared fields
    Struct(Arc<str>),
    /// A type known by its name and parameters alone: `optional_type(int)`, `net.IP`
    Opaque(Arc<Opaque>),
    /// A type to be found out
    Parameter(u32),
}

/// Name and parameters of an opaque type
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opaque {
    /// Qualified name
    pub name: Arc<str>,
    /// Type parameters, often none
    pub parameters: Vec<Type>,
}

/// Name and fields of an object type
#[derive(Clone, Debug)]
pub struct ObjectType {
    /// Qualified name
    pub name: Arc<str>,
    /// Its fields; one that is not here is a compile error
    pub fields: indexmap::IndexMap<Arc<str>, Type>,
    /// The primitive that the object stands for, where it is one of protobuf's wrappers
    pub wraps: Option<Type>,
}

/// Name of the type of optional values
pub(crate) const OPTIONAL: &str = "optional_type";

impl Type {
    /// `list(element)`
    #[must_use]
    pub fn list(element: Self) -> Self {
        Self::List(Arc::new(element))
    }

    /// `map(key, value)`
    #[must_use]
    pub fn map(key: Self, value: Self) -> Self {
        Self::Map(Arc::new((key, value)))
    }

    /// `optional_type(value)`
    #[must_use]
    pub fn optional(value: Self) -> Self {
        Self::Opaque(Arc::new(Opaque {
            name: OPTIONAL.into(),
            parameters: vec![value],
        }))
    }

    /// An opaque type without parameters
    #[must_use]
    pub fn opaque(name: &str) -> Self {
        Self::Opaque(Arc::new(Opaque {
            name: name.into(),
            parameters: Vec::new(),
        }))
    }

    /// An object type, whose fields are declared with the environment
    #[must_use]
    pub fn object(name: &str) -> Self {
        Self::Struct(name.into())
    }

    pub(crate) fn of_type(inner: Self) -> Self {
        Self::Type(Some(Arc::new(inner)))
    }

    pub(crate) fn is_dyn(&self) -> bool {
        matches!(self, Self::Dyn | Self::Any)
    }

    pub(crate) fn is_dyn_or_error(&self) -> bool {
        matches!(self, Self::Dyn | Self::Any | Self::Error)
    }

    /// The type inside an optional type
    pub(crate) fn optional_value(&self) -> Option<&Self> {
        let Self::Opaque(opaque) = self else { return None };
        if &*opaque.name == OPTIONAL {
            opaque.parameters.first()
        } else {
            None
        }
    }

    /// The parameters, in the order they are printed
    pub(crate) fn parameters(&self) -> &[Self] {
        match self {
            Self::List(element) => std::slice::from_ref(element),
            Self::Type(Some(inner)) => std::slice::from_ref(inner),
            Self::Opaque(opaque) => &opaque.parameters,
            Self::Error
            | Self::Dyn
            | Self::Any
            | Self::Null
            | Self::Bool
            | Self::Int
            | Self::Uint
            | Self::Double
            | Self::String
            | Self::Bytes
            | Self::Timestamp
            | Self::Duration
            | Self::Wrapper(_)
            | Self::Map(_)
            | Self::Type(None)
            | Self::Struct(_)
            | Self::Parameter(_) => &[],
        }
    }

    /// The name as declarations spell it: `map(string, google.protobuf.Any)`
    #[must_use]
    pub fn full_name(&self) -> String {
        Spelled { of: self, full: true }.to_string()
    }
}

/// Spells a type as cel-go's errors do
impl fmt::Display for Type {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        Spelled {
            of: self,
            full: false,
        }
        .fmt(formatter)
    }
}

struct Spelled<'t> {
    of: &'t Type,
    full: bool,
}

impl Spelled<'_> {
    fn inner<'t>(&self, of: &'t Type) -> Spelled<'t> {
        Spelled { of, full: self.full }
    }

    fn simple(&self) -> Option<&'static str> {
        let (full, short) = match self.of {
            Type::Error => ("!error!", "!error!"),
            Type::Dyn => ("dyn", "dyn"),
            Type::Any => ("google.protobuf.Any", "any"),
            Type::Null => ("null_type", "null"),
            Type::Bool => ("bool", "bool"),
            Type::Int => ("int", "int"),
            Type::Uint => ("uint", "uint"),
            Type::Double => ("double", "double"),
            Type::String => ("string", "string"),
            Type::Bytes => ("bytes", "bytes"),
            Type::Timestamp => ("google.protobuf.Timestamp", "timestamp"),
            Type::Duration => ("google.protobuf.Duration", "duration"),
            Type::Type(None) => ("type", "type"),
            Type::Wrapper(_)
            | Type::List(_)
            | Type::Map(_)
            | Type::Type(Some(_))
            | Type::Struct(_)
            | Type::Opaque(_)
            | Type::Parameter(_) => return None,
        };
        Some(if self.full { full } else { short })
    }
}

impl fmt::Display for Spelled<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = self.simple() {
            return formatter.write_str(name);
        }
        match self.of {
            Type::Wrapper(inner) => write!(formatter, "wrapper({})", self.inner(inner)),
            Type::List(element) => write!(formatter, "list({})", self.inner(element)),
            Type::Map(entry) => write!(
                formatter,
                "map({}, {})",
                self.inner(&entry.0),
                self.inner(&entry.1)
            ),
            Type::Type(Some(inner)) => write!(formatter, "type({})", self.inner(inner)),
            Type::Struct(name) => formatter.write_str(name),
            Type::Parameter(index) => write!(formatter, "_var{index}"),
            Type::Opaque(opaque) => {
                formatter.write_str(&opaque.name)?;
                let mut separator = "(";
                for parameter in &opaque.parameters {
                    write!(formatter, "{separator}{}", self.inner(parameter))?;
                    separator = ", ";
                }
                if opaque.parameters.is_empty() {
                    Ok(())
                } else {
                    formatter.write_str(")")
                }
            }
            Type::Error
            | Type::Dyn
            | Type::Any
            | Type::Null
            | Type::Bool
            | Type::Int
            | Type::Uint
            | Type::Double
            | Type::String
            | Type::Bytes
            | Type::Timestamp
            | Type::Duration
            | Type::Type(None) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_has_one_spelling_in_errors_and_another_in_declarations() {
        let of = Type::map(Type::String, Type::list(Type::Any));
        assert_eq!(of.to_string(), "map(string, list(any))");
        assert_eq!(of.full_name(), "map(string, list(google.protobuf.Any))");
        assert_eq!(Type::optional(Type::Null).to_string(), "optional_type(null)");
    }
}
