//! What can be wrong with a file before anyone asks what it means.

use std::sync::Arc;

use crate::place::Place;

/// A fault in the text of a file, with its place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{fault}", at(self.source_name.as_ref(), self.place))]
pub struct ManifestError {
    /// The name of the file as the caller gave it; empty if none was given.
    pub source_name: Arc<str>,
    /// Where the fault was noticed; `None` when it concerns the file as a whole.
    pub place: Option<Place>,
    /// What is wrong.
    pub fault: ManifestFault,
}

/// What is wrong with the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestFault {
    /// The text is not YAML (or not JSON, for a text that starts as JSON).
    #[error("not valid {language}: {detail}")]
    Syntax {
        /// `YAML` or `JSON`.
        language: &'static str,
        /// What the parser expected.
        detail: String,
    },
    /// A key stands twice in one mapping; Kubernetes would silently keep the last.
    #[error("key `{key}` stands twice in this mapping; expected each key once")]
    DuplicateKey {
        /// The key as JSON would hold it.
        key: String,
    },
    /// A key is a mapping, a sequence, null or a number beyond 64 bits: JSON cannot hold it.
    #[error("key cannot be {found}; expected text, an integer or a boolean")]
    UnusableKey {
        /// What the key is.
        found: &'static str,
    },
    /// An alias names an anchor that this document does not define before it.
    #[error("alias refers to an anchor that this document does not define before it")]
    UnknownAlias,
    /// `<<` was given something else than a mapping or a sequence of mappings.
    #[error("`<<` expects a mapping or a sequence of mappings to merge")]
    UnmergeableValue,
    /// The text does not have the type its tag (`!!int`, `!!bool`, …) announces.
    #[error("`{text}` is not a value of type `{tag}`")]
    TagMismatch {
        /// The tag, shortened to `!!name`.
        tag: String,
        /// The scalar's text.
        text: String,
    },
    /// `!!binary` that is not base64, or whose bytes are not text: JSON has no bytes.
    #[error("`!!binary` expects the base64 of UTF-8 text")]
    UnusableBinary,
    /// `.inf` or `.nan`: JSON has neither.
    #[error("`{text}` is no number that JSON can hold; quote it if text is meant")]
    NotFinite {
        /// The scalar's text.
        text: String,
    },
    /// The file is not UTF-8.
    #[error("not UTF-8 text (byte {offset}); expected UTF-8")]
    NotUtf8 {
        /// Offset of the first byte that is not UTF-8.
        offset: usize,
    },
    /// More levels than [`crate::limits::MAX_DEPTH`].
    #[error("nested deeper than {limit} levels")]
    TooDeep {
        /// The limit, in levels.
        limit: usize,
    },
    /// More bytes than [`crate::limits::MAX_TEXT_BYTES`].
    #[error("{bytes} bytes long; at most {limit} are read")]
    TooLong {
        /// Length of the text, in bytes.
        bytes: usize,
        /// The limit, in bytes.
        limit: usize,
    },
    /// Aliases that would add more than [`crate::limits::MAX_ALIASED_BYTES`] to the document.
    #[error("aliases expand to more than {limit} bytes")]
    TooManyAliases {
        /// The limit, in bytes.
        limit: usize,
    },
    /// More documents than were asked for.
    #[error("a second document; expected one")]
    SecondDocument,
}

impl ManifestFault {
    /// The fault with its place, the file not yet named.
    pub(crate) fn at(self, place: Place) -> ManifestError {
        ManifestError {
            source_name: Arc::from(""),
            place: Some(place),
            fault: self,
        }
    }

    /// The fault of a whole file.
    pub(crate) fn of_file(self, source_name: &Arc<str>) -> ManifestError {
        ManifestError {
            source_name: Arc::clone(source_name),
            place: None,
            fault: self,
        }
    }
}

impl ManifestError {
    /// The same fault, told of the file `source_name` in which the text starts at line `first_line`.
    pub(crate) fn in_file(mut self, source_name: &Arc<str>, first_line: u32) -> Self {
        self.source_name = Arc::clone(source_name);
        if let Some(place) = &mut self.place {
            place.line = place.line.saturating_add(first_line.saturating_sub(1));
        }
        self
    }
}

/// `file:line:column: `, as much of it as is known.
fn at(source_name: &str, place: Option<Place>) -> String {
    match (source_name, place) {
        ("", None) => String::new(),
        ("", Some(place)) => format!("{place}: "),
        (name, None) => format!("{name}: "),
        (name, Some(place)) => format!("{name}:{place}: "),
    }
}
