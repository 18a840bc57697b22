//! What the machine gives: threads for calls, and the time.

use crate::input_error::InputError;

/// A runtime for calls of this process.
///
/// # Errors
/// [`InputError`] where the system gives no threads.
pub(crate) fn async_runtime() -> Result<tokio::runtime::Runtime, InputError> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|cause| InputError::Unreadable {
            path: "runtime".to_owned(),
            cause,
        })
}

/// The time of judging, nanoseconds since the Unix epoch: read once for a command.
pub(crate) fn now_ns() -> i128 {
    #[expect(
        clippy::disallowed_methods,
        reason = "the command line is the edge where the clock is read"
    )]
    let now = std::time::SystemTime::now();
    let since = now.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i128::try_from(since.as_nanos()).unwrap_or(i128::MAX)
}
