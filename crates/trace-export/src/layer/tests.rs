use tokio::sync::mpsc::{Receiver, channel};
use tracing::field::Empty;
use tracing::info_span;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;

use super::*;
use crate::span::Attribute;

const CALLER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// The spans that `work` leaves, with a queue of `room`, and the counts.
fn traced(sampler: &str, room: usize, work: impl FnOnce()) -> (Vec<Span>, TraceCounts) {
    let (queue, mut ended): (_, Receiver<Span>) = channel(room);
    let counts = TraceCounts::default();
    let layer = TraceLayer::new(Sampler::named(sampler, None).unwrap(), queue, counts.clone());
    let subscriber = tracing_subscriber::registry().with(layer.with_filter(filter_fn(TraceLayer::takes)));
    tracing::subscriber::with_default(subscriber, work);
    let spans = std::iter::from_fn(|| ended.try_recv().ok()).collect();
    (spans, counts)
}

#[test]
fn a_child_belongs_to_the_trace_of_its_request() {
    let (spans, _) = traced("always_on", 8, || {
        let review = info_span!("review", otel.kind = "server", otel.name = Empty, allowed = Empty);
        let _entered = review.enter();
        info_span!("call", status = 404_u16).in_scope(|| {});
        review.record("otel.name", "VALIDATE CREATE Pod");
        review.record("allowed", false);
    });
    let [call, review] = spans.as_slice() else {
        panic!("{spans:?}")
    };
    assert_eq!((call.trace, call.parent), (review.trace, Some(review.id)));
    assert_eq!(review.parent, None);
    assert_eq!(review.name, "VALIDATE CREATE Pod");
    assert_eq!(review.said.attributes, [("allowed", Attribute::Truth(false))]);
    assert_eq!(call.said.attributes, [("status", Attribute::Whole(404))]);
    assert!(review.ended_ns >= call.ended_ns && call.ended_ns >= call.started_ns);
}

#[test]
fn the_callers_trace_is_gone_on_with_and_its_wish_not_to_record_followed() {
    let work =
        |header: String| move || drop(info_span!("review", otel.kind = "server", traceparent = header));
    let (spans, _) = traced("parentbased_always_on", 8, work(CALLER.to_owned()));
    assert_eq!(spans[0].trace.to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(spans[0].parent.unwrap().to_string(), "00f067aa0ba902b7");
    assert_eq!(spans[0].said.attributes, [], "the header is no attribute");
    let unsampled = CALLER.replace("-01", "-00");
    assert!(traced("parentbased_always_on", 8, work(unsampled)).0.is_empty());
}

#[test]
fn a_request_that_is_not_sampled_leaves_none_of_its_children() {
    let (spans, counts) = traced("always_off", 8, || {
        let review = info_span!("review", otel.kind = "server");
        review.in_scope(|| info_span!("call", otel.kind = "client").in_scope(|| {}));
    });
    assert!(spans.is_empty());
    assert_eq!(counts.dropped(), 0);
}

#[test]
fn what_runs_in_the_background_and_what_others_open_begins_no_trace() {
    let (spans, _) = traced("always_on", 8, || {
        drop(info_span!("call", otel.kind = "client"));
        drop(info_span!(target: "h2::server", "connection", otel.kind = "server"));
    });
    assert!(spans.is_empty());
}

#[test]
fn a_full_queue_drops_spans_and_counts_them() {
    let (spans, counts) = traced("always_on", 2, || {
        for _ in 0..5 {
            drop(info_span!("review", otel.kind = "server"));
        }
    });
    assert_eq!((spans.len(), counts.dropped()), (2, 3));
}
