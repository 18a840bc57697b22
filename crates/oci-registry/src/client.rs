//! The client: [`Registry`] over the network.
//!
//! In: questions. Out: content whose digest was computed from its bytes.
//! Never: a tag's digest believed against the bytes that came with it.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method};
use image_reference::{Digest, DigestAlgorithm, RepositoryLocation};

use crate::call::Call;
use crate::challenge::Challenge;
use crate::connections::{HostCertificates, TransportError};
use crate::courier::{Courier, Question, What};
use crate::document::{ACCEPT_DOCUMENTS, ACCEPT_INDEX, Descriptor, Document};
use crate::endpoint::{Endpoint, ManifestName, Mirrors, Scheme};
use crate::error::{RegistryError, RegistryErrorKind, quoted};
use crate::limits;
use crate::registry::{FetchedManifest, Registry};
use crate::tokens::{Tokens, TrustedRealms};
use crate::transport::{Incoming, Transport};

/// How a client is set up
#[derive(Debug, Clone, Default)]
pub struct RegistryClientOptions {
    /// Certificate authorities trusted beside the system's, PEM, several in one text allowed
    pub added_authorities: Vec<Vec<u8>>,
    /// Further authorities and client certificates of single hosts, by host with the port if it is not the scheme's
    pub host_certificates: BTreeMap<String, HostCertificates>,
    /// Hosts whose requests go elsewhere
    pub mirrors: Mirrors,
    /// Token servers outside their registry's site that may have its credentials
    pub trusted_realms: TrustedRealms,
    /// Start of the sequence that spreads repeated requests
    pub jitter_seed: u64,
    /// No connection is made; every question is an error of kind `Offline`
    pub offline: bool,
}

/// How questions about a repository are asked; tells no secret
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// Host that is asked, which a mirror may have changed
    pub host: String,
    /// The scheme it answered on; none: not asked yet
    pub scheme: Option<&'static str>,
    /// What it wants to be shown; none: nothing, or not asked yet
    pub wants: Option<String>,
    /// What a token is asked for
    pub scope: String,
    /// The repository as that host knows it
    pub repository: String,
}

/// A client for all registries; clones share connections, tokens and what is remembered of hosts
#[derive(Debug, Clone)]
pub struct RegistryClient {
    courier: Courier,
    mirrors: Arc<Mirrors>,
    offline: bool,
}

impl RegistryClient {
    /// A client set up by `options`.
    ///
    /// # Errors
    /// [`TransportError`] when an added authority cannot be read.
    pub fn new(options: RegistryClientOptions) -> Result<Self, TransportError> {
        let transport = Transport::new(&options.added_authorities, &options.host_certificates)?;
        let tokens = Tokens::new(transport.clone(), options.trusted_realms);
        Ok(Self {
            courier: Courier::new(transport, tokens, options.jitter_seed),
            mirrors: Arc::new(options.mirrors),
            offline: options.offline,
        })
    }

    /// How questions about `location` are asked: where, what the host wants to be shown as far as it was asked, for what
    /// scope.
    #[must_use]
    pub fn way_to(&self, location: &RepositoryLocation) -> Way {
        let endpoint = self.mirrors.endpoint(location);
        let host = self.courier.host(&endpoint);
        let scheme = host.scheme();
        let challenge = scheme.and_then(|scheme| host.challenge(scheme));
        let repository = endpoint.repository(location);
        Way {
            host: endpoint.authority().to_owned(),
            scheme: scheme.map(Scheme::name),
            wants: match challenge {
                None => None,
                Some(Challenge::Basic) => Some("a password (Basic)".to_owned()),
                Some(Challenge::Bearer { realm, service }) => {
                    let service = service.map_or_else(String::new, |service| {
                        format!(" for service `{}`", quoted(&service))
                    });
                    Some(format!("a token of {}{service}", quoted(&realm)))
                }
            },
            scope: format!("repository:{repository}:pull"),
            repository,
        }
    }

    async fn ask(
        &self,
        endpoint: &Endpoint,
        question: Question,
        call: &Call,
    ) -> Result<Arc<Incoming>, RegistryError> {
        if self.offline {
            let detail = format!(
                "connections are forbidden; `{}` was not asked",
                question.location.host()
            );
            return Err(RegistryError::new(RegistryErrorKind::Offline, detail));
        }
        self.courier.deliver(endpoint, question, call).await
    }

    async fn referrers_page(
        &self,
        endpoint: &Endpoint,
        location: &RepositoryLocation,
        subject: &Digest,
        query: Option<String>,
        call: &Call,
    ) -> Result<Arc<Incoming>, RegistryError> {
        let question = Question {
            method: Method::GET,
            location: location.clone(),
            what: What::Referrers {
                subject: subject.clone(),
                query,
            },
            accept: ACCEPT_INDEX,
            max_bytes: limits::MAX_REFERRERS_PAGE_BYTES,
        };
        self.ask(endpoint, question, call).await
    }

    /// Referrers by the API; none if the host has no such API.
    async fn referrers_by_api(
        &self,
        endpoint: &Endpoint,
        location: &RepositoryLocation,
        subject: &Digest,
        call: &Call,
    ) -> Result<Option<Vec<Descriptor>>, RegistryError> {
        let mut found: Vec<Descriptor> = Vec::new();
        let mut query = None;
        for page in 0..limits::MAX_REFERRERS_PAGES {
            let incoming = match self
                .referrers_page(endpoint, location, subject, query, call)
                .await
            {
                Err(error) if page == 0 && has_no_such_api(&error) => {
                    if error.code() != Some("NAME_UNKNOWN") {
                        self.courier.host(endpoint).remember_lack_of_referrers();
                    }
                    return Ok(None);
                }
                answer => answer?,
            };
            let Some(listed) = index_of(&incoming)? else {
                self.courier.host(endpoint).remember_lack_of_referrers();
                return Ok(None);
            };
            found.extend(listed);
            if found.len() > limits::MAX_REFERRERS {
                return Err(too_many_referrers());
            }
            query = next_page(&incoming.headers);
            if query.is_none() {
                return Ok(Some(found));
            }
        }
        Err(too_many_referrers())
    }

    /// Referrers by the index under the tag `sha256-<hex>`.
    async fn referrers_by_tag(
        &self,
        location: &RepositoryLocation,
        subject: &Digest,
        call: &Call,
    ) -> Result<Vec<Descriptor>, RegistryError> {
        let manifest = match self
            .manifest(call, location, &ManifestName::Tag(subject.as_tag()))
            .await
        {
            Err(error) if error.is_not_found() => return Ok(Vec::new()),
            answer => answer?,
        };
        match &manifest.document {
            Document::Index(index) if index.manifests.len() > limits::MAX_REFERRERS => {
                Err(too_many_referrers())
            }
            Document::Index(index) => Ok(index.manifests.clone()),
            Document::Manifest(_) => {
                let detail = format!("tag `{}` is not an index of referrers", subject.as_tag());
                Err(RegistryError::new(RegistryErrorKind::Protocol, detail))
            }
        }
    }
}

impl Registry for RegistryClient {
    async fn resolve(
        &self,
        call: &Call,
        location: &RepositoryLocation,
        tag: &str,
    ) -> Result<Digest, RegistryError> {
        let name = tag_of(tag)?;
        let question = Question {
            method: Method::HEAD,
            location: location.clone(),
            what: What::Manifest(name.clone()),
            accept: ACCEPT_DOCUMENTS,
            max_bytes: limits::MAX_MANIFEST_BYTES,
        };
        match self.ask(&self.mirrors.endpoint(location), question, call).await {
            Ok(incoming) => {
                if let Some(digest) = announced(&incoming.headers)? {
                    return Ok(digest);
                }
            }
            // A HEAD has no words and some registries refuse it: the GET below answers or explains.
            Err(error) if matches!(error.status(), Some(400 | 404 | 405 | 501)) => {}
            Err(error) => return Err(error),
        }
        let incoming = self
            .ask(
                &self.mirrors.endpoint(location),
                get_manifest(location, name),
                call,
            )
            .await?;
        digest_of(&incoming, None)
    }

    async fn manifest(
        &self,
        call: &Call,
        location: &RepositoryLocation,
        name: &ManifestName,
    ) -> Result<Arc<FetchedManifest>, RegistryError> {
        let incoming = self
            .ask(
                &self.mirrors.endpoint(location),
                get_manifest(location, name.clone()),
                call,
            )
            .await?;
        let asked = match name {
            ManifestName::Digest(digest) => Some(digest),
            ManifestName::Tag(_) => None,
        };
        let digest = digest_of(&incoming, asked)?;
        let media_type = content_type(&incoming.headers).to_owned();
        let document = Document::parse(&incoming.body, &media_type)?;
        Ok(Arc::new(FetchedManifest {
            digest,
            media_type,
            bytes: incoming.body.clone(),
            document,
        }))
    }

    async fn referrers(
        &self,
        call: &Call,
        location: &RepositoryLocation,
        subject: &Digest,
    ) -> Result<Vec<Descriptor>, RegistryError> {
        let endpoint = self.mirrors.endpoint(location);
        if !self.courier.host(&endpoint).lacks_referrers()
            && let Some(found) = self.referrers_by_api(&endpoint, location, subject, call).await?
        {
            return Ok(found);
        }
        self.referrers_by_tag(location, subject, call).await
    }

    async fn blob(
        &self,
        call: &Call,
        location: &RepositoryLocation,
        digest: &Digest,
        max_bytes: u64,
    ) -> Result<Bytes, RegistryError> {
        let question = Question {
            method: Method::GET,
            location: location.clone(),
            what: What::Blob(digest.clone()),
            accept: "*/*",
            max_bytes,
        };
        let incoming = self.ask(&self.mirrors.endpoint(location), question, call).await?;
        if digest.names(&incoming.body) {
            Ok(incoming.body.clone())
        } else {
            Err(mismatch(digest, &incoming.body))
        }
    }
}

fn get_manifest(location: &RepositoryLocation, name: ManifestName) -> Question {
    Question {
        method: Method::GET,
        location: location.clone(),
        what: What::Manifest(name),
        accept: ACCEPT_DOCUMENTS,
        max_bytes: limits::MAX_MANIFEST_BYTES,
    }
}

fn tag_of(text: &str) -> Result<ManifestName, RegistryError> {
    ManifestName::tag(text).ok_or_else(|| {
        RegistryError::new(
            RegistryErrorKind::Protocol,
            format!("`{}` is no tag", quoted(text)),
        )
    })
}

fn content_type(headers: &HeaderMap) -> &str {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

/// The digest an answer announces in `Docker-Content-Digest`; a malformed one is an error.
fn announced(headers: &HeaderMap) -> Result<Option<Digest>, RegistryError> {
    let Some(value) = headers.get("docker-content-digest") else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default();
    Digest::parse(text).map(Some).map_err(|error| {
        let detail = format!("Docker-Content-Digest `{}`: {error}", quoted(text));
        RegistryError::new(RegistryErrorKind::Protocol, detail)
    })
}

/// The digest of an answer's bytes, which must be the one asked for and the one announced.
fn digest_of(incoming: &Incoming, asked: Option<&Digest>) -> Result<Digest, RegistryError> {
    let announced = announced(&incoming.headers)?;
    for wanted in asked.iter().copied().chain(&announced) {
        if !wanted.names(&incoming.body) {
            return Err(mismatch(wanted, &incoming.body));
        }
    }
    let digest = asked.cloned().or(announced);
    Ok(digest.unwrap_or_else(|| Digest::of(DigestAlgorithm::Sha256, &incoming.body)))
}

fn mismatch(wanted: &Digest, bytes: &[u8]) -> RegistryError {
    let found = Digest::of(wanted.algorithm(), bytes);
    RegistryError::new(
        RegistryErrorKind::DigestMismatch,
        format!("content should have digest {wanted}, its bytes have {found}"),
    )
}

/// The forms in which registries say that they know no referrers API.
fn has_no_such_api(error: &RegistryError) -> bool {
    matches!(error.status(), Some(400 | 404 | 405 | 406 | 415 | 501))
}

/// The descriptors of a page of referrers; none if it is not an index at all, as proxies and web pages answer.
fn index_of(incoming: &Incoming) -> Result<Option<Vec<Descriptor>>, RegistryError> {
    let is_json = serde_json::from_slice::<serde::de::IgnoredAny>(&incoming.body).is_ok();
    let is_object = incoming.body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    let names_manifests = incoming.body.windows(11).any(|window| window == b"\"manifests\"");
    if !(is_json && is_object && names_manifests) {
        return Ok(None);
    }
    match Document::parse(&incoming.body, content_type(&incoming.headers))? {
        Document::Index(index) => Ok(Some(index.manifests)),
        Document::Manifest(_) => Err(RegistryError::new(
            RegistryErrorKind::Protocol,
            "the list of referrers is an image manifest",
        )),
    }
}

/// The query of the next page (`Link: <…?…>; rel="next"`): its path stays ours, whatever the link says.
fn next_page(headers: &HeaderMap) -> Option<String> {
    let link = headers.get(http::header::LINK)?.to_str().ok()?;
    let (target, parameters) = link
        .split(',')
        .find_map(|link| link.trim().strip_prefix('<')?.split_once('>'))?;
    let is_next = parameters.contains("rel=\"next\"") || parameters.contains("rel=next");
    let (_, query) = target.split_once('?')?;
    is_next.then(|| query.to_owned())
}

fn too_many_referrers() -> RegistryError {
    let detail = format!("more than {} referrers", limits::MAX_REFERRERS);
    RegistryError::new(RegistryErrorKind::TooLarge, detail)
}
