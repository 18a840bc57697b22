//! Calls of an API server: bounded, repeated where the server asks for it, never redirected.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Method, Response, StatusCode};
use serde_json::Value;

use crate::connection::Connection;
use crate::credentials::Proof;
use crate::error::{ClusterError, chain, quoted};
use crate::limits::{CALL_TIMEOUT, LONGEST_RETRY_WAIT, MOST_ANSWER_BYTES, MOST_ERROR_BYTES, MOST_RETRIES};
use crate::secret::Secret;
use crate::settings::Settings;

/// Asks one API server. Cheap to clone; clones share connections and credentials.
#[derive(Debug, Clone)]
pub struct Client(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: Settings,
    connection: Connection,
    /// The connection that shows the certificate a plugin printed last.
    of_plugin: Mutex<Option<(Secret, Connection)>>,
}

/// JSON, and how many bytes it had.
pub(crate) type WithSize<T> = (T, usize);

impl Client {
    /// A client for the server of `settings`. Nothing is called yet.
    ///
    /// # Errors
    /// [`ClusterError::Credentials`] where certificates or keys can't be used.
    pub fn new(settings: Settings) -> Result<Self, ClusterError> {
        let connection = Connection::new(&settings, settings.client_certificate.as_ref())?;
        Ok(Self(Arc::new(Inner {
            settings,
            connection,
            of_plugin: Mutex::new(None),
        })))
    }

    /// The answer to `GET` of `path`, with its query.
    ///
    /// # Errors
    /// [`ClusterError`]: no answer, no success, too large, no JSON.
    pub async fn get(&self, path: &str) -> Result<Value, ClusterError> {
        Ok(self.exchange(Call::get(path)).await?.0)
    }

    /// The answer to `POST` of `body` (JSON) to `path`.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn post(&self, path: &str, body: &str) -> Result<Value, ClusterError> {
        let call = Call {
            method: Method::POST,
            body: Some(body),
            ..Call::get(path)
        };
        Ok(self.exchange(call).await?.0)
    }

    pub(crate) async fn get_within(
        &self,
        path: &str,
        most_bytes: usize,
    ) -> Result<WithSize<Value>, ClusterError> {
        let call = Call {
            most_bytes,
            ..Call::get(path)
        };
        self.exchange(call).await
    }

    /// The answer to `call`, as JSON and its size.
    pub(crate) async fn exchange(&self, call: Call<'_>) -> Result<WithSize<Value>, ClusterError> {
        let response = self.answer(&call).await?;
        call.read(response).await
    }

    /// The answer to `call`, unread, if it is a success.
    pub(crate) async fn open(&self, call: &Call<'_>) -> Result<Response, ClusterError> {
        let response = self.answer(call).await?;
        if response.status().is_success() {
            return Ok(response);
        }
        match call.read(response).await {
            Err(refusal) => Err(refusal),
            Ok(_) => Err(ClusterError::malformed(
                &quoted(call.path),
                "a refusal without a status",
            )),
        }
    }

    async fn answer(&self, call: &Call<'_>) -> Result<Response, ClusterError> {
        let credentials = &self.0.settings.credentials;
        let mut proof = credentials.proof(false).await?;
        let mut response = self.send(call, &proof).await?;
        if response.status() == StatusCode::UNAUTHORIZED && credentials.can_renew() {
            proof = credentials.proof(true).await?;
            response = self.send(call, &proof).await?;
        }
        for _ in 0..MOST_RETRIES {
            let Some(wait) = wait_before_retry(&response) else {
                break;
            };
            tokio::time::sleep(wait).await;
            response = self.send(call, &proof).await?;
        }
        Ok(response)
    }

    async fn send(&self, call: &Call<'_>, proof: &Proof) -> Result<Response, ClusterError> {
        let connection = self.connection(proof)?;
        let url = connection
            .url_of(call.path)
            .map_err(|fault| ClusterError::malformed(&quoted(call.path), fault))?;
        let mut request = connection
            .http
            .request(call.method.clone(), url)
            .header(ACCEPT, call.accept)
            .timeout(call.timeout);
        // `Settings` holds no proof for plain HTTP; this line keeps it so whoever makes settings next.
        if connection.base.scheme() == "https" {
            if let Some(authorization) = &proof.authorization {
                request = request.header(AUTHORIZATION, authorization.clone());
            }
            for (name, value) in &self.0.settings.impersonation {
                request = request.header(name.clone(), value.clone());
            }
        }
        if let Some(body) = call.body {
            request = request
                .header(CONTENT_TYPE, call.content_type)
                .body(body.to_owned());
        }
        request.send().await.map_err(|cause| call.unreachable(&cause))
    }

    fn connection(&self, proof: &Proof) -> Result<Connection, ClusterError> {
        let Some(certificate) = &proof.certificate else {
            return Ok(self.0.connection.clone());
        };
        let mut last = self.0.of_plugin.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((shown, connection)) = &*last
            && shown == certificate
        {
            return Ok(connection.clone());
        }
        let connection = Connection::new(&self.0.settings, Some(certificate))?;
        *last = Some((certificate.clone(), connection.clone()));
        Ok(connection)
    }
}

/// How long the server asks to wait before the call is made again, if it asks.
fn wait_before_retry(response: &Response) -> Option<Duration> {
    let written = response.headers().get(RETRY_AFTER);
    let seconds = written.and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let wait = match (response.status().as_u16(), seconds) {
        (429, None) => Duration::from_secs(1),
        (429 | 500..=599, Some(seconds)) => Duration::from_secs(seconds),
        _ => return None,
    };
    Some(wait.min(LONGEST_RETRY_WAIT))
}

/// One call.
#[derive(Debug, Clone)]
pub(crate) struct Call<'c> {
    pub(crate) method: Method,
    /// Path and query.
    pub(crate) path: &'c str,
    pub(crate) body: Option<&'c str>,
    /// Media type of the body.
    pub(crate) content_type: &'static str,
    /// Media types that are understood.
    pub(crate) accept: &'static str,
    /// Bytes of a successful answer.
    pub(crate) most_bytes: usize,
    /// Time for the whole answer.
    pub(crate) timeout: Duration,
}

impl<'c> Call<'c> {
    /// A `GET`, as most calls are.
    pub(crate) fn get(path: &'c str) -> Self {
        Self {
            method: Method::GET,
            path,
            body: None,
            content_type: "application/json",
            accept: "application/json",
            most_bytes: MOST_ANSWER_BYTES,
            timeout: CALL_TIMEOUT,
        }
    }
}

impl Call<'_> {
    fn method_name(&self) -> &'static str {
        match self.method {
            Method::POST => "POST",
            Method::PUT => "PUT",
            Method::PATCH => "PATCH",
            Method::DELETE => "DELETE",
            _ => "GET",
        }
    }

    pub(crate) fn unreachable(&self, cause: &reqwest::Error) -> ClusterError {
        ClusterError::Unreachable {
            method: self.method_name(),
            path: quoted(self.path),
            cause: chain(cause),
        }
    }

    async fn read(&self, mut response: Response) -> Result<WithSize<Value>, ClusterError> {
        let status = response.status();
        let is_success = status.is_success();
        let most_bytes = if is_success {
            self.most_bytes
        } else {
            MOST_ERROR_BYTES
        };
        let mut bytes = Vec::new();
        while let Some(part) = response.chunk().await.map_err(|cause| self.unreachable(&cause))? {
            if bytes.len().saturating_add(part.len()) > most_bytes {
                if is_success {
                    let fault = format!("the answer is larger than {most_bytes} bytes");
                    return Err(ClusterError::malformed(&quoted(self.path), fault));
                }
                break;
            }
            bytes.extend_from_slice(&part);
        }
        if !is_success {
            return Err(self.refusal(status.as_u16(), &bytes));
        }
        let answer = serde_json::from_slice(&bytes)
            .map_err(|cause| ClusterError::malformed(&quoted(self.path), format!("no JSON: {cause}")))?;
        Ok((answer, bytes.len()))
    }

    /// An answer that is no success, in the words of its `Status` if it is one.
    fn refusal(&self, status: u16, body: &[u8]) -> ClusterError {
        let told: Option<Value> = serde_json::from_slice(body).ok();
        let field = |name: &str| told.as_ref().and_then(|status| status.get(name)?.as_str());
        let (said, reason) = (field("message"), field("reason"));
        let message = match said {
            Some(message) => quoted(message),
            None if (300..400).contains(&status) => "redirects are not followed".to_owned(),
            None => quoted(&String::from_utf8_lossy(body)),
        };
        let or_path = |message: String| {
            if message.is_empty() {
                format!("{} {}: HTTP {status}", self.method_name(), quoted(self.path))
            } else {
                message
            }
        };
        match status {
            401 | 403 => ClusterError::Denied {
                message: or_path(message),
            },
            404 => ClusterError::NotFound {
                message: or_path(message),
            },
            409 if reason == Some("AlreadyExists") => ClusterError::AlreadyExists {
                message: or_path(message),
            },
            409 => ClusterError::Conflict {
                message: or_path(message),
            },
            410 => ClusterError::Gone {
                message: or_path(message),
            },
            _ => ClusterError::Refused {
                method: self.method_name(),
                path: quoted(self.path),
                status,
                message: if message.is_empty() {
                    "no reason given".to_owned()
                } else {
                    message
                },
            },
        }
    }
}
