//! HTTP responses, and refusals that HTTP alone can tell.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;

/// Every response is whole before it is sent.
pub(crate) type Reply = Response<Full<Bytes>>;

/// Why no review can be answered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct HttpRefusal {
    pub(crate) status: StatusCode,
    pub(crate) sentence: String,
}

impl HttpRefusal {
    pub(crate) fn new(status: StatusCode, sentence: impl Into<String>) -> Self {
        Self {
            status,
            sentence: sentence.into(),
        }
    }

    pub(crate) fn into_reply(self) -> Reply {
        text(self.status, &self.sentence)
    }
}

/// One sentence.
pub(crate) fn text(status: StatusCode, sentence: &str) -> Reply {
    reply(
        status,
        "text/plain; charset=utf-8",
        format!("{sentence}\n").into(),
    )
}

/// A body of `media_type`.
pub(crate) fn reply(status: StatusCode, media_type: &'static str, body: Bytes) -> Reply {
    let mut reply = Response::new(Full::new(body));
    *reply.status_mut() = status;
    reply
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    reply
}
