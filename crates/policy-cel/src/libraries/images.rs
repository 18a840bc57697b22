//! Kyverno's `parseImageReference`, `isImage` and what can be asked of a reference.
//!
//! The rules are go-containerregistry's, which differ from those of classic policies: `nginx` is `index.docker.io/library/nginx:latest`,
//! and a reference with a digest has no tag. Sources: Kyverno 1.19 `sdk/extensions/cel/libs/image`, go-containerregistry `pkg/name`.

use std::any::Any;

use super::arguments::{opaque, string};
use crate::context::Context;
use crate::declaration::{Declared, walking};
use crate::error::EvalError;
use crate::value::{Opaque, Value};

pub(crate) const FUNCTIONS: &[Declared] = &[
    walking("image", "(string) -> kyverno.image", parsed),
    walking("parseImageReference", "(string) -> kyverno.image", parsed),
    walking("isImage", "(string) -> bool", |_, a| {
        Ok(Value::Bool(Reference::parse(string(a, 0)?).is_some()))
    }),
    walking("containsDigest", "kyverno.image.() -> bool", |_, a| {
        Ok(Value::Bool(opaque::<Reference>(a, 0)?.digest.is_some()))
    }),
    walking("registry", "kyverno.image.() -> string", |context, a| {
        text(context, &opaque::<Reference>(a, 0)?.registry)
    }),
    walking("repository", "kyverno.image.() -> string", |context, a| {
        text(context, &opaque::<Reference>(a, 0)?.repository)
    }),
    walking("identifier", "kyverno.image.() -> string", |context, a| {
        let reference = opaque::<Reference>(a, 0)?;
        text(context, reference.digest.as_deref().unwrap_or(&reference.tag))
    }),
    walking("tag", "kyverno.image.() -> string", |context, a| {
        let reference = opaque::<Reference>(a, 0)?;
        text(
            context,
            if reference.digest.is_some() {
                ""
            } else {
                &reference.tag
            },
        )
    }),
    walking("digest", "kyverno.image.() -> string", |context, a| {
        text(
            context,
            opaque::<Reference>(a, 0)?.digest.as_deref().unwrap_or(""),
        )
    }),
];

/// Where images without a registry are
const DEFAULT_REGISTRY: &str = "index.docker.io";

/// Longest tag, in bytes
const MAX_TAG_BYTES: usize = 128;

/// Shortest and longest repository, in bytes
const REPOSITORY_BYTES: std::ops::RangeInclusive<usize> = 2..=255;

#[derive(Debug, PartialEq, Eq)]
struct Reference {
    registry: String,
    repository: String,
    tag: String,
    digest: Option<String>,
}

impl Opaque for Reference {
    fn type_name(&self) -> &str {
        "kyverno.image"
    }

    fn equals(&self, other: &dyn Opaque) -> bool {
        other.downcast::<Self>() == Some(self)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn text<'v>(context: &mut Context<'_, 'v>, text: &str) -> Result<Value<'v>, EvalError> {
    context.string(text.to_owned())
}

fn parsed<'v>(_: &mut Context<'_, 'v>, arguments: &[Value<'v>]) -> Result<Value<'v>, EvalError> {
    let text = string(arguments, 0)?;
    let reference = Reference::parse(text);
    reference
        .map(Value::opaque)
        .ok_or_else(|| EvalError::failed(format!("could not parse reference: {text}")))
}

impl Reference {
    fn parse(text: &str) -> Option<Self> {
        Self::tagged(text).or_else(|| {
            let (base, digest) = text.split_once('@')?;
            let valid = is_digest(digest);
            let base = Self::tagged(base).filter(|_| valid)?;
            Some(Self {
                digest: Some(digest.to_owned()),
                ..base
            })
        })
    }

    fn tagged(text: &str) -> Option<Self> {
        let (base, tag) = match text.rsplit_once(':') {
            Some((base, tag)) if !tag.contains('/') => (base, tag),
            Some(_) | None => (text, ""),
        };
        let in_tag = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        if tag.len() > MAX_TAG_BYTES || !tag.bytes().all(in_tag) {
            return None;
        }
        let (registry, repository) = match base.split_once('/') {
            Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (first, rest),
            Some(_) | None => ("", base),
        };
        let in_repository =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-./".contains(&byte);
        if !REPOSITORY_BYTES.contains(&repository.len()) || !repository.bytes().all(in_repository) {
            return None;
        }
        if !is_registry(registry) {
            return None;
        }
        let registry = match registry {
            "" | "docker.io" => DEFAULT_REGISTRY,
            other => other,
        };
        let implicit = registry == DEFAULT_REGISTRY && !repository.contains('/');
        let repository = if implicit {
            format!("library/{repository}")
        } else {
            repository.to_owned()
        };
        let tag = if tag.is_empty() { "latest" } else { tag };
        Some(Self {
            registry: registry.to_owned(),
            repository,
            tag: tag.to_owned(),
            digest: None,
        })
    }
}

fn is_registry(name: &str) -> bool {
    let in_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]~".contains(&byte);
    let port = name.rsplit_once(':').map_or("", |(_, port)| port);
    name.bytes().all(in_host) && port.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_digest(text: &str) -> bool {
    let hexadecimal = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.strip_prefix("sha256:")
        .is_some_and(|hex| hex.len() == 64 && hex.bytes().all(hexadecimal))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_completed_as_go_containerregistry_completes_them() {
        let parts = |text: &str| {
            Reference::parse(text).map(|r| (r.registry, r.repository, r.tag, r.digest.is_some()))
        };
        let of = |a: &str, b: &str, c: &str, d| Some((a.to_owned(), b.to_owned(), c.to_owned(), d));
        assert_eq!(
            parts("nginx"),
            of("index.docker.io", "library/nginx", "latest", false)
        );
        assert_eq!(parts("docker.io/a/b:1"), of("index.docker.io", "a/b", "1", false));
        assert_eq!(
            parts("localhost:5000/ab"),
            of("localhost:5000", "ab", "latest", false)
        );
        let pinned = format!("ghcr.io/a/b:1@sha256:{}", "0".repeat(64));
        assert_eq!(parts(&pinned), of("ghcr.io", "a/b", "1", true));
        for bad in ["", "x", "Nginx", "a/b@sha256:12", "ab:c:d@e", "a b"] {
            assert_eq!(parts(bad), None, "{bad}");
        }
    }
}
