//! The clock, read here alone: this crate is an edge.

use jiff::Timestamp;

/// Now.
pub(crate) fn now() -> Timestamp {
    #[expect(
        clippy::disallowed_methods,
        reason = "the controller is the edge where the clock is read"
    )]
    let now = Timestamp::now();
    now
}

/// `timestamp` as Kubernetes writes times: whole seconds, UTC.
pub(crate) fn kubernetes_time(timestamp: Timestamp) -> String {
    let seconds = Timestamp::from_second(timestamp.as_second()).unwrap_or(timestamp);
    seconds.to_string()
}

/// `timestamp` as Kubernetes writes times of Leases and Events: microseconds, UTC.
pub(crate) fn kubernetes_micro_time(timestamp: Timestamp) -> String {
    timestamp.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_kubernetes_reads_them() {
        let at = Timestamp::new(1_700_000_000, 123_456_789).unwrap();
        assert_eq!(kubernetes_time(at), "2023-11-14T22:13:20Z");
        assert_eq!(kubernetes_micro_time(at), "2023-11-14T22:13:20.123456Z");
    }
}
