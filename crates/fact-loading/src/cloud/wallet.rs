//! Tokens and credentials, kept until shortly before they end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use moka::future::Cache;
use serde_json::Value;

use crate::clock;

/// How long before its end a token is not used any more.
const MARGIN: Duration = Duration::from_secs(60);
/// Longest use of anything, whatever its issuer says.
const LONGEST: Duration = Duration::from_secs(3_600);
/// Tokens kept of one kind.
const MOST_KEPT: u64 = 64;

/// A value and how long it may be used.
#[derive(Debug, Clone)]
pub(crate) struct Timed<T> {
    pub(crate) value: T,
    life: Duration,
}

impl<T> Timed<T> {
    /// For as long as anything.
    pub(crate) fn long(value: T) -> Self {
        Self { value, life: LONGEST }
    }

    /// For this many seconds, less the margin.
    pub(crate) fn seconds(value: T, seconds: u64) -> Self {
        let life = Duration::from_secs(seconds).saturating_sub(MARGIN).min(LONGEST);
        Self { value, life }
    }

    /// Until `end`, less the margin.
    pub(crate) fn until(value: T, end: Timestamp) -> Self {
        let left = Duration::try_from(end.duration_since(clock::now())).unwrap_or_default();
        Self::seconds(value, left.as_secs())
    }

    /// For as long as the field `expires_in` of `answer` says, in seconds; five minutes if it says nothing.
    pub(crate) fn as_answered(value: T, answer: &Value) -> Self {
        let field = answer.get("expires_in");
        let number = field.and_then(Value::as_u64);
        // Azure's metadata service writes the number as a text.
        let written = field.and_then(Value::as_str).and_then(|text| text.parse().ok());
        Self::seconds(value, number.or(written).unwrap_or(300))
    }
}

#[derive(Debug)]
struct Lives;

impl<T> moka::Expiry<String, Timed<T>> for Lives {
    fn expire_after_create(&self, _: &String, kept: &Timed<T>, _: Instant) -> Option<Duration> {
        Some(kept.life)
    }
}

/// Values by what they are for. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Wallet<T>(Cache<String, Timed<T>>)
where
    T: Clone + Send + Sync + 'static;

impl<T: Clone + Send + Sync + std::fmt::Debug + 'static> Default for Wallet<T> {
    fn default() -> Self {
        Self(
            Cache::builder()
                .max_capacity(MOST_KEPT)
                .expire_after(Lives)
                .build(),
        )
    }
}

impl<T: Clone + Send + Sync + std::fmt::Debug + 'static> Wallet<T> {
    /// The value kept for `what`, or the one that `make` makes; who comes meanwhile waits for that. A failure is not kept.
    pub(crate) async fn get(
        &self,
        what: &str,
        make: impl Future<Output = Result<Timed<T>, String>>,
    ) -> Result<T, String> {
        let kept = self.0.try_get_with_by_ref(what, make).await;
        kept.map(|kept| kept.value)
            .map_err(|cause: Arc<String>| (*cause).clone())
    }
}
