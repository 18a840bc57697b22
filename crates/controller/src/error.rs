//! Why the controller can't start or go on.

use std::path::PathBuf;

use cluster::ClusterError;

/// What stops a controller.
#[derive(Debug, thiserror::Error)]
pub enum ControllerError {
    /// The API server.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// How questions of policies are answered.
    #[error(transparent)]
    Loader(#[from] fact_loading::SetupError),
    /// TLS.
    #[error(transparent)]
    Tls(#[from] admission_server::TlsError),
    /// The server.
    #[error(transparent)]
    Server(#[from] admission_server::ServerError),
    /// A certificate can't be made or read.
    #[error("certificates: {0}")]
    Certificate(String),
    /// A file can't be read.
    #[error("`{}`: {cause}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
}
