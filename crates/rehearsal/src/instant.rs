//! Times as text: the only place that turns `SystemTime` into something written.

use std::time::{SystemTime, UNIX_EPOCH};

use der::DateTime;

use crate::error::RehearsalError;

/// `2026-11-23T17:45:34Z`.
///
/// # Errors
/// [`RehearsalError::Der`] before 1970 or after 9999.
pub fn rfc3339(at: SystemTime) -> Result<String, RehearsalError> {
    Ok(DateTime::from_system_time(at)
        .map_err(RehearsalError::der("a time"))?
        .to_string())
}

/// Unix seconds; 0 before 1970.
#[must_use]
pub fn unix_seconds(at: SystemTime) -> u64 {
    at.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
