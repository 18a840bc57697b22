//! What a review leaves in a trace, from the API server's header to the collector.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use rehearsal::registry::Options;
use rehearsal::{Content, Registry};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use trace_export::TraceLayer;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::house::{Setup, pod_review, whole};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

const POLICY: &str = "
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: signed}
spec:
  webhookConfiguration: {failurePolicy: Fail}
  rules:
  - name: signed
    match: {any: [{resources: {kinds: [Pod]}}]}
    verifyImages:
    - imageReferences: ['registry.example.com/*']
      failureAction: Enforce
      attestors:
      - entries:
        - keys:
            publicKeys: |-
              -----BEGIN PUBLIC KEY-----
              MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8nXRh950IZbRj8Ra/N9sbqOPZrfM
              5/KAQN0/KjHcorm/J5yctVd7iEcnessRQjU917hmKO6JWVGHpDguIyakZA==
              -----END PUBLIC KEY-----
";

/// Takes one call after the other and keeps the spans.
async fn collector() -> (String, Arc<Mutex<Vec<Value>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let spans = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&spans);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut text = String::new();
            let body: Value = loop {
                let mut part = [0; 4_096];
                let read = stream.read(&mut part).await.unwrap();
                text.push_str(std::str::from_utf8(&part[..read]).unwrap());
                let body = text
                    .split_once("\r\n\r\n")
                    .map(|(_, body)| serde_json::from_str(body));
                if let Some(Ok(body)) = body {
                    break body;
                }
            };
            assert!(text.starts_with("POST /v1/traces "), "{text}");
            let sent = body.pointer("/resourceSpans/0/scopeSpans/0/spans").unwrap();
            kept.lock()
                .unwrap()
                .extend(sent.as_array().unwrap().iter().cloned());
            let answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (endpoint, spans)
}

fn attribute<'s>(span: &'s Value, key: &str) -> Option<&'s Value> {
    let attributes = span["attributes"].as_array()?;
    let found = attributes.iter().find(|attribute| attribute["key"] == key)?;
    found["value"].as_object()?.values().next()
}

fn named<'s>(spans: &'s [Value], name: &str) -> Vec<&'s Value> {
    spans.iter().filter(|span| span["name"] == name).collect()
}

#[tokio::test]
async fn a_review_is_a_span_of_the_callers_trace_with_its_fact_rounds_and_registry_calls_below() {
    let (endpoint, spans) = collector().await;
    let variable = |name: &str| (name == "OTEL_EXPORTER_OTLP_ENDPOINT").then(|| endpoint.clone());
    let settings = trace_export::Settings::of(variable).unwrap().unwrap();
    let (layer, exporter) = trace_export::tracing(settings).unwrap();
    let subscriber = tracing_subscriber::registry().with(layer.with_filter(filter_fn(TraceLayer::takes)));
    // For the whole process: what one thread alone collects is lost where another thread meets a span first and nobody
    // there takes it. Other tests' spans belong to other traces.
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let registry = Registry::start(Content::new(), Options::default()).await.unwrap();
    let webhook = Setup {
        mirrors: vec![format!("registry.example.com={}", registry.url())],
        ..Setup::default()
    }
    .webhook(POLICY);
    let review = pod_review("shop", "registry.example.com/app:1").to_string();
    let request = Request::post("/mutate/fail")
        .header("content-type", "application/json")
        .header("traceparent", format!("00-{TRACE}-{CALLER}-01"))
        .body(Full::new(Bytes::from(review)));
    whole(webhook.respond(request.unwrap()).await).await;
    let counts = exporter.counts();
    exporter.run(async {}, Duration::from_secs(20)).await;

    let mut spans = spans.lock().unwrap().clone();
    assert_eq!(counts.exported(), spans.len() as u64);
    spans.retain(|span| span["traceId"] == TRACE);
    let [review] = named(&spans, "MUTATE CREATE Pod")[..] else {
        panic!("{spans:#?}")
    };
    assert_eq!(
        (&review["parentSpanId"], &review["kind"]),
        (&CALLER.into(), &2.into())
    );
    assert_eq!(
        attribute(review, "admission.response.allowed"),
        Some(&false.into())
    );
    assert_eq!(attribute(review, "admission.request.uid"), Some(&"uid-1".into()));
    let rounds = named(&spans, "fact round");
    assert!(!rounds.is_empty());
    assert!(
        rounds
            .iter()
            .all(|round| round["parentSpanId"] == review["spanId"])
    );
    let calls = named(&spans, "registry call");
    assert!(!calls.is_empty(), "{spans:#?}");
    for call in calls {
        assert!(
            rounds.iter().any(|round| round["spanId"] == call["parentSpanId"]),
            "{call}"
        );
        let path = attribute(call, "url.path").and_then(Value::as_str).unwrap();
        assert!(path.starts_with("/v2/"), "{path}");
        assert_eq!(attribute(call, "http.response.status_code"), Some(&"404".into()));
    }
}
