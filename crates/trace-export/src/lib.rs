//! Traces of the OpenTelemetry kind: spans of this process, sent to a collector.
//!
//! In: spans that our crates open with `tracing`. Out: OTLP over HTTP as JSON, in batches. What is set is set by the
//! variables of OpenTelemetry's specification; without an endpoint there is no layer, and a span costs one comparison.
//! Never: a wait in the way of whoever ends a span; a span of another crate; text of an object that is judged.
//!
//!     span ends ─▶ layer ─▶ queue (bounded) ─▶ exporter ─▶ collector
//!                              └▶ full: counted, forgotten
//!
//! Format: opentelemetry-proto 1 `trace.proto` in the JSON encoding of the OTLP specification. See decision 0009.

mod limits;
mod identifiers;
mod traceparent;
mod sampler;
mod counts;
mod settings;
mod span;
mod otlp;
mod layer;
mod exporter;

use tokio::sync::mpsc;

pub use counts::TraceCounts;
pub use exporter::{Exporter, SetupError};
pub use layer::TraceLayer;
pub use settings::{Settings, SettingsError};

/// The layer that collects spans, and the exporter that sends them once it is run.
///
/// # Errors
/// [`SetupError`] where the HTTP client can't be set up.
pub fn tracing(settings: Settings) -> Result<(TraceLayer, Exporter), SetupError> {
    let (queue, ended) = mpsc::channel(limits::MOST_QUEUED);
    let counts = TraceCounts::default();
    let layer = TraceLayer::new(settings.sampler, queue, counts.clone());
    Ok((layer, Exporter::new(settings, ended, counts)?))
}
