//! Logins at the clouds' own registries: ECR, ACR, Artifact Registry and GCR, GitHub's packages.
//!
//! In: a host that its cloud owns. Out: a credential, by the identity this process has at that cloud. Never: a credential
//! for another host (CVE-2025-27403). A login that fails is no error at once: the image may be public, and Kyverno asks
//! anonymously then; but if the registry refuses, its error says why the login failed, and the login is not tried again for
//! [`FAILURE_LIFE`].

mod amazon;
mod azure;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use oci_registry::{
    Cloud, Credential, CredentialSource, Deadline, Identity, RegistryError, Resource, Secret,
};

use crate::cloud::{Clouds, Timed, Wallet};

/// How long a login that failed is not tried again.
const FAILURE_LIFE: Duration = Duration::from_secs(60);
/// Longest wait for a login: an anonymous question may still be answered after it.
const LOGIN_TIMEOUT: Duration = Duration::from_secs(5);
/// Hosts whose failures are remembered; beyond them all are forgotten.
const MOST_FAILURES: usize = 64;
/// User name that GitHub's registry takes with any token, as Kyverno writes it.
const GITHUB_USERNAME: &str = "unset";
/// User name that Google's registries take with an access token.
const GOOGLE_USERNAME: &str = "oauth2accesstoken";

/// Logins at one cloud's registries.
#[derive(Debug)]
pub(crate) struct ProviderLogin {
    cloud: Cloud,
    clouds: Clouds,
    kept: Wallet<Credential>,
    failures: Mutex<BTreeMap<String, (Instant, String)>>,
}

impl ProviderLogin {
    /// Logins at `cloud`.
    pub(crate) fn new(cloud: Cloud, clouds: Clouds) -> Self {
        Self {
            cloud,
            clouds,
            kept: Wallet::default(),
            failures: Mutex::default(),
        }
    }

    async fn find(&self, host: &str, deadline: Deadline) -> Option<Credential> {
        if !self.cloud.owns(host) || self.failure(host).is_some() {
            return None;
        }
        let host = host.to_ascii_lowercase();
        let login = self.kept.get(&host, self.log_in(&host));
        let until = deadline.within(LOGIN_TIMEOUT).instant();
        let found = match tokio::time::timeout_at(until.into(), login).await {
            Ok(found) => found,
            Err(_) => Err("no answer in time".to_owned()),
        };
        match found {
            Ok(credential) => Some(credential),
            Err(cause) if cause.is_empty() => None,
            Err(cause) => {
                tracing::warn!(provider = self.cloud.name(), %host, %cause, "login failed, asking anonymously");
                self.remember_failure(host, cause);
                None
            }
        }
    }

    async fn log_in(&self, host: &str) -> Result<Timed<Credential>, String> {
        let password = |username: &str, password: Secret| Credential::Password {
            username: username.to_owned(),
            password,
        };
        match self.cloud {
            Cloud::Amazon => amazon::log_in(&self.clouds.amazon, host).await,
            Cloud::Azure => azure::log_in(&self.clouds, host, &format!("https://{host}")).await,
            Cloud::Google => {
                let token = self.clouds.google.token().await?;
                // Short: the token itself is kept with its own end.
                Ok(Timed::seconds(password(GOOGLE_USERNAME, token), 90))
            }
            Cloud::GitHub => match self.clouds.means.environment().get("GITHUB_TOKEN") {
                Some(token) => Ok(Timed::long(password(GITHUB_USERNAME, Secret::new(token)))),
                // Nobody meant to log in.
                None => Err(String::new()),
            },
        }
    }

    fn failure(&self, host: &str) -> Option<String> {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, cause) = failures.get(&host.to_ascii_lowercase())?;
        (since.elapsed() < FAILURE_LIFE).then(|| cause.clone())
    }

    fn remember_failure(&self, host: String, cause: String) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() >= MOST_FAILURES {
            failures.clear();
        }
        failures.insert(host, (Instant::now(), cause));
    }
}

impl CredentialSource for ProviderLogin {
    fn credential<'a>(
        &'a self,
        resource: Resource<'a>,
        deadline: Deadline,
    ) -> BoxFuture<'a, Result<Option<Credential>, RegistryError>> {
        Box::pin(async move { Ok(self.find(resource.host, deadline).await) })
    }

    fn identity(&self) -> Identity {
        // One process has one identity at a cloud.
        Identity::of(["provider", self.cloud.name()].map(str::as_bytes))
    }

    fn name(&self) -> String {
        format!("provider {}", self.cloud.name())
    }

    fn complaint(&self, resource: Resource<'_>) -> Option<String> {
        let cause = self.failure(resource.host)?;
        Some(format!(
            "provider {} could not log in: {cause}",
            self.cloud.name()
        ))
    }
}

#[cfg(test)]
mod tests;
