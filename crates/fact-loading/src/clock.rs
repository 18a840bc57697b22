//! The time of calls that carry it, of tokens that end, and of the process's own trust root, which expires. What is judged
//! by them has its time as an argument.

use jiff::Timestamp;

/// Now, by this machine's clock.
pub(crate) fn now() -> Timestamp {
    #[expect(
        clippy::disallowed_methods,
        reason = "calls and refreshes happen now, whatever time a request is judged at; verdicts take theirs as an argument"
    )]
    Timestamp::now()
}
