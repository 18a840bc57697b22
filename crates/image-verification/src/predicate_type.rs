//! Predicate types, and which of them are one.
//!
//! Cosign wrote its own types without `https://` once (`cosign.sigstore.dev/attestation/vuln/v1`) and writes them with
//! it now; policies hold both. Cosign's own types with and without it are one type; any other compares exactly.

/// The types that cosign gives to its predicates itself, without `https://`.
const COSIGNS_OWN: [&str; 3] = [
    "cosign.sigstore.dev/attestation/v1",
    "cosign.sigstore.dev/attestation/vuln/v1",
    "sigstore.dev/cosign/sign/v1",
];

/// Whether two predicate types are one.
#[must_use]
pub fn is_same_predicate_type(one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    let bare = |written: &'_ str| -> Option<&'static str> {
        let written = written.strip_prefix("https://").unwrap_or(written);
        COSIGNS_OWN.into_iter().find(|own| *own == written)
    };
    bare(one).is_some_and(|own| bare(other) == Some(own))
}

#[cfg(test)]
mod tests {
    use super::is_same_predicate_type;

    #[test]
    fn cosigns_own_types_with_and_without_https_are_one() {
        let (long, short) = (
            "https://cosign.sigstore.dev/attestation/vuln/v1",
            "cosign.sigstore.dev/attestation/vuln/v1",
        );
        assert!(is_same_predicate_type(long, short) && is_same_predicate_type(short, long));
        assert!(!is_same_predicate_type(
            short,
            "http://cosign.sigstore.dev/attestation/vuln/v1"
        ));
        assert!(!is_same_predicate_type(
            short,
            "cosign.sigstore.dev/attestation/v1"
        ));
    }

    #[test]
    fn any_other_type_compares_exactly() {
        assert!(!is_same_predicate_type(
            "https://slsa.dev/provenance/v1",
            "slsa.dev/provenance/v1"
        ));
        assert!(!is_same_predicate_type(
            "https://example.com/X/v1",
            "https://example.com/X/v1/"
        ));
    }
}
