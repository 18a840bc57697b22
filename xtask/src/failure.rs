//! Why a task stopped: one sentence for a person.

use std::io;
use std::path::PathBuf;

use rehearsal::RehearsalError;
use thiserror::Error;

/// A task did not do what it should.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    /// Called wrongly.
    #[error("{0}")]
    Usage(String),
    /// What was examined is not as it should be.
    #[error("{0}")]
    Found(String),
    /// A part that others make is not here and can't be had.
    #[error("this needs {0}")]
    Missing(String),
    /// A program can't be started.
    #[error("cannot run `{program}`: {source}{}", hint(.program))]
    Start { program: String, source: io::Error },
    /// A program ended badly.
    #[error("`{command}` failed ({status})")]
    Program { command: String, status: String },
    /// A file can't be read or written.
    #[error("`{path}`: {source}")]
    File { path: PathBuf, source: io::Error },
    /// The throw-away registry or signer failed.
    #[error("{}", with_cause(.0))]
    Rehearsal(#[from] RehearsalError),
    /// Several of the above.
    #[error("{}", .0.join("\n"))]
    Several(Vec<String>),
}

fn with_cause(error: &RehearsalError) -> String {
    let cause = std::error::Error::source(error)
        .map(|source| format!(": {source}"))
        .unwrap_or_default();
    format!("{error}{cause}")
}

fn hint(program: &str) -> &'static str {
    match program {
        "go" => "; Go 1.26 or newer is needed (https://go.dev/dl/)",
        "python3" => "; Python 3.9 or newer is needed",
        _ => "",
    }
}

/// The result of a task.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;
