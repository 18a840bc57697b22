//! The documents of a file, each with its places.

use std::sync::Arc;

use serde_json::Value;

use crate::error::ManifestError;
use crate::limits::MAX_FAULTS;
use crate::list::{is_list, unpack_list};
use crate::place::{FieldPath, Place};
use crate::places::Places;
use crate::reader::{piece_values, text_of};
use crate::split;

/// One document of a file.
#[derive(Debug, Clone)]
pub struct Document {
    /// What the document says, as JSON.
    pub value: Value,
    /// Where each part of it stands.
    pub places: Places,
    /// The name of the file, as the caller gave it.
    pub source: Arc<str>,
}

impl Document {
    /// A value that stands in no file (from an API server, or made by the program).
    #[must_use]
    pub fn without_text(value: Value, source: &str) -> Self {
        Self {
            value,
            places: Places::new("", 1, 0),
            source: Arc::from(source),
        }
    }

    /// `apiVersion` of the object; empty if there is none.
    #[must_use]
    pub fn api_version(&self) -> &str {
        self.text_field("apiVersion")
    }

    /// `kind` of the object; empty if there is none.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.text_field("kind")
    }

    /// Where the value at `path` starts in the file.
    #[must_use]
    pub fn place(&self, path: &FieldPath) -> Place {
        self.places.of(path)
    }

    fn text_field(&self, name: &str) -> &str {
        self.value.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// The items of a `List` (of any kind whose name ends so), or the document itself.
    #[must_use]
    pub fn unpack_list(self) -> Vec<Self> {
        if !is_list(&self.value) {
            return vec![self];
        }
        let path = FieldPath::root().key("items");
        let items = unpack_list(self.value);
        let item = |(index, value)| {
            let places = self.places.under(&path.index(index));
            Self {
                value,
                places,
                source: Arc::clone(&self.source),
            }
        };
        items.into_iter().enumerate().map(item).collect()
    }
}

/// Reads every document of a file. Documents with nothing in them are left out.
///
/// # Errors
/// At least one fault: the first of each document that has any, in order, at most [`MAX_FAULTS`].
pub fn read(bytes: &[u8], source_name: &str) -> Result<Vec<Document>, Vec<ManifestError>> {
    let source: Arc<str> = Arc::from(source_name);
    let text = text_of(bytes, &source).map_err(|fault| vec![fault])?;
    let mut documents = Vec::new();
    let mut faults = Vec::new();
    for piece in split::pieces(text) {
        match piece_values(piece.text) {
            Ok(values) => documents.extend(values.into_iter().enumerate().map(|(ordinal, value)| {
                let places = Places::new(piece.text, piece.first_line, ordinal);
                Document {
                    value,
                    places,
                    source: Arc::clone(&source),
                }
            })),
            Err(fault) => faults.push(fault.in_file(&source, piece.first_line)),
        }
        if faults.len() >= MAX_FAULTS {
            break;
        }
    }
    if faults.is_empty() {
        Ok(documents)
    } else {
        Err(faults)
    }
}

#[cfg(test)]
mod tests;
