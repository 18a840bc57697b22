//! One span for each review, for traces; attributes have Kyverno's names where the thing is the same.
//!
//! Where nobody collects spans nothing here is computed. Never: text of the object that is judged.

use http::request::Parts;
use policy_engine::request::Stage;
use policy_engine::{Decision, Request};
use tracing::Span;
use tracing::field::Empty;

use crate::explanations::webhook;

/// Opens the span of a review, as part of the trace that the API server names.
pub(crate) fn open(head: &Parts, stage: Stage) -> Span {
    tracing::info_span!(
        "admission review",
        otel.kind = "server",
        otel.name = Empty,
        otel.status_description = Empty,
        traceparent = head
            .headers
            .get("traceparent")
            .and_then(|value| value.to_str().ok()),
        webhook = webhook(stage),
        admission.request.uid = Empty,
        admission.request.operation = Empty,
        admission.request.kind.group = Empty,
        admission.request.kind.version = Empty,
        admission.request.kind.kind = Empty,
        admission.request.subresource = Empty,
        admission.request.namespace = Empty,
        admission.request.name = Empty,
        admission.request.dryrun = Empty,
        admission.response.allowed = Empty,
        vouchsafe.rules = Empty,
    )
}

/// Says what the review is about.
pub(crate) fn about(span: &Span, stage: Stage, request: &Request) {
    if span.is_disabled() {
        return;
    }
    let operation = request.operation.as_str();
    let kind = &request.kind;
    let name = format!("{} {operation} {}", webhook(stage).to_uppercase(), kind.kind);
    span.record("otel.name", name);
    span.record("admission.request.uid", &*request.uid);
    span.record("admission.request.operation", operation);
    span.record("admission.request.kind.group", &*kind.group);
    span.record("admission.request.kind.version", &*kind.version);
    span.record("admission.request.kind.kind", &*kind.kind);
    span.record("admission.request.subresource", &*request.subresource);
    span.record("admission.request.namespace", &*request.namespace);
    span.record("admission.request.name", &*request.name);
    span.record("admission.request.dryrun", request.dry_run);
}

/// Says what was decided.
pub(crate) fn decided(span: &Span, decision: &Decision, is_allowed: bool) {
    if span.is_disabled() {
        return;
    }
    span.record("admission.response.allowed", is_allowed);
    span.record("vouchsafe.rules", decision.results.len());
}

/// Says why nothing could be decided: the span is a failed one.
pub(crate) fn failed(span: &Span, reason: &str) {
    if span.is_disabled() {
        return;
    }
    span.record("admission.response.allowed", false);
    span.record("otel.status_description", reason);
}
