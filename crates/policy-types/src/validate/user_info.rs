//! What a background scan cannot know: who made the request.

use manifest::{Document, FieldPath};
use serde_json::Value;

use super::filters;
use crate::kyverno_io::filters::MatchResources;
use crate::kyverno_io::policy::Policy;
use crate::report::Report;
use crate::variables::{each_text, variables};

/// Variables that only an admission request gives.
const USER_VARIABLES: [&str; 5] = [
    "serviceAccountName",
    "serviceAccountNamespace",
    "request.userInfo",
    "request.roles",
    "request.clusterRoles",
];

const HINT: &str = "only select variables are allowed in background mode. Set spec.background=false to disable \
                    background mode for this policy rule";

/// Checks a policy that background scans judge.
pub(super) fn validate(policy: &Policy, document: &Document, report: &mut Report) {
    for (index, rule) in policy.spec.rules.iter().enumerate() {
        let path = FieldPath::root().key("spec").key("rules").index(index);
        validate_filters(&rule.matches, &path.key("match"), report);
        if let Some(exclude) = &rule.exclude {
            validate_filters(exclude, &path.key("exclude"), report);
        }
    }
    let changes_existing = policy.spec.rules.iter().any(|rule| {
        rule.mutate
            .as_ref()
            .is_some_and(|mutation| mutation.targets.is_some())
    });
    if changes_existing {
        return;
    }
    for part in ["metadata", "spec"] {
        let value = document.value.get(part).unwrap_or(&Value::Null);
        each_text(value, &mut FieldPath::root().key(part), &mut |text, path| {
            for variable in variables(text).filter(|variable| names_user(variable)) {
                if !path
                    .to_string()
                    .ends_with("[kubectl.kubernetes.io/last-applied-configuration]")
                {
                    report.invalid(path, format!("{HINT}: variable {variable} is not allowed"));
                }
            }
        });
    }
}

fn validate_filters(matches: &MatchResources, path: &FieldPath, report: &mut Report) {
    for (place, filter) in matches.filters() {
        let fields = [
            ("roles", !filter.roles.is_empty()),
            ("clusterRoles", !filter.cluster_roles.is_empty()),
            ("subjects", !filter.subjects.is_empty()),
        ];
        for (field, _) in fields.into_iter().filter(|(_, is_there)| *is_there) {
            report.invalid(
                &filters::path(path, place).key(field),
                format!("{HINT}: invalid variable used"),
            );
        }
    }
}

/// Whether a variable names something of the user: as a word that no dot leads to.
fn names_user(variable: &str) -> bool {
    USER_VARIABLES.iter().any(|name| {
        variable.match_indices(name).any(|(start, _)| {
            let before = variable
                .get(..start)
                .and_then(|before| before.chars().next_back());
            let after = variable
                .get(start.saturating_add(name.len())..)
                .and_then(|after| after.chars().next());
            let ends_word = !after.is_some_and(|next| next.is_ascii_alphanumeric() || next == '_');
            before.is_some_and(|before| before != '.') && ends_word
        })
    })
}
