use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{Sender, channel};
use tokio::sync::oneshot;
use url::Url;

use super::*;
use crate::identifiers::{SpanId, TraceId};
use crate::span::Said;

/// A collector that answers each call with the next of `answers`, the last for ever, and keeps what it is sent.
async fn collector(answers: Vec<&'static str>) -> (Url, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1/traces", listener.local_addr().unwrap());
    let calls = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&calls);
    tokio::spawn(async move {
        let mut answers = answers.into_iter().peekable();
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut text = String::new();
            let mut part = [0; 4_096];
            while !is_whole(&text) {
                let read = stream.read(&mut part).await.unwrap();
                text.push_str(std::str::from_utf8(&part[..read]).unwrap());
            }
            let answer = answers.next().unwrap();
            if answers.peek().is_none() {
                answers = vec![answer].into_iter().peekable();
            }
            kept.lock().unwrap().push(text);
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (Url::parse(&url).unwrap(), calls)
}

/// Whether a request has come to its end.
fn is_whole(text: &str) -> bool {
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse::<usize>().unwrap())
    });
    body.len() >= length.unwrap_or_default()
}

const TAKEN: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
const BUSY: &str = "HTTP/1.1 503 Busy\r\nretry-after: 0\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
const UNKNOWN: &str = "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
const MOVED: &str =
    "HTTP/1.1 307 Moved\r\nlocation: /elsewhere\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

fn span() -> Span {
    Span::start(TraceId([1; 16]), SpanId([2; 8]), None, "review", Said::default()).end()
}

fn exporter(endpoint: &Url) -> (Exporter, Sender<Span>) {
    let variables = |name: &str| match name {
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" => Some(endpoint.to_string()),
        "OTEL_EXPORTER_OTLP_HEADERS" => Some("authorization=Bearer%20t".to_owned()),
        _ => None,
    };
    let (queue, ended) = channel(8);
    let settings = Settings::of(variables).unwrap().unwrap();
    (
        Exporter::new(settings, ended, TraceCounts::default()).unwrap(),
        queue,
    )
}

/// Sends `spans` to a collector and stops at once: what is queued is still sent.
async fn sent(answers: Vec<&'static str>, spans: usize) -> (Vec<String>, TraceCounts) {
    let (url, calls) = collector(answers).await;
    let (exporter, queue) = exporter(&url);
    let counts = exporter.counts();
    for _ in 0..spans {
        queue.send(span()).await.unwrap();
    }
    exporter.run(async {}, Duration::from_secs(20)).await;
    let calls = calls.lock().unwrap().clone();
    (calls, counts)
}

#[tokio::test]
async fn queued_spans_are_sent_at_the_end_in_one_call_with_the_headers_set() {
    let (calls, counts) = sent(vec![TAKEN], 3).await;
    let [call] = calls.as_slice() else {
        panic!("{calls:?}")
    };
    assert!(call.starts_with("POST /v1/traces HTTP/1.1\r\n"), "{call}");
    assert!(call.contains("authorization: Bearer t\r\n") && call.contains("content-type: application/json"));
    let (_, body) = call.split_once("\r\n\r\n").unwrap();
    let body: Value = serde_json::from_str(body).unwrap();
    let spans = body.pointer("/resourceSpans/0/scopeSpans/0/spans").unwrap();
    assert_eq!(spans.as_array().unwrap().len(), 3);
    assert_eq!((counts.exported(), counts.dropped()), (3, 0));
}

#[tokio::test]
async fn a_busy_collector_is_asked_again_and_not_for_ever() {
    let (calls, counts) = sent(vec![BUSY, BUSY, TAKEN], 1).await;
    assert_eq!((calls.len(), counts.exported()), (3, 1));
    let (calls, counts) = sent(vec![BUSY], 2).await;
    assert_eq!((calls.len(), counts.exported(), counts.dropped()), (3, 0, 2));
}

/// The headers hold a token: a collector that redirects gets no second call elsewhere.
#[tokio::test]
async fn a_token_is_never_sent_where_a_collector_redirects_to() {
    for answer in [MOVED, UNKNOWN] {
        let (calls, counts) = sent(vec![answer], 1).await;
        assert_eq!((calls.len(), counts.dropped()), (1, 1), "{answer}");
    }
}

#[tokio::test]
async fn spans_are_sent_while_the_process_runs() {
    let (url, _) = collector(vec![TAKEN]).await;
    let (exporter, queue) = exporter(&url);
    let counts = exporter.counts();
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(exporter.run(async move { drop(stopped.await) }, Duration::from_secs(1)));
    queue.send(span()).await.unwrap();
    let deadline = Instant::now() + BATCH_DELAY * 4;
    while counts.exported() == 0 && Instant::now() < deadline {
        sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(counts.exported(), 1);
    drop(stop);
    running.await.unwrap();
}
