//! What a request asks for: the paths of the distribution specification 1.1.

/// A request, sorted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// `/v2/`
    Ping,
    /// `/token`
    Token,
    /// `/v2/NAME/manifests/REFERENCE`
    Manifest { repository: String, reference: String },
    /// `/v2/NAME/blobs/DIGEST`
    Blob { repository: String, digest: String },
    /// `/v2/NAME/tags/list`
    Tags { repository: String },
    /// `/v2/NAME/referrers/DIGEST`
    Referrers { repository: String, digest: String },
    /// Anything else.
    Unknown,
}

impl Route {
    pub(crate) fn of(path: &str) -> Self {
        if path == "/token" {
            return Self::Token;
        }
        let Some(rest) = path.strip_prefix("/v2") else {
            return Self::Unknown;
        };
        if rest.is_empty() || rest == "/" {
            return Self::Ping;
        }
        // From the right: a repository may itself be called `manifests/blobs`.
        let mut parts = rest.trim_start_matches('/').rsplitn(3, '/');
        let (Some(last), Some(kind), Some(repository)) = (parts.next(), parts.next(), parts.next()) else {
            return Self::Unknown;
        };
        let (repository, last) = (repository.to_owned(), last.to_owned());
        match kind {
            "manifests" => Self::Manifest {
                repository,
                reference: last,
            },
            "blobs" => Self::Blob {
                repository,
                digest: last,
            },
            "referrers" => Self::Referrers {
                repository,
                digest: last,
            },
            "tags" if last == "list" => Self::Tags { repository },
            _ => Self::Unknown,
        }
    }

    /// The repository a token must be for.
    pub(crate) fn repository(&self) -> Option<&str> {
        match self {
            Self::Manifest { repository, .. }
            | Self::Blob { repository, .. }
            | Self::Tags { repository }
            | Self::Referrers { repository, .. } => Some(repository),
            Self::Ping | Self::Token | Self::Unknown => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_named_like_a_path_word_is_still_found() {
        let route = Route::of("/v2/team/manifests/blobs/manifests/latest");
        let expected = Route::Manifest {
            repository: "team/manifests/blobs".to_owned(),
            reference: "latest".to_owned(),
        };
        assert_eq!(route, expected);
    }

    #[test]
    fn a_path_outside_the_specification_is_unknown() {
        for path in [
            "/",
            "/v1/acme/manifests/x",
            "/v2/manifests/x",
            "/v2/acme/tags/other",
            "/v2/acme/uploads/x",
        ] {
            assert_eq!(Route::of(path), Route::Unknown, "{path}");
        }
    }
}
