//! Authorisation: which header, if any, goes with a request.
//!
//! In: a host's challenge and who asks. Out: an `Authorization` header for that host, repository and identity.
//! Never: credentials to a token server of another owner, nor a token of one identity to another.
//!
//! A registry names its token server (`realm`) itself, so a hostile one can name anybody's. The rule, stricter than
//! docker's: credentials go to a realm
//! * on the registry's own host, by the registry's own scheme or HTTPS; or
//! * over HTTPS, at a name of the same site (`auth.docker.io` for `index.docker.io`); or
//! * that the operator has named for this registry ([`TrustedRealms`]);
//!
//! to any other realm goes nothing, and the request fails. Without credentials any HTTPS realm may be asked, but not
//! this machine or a metadata service.
//! Source: distribution specification (token authentication); CVE-2026-48978 and CVE-2020-15157 for the attacks.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use base64::Engine as _;
use http::header::DATE;
use http::{HeaderMap, HeaderValue, Method};
use serde::Deserialize;
use url::Url;

use crate::addresses::{self, Nearness};
use crate::call::Call;
use crate::challenge::Challenge;
use crate::coalesce::Flights;
use crate::credentials::{Credential, Identity, Resource, canonical_host};
use crate::error::{RegistryError, RegistryErrorKind, quoted};
use crate::limits;
use crate::retry;
use crate::transport::{Outgoing, Transport};

/// Name we give ourselves at token servers
const CLIENT_ID: &str = "vouchsafe";

/// Token servers outside a registry's site that the operator trusts with its credentials
#[derive(Debug, Clone, Default)]
pub struct TrustedRealms(BTreeSet<(String, String)>);

impl TrustedRealms {
    /// Lets `realm_host` have the credentials configured for `registry_host`, over HTTPS.
    pub fn trust(&mut self, registry_host: &str, realm_host: &str) {
        self.0
            .insert((canonical_host(registry_host).to_owned(), realm_host.to_owned()));
    }

    fn has(&self, registry: &Url, realm: &Url) -> bool {
        let registry = canonical_host(registry.authority()).to_owned();
        self.0
            .contains(&(registry, realm.host_str().unwrap_or_default().to_owned()))
    }
}

/// What a token is for
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct TokenScope {
    /// Scheme, host and port it may be sent to.
    pub(crate) origin: String,
    /// Repository it opens.
    pub(crate) repository: String,
    /// Whose it is.
    pub(crate) identity: Identity,
}

#[derive(Debug, Clone)]
struct Token {
    header: HeaderValue,
    until: Instant,
}

/// Tokens in hand
#[derive(Debug, Clone)]
pub(crate) struct Tokens {
    transport: Transport,
    trusted: TrustedRealms,
    kept: moka::sync::Cache<TokenScope, Token>,
    flights: Flights<(TokenScope, usize), Option<HeaderValue>>,
}

impl Tokens {
    pub(crate) fn new(transport: Transport, trusted: TrustedRealms) -> Self {
        let kept = moka::sync::Cache::builder()
            .max_capacity(limits::MAX_TOKENS)
            .time_to_live(limits::MAX_TOKEN_LIFE)
            .build();
        Self {
            transport,
            trusted,
            kept,
            flights: Flights::default(),
        }
    }

    /// The header in hand for `scope`, if it is still good.
    pub(crate) fn kept(&self, scope: &TokenScope) -> Option<HeaderValue> {
        self.kept
            .get(scope)
            .filter(|token| Instant::now() < token.until)
            .map(|token| token.header)
    }

    /// Gives up the header in hand: the registry refused it.
    pub(crate) fn drop(&self, scope: &TokenScope) {
        self.kept.invalidate(scope);
    }

    /// A header that meets `challenge` at `registry`, made of the credential that comes after `refused` others; none if
    /// there are no credentials to meet it with.
    pub(crate) async fn obtain(
        &self,
        challenge: &Challenge,
        registry: &Url,
        scope: &TokenScope,
        refused: usize,
        call: &Call,
    ) -> Result<Option<HeaderValue>, RegistryError> {
        let start = || {
            let (this, challenge, registry) = (self.clone(), challenge.clone(), registry.clone());
            let (scope, call) = (scope.clone(), call.clone());
            async move {
                this.authorise(&challenge, &registry, &scope, refused, &call)
                    .await
            }
        };
        let key = (scope.clone(), refused);
        self.flights.join(key, call.deadline, start).await
    }

    async fn authorise(
        &self,
        challenge: &Challenge,
        registry: &Url,
        scope: &TokenScope,
        refused: usize,
        call: &Call,
    ) -> Result<Option<HeaderValue>, RegistryError> {
        let resource = Resource {
            host: registry.authority(),
            repository: &scope.repository,
        };
        let keychain = &call.access.keychain;
        let credential = keychain
            .credential_after(refused, resource, call.deadline)
            .await?;
        if refused > 0 && credential.is_none() {
            return Ok(None);
        }
        let token = match (challenge, credential) {
            (_, Some(Credential::RegistryToken(token))) => forever(secret_header("Bearer", token.expose())?),
            (Challenge::Basic, Some(Credential::Password { username, password })) => {
                forever(basic(&username, password.expose())?)
            }
            (Challenge::Basic, Some(Credential::IdentityToken(_)) | None) => return Ok(None),
            (Challenge::Bearer { realm, service }, credential) => {
                let realm = self.judged(realm, registry, credential.is_some())?;
                let question = Question {
                    is_registry_s_host: realm.host() == registry.host(),
                    realm,
                    service: service.as_deref(),
                    repository: &scope.repository,
                };
                self.exchange(&question, credential.as_ref(), call).await?
            }
        };
        self.kept.insert(scope.clone(), token.clone());
        Ok(Some(token.header))
    }

    /// The realm as a URL, if it may be asked by this registry's word.
    fn judged(&self, realm: &str, registry: &Url, has_credentials: bool) -> Result<Url, RegistryError> {
        let refuse = |why: &str| {
            let detail = format!(
                "token server `{}` of `{}` refused: {why}",
                quoted(realm),
                registry.authority()
            );
            Err(RegistryError::new(RegistryErrorKind::Blocked, detail))
        };
        let Ok(url) = Url::parse(realm) else {
            return refuse("it is no URL");
        };
        if !url.username().is_empty() || url.password().is_some() {
            return refuse("its URL holds a user name");
        }
        let is_registry_s_host = url.host() == registry.host();
        match url.scheme() {
            "https" => {}
            "http" if registry.scheme() == "http" && is_registry_s_host => {}
            _ => return refuse("it is not HTTPS"),
        }
        match (addresses::nearness_of(&url), addresses::nearness_of(registry)) {
            (Nearness::Elsewhere, _) | (Nearness::Loopback, Nearness::Loopback) => {}
            _ => return refuse("it is this machine or a metadata service"),
        }
        let is_owner_s = is_registry_s_host || addresses::is_same_site(&url, registry);
        if has_credentials && !is_owner_s && !self.trusted.has(registry, &url) {
            return refuse("credentials are not sent to another owner's host");
        }
        Ok(url)
    }

    async fn exchange(
        &self,
        question: &Question<'_>,
        credential: Option<&Credential>,
        call: &Call,
    ) -> Result<Token, RegistryError> {
        let mut outgoing = Outgoing {
            method: Method::GET,
            url: question.realm.clone(),
            accept: "application/json",
            authorization: None,
            form: None,
            follow_redirects: false,
            is_named_by_registry: !question.is_registry_s_host,
            max_bytes: limits::MAX_TOKEN_BYTES,
            requests: &call.requests,
        };
        match credential {
            Some(Credential::IdentityToken(token)) => {
                outgoing.method = Method::POST;
                outgoing.form = Some(question.refresh_form(token.expose()));
            }
            Some(Credential::Password { username, password }) => {
                outgoing.url = question.url();
                outgoing.authorization = Some(basic(username, password.expose())?);
            }
            Some(Credential::RegistryToken(_)) | None => outgoing.url = question.url(),
        }
        let (method, url) = (outgoing.method.clone(), outgoing.url.clone());
        let incoming = self.transport.exchange(outgoing, call.deadline).await?;
        if !incoming.status.is_success() {
            let wait = retry::asked_for(&incoming.headers);
            let error = RegistryError::from_answer(&method, incoming.status, &incoming.body, wait);
            return Err(error.of_token_server().during(&method, &url));
        }
        read_token(&incoming.body, &incoming.headers).map_err(|error| error.during(&method, &url))
    }
}

/// What is asked of a token server
struct Question<'a> {
    realm: Url,
    is_registry_s_host: bool,
    service: Option<&'a str>,
    repository: &'a str,
}

impl Question<'_> {
    /// The scope we need, whatever the challenge asks for: to read this one repository.
    fn scope(&self) -> String {
        format!("repository:{}:pull", self.repository)
    }

    fn url(&self) -> Url {
        let mut url = self.realm.clone();
        let mut query = url.query_pairs_mut();
        if let Some(service) = self.service {
            query.append_pair("service", service);
        }
        query.append_pair("scope", &self.scope());
        drop(query);
        url
    }

    fn refresh_form(&self, token: &str) -> String {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "refresh_token")
            .append_pair("client_id", CLIENT_ID)
            .append_pair("refresh_token", token)
            .append_pair("scope", &self.scope());
        if let Some(service) = self.service {
            form.append_pair("service", service);
        }
        form.finish()
    }
}

fn basic(username: &str, password: &str) -> Result<HeaderValue, RegistryError> {
    let pair = base64::engine::general_purpose::STANDARD.encode(format!("{username}:{password}"));
    secret_header("Basic", &pair)
}

fn secret_header(scheme: &str, secret: &str) -> Result<HeaderValue, RegistryError> {
    let mut header = HeaderValue::from_str(&format!("{scheme} {secret}")).map_err(|_| {
        RegistryError::new(
            RegistryErrorKind::Credentials,
            "credential holds characters that no header can carry",
        )
    })?;
    header.set_sensitive(true);
    Ok(header)
}

/// A header made of the credential itself: good until the registry refuses it.
fn forever(header: HeaderValue) -> Token {
    Token {
        header,
        until: after(limits::MAX_TOKEN_LIFE),
    }
}

fn after(duration: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(duration).unwrap_or(now)
}

#[derive(Deserialize)]
struct TokenAnswer {
    #[serde(default)]
    token: Option<String>,
    #[serde(default)]
    access_token: Option<String>,
    #[serde(default)]
    expires_in: Option<f64>,
    #[serde(default)]
    issued_at: Option<String>,
}

fn read_token(body: &[u8], headers: &HeaderMap) -> Result<Token, RegistryError> {
    let wrong = |why: &str| RegistryError::new(RegistryErrorKind::Protocol, format!("token server: {why}"));
    let answer: TokenAnswer =
        serde_json::from_slice(body).map_err(|_| wrong("answer is not JSON of a token"))?;
    let given = |token: Option<String>| token.filter(|token| !token.is_empty());
    let token = given(answer.token)
        .or(given(answer.access_token))
        .ok_or_else(|| wrong("answer holds no token"))?;
    let life = answer
        .expires_in
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .unwrap_or(limits::DEFAULT_TOKEN_LIFE)
        .min(limits::MAX_TOKEN_LIFE);
    let age = age(answer.issued_at.as_deref(), headers);
    let left = life.saturating_sub(age).saturating_sub(limits::TOKEN_MARGIN);
    Ok(Token {
        header: secret_header("Bearer", &token)?,
        until: after(left),
    })
}

/// How long ago, by the server's own clock, the token was issued; zero if it does not say.
fn age(issued_at: Option<&str>, headers: &HeaderMap) -> Duration {
    let issued = issued_at.and_then(|text| text.parse::<jiff::Timestamp>().ok());
    let now = headers.get(DATE).and_then(|value| value.to_str().ok());
    let now = now.and_then(|text| {
        jiff::fmt::rfc2822::DateTimeParser::new()
            .parse_timestamp(text)
            .ok()
    });
    match (issued, now) {
        (Some(issued), Some(now)) => Duration::try_from(now.duration_since(issued)).unwrap_or_default(),
        _ => Duration::ZERO,
    }
}

#[cfg(test)]
mod tests;
