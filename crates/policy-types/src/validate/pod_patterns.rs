//! Patterns of a Pod applied to what makes Pods.

use manifest::FieldPath;
use serde_json::Value;

use crate::kyverno_io::rule::Rule;
use crate::report::Report;

/// Kinds whose Pods stand in a template.
const CONTROLLERS: [&str; 7] = [
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "ReplicaSet",
    "ReplicationController",
    "Job",
    "CronJob",
];

/// Lists of containers, which stand in `spec` of a Pod alone.
const CONTAINER_LISTS: [&str; 3] = ["containers", "initContainers", "ephemeralContainers"];

/// Warns of a pattern that demands `spec.containers` of kinds that have none: it refuses every object of these.
pub(super) fn warn_of(rule: &Rule, path: &FieldPath, report: &mut Report) {
    let Some(validation) = &rule.validate else { return };
    let kinds: Vec<&str> = rule
        .matches
        .kinds()
        .filter(|kind| CONTROLLERS.contains(&last_part(kind)))
        .collect();
    if kinds.is_empty() {
        return;
    }
    let path = path.key("validate");
    warn_of_pattern(&validation.pattern, &path.key("pattern"), &kinds, report);
    for (index, pattern) in validation
        .any_pattern
        .as_array()
        .into_iter()
        .flatten()
        .enumerate()
    {
        warn_of_pattern(pattern, &path.key("anyPattern").index(index), &kinds, report);
    }
}

fn warn_of_pattern(pattern: &Value, path: &FieldPath, kinds: &[&str], report: &mut Report) {
    let Some(spec) = pattern.get("spec") else { return };
    for list in CONTAINER_LISTS
        .into_iter()
        .filter(|list| spec.get(list).is_some())
    {
        let message = format!(
            "the pattern asks for `spec.{list}`, which no {} has: every one fails; match Pod alone: rules \
             for what makes Pods are then generated",
            kinds.join(", ")
        );
        report.warn(&path.key("spec").key(list), message);
    }
}

/// The kind in `group/version/Kind`.
fn last_part(kind: &str) -> &str {
    kind.rsplit('/').next().unwrap_or(kind)
}
