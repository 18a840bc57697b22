//! Why a condition is not met, and why a strategic merge patch cannot be applied.

use serde_json::Value;

use crate::nesting::TooDeep;

/// A condition anchor that the resource does not satisfy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Mismatch {
    /// What was demanded and what was found
    pub reason: String,
}

/// A strategic merge patch that cannot be applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StrategicError {
    /// The patch has a map, list or scalar where the resource has another of these
    #[error("wrong node kind at {path}: expected {expected} but got {found}")]
    WrongKind {
        /// Where, as a JSON pointer
        path: String,
        /// What the resource has
        expected: &'static str,
        /// What the patch has
        found: &'static str,
    },
    /// An element of the patch lacks the key by which its list is merged
    #[error("an element at {path} has no merge key `{key}`")]
    NoMergeKey {
        /// Where the list is, as a JSON pointer
        path: String,
        /// The key that elements of this list are told apart by
        key: &'static str,
    },
    /// An anchor that means nothing in a patch
    #[error("anchor `{0}` is not supported in a strategic merge patch")]
    UnsupportedAnchor(String),
    /// A `$patch` directive that is none of `merge`, `replace`, `delete`
    #[error("unknown patch strategy '{0}'")]
    UnknownDirective(String),
    /// The patch is no map
    #[error("a strategic merge patch is a map, not {0}")]
    NotAMap(&'static str),
    /// The resource or the patch is too deep
    #[error(transparent)]
    TooDeep(#[from] TooDeep),
}

/// The kind of a value, in the words kustomize uses.
pub(super) fn node_kind(value: &Value) -> &'static str {
    match value {
        Value::Object(_) => "MappingNode",
        Value::Array(_) => "SequenceNode",
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => "ScalarNode",
    }
}
