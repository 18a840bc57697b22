//! How registries are reached and what is trusted: the flags, and the loader they mean. Made only when a verdict needs it.

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use fact_loading::{Cluster, Environment, Loader, LoaderOptions, Tenancy};

use crate::input::{InputError, read_file};

/// How registries are reached and what is trusted.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct RegistryArguments {
    /// Make every need of a registry or service an error that names it.
    #[arg(long)]
    pub(crate) offline: bool,
    /// Send requests for HOST to URL; names in policies, digests and messages stay HOST's.
    #[arg(long = "registry-mirror", value_name = "HOST=URL")]
    pub(crate) mirrors: Vec<String>,
    /// Try plain HTTP where HTTPS fails.
    #[arg(long = "allow-insecure-registry")]
    pub(crate) allow_insecure: bool,
    /// Certificate authorities to trust beside the system's, PEM.
    #[arg(long = "registry-ca", value_name = "FILE")]
    pub(crate) authorities: Vec<String>,
    /// Trusted root of a private Sigstore instead of the public one (`trusted_root.json`).
    #[arg(long = "trusted-root", value_name = "FILE")]
    pub(crate) trusted_root: Option<String>,
    /// Read manifests and configurations of images for `imageRegistry` context entries.
    #[arg(long = "registry")]
    pub(crate) read_images: bool,
    /// Seconds that judging one resource may wait for registries and services.
    #[arg(long = "timeout", value_name = "SECONDS", default_value_t = 30)]
    pub(crate) timeout_seconds: u64,
}

impl RegistryArguments {
    /// A loader over `cluster`.
    ///
    /// # Errors
    /// [`InputError`] where a file or a setting can't be used.
    pub(crate) fn loader(&self, cluster: Arc<dyn Cluster>) -> Result<Loader, InputError> {
        Loader::new(self.options(cluster)?).map_err(|cause| InputError::Malformed(cause.to_string()))
    }

    /// How such a loader is set up, files read.
    ///
    /// # Errors
    /// [`InputError`] where a file can't be used.
    pub(crate) fn options(&self, cluster: Arc<dyn Cluster>) -> Result<LoaderOptions, InputError> {
        let mut added_authorities = Vec::new();
        for path in &self.authorities {
            added_authorities.push(read_file(path)?);
        }
        let trusted_root = match &self.trusted_root {
            None => None,
            Some(path) => {
                let text = String::from_utf8(read_file(path)?);
                Some(text.map_err(|_| InputError::Malformed(format!("`{path}` is no JSON text")))?)
            }
        };
        Ok(LoaderOptions {
            cluster,
            offline: self.offline,
            mirrors: self.mirrors.clone(),
            allow_insecure: self.allow_insecure,
            added_authorities,
            trusted_root,
            tenancy: Tenancy::Owner,
            reads_image_metadata: self.read_images,
            allow_loopback: true,
            environment: Environment::of_process(),
        })
    }

    /// How long one resource may wait.
    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_seconds.clamp(1, 600))
    }
}
