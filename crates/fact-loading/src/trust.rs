//! The trust root of this process: given, or kept fresh from a TUF mirror.
//!
//! In: a `trusted_root.json`, or a mirror and its pinned root. Out: the trust material that judgements use, and its
//! revision, so that nothing judged by an older one is used again. Never: a connection before a policy needs the root; a
//! request that waits for a refresh while there is a good root: the last good one stays until a better one is there.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_lc_rs::digest;
use image_trust::{Authority, ImageDemand, Waivable};
use image_verification::{TrustError, TrustMaterial};
use trust_root::{Fetch, FetchFuture, FreshRoot, Mirror, RefreshError};

use crate::clock;
use crate::http::{Http, HttpCall};

/// How often a mirror is asked, give or take a tenth. Sigstore signs its timestamp every three days, for seven.
const REFRESH_EVERY: Duration = Duration::from_secs(12 * 3_600);
/// How soon a refresh that failed is tried again, give or take a tenth.
const RETRY_AFTER: Duration = Duration::from_secs(120);
/// Longest that one refresh may take.
const REFRESH_TIMEOUT: Duration = Duration::from_secs(60);

/// Trust material and which it is.
#[derive(Debug)]
pub(crate) struct Trust {
    pub(crate) material: Arc<TrustMaterial>,
    /// SHA-256 of the trusted root's text.
    pub(crate) revision: [u8; 32],
}

impl Trust {
    pub(crate) fn of(json: &str) -> Result<Self, TrustError> {
        Ok(Self {
            material: Arc::new(TrustMaterial::from_trusted_root(json)?),
            revision: revision(json),
        })
    }

    /// The public-good root of this build.
    pub(crate) fn public_good() -> Result<Self, TrustError> {
        Ok(Self {
            material: Arc::new(TrustMaterial::public_good()?),
            revision: revision("the public-good root of this build"),
        })
    }
}

fn revision(text: &str) -> [u8; 32] {
    let hash = digest::digest(&digest::SHA256, text.as_bytes());
    hash.as_ref().try_into().unwrap_or([0; 32])
}

/// Where trust comes from. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) enum TrustSource {
    /// By the operator's file, or embedded.
    Given(Arc<Trust>),
    /// By a mirror.
    Mirrored(Arc<Mirrored>),
}

impl TrustSource {
    /// The trust there is now, a mirror asked if it never was.
    ///
    /// # Errors
    /// A sentence, where a mirror has none.
    pub(crate) async fn current(&self) -> Result<Arc<Trust>, String> {
        match self {
            Self::Given(trust) => Ok(Arc::clone(trust)),
            Self::Mirrored(mirrored) => mirrored.current().await,
        }
    }

    /// Why the mirror was not read when it last should have been, if it was not.
    pub(crate) fn failure(&self) -> Option<String> {
        match self {
            Self::Given(_) => None,
            Self::Mirrored(mirrored) => mirrored.state(|state| state.failure.clone()),
        }
    }

    /// The trust that `demand` is judged by.
    ///
    /// # Errors
    /// A sentence, where the demand needs a root that can't be had.
    pub(crate) async fn for_demand(&self, demand: &ImageDemand) -> Result<Arc<Trust>, String> {
        match self {
            Self::Mirrored(mirrored) if !needs_root(demand) => match mirrored.at_hand() {
                Some(trust) => Ok(trust),
                None => self.current().await,
            },
            Self::Mirrored(_) | Self::Given(_) => self.current().await,
        }
    }
}

/// Whether a demand can be met by the process's trust root at all. A key whose log is waived needs none.
fn needs_root(demand: &ImageDemand) -> bool {
    let attested = demand.attestations.iter().flat_map(|one| &one.signers);
    let mut signers = demand.signers.iter().chain(attested);
    signers.any(|signer| match &signer.authority {
        Authority::Key { log, .. } => log.check == Waivable::Required && log.key.is_none(),
        Authority::Certificate { .. } | Authority::Keyless { .. } => true,
        Authority::Rooted { .. } | Authority::Notary(_) => false,
    })
}

/// A mirror and what it gave.
#[derive(Debug)]
pub(crate) struct Mirrored {
    mirror: Mirror,
    fetch: Arc<dyn Fetch>,
    /// Serves until the mirror gave one: the embedded root, for mirrors of the public-good instance.
    embedded: Option<Arc<Trust>>,
    offline: bool,
    state: Mutex<State>,
    /// Held by whoever refreshes.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    good: Option<Arc<Trust>>,
    failure: Option<String>,
    /// When to ask again; none: never asked.
    due: Option<Instant>,
}

impl Mirrored {
    pub(crate) fn new(mirror: Mirror, fetch: Arc<dyn Fetch>, embedded: Option<Trust>, offline: bool) -> Self {
        Self {
            mirror,
            fetch,
            embedded: embedded.map(Arc::new),
            offline,
            state: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        }
    }

    /// What there is without asking.
    fn at_hand(&self) -> Option<Arc<Trust>> {
        let good = self.state(|state| state.good.clone());
        good.or_else(|| self.embedded.clone())
    }

    /// The root, fetched first if there never was one; one that is due is fetched beside the request.
    async fn current(self: &Arc<Self>) -> Result<Arc<Trust>, String> {
        let good = self.state(|state| state.good.clone());
        let refresh = self.is_due().then(|| tokio::spawn(Arc::clone(self).refresh()));
        if let Some(good) = good {
            return Ok(good);
        }
        if let Some(refresh) = refresh {
            // The task goes on if this request gives up.
            if let Err(cause) = refresh.await {
                tracing::warn!(%cause, "the refresh of the trust root ended early");
            }
        }
        let failure = self.state(|state| state.failure.clone());
        self.at_hand()
            .ok_or_else(|| failure.unwrap_or_else(|| format!("no trust root of `{}`", self.mirror.address())))
    }

    fn is_due(&self) -> bool {
        self.state(|state| state.due.is_none_or(|due| Instant::now() >= due))
    }

    async fn refresh(self: Arc<Self>) {
        let _turn = self.turn.lock().await;
        if !self.is_due() {
            return;
        }
        let fresh = match tokio::time::timeout(REFRESH_TIMEOUT, self.fetch()).await {
            Ok(fresh) => fresh,
            Err(_) => Err(format!("`{}` did not answer in time", self.mirror.address())),
        };
        let wait = jittered(if fresh.is_ok() { REFRESH_EVERY } else { RETRY_AFTER });
        let (good, failure) = match fresh {
            Ok(trust) => {
                let revision = hex::encode(trust.revision);
                tracing::info!(mirror = self.mirror.address(), %revision, "trust root refreshed");
                (Some(trust), None)
            }
            Err(cause) => {
                let has_good = self.state(|state| state.good.is_some());
                tracing::warn!(%cause, has_good, "trust root not refreshed: the last good one, if any, stays");
                // What was seen before this start, while it holds.
                let kept = if has_good {
                    None
                } else {
                    self.remembered().await.ok()
                };
                (kept, Some(cause))
            }
        };
        self.state(|state| {
            state.due = Instant::now().checked_add(wait);
            state.failure = failure;
            if let Some(good) = good {
                state.good = Some(Arc::new(good));
            }
        });
    }

    /// From the mirror.
    async fn fetch(&self) -> Result<Trust, String> {
        if self.offline {
            return self.remembered().await;
        }
        let fresh = self.mirror.refresh(Arc::clone(&self.fetch), clock::now()).await;
        self.read(fresh)
    }

    /// What the mirror gave before, if that has not expired.
    async fn remembered(&self) -> Result<Trust, String> {
        self.read(self.mirror.of_memory(clock::now()).await)
    }

    fn read(&self, fresh: Result<FreshRoot, RefreshError>) -> Result<Trust, String> {
        let fresh = fresh.map_err(|cause| cause.to_string())?;
        Trust::of(&fresh.json).map_err(|cause| format!("`{}`: {cause}", self.mirror.address()))
    }

    fn state<T>(&self, with: impl FnOnce(&mut State) -> T) -> T {
        with(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A wait of about `wait`, so that replicas do not ask together.
fn jittered(wait: Duration) -> Duration {
    let random = RandomState::new().build_hasher().finish();
    let tenth = wait / 10;
    let share = f64::from(u32::try_from(random % 1_000).unwrap_or(0)) / 1_000.0;
    wait.saturating_sub(tenth)
        .saturating_add((tenth * 2).mul_f64(share))
}

/// Fetches from a mirror, whose address is the operator's.
#[derive(Debug)]
pub(crate) struct MirrorFetch(pub(crate) Http);

impl Fetch for MirrorFetch {
    fn fetch<'a>(&'a self, url: &'a str, most_bytes: u64) -> FetchFuture<'a> {
        Box::pin(async move {
            let most_bytes = usize::try_from(most_bytes).unwrap_or(usize::MAX);
            match self.0.call(&HttpCall::get(url, &[], most_bytes)).await? {
                (200, body) => Ok(Some(body)),
                // Object stores answer 403 for what is not there.
                (403 | 404, _) => Ok(None),
                (status, _) => Err(format!("HTTP {status}")),
            }
        })
    }
}
