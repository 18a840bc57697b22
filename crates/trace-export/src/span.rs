//! One span: open while its work is done, then ended and sent.

use std::borrow::Cow;
use std::fmt;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use tracing::field::{Field, Visit};

use crate::identifiers::{SpanId, TraceId};
use crate::limits::{LONGEST_TEXT, MOST_ATTRIBUTES};

/// Which side of a call a span is; the numbers are OTLP's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum SpanKind {
    /// Neither.
    #[default]
    Internal = 1,
    /// The one that is called.
    Server = 2,
    /// The one that calls.
    Client = 3,
}

/// Value of an attribute.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Attribute {
    Text(String),
    Whole(i64),
    Fraction(f64),
    Truth(bool),
}

/// What is said of a span by fields of it. Three fields have a meaning of their own, as for tracing-opentelemetry:
/// `otel.name`, `otel.kind` (`server`, `client`) and `otel.status_description`, which makes it a failed one.
/// `traceparent` is the caller's header.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Said {
    pub(crate) name: Option<String>,
    pub(crate) kind: SpanKind,
    pub(crate) failure: Option<String>,
    pub(crate) traceparent: Option<String>,
    pub(crate) attributes: Vec<(&'static str, Attribute)>,
}

/// One span.
#[derive(Debug, Clone)]
pub(crate) struct Span {
    pub(crate) trace: TraceId,
    pub(crate) id: SpanId,
    pub(crate) parent: Option<SpanId>,
    pub(crate) name: Cow<'static, str>,
    pub(crate) said: Said,
    /// Nanoseconds since the Unix epoch.
    pub(crate) started_ns: u64,
    /// Nanoseconds since the Unix epoch; 0 while it is open.
    pub(crate) ended_ns: u64,
    began: Instant,
}

impl Span {
    /// Starts now.
    pub(crate) fn start(
        trace: TraceId,
        id: SpanId,
        parent: Option<SpanId>,
        name: &'static str,
        said: Said,
    ) -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "when a span began; no verdict hangs on it"
        )]
        let now = SystemTime::now();
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            trace,
            id,
            parent,
            name: Cow::Borrowed(name),
            said,
            started_ns: u64::try_from(now.as_nanos()).unwrap_or(u64::MAX),
            ended_ns: 0,
            began: Instant::now(),
        }
    }

    /// Ends now: by the monotonic clock, so that no span ends before it starts.
    pub(crate) fn end(mut self) -> Self {
        let taken = u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.ended_ns = self.started_ns.saturating_add(taken);
        if let Some(name) = self.said.name.take() {
            self.name = Cow::Owned(name);
        }
        self
    }
}

impl Said {
    fn text(&mut self, field: &Field, text: String) {
        match field.name() {
            "otel.name" => self.name = Some(text),
            "otel.kind" => {
                self.kind = match text.as_str() {
                    "server" => SpanKind::Server,
                    "client" => SpanKind::Client,
                    _ => SpanKind::Internal,
                }
            }
            "otel.status_description" => self.failure = Some(text),
            "traceparent" => self.traceparent = Some(text),
            name => self.attribute(name, Attribute::Text(text)),
        }
    }

    fn attribute(&mut self, name: &'static str, value: Attribute) {
        if let Some((_, said)) = self.attributes.iter_mut().find(|(known, _)| *known == name) {
            *said = value;
        } else if self.attributes.len() < MOST_ATTRIBUTES {
            self.attributes.push((name, value));
        }
    }
}

impl Visit for Said {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.attribute(field.name(), Attribute::Fraction(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.attribute(field.name(), Attribute::Whole(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        let whole = i64::try_from(value).unwrap_or(i64::MAX);
        self.attribute(field.name(), Attribute::Whole(whole));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.attribute(field.name(), Attribute::Truth(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field, cut(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.text(field, cut(&format!("{value:?}")));
    }
}

/// The beginning of `text`, marked where it was cut.
fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST_TEXT) {
        None => text.to_owned(),
        Some(_) => text
            .chars()
            .take(LONGEST_TEXT.saturating_sub(1))
            .chain(['…'])
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_at_a_character_and_marked() {
        assert_eq!(cut("short"), "short");
        let long = cut(&"é".repeat(LONGEST_TEXT + 1));
        assert_eq!(long.chars().count(), LONGEST_TEXT);
        assert!(long.ends_with("é…"));
    }
}
