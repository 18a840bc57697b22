//! Public keys that policies refer to: Secrets, files, environment variables, addresses.
//!
//! In: a reference as cosign writes it. Out: PEM, bounded, remembered for [`KEY_LIFETIME`]. Never: a reference that the
//! policy's author may not reach, and no error text that shows what a file or address holds.

use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;
use policy_engine::FactError;
use policy_engine::facts::Asker;

use crate::cluster::Cluster;
use crate::http::{Http, HttpCall};
use crate::tenancy::Tenancy;

/// Largest key, in bytes.
const MOST_KEY_BYTES: usize = 64 * 1024;
/// How long a key is remembered; a rotated key is seen after this.
const KEY_LIFETIME: Duration = Duration::from_secs(60);
/// Keys remembered at most.
const MOST_KEYS: u64 = 1_000;
/// Where a Secret keeps a public key.
const SECRET_FIELD: &str = "cosign.pub";

/// Finds keys and remembers them.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    http: Http,
    cluster: Arc<dyn Cluster>,
    tenancy: Tenancy,
    offline: bool,
    found: Cache<(Option<String>, String), Arc<str>>,
}

impl Keys {
    pub(crate) fn new(http: Http, cluster: Arc<dyn Cluster>, tenancy: Tenancy, offline: bool) -> Self {
        let found = Cache::builder()
            .max_capacity(MOST_KEYS)
            .time_to_live(KEY_LIFETIME)
            .build();
        Self {
            http,
            cluster,
            tenancy,
            offline,
            found,
        }
    }

    /// The PEM behind `reference`; the text completes `failed to load public key from REF: …`.
    pub(crate) async fn resolve(&self, asker: &Asker, reference: &str) -> Result<Arc<str>, String> {
        let place = (asker.policy_namespace.clone(), reference.to_owned());
        let load = async { self.load(asker, reference).await.map(Arc::from) };
        self.found
            .try_get_with(place, load)
            .await
            .map_err(|cause: Arc<String>| (*cause).clone())
    }

    async fn load(&self, asker: &Asker, reference: &str) -> Result<String, String> {
        let bytes = if let Some(secret) = reference.strip_prefix("k8s://") {
            self.read_secret(asker, secret).await?
        } else if reference.starts_with("https://") || reference.starts_with("http://") {
            self.tenancy.may_call_services(asker)?;
            self.fetch(reference).await?
        } else if let Some(variable) = reference.strip_prefix("env://") {
            self.tenancy.may_read_process(asker, "environment variables")?;
            std::env::var(variable)
                .map_err(|_| format!("environment variable `{variable}` is not set"))?
                .into_bytes()
        } else if let Some((scheme, _)) = reference.split_once("://") {
            return Err(format!("keys from `{scheme}://` are not supported here"));
        } else {
            self.tenancy.may_read_process(asker, "files")?;
            read_file(reference).await?
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
                FactError::NoLoader(cause) | FactError::Failed(cause) => cause,
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
        let call = HttpCall {
            method: "GET",
            url,
            headers: &[],
            body: None,
            most_bytes: MOST_KEY_BYTES,
        };
        match self.http.call(&call).await? {
            (200, body) => Ok(body),
            (status, _) => Err(format!("HTTP {status}")),
        }
    }
}

async fn read_file(path: &str) -> Result<Vec<u8>, String> {
    use tokio::io::AsyncReadExt;
    let file = tokio::fs::File::open(path)
        .await
        .map_err(|cause| format!("file `{path}`: {cause}"))?;
    let mut bytes = Vec::new();
    let limit = u64::try_from(MOST_KEY_BYTES).unwrap_or(u64::MAX);
    file.take(limit)
        .read_to_end(&mut bytes)
        .await
        .map_err(|cause| format!("file `{path}`: {cause}"))?;
    if bytes.len() >= MOST_KEY_BYTES {
        return Err(format!("file `{path}` is larger than {MOST_KEY_BYTES} bytes"));
    }
    Ok(bytes)
}
