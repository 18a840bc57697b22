//! Clouds that hand out credentials for their own registries, by Kyverno's names: `amazon`, `azure`, `google`, `github`.
//!
//! In: a provider's name, a host. Out: whether the host is a registry of that cloud. Never: a credential; how one is had
//! is the caller's matter, and that it goes to no other host than the cloud's own (CVE-2025-27403) is decided here: each
//! cloud owns host names under its own suffixes and nothing else.

/// A cloud with registries
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cloud {
    /// Amazon's Elastic Container Registry
    Amazon,
    /// Azure Container Registry
    Azure,
    /// Google's Artifact Registry and Container Registry
    Google,
    /// GitHub's packages
    GitHub,
}

impl Cloud {
    /// The provider called `name`; none for `default`, which is the docker configuration, and for unknown names.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Amazon, Self::Azure, Self::Google, Self::GitHub]
            .into_iter()
            .find(|cloud| cloud.name() == name)
    }

    /// Kyverno's name for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Amazon => "amazon",
            Self::Azure => "azure",
            Self::Google => "google",
            Self::GitHub => "github",
        }
    }

    /// Whether `host` is a registry of this cloud; a host with a port is none.
    #[must_use]
    pub fn owns(self, host: &str) -> bool {
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
    fn providers_are_known_by_kyverno_s_names() {
        for name in ["amazon", "azure", "google", "github"] {
            assert_eq!(Cloud::named(name).map(Cloud::name), Some(name));
        }
        assert!(Cloud::named("default").is_none() && Cloud::named("x").is_none());
    }
}
