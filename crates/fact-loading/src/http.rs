//! A bounded HTTP call: one answer, cut off by size and time.

use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Method};

use crate::addresses::{GuardedResolver, Loopback};

/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest wait for one whole call, as Kyverno's.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);
/// Redirects followed at most; each target is judged like the first address.
const MOST_REDIRECTS: usize = 3;

/// Why the HTTP client could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client can't be set up: {0}")]
pub struct HttpSetupError(String);

/// Calls with limits. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Http {
    client: Client,
    loopback: Loopback,
}

/// One call.
#[derive(Debug)]
pub(crate) struct HttpCall<'c> {
    pub(crate) method: &'c str,
    pub(crate) url: &'c str,
    pub(crate) headers: &'c [(String, String)],
    pub(crate) body: Option<&'c str>,
    pub(crate) most_bytes: usize,
}

impl Http {
    /// A client that trusts the system's authorities and, if given, those in `ca_bundle` (PEM) instead.
    pub(crate) fn new(loopback: Loopback, ca_bundle: Option<&str>) -> Result<Self, HttpSetupError> {
        let failed = |cause: reqwest::Error| HttpSetupError(crate::http::chain(&cause));
        let redirects = Policy::custom(move |attempt| {
            if attempt.previous().len() > MOST_REDIRECTS {
                return attempt.error(format!("more than {MOST_REDIRECTS} redirects"));
            }
            match loopback.check_url(attempt.url()) {
                Ok(()) => attempt.follow(),
                Err(refused) => attempt.error(refused),
            }
        });
        let mut builder = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(CALL_TIMEOUT)
            .redirect(redirects)
            .dns_resolver(GuardedResolver(loopback))
            .user_agent(concat!("vouchsafe/", env!("CARGO_PKG_VERSION")));
        if let Some(pem) = ca_bundle {
            let authorities = Certificate::from_pem_bundle(pem.as_bytes()).map_err(failed)?;
            builder = builder.tls_certs_only(authorities);
        }
        Ok(Self {
            client: builder.build().map_err(failed)?,
            loopback,
        })
    }

    /// Calls, and gives the status and at most `most_bytes` of the answer.
    pub(crate) async fn call(&self, call: &HttpCall<'_>) -> Result<(u16, Vec<u8>), String> {
        let url = url::Url::parse(call.url).map_err(|cause| format!("`{}` is no URL: {cause}", call.url))?;
        self.loopback.check_url(&url)?;
        let method = match call.method {
            "GET" | "" => Method::GET,
            "POST" => Method::POST,
            other => return Err(format!("method `{other}` is not supported: expected GET or POST")),
        };
        let mut request = self.client.request(method, url);
        for (name, value) in call.headers {
            request = request.header(name, value);
        }
        if let Some(body) = call.body {
            request = request
                .header("Content-Type", "application/json")
                .body(body.to_owned());
        }
        let mut answer = request.send().await.map_err(|cause| chain(&cause))?;
        let status = answer.status().as_u16();
        let mut body = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(|cause| chain(&cause))? {
            if body.len().saturating_add(part.len()) > call.most_bytes {
                return Err(format!("the answer is larger than {} bytes", call.most_bytes));
            }
            body.extend_from_slice(&part);
        }
        Ok((status, body))
    }
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
