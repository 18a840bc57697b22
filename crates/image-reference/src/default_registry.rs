//! Which registry a name without one belongs to.
//!
//! In: `defaultRegistry` and `enableDefaultRegistryMutation` of the configuration. Out: [`DefaultRegistry`].
//! Source: Kyverno 1.19 `pkg/config` and `addDefaultRegistry`.

use crate::grammar;

/// The registry put before names that carry none, and whether it shows in the result
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefaultRegistry {
    name: String,
    shown: bool,
}

/// The configured default registry could not stand before a name
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("default registry `{name}` is not a registry host, optionally followed by a path")]
pub struct DefaultRegistryError {
    name: String,
}

impl Default for DefaultRegistry {
    /// `docker.io`, shown
    fn default() -> Self {
        Self {
            name: "docker.io".to_owned(),
            shown: true,
        }
    }
}

impl DefaultRegistry {
    /// A default registry; `name` may carry a path (`123.dkr.ecr.eu-west-3.amazonaws.com/docker`).
    ///
    /// `shown` is Kyverno's `enableDefaultRegistryMutation`: when false, names without a registry are parsed
    /// under the default but keep an empty registry.
    ///
    /// # Errors
    /// [`DefaultRegistryError`] when `name` would not be recognised as a registry at the head of a reference.
    pub fn new(name: &str, shown: bool) -> Result<Self, DefaultRegistryError> {
        let (host, path) = name
            .split_once('/')
            .map_or((name, None), |(host, path)| (host, Some(path)));
        if names_a_registry(host) && grammar::is_domain(host) && path.is_none_or(grammar::is_path) {
            Ok(Self {
                name: name.to_owned(),
                shown,
            })
        } else {
            Err(DefaultRegistryError {
                name: name.to_owned(),
            })
        }
    }

    /// The configured name, path suffix included.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the default registry appears in references that did not name one.
    #[must_use]
    pub fn is_shown(&self) -> bool {
        self.shown
    }

    /// `text` with a registry, and whether this default was put before it.
    pub(crate) fn complete(&self, text: &str) -> (String, bool) {
        match text.split_once('/') {
            Some((first, _)) if names_a_registry(first) => (text.to_owned(), false),
            _ => (format!("{}/{text}", self.name), true),
        }
    }
}

/// Whether the first component of a name is a registry: it has a dot, a port or an upper-case letter, or is
/// `localhost`.
fn names_a_registry(component: &str) -> bool {
    component.contains(['.', ':'])
        || component == "localhost"
        || component.chars().any(|letter| letter.to_lowercase().ne([letter]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_that_would_not_be_read_back_as_a_registry_is_refused() {
        for good in [
            "docker.io",
            "localhost",
            "r:5000",
            "ECR",
            "123.dkr.ecr.aws.com/docker",
        ] {
            assert!(DefaultRegistry::new(good, true).is_ok(), "{good}");
        }
        for bad in [
            "",
            "mirror",
            "my_reg.io",
            "docker.io/",
            "docker.io/Up",
            "https://docker.io",
        ] {
            assert!(DefaultRegistry::new(bad, true).is_err(), "{bad}");
        }
    }
}
