//! Every policy of the command, said in its other kind.

use std::sync::Arc;

use policy_engine::{LoadedPolicies, PolicySet};
use policy_migration::{Translation, migrate, migrate_back};
use serde_json::Value;

use crate::input::{InputError, PolicyInput};

/// One policy in both kinds.
pub(super) struct Translated {
    /// `name`, or `namespace/name`.
    pub(super) key: String,
    /// Whether what was given has rules, and what was written has none.
    pub(super) is_classic: bool,
    pub(super) translation: Translation,
}

/// Says every policy of `input` in its other kind.
pub(super) fn all(input: &PolicyInput) -> Vec<Translated> {
    let policies = input.loaded.policies.iter().zip(&input.loaded.sources);
    policies
        .map(|(policy, document)| {
            let is_classic = policy.kind.is_classic();
            let say = if is_classic { migrate } else { migrate_back };
            Translated {
                key: policy.key.to_string(),
                is_classic,
                translation: say(&document.value),
            }
        })
        .collect()
}

/// What was written, loaded.
///
/// # Errors
/// [`InputError`] where it does not load.
pub(super) fn set(translated: &[Translated]) -> Result<PolicySet, InputError> {
    let mut policies = Vec::new();
    for document in translated.iter().flat_map(|one| &one.translation.policies) {
        let loaded = load(document)?;
        policies.extend(loaded.policies);
    }
    Ok(PolicySet::new(policies, Vec::new()))
}

fn load(policy: &Value) -> Result<LoadedPolicies, InputError> {
    let told = |faults: Vec<String>| InputError::Malformed(faults.join("\n"));
    let documents = manifest::read(policy.to_string().as_bytes(), "translation")
        .map_err(|faults| told(faults.iter().map(ToString::to_string).collect()))?;
    let loaded = LoadedPolicies::load(documents);
    if loaded.faults.is_empty() {
        Ok(loaded)
    } else {
        Err(told(loaded.faults.iter().map(ToString::to_string).collect()))
    }
}

/// The policies as given that have something to be compared with.
pub(super) fn given(input: &PolicyInput) -> PolicySet {
    PolicySet::new(input.loaded.policies.iter().map(Arc::clone).collect(), Vec::new())
}
