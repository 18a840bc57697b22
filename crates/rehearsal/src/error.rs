//! What can go wrong while a rehearsal is set up. Never a verdict.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use thiserror::Error;

/// A throw-away part could not be made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RehearsalError {
    /// A file of an OCI layout can't be read.
    #[error("cannot read `{path}` of the image layout")]
    Layout {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// `index.json` of an OCI layout, or a manifest it names, is not what the image specification says.
    #[error("`{path}` is not an OCI image layout's: {cause}")]
    LayoutShape {
        /// The file at fault.
        path: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
    /// The registry can't listen.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The cryptographic library refused; only a broken build or an exhausted machine makes this.
    #[error("cannot {0}")]
    Crypto(&'static str),
    /// A DER structure can't be written, e.g. a time before 1970 or a name that is no IA5 string.
    #[error("cannot write {what} as DER: {cause}")]
    Der {
        /// The structure.
        what: &'static str,
        /// What the encoder said.
        cause: der::Error,
    },
    /// A JSON document can't be written.
    #[error("cannot write JSON")]
    Json(#[from] serde_json::Error),
    /// A manifest that should be in the content store is not.
    #[error("`{repository}` holds no manifest `{reference}`")]
    NoManifest {
        /// Repository asked.
        repository: String,
        /// Tag or digest asked.
        reference: String,
    },
}

impl RehearsalError {
    pub(crate) fn der(what: &'static str) -> impl FnOnce(der::Error) -> Self {
        move |cause| Self::Der { what, cause }
    }
}
