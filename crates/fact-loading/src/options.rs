//! How a loader is set up, and why it can't be.

use std::sync::Arc;

use image_verification::TrustError;
use oci_registry::{DockerConfigError, MirrorError, TransportError};

use crate::cluster::{Cluster, NoCluster};
use crate::environment::Environment;
use crate::http::HttpSetupError;
use crate::tenancy::Tenancy;

/// How a loader is set up.
#[derive(Debug, Clone)]
pub struct LoaderOptions {
    /// Who answers what is asked of the cluster.
    pub cluster: Arc<dyn Cluster>,
    /// No registry and no service is called; every need of one is an error that names it.
    pub offline: bool,
    /// `HOST=URL`: requests for HOST go to URL.
    pub mirrors: Vec<String>,
    /// Plain HTTP is tried where HTTPS fails, for every registry.
    pub allow_insecure: bool,
    /// Certificate authorities beside the system's, PEM.
    pub added_authorities: Vec<Vec<u8>>,
    /// A `trusted_root.json` instead of the embedded public one.
    pub trusted_root: Option<String>,
    /// Who stands behind the policies.
    pub tenancy: Tenancy,
    /// Whether `imageRegistry` context entries are read; else they have no loader.
    pub reads_image_metadata: bool,
    /// Whether services and keys on loopback addresses may be called.
    pub allow_loopback: bool,
    /// Where clouds and Vault are, and who this process is there.
    pub environment: Environment,
}

impl Default for LoaderOptions {
    /// No cluster, the embedded root, policies of many hands, an empty environment.
    fn default() -> Self {
        Self {
            cluster: Arc::new(NoCluster),
            offline: false,
            mirrors: Vec::new(),
            allow_insecure: false,
            added_authorities: Vec::new(),
            trusted_root: None,
            tenancy: Tenancy::Shared,
            reads_image_metadata: false,
            allow_loopback: false,
            environment: Environment::default(),
        }
    }
}

/// Why a loader could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// A mirror is not `HOST=URL`.
    #[error(transparent)]
    Mirror(#[from] MirrorError),
    /// The registry client.
    #[error(transparent)]
    Registry(#[from] TransportError),
    /// The HTTP client for keys and services.
    #[error(transparent)]
    Http(#[from] HttpSetupError),
    /// The trusted root.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The docker configuration of this process.
    #[error(transparent)]
    DockerConfig(#[from] DockerConfigError),
}
