//! Semantic versions and ranges of them: `>=1.0.0 <2.0.0 || 3.x`.
//!
//! In: a range, compiled once, and a version. Out: whether the version is in the range. Versions are strict
//! (`major.minor.patch`, no leading `v`); pre-releases order as semver.org says and are ordinary members of a range.
//! Never: tilde and caret ranges (they are errors, as in the source); build metadata does not order.
//!
//! Behaviour: `blang/semver` v4 `ParseRange`, error texts included.

mod version;

use crate::numbers::go_quote;
use semver::Version;
use std::cmp::Ordering;
use thiserror::Error;

pub use version::{VersionError, parse_version};

/// Why a text is no range; prints as `blang/semver` does.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RangeError {
    /// `||` stands first
    #[error("First element in range is '||'")]
    LeadingOr,
    /// `||` stands last, or the range is empty
    #[error("Last element in range is '||'")]
    TrailingOr,
    /// A part without any digit
    #[error("Could not get version from string: {}", go_quote(.0))]
    NoVersion(String),
    /// A comparator that does not exist
    #[error("Could not parse Range {}: Could not parse comparator {} in {}", go_quote(.part), go_quote(.comparator), go_quote(.part))]
    Comparator {
        /// The part of the range
        part: String,
        /// What stands before its version
        comparator: String,
    },
    /// A version that is none
    #[error("Could not parse Range {}: Could not parse version {} in {}: {}", go_quote(.part), go_quote(.version), go_quote(.part), .cause)]
    Version {
        /// The part of the range
        part: String,
        /// The version in it
        version: String,
        /// Why it is none
        cause: VersionError,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparator {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

/// A compiled range: a disjunction of conjunctions.
#[derive(Debug, Clone)]
pub struct SemverRange {
    alternatives: Vec<Vec<(Comparator, Version)>>,
}

impl SemverRange {
    /// Reads a range.
    ///
    /// # Errors
    /// [`RangeError`], with the words of `blang/semver`.
    pub fn parse(text: &str) -> Result<Self, RangeError> {
        let parts = split(text);
        if parts.first().is_some_and(|part| part == "||") {
            return Err(RangeError::LeadingOr);
        }
        if parts.last().is_none_or(|part| part == "||") {
            return Err(RangeError::TrailingOr);
        }
        let mut alternatives = Vec::new();
        let mut conjunction = Vec::new();
        for part in &parts {
            if part == "||" {
                alternatives.push(std::mem::take(&mut conjunction));
                continue;
            }
            for expanded in expand_wildcard(part)? {
                conjunction.push(compile(&expanded)?);
            }
        }
        alternatives.push(conjunction);
        Ok(Self { alternatives })
    }

    /// Whether the version is in the range.
    #[must_use]
    pub fn contains(&self, version: &Version) -> bool {
        let holds = |(comparator, bound): &(Comparator, Version)| {
            let order = version.cmp_precedence(bound);
            match comparator {
                Comparator::Equal => order == Ordering::Equal,
                Comparator::NotEqual => order != Ordering::Equal,
                Comparator::Greater => order == Ordering::Greater,
                Comparator::GreaterOrEqual => order != Ordering::Less,
                Comparator::Less => order == Ordering::Less,
                Comparator::LessOrEqual => order != Ordering::Greater,
            }
        };
        // `a || || b` has an empty alternative, which holds for nothing
        self.alternatives
            .iter()
            .any(|parts| !parts.is_empty() && parts.iter().all(holds))
    }
}

/// Parts between spaces; a space after a comparator does not part. Parts of one character are lost, as in the source.
fn split(text: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let mut part = String::new();
    let mut length: usize = 0;
    let mut last = ' ';
    let mut finish = |part: &mut String, length: &mut usize| {
        if *length > 1 {
            parts.push(std::mem::take(part));
        }
        part.clear();
        *length = 0;
    };
    for character in text.chars() {
        if character == ' ' && !matches!(last, '>' | '<' | '=') {
            finish(&mut part, &mut length);
            continue;
        }
        length = length.saturating_add(character.len_utf8());
        if character != ' ' {
            part.push(character);
            last = character;
        }
    }
    finish(&mut part, &mut length);
    parts
}

fn split_comparator(part: &str) -> Result<(&str, &str), RangeError> {
    let digit = part.find(char::is_numeric);
    let pair = digit
        .and_then(|at| part.split_at_checked(at))
        .map(|(comparator, version)| (comparator.trim(), version));
    pair.ok_or_else(|| RangeError::NoVersion(part.to_owned()))
}

fn compile(part: &str) -> Result<(Comparator, Version), RangeError> {
    let (comparator, version) = split_comparator(part)?;
    let whole = [comparator, version].concat();
    let comparator = match comparator {
        "" | "=" | "==" => Comparator::Equal,
        "!" | "!=" => Comparator::NotEqual,
        ">" => Comparator::Greater,
        ">=" => Comparator::GreaterOrEqual,
        "<" => Comparator::Less,
        "<=" => Comparator::LessOrEqual,
        unknown => {
            return Err(RangeError::Comparator {
                part: whole,
                comparator: unknown.to_owned(),
            });
        }
    };
    let version = parse_version(version).map_err(|cause| RangeError::Version {
        part: whole,
        version: version.to_owned(),
        cause,
    })?;
    Ok((comparator, version))
}

/// `1.2.x` as the comparisons it stands for: its first version and the first one after it.
fn expand_wildcard(part: &str) -> Result<Vec<String>, RangeError> {
    if !part.contains('x') {
        return Ok(vec![part.to_owned()]);
    }
    let (comparator, version) = split_comparator(part)?;
    let is_wildcard = version.rsplit('.').next() == Some("x");
    let elements = version.split('.').count();
    let mut first = version.replacen(".x.x", ".x", 1).replacen(".x", ".0", 1);
    if first.split('.').count() == 2 {
        first.push_str(".0");
    }
    let after = match (is_wildcard, elements) {
        (true, 3) => incremented(&first, 1),
        (true, 2) => incremented(&first, 0),
        _ => String::new(),
    };
    Ok(match comparator {
        ">" => vec![format!(">={after}")],
        ">=" => vec![format!(">={first}")],
        "<" => vec![format!("<{first}")],
        "<=" => vec![format!("<{after}")],
        "" | "=" | "==" => vec![format!(">={first}"), format!("<{after}")],
        // blang/semver joins these two by AND, so that no version is ever outside a wildcard; kept
        "!=" | "!" => vec![format!("<{first}"), format!(">={after}")],
        // with a comparator it does not know, blang/semver forgets the comparator
        _ => vec![first],
    })
}

/// The version with one element raised by one; empty (which then reads as no version) if that is no number.
fn incremented(version: &str, index: usize) -> String {
    let mut elements: Vec<String> = version.split('.').map(str::to_owned).collect();
    let raised = elements
        .get(index)
        .and_then(|e| e.parse::<u64>().ok())
        .and_then(|n| n.checked_add(1));
    match (elements.get_mut(index), raised) {
        (Some(element), Some(raised)) => *element = raised.to_string(),
        _ => return String::new(),
    }
    elements.join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn within(version: &str, range: &str) -> Result<bool, String> {
        let version = parse_version(version).map_err(|e| e.to_string())?;
        SemverRange::parse(range)
            .map(|range| range.contains(&version))
            .map_err(|e| e.to_string())
    }

    #[test]
    fn a_range_is_an_or_of_ands() {
        for (version, range, expected) in [
            ("1.2.3", ">=1.0.0 <2.0.0", true),
            ("2.0.0", ">=1.0.0 <2.0.0", false),
            ("3.1.0", "<2.0.0 || >=3.0.0", true),
            ("1.2.9", "1.2.x", true),
            ("1.3.0", "1.2.x", false),
            ("1.9.0", "1.x", true),
            ("2.0.0", ">1.x", true),
            ("1.9.9", ">1.x", false),
            ("1.9.9", "<=1.x", true),
            // blang/semver raises the last but one element of a wildcard of three
            ("1.1.0", "1.x.x", false),
            ("1.0.0", "!=1.0.1", true),
            ("1.0.0-rc.1", "<1.0.0", true),
            ("1.0.0", ">= 1.0.0", true),
            ("1.0.0+build", "1.0.0", true),
        ] {
            assert_eq!(within(version, range), Ok(expected), "{version} {range}");
        }
    }

    #[test]
    fn a_bad_range_says_why() {
        for (range, error) in [
            (
                ">1",
                "Could not parse Range \">1\": Could not parse version \"1\" in \">1\": No Major.Minor.Patch elements found",
            ),
            (
                "~1.0.0",
                "Could not parse Range \"~1.0.0\": Could not parse comparator \"~\" in \"~1.0.0\"",
            ),
            ("|| 1.0.0", "First element in range is '||'"),
            ("1.0.0 ||", "Last element in range is '||'"),
            ("", "Last element in range is '||'"),
            ("abc", "Could not get version from string: \"abc\""),
        ] {
            assert_eq!(within("1.0.0", range), Err(error.to_owned()), "{range}");
        }
    }
}
