//! The words in which a schema is written.

/// What a value may be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape {
    /// Anything, null included.
    Any,
    /// Text.
    Text,
    /// A boolean.
    Bool,
    /// An integer not below the bound.
    Int(i64),
    /// One of some texts.
    Choice(&'static [&'static str]),
    /// A sequence.
    List(&'static Shape),
    /// A mapping from any key.
    Map(&'static Shape),
    /// A mapping with known keys.
    Object(&'static Object),
    /// A sequence of mappings with known keys.
    Objects(&'static Object),
    /// A mapping with known keys, or a sequence of such: the older form of conditions.
    ObjectOrList(&'static Object, &'static Object),
}

/// A mapping with known keys.
#[derive(Debug)]
pub(crate) struct Object {
    /// What a key means that is not among the fields.
    pub(crate) unknown: Unknown,
    /// The fields.
    pub(crate) fields: &'static [Field],
}

/// What an unknown key means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unknown {
    /// A fault.
    Refused,
    /// A warning: the API server keeps such fields and Kyverno reads over them.
    Warned,
}

/// A field of a mapping.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    pub(crate) required: bool,
    pub(crate) default: Option<Literal>,
}

/// A value that is filled in.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Literal {
    Bool(bool),
    Int(i64),
    Text(&'static str),
}

/// A field that may be absent.
pub(crate) const fn field(name: &'static str, shape: Shape) -> Field {
    Field {
        name,
        shape,
        required: false,
        default: None,
    }
}

/// A field that must be there.
pub(crate) const fn required(name: &'static str, shape: Shape) -> Field {
    Field {
        name,
        shape,
        required: true,
        default: None,
    }
}

/// A field that is filled in where it is absent.
pub(crate) const fn defaulted(name: &'static str, shape: Shape, default: Literal) -> Field {
    Field {
        name,
        shape,
        required: false,
        default: Some(default),
    }
}

/// A list of texts.
pub(crate) const TEXTS: Shape = Shape::List(&Shape::Text);

/// A mapping from texts to texts.
pub(crate) const TEXT_MAP: Shape = Shape::Map(&Shape::Text);

/// A mapping that holds anything.
pub(crate) const ANY_MAP: Shape = Shape::Map(&Shape::Any);

/// An integer of any size.
pub(crate) const INT: Shape = Shape::Int(i64::MIN);

/// A boolean that is true where it is absent.
pub(crate) const fn true_by_default(name: &'static str) -> Field {
    defaulted(name, Shape::Bool, Literal::Bool(true))
}
