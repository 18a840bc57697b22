//! What is wrong with a document, and where.

use std::fmt;
use std::sync::Arc;

use manifest::{FieldPath, Place};

/// A fault of a document, or a warning about it.
///
/// Printed on one line: `file:line:column: field.path: what is wrong (did you mean `x`?)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The file, as the caller named it.
    pub source: Arc<str>,
    /// Where in the file; `None` for a document that stands in no file.
    pub place: Option<Place>,
    /// The field, from the root of the document.
    pub path: FieldPath,
    /// What kind of fault.
    pub code: FaultCode,
    /// What is wrong and what was expected.
    pub message: String,
    /// The known name nearest to the one that was written.
    pub nearest: Option<String>,
}

/// Kinds of faults, with names that stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FaultCode {
    /// The text is no YAML or JSON.
    Syntax,
    /// The schema knows no field of this name.
    UnknownField,
    /// The value is of another type than the field's.
    WrongType,
    /// The value is none of those that the field may have.
    UnknownValue,
    /// A field that must be there is not.
    MissingField,
    /// Fields do not fit each other, or a value breaks a rule that the schema cannot tell.
    Invalid,
    /// Works, but not for long or not as its author may think.
    Doubtful,
}

impl FaultCode {
    /// The name that stays, such as `policy::unknown-field`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Syntax => "policy::syntax",
            Self::UnknownField => "policy::unknown-field",
            Self::WrongType => "policy::wrong-type",
            Self::UnknownValue => "policy::unknown-value",
            Self::MissingField => "policy::missing-field",
            Self::Invalid => "policy::invalid",
            Self::Doubtful => "policy::doubtful",
        }
    }
}

impl From<manifest::ManifestError> for Fault {
    fn from(error: manifest::ManifestError) -> Self {
        Self {
            message: error.fault.to_string(),
            source: error.source_name,
            place: error.place,
            path: FieldPath::root(),
            code: FaultCode::Syntax,
            nearest: None,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.source.is_empty() {
            write!(f, "{}:", self.source)?;
        }
        if let Some(place) = self.place {
            write!(f, "{place}:")?;
        }
        if !self.source.is_empty() || self.place.is_some() {
            f.write_str(" ")?;
        }
        if !self.path.is_root() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)?;
        match &self.nearest {
            Some(nearest) => write!(f, " (did you mean `{nearest}`?)"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Fault {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_prints_on_one_line() {
        let fault = Fault {
            source: Arc::from("policy.yaml"),
            place: Some(Place { line: 7, column: 3 }),
            path: FieldPath::root().key("spec").key("ruls"),
            code: FaultCode::UnknownField,
            message: "unknown field".to_owned(),
            nearest: Some("rules".to_owned()),
        };
        assert_eq!(
            fault.to_string(),
            "policy.yaml:7:3: spec.ruls: unknown field (did you mean `rules`?)"
        );
        let bare = Fault {
            source: Arc::from(""),
            place: None,
            path: FieldPath::root(),
            nearest: None,
            ..fault
        };
        assert_eq!(bare.to_string(), "unknown field");
    }
}
