//! One HTTP exchange: out, perhaps redirected, and back with a bounded body.
//!
//! In: a request whose URL is already judged. Out: status, headers, body up to a limit.
//! Never: a header that proves something, at another origin than the one it was made for; a redirect from
//! elsewhere to this machine or to a metadata service, by address or by name.

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, LOCATION};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use tracing::field::Empty;
use tracing::{Instrument as _, Span};
use url::Url;

use crate::addresses::{self, Nearness};
use crate::connections::{Connections, HostCertificates, Reach, Refused, TransportError};
use crate::deadline::{Deadline, RequestCount};
use crate::error::{RegistryError, RegistryErrorKind, quoted};
use crate::limits;

/// Sends requests; clones share connections
#[derive(Debug, Clone)]
pub(crate) struct Transport(Arc<Connections>);

/// One request
#[derive(Debug, Clone)]
pub(crate) struct Outgoing<'a> {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) accept: &'static str,
    pub(crate) authorization: Option<HeaderValue>,
    /// A form, for token servers.
    pub(crate) form: Option<String>,
    pub(crate) follow_redirects: bool,
    /// The host was named by a registry's answer, not by an image.
    pub(crate) is_named_by_registry: bool,
    /// Bytes of a good answer's body; a longer one is an error.
    pub(crate) max_bytes: u64,
    pub(crate) requests: &'a RequestCount,
}

/// One answer
#[derive(Debug, Clone)]
pub(crate) struct Incoming {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Transport {
    /// Connections that trust the system's certificate authorities and those in `added` (PEM), and for some hosts more.
    pub(crate) fn new(
        added: &[Vec<u8>],
        hosts: &BTreeMap<String, HostCertificates>,
    ) -> Result<Self, TransportError> {
        Ok(Self(Arc::new(Connections::new(added, hosts)?)))
    }

    /// Sends `outgoing`, follows its redirects, and reads the answer until `deadline`.
    pub(crate) async fn exchange(
        &self,
        outgoing: Outgoing<'_>,
        deadline: Deadline,
    ) -> Result<Incoming, RegistryError> {
        let (method, url) = (outgoing.method.clone(), outgoing.url.clone());
        let deadline = deadline.within(limits::EXCHANGE_TIMEOUT);
        let span = call_span(&method, &url);
        let answer = deadline
            .bound(self.follow(outgoing))
            .instrument(span.clone())
            .await
            .map_err(|error| error.during(&method, &url));
        tell_outcome(&span, &answer);
        answer
    }

    async fn follow(&self, mut outgoing: Outgoing<'_>) -> Result<Incoming, RegistryError> {
        let origin = outgoing.url.clone();
        let is_local = addresses::nearness_of(&origin) == Nearness::Loopback;
        let mut reach = match (is_local, outgoing.is_named_by_registry) {
            (true, _) => Reach::Local,
            (false, true) => Reach::Redirected,
            (false, false) => Reach::Named,
        };
        for _ in 0..=limits::MAX_REDIRECTS {
            let sent = request(self.0.client(reach, outgoing.url.authority())?, &outgoing)
                .send()
                .await
                .map_err(|error| failure(&error));
            if sent
                .as_ref()
                .err()
                .is_none_or(|error| !is_before_the_request(error))
            {
                outgoing.requests.add_one();
            }
            let response = sent?;
            if !(outgoing.follow_redirects && is_redirect(response.status())) {
                return receive(response, &outgoing).await;
            }
            let target = target(&origin, &outgoing.url, response.headers())?;
            if !addresses::is_same_origin(&outgoing.url, &target) {
                outgoing.authorization = None;
                reach = match (is_local, addresses::nearness_of(&target)) {
                    (true, Nearness::Loopback) => Reach::Local,
                    (true, Nearness::Elsewhere | Nearness::Forbidden) => Reach::Named,
                    (false, _) => Reach::Redirected,
                };
            }
            outgoing.url = target;
        }
        let detail = format!("more than {} redirects", limits::MAX_REDIRECTS);
        Err(RegistryError::new(RegistryErrorKind::Protocol, detail))
    }
}

/// The span of one call, redirects included, for traces. Queries are left out: they may hold what proves something.
fn call_span(method: &Method, url: &Url) -> Span {
    tracing::info_span!(
        "registry call",
        otel.kind = "client",
        otel.status_description = Empty,
        http.request.method = method.as_str(),
        server.address = url.host_str(),
        server.port = url.port_or_known_default(),
        url.path = url.path(),
        http.response.status_code = Empty,
        error.type = Empty,
    )
}

fn tell_outcome(span: &Span, answer: &Result<Incoming, RegistryError>) {
    if span.is_disabled() {
        return;
    }
    match answer {
        Ok(incoming) => {
            span.record("http.response.status_code", incoming.status.as_u16());
        }
        Err(error) => {
            span.record("error.type", tracing::field::debug(error.kind()));
            span.record("otel.status_description", error.to_string());
        }
    }
}

fn request(client: &reqwest::Client, outgoing: &Outgoing<'_>) -> reqwest::RequestBuilder {
    let mut request = client
        .request(outgoing.method.clone(), outgoing.url.clone())
        .header(ACCEPT, outgoing.accept);
    if let Some(authorization) = &outgoing.authorization {
        request = request.header(AUTHORIZATION, authorization.clone());
    }
    if let Some(form) = &outgoing.form {
        request = request
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form.clone());
    }
    request
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// Where an answer from `current` redirects to, if a registry first asked at `origin` may send us there.
fn target(origin: &Url, current: &Url, headers: &HeaderMap) -> Result<Url, RegistryError> {
    let refuse = |why: &str| {
        Err(RegistryError::new(
            RegistryErrorKind::Blocked,
            format!("redirect refused: {why}"),
        ))
    };
    let location = headers.get(LOCATION).and_then(|value| value.to_str().ok());
    let Some(Ok(target)) = location.map(|location| current.join(location)) else {
        return refuse("it names no URL");
    };
    let is_from_loopback = addresses::nearness_of(origin) == Nearness::Loopback;
    match (target.scheme(), current.scheme()) {
        ("https", _) | ("http", "http") => {}
        _ => return refuse("it leaves HTTPS"),
    }
    if !target.username().is_empty() || target.password().is_some() {
        return refuse("its URL holds a user name");
    }
    match addresses::nearness_of(&target) {
        Nearness::Elsewhere => Ok(target),
        Nearness::Loopback if is_from_loopback => Ok(target),
        Nearness::Loopback | Nearness::Forbidden => {
            refuse("it leads to this machine or to a metadata service")
        }
    }
}

async fn receive(response: reqwest::Response, outgoing: &Outgoing<'_>) -> Result<Incoming, RegistryError> {
    let status = response.status();
    let headers = response.headers().clone();
    let body = if outgoing.method == Method::HEAD {
        Bytes::new()
    } else if status.is_success() {
        read(response, outgoing.max_bytes, Overrun::Fail).await?
    } else {
        read(response, limits::MAX_ERROR_BYTES, Overrun::Cut).await?
    };
    Ok(Incoming {
        status,
        headers,
        body,
    })
}

/// What to do with a body that is longer than its limit
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Overrun {
    Fail,
    Cut,
}

/// Reads a body, never holding more than `max_bytes` and one chunk.
async fn read(
    mut response: reqwest::Response,
    max_bytes: u64,
    overrun: Overrun,
) -> Result<Bytes, RegistryError> {
    let too_large = || {
        let detail = format!("answer is larger than {max_bytes} bytes");
        RegistryError::new(RegistryErrorKind::TooLarge, detail)
    };
    if overrun == Overrun::Fail && response.content_length().is_some_and(|length| length > max_bytes) {
        return Err(too_large());
    }
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failure(&error))? {
        body.extend_from_slice(&chunk);
        if body.len() as u64 > max_bytes {
            match overrun {
                Overrun::Fail => return Err(too_large()),
                Overrun::Cut => break,
            }
        }
    }
    Ok(body.freeze())
}

/// What a transport error is: the innermost cause decides and is what people read.
fn failure(error: &reqwest::Error) -> RegistryError {
    let mut kind = if error.is_connect() {
        // A dial that times out is a failed dial, as in Go.
        RegistryErrorKind::Unreachable
    } else if error.is_timeout() {
        RegistryErrorKind::Timeout
    } else {
        RegistryErrorKind::Interrupted
    };
    let mut innermost: &dyn StdError = error;
    while let Some(source) = innermost.source() {
        innermost = source;
        if source.is::<Refused>() {
            kind = RegistryErrorKind::Blocked;
        }
        let is_handshake = source
            .downcast_ref::<std::io::Error>()
            .is_some_and(is_of_handshake);
        if is_handshake && kind == RegistryErrorKind::Unreachable {
            kind = RegistryErrorKind::Tls;
        }
    }
    RegistryError::new(kind, quoted(&innermost.to_string()))
}

/// Whether the failure came before the request could be sent.
fn is_before_the_request(error: &RegistryError) -> bool {
    matches!(
        error.kind(),
        RegistryErrorKind::Unreachable | RegistryErrorKind::Tls | RegistryErrorKind::Blocked
    )
}

/// rustls hands its errors through as invalid data, and a peer that hangs up as an early end; the connector wraps
/// either once more.
fn is_of_handshake(error: &std::io::Error) -> bool {
    let is_so = |error: &std::io::Error| {
        matches!(
            error.kind(),
            std::io::ErrorKind::InvalidData | std::io::ErrorKind::UnexpectedEof
        )
    };
    let wrapped = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<std::io::Error>());
    is_so(error) || wrapped.is_some_and(is_so)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redirect(origin: &str, location: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(LOCATION, location.parse().unwrap());
        let origin = Url::parse(origin).unwrap();
        target(&origin, &origin, &headers).ok().map(String::from)
    }

    /// A registry answers with a redirect to an address that only we can reach.
    #[test]
    fn a_redirect_never_leads_to_this_machine_or_to_a_metadata_service() {
        let registry = "https://registry.example/v2/a/blobs/x";
        assert_eq!(
            redirect(registry, "https://cdn.example/x?s=1").as_deref(),
            Some("https://cdn.example/x?s=1")
        );
        assert_eq!(
            redirect(registry, "/elsewhere").as_deref(),
            Some("https://registry.example/elsewhere")
        );
        for bad in [
            "https://127.0.0.1:6443/api",
            "https://localhost/",
            "https://[::1]/",
            "https://0/",
            "https://169.254.169.254/latest/meta-data",
            "https://[::ffff:169.254.169.254]/",
            "http://cdn.example/x",
            "file:///etc/passwd",
            "https://user:pass@cdn.example/",
            "https://",
        ] {
            assert_eq!(redirect(registry, bad), None, "{bad}");
        }
        assert!(redirect("http://127.0.0.1:5000/", "http://127.0.0.1:5001/x").is_some());
        assert!(redirect("http://127.0.0.1:5000/", "http://169.254.169.254/").is_none());
    }
}
