//! A mutated object against the one a suite expects.

use serde_json::Value;

use crate::input::{InputError, load_resources};

/// What comparing gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compared {
    /// They are the same.
    Same,
    /// They differ.
    Different,
    /// The file holds no such object.
    Missing,
}

/// Expected objects of one file.
pub(super) struct ExpectedObjects(Vec<Value>);

impl ExpectedObjects {
    /// Loads `path`.
    ///
    /// # Errors
    /// [`InputError`] where the file can't be read.
    pub(super) fn load(path: &str) -> Result<Self, InputError> {
        let resources = load_resources(&[path.to_owned()])?;
        Ok(Self(
            resources
                .into_iter()
                .map(|resource| (*resource.object).clone())
                .collect(),
        ))
    }

    /// Compares `found` with the object of the same kind, namespace and name.
    pub(super) fn compare(&self, found: &Value) -> Compared {
        let identity = |object: &Value| {
            ["/apiVersion", "/kind", "/metadata/namespace", "/metadata/name"].map(|pointer| {
                object
                    .pointer(pointer)
                    .and_then(Value::as_str)
                    .unwrap_or_default()
                    .to_owned()
            })
        };
        let wanted = identity(found);
        match self.0.iter().find(|expected| identity(expected) == wanted) {
            None => Compared::Missing,
            Some(expected)
                if json_patches::comparison::equal_after_normalisation(expected, found) == Ok(true) =>
            {
                Compared::Same
            }
            Some(_) => Compared::Different,
        }
    }
}
