//! What to look for, drawn from what a policy demands.
//!
//! Two demands that ask the same question share one answer, so a question holds no more than the search depends on.

use std::collections::BTreeSet;

use image_trust::{ImageDemand, Layouts};

/// What to look for beside an image
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Question {
    /// Which layouts count.
    pub layouts: Layouts,
    /// Predicate or artifact types of the attestations demanded; empty: none are, and none are fetched where that
    /// can be told beforehand.
    pub attestations: BTreeSet<String>,
    /// Repositories to look in, as the policy writes them; `None` is the image's own. Never empty.
    pub repositories: BTreeSet<Option<String>>,
}

impl Question {
    /// The signatures beside an image, in `layouts`.
    #[must_use]
    pub fn signatures(layouts: Layouts) -> Self {
        Self {
            layouts,
            attestations: BTreeSet::new(),
            repositories: BTreeSet::from([None]),
        }
    }

    /// What `demand` needs.
    ///
    /// A signer may name a repository of its own. What is found there counts for every signer of the demand: a
    /// signature proves by its content, not by its place. Only the cosign layouts have such repositories, as in
    /// Kyverno.
    #[must_use]
    pub fn of(demand: &ImageDemand) -> Self {
        let attestations = demand.attestations.iter();
        let signers = demand
            .signers
            .iter()
            .chain(attestations.clone().flat_map(|attestation| &attestation.signers));
        let mut repositories: BTreeSet<_> = match demand.layouts {
            Layouts::Sigstore => signers.map(|signer| signer.repository.clone()).collect(),
            Layouts::BundlesOnly | Layouts::Notary => BTreeSet::new(),
        };
        if repositories.is_empty() {
            repositories.insert(None);
        }
        Self {
            layouts: demand.layouts,
            attestations: attestations
                .map(|attestation| attestation.predicate_type.clone())
                .collect(),
            repositories,
        }
    }

    /// Whether attestations are looked for.
    #[must_use]
    pub fn wants_attestations(&self) -> bool {
        !self.attestations.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image_trust::{AttestationDemand, Authority, NotaryTrust, RegistryAccess, SignerDemand};
    use std::collections::BTreeMap;

    fn signer(repository: Option<&str>) -> SignerDemand {
        SignerDemand {
            authority: Authority::Notary(NotaryTrust::strict("")),
            annotations: BTreeMap::new(),
            repository: repository.map(ToOwned::to_owned),
        }
    }

    #[test]
    fn a_question_names_each_repository_and_type_once() {
        let mut demand = ImageDemand {
            layouts: Layouts::Sigstore,
            signers: vec![signer(Some("r/a")), signer(Some("r/a")), signer(None)],
            attestations: vec![AttestationDemand {
                predicate_type: "t".into(),
                signers: vec![signer(Some("r/b"))],
            }],
            access: RegistryAccess::default(),
        };
        let question = Question::of(&demand);
        let named = |name: &str| Some(name.to_owned());
        assert_eq!(
            question.repositories,
            BTreeSet::from([None, named("r/a"), named("r/b")])
        );
        assert!(question.wants_attestations());
        demand.layouts = Layouts::Notary;
        assert_eq!(Question::of(&demand).repositories, BTreeSet::from([None]));
        demand.signers.clear();
        demand.attestations.clear();
        assert_eq!(Question::of(&demand), Question::signatures(Layouts::Notary));
    }
}
