//! What became of spans, read from the exporter's own counts when metrics are asked for.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::counter::ConstCounter;
use trace_export::TraceCounts;

/// Two counters.
#[derive(Debug)]
pub(super) struct Traces(pub(super) TraceCounts);

impl Collector for Traces {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        for (name, help, count) in [
            (
                "vouchsafe_trace_spans_exported",
                "Spans that the collector took",
                self.0.exported(),
            ),
            (
                "vouchsafe_trace_spans_dropped",
                "Spans that were recorded and did not arrive",
                self.0.dropped(),
            ),
        ] {
            let counter = ConstCounter::new(count);
            let metric = encoder.encode_descriptor(name, help, None, counter.metric_type())?;
            counter.encode(metric)?;
        }
        Ok(())
    }
}
