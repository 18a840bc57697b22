//! Sends ended spans, in batches, until it is told to stop.
//!
//! A collector that is away costs spans and two log lines, one when it goes and one when it is back.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Response};
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, sleep, timeout_at};

use crate::counts::TraceCounts;
use crate::limits::{BATCH_DELAY, FIRST_WAIT, LONGEST_WAIT, MOST_ANSWER_BYTES, MOST_IN_BATCH, MOST_TRIES};
use crate::otlp;
use crate::settings::{Collector, Settings};
use crate::span::Span;

/// Why nothing can be sent.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// A file of certificate authorities can't be read.
    #[error("the authorities of the traces' collector can't be read from `{path}`: {cause}")]
    Authorities {
        /// The file.
        path: String,
        /// Why.
        cause: String,
    },
    /// A header can't be sent.
    #[error("the header `{0}` of OTEL_EXPORTER_OTLP_HEADERS can't be sent")]
    Header(String),
    /// The HTTP client does not start.
    #[error("the HTTP client for traces can't be set up: {0}")]
    Client(#[source] reqwest::Error),
}

/// Sends what the layer collects.
#[derive(Debug)]
pub struct Exporter {
    client: Client,
    endpoint: Collector,
    resource: Vec<(String, String)>,
    ended: Receiver<Span>,
    counts: TraceCounts,
    is_failing: bool,
}

/// What one call came to.
enum Sent {
    Taken { rejected: usize },
    Refused { why: String },
    Again { why: String, after: Option<Duration> },
}

impl Exporter {
    pub(crate) fn new(
        settings: Settings,
        ended: Receiver<Span>,
        counts: TraceCounts,
    ) -> Result<Self, SetupError> {
        let mut headers = HeaderMap::new();
        for (name, value) in &settings.headers {
            let fault = || SetupError::Header(name.clone());
            let mut value = HeaderValue::from_str(value).map_err(|_| fault())?;
            value.set_sensitive(true);
            headers.insert(HeaderName::try_from(name).map_err(|_| fault())?, value);
        }
        // Headers hold tokens, which go to the endpoint alone: no redirect is followed.
        let mut builder = Client::builder()
            .user_agent(concat!("vouchsafe/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .timeout(settings.timeout)
            .default_headers(headers);
        if let Some(path) = &settings.authorities {
            let fault = |cause: String| SetupError::Authorities {
                path: path.display().to_string(),
                cause,
            };
            let pem = std::fs::read(path).map_err(|cause| fault(cause.to_string()))?;
            let authorities = Certificate::from_pem_bundle(&pem).map_err(|cause| fault(cause.to_string()))?;
            builder = builder.tls_certs_only(authorities);
        }
        Ok(Self {
            client: builder.build().map_err(SetupError::Client)?,
            endpoint: settings.endpoint,
            resource: settings.resource,
            ended,
            counts,
            is_failing: false,
        })
    }

    /// What becomes of the spans.
    #[must_use]
    pub fn counts(&self) -> TraceCounts {
        self.counts.clone()
    }

    /// Sends until `stopped`, and then what is still queued, once and for at most `grace`.
    pub async fn run(mut self, stopped: impl Future<Output = ()>, grace: Duration) {
        tokio::pin!(stopped);
        let mut batch = Vec::new();
        loop {
            tokio::select! {
                () = &mut stopped => break,
                () = self.fill(&mut batch) => {}
            }
            // Stopping ends the waits between tries as well; the batch is then sent once more.
            tokio::select! {
                () = &mut stopped => break,
                () = self.deliver(&batch) => batch.clear(),
            }
        }
        self.ended.close();
        let deadline = Instant::now().checked_add(grace).unwrap_or_else(Instant::now);
        loop {
            while batch.len() < MOST_IN_BATCH
                && let Ok(span) = self.ended.try_recv()
            {
                batch.push(span);
            }
            if batch.is_empty() {
                return;
            }
            if timeout_at(deadline, self.deliver(&batch)).await.is_err() {
                self.counts.add_dropped(batch.len());
            }
            batch.clear();
        }
    }

    /// Fills `batch`: full, or as much as comes within the delay after the first span.
    async fn fill(&mut self, batch: &mut Vec<Span>) {
        match self.ended.recv().await {
            Some(first) => batch.push(first),
            None => return std::future::pending().await,
        }
        let Some(deadline) = Instant::now().checked_add(BATCH_DELAY) else {
            return;
        };
        while batch.len() < MOST_IN_BATCH {
            match timeout_at(deadline, self.ended.recv()).await {
                Ok(Some(span)) => batch.push(span),
                Ok(None) | Err(_) => return,
            }
        }
    }

    /// Sends a batch, again where the collector may take it later, and counts what became of it.
    async fn deliver(&mut self, batch: &[Span]) {
        let body = otlp::body(&self.resource, batch);
        let mut wait = FIRST_WAIT;
        let mut tries = 1_u32;
        let why = loop {
            match self.send(body.clone()).await {
                Sent::Taken { rejected } => {
                    let rejected = rejected.min(batch.len());
                    self.counts.add_dropped(rejected);
                    self.counts.add_exported(batch.len().saturating_sub(rejected));
                    if std::mem::take(&mut self.is_failing) {
                        tracing::info!(collector = %self.endpoint, "traces are taken again");
                    }
                    return;
                }
                Sent::Refused { why } => break why,
                Sent::Again { why, .. } if tries >= MOST_TRIES => break why,
                Sent::Again { after, .. } => {
                    sleep(after.unwrap_or(wait).min(LONGEST_WAIT)).await;
                    wait = wait.saturating_mul(2);
                    tries = tries.saturating_add(1);
                }
            }
        };
        self.counts.add_dropped(batch.len());
        if !std::mem::replace(&mut self.is_failing, true) {
            tracing::warn!(collector = %self.endpoint, %why, "traces are not taken and dropped until they are");
        }
    }

    /// One call.
    async fn send(&self, body: Vec<u8>) -> Sent {
        let request = self.client.post(self.endpoint.0.clone());
        let sent = request
            .header(CONTENT_TYPE, "application/json")
            .body(body)
            .send()
            .await;
        let answer = match sent {
            Ok(answer) => answer,
            Err(cause) => {
                return Sent::Again {
                    why: innermost(&cause),
                    after: None,
                };
            }
        };
        let status = answer.status();
        if status.is_success() {
            let (rejected, why) = otlp::rejected(&read(answer).await);
            if rejected > 0 {
                tracing::debug!(rejected, why, "the collector took a part");
            }
            return Sent::Taken { rejected };
        }
        let why = format!("HTTP status {}", status.as_u16());
        // As the specification of OTLP lists them; every other failure stays one.
        if matches!(status.as_u16(), 429 | 502 | 503 | 504) {
            let after = answer.headers().get(RETRY_AFTER);
            let after = after.and_then(|value| value.to_str().ok()?.trim().parse().ok());
            return Sent::Again {
                why,
                after: after.map(Duration::from_secs),
            };
        }
        Sent::Refused { why }
    }
}

/// The beginning of an answer's body.
async fn read(mut answer: Response) -> Vec<u8> {
    let mut body = Vec::new();
    while body.len() < MOST_ANSWER_BYTES
        && let Ok(Some(part)) = answer.chunk().await
    {
        body.extend_from_slice(&part);
    }
    body
}

/// What went wrong in the end, without the URL.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

#[cfg(test)]
mod tests;
