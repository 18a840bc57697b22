//! One step of a JSON patch, read from and written as JSON.

use serde_json::{Map, Value, json};

use super::fault::{Fault, PatchError};
use crate::nesting;
use crate::pointer::Pointer;

/// Operations one patch may have; the API server accepts 10,000 as well.
pub const MAX_OPERATIONS: usize = 10_000;

/// One step of a JSON patch.
#[derive(Debug, Clone, PartialEq)]
pub enum Operation {
    /// Sets a map entry, inserts into a list, or replaces the document
    Add {
        /// Where; `-` as last token appends to a list
        path: Pointer,
        /// What
        value: Value,
    },
    /// Removes what is there
    Remove {
        /// Where
        path: Pointer,
    },
    /// Replaces what is there
    Replace {
        /// Where
        path: Pointer,
        /// By what
        value: Value,
    },
    /// Removes from one place and adds to another
    Move {
        /// Where it is now
        from: Pointer,
        /// Where it goes
        path: Pointer,
    },
    /// Adds to one place what stands at another
    Copy {
        /// Where it is
        from: Pointer,
        /// Where it also goes
        path: Pointer,
    },
    /// Fails the patch unless this value is there
    Test {
        /// Where
        path: Pointer,
        /// What must be there; null also accepts a missing entry
        value: Value,
    },
}

/// An ordered list of operations, applied all or none.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Patch {
    /// The operations, first one first
    pub operations: Vec<Operation>,
}

impl Operation {
    /// The path the operation is about.
    #[must_use]
    pub fn path(&self) -> &Pointer {
        match self {
            Self::Add { path, .. }
            | Self::Remove { path }
            | Self::Replace { path, .. }
            | Self::Move { path, .. }
            | Self::Copy { path, .. }
            | Self::Test { path, .. } => path,
        }
    }

    /// The operation as JSON, as an admission response carries it.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match self {
            Self::Add { path, value } => json!({"op": "add", "path": path.to_string(), "value": value}),
            Self::Remove { path } => json!({"op": "remove", "path": path.to_string()}),
            Self::Replace { path, value } => {
                json!({"op": "replace", "path": path.to_string(), "value": value})
            }
            Self::Move { from, path } => {
                json!({"op": "move", "from": from.to_string(), "path": path.to_string()})
            }
            Self::Copy { from, path } => {
                json!({"op": "copy", "from": from.to_string(), "path": path.to_string()})
            }
            Self::Test { path, value } => json!({"op": "test", "path": path.to_string(), "value": value}),
        }
    }

    fn from_value(index: usize, value: &Value) -> Result<Self, PatchError> {
        let path_as_written = value
            .get("path")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        let fail = |fault: Fault| PatchError::of_operation(index, path_as_written.clone(), fault);
        let invalid = |why: &str| {
            fail(Fault::InvalidOperation {
                operation: value.to_string(),
                why: why.to_owned(),
            })
        };
        let Value::Object(fields) = value else {
            return Err(invalid("an operation is a map"));
        };
        nesting::check(value).map_err(|fault| fail(fault.into()))?;
        let pointer = |field: &'static str, missing: &str| match fields.get(field) {
            Some(Value::String(text)) => Pointer::parse(text).map_err(|fault| fail(fault.into())),
            Some(_) => Err(invalid(&format!("failed to decode '{field}': it is no string"))),
            None => Err(invalid(&format!(
                "failed to decode '{field}': {missing}: missing value"
            ))),
        };
        let path = || pointer("path", "operation missing path field");
        let from = || pointer("from", "operation, missing from field");
        let value_of = |fields: &Map<String, Value>| {
            let missing = "failed to decode 'value': operation, missing value field: missing value";
            fields.get("value").cloned().ok_or_else(|| invalid(missing))
        };
        match fields.get("op").and_then(Value::as_str) {
            Some("add") => Ok(Self::Add {
                value: value_of(fields)?,
                path: path()?,
            }),
            Some("replace") => Ok(Self::Replace {
                value: value_of(fields)?,
                path: path()?,
            }),
            Some("remove") => Ok(Self::Remove { path: path()? }),
            Some("move") => Ok(Self::Move {
                from: from()?,
                path: path()?,
            }),
            Some("copy") => Ok(Self::Copy {
                from: from()?,
                path: path()?,
            }),
            Some("test") => Ok(Self::Test {
                path: path()?,
                value: fields.get("value").cloned().unwrap_or_default(),
            }),
            Some(_) | None => Err(invalid("unsupported operation")),
        }
    }
}

impl Patch {
    /// Reads a patch from its parsed JSON or YAML.
    ///
    /// # Errors
    /// [`PatchError`] for a value that is no list of operations, or too long a list.
    pub fn from_value(value: &Value) -> Result<Self, PatchError> {
        let whole = PatchError::of_patch;
        let list = match value {
            Value::Array(list) => list,
            Value::Object(_) => return Err(whole(Fault::NotAList("a map"))),
            Value::Null => return Err(whole(Fault::NotAList("null"))),
            Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                return Err(whole(Fault::NotAList("a scalar")));
            }
        };
        if list.len() > MAX_OPERATIONS {
            return Err(whole(Fault::TooManyOperations(MAX_OPERATIONS)));
        }
        let operations = list
            .iter()
            .enumerate()
            .map(|(index, value)| Operation::from_value(index, value));
        Ok(Self {
            operations: operations.collect::<Result<_, _>>()?,
        })
    }

    /// The patch as JSON.
    #[must_use]
    pub fn to_value(&self) -> Value {
        Value::Array(self.operations.iter().map(Operation::to_value).collect())
    }

    /// Whether the patch does nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }
}
