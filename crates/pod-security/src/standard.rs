//! Which standard is asked for: a level and a version, `restricted:v1.24` or `baseline:latest`.

use std::fmt;

/// How strict the standard is.
///
/// `Privileged` runs every check, as Kyverno does; a policy that means "no restrictions" has no such rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Written `privileged`; Kyverno evaluates it like [`Level::Restricted`]
    Privileged,
    /// Prevents known privilege escalations
    Baseline,
    /// Current hardening practice
    Restricted,
}

/// The Kubernetes minor version whose edition of the standards applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// The newest edition known here
    Latest,
    /// `v1.<minor>`
    Minor(u32),
}

/// A level and a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standard {
    /// How strict
    pub level: Level,
    /// Which edition
    pub version: Version,
    /// The version as the policy writes it, for messages; may be empty
    pub written_version: String,
}

/// A level or version that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StandardError {
    /// Not one of the three levels
    #[error("pod security level `{0}` is none of privileged, baseline, restricted")]
    Level(String),
    /// Neither `latest` nor `v1.x`
    #[error("must be \"latest\" or \"v1.x\"")]
    Version(String),
}

impl Standard {
    /// Reads level and version; an empty version is the latest.
    ///
    /// # Errors
    /// [`StandardError`] for a text that names no level or version.
    pub fn parse(level: &str, version: &str) -> Result<Self, StandardError> {
        let level = match level {
            "privileged" => Level::Privileged,
            "baseline" => Level::Baseline,
            "restricted" => Level::Restricted,
            _ => return Err(StandardError::Level(level.to_owned())),
        };
        let written_version = version.to_owned();
        if version.is_empty() || version == "latest" {
            return Ok(Self {
                level,
                version: Version::Latest,
                written_version,
            });
        }
        let no_version = || StandardError::Version(version.to_owned());
        let minor = version.strip_prefix("v1.").ok_or_else(no_version)?;
        let is_number =
            minor == "0" || (!minor.starts_with('0') && minor.bytes().all(|b| b.is_ascii_digit()));
        let minor = minor.parse().ok().filter(|_| is_number).ok_or_else(no_version)?;
        Ok(Self {
            level,
            version: Version::Minor(minor),
            written_version,
        })
    }
}

impl Version {
    /// Whether this version has what came with `v1.<minor>`.
    pub(crate) fn reaches(self, minor: u32) -> bool {
        match self {
            Self::Latest => true,
            Self::Minor(own) => own >= minor,
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Privileged => "privileged",
            Self::Baseline => "baseline",
            Self::Restricted => "restricted",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_latest_or_a_minor_of_one() {
        let version = |text: &str| Standard::parse("baseline", text).map(|standard| standard.version);
        assert_eq!(version(""), Ok(Version::Latest));
        assert_eq!(version("latest"), Ok(Version::Latest));
        assert_eq!(version("v1.0"), Ok(Version::Minor(0)));
        assert_eq!(version("v1.24"), Ok(Version::Minor(24)));
        for wrong in [
            "1.24",
            "v1",
            "v1.",
            "v1.024",
            "v1.+4",
            "v2.0",
            "v1.24.1",
            "v1.99999999999",
        ] {
            assert!(version(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_unknown_level_is_refused() {
        assert_eq!(
            Standard::parse("strict", "").unwrap_err(),
            StandardError::Level("strict".into())
        );
    }
}
