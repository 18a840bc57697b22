//! Strict semantic versions: `major.minor.patch[-pre][+build]`, no leading `v`, no leading zeros.

use crate::numbers::go_quote;
use semver::{BuildMetadata, Prerelease, Version};
use thiserror::Error;

/// Why a text is no version; prints as `blang/semver` does.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum VersionError {
    /// Nothing there
    #[error("Version string empty")]
    Empty,
    /// Fewer than three elements
    #[error("No Major.Minor.Patch elements found")]
    MissingElements,
    /// A character that may not stand there
    #[error("Invalid character(s) found in {} {}", .0, go_quote(.1))]
    InvalidCharacters(&'static str, String),
    /// `01`
    #[error("{} must not contain leading zeroes {}", .0, go_quote(.1))]
    LeadingZeroes(&'static str, String),
    /// Empty, or does not fit 64 bits
    #[error("strconv.ParseUint: parsing {}: {}", go_quote(.0), if .0.is_empty() { "invalid syntax" } else { "value out of range" })]
    NotANumber(String),
    /// An empty identifier after `-` or `+`
    #[error("{0} is empty")]
    EmptyIdentifier(&'static str),
}

/// Reads a strict version.
///
/// # Errors
/// [`VersionError`], with the words of `blang/semver`.
pub fn parse_version(text: &str) -> Result<Version, VersionError> {
    if text.is_empty() {
        return Err(VersionError::Empty);
    }
    let mut elements = text.splitn(3, '.');
    let (Some(major), Some(minor), Some(rest)) = (elements.next(), elements.next(), elements.next()) else {
        return Err(VersionError::MissingElements);
    };
    let major = read_number("major number", "Major number", major)?;
    let minor = read_number("minor number", "Minor number", minor)?;
    let (rest, build) = rest
        .split_once('+')
        .map_or((rest, None), |(rest, build)| (rest, Some(build)));
    let (patch, pre) = rest
        .split_once('-')
        .map_or((rest, None), |(patch, pre)| (patch, Some(pre)));
    let patch = read_number("patch number", "Patch number", patch)?;
    for identifier in pre.into_iter().flat_map(|pre| pre.split('.')) {
        check_identifier("Prerelease", "prerelease", identifier)?;
        if identifier.bytes().all(|b| b.is_ascii_digit()) {
            read_number("prerelease", "Numeric PreRelease version", identifier)?;
        }
    }
    for identifier in build.into_iter().flat_map(|build| build.split('.')) {
        check_identifier("Build meta data", "build meta data", identifier)?;
    }
    let read = |text: Option<&str>| text.unwrap_or("").to_owned();
    let invalid = |text: Option<&str>| VersionError::InvalidCharacters("prerelease", read(text));
    let pre_release = Prerelease::new(pre.unwrap_or("")).map_err(|_| invalid(pre))?;
    let build = BuildMetadata::new(build.unwrap_or("")).map_err(|_| invalid(build))?;
    Ok(Version {
        major,
        minor,
        patch,
        pre: pre_release,
        build,
    })
}

fn read_number(what: &'static str, who: &'static str, text: &str) -> Result<u64, VersionError> {
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(VersionError::InvalidCharacters(what, text.to_owned()));
    }
    if text.len() > 1 && text.starts_with('0') {
        return Err(VersionError::LeadingZeroes(who, text.to_owned()));
    }
    text.parse()
        .map_err(|_| VersionError::NotANumber(text.to_owned()))
}

fn check_identifier(who: &'static str, what: &'static str, text: &str) -> Result<(), VersionError> {
    if text.is_empty() {
        return Err(VersionError::EmptyIdentifier(who));
    }
    if !text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return Err(VersionError::InvalidCharacters(what, text.to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_strict() {
        for text in [
            "",
            "1.2",
            "v1.2.3",
            "1.02.3",
            "1.2.3-",
            "1.2.3-01",
            "1.2.3+",
            "1.2.3-a_b",
            "99999999999999999999.0.0",
        ] {
            assert!(parse_version(text).is_err(), "{text}");
        }
    }
}
