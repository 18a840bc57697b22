//! What goes wrong between here and an API server.

use policy_engine::FactError;

use crate::limits::MOST_QUOTED_CHARS;

/// Why a cluster could not be asked, or what it refused.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ClusterError {
    /// No kubeconfig names a server and this process runs in no cluster.
    #[error(
        "no cluster is configured: name a kubeconfig with `--kubeconfig` or KUBECONFIG, or run with a service account"
    )]
    NotConfigured,
    /// A kubeconfig that can't be used.
    #[error("kubeconfig {place}: {fault}")]
    Kubeconfig {
        /// File, and the entry in it.
        place: String,
        /// What is wrong.
        fault: String,
    },
    /// A credential can't be had: a file, a plugin.
    #[error("credentials: {0}")]
    Credentials(String),
    /// No answer.
    #[error("{method} {path}: {cause}")]
    Unreachable {
        /// HTTP method.
        method: &'static str,
        /// Path at the server.
        path: String,
        /// Why.
        cause: String,
    },
    /// `401` or `403`, in Kyverno's words.
    #[error("permission denied: {message}")]
    Denied {
        /// What the server said.
        message: String,
    },
    /// `404`.
    #[error("{message}")]
    NotFound {
        /// What the server said.
        message: String,
    },
    /// `409`: an object of this name is there already.
    #[error("{message}")]
    AlreadyExists {
        /// What the server said.
        message: String,
    },
    /// `409`: the object was changed by another since it was read, or a precondition does not hold.
    #[error("{message}")]
    Conflict {
        /// What the server said.
        message: String,
    },
    /// `410`: the continuation of a list, or a version, expired.
    #[error("{message}")]
    Gone {
        /// What the server said.
        message: String,
    },
    /// Another answer that is no success; redirects are among them, for they are not followed.
    #[error("{method} {path}: HTTP {status}: {message}")]
    Refused {
        /// HTTP method.
        method: &'static str,
        /// Path at the server.
        path: String,
        /// HTTP status.
        status: u16,
        /// What the server said.
        message: String,
    },
    /// An answer that is not what the API promises.
    #[error("{path}: {fault}")]
    Malformed {
        /// Path at the server.
        path: String,
        /// What is wrong.
        fault: String,
    },
}

impl ClusterError {
    /// A fault of a kubeconfig.
    pub(crate) fn kubeconfig(place: impl Into<String>, fault: impl Into<String>) -> Self {
        Self::Kubeconfig {
            place: place.into(),
            fault: fault.into(),
        }
    }

    /// A fault of an answer.
    pub(crate) fn malformed(path: &str, fault: impl Into<String>) -> Self {
        Self::Malformed {
            path: path.to_owned(),
            fault: fault.into(),
        }
    }
}

impl From<ClusterError> for FactError {
    fn from(error: ClusterError) -> Self {
        let told = error.to_string();
        if matches!(error, ClusterError::NotFound { .. }) {
            Self::Absent(told)
        } else {
            Self::Failed(told)
        }
    }
}

/// Foreign text as one line of a message, cut to a length.
pub(crate) fn quoted(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut characters = line.chars();
    let mut cut: String = characters.by_ref().take(MOST_QUOTED_CHARS).collect();
    if characters.next().is_some() {
        cut.push('…');
    }
    cut.retain(|character| !character.is_control());
    cut
}

/// An error with its causes, outermost first, each said once.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let said = cause.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        source = cause.source();
    }
    quoted(&text)
}
