//! What can go wrong between us and a registry.
//!
//! In: statuses, bodies and transport errors. Out: a [`RegistryError`] with a kind that callers match on and a
//! text for people: `GET https://host/v2/app/manifests/nope: MANIFEST_UNKNOWN: manifest unknown`.
//! Never: a secret, or a query string, in a message.
//! Source of the wording: go-containerregistry `pkg/v1/remote/transport/error.go`, which policies' messages quote.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;

use crate::limits;

/// What kind of failure it was; a closed set
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RegistryErrorKind {
    /// The manifest, blob or repository does not exist
    NotFound,
    /// 401: credentials are missing or wrong
    Unauthorized,
    /// 403: the credentials do not suffice
    Forbidden,
    /// 429 until the attempts or the deadline were used up
    RateLimited,
    /// 5xx or 408 until the attempts or the deadline were used up
    Unavailable,
    /// No answer within the deadline
    Timeout,
    /// DNS, dial or proxy failed
    Unreachable,
    /// The connection broke during the exchange
    Interrupted,
    /// The TLS handshake failed
    Tls,
    /// Content does not have the digest it was asked or announced by
    DigestMismatch,
    /// Content is larger than the limit for it
    TooLarge,
    /// An answer against the distribution specification
    Protocol,
    /// Credentials are configured but could not be obtained or read
    Credentials,
    /// The address asked for, or redirected to, is one that no registry should send us to
    Blocked,
    /// Connections are forbidden (`--offline`)
    Offline,
}

impl RegistryErrorKind {
    /// Whether the same question may be answered later.
    #[must_use]
    pub fn is_transient(self) -> bool {
        match self {
            Self::RateLimited | Self::Unavailable | Self::Timeout | Self::Unreachable | Self::Interrupted => {
                true
            }
            Self::NotFound
            | Self::Unauthorized
            | Self::Forbidden
            | Self::Tls
            | Self::DigestMismatch
            | Self::TooLarge
            | Self::Protocol
            | Self::Credentials
            | Self::Blocked
            | Self::Offline => false,
        }
    }

    /// Whether the network itself failed (Go's `net.OpError`), which Kyverno reports as an error, not a failure.
    #[must_use]
    pub fn is_network(self) -> bool {
        matches!(self, Self::Unreachable | Self::Interrupted)
    }
}

/// A failed question to a registry
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryError {
    kind: RegistryErrorKind,
    request: Option<Box<str>>,
    detail: Box<str>,
    status: Option<u16>,
    code: Option<Box<str>>,
    retry_after: Option<Duration>,
}

impl std::error::Error for RegistryError {}

impl fmt::Display for RegistryError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(request) = &self.request {
            write!(out, "{request}: ")?;
        }
        out.write_str(&self.detail)
    }
}

impl RegistryError {
    /// An error of `kind`, explained by `detail`.
    #[must_use]
    pub fn new(kind: RegistryErrorKind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            request: None,
            detail: detail.into().into(),
            status: None,
            code: None,
            retry_after: None,
        }
    }

    /// What kind of failure it was.
    #[must_use]
    pub fn kind(&self) -> RegistryErrorKind {
        self.kind
    }

    /// Whether the thing asked for does not exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.kind == RegistryErrorKind::NotFound
    }

    /// Whether the same question may be answered later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        self.kind.is_transient()
    }

    /// The HTTP status, if there was an answer.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.status
    }

    /// The registry's own error code (`MANIFEST_UNKNOWN`), if it gave one.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// The same failure, met while asking for a token: what a token server does not know or grant says nothing about
    /// whether the image exists.
    pub(crate) fn of_token_server(mut self) -> Self {
        if matches!(
            self.kind,
            RegistryErrorKind::NotFound | RegistryErrorKind::Protocol
        ) {
            self.kind = RegistryErrorKind::Unauthorized;
        }
        self.status = None;
        self.code = None;
        self
    }

    /// The same failure, worth repeating after `wait` only.
    pub(crate) fn repeated_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// The wait the registry asked for.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Whether another attempt at once makes sense: the host answered or began to.
    pub(crate) fn is_worth_repeating(&self) -> bool {
        matches!(
            self.kind,
            RegistryErrorKind::RateLimited | RegistryErrorKind::Unavailable | RegistryErrorKind::Interrupted
        )
    }

    /// The same failure, with reasons why no better credential was offered.
    pub(crate) fn because(mut self, complaints: &[String]) -> Self {
        if !complaints.is_empty() {
            let complaints = quoted(&complaints.join("; "));
            self.detail = format!("{} ({complaints})", self.detail).into();
        }
        self
    }

    /// Names the request, unless one is named already.
    pub(crate) fn during(mut self, method: &http::Method, url: &url::Url) -> Self {
        self.request
            .get_or_insert_with(|| format!("{method} {}", without_query(url)).into());
        self
    }

    /// The error that an answer with `status` and `body` is.
    pub(crate) fn from_answer(
        method: &http::Method,
        status: http::StatusCode,
        body: &[u8],
        retry_after: Option<Duration>,
    ) -> Self {
        let diagnostics = diagnostics(body);
        let detail = match diagnostics.as_slice() {
            [] => plain_detail(method, status, body),
            [only] => only.to_string(),
            many => {
                let all: Vec<_> = many.iter().map(ToString::to_string).collect();
                format!("multiple errors returned: {}", all.join("; "))
            }
        };
        Self {
            status: Some(status.as_u16()),
            code: diagnostics.first().map(|first| first.code.as_str().into()),
            retry_after,
            ..Self::new(kind_of(status), quoted(&detail))
        }
    }
}

/// `text` on one line and no longer than what we repeat of a stranger's words.
pub(crate) fn quoted(text: &str) -> String {
    text.chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .take(limits::MAX_QUOTED_CHARS)
        .collect()
}

fn without_query(url: &url::Url) -> String {
    let mut shown = url.clone();
    shown.set_query(None);
    shown.set_fragment(None);
    shown.into()
}

fn kind_of(status: http::StatusCode) -> RegistryErrorKind {
    match status.as_u16() {
        404 | 410 => RegistryErrorKind::NotFound,
        401 => RegistryErrorKind::Unauthorized,
        403 => RegistryErrorKind::Forbidden,
        429 => RegistryErrorKind::RateLimited,
        408 | 499 | 500..=599 => RegistryErrorKind::Unavailable,
        _ => RegistryErrorKind::Protocol,
    }
}

fn plain_detail(method: &http::Method, status: http::StatusCode, body: &[u8]) -> String {
    let reason = status.canonical_reason().unwrap_or_default();
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    if !text.is_empty() {
        format!("unexpected status code {} {reason}: {text}", status.as_u16())
    } else if method == http::Method::HEAD {
        format!(
            "unexpected status code {} {reason} (HEAD responses have no body, use GET for details)",
            status.as_u16()
        )
    } else {
        format!("unexpected status code {} {reason}", status.as_u16())
    }
}

/// One entry of the distribution specification's error document
#[derive(Debug, Deserialize)]
struct Diagnostic {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    detail: serde_json::Value,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.code, self.message)?;
        if self.detail.is_null() {
            Ok(())
        } else {
            write!(out, "; {}", GoValue(&self.detail))
        }
    }
}

fn diagnostics(body: &[u8]) -> Vec<Diagnostic> {
    #[derive(Deserialize)]
    struct Document {
        #[serde(default)]
        errors: Vec<Diagnostic>,
    }
    serde_json::from_slice::<Document>(body)
        .map(|document| document.errors)
        .unwrap_or_default()
}

/// A JSON value as Go's `%v` prints it
struct GoValue<'a>(&'a serde_json::Value);

impl fmt::Display for GoValue<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            serde_json::Value::Null => out.write_str("<nil>"),
            serde_json::Value::String(text) => out.write_str(text),
            serde_json::Value::Bool(value) => write!(out, "{value}"),
            serde_json::Value::Number(value) => write!(out, "{value}"),
            serde_json::Value::Array(items) => {
                let items: Vec<_> = items.iter().map(|item| GoValue(item).to_string()).collect();
                write!(out, "[{}]", items.join(" "))
            }
            serde_json::Value::Object(fields) => {
                let mut fields: Vec<_> = fields
                    .iter()
                    .map(|(name, value)| format!("{name}:{}", GoValue(value)))
                    .collect();
                fields.sort();
                write!(out, "map[{}]", fields.join(" "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> RegistryError {
        let url = url::Url::parse("http://127.0.0.1:5012/v2/acme/manifests/nope?token=secret").unwrap();
        let status = http::StatusCode::from_u16(status).unwrap();
        RegistryError::from_answer(&http::Method::GET, status, body.as_bytes(), None)
            .during(&http::Method::GET, &url)
    }

    #[test]
    fn a_registry_s_own_words_are_quoted_as_go_containerregistry_quotes_them() {
        let error = answer(
            404,
            r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"Unknown manifest"}]}"#,
        );
        assert_eq!(
            error.to_string(),
            "GET http://127.0.0.1:5012/v2/acme/manifests/nope: MANIFEST_UNKNOWN: Unknown manifest"
        );
        assert_eq!(
            (error.kind(), error.code()),
            (RegistryErrorKind::NotFound, Some("MANIFEST_UNKNOWN"))
        );
        let error = answer(
            404,
            r#"{"errors":[{"code":"A","message":"b","detail":{"n":[1,"x"],"a":null}}]}"#,
        );
        assert!(
            error.to_string().ends_with(": A: b; map[a:<nil> n:[1 x]]"),
            "{error}"
        );
    }

    #[test]
    fn an_answer_that_is_no_error_document_is_cut_and_kept_on_one_line() {
        let error = answer(502, &format!("<html>\nbad gateway{}", "x".repeat(4000)));
        assert!(
            error
                .to_string()
                .contains("unexpected status code 502 Bad Gateway: <html> bad gateway")
        );
        assert!(error.to_string().len() < 500);
        assert!(error.is_transient());
        assert_eq!(answer(418, "").kind(), RegistryErrorKind::Protocol);
    }
}
