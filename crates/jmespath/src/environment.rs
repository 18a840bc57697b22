//! What an expression may ask of the world, handed in: the time, a seed, addresses of hosts.
//!
//! The same expression, document and environment give the same value, always.

use crate::term::LookupError;
use image_reference::DefaultRegistry;
use jiff::Timestamp;
use std::fmt;
use std::net::IpAddr;
use std::sync::LazyLock;

static DOCKER_HUB: LazyLock<DefaultRegistry> = LazyLock::new(DefaultRegistry::default);

/// Resolves host names, as facts.
pub trait Hosts {
    /// The addresses of `host`.
    ///
    /// # Errors
    /// [`LookupError`]: not known yet, or the name cannot be resolved.
    fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, LookupError>;
}

/// Resolves nothing: every host is unknown.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoHosts;

impl Hosts for NoHosts {
    fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, LookupError> {
        Err(LookupError::Failed(format!("lookup {host}: no such host")))
    }
}

/// The world as one evaluation sees it.
#[derive(Clone, Copy)]
pub struct Environment<'e> {
    /// What `time_now()` is
    pub now: Timestamp,
    /// What `random()` draws from: equal seeds give equal texts
    pub random_seed: u64,
    /// Who resolves the hosts of `is_external_url()`
    pub hosts: &'e dyn Hosts,
    /// The registry of images that name none, for `image_normalize()`
    pub default_registry: &'e DefaultRegistry,
}

impl Environment<'static> {
    /// A world without hosts, at a time, with a seed, and with Docker Hub for images without a registry.
    #[must_use]
    pub fn at(now: Timestamp, random_seed: u64) -> Self {
        Self {
            now,
            random_seed,
            hosts: &NoHosts,
            default_registry: &DOCKER_HUB,
        }
    }
}

impl fmt::Debug for Environment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment")
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}
