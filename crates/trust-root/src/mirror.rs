//! One TUF repository that hands out a trusted root.

use std::path::PathBuf;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use sigstore_tuf::transport::FetchFuture as RepositoryFuture;
use sigstore_tuf::{Repository, StoreRepository, TrustedMetadataSet, Updater, UpdaterConfig};

use crate::store::Store;

/// Where the public-good instance of Sigstore hands out its root.
pub const PUBLIC_GOOD_MIRROR: &str = "https://tuf-repo-cdn.sigstore.dev";
/// Largest trusted root taken, in bytes.
pub const MOST_TARGET_BYTES: u64 = 1024 * 1024;

/// The root of the public-good repository, version 16, as sigstore/root-signing published it.
const PUBLIC_GOOD_ROOT: &[u8] = include_bytes!("public_good_root.json");
/// The file wanted.
const TARGET: &str = "trusted_root.json";
/// Roots walked in one refresh; the public-good instance made 16 in five years.
const MOST_ROTATIONS: u32 = 64;

/// What a mirror answers: the bytes, or none if it has no such file.
pub type FetchFuture<'a> = BoxFuture<'a, Result<Option<Vec<u8>>, String>>;

/// Makes the connections.
pub trait Fetch: Send + Sync + std::fmt::Debug {
    /// The body at `url`; an error if it is larger than `most_bytes`.
    fn fetch<'a>(&'a self, url: &'a str, most_bytes: u64) -> FetchFuture<'a>;
}

/// Why there is no fresh root.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// The pinned root is none, or not signed by its own keys.
    #[error("the pinned TUF root can't be used: {0}")]
    Pinned(String),
    /// The mirror can't be asked, or what it answers is not vouched for, is older than what was seen, or has expired.
    #[error("the trust root of `{mirror}` can't be refreshed: {cause}")]
    Refused {
        /// Its address.
        mirror: String,
        /// What went wrong.
        cause: String,
    },
}

/// A trusted root that is vouched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreshRoot {
    /// `trusted_root.json`.
    pub json: String,
    /// Version of the TUF root that it was verified by, at last.
    pub root_version: u64,
    /// Version of the targets metadata that names it.
    pub targets_version: u64,
    /// When the mirror's own word for being up to date ends (the timestamp role).
    pub fresh_until: Timestamp,
}

/// A TUF repository, its pinned root, and what was seen of it. Cheap to clone; clones share what was seen.
#[derive(Debug, Clone)]
pub struct Mirror {
    address: String,
    pinned: Arc<[u8]>,
    store: Store,
}

impl Mirror {
    /// The mirror at `address`, trusted by `pinned`, a `root.json` of any version. What is verified is also kept in
    /// `folder`, if there is one.
    ///
    /// # Errors
    /// [`RefreshError::Pinned`] when the root is none, or not signed by its own keys.
    pub fn new(address: &str, pinned: &[u8], folder: Option<PathBuf>) -> Result<Self, RefreshError> {
        TrustedMetadataSet::from_root(pinned).map_err(|cause| RefreshError::Pinned(chain(&cause)))?;
        Ok(Self {
            address: address.trim_end_matches('/').to_owned(),
            pinned: pinned.into(),
            store: Store::new(folder),
        })
    }

    /// The public-good instance of Sigstore by the root of this build, at `address` if it is mirrored there.
    ///
    /// # Errors
    /// [`RefreshError::Pinned`] only where the build is broken; a test holds that it is not.
    pub fn public_good(address: Option<&str>, folder: Option<PathBuf>) -> Result<Self, RefreshError> {
        Self::new(address.unwrap_or(PUBLIC_GOOD_MIRROR), PUBLIC_GOOD_ROOT, folder)
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Asks the mirror for its root as of `at`.
    ///
    /// # Errors
    /// [`RefreshError::Refused`]; what was seen before stays as it was.
    pub async fn refresh(&self, fetch: Arc<dyn Fetch>, at: Timestamp) -> Result<FreshRoot, RefreshError> {
        let repository = Remote {
            address: self.address.clone(),
            fetch,
        };
        self.walk(repository, at).await
    }

    /// The root as of `at`, by what was seen before and without asking anybody.
    ///
    /// # Errors
    /// [`RefreshError::Refused`] when nothing was seen, or has expired since, or was meddled with.
    pub async fn of_memory(&self, at: Timestamp) -> Result<FreshRoot, RefreshError> {
        self.walk(StoreRepository::new(self.store.clone()), at).await
    }

    async fn walk(
        &self,
        repository: impl Repository + 'static,
        at: Timestamp,
    ) -> Result<FreshRoot, RefreshError> {
        let refused = |cause: String| RefreshError::Refused {
            mirror: self.address.clone(),
            cause,
        };
        let of_tuf = |cause: sigstore_tuf::Error| refused(chain(&cause));
        let mut limits = UpdaterConfig::default();
        limits.target_max_length = MOST_TARGET_BYTES;
        limits.max_root_rotations = MOST_ROTATIONS;
        let mut updater = Updater::new(repository, &self.pinned)
            .map_err(of_tuf)?
            .with_config(limits)
            .with_store(self.store.clone());
        // The library's own type of time, by way of the text that both read.
        let time = at.to_string();
        let out_of_range = |_| refused(format!("`{time}` is no time"));
        updater
            .refresh(time.parse().map_err(out_of_range)?)
            .await
            .map_err(of_tuf)?;
        let bytes = updater
            .get_target(TARGET, time.parse().map_err(out_of_range)?)
            .await;
        let bytes = bytes.map_err(of_tuf)?;
        let json = String::from_utf8(bytes).map_err(|_| refused(format!("`{TARGET}` is no text")))?;
        let trusted = updater.trusted();
        let targets_version = trusted.targets_role("targets").map_or(0, |role| role.version);
        let fresh_until = trusted.timestamp().map(|role| role.expires.to_string());
        Ok(FreshRoot {
            json,
            root_version: trusted.root().version,
            targets_version,
            fresh_until: fresh_until.and_then(|text| text.parse().ok()).unwrap_or(at),
        })
    }
}

/// The mirror over a [`Fetch`].
struct Remote {
    address: String,
    fetch: Arc<dyn Fetch>,
}

impl Remote {
    fn get<'a>(&'a self, path: String, most_bytes: u64) -> RepositoryFuture<'a> {
        Box::pin(async move {
            let url = format!("{}/{path}", self.address);
            let answer = self.fetch.fetch(&url, most_bytes).await;
            let answer = answer.map_err(|cause| sigstore_tuf::Error::transport(format!("{url}: {cause}")))?;
            // A limit holds whoever fetches.
            let size = answer.as_ref().map_or(0, Vec::len);
            if u64::try_from(size).unwrap_or(u64::MAX) > most_bytes {
                let cause = format!("{url}: the answer is larger than {most_bytes} bytes");
                return Err(sigstore_tuf::Error::transport(cause));
            }
            Ok(answer)
        })
    }
}

impl Repository for Remote {
    fn fetch_metadata<'a>(&'a self, name: &'a str, most_bytes: u64) -> RepositoryFuture<'a> {
        self.get(name.to_owned(), most_bytes)
    }

    fn fetch_target<'a>(&'a self, path: &'a str, most_bytes: u64) -> RepositoryFuture<'a> {
        self.get(format!("targets/{path}"), most_bytes)
    }
}

/// An error with its causes, outermost first, each said once.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}
