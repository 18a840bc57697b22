//! What is said of a policy that is about to be stored: faults, which refuse it, and what its author should hear.

use admission_server::PolicyCheck;
use policy_engine::LoadedPolicies;
use policy_engine::selection::KindSelector;
use policy_lint::{Level, findings};
use serde_json::Value;

use crate::policy_object::PolicyObject;
use crate::prepared::{Prepared, fault_text};

/// Warnings of one answer; the API server cuts off after 4 KiB.
const MOST_WARNINGS: usize = 10;
/// Faults of one answer.
const MOST_FAULTS: usize = 20;

/// Checks `policy`, or an exception, as it would be loaded.
pub(crate) fn check(policy: &Value) -> PolicyCheck {
    let Some(object) = PolicyObject::of(policy.clone()) else {
        return PolicyCheck {
            faults: vec!["is no policy".to_owned()],
            ..PolicyCheck::default()
        };
    };
    let loaded = LoadedPolicies::load([object.document("")]);
    if policy.get("kind").and_then(Value::as_str) == Some("PolicyException") {
        return PolicyCheck {
            faults: told(loaded.faults.iter().map(fault_text).collect()),
            warnings: Vec::new(),
        };
    }
    let mut prepared = Prepared::of(&object, "");
    let found = findings(&loaded).into_iter();
    let doubts = found
        .filter(|finding| finding.code.level() == Level::Warning)
        .map(|finding| finding.to_string());
    let mut warnings = std::mem::take(&mut prepared.unsupported);
    warnings.extend(deprecations(policy));
    warnings.extend(doubts);
    warnings.truncate(MOST_WARNINGS);
    let mut faults = prepared.faults;
    faults.extend(scanned_subresources(policy));
    PolicyCheck {
        faults: told(faults),
        warnings,
    }
}

/// Faults as Kyverno names their places: without `validate` before `podSecurity`.
fn told(faults: Vec<String>) -> Vec<String> {
    let named = faults
        .into_iter()
        .map(|fault| fault.replacen(".validate.podSecurity.", ".podSecurity.", 1));
    named.take(MOST_FAULTS).collect()
}

/// Kinds of validate rules that mean subresources, in a policy that is scanned by: what is not stored can't be scanned.
fn scanned_subresources(policy: &Value) -> Vec<String> {
    if !policy
        .pointer("/apiVersion")
        .is_some_and(|group| group == "kyverno.io/v1")
        || policy.pointer("/spec/background").and_then(Value::as_bool) == Some(false)
    {
        return Vec::new();
    }
    let rules = policy.pointer("/spec/rules").and_then(Value::as_array);
    let mut faults = Vec::new();
    for (index, rule) in rules.into_iter().flatten().enumerate() {
        if rule.get("validate").is_none_or(Value::is_null) {
            continue;
        }
        for (place, kind) in named_kinds(rule) {
            if means_subresources(&kind) {
                faults.push(format!(
                    "path: spec.rules[{index}].{place}.kinds: background scan enabled with subresource {kind}"
                ));
            }
        }
    }
    faults
}

/// Kinds of `match` and `exclude`, each with where it stands.
fn named_kinds(rule: &Value) -> Vec<(String, String)> {
    let mut named = Vec::new();
    let mut add = |place: String, holder: &Value| {
        let kinds = holder.pointer("/resources/kinds").and_then(Value::as_array);
        for kind in kinds.into_iter().flatten().filter_map(Value::as_str) {
            named.push((place.clone(), kind.to_owned()));
        }
    };
    for block in ["match", "exclude"] {
        let Some(written) = rule.get(block) else { continue };
        add(block.to_owned(), written);
        for list in ["any", "all"] {
            let filters = written.get(list).and_then(Value::as_array);
            for (index, filter) in filters.into_iter().flatten().enumerate() {
                add(format!("{block}.{list}[{index}]"), filter);
            }
        }
    }
    named
}

/// Kinds that subresources alone answer with.
const KINDS_OF_SUBRESOURCES: [&str; 6] = [
    "Scale",
    "Eviction",
    "TokenRequest",
    "PodExecOptions",
    "PodAttachOptions",
    "PodPortForwardOptions",
];

fn means_subresources(kind: &str) -> bool {
    let selector = KindSelector::parse(kind);
    if KINDS_OF_SUBRESOURCES.iter().any(|one| selector.names_kind(one)) {
        return true;
    }
    // One that is not served too: whatever it is, it is not stored.
    selector.names_subresource()
}

/// What Kyverno warns of as deprecated, in its words.
fn deprecations(policy: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut pending = vec![policy.get("spec").unwrap_or(&Value::Null)];
    let mut add = |warning: String| {
        if !found.contains(&warning) {
            found.push(warning);
        }
    };
    while let Some(value) = pending.pop() {
        match value {
            Value::Array(items) => pending.extend(items),
            Value::Object(fields) => {
                let text = |field: &str| fields.get(field).and_then(Value::as_str);
                let instead = match text("operator") {
                    Some("In") => Some(r#"["AllIn" "AnyIn"]"#),
                    Some("NotIn") => Some(r#"["AllNotIn" "AnyNotIn"]"#),
                    Some(_) | None => None,
                };
                // A condition: selectors of labels have operators of these names too.
                if let (Some(instead), Some(operator), true) =
                    (instead, text("operator"), fields.contains_key("value"))
                {
                    add(format!(
                        "Operator {operator} has been deprecated and will be removed soon. Use these instead: {instead}"
                    ));
                }
                let actions = ["validationFailureAction", "failureAction", "action"];
                let is_old = |field: &&str| matches!(text(field), Some("enforce" | "audit"));
                if actions.iter().any(is_old) {
                    let warning =
                        "Validation failure actions enforce/audit are deprecated, use Enforce/Audit instead.";
                    add(warning.to_owned());
                }
                pending.extend(fields.values());
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    found
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

    #[test]
    fn a_subresource_can_not_be_scanned_and_old_operators_are_told_of() {
        let policy = |kind: &str, background: bool| {
            json!({"apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": {"name": "p"},
                "spec": {"background": background, "rules": [{"name": "r",
                    "match": {"any": [{"resources": {"kinds": [kind]}}]},
                    "validate": {"deny": {"conditions": {"any": [{"key": "a", "operator": "NotIn", "value": ["b"]}]}}}}]}})
        };
        for kind in ["Pod/status", "Pod/scale", "Pod/*", "*/*", "*/status", "Scale"] {
            let found = check(&policy(kind, true)).faults;
            assert_eq!(
                found,
                [format!(
                    "path: spec.rules[0].match.any[0].kinds: background scan enabled with subresource {kind}"
                )]
            );
            assert_eq!(check(&policy(kind, false)).faults, Vec::<String>::new());
        }
        let whole = check(&policy("Pod", true));
        assert_eq!(whole.faults, Vec::<String>::new());
        assert!(
            whole.warnings.contains(
                &r#"Operator NotIn has been deprecated and will be removed soon. Use these instead: ["AllNotIn" "AnyNotIn"]"#
                    .to_owned()
            ),
            "{:?}",
            whole.warnings
        );
    }

    #[test]
    fn an_exception_that_can_not_be_meant_is_refused_in_kyvernos_words() {
        let exception = json!({"apiVersion": "kyverno.io/v2", "kind": "PolicyException",
            "metadata": {"name": "e", "namespace": "n"}, "spec": {
                "exceptions": [{"policyName": "psa", "ruleNames": ["restricted"]}],
                "match": {"all": [{"resources": {"kinds": ["Pod"]}}]},
                "podSecurity": [{"controlName": "Capabilities"}]}});
        assert_eq!(
            check(&exception).faults,
            [
                r#"spec.podSecurity[0].controlName: Invalid value: "Capabilities": exclude.images must be specified for the container level control"#
            ]
        );
    }
}
