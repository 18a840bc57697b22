//! A document that passed its check.

use manifest::{Document, FieldPath, Place};

/// An object, with the document it was read from.
#[derive(Debug, Clone)]
pub struct Loaded<T> {
    /// The object.
    pub object: T,
    /// Its document; the value has every default filled in.
    pub document: Document,
}

impl<T> Loaded<T> {
    /// Where the value at `path` stands in its file.
    #[must_use]
    pub fn place(&self, path: &FieldPath) -> Place {
        self.document.place(path)
    }
}
