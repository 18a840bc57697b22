//! How a loader is set up, and why it can't be.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use image_trust::RevocationCheck;
use image_verification::TrustError;
use oci_registry::{DockerConfigError, HostCertificates, MirrorError, TransportError};
use trust_root::RefreshError;

use crate::cluster::{Cluster, NoCluster};
use crate::environment::Environment;
use crate::http::HttpSetupError;
use crate::memory::Memory;
use crate::platforms::Platforms;
use crate::tenancy::Tenancy;

/// Namespace that this process is taken to run in where nobody says another: Kyverno's.
const DEFAULT_NAMESPACE: &str = "kyverno";

/// How a loader is set up.
#[derive(Debug, Clone)]
pub struct LoaderOptions {
    /// Who answers what is asked of the cluster.
    pub cluster: Arc<dyn Cluster>,
    /// No registry and no service is called; every need of one is an error that names it.
    pub offline: bool,
    /// `HOST[/PATH]=URL`: requests for HOST, or for what begins with PATH there, go to URL.
    pub mirrors: Vec<String>,
    /// Plain HTTP is tried where HTTPS fails, for every registry.
    pub allow_insecure: bool,
    /// Certificate authorities beside the system's, PEM.
    pub added_authorities: Vec<Vec<u8>>,
    /// Further authorities and client certificates of single hosts.
    pub host_certificates: BTreeMap<String, HostCertificates>,
    /// Providers that serve policies which name none: `default`, `amazon`, `azure`, `google`, `github`.
    pub credential_providers: Vec<String>,
    /// A `trusted_root.json` instead of the embedded public one.
    pub trusted_root: Option<String>,
    /// A TUF mirror that keeps the trusted root fresh, where no `trusted_root` is given.
    pub tuf: Option<TufOptions>,
    /// What of an image for several platforms must be signed.
    pub platforms: Platforms,
    /// Whom it remembers images for.
    pub memory: Memory,
    /// Who stands behind the policies.
    pub tenancy: Tenancy,
    /// Namespace of the pull secrets that policies of the cluster name without one: the process's own, as in Kyverno.
    pub own_namespace: String,
    /// Whether `imageRegistry` context entries are read; else they have no loader.
    pub reads_image_metadata: bool,
    /// Whether services and keys on loopback addresses may be called.
    pub allow_loopback: bool,
    /// Where clouds and Vault are, and who this process is there.
    pub environment: Environment,
    /// What is done about certificates of Notary signatures that were taken back, or of which nobody says that they stand,
    /// whatever the policies mean (Kyverno's always mean [`RevocationCheck::Enforce`]).
    pub notary_revocation: RevocationCheck,
}

impl Default for LoaderOptions {
    /// No cluster, the embedded root, policies of many hands, an empty environment, revocation enforced.
    fn default() -> Self {
        Self {
            cluster: Arc::new(NoCluster),
            offline: false,
            mirrors: Vec::new(),
            allow_insecure: false,
            added_authorities: Vec::new(),
            host_certificates: BTreeMap::new(),
            credential_providers: vec!["default".to_owned()],
            trusted_root: None,
            tuf: None,
            platforms: Platforms::default(),
            memory: Memory::default(),
            tenancy: Tenancy::Shared,
            own_namespace: DEFAULT_NAMESPACE.to_owned(),
            reads_image_metadata: false,
            allow_loopback: false,
            environment: Environment::default(),
            notary_revocation: RevocationCheck::Enforce,
        }
    }
}

/// Where the trusted root comes from by TUF.
#[derive(Debug, Clone, Default)]
pub struct TufOptions {
    /// Address of the repository; none: the public-good instance of Sigstore.
    pub mirror: Option<String>,
    /// The pinned `root.json`; none: that of the public-good instance.
    pub root: Option<Vec<u8>>,
    /// Where what was verified is kept for the next start.
    pub cache: Option<PathBuf>,
}

/// Why a loader could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// A mirror is not `HOST[/PATH]=URL`.
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
    /// The TUF root.
    #[error(transparent)]
    Tuf(#[from] RefreshError),
    /// The docker configuration of this process.
    #[error(transparent)]
    DockerConfig(#[from] DockerConfigError),
}
