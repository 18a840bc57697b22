//! How long to wait before what failed is tried again: longer each time, and never together with others.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use crate::limits::{LONGEST_BACKOFF, SHORTEST_BACKOFF};

/// Waits that double from one failure to the next.
#[derive(Debug, Clone, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// Something failed: how long to wait now. Between half and the whole of 0.2 s, 0.4 s, … 30 s.
    pub fn wait(&mut self) -> Duration {
        let doubled = SHORTEST_BACKOFF.saturating_mul(2_u32.saturating_pow(self.failures.min(16)));
        self.failures = self.failures.saturating_add(1);
        let whole = doubled.min(LONGEST_BACKOFF);
        jittered(whole / 2, whole / 2)
    }

    /// Something worked.
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// Failures since something worked.
    #[must_use]
    pub fn failures(&self) -> u32 {
        self.failures
    }
}

/// `least` and a random part of `most_more`: replicas that failed together don't come back together.
#[must_use]
pub fn jittered(least: Duration, most_more: Duration) -> Duration {
    // Each `RandomState` has its own random keys: all that is needed here, without a generator of random numbers.
    let random = RandomState::new().build_hasher().finish();
    let permille = u32::try_from(random % 1_000).unwrap_or_default();
    least.saturating_add(most_more.saturating_mul(permille) / 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_their_limit_and_start_small_again() {
        let mut backoff = Backoff::default();
        let first = backoff.wait();
        assert!(first >= SHORTEST_BACKOFF / 2 && first <= SHORTEST_BACKOFF);
        let last = (0..40).map(|_| backoff.wait()).last().unwrap();
        assert!(last >= LONGEST_BACKOFF / 2 && last <= LONGEST_BACKOFF);
        backoff.reset();
        assert!(backoff.wait() <= SHORTEST_BACKOFF);
    }

    #[test]
    fn those_who_failed_together_wait_differently() {
        let wait = || jittered(Duration::ZERO, Duration::from_secs(1_000));
        let waits: std::collections::BTreeSet<_> = (0..16).map(|_| wait()).collect();
        assert!(waits.len() > 1);
    }
}
