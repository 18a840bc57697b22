//! Spans as the body of a call: `ExportTraceServiceRequest` in OTLP's JSON encoding.
//!
//! Ids are hexadecimal, enums are numbers and 64-bit integers are text, as
//! <https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding> demands.

use serde_json::{Value, json};

use crate::span::{Attribute, Span};

/// Status code of a span that failed.
const STATUS_ERROR: u8 = 2;

/// The body that carries `spans` of one service.
pub(crate) fn body(resource: &[(String, String)], spans: &[Span]) -> Vec<u8> {
    let resource: Vec<Value> = resource
        .iter()
        .map(|(key, value)| json!({"key": key, "value": {"stringValue": value}}))
        .collect();
    let request = json!({"resourceSpans": [{
        "resource": {"attributes": resource},
        "scopeSpans": [{
            "scope": {"name": "vouchsafe", "version": env!("CARGO_PKG_VERSION")},
            "spans": spans.iter().map(span).collect::<Vec<_>>(),
        }],
    }]});
    request.to_string().into_bytes()
}

fn span(span: &Span) -> Value {
    let attributes = span.said.attributes.iter().map(attribute);
    let mut written = json!({
        "traceId": span.trace.to_string(),
        "spanId": span.id.to_string(),
        "name": span.name,
        "kind": span.said.kind as u8,
        "startTimeUnixNano": span.started_ns.to_string(),
        "endTimeUnixNano": span.ended_ns.to_string(),
        "attributes": attributes.collect::<Vec<_>>(),
    });
    if let Some(fields) = written.as_object_mut() {
        if let Some(parent) = span.parent {
            fields.insert("parentSpanId".to_owned(), parent.to_string().into());
        }
        if let Some(message) = &span.said.failure {
            fields.insert(
                "status".to_owned(),
                json!({"code": STATUS_ERROR, "message": message}),
            );
        }
    }
    written
}

fn attribute((key, value): &(&'static str, Attribute)) -> Value {
    let value = match value {
        Attribute::Text(text) => json!({"stringValue": text}),
        Attribute::Whole(number) => json!({"intValue": number.to_string()}),
        Attribute::Fraction(number) => json!({"doubleValue": number}),
        Attribute::Truth(is_so) => json!({"boolValue": is_so}),
    };
    json!({"key": key, "value": value})
}

/// How many spans an answer of the collector says it did not take (`partialSuccess`), and why.
pub(crate) fn rejected(answer: &[u8]) -> (usize, String) {
    let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
    let part = answer.get("partialSuccess").cloned().unwrap_or_default();
    let count = part.get("rejectedSpans");
    let count = count.and_then(|count| match count {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => number.as_u64().and_then(|number| usize::try_from(number).ok()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    });
    let why = part.get("errorMessage").and_then(Value::as_str);
    (count.unwrap_or_default(), why.unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identifiers::{SpanId, TraceId};
    use crate::span::{Said, SpanKind};

    #[test]
    fn spans_are_written_as_the_specification_of_otlp_writes_them() {
        let said = Said {
            kind: SpanKind::Client,
            failure: Some("refused".to_owned()),
            attributes: vec![
                ("a", Attribute::Text("t".to_owned())),
                ("b", Attribute::Whole(7)),
                ("c", Attribute::Truth(true)),
            ],
            ..Said::default()
        };
        let mut span = Span::start(
            TraceId([0xab; 16]),
            SpanId([1; 8]),
            Some(SpanId([2; 8])),
            "call",
            said,
        )
        .end();
        (span.started_ns, span.ended_ns) = (1_544_712_660_000_000_000, 1_544_712_661_000_000_000);
        let written = body(&[("service.name".to_owned(), "vouchsafe".to_owned())], &[span]);
        let written: Value = serde_json::from_slice(&written).unwrap();
        let expected = json!({
            "traceId": "ab".repeat(16), "spanId": "01".repeat(8), "parentSpanId": "02".repeat(8), "name": "call", "kind": 3,
            "startTimeUnixNano": "1544712660000000000", "endTimeUnixNano": "1544712661000000000",
            "attributes": [
                {"key": "a", "value": {"stringValue": "t"}},
                {"key": "b", "value": {"intValue": "7"}},
                {"key": "c", "value": {"boolValue": true}},
            ],
            "status": {"code": 2, "message": "refused"},
        });
        assert_eq!(
            written.pointer("/resourceSpans/0/scopeSpans/0/spans/0"),
            Some(&expected)
        );
        let service = written.pointer("/resourceSpans/0/resource/attributes/0");
        assert_eq!(
            service,
            Some(&json!({"key": "service.name", "value": {"stringValue": "vouchsafe"}}))
        );
    }

    #[test]
    fn a_collector_may_take_a_part() {
        let answer = br#"{"partialSuccess":{"rejectedSpans":"3","errorMessage":"too old"}}"#;
        assert_eq!(rejected(answer), (3, "too old".to_owned()));
        assert_eq!(rejected(b"{}").0, 0);
        assert_eq!(rejected(b"not json").0, 0);
    }
}
