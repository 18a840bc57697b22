//! The grammar of names, tags and digests in a reference.
//!
//! In: one part of a reference. Out: whether it is well formed.
//! Linear in the length of the text: no regular expression, no backtracking.
//! Source: github.com/distribution/reference `regexp.go`.

/// Longest tag: `[\w][\w.-]{0,127}`
const MAX_TAG_BYTES: usize = 128;

/// Fewest hex digits the reference grammar takes for a digest, whatever its algorithm
const MIN_DIGEST_HEX_DIGITS: usize = 32;

/// `host[:port]`: dot-separated labels of letters, digits and inner hyphens, or an address in brackets.
pub(crate) fn is_domain(text: &str) -> bool {
    if let Some(rest) = text.strip_prefix('[') {
        return rest.split_once(']').is_some_and(|(address, after)| {
            let port = after.strip_prefix(':');
            !address.is_empty()
                && address
                    .bytes()
                    .all(|byte| byte.is_ascii_hexdigit() || byte == b':')
                && (after.is_empty() || port.is_some_and(is_port))
        });
    }
    match text.split_once(':') {
        Some((host, port)) => host.split('.').all(is_label) && is_port(port),
        None => text.split('.').all(is_label),
    }
}

fn is_port(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_label(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// Slash-separated components of lower-case letters and digits, joined by `.`, `_`, `__` or hyphens.
pub(crate) fn is_path(text: &str) -> bool {
    text.split('/').all(is_path_component)
}

fn is_path_component(text: &str) -> bool {
    let is_word = |character: char| character.is_ascii_lowercase() || character.is_ascii_digit();
    text.starts_with(is_word) && text.ends_with(is_word) && text.split(is_word).all(is_separator)
}

/// What may stand between two word characters: nothing, or one separator.
fn is_separator(text: &str) -> bool {
    matches!(text, "" | "." | "_" | "__") || text.bytes().all(|byte| byte == b'-')
}

/// Whether `text` is a tag: a word character, then up to 127 word characters, dots or hyphens. Such a text can
/// stand in a URL as it is.
#[must_use]
pub fn is_tag(text: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.len() <= MAX_TAG_BYTES
        && text.bytes().next().is_some_and(is_word)
        && text
            .bytes()
            .all(|byte| is_word(byte) || matches!(byte, b'.' | b'-'))
}

/// What the reference grammar takes for a digest; wider than what [`crate::Digest`] accepts, so that a
/// digest of an unknown algorithm is called that, not a bad reference.
pub(crate) fn looks_like_digest(text: &str) -> bool {
    let Some((algorithm, hex)) = text.split_once(':') else {
        return false;
    };
    algorithm.split(['-', '_', '+', '.']).all(|part| {
        part.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic())
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    }) && hex.len() >= MIN_DIGEST_HEX_DIGITS
        && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_stand_singly_between_words() {
        for good in ["a", "a/b", "a.b", "a_b", "a__b", "a---b", "0/1", "a-b_c.d"] {
            assert!(is_path(good), "{good}");
        }
        for bad in [
            "", "/", "a/", "/a", "a//b", ".a", "a-", "a..b", "a___b", "a._b", "a-_b", "A", "é", "a:b",
        ] {
            assert!(!is_path(bad), "{bad}");
        }
    }

    #[test]
    fn a_domain_is_labels_and_perhaps_a_port() {
        for good in [
            "a",
            "A.b-c.io",
            "localhost:5000",
            "[::1]",
            "[2001:db8::1]:5000",
            "10.0.0.1:1",
        ] {
            assert!(is_domain(good), "{good}");
        }
        for bad in [
            "", "-a", "a-", "a..b", "a.", "a:", "a:x", "a:1:2", "a_b", "[]", "[::1", "[::1]x", "[g]",
        ] {
            assert!(!is_domain(bad), "{bad}");
        }
    }

    #[test]
    fn a_tag_has_at_most_128_characters() {
        assert!(is_tag("_1.0-rc.1") && is_tag(&"x".repeat(128)));
        assert!(!is_tag("") && !is_tag(".a") && !is_tag("-a") && !is_tag("a+b") && !is_tag(&"x".repeat(129)));
    }
}
