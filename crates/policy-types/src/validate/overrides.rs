//! Failure actions by namespace: no namespace may have two.

use manifest::FieldPath;
use scalars::wildcard;

use crate::kyverno_io::validation::{FailureAction, FailureActionOverride};
use crate::report::Report;

/// Checks that no namespace is named for both actions, by name or by wildcard.
pub(super) fn validate(overrides: &[FailureActionOverride], path: &FieldPath, report: &mut Report) {
    let mut seen: Vec<(FailureAction, &str)> = Vec::new();
    for (index, entry) in overrides.iter().enumerate() {
        let path = path.index(index);
        let Some(action) = entry.action else {
            report.invalid(&path.key("action"), "invalid action");
            continue;
        };
        for (number, namespace) in entry.namespaces.iter().enumerate() {
            let other = seen
                .iter()
                .find(|(other, name)| *other != action && meet(name, namespace));
            if let Some((_, other)) = other {
                let message = format!(
                    "conflicting namespaces found: `{namespace}` and `{other}` have different actions"
                );
                report.invalid(&path.key("namespaces").index(number), message);
            }
        }
        seen.extend(
            entry
                .namespaces
                .iter()
                .map(|namespace| (action, namespace.as_str())),
        );
    }
}

/// Whether one name or pattern matches the other.
fn meet(one: &str, other: &str) -> bool {
    wildcard::matches(one, other) || wildcard::matches(other, one)
}
