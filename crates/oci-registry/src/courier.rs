//! One question to one endpoint: scheme found, authorised, repeated where that helps, shared with all who ask it too.
//!
//!     deliver ─▶ coalesce ─▶ scheme* ─▶ attempt* ─▶ (401 or 403? next credential)* ─▶ transport
//!
//! Out: an answer with a 2xx status; every other status is an error.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, Method, StatusCode};
use image_reference::RepositoryLocation;
use tracing::Instrument as _;
use url::Url;

use crate::call::Call;
use crate::challenge::Challenge;
use crate::coalesce::Flights;
use crate::credentials::{Identity, Resource};
use crate::endpoint::{Endpoint, Path, Scheme};
use crate::error::{RegistryError, RegistryErrorKind};
use crate::host_memory::{Host, HostMemory};
use crate::limits;
use crate::retry::{self, Jitter};
use crate::tokens::{TokenScope, Tokens};
use crate::transport::{Incoming, Outgoing, Transport};

/// One question
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Question {
    pub(crate) method: Method,
    pub(crate) location: RepositoryLocation,
    /// What stands after the repository; grammar-checked where the URL is made.
    pub(crate) what: What,
    pub(crate) accept: &'static str,
    pub(crate) max_bytes: u64,
}

/// An owned [`Path`], or a further page whose query a registry gave
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum What {
    Manifest(crate::endpoint::ManifestName),
    Blob(image_reference::Digest),
    Referrers {
        subject: image_reference::Digest,
        query: Option<String>,
    },
}

impl What {
    fn path(&self) -> Path<'_> {
        match self {
            Self::Manifest(name) => Path::Manifest(name),
            Self::Blob(digest) => Path::Blob(digest),
            Self::Referrers { subject, .. } => Path::Referrers(subject),
        }
    }

    fn query(&self) -> Option<&str> {
        match self {
            Self::Referrers { query, .. } => query.as_deref(),
            Self::Manifest(_) | Self::Blob(_) => None,
        }
    }
}

/// What the answer depends on beside the question: nobody gets another's
type Key = (Question, Identity, bool);

/// Delivers questions
#[derive(Debug, Clone)]
pub(crate) struct Courier {
    transport: Transport,
    tokens: Tokens,
    hosts: HostMemory,
    jitter: Arc<Jitter>,
    flights: Flights<Key, Arc<Incoming>>,
}

impl Courier {
    pub(crate) fn new(transport: Transport, tokens: Tokens, jitter_seed: u64) -> Self {
        Self {
            transport,
            tokens,
            hosts: HostMemory::new(),
            jitter: Arc::new(Jitter::new(jitter_seed)),
            flights: Flights::default(),
        }
    }

    /// What is remembered of the endpoint's host.
    pub(crate) fn host(&self, endpoint: &Endpoint) -> Arc<Host> {
        self.hosts.host(endpoint.authority())
    }

    /// The answer to `question` at `endpoint`.
    pub(crate) async fn deliver(
        &self,
        endpoint: &Endpoint,
        question: Question,
        call: &Call,
    ) -> Result<Arc<Incoming>, RegistryError> {
        let key = (
            question,
            call.access.keychain.identity(),
            call.access.allow_insecure,
        );
        let start = || {
            let (this, endpoint, question, call) =
                (self.clone(), endpoint.clone(), key.0.clone(), call.clone());
            let answering = async move { this.try_schemes(&endpoint, &question, &call).await.map(Arc::new) };
            // Whoever waits too may drive it on; its calls belong to the trace of who asked first.
            answering.in_current_span()
        };
        self.flights.join(key.clone(), call.deadline, start).await
    }

    async fn try_schemes(
        &self,
        endpoint: &Endpoint,
        question: &Question,
        call: &Call,
    ) -> Result<Incoming, RegistryError> {
        let host = self.host(endpoint);
        let allowed = endpoint.schemes(call.access.allow_insecure);
        // A host that has answered is not asked in another way: a broken HTTPS does not open HTTP.
        let known = host.scheme().filter(|scheme| allowed.contains(scheme));
        let schemes = known.as_ref().map_or(allowed, std::slice::from_ref);
        let mut first_failure = None;
        for &scheme in schemes {
            let answer = self.try_often(&host, endpoint, scheme, question, call).await;
            match answer {
                Err(error) if is_of_the_connection(&error) => {
                    // What went wrong with the better scheme says more than what a guess at the other met.
                    first_failure.get_or_insert(error);
                }
                answer => return answer,
            }
        }
        Err(first_failure
            .unwrap_or_else(|| RegistryError::new(RegistryErrorKind::Protocol, "no scheme to try")))
    }

    async fn try_often(
        &self,
        host: &Host,
        endpoint: &Endpoint,
        scheme: Scheme,
        question: &Question,
        call: &Call,
    ) -> Result<Incoming, RegistryError> {
        let mut url = endpoint.url(scheme, &question.location, &question.what.path())?;
        url.set_query(question.what.query());
        let errand = Errand {
            host,
            scheme,
            url,
            question,
            scope: TokenScope {
                origin: format!("{}://{}", scheme.name(), endpoint.authority()),
                repository: endpoint.repository(&question.location),
                identity: call.access.keychain.identity(),
            },
            call,
        };
        let mut tried = 0_u32;
        loop {
            tried = tried.saturating_add(1);
            let answer = self.try_once(&errand).await;
            let wait = answer
                .as_ref()
                .err()
                .and_then(|error| self.jitter.wait(error, tried, call.deadline));
            match wait {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return answer,
            }
        }
    }

    /// One attempt; further ones within it when the registry asks for (fresh) authorisation, one for each credential that
    /// there is.
    async fn try_once(&self, errand: &Errand<'_>) -> Result<Incoming, RegistryError> {
        let deadline = errand.call.deadline;
        let pause = errand.host.pause_left(errand.scope.identity);
        if pause >= deadline.remaining() && !pause.is_zero() {
            return Err(turned_away(pause).during(&errand.question.method, &errand.url));
        }
        tokio::time::sleep(pause).await;
        let permit = deadline
            .bound(async { Ok(errand.host.gate.acquire().await) })
            .await?;
        let incoming = self.authorised(errand).await;
        drop(permit);
        let incoming = incoming.map_err(|error| errand.with_complaints(error))?;
        if incoming.status.is_success() {
            return Ok(incoming);
        }
        if incoming.status == StatusCode::UNAUTHORIZED {
            self.tokens.drop(&errand.scope);
        }
        let method = &errand.question.method;
        let wait = retry::asked_for(&incoming.headers);
        if let (StatusCode::TOO_MANY_REQUESTS, Some(wait)) = (incoming.status, wait) {
            errand.host.pause(errand.scope.identity, wait);
        }
        let error = RegistryError::from_answer(method, incoming.status, &incoming.body, wait);
        Err(errand.with_complaints(error.during(method, &errand.url)))
    }

    /// The registry's answer to the first credential that it takes, or to the last that there is.
    async fn authorised(&self, errand: &Errand<'_>) -> Result<Incoming, RegistryError> {
        let (mut next, mut refusal) = (0, None);
        let known = errand.host.challenge(errand.scheme);
        let authorization = match (self.tokens.kept(&errand.scope), known) {
            (Some(kept), _) => Some(kept),
            // A password is not offered before this very request is asked for it.
            (None, Some(challenge @ Challenge::Bearer { .. })) => {
                match self.obtain(&challenge, next, errand).await {
                    Err(error) if is_of_the_credential(&error) => {
                        (next, refusal) = (1, Some(error));
                        None
                    }
                    answer => answer?,
                }
            }
            (None, Some(Challenge::Basic) | None) => None,
        };
        let mut incoming = self.send(errand, authorization).await?;
        while next < limits::MAX_CREDENTIALS {
            let challenge = if incoming.status == StatusCode::UNAUTHORIZED {
                Challenge::from_headers(&incoming.headers)
            } else if incoming.status == StatusCode::FORBIDDEN
                || (incoming.status == StatusCode::NOT_FOUND && refusal.is_some())
            {
                // Who is known and may not is not asked again who they are, nor is a stranger, from whom what they seek is
                // hidden; another credential may.
                next = next.max(1);
                errand.host.challenge(errand.scheme)
            } else {
                None
            };
            let Some(challenge) = challenge else {
                break;
            };
            errand.host.remember_challenge(errand.scheme, &challenge);
            self.tokens.drop(&errand.scope);
            match self.obtain(&challenge, next, errand).await {
                Ok(Some(fresh)) => {
                    refusal = None;
                    incoming = self.send(errand, Some(fresh)).await?;
                }
                Ok(None) => break,
                Err(error) if is_of_the_credential(&error) => refusal = Some(error),
                Err(error) => return Err(error),
            }
            next = next.saturating_add(1);
        }
        match refusal {
            // Registries hide from strangers that something exists: where a credential was refused, that is what went wrong.
            Some(error) if is_hidden_or_refused(incoming.status) => Err(error),
            Some(_) | None => Ok(incoming),
        }
    }

    async fn obtain(
        &self,
        challenge: &Challenge,
        refused: usize,
        errand: &Errand<'_>,
    ) -> Result<Option<HeaderValue>, RegistryError> {
        self.tokens
            .obtain(challenge, &errand.url, &errand.scope, refused, errand.call)
            .await
    }

    async fn send(
        &self,
        errand: &Errand<'_>,
        authorization: Option<HeaderValue>,
    ) -> Result<Incoming, RegistryError> {
        let outgoing = Outgoing {
            method: errand.question.method.clone(),
            url: errand.url.clone(),
            accept: errand.question.accept,
            authorization,
            form: None,
            follow_redirects: true,
            is_named_by_registry: false,
            max_bytes: errand.question.max_bytes,
            requests: &errand.call.requests,
        };
        let incoming = self.transport.exchange(outgoing, errand.call.deadline).await?;
        // A server that expects TLS answers plain HTTP with 400.
        if incoming.status != StatusCode::BAD_REQUEST {
            errand.host.remember_scheme(errand.scheme);
        }
        Ok(incoming)
    }
}

/// The answer to a request that is not sent, since the registry has asked to be left alone for longer than it lasts.
fn turned_away(pause: Duration) -> RegistryError {
    let seconds = pause.as_secs().saturating_add(1);
    let detail = format!("TOOMANYREQUESTS: the registry asked to wait {seconds} s more");
    RegistryError::new(RegistryErrorKind::RateLimited, detail).repeated_after(pause)
}

/// Whether no HTTP answer came at all, so that another scheme may be what the host speaks.
fn is_of_the_connection(error: &RegistryError) -> bool {
    matches!(
        error.kind(),
        RegistryErrorKind::Unreachable | RegistryErrorKind::Tls | RegistryErrorKind::Interrupted
    )
}

/// Whether an answer may be about who asked rather than about what was asked for.
fn is_hidden_or_refused(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND
    )
}

/// Whether a token server refused the credential, so that another may do.
fn is_of_the_credential(error: &RegistryError) -> bool {
    matches!(
        error.kind(),
        RegistryErrorKind::Unauthorized | RegistryErrorKind::Forbidden
    )
}

/// A question on its way by one scheme
struct Errand<'a> {
    host: &'a Host,
    scheme: Scheme,
    url: Url,
    question: &'a Question,
    scope: TokenScope,
    call: &'a Call,
}

impl Errand<'_> {
    /// Says why there was no credential, where the registry asked for one.
    fn with_complaints(&self, error: RegistryError) -> RegistryError {
        if !is_of_the_credential(&error) {
            return error;
        }
        let resource = Resource {
            host: self.url.authority(),
            repository: &self.scope.repository,
        };
        error.because(&self.call.access.keychain.complaints(resource))
    }
}
