//! The attestations of a policy by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use image_trust::Layouts;
use policy_types::policies_kyverno_io::image_validating_policy as wire;

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
                (Some(intoto), _) => (&intoto.kind, Layouts::Sigstore),
                (None, Some(referrer)) => (&referrer.kind, Layouts::Notary),
                (None, None) => return None,
            };
            let kind = kind.clone();
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
