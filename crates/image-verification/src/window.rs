//! The time in which a trust root trusts a key or an authority.

use jiff::Timestamp;
use sigstore_types::TimeRange;

/// From a first moment to a last one, both included; without an end it has not ended yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    start: Timestamp,
    end: Option<Timestamp>,
}

impl Window {
    /// The trust root's own range; `None` where it lies outside of all time, so that nothing in it is trusted.
    pub(crate) fn new(range: TimeRange) -> Option<Self> {
        let start = Timestamp::from_nanosecond(range.start.as_nanosecond()).ok()?;
        let end = match range.end {
            Some(end) => Some(Timestamp::from_nanosecond(end.as_nanosecond()).ok()?),
            None => None,
        };
        Some(Self { start, end })
    }

    pub(crate) fn contains(self, time: Timestamp) -> bool {
        self.has_started_by(time) && self.end.is_none_or(|end| time <= end)
    }

    pub(crate) fn has_started_by(self, time: Timestamp) -> bool {
        self.start <= time
    }
}
