//! Small HTTP services on loopback, in this process: one JSON answer for each request.
//!
//! In: a [`Service`], which is a function from a request to an answer. Out: an address that answers until it is dropped.
//! Never: anything but loopback, and no request body beyond [`MAX_BODY_BYTES`].

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

use crate::error::RehearsalError;

/// Bytes of a request body that are read; longer ones are answered 413.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;

/// A service.
pub trait Service: Send + Sync + 'static {
    /// Answers a request for `path` (without its query) with this body.
    fn answer(&self, method: &str, path: &str, body: &[u8]) -> Answer;
}

/// What a service says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Media type of the body.
    pub media_type: &'static str,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// 200 with JSON.
    #[must_use]
    pub fn json(value: &serde_json::Value) -> Self {
        Self::of(200, "application/json", value.to_string())
    }

    /// 404 without a word.
    #[must_use]
    pub fn not_found() -> Self {
        Self::of(404, "text/plain", "")
    }

    /// 400 with the reason.
    #[must_use]
    pub fn bad_request(why: &str) -> Self {
        Self::of(400, "text/plain", why)
    }

    /// Any answer.
    #[must_use]
    pub fn of(status: u16, media_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            media_type,
            body: body.into(),
        }
    }
}

/// A service that answers until this is dropped.
#[derive(Debug)]
pub struct Serving {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Serving {
    /// Listens at `address` (port 0 takes a free one) and answers in tasks of the current tokio runtime.
    ///
    /// # Errors
    /// [`RehearsalError::Listen`] where the address is taken or not ours.
    pub async fn start(address: SocketAddr, service: Arc<dyn Service>) -> Result<Self, RehearsalError> {
        let listen = |source| RehearsalError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        Ok(Self {
            address: listener.local_addr().map_err(listen)?,
            accepting: tokio::spawn(accept(listener, service)),
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:PORT`
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, service: Arc<dyn Service>) {
    // Dropped with this task, which ends every conversation.
    let mut conversations = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let service = Arc::clone(&service);
        conversations.spawn(async move {
            let answering = service_fn(move |request| answered(Arc::clone(&service), request));
            let builder = Builder::new(TokioExecutor::new());
            // An error here is the client's end of the connection.
            drop(builder.serve_connection(TokioIo::new(stream), answering).await);
        });
        while conversations.try_join_next().is_some() {}
    }
}

async fn answered(
    service: Arc<dyn Service>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let answer = match Limited::new(body, MAX_BODY_BYTES).collect().await {
        Ok(body) => service.answer(parts.method.as_str(), parts.uri.path(), &body.to_bytes()),
        Err(_) => Answer::of(413, "text/plain", "the body is too large"),
    };
    let mut response = Response::new(Full::new(Bytes::from(answer.body)));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let media_type = HeaderValue::from_static(answer.media_type);
    response.headers_mut().insert(CONTENT_TYPE, media_type);
    Ok(response)
}
