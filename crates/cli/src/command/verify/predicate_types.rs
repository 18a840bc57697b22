//! Predicate types that cosign knows by short names.
//!
//! Source: cosign 3 `pkg/cosign/attestation` and `cmd/cosign/cli/options/predicate.go`.

const SHORT_NAMES: [(&str, &str); 10] = [
    ("custom", "https://cosign.sigstore.dev/attestation/v1"),
    ("cyclonedx", "https://cyclonedx.org/bom"),
    ("link", "https://in-toto.io/Link/v1"),
    ("openvex", "https://openvex.dev/ns"),
    ("slsaprovenance", "https://slsa.dev/provenance/v0.2"),
    ("slsaprovenance02", "https://slsa.dev/provenance/v0.2"),
    ("slsaprovenance1", "https://slsa.dev/provenance/v1"),
    ("spdx", "https://spdx.dev/Document"),
    ("spdxjson", "https://spdx.dev/Document"),
    ("vuln", "https://cosign.sigstore.dev/attestation/vuln/v1"),
];

/// The predicate type that `written` means: cosign's short name of one, or the type itself.
pub(super) fn predicate_type(written: &str) -> &str {
    SHORT_NAMES
        .iter()
        .find(|(name, _)| *name == written)
        .map_or(written, |(_, full)| full)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_that_cosign_has_no_name_for_is_itself() {
        assert_eq!(
            predicate_type("vuln"),
            "https://cosign.sigstore.dev/attestation/vuln/v1"
        );
        assert_eq!(
            predicate_type("https://acme.example/scan"),
            "https://acme.example/scan"
        );
    }
}
