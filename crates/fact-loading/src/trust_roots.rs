//! Trust roots that attestors bring by naming a TUF repository (`tuf` of an `ImageValidatingPolicy`).
//!
//! In: a repository, on whose behalf, as of when. Out: its `trusted_root.json`, verified from the pinned root on. Remembered
//! for [`ROOT_LIFE`]; after that the repository is asked anew, and where it can't be, what it last vouched for serves until
//! that expires. Never: the program's own root in its stead.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image_trust::{PinnedRoot, RootRepository};
use jiff::Timestamp;
use moka::future::Cache;
use policy_engine::facts::Asker;
use trust_root::{Fetch as _, Mirror};

use crate::files;
use crate::http::Http;
use crate::tenancy::Tenancy;
use crate::trust::MirrorFetch;

/// How long a root serves before the repository is asked anew.
const ROOT_LIFE: Duration = Duration::from_secs(3_600);
/// Repositories remembered at most.
const MOST_REPOSITORIES: u64 = 100;
/// Largest pinned root, in bytes.
const MOST_PINNED_BYTES: usize = 512 * 1024;

/// Finds trust roots and remembers them.
#[derive(Debug, Clone)]
pub(crate) struct TrustRoots {
    http: Http,
    tenancy: Tenancy,
    offline: bool,
    /// What was seen of each repository: an older edition is refused later.
    mirrors: Cache<Place, Mirror>,
    roots: Cache<Place, Arc<str>>,
}

/// Namespace of the policy that asks, and the repository.
type Place = (Option<String>, RootRepository);

impl TrustRoots {
    pub(crate) fn new(http: Http, tenancy: Tenancy, offline: bool) -> Self {
        Self {
            http,
            tenancy,
            offline,
            mirrors: Cache::builder().max_capacity(MOST_REPOSITORIES).build(),
            roots: Cache::builder()
                .max_capacity(MOST_REPOSITORIES)
                .time_to_live(ROOT_LIFE)
                .build(),
        }
    }

    /// The root that `repository` vouches for; the text completes `failed to fetch the trust root: …`.
    pub(crate) async fn resolve(
        &self,
        asker: &Asker,
        repository: &RootRepository,
        at: Timestamp,
    ) -> Result<Arc<str>, String> {
        self.tenancy.may_call_services(asker)?;
        if self.offline {
            return Err("`--offline` forbids asking a TUF repository".to_owned());
        }
        let place = (asker.policy_namespace.clone(), repository.clone());
        let load = self.load(asker, &place, at);
        self.roots
            .try_get_with(place.clone(), load)
            .await
            .map_err(|cause: Arc<String>| (*cause).clone())
    }

    async fn load(&self, asker: &Asker, place: &Place, at: Timestamp) -> Result<Arc<str>, String> {
        let found = self
            .mirrors
            .try_get_with(place.clone(), self.mirror(asker, &place.1));
        let mirror = found.await.map_err(|cause: Arc<String>| (*cause).clone())?;
        let fetch = Arc::new(MirrorFetch(self.http.clone()));
        let root = match mirror.refresh(fetch, at).await {
            Ok(root) => root,
            Err(error) => {
                tracing::warn!(%error, "what the repository last vouched for is used while it holds");
                let remembered = mirror.of_memory(at).await;
                remembered.map_err(|_| error.to_string())?
            }
        };
        Ok(root.json.into())
    }

    async fn mirror(&self, asker: &Asker, repository: &RootRepository) -> Result<Mirror, String> {
        let address = repository.mirror.as_deref();
        let pinned = match &repository.pinned {
            None => return Mirror::public_good(address, None).map_err(|error| error.to_string()),
            Some(PinnedRoot::Base64(text)) => {
                let compact: String = text.split_whitespace().collect();
                STANDARD
                    .decode(compact)
                    .map_err(|_| "the pinned root is not base64".to_owned())?
            }
            Some(PinnedRoot::Place(url)) if url.starts_with("https://") || url.starts_with("http://") => {
                let caller = MirrorFetch(self.http.clone());
                let most = u64::try_from(MOST_PINNED_BYTES).unwrap_or(u64::MAX);
                let found = caller.fetch(url, most).await?;
                found.ok_or_else(|| format!("there is no pinned root at `{url}`"))?
            }
            Some(PinnedRoot::Place(path)) => {
                self.tenancy.may_read_process(asker, "files")?;
                files::read(&**path, MOST_PINNED_BYTES).await?
            }
        };
        let address = address.unwrap_or(trust_root::PUBLIC_GOOD_MIRROR);
        Mirror::new(address, &pinned, None).map_err(|error| error.to_string())
    }
}
