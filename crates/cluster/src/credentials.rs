//! What proves to an API server who asks.
//!
//! Token files are read anew for each call, for service account tokens are rotated under a running process; plugins run
//! once until what they printed ends or is refused.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use reqwest::header::HeaderValue;
use tokio::sync::Mutex;

use crate::error::ClusterError;
use crate::exec_plugin::{ExecCredential, ExecPlugin};
use crate::limits::{MOST_CREDENTIAL_FILE_BYTES, RENEWAL_MARGIN};
use crate::secret::Secret;

/// Where proofs come from. Clones share what a plugin printed.
#[derive(Debug, Clone, Default)]
pub(crate) enum Credentials {
    /// Nobody.
    #[default]
    Anonymous,
    /// A bearer token.
    Token(Secret),
    /// A file with a bearer token.
    TokenFile(PathBuf),
    /// A user name and a password.
    Basic {
        /// User name.
        user: String,
        /// Password.
        password: Secret,
    },
    /// A plugin.
    Plugin {
        /// The plugin.
        plugin: Box<ExecPlugin>,
        /// What it printed last.
        last: Arc<Mutex<Option<ExecCredential>>>,
    },
}

/// A proof for one call.
#[derive(Debug, Clone, Default)]
pub(crate) struct Proof {
    /// `Authorization`
    pub(crate) authorization: Option<HeaderValue>,
    /// Certificate chain and key of a plugin, PEM.
    pub(crate) certificate: Option<Secret>,
}

impl Credentials {
    /// Whether another proof may be had after one was refused.
    pub(crate) fn can_renew(&self) -> bool {
        matches!(self, Self::Plugin { .. })
    }

    /// The proof for a call; with `anew` one that a plugin printed before is not taken.
    ///
    /// # Errors
    /// [`ClusterError::Credentials`] where a file can't be read or a plugin gives nothing.
    pub(crate) async fn proof(&self, anew: bool) -> Result<Proof, ClusterError> {
        match self {
            Self::Anonymous => Ok(Proof::default()),
            Self::Token(token) => bearer(token.reveal()),
            Self::TokenFile(path) => {
                let text = read_credential_file(path).map_err(ClusterError::Credentials)?;
                bearer(text.trim())
            }
            Self::Basic { user, password } => {
                let pair = STANDARD.encode(format!("{user}:{}", password.reveal()));
                Ok(Proof {
                    authorization: Some(sensitive(&format!("Basic {pair}"))?),
                    certificate: None,
                })
            }
            Self::Plugin { plugin, last } => {
                let mut last = last.lock().await;
                let kept = last.as_ref().filter(|kept| !anew && is_fresh(kept)).cloned();
                let credential = match kept {
                    Some(kept) => kept,
                    None => last.insert(plugin.run().await?).clone(),
                };
                let mut proof = match &credential.token {
                    Some(token) => bearer(token.reveal())?,
                    None => Proof::default(),
                };
                proof.certificate = credential.certificate;
                Ok(proof)
            }
        }
    }
}

fn is_fresh(credential: &ExecCredential) -> bool {
    #[expect(
        clippy::disallowed_methods,
        reason = "credentials of this process end by its clock; no verdict depends on it"
    )]
    let now = Timestamp::now();
    credential
        .expires
        .is_none_or(|end| end.duration_since(now) > RENEWAL_MARGIN)
}

fn bearer(token: &str) -> Result<Proof, ClusterError> {
    if token.is_empty() {
        return Err(ClusterError::Credentials("the token is empty".to_owned()));
    }
    Ok(Proof {
        authorization: Some(sensitive(&format!("Bearer {token}"))?),
        certificate: None,
    })
}

fn sensitive(text: &str) -> Result<HeaderValue, ClusterError> {
    let mut value = HeaderValue::from_str(text).map_err(|_| {
        ClusterError::Credentials("a token or password holds characters that no header can".to_owned())
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// The text of a token, certificate or key file.
pub(crate) fn read_credential_file(path: &Path) -> Result<String, String> {
    let shown = path.display();
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(|cause| format!("`{shown}`: {cause}"))?;
    file.take(MOST_CREDENTIAL_FILE_BYTES)
        .read_to_string(&mut text)
        .map_err(|cause| format!("`{shown}`: {cause}"))?;
    Ok(text)
}
