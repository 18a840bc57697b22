//! How long to wait before asking again.
//!
//! In: an error, how often it was tried, the deadline. Out: a wait, or none: then the error stands.
//! Never: a wait that the deadline would cut short; better an honest "rate limited" now.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::HeaderMap;
use http::header::{DATE, RETRY_AFTER};

use crate::deadline::Deadline;
use crate::error::RegistryError;
use crate::limits;

/// Spreads waits, so that many who were turned away together do not come back together
#[derive(Debug)]
pub(crate) struct Jitter(AtomicU64);

impl Jitter {
    /// A sequence that `seed` determines.
    pub(crate) fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// The next number in 0..1000 (splitmix64).
    fn next_permille(&self) -> u64 {
        let state = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)).checked_rem(1000).unwrap_or_default()
    }

    /// The wait before attempt number `tried + 1`, if one is worth making before `deadline`.
    pub(crate) fn wait(&self, error: &RegistryError, tried: u32, deadline: Deadline) -> Option<Duration> {
        if !error.is_worth_repeating() || tried >= limits::MAX_ATTEMPTS {
            return None;
        }
        let doubled =
            limits::FIRST_BACKOFF.saturating_mul(1_u32.checked_shl(tried.saturating_sub(1)).unwrap_or(1));
        let base = error.retry_after().unwrap_or(doubled);
        let extra = doubled.saturating_mul(u32::try_from(self.next_permille()).unwrap_or_default());
        let wait = base.saturating_add(extra.checked_div(1000).unwrap_or_default());
        (wait < deadline.remaining()).then_some(wait)
    }
}

/// The wait a registry asks for: seconds, or a date by its own clock.
pub(crate) fn asked_for(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let parse = |text: &str| {
        jiff::fmt::rfc2822::DateTimeParser::new()
            .parse_timestamp(text)
            .ok()
    };
    let now = parse(headers.get(DATE)?.to_str().ok()?)?;
    Duration::try_from(parse(text)?.duration_since(now)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::RegistryErrorKind;

    fn limited(retry_after: Option<u64>) -> RegistryError {
        let status = http::StatusCode::TOO_MANY_REQUESTS;
        RegistryError::from_answer(
            &http::Method::GET,
            status,
            b"",
            retry_after.map(Duration::from_secs),
        )
    }

    #[test]
    fn a_wait_longer_than_the_deadline_is_not_begun() {
        let jitter = Jitter::new(1);
        let deadline = Deadline::after(Duration::from_secs(5));
        assert!(
            jitter
                .wait(&limited(Some(1)), 1, deadline)
                .is_some_and(|wait| wait >= Duration::from_secs(1))
        );
        assert_eq!(jitter.wait(&limited(Some(60)), 1, deadline), None);
        assert_eq!(jitter.wait(&limited(None), limits::MAX_ATTEMPTS, deadline), None);
        let lasting = RegistryError::new(RegistryErrorKind::Unauthorized, "x");
        assert_eq!(jitter.wait(&lasting, 1, deadline), None);
    }

    #[test]
    fn waits_grow_and_are_spread() {
        let jitter = Jitter::new(7);
        let deadline = Deadline::after(Duration::from_secs(60));
        let waits: Vec<_> = (1..4)
            .filter_map(|tried| jitter.wait(&limited(None), tried, deadline))
            .collect();
        assert_eq!(waits.len(), 3);
        for (wait, base) in waits.iter().zip([200, 400, 800]) {
            let base = Duration::from_millis(base);
            assert!(*wait >= base && *wait < base * 2, "{waits:?}");
        }
        assert_ne!(
            jitter.wait(&limited(None), 1, deadline),
            jitter.wait(&limited(None), 1, deadline)
        );
    }

    #[test]
    fn a_date_is_read_by_the_registry_s_own_clock() {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, "Tue, 24 Nov 2026 05:00:30 GMT".parse().unwrap());
        assert_eq!(asked_for(&headers), None);
        headers.insert(DATE, "Tue, 24 Nov 2026 05:00:00 GMT".parse().unwrap());
        assert_eq!(asked_for(&headers), Some(Duration::from_secs(30)));
        headers.insert(RETRY_AFTER, "7".parse().unwrap());
        assert_eq!(asked_for(&headers), Some(Duration::from_secs(7)));
    }
}
