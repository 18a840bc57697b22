//! Where credentials come from, and to whom they belong.
//!
//! In: docker configurations, pull secrets, helpers, explicit values. Out: a [`Credential`] for one repository, or
//! none. Never: a secret in a `Debug` text, and never a credential configured for one host given for another.
//!
//!     Keychain ─▶ source* ─▶ the first that has something for host/repository

mod secret;
mod docker_config;
mod helper;
mod provider;

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use sha2::{Digest as _, Sha256};

use crate::deadline::Deadline;
use crate::error::{RegistryError, quoted};

pub(crate) use docker_config::canonical_host;
pub use docker_config::{DockerConfig, DockerConfigError};
pub use helper::CredentialHelper;
pub use provider::Cloud;
pub use secret::Secret;

/// What proves to a registry who asks
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// User name and password, for Basic authentication and for token servers
    Password {
        /// User name
        username: String,
        /// Password or access token
        password: Secret,
    },
    /// A refresh token (`identitytoken`): exchanged at the token server
    IdentityToken(Secret),
    /// A bearer token for the registry itself (`registrytoken`)
    RegistryToken(Secret),
}

impl Credential {
    /// Kind and user, for people; no secret.
    fn shown(&self) -> String {
        match self {
            Self::Password { username, .. } => format!("password of user `{}`", quoted(username)),
            Self::IdentityToken(_) => "refresh token".to_owned(),
            Self::RegistryToken(_) => "bearer token".to_owned(),
        }
    }
}

/// Which repository a credential is wanted for
#[derive(Debug, Clone, Copy)]
pub struct Resource<'a> {
    /// Host, with the port if it is not the scheme's
    pub host: &'a str,
    /// Repository at that host
    pub repository: &'a str,
}

/// Who asks: equal for equal sources, different for different secrets; tells nothing of them
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Identity([u8; 32]);

impl Identity {
    /// The identity of whoever knows `parts`.
    #[must_use]
    pub fn of<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            // Each part is hashed by itself, so that its borders cannot be shifted.
            hash.update(Sha256::digest(part));
        }
        Self(hash.finalize().into())
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "Identity({})",
            hex::encode(self.0.iter().copied().take(4).collect::<Vec<_>>())
        )
    }
}

/// Something that knows credentials
pub trait CredentialSource: Send + Sync + fmt::Debug {
    /// The credential for `resource`, or none if this source has nothing to say about it.
    ///
    /// The future fails with kind [`crate::RegistryErrorKind::Credentials`] when there is one but it cannot be had:
    /// asking anonymously instead would hide that.
    fn credential<'a>(
        &'a self,
        resource: Resource<'a>,
        deadline: Deadline,
    ) -> BoxFuture<'a, Result<Option<Credential>, RegistryError>>;

    /// Who this source speaks for: a hash over all that it could answer.
    fn identity(&self) -> Identity;

    /// What people call this source: `docker configuration`, `pull secret prod/registry`. No secret.
    fn name(&self) -> String;

    /// Why this source had nothing for `resource` lately though it should have: told when the registry then refuses who
    /// came without. None for most sources, which fail instead.
    fn complaint(&self, _resource: Resource<'_>) -> Option<String> {
        None
    }
}

/// What one source said about a resource; tells no secret
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceAnswer {
    /// The source's name.
    pub source: String,
    /// What it has: a credential's kind and user; `Ok(None)`: nothing; or why it could not be asked.
    pub found: Result<Option<String>, String>,
}

/// Sources in the order they are asked; empty: anonymous
#[derive(Debug, Clone, Default)]
pub struct Keychain {
    sources: Arc<[Arc<dyn CredentialSource>]>,
    identity: Identity,
}

impl Keychain {
    /// A keychain that asks `sources` in order.
    #[must_use]
    pub fn new(sources: Vec<Arc<dyn CredentialSource>>) -> Self {
        if sources.is_empty() {
            return Self::default();
        }
        let identities: Vec<_> = sources.iter().map(|source| source.identity()).collect();
        let identity = Identity::of(identities.iter().map(|identity| identity.0.as_slice()));
        Self {
            sources: sources.into(),
            identity,
        }
    }

    /// A keychain without credentials.
    #[must_use]
    pub fn anonymous() -> Self {
        Self::default()
    }

    /// Who asks: what is cached for one identity is not given to another.
    #[must_use]
    pub fn identity(&self) -> Identity {
        self.identity
    }

    /// The first source's credential for `resource`.
    ///
    /// # Errors
    /// The first source's that fails.
    pub async fn credential(
        &self,
        resource: Resource<'_>,
        deadline: Deadline,
    ) -> Result<Option<Credential>, RegistryError> {
        self.credential_after(0, resource, deadline).await
    }

    /// The credential for `resource` after as many others as the registry refused, as the kubelet tries one after
    /// another.
    ///
    /// # Errors
    /// The first source's that fails.
    pub(crate) async fn credential_after(
        &self,
        refused: usize,
        resource: Resource<'_>,
        deadline: Deadline,
    ) -> Result<Option<Credential>, RegistryError> {
        let mut left = refused;
        for source in self.sources.iter() {
            if let Some(credential) = source.credential(resource, deadline).await? {
                if left == 0 {
                    return Ok(Some(credential));
                }
                left = left.saturating_sub(1);
            }
        }
        Ok(None)
    }

    /// Why sources that should have had something for `resource` had nothing.
    #[must_use]
    pub fn complaints(&self, resource: Resource<'_>) -> Vec<String> {
        let sources = self.sources.iter();
        sources.filter_map(|source| source.complaint(resource)).collect()
    }

    /// What each source says about `resource`, in the order they are asked.
    pub async fn explain(&self, resource: Resource<'_>, deadline: Deadline) -> Vec<SourceAnswer> {
        let mut answers = Vec::new();
        for source in self.sources.iter() {
            let found = match source.credential(resource, deadline).await {
                Ok(Some(credential)) => Ok(Some(credential.shown())),
                Ok(None) => source.complaint(resource).map_or(Ok(None), Err),
                Err(error) => Err(error.to_string()),
            };
            answers.push(SourceAnswer {
                source: source.name(),
                found,
            });
        }
        answers
    }
}

/// One credential for one host, given on a command line or by a token exchange
#[derive(Debug, Clone)]
pub struct ExplicitCredential {
    host: String,
    credential: Credential,
}

impl ExplicitCredential {
    /// `credential` for `host` and no other.
    #[must_use]
    pub fn new(host: &str, credential: Credential) -> Self {
        Self {
            host: docker_config::canonical_host(host).to_owned(),
            credential,
        }
    }
}

impl CredentialSource for ExplicitCredential {
    fn credential<'a>(
        &'a self,
        resource: Resource<'a>,
        _deadline: Deadline,
    ) -> BoxFuture<'a, Result<Option<Credential>, RegistryError>> {
        let is_ours = docker_config::canonical_host(resource.host) == self.host;
        Box::pin(std::future::ready(Ok(is_ours.then(|| self.credential.clone()))))
    }

    fn identity(&self) -> Identity {
        let (kind, user, secret) = match &self.credential {
            Credential::Password { username, password } => ("password", username.as_str(), password),
            Credential::IdentityToken(token) => ("identity", "", token),
            Credential::RegistryToken(token) => ("registry", "", token),
        };
        Identity::of([kind, &self.host, user, secret.expose()].map(str::as_bytes))
    }

    fn name(&self) -> String {
        format!("credential given for {}", self.host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_secret_never_shows_in_a_debug_text() {
        let source = ExplicitCredential::new(
            "ghcr.io",
            Credential::Password {
                username: "u".into(),
                password: Secret::new("hunter2"),
            },
        );
        let keychain = Keychain::new(vec![Arc::new(source)]);
        assert!(!format!("{keychain:?}").contains("hunter2"));
    }

    #[tokio::test]
    async fn an_explicit_credential_is_for_its_host_alone() {
        let token = Credential::RegistryToken(Secret::new("t"));
        let keychain = Keychain::new(vec![Arc::new(ExplicitCredential::new(
            "docker.io",
            token.clone(),
        ))]);
        let deadline = Deadline::after(Duration::from_secs(1));
        let ask = |host| {
            let keychain = keychain.clone();
            async move {
                keychain
                    .credential(
                        Resource {
                            host,
                            repository: "x/y",
                        },
                        deadline,
                    )
                    .await
                    .unwrap()
            }
        };
        assert_eq!(ask("index.docker.io").await, Some(token));
        assert_eq!(ask("ghcr.io").await, None);
        assert_eq!(ask("index.docker.io.evil.com").await, None);
    }

    #[test]
    fn identities_differ_where_secrets_differ() {
        let identity = |host: &str, secret: &str| {
            ExplicitCredential::new(host, Credential::RegistryToken(Secret::new(secret))).identity()
        };
        assert_eq!(identity("a.io", "x"), identity("a.io", "x"));
        assert_ne!(identity("a.io", "x"), identity("a.io", "y"));
        assert_ne!(identity("a.io", "x"), identity("b.io", "x"));
        assert_ne!(Keychain::anonymous().identity(), identity("a.io", "x"));
    }
}
