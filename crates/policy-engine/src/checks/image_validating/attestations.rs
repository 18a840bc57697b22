//! The attestations of a policy by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use image_trust::Layouts;
use policy_types::policies_kyverno_io::image_validating_policy as wire;

/// The names that cosign has for predicate types (`cosign attest --type`), which policies may use as well.
const COSIGNS_NAMES: [(&str, &str); 10] = [
    ("custom", "https://cosign.sigstore.dev/attestation/v1"),
    ("slsaprovenance", "https://slsa.dev/provenance/v0.2"),
    ("slsaprovenance02", "https://slsa.dev/provenance/v0.2"),
    ("slsaprovenance1", "https://slsa.dev/provenance/v1"),
    ("spdx", "https://spdx.dev/Document"),
    ("spdxjson", "https://spdx.dev/Document"),
    ("cyclonedx", "https://cyclonedx.org/bom"),
    ("link", "https://in-toto.io/Link/v1"),
    ("vuln", "https://cosign.sigstore.dev/attestation/vuln/v1"),
    ("openvex", "https://openvex.dev/ns"),
];

/// The attestations of a policy.
#[derive(Debug, Clone, Default)]
pub(super) struct Attestations(BTreeMap<Arc<str>, Attestation>);

/// What may be attested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attestation {
    /// Predicate type, or artifact type.
    pub(super) kind: String,
    /// Which artifacts carry it: in-toto statements Sigstore's, referrers the Notary Project's.
    pub(super) layouts: Layouts,
}

impl Attestations {
    /// Reads `attestations`; what is contradictory was refused when the policy was checked.
    pub(super) fn new(written: &[wire::Attestation]) -> Self {
        let attestation = |one: &wire::Attestation| {
            let (kind, layouts) = match (&one.intoto, &one.referrer) {
                (Some(intoto), _) => (predicate_type(&intoto.kind), Layouts::Sigstore),
                (None, Some(referrer)) => (referrer.kind.as_str(), Layouts::Notary),
                (None, None) => return None,
            };
            let kind = kind.to_owned();
            Some((Arc::from(one.name.as_str()), Attestation { kind, layouts }))
        };
        Self(written.iter().filter_map(attestation).collect())
    }

    /// The attestation of this name.
    pub(super) fn get(&self, name: &str) -> Option<&Attestation> {
        self.0.get(name)
    }

    /// The names, in order.
    pub(super) fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.0.keys()
    }
}

/// The type that a policy means.
fn predicate_type(written: &str) -> &str {
    let named = COSIGNS_NAMES.iter().find(|(name, _)| *name == written);
    named.map_or(written, |(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use serde_json::json;

    #[test]
    fn cosigns_names_mean_its_predicate_types_and_a_referrer_has_a_type_of_its_own() {
        let written = json!([{"name": "a", "intoto": {"type": "vuln"}}, {"name": "b", "intoto": {"type": "https://x/v1"}},
            {"name": "c", "referrer": {"type": "vuln"}}]);
        let written: Vec<wire::Attestation> = Vec::deserialize(&written).unwrap();
        let attestations = Attestations::new(&written);
        let kind = |name: &str| attestations.get(name).unwrap().kind.clone();
        assert_eq!(kind("a"), "https://cosign.sigstore.dev/attestation/vuln/v1");
        assert_eq!((kind("b").as_str(), kind("c").as_str()), ("https://x/v1", "vuln"));
    }
}
