//! Content digests: `sha256:<64 lower-case hex digits>` and its two longer sisters.
//!
//! In: text from a policy, a registry or a signature; or the bytes themselves.
//! Out: a [`Digest`] that is well formed, so that it can stand in a URL or a tag without escaping.
//! Never: an algorithm we cannot recompute.
//! Source: OCI image-spec 1.1 descriptor.md#digests; texts of github.com/opencontainers/go-digest.

use std::fmt;
use std::str::FromStr;

use sha2::Digest as _;

/// A hash function an image may be named by
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DigestAlgorithm {
    /// SHA-256, the registered default
    Sha256,
    /// SHA-384
    Sha384,
    /// SHA-512
    Sha512,
}

impl DigestAlgorithm {
    /// The name that stands before the colon.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    /// How many hex digits follow the colon.
    #[must_use]
    pub fn hex_digits(self) -> usize {
        match self {
            Self::Sha256 => 64,
            Self::Sha384 => 96,
            Self::Sha512 => 128,
        }
    }

    fn named(name: &str) -> Option<Self> {
        [Self::Sha256, Self::Sha384, Self::Sha512]
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
    }
}

/// A well-formed digest: known algorithm, lower-case hex of the right length
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest {
    algorithm: DigestAlgorithm,
    hex: Box<str>,
}

/// Why a text is not a digest; the wording is go-digest's, which policies' messages quote
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    /// Not `<algorithm>:<hex>` at all, or upper-case or foreign characters in the hex part
    #[error("invalid checksum digest format")]
    Format,
    /// An algorithm other than sha256, sha384, sha512
    #[error("unsupported digest algorithm")]
    Algorithm,
    /// The hex part is too short or too long for the algorithm
    #[error("invalid checksum digest length")]
    Length,
}

impl Digest {
    /// Reads `<algorithm>:<hex>`.
    ///
    /// # Errors
    /// [`DigestError`] when the grammar, the algorithm or the length is wrong.
    pub fn parse(text: &str) -> Result<Self, DigestError> {
        let (name, hex) = text.split_once(':').ok_or(DigestError::Format)?;
        if name.is_empty() || hex.is_empty() {
            return Err(DigestError::Format);
        }
        let algorithm = DigestAlgorithm::named(name).ok_or(DigestError::Algorithm)?;
        if hex.len() != algorithm.hex_digits() {
            return Err(DigestError::Length);
        }
        if !hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(DigestError::Format);
        }
        Ok(Self {
            algorithm,
            hex: hex.into(),
        })
    }

    /// The digest of `bytes` by `algorithm`.
    #[must_use]
    pub fn of(algorithm: DigestAlgorithm, bytes: &[u8]) -> Self {
        let hex = match algorithm {
            DigestAlgorithm::Sha256 => hex_of(&sha2::Sha256::digest(bytes)),
            DigestAlgorithm::Sha384 => hex_of(&sha2::Sha384::digest(bytes)),
            DigestAlgorithm::Sha512 => hex_of(&sha2::Sha512::digest(bytes)),
        };
        Self {
            algorithm,
            hex: hex.into(),
        }
    }

    /// The SHA-256 digest of `bytes`.
    #[must_use]
    pub fn sha256_of(bytes: &[u8]) -> Self {
        Self::of(DigestAlgorithm::Sha256, bytes)
    }

    /// Whether `bytes` are what this digest names.
    #[must_use]
    pub fn names(&self, bytes: &[u8]) -> bool {
        Self::of(self.algorithm, bytes) == *self
    }

    /// The hash function.
    #[must_use]
    pub fn algorithm(&self) -> DigestAlgorithm {
        self.algorithm
    }

    /// The lower-case hex digits after the colon.
    #[must_use]
    pub fn hex(&self) -> &str {
        &self.hex
    }

    /// The tag form `sha256-<hex>`, under which signatures and referrers are kept where a registry has no
    /// referrers API.
    #[must_use]
    pub fn as_tag(&self) -> String {
        format!("{}-{}", self.algorithm.name(), self.hex)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.algorithm.name(), self.hex)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        Self::parse(text)
    }
}

fn hex_of(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [nibble(byte >> 4), nibble(byte & 0x0f)])
        .collect()
}

fn nibble(value: u8) -> char {
    char::from_digit(u32::from(value), 16).unwrap_or('0')
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn a_digest_computed_prints_as_it_is_written() {
        assert_eq!(Digest::sha256_of(b"").to_string(), EMPTY);
        assert_eq!(Digest::parse(EMPTY).unwrap(), Digest::sha256_of(b""));
        assert_eq!(Digest::parse(EMPTY).unwrap().as_tag(), EMPTY.replace(':', "-"));
        for algorithm in [
            DigestAlgorithm::Sha256,
            DigestAlgorithm::Sha384,
            DigestAlgorithm::Sha512,
        ] {
            let digest = Digest::of(algorithm, b"x");
            assert_eq!(Digest::parse(&digest.to_string()), Ok(digest.clone()));
            assert!(digest.names(b"x") && !digest.names(b"y"));
        }
    }

    #[test]
    fn a_malformed_digest_is_refused_before_it_can_reach_a_url() {
        assert_eq!(Digest::parse("sha256:../../secret"), Err(DigestError::Length));
        assert_eq!(Digest::parse(&EMPTY.to_uppercase()), Err(DigestError::Algorithm));
        assert_eq!(Digest::parse(&EMPTY.replace('e', "E")), Err(DigestError::Format));
        assert_eq!(
            Digest::parse(&EMPTY.replace("e3", "..")),
            Err(DigestError::Format)
        );
        assert_eq!(
            Digest::parse("md5:d41d8cd98f00b204e9800998ecf8427e"),
            Err(DigestError::Algorithm)
        );
        assert_eq!(Digest::parse(""), Err(DigestError::Format));
        assert_eq!(Digest::parse("sha256:"), Err(DigestError::Format));
    }
}
