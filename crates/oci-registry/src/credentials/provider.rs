//! Cloud credential providers, by Kyverno's names: `default`, `amazon`, `azure`, `google`, `github`.
//!
//! In: a provider's name. Out: credentials for that cloud's registries, from the helper its vendor ships
//! (`docker-credential-ecr-login`, …), or for GitHub from `$GITHUB_TOKEN`.
//! Never: a cloud's token at a host that is not one of that cloud's (CVE-2025-27403): each provider answers for host
//! names under its own suffixes and for nothing else.

use futures_util::future::BoxFuture;

use super::docker_config::canonical_host;
use super::helper::CredentialHelper;
use super::secret::Secret;
use super::{Credential, CredentialSource, Identity, Resource};
use crate::deadline::Deadline;
use crate::error::RegistryError;

/// User name GitHub's registry takes with any token
const GITHUB_USERNAME: &str = "unset";

/// Credentials of one cloud
#[derive(Debug, Clone)]
pub struct ProviderCredentials {
    cloud: Cloud,
    means: Means,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cloud {
    Amazon,
    Azure,
    Google,
    GitHub,
}

#[derive(Debug, Clone)]
enum Means {
    Helper(CredentialHelper),
    Token(Option<Secret>),
}

impl ProviderCredentials {
    /// The provider called `name`; none for `default`, which is the docker configuration, and for unknown names.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let (cloud, helper) = match name {
            "amazon" => (Cloud::Amazon, "ecr-login"),
            "azure" => (Cloud::Azure, "acr-env"),
            "google" => (Cloud::Google, "gcr"),
            "github" => {
                let token = std::env::var("GITHUB_TOKEN")
                    .ok()
                    .filter(|token| !token.is_empty());
                let means = Means::Token(token.as_deref().map(Secret::new));
                return Some(Self {
                    cloud: Cloud::GitHub,
                    means,
                });
            }
            _ => return None,
        };
        CredentialHelper::named(helper).map(|helper| Self {
            cloud,
            means: Means::Helper(helper),
        })
    }

    async fn find(
        &self,
        resource: Resource<'_>,
        deadline: Deadline,
    ) -> Result<Option<Credential>, RegistryError> {
        if !self.cloud.owns(resource.host) {
            return Ok(None);
        }
        match &self.means {
            Means::Helper(helper) => helper.get(canonical_host(resource.host), deadline).await,
            Means::Token(token) => Ok(token.clone().map(|password| Credential::Password {
                username: GITHUB_USERNAME.to_owned(),
                password,
            })),
        }
    }
}

impl Cloud {
    /// Whether `host` is a registry of this cloud; a host with a port is none.
    fn owns(self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        let is_under = |suffix: &str| {
            host.strip_suffix(suffix)
                .is_some_and(|name| name.ends_with('.') && name.len() > 1)
        };
        match self {
            Self::Amazon => {
                // <account>.dkr.ecr[-fips].<region>.amazonaws.com[.cn]
                let labels: Vec<&str> = host.split('.').collect();
                match labels.as_slice() {
                    [_, "dkr", "ecr" | "ecr-fips", _, "amazonaws", "com"]
                    | [_, "dkr", "ecr" | "ecr-fips", _, "amazonaws", "com", "cn"] => true,
                    _ => host == "public.ecr.aws",
                }
            }
            Self::Azure => ["azurecr.io", "azurecr.cn", "azurecr.us", "azurecr.de"]
                .into_iter()
                .any(is_under),
            Self::Google => {
                host == "gcr.io"
                    || is_under("gcr.io")
                    || host
                        .strip_suffix("-docker.pkg.dev")
                        .is_some_and(|region| !region.is_empty() && !region.contains('.'))
            }
            Self::GitHub => host == "ghcr.io",
        }
    }
}

impl CredentialSource for ProviderCredentials {
    fn credential<'a>(
        &'a self,
        resource: Resource<'a>,
        deadline: Deadline,
    ) -> BoxFuture<'a, Result<Option<Credential>, RegistryError>> {
        Box::pin(self.find(resource, deadline))
    }

    fn identity(&self) -> Identity {
        let cloud = match self.cloud {
            Cloud::Amazon => "amazon",
            Cloud::Azure => "azure",
            Cloud::Google => "google",
            Cloud::GitHub => "github",
        };
        let secret = match &self.means {
            Means::Helper(_) | Means::Token(None) => "",
            Means::Token(Some(token)) => token.expose(),
        };
        Identity::of(["provider", cloud, secret].map(str::as_bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// CVE-2025-27403: a host that only looks like the cloud's asks for, and gets, the cloud's token.
    #[test]
    fn a_cloud_s_token_is_for_that_cloud_s_hosts_alone() {
        for (cloud, own, foreign) in [
            (
                Cloud::Amazon,
                vec![
                    "123.dkr.ecr.eu-west-3.amazonaws.com",
                    "1.dkr.ecr-fips.us-east-1.amazonaws.com",
                    "public.ecr.aws",
                ],
                vec![
                    "123.dkr.ecr.eu-west-3.amazonaws.com.evil.com",
                    "evil.amazonaws.com",
                    "x.public.ecr.aws",
                ],
            ),
            (
                Cloud::Azure,
                vec!["acme.azurecr.io", "ACME.azurecr.cn"],
                vec![
                    "azurecr.io",
                    ".azurecr.io",
                    "acme.azurecr.io.evil.com",
                    "evilazurecr.io",
                    "acme.azurecr.io:8443",
                ],
            ),
            (
                Cloud::Google,
                vec!["gcr.io", "eu.gcr.io", "europe-docker.pkg.dev"],
                vec![
                    "evilgcr.io",
                    "gcr.io.evil.com",
                    "-docker.pkg.dev",
                    "evil.x-docker.pkg.dev",
                    "pkg.dev",
                ],
            ),
            (
                Cloud::GitHub,
                vec!["ghcr.io"],
                vec!["ghcr.io.evil.com", "x.ghcr.io", "ghcr.io:443"],
            ),
        ] {
            for host in own {
                assert!(cloud.owns(host), "{cloud:?} {host}");
            }
            for host in foreign {
                assert!(!cloud.owns(host), "{cloud:?} {host}");
            }
        }
    }

    #[test]
    fn only_known_providers_have_credentials() {
        for name in ["amazon", "azure", "google", "github"] {
            assert!(ProviderCredentials::named(name).is_some(), "{name}");
        }
        assert!(ProviderCredentials::named("default").is_none() && ProviderCredentials::named("x").is_none());
    }
}
