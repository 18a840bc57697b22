//! Where a repository's requests really go: its own host, or the mirror configured for it.
//!
//! In: a [`RepositoryLocation`], [`Mirrors`]. Out: URLs.
//! Never: a path that a name could climb out of: repository, tag and digest are checked by their grammars first.

use std::collections::BTreeMap;

use image_reference::{Digest, RepositoryLocation, is_tag};
use url::Url;

use crate::addresses::{self, Nearness};
use crate::credentials::canonical_host;
use crate::error::{RegistryError, RegistryErrorKind, quoted};

/// How a host is spoken to
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Scheme {
    /// Encrypted
    Https,
    /// Plain
    Http,
}

impl Scheme {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
        }
    }
}

/// Which schemes may be tried for an endpoint
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Schemes {
    /// HTTPS and nothing else
    HttpsOnly,
    /// HTTP and nothing else: a mirror configured so
    HttpOnly,
    /// HTTPS, then HTTP
    HttpsThenHttp,
}

/// Hosts, or parts of them, whose requests go elsewhere while names stay theirs
#[derive(Debug, Clone, Default)]
pub struct Mirrors(BTreeMap<Mirrored, Endpoint>);

/// A host, and the beginning of repositories there in whole path components; empty: all of them
type Mirrored = (String, String);

/// A mirror that is not `HOST[/PATH]=URL`
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("mirror `{text}` is not HOST[/PATH]=URL with an http or https URL")]
pub struct MirrorError {
    text: String,
}

impl Mirrors {
    /// Adds `HOST=URL` or `HOST/PATH=URL`. A path in the URL stands before the repository:
    /// `docker.io=https://harbor.acme.example/hub` asks `/v2/hub/library/nginx/…`. A path after the host is rewritten:
    /// `ghcr.io/acme=https://harbor.acme.example/ours` asks `/v2/ours/app/…` for `ghcr.io/acme/app`. The longest path
    /// that begins the repository wins.
    ///
    /// # Errors
    /// [`MirrorError`] when the text is not of that form.
    pub fn add(&mut self, text: &str) -> Result<(), MirrorError> {
        let (mirrored, endpoint) = Self::read(text).ok_or_else(|| MirrorError { text: quoted(text) })?;
        self.0.insert(mirrored, endpoint);
        Ok(())
    }

    fn read(text: &str) -> Option<(Mirrored, Endpoint)> {
        let (mirrored, url) = text.split_once('=')?;
        let (host, dropped) = mirrored.split_once('/').unwrap_or((mirrored, ""));
        let dropped = dropped.trim_end_matches('/');
        let is_path = dropped
            .split('/')
            .all(|part| !part.is_empty() && !matches!(part, "." | ".."));
        if !(dropped.is_empty() || is_path) {
            return None;
        }
        let url = Url::parse(url).ok()?;
        let schemes = match url.scheme() {
            "https" => Schemes::HttpsOnly,
            "http" => Schemes::HttpOnly,
            _ => return None,
        };
        let is_bare = url.username().is_empty() && url.password().is_none() && url.query().is_none();
        let path = url.path().trim_matches('/');
        let prefix = path
            .strip_prefix("v2/")
            .unwrap_or(if path == "v2" { "" } else { path });
        let prefix = if prefix.is_empty() {
            String::new()
        } else {
            format!("{prefix}/")
        };
        let authority = url.authority().to_owned();
        let is_good = is_bare && !host.is_empty() && !authority.is_empty();
        is_good.then(|| {
            (
                (canonical_host(host).to_owned(), dropped.to_owned()),
                Endpoint {
                    authority,
                    dropped: dropped.to_owned(),
                    prefix,
                    schemes,
                },
            )
        })
    }

    /// Where requests for `location` go.
    pub(crate) fn endpoint(&self, location: &RepositoryLocation) -> Endpoint {
        let host = canonical_host(location.host());
        let repository = location.repository();
        let mirrors = self.0.iter().filter(|((mirrored, path), _)| {
            let rest = repository.strip_prefix(path.as_str());
            mirrored == host && rest.is_some_and(|rest| path.is_empty() || rest.starts_with('/'))
        });
        let nearest = mirrors.max_by_key(|((_, path), _)| path.len());
        nearest
            .map(|(_, endpoint)| endpoint.clone())
            .unwrap_or_else(|| Endpoint {
                authority: location.host().to_owned(),
                dropped: String::new(),
                prefix: String::new(),
                schemes: if is_loopback_authority(host) {
                    Schemes::HttpsThenHttp
                } else {
                    Schemes::HttpsOnly
                },
            })
    }
}

fn is_loopback_authority(authority: &str) -> bool {
    Url::parse(&format!("https://{authority}/"))
        .is_ok_and(|url| addresses::nearness_of(&url) == Nearness::Loopback)
}

/// A host with a port, and what stands before a repository there
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    authority: String,
    /// Beginning of the repository's name that the prefix stands for.
    dropped: String,
    prefix: String,
    schemes: Schemes,
}

impl Endpoint {
    /// Host and port.
    pub(crate) fn authority(&self) -> &str {
        &self.authority
    }

    /// The repository as this endpoint knows it.
    pub(crate) fn repository(&self, location: &RepositoryLocation) -> String {
        let repository = location.repository();
        let kept = repository.strip_prefix(&self.dropped).unwrap_or(repository);
        format!("{}{}", self.prefix, kept.trim_start_matches('/'))
    }

    /// The schemes to try, in order.
    pub(crate) fn schemes(&self, allow_insecure: bool) -> &'static [Scheme] {
        match (self.schemes, allow_insecure) {
            (Schemes::HttpOnly, _) => &[Scheme::Http],
            (Schemes::HttpsThenHttp, _) | (Schemes::HttpsOnly, true) => &[Scheme::Https, Scheme::Http],
            (Schemes::HttpsOnly, false) => &[Scheme::Https],
        }
    }

    /// The URL of `what` in `location`.
    ///
    /// # Errors
    /// Kind `Blocked` when the address is one no registry has, `Protocol` when no URL can be made of it.
    pub(crate) fn url(
        &self,
        scheme: Scheme,
        location: &RepositoryLocation,
        what: &Path<'_>,
    ) -> Result<Url, RegistryError> {
        let text = format!(
            "{}://{}/v2/{}/{what}",
            scheme.name(),
            self.authority,
            self.repository(location)
        );
        let url = Url::parse(&text)
            .ok()
            .filter(|url| {
                url.username().is_empty() && url.password().is_none() && url.path() == path_of(&text)
            })
            .ok_or_else(|| {
                RegistryError::new(RegistryErrorKind::Protocol, format!("no URL: {}", quoted(&text)))
            })?;
        if addresses::nearness_of(&url) == Nearness::Forbidden {
            let detail = format!("`{}` is not an address of a registry", self.authority);
            return Err(RegistryError::new(RegistryErrorKind::Blocked, detail));
        }
        Ok(url)
    }
}

/// The path of an absolute URL as it was written, to be compared with what the parser made of it.
fn path_of(text: &str) -> &str {
    let after_scheme = text.split_once("://").map_or(text, |(_, rest)| rest);
    let start = after_scheme.find('/').unwrap_or(after_scheme.len());
    after_scheme.get(start..).unwrap_or_default()
}

/// A manifest's name within its repository
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ManifestName {
    /// By content
    Digest(Digest),
    /// By a name that can move
    Tag(String),
}

impl ManifestName {
    /// A tag; none if `text` is not one.
    #[must_use]
    pub fn tag(text: &str) -> Option<Self> {
        is_tag(text).then(|| Self::Tag(text.to_owned()))
    }
}

/// What stands after the repository in a URL
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Path<'a> {
    Manifest(&'a ManifestName),
    Blob(&'a Digest),
    Referrers(&'a Digest),
}

impl std::fmt::Display for Path<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Manifest(ManifestName::Digest(digest)) => write!(out, "manifests/{digest}"),
            Self::Manifest(ManifestName::Tag(tag)) => write!(out, "manifests/{tag}"),
            Self::Blob(digest) => write!(out, "blobs/{digest}"),
            Self::Referrers(digest) => write!(out, "referrers/{digest}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(mirrors: &Mirrors, repository: &str, tag: &str) -> Result<String, RegistryErrorKind> {
        let location = RepositoryLocation::parse(repository).unwrap();
        let endpoint = mirrors.endpoint(&location);
        let scheme = endpoint.schemes(false)[0];
        let name = ManifestName::Tag(tag.to_owned());
        endpoint
            .url(scheme, &location, &Path::Manifest(&name))
            .map(String::from)
            .map_err(|error| error.kind())
    }

    #[test]
    fn a_mirror_answers_under_the_name_of_its_host() {
        let mut mirrors = Mirrors::default();
        mirrors.add("docker.io=http://127.0.0.1:5012/hub").unwrap();
        mirrors.add("ghcr.io=https://mirror.example/v2/ghcr/").unwrap();
        assert_eq!(
            url(&mirrors, "nginx", "1").unwrap(),
            "http://127.0.0.1:5012/v2/hub/library/nginx/manifests/1"
        );
        assert_eq!(
            url(&mirrors, "ghcr.io/a/b", "1").unwrap(),
            "https://mirror.example/v2/ghcr/a/b/manifests/1"
        );
        assert_eq!(
            url(&mirrors, "quay.io/a/b", "1").unwrap(),
            "https://quay.io/v2/a/b/manifests/1"
        );
        mirrors.add("ghcr.io/acme=https://harbor.example/ours").unwrap();
        mirrors.add("ghcr.io/acme/deep/=https://deep.example").unwrap();
        for (repository, path) in [
            (
                "ghcr.io/acme/app",
                "https://harbor.example/v2/ours/app/manifests/1",
            ),
            ("ghcr.io/acme/deep/app", "https://deep.example/v2/app/manifests/1"),
            (
                "ghcr.io/acmeish/app",
                "https://mirror.example/v2/ghcr/acmeish/app/manifests/1",
            ),
        ] {
            assert_eq!(url(&mirrors, repository, "1").unwrap(), path);
        }
        for bad in [
            "ghcr.io/../x=https://x",
            "ghcr.io//x=https://x",
            "",
            "x",
            "ghcr.io=",
            "ghcr.io=ftp://x",
            "ghcr.io=http://u:p@x",
            "=http://x",
        ] {
            assert!(mirrors.add(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_metadata_service_is_never_asked() {
        let mirrors = Mirrors::default();
        assert_eq!(
            url(&mirrors, "169.254.169.254/latest/meta", "1"),
            Err(RegistryErrorKind::Blocked)
        );
        assert_eq!(
            url(&mirrors, "[fe80::1]/a/b", "1"),
            Err(RegistryErrorKind::Blocked)
        );
    }

    #[test]
    fn a_name_cannot_climb_out_of_its_repository() {
        assert_eq!(
            url(&Mirrors::default(), "ghcr.io/a/b", "../../c"),
            Err(RegistryErrorKind::Protocol)
        );
        assert_eq!(
            url(&Mirrors::default(), "ghcr.io/a/b", "x?y"),
            Err(RegistryErrorKind::Protocol)
        );
        assert_eq!(ManifestName::tag("../x"), None);
    }

    #[test]
    fn plain_http_is_for_loopback_and_where_it_is_allowed() {
        let schemes = |host: &str, allowed| {
            let location = RepositoryLocation::parse(&format!("{host}/a/b")).unwrap();
            Mirrors::default().endpoint(&location).schemes(allowed).len()
        };
        assert_eq!((schemes("ghcr.io", false), schemes("ghcr.io", true)), (1, 2));
        assert_eq!(
            (schemes("127.0.0.1:5000", false), schemes("localhost:5000", false)),
            (2, 2)
        );
        assert_eq!(schemes("10.0.0.1:5000", false), 1);
    }
}
