//! The clock, read once for each request: this crate is the edge.

use std::time::{SystemTime, UNIX_EPOCH};

/// Now.
pub(crate) fn now() -> SystemTime {
    #[expect(
        clippy::disallowed_methods,
        reason = "the server is the edge where the clock is read"
    )]
    SystemTime::now()
}

/// Now, nanoseconds since the Unix epoch.
pub(crate) fn now_ns() -> i128 {
    let since = now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i128::try_from(since.as_nanos()).unwrap_or(i128::MAX)
}
