//! Where a reference's repository is asked for.
//!
//! In: an [`ImageReference`]. Out: host and repository as they stand in a registry's URL.
//! Source: go-containerregistry `name.ParseReference` of the canonical text (`docker.io` is
//! `index.docker.io`, one-component names there live under `library/`). It differs in one thing on purpose:
//! `localhost/app` is asked at `localhost`, where the kubelet pulls it, not at Docker Hub.

use std::fmt;

use crate::reference::ImageReference;

/// Host that answers for Docker Hub
pub const DOCKER_HUB_HOST: &str = "index.docker.io";

/// Shortest repository go-containerregistry takes, in bytes
const MIN_REPOSITORY_BYTES: usize = 2;

/// Longest repository go-containerregistry takes, in bytes
const MAX_REPOSITORY_BYTES: usize = 255;

/// A repository at a registry host
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepositoryLocation {
    host: String,
    repository: String,
}

/// A reference that parses but that no registry is asked for
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LocationError {
    /// The repository is shorter than 2 or longer than 255 bytes
    #[error("repository must be between 2 and 255 characters in length: {repository}")]
    Length {
        /// The repository
        repository: String,
    },
    /// The registry has neither dot nor port, so it stands for a repository at Docker Hub, where upper-case
    /// letters cannot be
    #[error(
        "repository can only contain the characters `abcdefghijklmnopqrstuvwxyz0123456789_-./`: {repository}"
    )]
    Characters {
        /// The repository
        repository: String,
    },
}

impl RepositoryLocation {
    /// Host, with the port if one was named.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Repository as it stands after `/v2/`.
    #[must_use]
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// Reads `host[:port]/repository` or a Docker Hub repository, as a policy's `repository` field has it.
    ///
    /// # Errors
    /// [`LocationError`] as [`ImageReference::location`]; text with other characters than a repository has is
    /// [`LocationError::Characters`].
    pub fn parse(text: &str) -> Result<Self, LocationError> {
        let (first, rest) = text.split_once('/').unwrap_or(("", text));
        if is_host(first) && crate::grammar::is_domain(first) {
            Self::new(first, rest.to_owned())
        } else {
            Self::new("", text.to_owned())
        }
    }

    fn new(host: &str, repository: String) -> Result<Self, LocationError> {
        let host = if matches!(host, "" | "docker.io") {
            DOCKER_HUB_HOST
        } else {
            host
        };
        let length = MIN_REPOSITORY_BYTES..=MAX_REPOSITORY_BYTES;
        if !crate::grammar::is_path(&repository) {
            return Err(LocationError::Characters { repository });
        }
        if !length.contains(&repository.len()) {
            return Err(LocationError::Length { repository });
        }
        let repository = if host == DOCKER_HUB_HOST && !repository.contains('/') {
            format!("library/{repository}")
        } else {
            repository
        };
        if !length.contains(&repository.len()) {
            return Err(LocationError::Length { repository });
        }
        Ok(Self {
            host: host.to_owned(),
            repository,
        })
    }
}

impl fmt::Display for RepositoryLocation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.host, self.repository)
    }
}

impl ImageReference {
    /// The repository a registry client asks for this image.
    ///
    /// # Errors
    /// [`LocationError`] when no registry could hold it.
    pub fn location(&self) -> Result<RepositoryLocation, LocationError> {
        if is_host(self.registry()) {
            RepositoryLocation::new(self.registry(), self.path().to_owned())
        } else {
            RepositoryLocation::new("", self.repository())
        }
    }
}

/// Whether a first component is a host when fetching: narrower than when parsing, where case counts too.
fn is_host(component: &str) -> bool {
    component.contains(['.', ':']) || component == "localhost"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::default_registry::DefaultRegistry;

    fn location(text: &str) -> Result<String, LocationError> {
        let reference = ImageReference::parse(text, &DefaultRegistry::default()).unwrap();
        reference.location().map(|location| location.to_string())
    }

    #[test]
    fn docker_hub_is_asked_under_library() {
        assert_eq!(location("nginx").unwrap(), "index.docker.io/library/nginx");
        assert_eq!(
            location("docker.io/acme/api:1").unwrap(),
            "index.docker.io/acme/api"
        );
        assert_eq!(location("ghcr.io/nginx").unwrap(), "ghcr.io/nginx");
        assert_eq!(location("localhost:5000/a/b").unwrap(), "localhost:5000/a/b");
        let hidden = DefaultRegistry::new("ghcr.io", false).unwrap();
        let reference = ImageReference::parse("nginx", &hidden).unwrap();
        assert_eq!(
            reference.location().unwrap().to_string(),
            "index.docker.io/library/nginx"
        );
    }

    #[test]
    fn an_image_is_asked_where_the_kubelet_pulls_it() {
        assert_eq!(location("localhost/acme/api").unwrap(), "localhost/acme/api");
    }

    #[test]
    fn what_no_registry_could_hold_is_an_error() {
        assert!(matches!(location("ghcr.io/a"), Err(LocationError::Length { .. })));
        assert!(matches!(
            location("ACME/api"),
            Err(LocationError::Characters { .. })
        ));
    }

    #[test]
    fn a_repository_override_is_read_like_a_name() {
        let parse = |text| RepositoryLocation::parse(text).map(|location| location.to_string());
        assert_eq!(
            parse("ghcr.io/acme/signatures").unwrap(),
            "ghcr.io/acme/signatures"
        );
        assert_eq!(parse("signatures").unwrap(), "index.docker.io/library/signatures");
        assert!(parse("ghcr.io/acme/../../x").is_err());
        assert!(parse("").is_err());
    }
}
