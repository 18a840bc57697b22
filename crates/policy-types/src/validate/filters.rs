//! `match` and `exclude`.

use manifest::FieldPath;
use scalars::wildcard;

use crate::kyverno_io::filters::{
    LabelSelector, LabelSelectorRequirement, MatchResources, ResourceDescription, ResourceFilter, Subject,
};
use crate::report::Report;

/// What the object that holds the filters can reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Every object.
    Cluster,
    /// Objects of its own namespace.
    Namespace,
}

/// Kinds without namespace that are in every cluster; Kyverno asks the cluster for the others.
const CLUSTER_KINDS: [&str; 9] = [
    "Namespace",
    "Node",
    "PersistentVolume",
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "StorageClass",
    "PriorityClass",
    "IngressClass",
];

/// Path of a filter, as [`MatchResources::filters`] tells its place.
pub(super) fn path(path: &FieldPath, place: Option<(&'static str, usize)>) -> FieldPath {
    place.map_or_else(|| path.clone(), |(block, index)| path.key(block).index(index))
}

/// Checks every filter, and that only one form is used.
pub(super) fn validate(matches: &MatchResources, path: &FieldPath, reach: Reach, report: &mut Report) {
    if matches.any.is_some() && matches.all.is_some() {
        report.invalid(path, "Can't specify any and all together");
    }
    if matches.has_blocks() && !matches.flat.resources.is_empty() {
        let which = path.segments().last().map(segment_name).unwrap_or_default();
        report.invalid(
            &path.key("resources"),
            format!("can't specify any/all together with {which} resources"),
        );
    }
    for (place, filter) in matches.filters() {
        validate_filter(filter, &self::path(path, place), reach, report);
    }
}

fn segment_name(segment: &manifest::Segment) -> String {
    match segment {
        manifest::Segment::Key(key) => key.clone(),
        manifest::Segment::Index(index) => index.to_string(),
    }
}

fn validate_filter(filter: &ResourceFilter, path: &FieldPath, reach: Reach, report: &mut Report) {
    for (index, subject) in filter.subjects.iter().enumerate() {
        validate_subject(subject, &path.key("subjects").index(index), report);
    }
    for (index, role) in filter.roles.iter().enumerate() {
        if role.split(':').count() != 2 {
            report.invalid(
                &path.key("roles").index(index),
                "Role is expected to be in namespace:name format",
            );
        }
    }
    validate_resources(&filter.resources, &path.key("resources"), reach, report);
}

fn validate_subject(subject: &Subject, path: &FieldPath, report: &mut Report) {
    if !matches!(subject.kind.as_str(), "User" | "Group" | "ServiceAccount") {
        report.invalid(
            &path.key("kind"),
            "kind must be 'User', 'Group', or 'ServiceAccount'",
        );
    }
    if subject.name.is_empty() {
        report.invalid(&path.key("name"), "name is required");
    }
    if subject.kind == "ServiceAccount" && subject.namespace.is_empty() {
        report.invalid(
            &path.key("namespace"),
            "namespace is required when Kind is ServiceAccount",
        );
    }
}

fn validate_resources(resources: &ResourceDescription, path: &FieldPath, reach: Reach, report: &mut Report) {
    if !resources.name.is_empty() && !resources.names.is_empty() {
        report.invalid(path, "Both name and names can not be specified together");
    }
    if let Some(selector) = &resources.selector {
        validate_selector(selector, &path.key("selector"), report);
    }
    if reach == Reach::Cluster {
        return;
    }
    if !resources.namespaces.is_empty() {
        report.invalid(
            &path.key("namespaces"),
            "Filtering namespaces not allowed in namespaced policies",
        );
    }
    for (index, kind) in resources.kinds.iter().enumerate() {
        if CLUSTER_KINDS.contains(&kind.as_str()) {
            let message = format!("Cluster wide resource '{kind}' not allowed in namespaced policy");
            report.invalid(&path.key("kinds").index(index), message);
        }
    }
}

/// Checks a label selector as Kubernetes does, unless it holds wildcards, which only Kyverno reads.
fn validate_selector(selector: &LabelSelector, path: &FieldPath, report: &mut Report) {
    let labels = &selector.match_labels;
    if labels
        .iter()
        .any(|(key, value)| wildcard::has_wildcard(key) || wildcard::has_wildcard(value))
    {
        return;
    }
    if labels.is_empty() && selector.match_expressions.is_empty() {
        report.invalid(path, "The requirements are not specified in selector");
    }
    for (key, value) in labels {
        let path = path.key("matchLabels").key(key);
        if !is_label_key(key) {
            report.invalid(&path, format!("`{key}` is no label key"));
        }
        if !is_label_value(value) {
            report.invalid(&path, format!("`{value}` is no label value"));
        }
    }
    for (index, requirement) in selector.match_expressions.iter().enumerate() {
        validate_requirement(requirement, &path.key("matchExpressions").index(index), report);
    }
}

fn validate_requirement(requirement: &LabelSelectorRequirement, path: &FieldPath, report: &mut Report) {
    if !is_label_key(&requirement.key) {
        report.invalid(&path.key("key"), format!("`{}` is no label key", requirement.key));
    }
    let values = path.key("values");
    match requirement.operator.as_str() {
        "In" | "NotIn" if requirement.values.is_empty() => {
            report.invalid(&values, "for 'in', 'notin' operators, values set can't be empty");
        }
        "Exists" | "DoesNotExist" if !requirement.values.is_empty() => {
            report.invalid(&values, "values set must be empty for exists and does not exist");
        }
        "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
        operator => {
            let message = format!("\"{operator}\" is not a valid label selector operator");
            report.invalid(&path.key("operator"), message);
        }
    }
    for (index, value) in requirement.values.iter().enumerate() {
        if !is_label_value(value) {
            report.invalid(&values.index(index), format!("`{value}` is no label value"));
        }
    }
}

/// Kubernetes' qualified name: `[prefix/]name`.
fn is_label_key(key: &str) -> bool {
    let (prefix, name) = key
        .rsplit_once('/')
        .map_or((None, key), |(prefix, name)| (Some(prefix), name));
    let is_prefix = |prefix: &str| {
        let part = |part: &str| {
            is_framed(part, |byte| byte == b'-') && part.bytes().all(|byte| !byte.is_ascii_uppercase())
        };
        prefix.len() <= 253 && prefix.split('.').all(part)
    };
    !name.is_empty() && is_label_value(name) && prefix.is_none_or(is_prefix)
}

/// At most 63 letters, digits, `-`, `_`, `.`, framed by letters or digits; may be empty.
fn is_label_value(value: &str) -> bool {
    value.is_empty() || (value.len() <= 63 && is_framed(value, |byte| matches!(byte, b'-' | b'_' | b'.')))
}

/// Letters and digits, with what `inner` allows between the first and the last.
fn is_framed(text: &str, inner: impl Fn(u8) -> bool) -> bool {
    let ends = [text.bytes().next(), text.bytes().next_back()];
    ends.into_iter()
        .all(|end| end.is_some_and(|byte| byte.is_ascii_alphanumeric()))
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || inner(byte))
}
