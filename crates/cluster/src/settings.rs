//! Everything needed to ask one API server.

use reqwest::header::{HeaderName, HeaderValue};
use url::Url;

use crate::credentials::Credentials;
use crate::secret::Secret;

/// One API server and who asks it. Made by [`Settings::load`].
#[derive(Debug, Clone)]
pub struct Settings {
    /// The server; its path, if any, precedes every path asked.
    pub(crate) server: Url,
    /// Certificate authorities (PEM) instead of the system's.
    pub(crate) authorities: Option<Vec<u8>>,
    /// `insecure-skip-tls-verify`
    pub(crate) accepts_any_certificate: bool,
    /// The name that the server's certificate must have, instead of the server's.
    pub(crate) tls_server_name: Option<String>,
    /// The proxy, instead of the environment's.
    pub(crate) proxy: Option<Url>,
    /// Who asks.
    pub(crate) credentials: Credentials,
    /// Certificate chain and key of who asks, PEM.
    pub(crate) client_certificate: Option<Secret>,
    /// As whom: `Impersonate-*`.
    pub(crate) impersonation: Vec<(HeaderName, HeaderValue)>,
    /// Namespace of the context.
    pub(crate) namespace: Option<String>,
}

impl Settings {
    /// The namespace that the context names.
    #[must_use]
    pub fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    /// Address of the server.
    #[must_use]
    pub fn server(&self) -> &str {
        self.server.as_str()
    }
}
