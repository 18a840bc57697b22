//! A copy of objects of one kind, kept as the cluster has them.
//!
//! In: a kind, and what to keep of each object. Out: a [`Store`] that says when it is whole and wakes those who wait for
//! changes. Never: an object missing from a store that says it is whole. While the API server can't be asked, what was
//! known last is kept.
//!
//!     list ─▶ replace ─▶ watch ─▶ apply, delete … ─▶ (ended: watch on) (too old: list) (failed: wait, watch on)
//!
//! Behaviour: client-go `tools/cache` `Reflector`.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use serde_json::Value;
use tokio::sync::watch;

use crate::backoff::Backoff;
use crate::client::Client;
use crate::error::ClusterError;
use crate::limits::{ABSENT_KIND_INTERVAL, MOST_FAILED_WATCHES, SMALL_PAGE_OBJECTS};
use crate::list::{Pages, Subject};
use crate::watch::{Watch, WatchEvent};

/// Which object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectName {
    /// Its namespace; empty for those that stand in none.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl ObjectName {
    /// The name that `object` carries.
    #[must_use]
    pub fn of(object: &Value) -> Self {
        let text = |pointer: &str| {
            let text = object.pointer(pointer).and_then(Value::as_str);
            text.unwrap_or_default().to_owned()
        };
        Self {
            namespace: text("/metadata/namespace"),
            name: text("/metadata/name"),
        }
    }
}

/// How a copy stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sync {
    /// Nothing was ever read; the last reason why not.
    Unread(Option<String>),
    /// It was read as a whole, and is followed.
    Whole,
    /// The server does not have the kind: there are no objects of it.
    NoSuchKind,
}

/// The copy. Clones share it.
pub struct Store<T>(Arc<Shared<T>>);

struct Shared<T> {
    objects: RwLock<BTreeMap<ObjectName, Arc<T>>>,
    state: RwLock<Sync>,
    changes: watch::Sender<u64>,
}

impl<T> Clone for Store<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for Store<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Store")
            .field("objects", &self.len())
            .field("state", &self.state())
            .finish()
    }
}

impl<T> Default for Store<T> {
    fn default() -> Self {
        Self(Arc::new(Shared {
            objects: RwLock::default(),
            state: RwLock::new(Sync::Unread(None)),
            changes: watch::Sender::new(0),
        }))
    }
}

impl<T> Store<T> {
    /// How the copy stands.
    #[must_use]
    pub fn state(&self) -> Sync {
        self.0
            .state
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Whether all objects there were are known, or that there can be none.
    #[must_use]
    pub fn is_synced(&self) -> bool {
        !matches!(self.state(), Sync::Unread(_))
    }

    /// All objects, by name.
    #[must_use]
    pub fn all(&self) -> Vec<(ObjectName, Arc<T>)> {
        let objects = self.0.objects.read().unwrap_or_else(PoisonError::into_inner);
        objects
            .iter()
            .map(|(name, object)| (name.clone(), Arc::clone(object)))
            .collect()
    }

    /// Says that there is nothing to copy: the store is whole and empty, and nobody reflects into it.
    pub fn leave_empty(&self) {
        self.replace(BTreeMap::new(), Sync::Whole);
    }

    /// Looks at all objects, by name, without copying any.
    pub fn each(&self, mut look: impl FnMut(&ObjectName, &Arc<T>)) {
        let objects = self.0.objects.read().unwrap_or_else(PoisonError::into_inner);
        for (name, object) in objects.iter() {
            look(name, object);
        }
    }

    /// One object.
    #[must_use]
    pub fn get(&self, name: &ObjectName) -> Option<Arc<T>> {
        let objects = self.0.objects.read().unwrap_or_else(PoisonError::into_inner);
        objects.get(name).cloned()
    }

    /// How many objects there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0
            .objects
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }

    /// Whether there is no object.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Wakes at every change, of objects and of [`Store::state`].
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.changes.subscribe()
    }

    /// Waits until [`Store::is_synced`].
    pub async fn synced(&self) {
        let mut changes = self.changes();
        while !self.is_synced() {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    /// Puts one object into the copy: for stores that nobody reflects into, in tests.
    pub fn put(&self, name: ObjectName, object: T) {
        self.apply(name, Some(object));
    }

    fn changed(&self) {
        self.0.changes.send_modify(|count| *count = count.wrapping_add(1));
    }

    fn replace(&self, objects: BTreeMap<ObjectName, Arc<T>>, state: Sync) {
        *self.0.objects.write().unwrap_or_else(PoisonError::into_inner) = objects;
        *self.0.state.write().unwrap_or_else(PoisonError::into_inner) = state;
        self.changed();
    }

    fn failed(&self, cause: &ClusterError) {
        let mut state = self.0.state.write().unwrap_or_else(PoisonError::into_inner);
        if let Sync::Unread(why) = &mut *state {
            *why = Some(cause.to_string());
            drop(state);
            self.changed();
        }
    }

    fn apply(&self, name: ObjectName, object: Option<T>) {
        let mut objects = self.0.objects.write().unwrap_or_else(PoisonError::into_inner);
        match object {
            Some(object) => {
                objects.insert(name, Arc::new(object));
            }
            None => {
                objects.remove(&name);
            }
        }
        drop(objects);
        self.changed();
    }
}

/// Keeps `store` as the cluster has `subject`, for ever. `keep` makes of an object what is kept of it; none: not kept.
pub async fn reflect<T>(
    client: Client,
    subject: Subject,
    store: Store<T>,
    keep: impl Fn(Value) -> Option<T>,
) {
    let plural = &subject.kind.plural;
    let mut backoff = Backoff::default();
    loop {
        let version = match read_all(&client, &subject, &store, &keep).await {
            Ok(version) => version,
            Err(ClusterError::NotFound { .. }) => {
                if store.state() != Sync::NoSuchKind {
                    tracing::info!(
                        plural,
                        group = subject.kind.group,
                        "the API server does not have this kind"
                    );
                    store.replace(BTreeMap::new(), Sync::NoSuchKind);
                }
                tokio::time::sleep(ABSENT_KIND_INTERVAL).await;
                continue;
            }
            Err(cause) => {
                tracing::warn!(plural, %cause, "objects could not be listed; trying again");
                store.failed(&cause);
                tokio::time::sleep(backoff.wait()).await;
                continue;
            }
        };
        backoff.reset();
        follow(&client, &subject, &store, &keep, version).await;
    }
}

/// Reads everything; gives the version to watch from.
async fn read_all<T>(
    client: &Client,
    subject: &Subject,
    store: &Store<T>,
    keep: &impl Fn(Value) -> Option<T>,
) -> Result<String, ClusterError> {
    let mut pages = Pages::new(client, subject, SMALL_PAGE_OBJECTS);
    let mut objects = BTreeMap::new();
    while let Some(page) = pages.next().await? {
        for object in page {
            let name = ObjectName::of(&object);
            objects.extend(keep(object).map(|kept| (name, Arc::new(kept))));
        }
    }
    let version = pages.resource_version().to_owned();
    store.replace(objects, Sync::Whole);
    Ok(version)
}

/// Follows changes from `version` on, until everything has to be read anew.
async fn follow<T>(
    client: &Client,
    subject: &Subject,
    store: &Store<T>,
    keep: &impl Fn(Value) -> Option<T>,
    mut version: String,
) {
    let plural = &subject.kind.plural;
    let mut backoff = Backoff::default();
    loop {
        let before = version.clone();
        let ended = watch_once(client, subject, store, keep, &mut version).await;
        if version != before {
            backoff.reset();
        }
        match ended {
            // A server that ends watches at once is not asked without a pause.
            Ok(()) if version == before => tokio::time::sleep(backoff.wait()).await,
            Ok(()) => {}
            Err(ClusterError::Gone { .. } | ClusterError::NotFound { .. }) => return,
            Err(cause) => {
                tracing::debug!(plural, %cause, "a watch failed");
                tokio::time::sleep(backoff.wait()).await;
                if backoff.failures() > MOST_FAILED_WATCHES {
                    tracing::warn!(plural, %cause, "watches keep failing; listing anew");
                    return;
                }
            }
        }
    }
}

async fn watch_once<T>(
    client: &Client,
    subject: &Subject,
    store: &Store<T>,
    keep: &impl Fn(Value) -> Option<T>,
    version: &mut String,
) -> Result<(), ClusterError> {
    let mut watch = Watch::begin(client, subject, version).await?;
    while let Some(event) = watch.next().await? {
        let (object, is_there) = match event {
            WatchEvent::Bookmark { resource_version } => {
                if !resource_version.is_empty() {
                    *version = resource_version;
                }
                continue;
            }
            WatchEvent::Applied(object) => (object, true),
            WatchEvent::Deleted(object) => (object, false),
        };
        let seen = object
            .pointer("/metadata/resourceVersion")
            .and_then(Value::as_str);
        let seen = seen.map(ToOwned::to_owned);
        let name = ObjectName::of(&object);
        store.apply(name, if is_there { keep(object) } else { None });
        if let Some(seen) = seen {
            *version = seen;
        }
    }
    Ok(())
}
