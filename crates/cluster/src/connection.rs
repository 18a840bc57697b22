//! The HTTP client for one API server.

use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Identity, Proxy};
use url::{Host, Url};

use crate::error::{ClusterError, chain};
use crate::limits::{CALL_TIMEOUT, CONNECT_TIMEOUT, KEEP_ALIVE_INTERVAL, KEEP_ALIVE_TIMEOUT};
use crate::secret::Secret;
use crate::settings::Settings;

/// Where calls go, and over which client.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    pub(crate) http: reqwest::Client,
    /// The server as URLs name it: by `tls-server-name` if there is one.
    pub(crate) base: Url,
}

/// A name that stands for another host: the certificate is checked against one, the connection goes to the other.
#[derive(Debug)]
struct StandIn {
    host: String,
}

impl Resolve for StandIn {
    fn resolve(&self, _: Name) -> Resolving {
        let host = self.host.clone();
        Box::pin(async move {
            let found: Vec<_> = tokio::net::lookup_host((host, 0)).await?.collect();
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

impl Connection {
    /// The client of `settings` that shows `certificate` (chain and key, PEM) if there is one.
    ///
    /// # Errors
    /// [`ClusterError::Credentials`] where certificates, keys or names can't be used.
    pub(crate) fn new(settings: &Settings, certificate: Option<&Secret>) -> Result<Self, ClusterError> {
        let failed = |cause: reqwest::Error| ClusterError::Credentials(chain(&cause));
        let mut base = settings.server.clone();
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("vouchsafe/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .referer(false)
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(CALL_TIMEOUT)
            .tcp_keepalive(KEEP_ALIVE_INTERVAL)
            .http2_keep_alive_interval(KEEP_ALIVE_INTERVAL)
            .http2_keep_alive_timeout(KEEP_ALIVE_TIMEOUT);
        if let Some(pem) = &settings.authorities {
            builder = builder.tls_certs_only(Certificate::from_pem_bundle(pem).map_err(failed)?);
        }
        if settings.accepts_any_certificate {
            builder = builder.tls_danger_accept_invalid_certs(true);
        }
        if let Some(pem) = certificate {
            builder = builder.identity(Identity::from_pem(pem.reveal().as_bytes()).map_err(failed)?);
        }
        if let Some(proxy) = &settings.proxy {
            builder = builder.proxy(Proxy::all(proxy.clone()).map_err(failed)?);
        } else if is_loopback(&base) || settings.tls_server_name.is_some() {
            // Between us and ourselves stands no proxy; a proxy would look the stand-in's name up.
            builder = builder.no_proxy();
        }
        if let Some(name) = &settings.tls_server_name {
            if settings.proxy.is_some() {
                return Err(ClusterError::Credentials(
                    "tls-server-name together with proxy-url is not supported".to_owned(),
                ));
            }
            let host = base.host_str().unwrap_or_default();
            let host = host.trim_matches(['[', ']']).to_owned();
            base.set_host(Some(name)).map_err(|_| {
                ClusterError::Credentials(format!("tls-server-name `{name}` is no host name"))
            })?;
            builder = builder.dns_resolver(Arc::new(StandIn { host }));
        }
        Ok(Self {
            http: builder.build().map_err(failed)?,
            base,
        })
    }

    /// The URL of `path` (with query), which stays at this server and below its path.
    ///
    /// # Errors
    /// The sentence that refuses it.
    pub(crate) fn url_of(&self, path: &str) -> Result<Url, String> {
        // URLs drop tabs and line ends: a path that was judged with them would be asked without them.
        if path.chars().any(char::is_control) {
            return Err("holds control characters".to_owned());
        }
        let root = self.base.as_str().trim_end_matches('/');
        let slash = if path.starts_with('/') { "" } else { "/" };
        let url = Url::parse(&format!("{root}{slash}{path}")).map_err(|cause| cause.to_string())?;
        let below = self.base.path().trim_end_matches('/');
        let stays = url
            .path()
            .strip_prefix(below)
            .is_some_and(|rest| rest.starts_with('/'));
        if url.origin() != self.base.origin() || !stays || !url.username().is_empty() {
            return Err("leads away from the API server".to_owned());
        }
        Ok(url)
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
