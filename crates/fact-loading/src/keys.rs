//! Public keys that policies refer to: Secrets, files, environment variables, addresses, key management services.
//!
//! In: a reference as cosign writes it. Out: PEM, bounded, remembered for [`KEY_LIFETIME`], or [`SERVICE_KEY_LIFETIME`]
//! if a key management service holds it. Never: a reference that the
//! policy's author may not reach, and no error text that shows what a file or address holds.

use std::sync::Arc;
use std::time::{Duration, Instant};

use moka::future::Cache;
use policy_engine::FactError;
use policy_engine::facts::Asker;

use crate::cluster::Cluster;
use crate::environment::Environment;
use crate::files;
use crate::http::{Http, HttpCall};
use crate::key_services::KeyServices;
use crate::tenancy::Tenancy;

/// Largest key, in bytes.
const MOST_KEY_BYTES: usize = 64 * 1024;
/// How long a key is remembered; a rotated key is seen after this.
const KEY_LIFETIME: Duration = Duration::from_secs(60);
/// How long a key of a key management service is remembered, as cosign does.
const SERVICE_KEY_LIFETIME: Duration = Duration::from_secs(300);
/// Keys remembered at most.
const MOST_KEYS: u64 = 1_000;
/// Where a Secret keeps a public key.
const SECRET_FIELD: &str = "cosign.pub";

/// Finds keys and remembers them.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    means: KeyMeans,
    found: Cache<Place, Arc<str>>,
}

/// Namespace of the policy that asks, and the reference.
type Place = (Option<String>, String);

/// What keys are found with.
#[derive(Debug, Clone)]
pub(crate) struct KeyMeans {
    pub(crate) http: Http,
    pub(crate) services: KeyServices,
    pub(crate) cluster: Arc<dyn Cluster>,
    pub(crate) environment: Environment,
    pub(crate) tenancy: Tenancy,
    pub(crate) offline: bool,
}

/// Lets keys of services live longer.
#[derive(Debug)]
struct Lives;

impl moka::Expiry<Place, Arc<str>> for Lives {
    fn expire_after_create(&self, (_, reference): &Place, _: &Arc<str>, _: Instant) -> Option<Duration> {
        Some(if KeyServices::are_meant_by(reference) {
            SERVICE_KEY_LIFETIME
        } else {
            KEY_LIFETIME
        })
    }
}

impl Keys {
    pub(crate) fn new(means: KeyMeans) -> Self {
        let found = Cache::builder()
            .max_capacity(MOST_KEYS)
            .expire_after(Lives)
            .build();
        Self { means, found }
    }

    /// The PEM behind `reference`; the text completes `failed to load public key from REF: …`.
    pub(crate) async fn resolve(&self, asker: &Asker, reference: &str) -> Result<Arc<str>, String> {
        let place = (asker.policy_namespace.clone(), reference.to_owned());
        let load = async { self.means.load(asker, reference).await.map(Arc::from) };
        self.found
            .try_get_with(place, load)
            .await
            .map_err(|cause: Arc<String>| (*cause).clone())
    }
}

impl KeyMeans {
    async fn load(&self, asker: &Asker, reference: &str) -> Result<String, String> {
        let bytes = if let Some(secret) = reference.strip_prefix("k8s://") {
            self.read_secret(asker, secret).await?
        } else if reference.starts_with("https://") || reference.starts_with("http://") {
            self.tenancy.may_call_services(asker)?;
            self.fetch(reference).await?
        } else if let Some(variable) = reference.strip_prefix("env://") {
            self.tenancy.may_read_process(asker, "environment variables")?;
            self.environment.demand(variable)?.as_bytes().to_vec()
        } else if KeyServices::are_meant_by(reference) {
            self.tenancy.may_call_services(asker)?;
            if self.offline {
                return Err(format!("`--offline` forbids asking for `{reference}`"));
            }
            return self.services.public_key(reference).await;
        } else if let Some((scheme, _)) = reference.split_once("://") {
            return Err(format!("keys from `{scheme}://` are not supported here"));
        } else {
            self.tenancy.may_read_process(asker, "files")?;
            files::read(reference, MOST_KEY_BYTES).await?
        };
        String::from_utf8(bytes).map_err(|_| "the key is no PEM text".to_owned())
    }

    async fn read_secret(&self, asker: &Asker, secret: &str) -> Result<Vec<u8>, String> {
        let (namespace, name) = secret
            .split_once('/')
            .ok_or_else(|| format!("`k8s://{secret}`: expected k8s://namespace/name"))?;
        self.tenancy.may_read_namespace(asker, namespace)?;
        let data = self
            .cluster
            .secret(namespace, name)
            .await
            .map_err(|error| match error {
                FactError::NoLoader(cause) | FactError::Absent(cause) | FactError::Failed(cause) => cause,
                FactError::Image { refusal, .. } => refusal.message,
            })?;
        data.get(SECRET_FIELD)
            .cloned()
            .ok_or_else(|| format!("Secret `{namespace}/{name}` holds no `{SECRET_FIELD}`"))
    }

    async fn fetch(&self, url: &str) -> Result<Vec<u8>, String> {
        if self.offline {
            return Err(format!("`--offline` forbids fetching `{url}`"));
        }
        let call = HttpCall::get(url, &[], MOST_KEY_BYTES);
        match self.http.call(&call).await? {
            (200, body) => Ok(body),
            (status, _) => Err(format!("HTTP {status}")),
        }
    }
}
