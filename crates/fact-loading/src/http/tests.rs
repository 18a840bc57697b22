use std::sync::{Arc, Mutex};

use tokio::net::TcpListener;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use super::*;

/// Keeps the text of every field of every span of this module.
#[derive(Debug, Clone, Default)]
struct Notebook(Arc<Mutex<String>>);

impl Visit for Notebook {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let line = format!("{}={value:?}\n", field.name());
        self.0.lock().unwrap().push_str(&line);
    }
}

impl Subscriber for Notebook {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_span() && metadata.target() == module_path!().trim_end_matches("::tests")
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut self.clone());
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut self.clone());
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// Paths and queries of services hold tokens; whoever reads traces is not always who may read those.
#[tokio::test]
async fn a_secret_in_a_url_is_told_neither_to_traces_nor_to_whoever_is_refused() {
    let notebook = Notebook::default();
    // For the whole process: another thread that calls first without a subscriber would hide the spans of this one.
    tracing::subscriber::set_global_default(notebook.clone()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = listener.local_addr().unwrap().to_string();
    // Whoever comes is hung up on.
    let hanging_up = tokio::spawn(async move {
        loop {
            drop(listener.accept().await);
        }
    });
    let http = Http::new(Word::Policy(Loopback::Allowed), Authorities::System).unwrap();
    let url = format!("http://reader:pa55@{host}/hooks/s3cret?api_key=t0ken");
    let said = http.call(&HttpCall::get(&url, &[], 1_000)).await.unwrap_err();
    hanging_up.abort();
    let traced = notebook.0.lock().unwrap().clone();
    assert!(
        traced.contains(&format!("otel.status_description=\"{host}: ")),
        "{traced}"
    );
    assert!(said.starts_with(&format!("{host}: ")), "{said}");
    for text in [traced, said] {
        for secret in ["s3cret", "t0ken", "pa55"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}
