//! Docker configurations: `config.json`, and the `.dockerconfigjson` or `.dockercfg` of a pull secret.
//!
//! In: JSON bytes. Out: the credential whose key matches host and repository best.
//! Matching: as the kubelet does (`k8s.io/kubernetes/pkg/credentialprovider/keyring.go`): `*` stands for part of one
//! host label, ports must be equal, the key's path must begin the repository, the longest key wins.
//! Never: a helper named by a path; `auths` of a pull secret never start a process.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use futures_util::future::BoxFuture;
use serde::Deserialize;

use super::helper::CredentialHelper;
use super::secret::Secret;
use super::{Credential, CredentialSource, Identity, Resource};
use crate::deadline::Deadline;
use crate::error::RegistryError;
use crate::limits;

/// The key under which docker keeps Docker Hub's credentials
const DOCKER_HUB_KEY: &str = "https://index.docker.io/v1/";

/// A docker configuration that cannot be read
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DockerConfigError {
    /// Larger than a Kubernetes Secret can be
    #[error("docker configuration is larger than 1 MiB")]
    TooLarge,
    /// Not JSON of the known shape
    #[error("docker configuration is not valid JSON: {0}")]
    Json(String),
    /// The `auth` field of this entry is not `base64(user:password)`
    #[error("docker configuration: `auth` of `{0}` is not base64 of `user:password`")]
    Auth(String),
    /// The file exists but cannot be read
    #[error("docker configuration `{path}`: {why}")]
    File {
        /// The file
        path: PathBuf,
        /// What the system says
        why: String,
    },
    /// A helper's name that is not a plain word
    #[error("docker configuration: `{0}` is no name of a credential helper")]
    Helper(String),
}

/// One docker configuration
#[derive(Debug, Clone)]
pub struct DockerConfig {
    entries: Vec<(Pattern, Credential)>,
    helpers: BTreeMap<String, CredentialHelper>,
    store: Option<CredentialHelper>,
    identity: Identity,
    name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    #[serde(default)]
    auths: BTreeMap<String, Entry>,
    #[serde(default)]
    cred_helpers: BTreeMap<String, String>,
    #[serde(default)]
    creds_store: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Entry {
    #[serde(default)]
    auth: Option<String>,
    #[serde(default)]
    username: Option<String>,
    #[serde(default)]
    password: Option<String>,
    #[serde(default)]
    identitytoken: Option<String>,
    #[serde(default)]
    registrytoken: Option<String>,
}

impl DockerConfig {
    /// The same, called `name` where people are told where a credential came from.
    #[must_use]
    pub fn called(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Reads a `config.json`, helpers included.
    ///
    /// # Errors
    /// [`DockerConfigError`] when it is too large or malformed.
    pub fn from_config_json(bytes: &[u8]) -> Result<Self, DockerConfigError> {
        let document: Document = from_json(bytes)?;
        let mut config = Self::of(document.auths, bytes)?;
        for (key, helper) in document.cred_helpers {
            config.helpers.insert(
                canonical_host(Pattern::parse(&key).host()).to_owned(),
                helper_named(&helper)?,
            );
        }
        config.store = document
            .creds_store
            .filter(|name| !name.is_empty())
            .map(|name| helper_named(&name))
            .transpose()?;
        Ok(config)
    }

    /// Reads the `.dockerconfigjson` of a pull secret: `auths` alone, no process is ever started for it.
    ///
    /// # Errors
    /// [`DockerConfigError`] when it is too large or malformed.
    pub fn from_pull_secret(bytes: &[u8]) -> Result<Self, DockerConfigError> {
        let document: Document = from_json(bytes)?;
        Self::of(document.auths, bytes)
    }

    /// Reads the legacy `.dockercfg` of a pull secret: the entries without the `auths` around them.
    ///
    /// # Errors
    /// [`DockerConfigError`] when it is too large or malformed.
    pub fn from_legacy_pull_secret(bytes: &[u8]) -> Result<Self, DockerConfigError> {
        Self::of(from_json(bytes)?, bytes)
    }

    /// Reads the configuration docker or podman itself would: the first that exists of `$DOCKER_CONFIG/config.json`
    /// (`$HOME/.docker/config.json`), `$REGISTRY_AUTH_FILE` and `$XDG_RUNTIME_DIR/containers/auth.json`.
    ///
    /// # Errors
    /// [`DockerConfigError`] when a file exists and cannot be read or is malformed.
    pub fn from_environment() -> Result<Option<Self>, DockerConfigError> {
        let variable = |name: &str| {
            std::env::var_os(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        let docker = variable("DOCKER_CONFIG").or_else(|| variable("HOME").map(|home| home.join(".docker")));
        let files = [
            docker.map(|folder| folder.join("config.json")),
            variable("REGISTRY_AUTH_FILE"),
            variable("XDG_RUNTIME_DIR").map(|folder| folder.join("containers/auth.json")),
        ];
        for file in files.into_iter().flatten() {
            if let Some(config) = Self::from_file(&file)? {
                return Ok(Some(config));
            }
        }
        Ok(None)
    }

    /// Reads one file; none if it does not exist.
    ///
    /// # Errors
    /// [`DockerConfigError`] when the file exists and cannot be read or is malformed.
    pub fn from_file(path: &Path) -> Result<Option<Self>, DockerConfigError> {
        let failed = |error: std::io::Error| DockerConfigError::File {
            path: path.to_owned(),
            why: error.to_string(),
        };
        match std::fs::metadata(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
            Ok(about) if about.len() > limits::MAX_DOCKER_CONFIG_BYTES as u64 => {
                return Err(DockerConfigError::TooLarge);
            }
            Ok(_) => {}
        }
        let config = Self::from_config_json(&std::fs::read(path).map_err(failed)?)?;
        Ok(Some(
            config.called(format!("docker configuration {}", path.display())),
        ))
    }

    fn of(auths: BTreeMap<String, Entry>, bytes: &[u8]) -> Result<Self, DockerConfigError> {
        let mut entries = Vec::new();
        for (key, entry) in auths {
            if let Some(credential) = entry
                .into_credential()
                .map_err(|()| DockerConfigError::Auth(key.clone()))?
            {
                entries.push((Pattern::parse(&key), credential));
            }
        }
        // Longest first, as the kubelet sorts its keys.
        entries.sort_by_key(|(pattern, _)| std::cmp::Reverse(pattern.length()));
        let identity = Identity::of([b"docker config".as_slice(), bytes]);
        Ok(Self {
            entries,
            helpers: BTreeMap::new(),
            store: None,
            identity,
            name: "docker configuration".to_owned(),
        })
    }

    async fn find(
        &self,
        resource: Resource<'_>,
        deadline: Deadline,
    ) -> Result<Option<Credential>, RegistryError> {
        let host = canonical_host(resource.host);
        if let Some(helper) = self.helpers.get(host) {
            return helper.get(server_key(host), deadline).await;
        }
        let found = self
            .entries
            .iter()
            .find(|(pattern, _)| pattern.matches(host, resource.repository));
        if let Some((_, credential)) = found {
            return Ok(Some(credential.clone()));
        }
        match &self.store {
            Some(store) => store.get(server_key(host), deadline).await,
            None => Ok(None),
        }
    }
}

impl CredentialSource for DockerConfig {
    fn credential<'a>(
        &'a self,
        resource: Resource<'a>,
        deadline: Deadline,
    ) -> BoxFuture<'a, Result<Option<Credential>, RegistryError>> {
        Box::pin(self.find(resource, deadline))
    }

    fn identity(&self) -> Identity {
        self.identity
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

impl Entry {
    /// The strongest credential of the entry; none if it is empty, as entries beside a `credsStore` are.
    fn into_credential(self) -> Result<Option<Credential>, ()> {
        let filled = |field: Option<String>| field.filter(|text| !text.is_empty());
        if let Some(token) = filled(self.registrytoken) {
            return Ok(Some(Credential::RegistryToken(Secret::new(&token))));
        }
        if let Some(token) = filled(self.identitytoken) {
            return Ok(Some(Credential::IdentityToken(Secret::new(&token))));
        }
        if let Some(auth) = filled(self.auth) {
            let (username, password) = decoded(&auth).ok_or(())?;
            return Ok(Some(Credential::Password { username, password }));
        }
        Ok(filled(self.username).map(|username| Credential::Password {
            username,
            password: Secret::new(&self.password.unwrap_or_default()),
        }))
    }
}

/// `base64(user:password)`; docker pads old entries with NUL bytes.
fn decoded(auth: &str) -> Option<(String, Secret)> {
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(auth.trim())
        .ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (username, password) = text.split_once(':')?;
    Some((username.to_owned(), Secret::new(password.trim_end_matches('\0'))))
}

fn from_json<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, DockerConfigError> {
    if bytes.len() > limits::MAX_DOCKER_CONFIG_BYTES {
        return Err(DockerConfigError::TooLarge);
    }
    // serde's text can hold a piece of the input, and the input is a secret: only its place is told.
    serde_json::from_slice(bytes)
        .map_err(|error| DockerConfigError::Json(format!("line {}, column {}", error.line(), error.column())))
}

fn helper_named(name: &str) -> Result<CredentialHelper, DockerConfigError> {
    CredentialHelper::named(name).ok_or_else(|| DockerConfigError::Helper(crate::error::quoted(name)))
}

/// Docker Hub has three names; credentials know it by one.
pub(crate) fn canonical_host(host: &str) -> &str {
    match host {
        "docker.io" | "registry-1.docker.io" | "registry.hub.docker.com" => "index.docker.io",
        other => other,
    }
}

fn server_key(host: &str) -> &str {
    if host == "index.docker.io" {
        DOCKER_HUB_KEY
    } else {
        host
    }
}

/// The key of an `auths` entry: `[scheme://]host[:port][/path]`, the host's labels perhaps with `*`
#[derive(Debug, Clone)]
struct Pattern {
    host: String,
    path: String,
}

impl Pattern {
    fn parse(key: &str) -> Self {
        let key = key
            .strip_prefix("https://")
            .or_else(|| key.strip_prefix("http://"))
            .unwrap_or(key);
        let (host, path) = key.split_once('/').unwrap_or((key, ""));
        let path = path.trim_end_matches('/');
        // The API versions docker writes after a host are no part of a repository.
        let path = if matches!(path, "v1" | "v2") { "" } else { path };
        Self {
            host: canonical_host(host).to_owned(),
            path: path.to_owned(),
        }
    }

    fn host(&self) -> &str {
        &self.host
    }

    fn length(&self) -> usize {
        self.host.len().saturating_add(self.path.len())
    }

    fn matches(&self, host: &str, repository: &str) -> bool {
        let (pattern_host, pattern_port) = split_port(&self.host);
        let (host, port) = split_port(host);
        pattern_port == port
            && pattern_host.split('.').count() == host.split('.').count()
            && pattern_host
                .split('.')
                .zip(host.split('.'))
                .all(|(pattern, label)| label_matches(pattern, label))
            && repository.starts_with(&self.path)
    }
}

fn split_port(host: &str) -> (&str, &str) {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, port),
        _ => (host, ""),
    }
}

/// Whether one label matches; `*` stands for any run of characters within it.
fn label_matches(pattern: &str, label: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('*') else {
        return pattern.eq_ignore_ascii_case(label);
    };
    let Some(mut rest) = label.strip_prefix(head) else {
        return false;
    };
    let mut pieces = tail.split('*').peekable();
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return rest.ends_with(piece);
        }
        match rest.split_once(piece) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests;
