//! Until when an answer is waited for, and what it costs.
//!
//! Out: [`Deadline`], [`RequestCount`].

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::error::{RegistryError, RegistryErrorKind};

/// The instant after which nobody waits for the answer any more
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

impl Deadline {
    /// A deadline at `instant`.
    #[must_use]
    pub fn at(instant: Instant) -> Self {
        Self(instant)
    }

    /// A deadline `duration` from now; a duration beyond the clock's range is now.
    #[must_use]
    pub fn after(duration: Duration) -> Self {
        let now = Instant::now();
        Self(now.checked_add(duration).unwrap_or(now))
    }

    /// The instant itself.
    #[must_use]
    pub fn instant(self) -> Instant {
        self.0
    }

    /// What is left; zero when it has passed.
    #[must_use]
    pub fn remaining(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// Whether it has passed.
    #[must_use]
    pub fn has_passed(self) -> bool {
        self.remaining().is_zero()
    }

    /// The earlier of this deadline and `duration` from now.
    #[must_use]
    pub fn within(self, duration: Duration) -> Self {
        self.min(Self::after(duration))
    }

    /// Waits for `work` until the deadline.
    ///
    /// # Errors
    /// [`RegistryErrorKind::Timeout`] when it passes first; else what `work` says.
    pub async fn bound<T>(
        self,
        work: impl Future<Output = Result<T, RegistryError>>,
    ) -> Result<T, RegistryError> {
        match tokio::time::timeout_at(self.0.into(), work).await {
            Ok(result) => result,
            Err(_) => Err(RegistryError::new(
                RegistryErrorKind::Timeout,
                "no answer within the deadline",
            )),
        }
    }
}

/// How many HTTP requests a call sent: redirects, tokens and repetitions included; answers shared with another call
/// and dials that failed not
#[derive(Debug, Clone, Default)]
pub struct RequestCount(Arc<AtomicU64>);

impl RequestCount {
    /// Requests so far.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn add_one(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}
