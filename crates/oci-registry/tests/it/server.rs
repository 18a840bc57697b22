//! A server that answers as a test tells it to, and remembers what it was asked.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::StreamExt as _;
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;

pub(crate) type Body = BoxBody<Bytes, Infallible>;

/// What a request was, for assertions
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) authorization: Option<String>,
    pub(crate) body: String,
}

pub(crate) type Answer = http::Response<Body>;
type Script = dyn Fn(&Asked, usize) -> Answer + Send + Sync;

/// A running server
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) host: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// Serves `script` on a free port; the script gets the request and how many came before it.
    pub(crate) async fn start(script: impl Fn(&Asked, usize) -> Answer + Send + Sync + 'static) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let server = Self {
            host,
            asked: Arc::default(),
        };
        let (asked, script): (_, Arc<Script>) = (Arc::clone(&server.asked), Arc::new(script));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (asked, script) = (Arc::clone(&asked), Arc::clone(&script));
                tokio::spawn(async move { serve(TokioIo::new(stream), asked, script).await });
            }
        });
        server
    }

    /// The same; the script is told the server's own host too.
    pub(crate) async fn knowing_itself(
        script: impl Fn(&str, &Asked, usize) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let own = Arc::new(std::sync::OnceLock::<String>::new());
        let known = Arc::clone(&own);
        let server =
            Self::start(move |asked, before| script(known.get().map_or("", String::as_str), asked, before));
        let server = server.await;
        own.set(server.host.clone()).unwrap();
        server
    }

    /// Everything asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// How many requests came so far.
    pub(crate) fn count(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

/// Serves one connection.
pub(crate) async fn serve<S>(stream: S, asked: Arc<Mutex<Vec<Asked>>>, script: Arc<Script>)
where
    S: hyper::rt::Read + hyper::rt::Write + Unpin,
{
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let (asked, script) = (Arc::clone(&asked), Arc::clone(&script));
        async move {
            let (head, body) = request.into_parts();
            let body = body
                .collect()
                .await
                .map(|body| body.to_bytes())
                .unwrap_or_default();
            let now = Asked {
                method: head.method.to_string(),
                path: head.uri.path().to_owned(),
                query: head.uri.query().unwrap_or_default().to_owned(),
                authorization: head
                    .headers
                    .get("authorization")
                    .map(|value| value.to_str().unwrap().to_owned()),
                body: String::from_utf8_lossy(&body).into_owned(),
            };
            let before = {
                let mut asked = asked.lock().unwrap();
                asked.push(now.clone());
                asked.len().saturating_sub(1)
            };
            Ok::<_, Infallible>(script(&now, before))
        }
    });
    // A client that hangs up in the middle is what several tests are about.
    drop(
        hyper::server::conn::http1::Builder::new()
            .serve_connection(stream, service)
            .await,
    );
}

/// An answer with a body and headers.
pub(crate) fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Answer {
    with_body(status, headers, Full::new(Bytes::from(body.to_owned())).boxed())
}

/// A manifest as a good registry serves it.
pub(crate) fn manifest(body: &str) -> Answer {
    let digest = crate::digest(body).to_string();
    let headers = [
        ("content-type", "application/vnd.oci.image.manifest.v1+json"),
        ("docker-content-digest", digest.as_str()),
    ];
    answer(200, &headers, body)
}

/// An index as a good registry serves it.
pub(crate) fn index(status: u16, headers: &[(&str, &str)], digests: &[String]) -> Answer {
    let manifests: Vec<_> = digests
        .iter()
        .map(|digest| serde_json::json!({ "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest }))
        .collect();
    let body = serde_json::json!({ "schemaVersion": 2, "manifests": manifests }).to_string();
    let mut all = vec![("content-type", "application/vnd.oci.image.index.v1+json")];
    all.extend_from_slice(headers);
    answer(status, &all, &body)
}

/// An answer whose body never ends.
pub(crate) fn endless(status: u16) -> Answer {
    let chunk = Bytes::from(vec![b'x'; 1 << 16]);
    let chunks = futures_util::stream::repeat_with(move || Ok(Frame::data(chunk.clone())));
    with_body(status, &[], BodyExt::boxed(StreamBody::new(chunks)))
}

/// An answer that begins and then says nothing more.
pub(crate) fn stalled() -> Answer {
    let first = futures_util::stream::iter([Ok(Frame::data(Bytes::from_static(b"{")))]);
    let chunks = first.chain(futures_util::stream::pending());
    with_body(200, &[], BodyExt::boxed(StreamBody::new(chunks)))
}

fn with_body(status: u16, headers: &[(&str, &str)], body: Body) -> Answer {
    let mut response = http::Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(body).unwrap()
}
