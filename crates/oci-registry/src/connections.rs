//! The connections that requests go over.
//!
//! In: certificate authorities to trust beside the system's, for all hosts and for one, and client certificates. Out: one
//! HTTP client for each way a host came to be asked, set up when it is first needed: loading a system's authorities takes
//! longer than many a run. A client certificate is shown to the host it was configured for and to no other.
//! Never: a name that stands for an address it may not stand for.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::addresses::{self, Nearness};
use crate::credentials::canonical_host;
use crate::error::{RegistryError, RegistryErrorKind, quoted};
use crate::limits;

/// A client that cannot be set up
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// An added certificate authority is not PEM
    #[error("added certificate authorities are not valid PEM")]
    Certificates(#[source] reqwest::Error),
    /// A client certificate or its key is not PEM
    #[error("the client certificate for `{0}` and its key are not valid PEM")]
    ClientCertificate(String, #[source] reqwest::Error),
}

/// What TLS needs beside the system's authorities for one host
#[derive(Clone, Default)]
pub struct HostCertificates {
    /// Authorities trusted for this host, PEM; they are added to the others
    pub authorities: Vec<Vec<u8>>,
    /// The certificate we show, its chain and its private key, PEM
    pub client: Option<Vec<u8>>,
}

impl std::fmt::Debug for HostCertificates {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let client = self.client.as_ref().map(|_| "…");
        write!(
            out,
            "HostCertificates({} authorities, client {client:?})",
            self.authorities.len()
        )
    }
}

type Client = OnceLock<Result<reqwest::Client, RegistryError>>;

/// The clients
#[derive(Debug)]
pub(crate) struct Connections {
    common: Clients,
    /// By host, with the port if it is not the scheme's.
    own: BTreeMap<String, Clients>,
}

/// The clients of all hosts that need the same
#[derive(Debug)]
struct Clients {
    trust: Trust,
    named: Client,
    local: Client,
    redirected: Client,
}

/// What a client trusts and shows
#[derive(Debug)]
struct Trust {
    added: Vec<reqwest::Certificate>,
    client: Option<reqwest::Identity>,
}

impl Connections {
    /// Clients that trust the system's certificate authorities and those in `added` (PEM), and for some hosts more.
    pub(crate) fn new(
        added: &[Vec<u8>],
        hosts: &BTreeMap<String, HostCertificates>,
    ) -> Result<Self, TransportError> {
        let mut own = BTreeMap::new();
        for (host, certificates) in hosts {
            let all = [added, &certificates.authorities].concat();
            let read = |pem: &Vec<u8>| {
                reqwest::Identity::from_pem(pem)
                    .map_err(|cause| TransportError::ClientCertificate(host.clone(), cause))
            };
            let client = certificates.client.as_ref().map(read).transpose()?;
            own.insert(canonical_host(host).to_owned(), Clients::new(&all, client)?);
        }
        Ok(Self {
            common: Clients::new(added, None)?,
            own,
        })
    }

    /// The client for a host that came to be asked by `reach`; `authority` is its name, and its port if it is not the
    /// scheme's.
    pub(crate) fn client(&self, reach: Reach, authority: &str) -> Result<&reqwest::Client, RegistryError> {
        let clients = self.own.get(canonical_host(authority)).unwrap_or(&self.common);
        clients.client(reach)
    }
}

impl Clients {
    fn new(added: &[Vec<u8>], client: Option<reqwest::Identity>) -> Result<Self, TransportError> {
        let mut certificates = Vec::new();
        for pem in added {
            certificates
                .extend(reqwest::Certificate::from_pem_bundle(pem).map_err(TransportError::Certificates)?);
        }
        if !certificates.is_empty() {
            // A text can be PEM and no certificate: only the TLS library tells, so it is asked now.
            only_added(&certificates).map_err(TransportError::Certificates)?;
        }
        Ok(Self {
            trust: Trust {
                added: certificates,
                client,
            },
            named: Client::new(),
            local: Client::new(),
            redirected: Client::new(),
        })
    }

    fn client(&self, reach: Reach) -> Result<&reqwest::Client, RegistryError> {
        let client = match reach {
            Reach::Named => &self.named,
            Reach::Local => &self.local,
            Reach::Redirected => &self.redirected,
        };
        client
            .get_or_init(|| set_up(reach, &self.trust))
            .as_ref()
            .map_err(Clone::clone)
    }
}

fn only_added(added: &[reqwest::Certificate]) -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder()
        .tls_certs_only(added.iter().cloned())
        .build()
}

fn set_up(reach: Reach, trust: &Trust) -> Result<reqwest::Client, RegistryError> {
    let added = &trust.added;
    let builder = || {
        let builder = reqwest::Client::builder();
        // Between us and ourselves stands no proxy, as with Go's clients.
        let builder = if reach == Reach::Local {
            builder.no_proxy()
        } else {
            builder
        };
        let builder = match &trust.client {
            Some(client) => builder.identity(client.clone()),
            None => builder,
        };
        builder
            .user_agent(concat!("vouchsafe/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .connect_timeout(limits::CONNECT_TIMEOUT)
            .dns_resolver(Arc::new(Guarded(reach)))
    };
    let client = builder().tls_certs_merge(added.iter().cloned()).build();
    let client = client.or_else(|error| {
        // An image without a certificate store: only what was added can be trusted then, perhaps nothing.
        tracing::warn!(%error, "the system's certificate authorities could not be loaded");
        builder().tls_certs_only(added.iter().cloned()).build()
    });
    client.map_err(|error| RegistryError::new(RegistryErrorKind::Tls, quoted(&error.to_string())))
}

/// How a host came to be asked
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// By an image's name
    Named,
    /// By an image's name that means this machine
    Local,
    /// By a registry's redirect
    Redirected,
}

/// A resolver that keeps names from standing for addresses they may not stand for
#[derive(Debug)]
struct Guarded(Reach);

/// The name resolves only to addresses that may not be asked
#[derive(Debug, thiserror::Error)]
#[error("name resolves to an address that no registry has")]
pub(crate) struct Refused;

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.0;
        Box::pin(async move {
            let name = name.as_str();
            let all: Vec<SocketAddr> = tokio::net::lookup_host((name, 0)).await?.collect();
            // `localhost` by its own name was judged with the URL; here it can only be a proxy's.
            let may_be_here = reach != Reach::Redirected || addresses::is_localhost(name);
            let allowed: Vec<SocketAddr> = all
                .into_iter()
                .filter(|address| match addresses::nearness_of_address(address.ip()) {
                    Nearness::Elsewhere => true,
                    Nearness::Loopback => may_be_here,
                    Nearness::Forbidden => false,
                })
                .collect();
            if allowed.is_empty() {
                return Err(Refused.into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_that_a_redirect_leads_to_does_not_stand_for_this_machine() {
        let resolve = |reach, name: &'static str| async move {
            let name: Name = name.parse().unwrap();
            Guarded(reach)
                .resolve(name)
                .await
                .map(|addresses| addresses.count())
        };
        let name = "127.0.0.1";
        assert!(resolve(Reach::Named, name).await.is_ok());
        assert!(
            resolve(Reach::Redirected, name)
                .await
                .is_err_and(|error| error.is::<Refused>())
        );
        assert!(
            resolve(Reach::Named, "169.254.169.254")
                .await
                .is_err_and(|error| error.is::<Refused>())
        );
    }
}
