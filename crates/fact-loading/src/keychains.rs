//! Whose credentials a call to a registry carries.
//!
//! Order, as the kubelet's: the Pod's pull secrets, then the policy's, then this process's own docker configuration. A
//! Secret that can't be read is passed over, as Kyverno does: the registry then refuses, not we.

use std::sync::Arc;

use image_trust::RegistryAccess;
use oci_registry::{CredentialSource, DockerConfig, Keychain};
use policy_engine::facts::Asker;

use crate::cluster::Cluster;
use crate::tenancy::Tenancy;

/// Where a pull secret keeps its configuration, and where older ones do.
const PULL_SECRET_FIELD: &str = ".dockerconfigjson";
const LEGACY_PULL_SECRET_FIELD: &str = ".dockercfg";

/// Makes keychains.
#[derive(Debug, Clone)]
pub(crate) struct Keychains {
    cluster: Arc<dyn Cluster>,
    own: Option<Arc<dyn CredentialSource>>,
    tenancy: Tenancy,
    /// Namespace that unqualified secrets of policies stand in.
    own_namespace: String,
}

impl Keychains {
    pub(crate) fn new(
        cluster: Arc<dyn Cluster>,
        own: Option<DockerConfig>,
        tenancy: Tenancy,
        own_namespace: &str,
    ) -> Self {
        let own = own.map(|config| Arc::new(config) as Arc<dyn CredentialSource>);
        Self {
            cluster,
            own,
            tenancy,
            own_namespace: own_namespace.to_owned(),
        }
    }

    /// The keychain of one errand.
    pub(crate) async fn of(&self, asker: &Asker, access: &RegistryAccess) -> Keychain {
        let mut sources: Vec<Arc<dyn CredentialSource>> = Vec::new();
        for secret in access.pull_secrets.iter().chain(&access.secrets) {
            let (namespace, name) = secret.split_once('/').unwrap_or((&self.own_namespace, secret));
            if self.tenancy.may_read_namespace(asker, namespace).is_err() {
                tracing::warn!(secret, "pull secret of another namespace passed over");
                continue;
            }
            match self.read(namespace, name).await {
                Some(config) => sources.push(Arc::new(config)),
                None => tracing::warn!(secret, "pull secret not found or not readable, passed over"),
            }
        }
        sources.extend(self.own.clone());
        Keychain::new(sources)
    }

    async fn read(&self, namespace: &str, name: &str) -> Option<DockerConfig> {
        let data = self.cluster.secret(namespace, name).await.ok()?;
        let read = match (data.get(PULL_SECRET_FIELD), data.get(LEGACY_PULL_SECRET_FIELD)) {
            (Some(config), _) => DockerConfig::from_pull_secret(config),
            (None, Some(config)) => DockerConfig::from_legacy_pull_secret(config),
            (None, None) => return None,
        };
        read.ok()
    }
}
