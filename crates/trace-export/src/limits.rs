//! Every limit, each with its unit. The first three are the defaults of OpenTelemetry's batch processor.

use std::time::Duration;

/// Spans that wait to be sent; those that come while so many wait are dropped and counted.
pub(crate) const MOST_QUEUED: usize = 2_048;
/// Spans of one call.
pub(crate) const MOST_IN_BATCH: usize = 512;
/// Longest time an ended span waits for others before it is sent.
pub(crate) const BATCH_DELAY: Duration = Duration::from_secs(5);
/// Longest wait for one call, unless `OTEL_EXPORTER_OTLP_TIMEOUT` says another.
pub(crate) const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest time that may be set for one call.
pub(crate) const LONGEST_CALL_TIMEOUT: Duration = Duration::from_secs(60);
/// Calls made for one batch, the first included.
pub(crate) const MOST_TRIES: u32 = 3;
/// Wait before the second call of a batch; doubled for the next.
pub(crate) const FIRST_WAIT: Duration = Duration::from_secs(1);
/// Longest wait between calls, whatever the collector asks for.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// Bytes of the collector's answer that are read.
pub(crate) const MOST_ANSWER_BYTES: usize = 64 * 1_024;
/// Longest text of an attribute, in characters, as Kyverno's.
pub(crate) const LONGEST_TEXT: usize = 256;
/// Attributes of one span.
pub(crate) const MOST_ATTRIBUTES: usize = 32;
/// Longest `traceparent` that is read, in bytes: later versions may be longer than version 00.
pub(crate) const LONGEST_TRACEPARENT: usize = 128;
