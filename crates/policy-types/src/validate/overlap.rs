//! Rules that exclude all that they match.
//!
//! Source: Kyverno 1.19 `ValidateMatchExcludeConflict`, its order of questions included.

use scalars::wildcard;

use crate::kyverno_io::filters::{LabelSelector, MatchResources, ResourceFilter};

/// Whether nothing is left of `matches` after `exclude`, as far as the two alone can tell.
pub(super) fn is_empty_set(matches: &MatchResources, exclude: &MatchResources) -> bool {
    let listed =
        |filters: &Option<Vec<ResourceFilter>>| filters.as_ref().is_some_and(|filters| !filters.is_empty());
    if listed(&matches.all) || listed(&exclude.all) {
        return false;
    }
    if listed(&matches.any) && listed(&exclude.any) {
        let excluded = exclude.any.as_deref().unwrap_or_default();
        return matches
            .any
            .iter()
            .flatten()
            .any(|filter| excluded.contains(filter));
    }
    *exclude != MatchResources::default() && covers(&exclude.flat, &matches.flat)
}

/// Whether `exclude` takes everything that `matches` lets through.
fn covers(exclude: &ResourceFilter, matches: &ResourceFilter) -> bool {
    let (out, into) = (&exclude.resources, &matches.resources);
    if !(holds_all(&exclude.roles, &matches.roles)
        && holds_all(&exclude.cluster_roles, &matches.cluster_roles)
        && holds_all(&exclude.subjects, &matches.subjects)
        && (out.name.is_empty() || wildcard::matches(&out.name, &into.name)))
    {
        return false;
    }
    if !out.names.is_empty() {
        return into
            .names
            .iter()
            .any(|name| out.names.iter().any(|pattern| wildcard::matches(pattern, name)));
    }
    holds_all(&out.namespaces, &into.namespaces)
        && holds_all(&out.kinds, &into.kinds)
        && selects_all(out.selector.as_ref(), into.selector.as_ref())
        && selects_all(out.namespace_selector.as_ref(), into.namespace_selector.as_ref())
        && out.annotations == into.annotations
}

/// Whether `out` names nothing, or all that `into` names, which must be something.
fn holds_all<T: PartialEq>(out: &[T], into: &[T]) -> bool {
    out.is_empty() || (!into.is_empty() && into.iter().all(|item| out.contains(item)))
}

fn selects_all(out: Option<&LabelSelector>, into: Option<&LabelSelector>) -> bool {
    match (out, into) {
        (None, None) => true,
        (Some(out), Some(into)) => {
            let same = |(label, value)| out.match_labels.get(label) == Some(value);
            let labels = out.match_labels.is_empty()
                || (!into.match_labels.is_empty() && into.match_labels.iter().all(same));
            labels && holds_all(&out.match_expressions, &into.match_expressions)
        }
        (None, Some(_)) | (Some(_), None) => false,
    }
}
