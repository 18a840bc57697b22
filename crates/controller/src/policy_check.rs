//! What is said of a policy that is about to be stored: faults, which refuse it, and what its author should hear.

use admission_server::PolicyCheck;
use policy_engine::LoadedPolicies;
use policy_lint::{Level, findings};
use serde_json::Value;

use crate::policy_object::PolicyObject;
use crate::prepared::Prepared;

/// Warnings of one answer; the API server cuts off after 4 KiB.
const MOST_WARNINGS: usize = 10;
/// Faults of one answer.
const MOST_FAULTS: usize = 20;

/// Checks `policy` as it would be loaded.
pub(crate) fn check(policy: &Value) -> PolicyCheck {
    let Some(object) = PolicyObject::of(policy.clone()) else {
        return PolicyCheck {
            faults: vec!["is no policy".to_owned()],
            ..PolicyCheck::default()
        };
    };
    let mut prepared = Prepared::of(&object, "");
    let loaded = LoadedPolicies::load([object.document("")]);
    let found = findings(&loaded).into_iter();
    let doubts = found
        .filter(|finding| finding.code.level() == Level::Warning)
        .map(|finding| finding.to_string());
    let mut warnings = std::mem::take(&mut prepared.unsupported);
    warnings.extend(doubts);
    warnings.truncate(MOST_WARNINGS);
    let mut faults = prepared.faults;
    faults.truncate(MOST_FAULTS);
    PolicyCheck { faults, warnings }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn checked(validate: &Value) -> PolicyCheck {
        check(
            &json!({"apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": {"name": "p"},
            "spec": {"validationFailureAction": "Enforce", "rules": [{"name": "r",
                "match": {"any": [{"resources": {"kinds": ["Pod", "Deployment"]}}]}, "validate": validate}]}}),
        )
    }

    #[test]
    fn faults_refuse_and_doubts_are_told() {
        let faulty = checked(
            &json!({"deny": {"conditions": {"any": [{"key": "{{ a.[ }}", "operator": "Equals", "value": 1}]}}}),
        );
        assert!(!faulty.faults.is_empty());
        assert!(
            faulty.faults[0].starts_with("spec.rules[0]"),
            "{:?}",
            faulty.faults
        );
        let doubtful =
            checked(&json!({"message": "m", "pattern": {"spec": {"containers": [{"image": "a/*"}]}}}));
        assert_eq!(doubtful.faults, Vec::<String>::new());
        assert!(
            !doubtful.warnings.is_empty(),
            "a pattern that no Deployment has is told of"
        );
    }
}
