//! Collects our own spans as they open and end.
//!
//! A span without a parent begins a trace only where it is a server's: what runs in the background leaves none.

use tokio::sync::mpsc::Sender;
use tracing::span::{Attributes, Id, Record};
use tracing::{Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::{LookupSpan, SpanRef};

use crate::counts::TraceCounts;
use crate::identifiers::{SpanId, TraceId};
use crate::sampler::Sampler;
use crate::span::{Said, Span, SpanKind};
use crate::traceparent;

/// Crates of ours are so called in code.
const OUR_CRATES: &str = "vouchsafe_";

/// A layer for `tracing_subscriber`'s registry.
#[derive(Debug)]
pub struct TraceLayer {
    sampler: Sampler,
    queue: Sender<Span>,
    counts: TraceCounts,
}

/// Where a span stands that is recorded.
struct Place {
    trace: TraceId,
    parent: Option<SpanId>,
}

impl TraceLayer {
    pub(crate) fn new(sampler: Sampler, queue: Sender<Span>, counts: TraceCounts) -> Self {
        Self {
            sampler,
            queue,
            counts,
        }
    }

    /// Whether a span or event is one that a trace is made of: the filter for this layer.
    #[must_use]
    pub fn takes(metadata: &Metadata<'_>) -> bool {
        metadata.is_span() && metadata.target().starts_with(OUR_CRATES)
    }

    /// Where a span belongs; none where it is not recorded.
    fn place<S>(&self, span: &SpanRef<'_, S>, said: &Said) -> Option<Place>
    where
        S: for<'s> LookupSpan<'s>,
    {
        if let Some(parent) = span.parent() {
            let extensions = parent.extensions();
            let parent = extensions.get::<Span>()?;
            return Some(Place {
                trace: parent.trace,
                parent: Some(parent.id),
            });
        }
        if said.kind != SpanKind::Server {
            return None;
        }
        let caller = said.traceparent.as_deref().and_then(traceparent::parse);
        let trace = match caller {
            Some(caller) => caller.trace,
            None => TraceId::random()?,
        };
        self.sampler.records(trace, caller).then_some(Place {
            trace,
            parent: caller.map(|caller| caller.span),
        })
    }
}

impl<S> Layer<S> for TraceLayer
where
    S: Subscriber + for<'s> LookupSpan<'s>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut said = Said::default();
        attributes.record(&mut said);
        if let Some(place) = self.place(&span, &said)
            && let Some(own) = SpanId::random()
        {
            let opened = Span::start(place.trace, own, place.parent, span.name(), said);
            span.extensions_mut().insert(opened);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(open) = span.extensions_mut().get_mut::<Span>() {
            values.record(&mut open.said);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        let ended = span.extensions_mut().remove::<Span>();
        if let Some(ended) = ended
            && self.queue.try_send(ended.end()).is_err()
        {
            self.counts.add_dropped(1);
        }
    }
}

#[cfg(test)]
mod tests;
