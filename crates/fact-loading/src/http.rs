//! A bounded HTTP call: one answer, cut off by size and time.

use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Method};
use tracing::field::Empty;
use tracing::{Instrument as _, Span};

use crate::addresses::{GuardedResolver, Loopback};

/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest wait for one whole call, as Kyverno's.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);
/// Longest wait for a connection to this machine's own metadata service: where there is none, nobody answers.
const METADATA_CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// Longest wait for a whole call to a metadata service.
const METADATA_CALL_TIMEOUT: Duration = Duration::from_secs(3);
/// Redirects followed at most; each target is judged like the first address.
const MOST_REDIRECTS: usize = 3;

/// Why the HTTP client could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client can't be set up: {0}")]
pub struct HttpSetupError(String);

/// Whose word it is that an address may be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    /// A policy's: addresses are judged, redirects followed and judged.
    Policy(Loopback),
    /// A policy's, for a call that our own credentials go with: addresses are judged, no redirect is followed.
    Entrusted(Loopback),
    /// The operator's, by flag or environment: any address; no redirect is followed, as credentials go with the call.
    Operator,
    /// The metadata service of the machine: as the operator's, past any proxy, without patience.
    Metadata,
}

/// Which certificate authorities count.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) enum Authorities<'p> {
    /// The system's.
    #[default]
    System,
    /// The system's and these, PEM.
    And(&'p str),
    /// These alone, PEM.
    Only(&'p str),
}

/// Calls with limits. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Http {
    client: Client,
    word: Word,
}

/// One call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HttpCall<'c> {
    pub(crate) method: &'c str,
    pub(crate) url: &'c str,
    pub(crate) headers: &'c [(String, String)],
    pub(crate) body: Option<&'c str>,
    pub(crate) content_type: &'c str,
    pub(crate) most_bytes: usize,
}

impl<'c> HttpCall<'c> {
    /// A call without a body.
    pub(crate) fn get(url: &'c str, headers: &'c [(String, String)], most_bytes: usize) -> Self {
        Self {
            method: "GET",
            url,
            headers,
            body: None,
            content_type: "application/json",
            most_bytes,
        }
    }
}

impl Http {
    /// A client that calls by `word` and trusts `authorities`.
    pub(crate) fn new(word: Word, authorities: Authorities<'_>) -> Result<Self, HttpSetupError> {
        let failed = |cause: reqwest::Error| HttpSetupError(chain(&cause));
        let builder = Client::builder().user_agent(concat!("vouchsafe/", env!("CARGO_PKG_VERSION")));
        let builder = match word {
            Word::Policy(loopback) => builder
                .connect_timeout(CONNECT_TIMEOUT)
                .timeout(CALL_TIMEOUT)
                .redirect(judged_redirects(loopback))
                .dns_resolver(GuardedResolver(loopback)),
            Word::Entrusted(loopback) => builder
                .connect_timeout(CONNECT_TIMEOUT)
                .timeout(CALL_TIMEOUT)
                .redirect(Policy::none())
                .dns_resolver(GuardedResolver(loopback)),
            Word::Operator => builder
                .connect_timeout(CONNECT_TIMEOUT)
                .timeout(CALL_TIMEOUT)
                .redirect(Policy::none()),
            Word::Metadata => builder
                .connect_timeout(METADATA_CONNECT_TIMEOUT)
                .timeout(METADATA_CALL_TIMEOUT)
                .redirect(Policy::none())
                .no_proxy(),
        };
        let builder = match authorities {
            Authorities::System => builder,
            Authorities::And(pem) => {
                builder.tls_certs_merge(Certificate::from_pem_bundle(pem.as_bytes()).map_err(failed)?)
            }
            Authorities::Only(pem) => {
                builder.tls_certs_only(Certificate::from_pem_bundle(pem.as_bytes()).map_err(failed)?)
            }
        };
        Ok(Self {
            client: builder.build().map_err(failed)?,
            word,
        })
    }

    /// Calls, and gives the status and at most `most_bytes` of the answer.
    pub(crate) async fn call(&self, call: &HttpCall<'_>) -> Result<(u16, Vec<u8>), String> {
        let url = url::Url::parse(call.url).map_err(|cause| format!("`{}` is no URL: {cause}", call.url))?;
        if let Word::Policy(loopback) | Word::Entrusted(loopback) = self.word {
            loopback.check_url(&url)?;
        }
        let method = self.method(call.method)?;
        let span = call_span(&method, &url);
        let answer = self.exchange(call, method, url).instrument(span.clone()).await;
        if !span.is_disabled() {
            match &answer {
                Ok((status, _)) => span.record("http.response.status_code", status),
                Err(cause) => span.record("otel.status_description", cause),
            };
        }
        answer
    }

    fn method(&self, name: &str) -> Result<Method, String> {
        match name {
            "GET" | "" => Ok(Method::GET),
            "POST" => Ok(Method::POST),
            // The token of AWS's metadata service is asked for so; policies can't write it.
            "PUT" if self.word == Word::Metadata => Ok(Method::PUT),
            other => Err(format!("method `{other}` is not supported: expected GET or POST")),
        }
    }

    /// The answer; what goes wrong is told to traces too, so it holds neither
    /// user, path nor query, which may hold a secret.
    async fn exchange(
        &self,
        call: &HttpCall<'_>,
        method: Method,
        url: url::Url,
    ) -> Result<(u16, Vec<u8>), String> {
        let host = url[url::Position::BeforeHost..url::Position::AfterPort].to_owned();
        let failed = |cause: reqwest::Error| format!("{host}: {}", chain(&cause.without_url()));
        let mut request = self.client.request(method, url);
        for (name, value) in call.headers {
            request = request.header(name, value);
        }
        if let Some(body) = call.body {
            request = request
                .header("Content-Type", call.content_type)
                .body(body.to_owned());
        }
        let mut answer = request.send().await.map_err(failed)?;
        let status = answer.status().as_u16();
        let mut body = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(failed)? {
            if body.len().saturating_add(part.len()) > call.most_bytes {
                return Err(format!("the answer is larger than {} bytes", call.most_bytes));
            }
            body.extend_from_slice(&part);
        }
        Ok((status, body))
    }
}

/// The span of one call, for traces: where it goes, and nothing that a policy or a person put into it.
fn call_span(method: &Method, url: &url::Url) -> Span {
    tracing::info_span!(
        "http call",
        otel.kind = "client",
        otel.status_description = Empty,
        http.request.method = method.as_str(),
        server.address = url.host_str(),
        server.port = url.port_or_known_default(),
        http.response.status_code = Empty,
    )
}

fn judged_redirects(loopback: Loopback) -> Policy {
    Policy::custom(move |attempt| {
        if attempt.previous().len() > MOST_REDIRECTS {
            return attempt.error(format!("more than {MOST_REDIRECTS} redirects"));
        }
        match loopback.check_url(attempt.url()) {
            Ok(()) => attempt.follow(),
            Err(refused) => attempt.error(refused),
        }
    })
}

/// An error with its causes, outermost first, each said once.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests;
