//! Why an input can't be used.

/// An input that can't be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InputError {
    /// The file system refused.
    #[error("`{path}`: {cause}")]
    Unreadable {
        path: String,
        #[source]
        cause: std::io::Error,
    },
    /// A limit was reached.
    #[error("`{path}`: {what}")]
    TooMuch { path: String, what: String },
    /// An address stands where a file must.
    #[error("`{0}`: addresses are not fetched: download it and name the file")]
    Address(String),
    /// The text is not what was expected.
    #[error("{0}")]
    Malformed(String),
}
