//! PEM blocks (RFC 7468) to DER.
//!
//! In: text of a policy or an annotation. Out: the DER of each block with the label asked for, in order. Never: meaning.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Label of an X.509 certificate.
pub(crate) const CERTIFICATE: &str = "CERTIFICATE";
/// Label of a `SubjectPublicKeyInfo`.
pub(crate) const PUBLIC_KEY: &str = "PUBLIC KEY";
/// Label of an `RSAPublicKey` of PKCS#1.
pub(crate) const RSA_PUBLIC_KEY: &str = "RSA PUBLIC KEY";

/// Why text holds no readable PEM.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PemError {
    /// A block that begins and does not end, or ends under another label.
    #[error("PEM block `{0}` does not end")]
    Unclosed(String),
    /// The body of a block is not base64.
    #[error("PEM block `{0}` does not hold base64")]
    Body(String),
    /// No block with the label asked for.
    #[error("no PEM block `{0}` found")]
    Missing(&'static str),
    /// More blocks than allowed.
    #[error("{found} PEM blocks found, at most {most} are allowed")]
    TooMany {
        /// How many were found.
        found: usize,
        /// How many are allowed.
        most: usize,
    },
}

/// The DER of every block labelled `label`, in order; blocks with other labels are passed over, as Go's `pem` does.
///
/// # Errors
/// [`PemError`] where a block is broken, none has the label, or more than `most` do.
pub(crate) fn blocks(text: &str, label: &'static str, most: usize) -> Result<Vec<Vec<u8>>, PemError> {
    let mut found = Vec::new();
    let mut lines = text.lines().map(str::trim);
    while let Some(line) = lines.next() {
        let Some(here) = boundary(line, "-----BEGIN ") else {
            continue;
        };
        let mut body = String::new();
        loop {
            let Some(line) = lines.next() else {
                return Err(PemError::Unclosed(here.to_owned()));
            };
            if let Some(end) = boundary(line, "-----END ") {
                if end == here {
                    break;
                }
                return Err(PemError::Unclosed(here.to_owned()));
            }
            body.push_str(line);
        }
        if here == label {
            let der = STANDARD
                .decode(&body)
                .map_err(|_| PemError::Body(here.to_owned()))?;
            found.push(der);
        }
    }
    if found.is_empty() {
        return Err(PemError::Missing(label));
    }
    if found.len() > most {
        return Err(PemError::TooMany {
            found: found.len(),
            most,
        });
    }
    Ok(found)
}

/// The label between a boundary's dashes.
fn boundary<'t>(line: &'t str, opening: &str) -> Option<&'t str> {
    line.strip_prefix(opening)?.strip_suffix("-----")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str =
        "noise\n-----BEGIN A-----\nAQI=\n-----END A-----\n-----BEGIN B-----\nAw==\n-----END B-----\n";

    #[test]
    fn blocks_with_other_labels_are_passed_over() {
        assert_eq!(blocks(TWO, "B", 1), Ok(vec![vec![3]]));
        assert_eq!(blocks(TWO, "C", 1), Err(PemError::Missing("C")));
    }

    #[test]
    fn a_block_that_does_not_end_is_an_error_even_after_a_good_one() {
        let text = format!("{TWO}-----BEGIN A-----\nAQI=\n");
        assert_eq!(blocks(&text, "A", 9), Err(PemError::Unclosed("A".to_owned())));
    }

    #[test]
    fn more_blocks_than_allowed_are_an_error() {
        assert_eq!(
            blocks(&TWO.repeat(3), "A", 2),
            Err(PemError::TooMany { found: 3, most: 2 })
        );
    }
}
