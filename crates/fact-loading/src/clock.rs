//! The time of calls that carry it, and of tokens that end: no verdict depends on it.

use jiff::Timestamp;

/// Now, by this machine's clock.
pub(crate) fn now() -> Timestamp {
    #[expect(
        clippy::disallowed_methods,
        reason = "calls to clouds are signed with the time they are made at; verdicts take theirs as an argument"
    )]
    Timestamp::now()
}
