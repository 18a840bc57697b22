//! Whose credentials a call to a registry carries.
//!
//! Order, as the kubelet's: the Pod's pull secrets, or those of the ServiceAccount that a template without any runs as; then
//! the policy's, then the providers that the policy names, else those
//! of the process, `default` being the docker configuration of the process. A Secret that can't be read is passed over, as
//! Kyverno does: the registry then refuses, not we. A credential that the registry refuses gives way to the next.

use std::collections::BTreeMap;
use std::sync::Arc;

use image_trust::RegistryAccess;
use oci_registry::{Cloud, CredentialSource, DockerConfig, Keychain};
use policy_engine::FactError;
use policy_engine::facts::Asker;

use crate::cloud::Clouds;
use crate::cluster::Cluster;
use crate::logins::ProviderLogin;
use crate::tenancy::Tenancy;

/// Where a pull secret keeps its configuration, and where older ones do.
const PULL_SECRET_FIELD: &str = ".dockerconfigjson";
const LEGACY_PULL_SECRET_FIELD: &str = ".dockercfg";
/// The provider that is the docker configuration of the process.
const DEFAULT_PROVIDER: &str = "default";

/// Makes keychains.
#[derive(Debug, Clone)]
pub(crate) struct Keychains {
    cluster: Arc<dyn Cluster>,
    /// By Kyverno's names; made once, so that logins are shared.
    providers: BTreeMap<String, Arc<dyn CredentialSource>>,
    /// Those of the process, in order.
    usual: Vec<String>,
    tenancy: Tenancy,
    /// Namespace that unqualified secrets of policies stand in.
    own_namespace: String,
}

impl Keychains {
    /// Keychains with the process's own docker configuration and its logins at clouds; `usual` providers serve policies
    /// that name none.
    pub(crate) fn new(
        cluster: Arc<dyn Cluster>,
        own: Option<DockerConfig>,
        clouds: &Clouds,
        usual: Vec<String>,
        tenancy: Tenancy,
        own_namespace: String,
    ) -> Self {
        let mut providers: BTreeMap<String, Arc<dyn CredentialSource>> = BTreeMap::new();
        for cloud in [Cloud::Amazon, Cloud::Azure, Cloud::Google, Cloud::GitHub] {
            let login = ProviderLogin::new(cloud, clouds.clone());
            providers.insert(cloud.name().to_owned(), Arc::new(login));
        }
        if let Some(own) = own {
            providers.insert(DEFAULT_PROVIDER.to_owned(), Arc::new(own));
        }
        Self {
            cluster,
            providers,
            usual,
            tenancy,
            own_namespace,
        }
    }

    /// The keychain of one errand.
    pub(crate) async fn of(&self, asker: &Asker, access: &RegistryAccess) -> Keychain {
        let mut sources: Vec<Arc<dyn CredentialSource>> = Vec::new();
        let of_account = match &access.service_account {
            Some(account) => self.of_account(asker, account).await,
            None => Vec::new(),
        };
        for secret in access
            .pull_secrets
            .iter()
            .chain(&of_account)
            .chain(&access.secrets)
        {
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
        sources.extend(self.providers(&access.providers));
        Keychain::new(sources)
    }

    /// The pull secrets of a ServiceAccount, `namespace/name`. Where there is no cluster there are none.
    async fn of_account(&self, asker: &Asker, account: &str) -> Vec<String> {
        let Some((namespace, name)) = account.split_once('/') else {
            return Vec::new();
        };
        if self.tenancy.may_read_namespace(asker, namespace).is_err() {
            return Vec::new();
        }
        match self.cluster.pull_secrets_of(namespace, name).await {
            Ok(secrets) => secrets
                .into_iter()
                .map(|secret| format!("{namespace}/{secret}"))
                .collect(),
            Err(FactError::NoLoader(_)) => Vec::new(),
            Err(cause) => {
                tracing::warn!(
                    account,
                    ?cause,
                    "pull secrets of a ServiceAccount not readable, passed over"
                );
                Vec::new()
            }
        }
    }

    /// The providers called so, each once; the docker configuration is always among them, at the latest last.
    fn providers(&self, named: &[String]) -> Vec<Arc<dyn CredentialSource>> {
        let named = if named.is_empty() { &self.usual } else { named };
        let names = named.iter().map(String::as_str).chain([DEFAULT_PROVIDER]);
        let mut taken: Vec<&str> = Vec::new();
        let mut sources = Vec::new();
        for name in names {
            if taken.contains(&name) {
                continue;
            }
            taken.push(name);
            match self.providers.get(name) {
                Some(source) => sources.push(Arc::clone(source)),
                None if name == DEFAULT_PROVIDER => {}
                None => tracing::warn!(provider = name, "unknown credential provider passed over"),
            }
        }
        sources
    }

    async fn read(&self, namespace: &str, name: &str) -> Option<DockerConfig> {
        let data = self.cluster.secret(namespace, name).await.ok()?;
        let read = match (data.get(PULL_SECRET_FIELD), data.get(LEGACY_PULL_SECRET_FIELD)) {
            (Some(config), _) => DockerConfig::from_pull_secret(config),
            (None, Some(config)) => DockerConfig::from_legacy_pull_secret(config),
            (None, None) => return None,
        };
        read.ok()
            .map(|config| config.called(format!("pull secret {namespace}/{name}")))
    }
}
