//! Rules that never match, kinds that no cluster serves, image rules for kinds without images.

use manifest::FieldPath;
use policy_types::kyverno_io::filters::{LabelSelector, MatchResources, ResourceFilter};
use policy_types::kyverno_io::rule::Rule;
use scalars::wildcard;

use crate::code::LintCode;
use crate::finding::Report;
use crate::kubernetes::{Kind, Named, Reach, named};
use crate::source::{Source, filter_path};

/// Looks at `match` and `exclude` of each rule.
pub(crate) fn check(source: &Source<'_>, report: &mut Report<'_>) {
    for (rule, path) in source.rules() {
        let matched = path.key("match");
        check_kinds(&rule.matches, &matched, report);
        if let Some(exclude) = &rule.exclude {
            check_kinds(exclude, &path.key("exclude"), report);
        }
        check_reach(&rule.matches, &matched, report);
        check_all(&rule.matches, &matched, report);
        check_exclude(rule, &path, report);
        check_images(rule, &matched, report);
    }
}

fn check_kinds(block: &MatchResources, path: &FieldPath, report: &mut Report<'_>) {
    for (place, filter) in block.filters() {
        let kinds = filter_path(path, place).key("resources").key("kinds");
        for (index, selector) in filter.resources.kinds.iter().enumerate() {
            let at = kinds.index(index);
            match named(selector) {
                Named::Known(_) | Named::Other => {}
                Named::NotServed(kind) => {
                    let message = format!(
                        "`{selector}` is not served: {} stands in {}",
                        kind.name, kind.api_version
                    );
                    report.replace(LintCode::UnknownKind, &at, message, kind.name);
                }
                Named::Misspelt(kind) => {
                    let message = format!("no kind is called `{selector}`: the filter matches nothing");
                    report.replace(LintCode::UnknownKind, &at, message, kind.name);
                }
            }
        }
    }
}

/// Objects outside of namespaces, chosen by namespace.
fn check_reach(block: &MatchResources, path: &FieldPath, report: &mut Report<'_>) {
    for (place, filter) in block.filters() {
        let at = filter_path(path, place).key("resources");
        let resources = &filter.resources;
        let kinds = exact_kinds(&resources.kinds);
        let Some(kinds) = kinds.filter(|kinds| kinds.iter().all(|kind| kind.reach == Reach::Cluster)) else {
            continue;
        };
        let names: Vec<&str> = kinds.iter().map(|kind| kind.name).collect();
        let only_namespaces = names.iter().all(|name| *name == "Namespace");
        let stands_nowhere = |pattern: &String| !wildcard::matches(pattern, "");
        if !only_namespaces
            && !resources.namespaces.is_empty()
            && resources.namespaces.iter().all(stands_nowhere)
        {
            let message = format!(
                "{} stands in no namespace: the filter matches nothing",
                names.join(", ")
            );
            report.add(LintCode::NeverMatches, &at.key("namespaces"), message);
        }
        if only_namespaces && resources.namespace_selector.is_some() {
            let message = "a Namespace stands in no namespace: the filter matches nothing; `selector` looks at its own labels";
            report.replace(
                LintCode::NeverMatches,
                &at.key("namespaceSelector"),
                message,
                "selector:",
            );
        }
    }
}

/// The kinds of a filter, if each selector names one of Kubernetes' own.
fn exact_kinds(selectors: &[String]) -> Option<Vec<Kind>> {
    let kind = |selector: &String| match named(selector) {
        Named::Known(kinds) => match kinds.as_slice() {
            [kind] => Some(*kind),
            _ => None,
        },
        Named::NotServed(_) | Named::Misspelt(_) | Named::Other => None,
    };
    let kinds: Option<Vec<Kind>> = selectors.iter().map(kind).collect();
    kinds.filter(|kinds| !kinds.is_empty())
}

/// Filters that must all hold and have no kind in common.
fn check_all(block: &MatchResources, path: &FieldPath, report: &mut Report<'_>) {
    let listed: Vec<Vec<Kind>> = block
        .all
        .iter()
        .flatten()
        .filter_map(|filter| exact_kinds(&filter.resources.kinds))
        .collect();
    let Some((first, rest)) = listed.split_first() else {
        return;
    };
    if !first
        .iter()
        .any(|kind| rest.iter().all(|others| others.contains(kind)))
    {
        let message =
            "all of these filters must hold, and no kind is in every one of them: the rule matches nothing";
        report.replace(LintCode::NeverMatches, &path.key("all"), message, "any:");
    }
}

/// Exclusions that take back all that is matched. Loading refuses what Kyverno refuses; this is the rest.
fn check_exclude(rule: &Rule, path: &FieldPath, report: &mut Report<'_>) {
    let Some(exclude) = &rule.exclude else { return };
    let takers: Vec<&ResourceFilter> = if exclude.has_blocks() {
        match (exclude.any.as_deref(), exclude.all.as_deref()) {
            (Some(any), _) if !any.is_empty() => any.iter().collect(),
            (_, Some([only])) => vec![only],
            (_, Some(_) | None) => return,
        }
    } else {
        vec![&exclude.flat]
    };
    let given: Vec<&ResourceFilter> = if rule.matches.has_blocks() {
        rule.matches
            .filters()
            .filter(|(place, _)| place.is_some())
            .map(|(_, filter)| filter)
            .collect()
    } else {
        vec![&rule.matches.flat]
    };
    let taken = |filter: &ResourceFilter| takers.iter().any(|taker| covers(taker, filter));
    let all_are_needed = rule.matches.any.as_ref().is_none_or(Vec::is_empty) && rule.matches.has_blocks();
    let nothing_left = if all_are_needed {
        given.iter().any(|f| taken(f))
    } else {
        given.iter().all(|f| taken(f))
    };
    if nothing_left {
        let message = "the exclusion takes back everything that the rule matches";
        report.add(LintCode::NeverMatches, &path.key("exclude"), message);
    }
}

/// Whether everything that meets `filter` meets `taker`, as far as the text tells.
fn covers(taker: &ResourceFilter, filter: &ResourceFilter) -> bool {
    let (out, into) = (&taker.resources, &filter.resources);
    let says_something = *taker != ResourceFilter::default();
    let into_names: Vec<String> = into
        .names
        .iter()
        .chain((!into.name.is_empty()).then_some(&into.name))
        .cloned()
        .collect();
    let out_names: Vec<String> = out
        .names
        .iter()
        .chain((!out.name.is_empty()).then_some(&out.name))
        .cloned()
        .collect();
    says_something
        && within(&taker.roles, &filter.roles, |wanted, found| wanted == found)
        && within(&taker.cluster_roles, &filter.cluster_roles, |wanted, found| {
            wanted == found
        })
        && within(&taker.subjects, &filter.subjects, |wanted, found| wanted == found)
        && within(&out.kinds, &into.kinds, |wanted, found| {
            wanted == "*" || wanted == found
        })
        && within(&out.operations, &into.operations, |wanted, found| wanted == found)
        && within_patterns(&out_names, &into_names)
        && within_patterns(&out.namespaces, &into.namespaces)
        && out
            .annotations
            .iter()
            .all(|pair| into.annotations.iter().any(|other| other == pair))
        && selects_all(out.selector.as_ref(), into.selector.as_ref())
        && selects_all(out.namespace_selector.as_ref(), into.namespace_selector.as_ref())
}

/// Whether each of `into` is meant by one of `out`, which means everything if empty.
fn within<T>(out: &[T], into: &[T], means: impl Fn(&T, &T) -> bool) -> bool {
    out.is_empty()
        || (!into.is_empty()
            && into
                .iter()
                .all(|found| out.iter().any(|wanted| means(wanted, found))))
}

fn within_patterns(out: &[String], into: &[String]) -> bool {
    out.iter().any(|pattern| pattern == "*")
        || within(out, into, |wanted, found| wildcard::matches(wanted, found))
}

fn selects_all(out: Option<&LabelSelector>, into: Option<&LabelSelector>) -> bool {
    out.is_none_or(|out| into == Some(out))
}

/// Kinds of an image rule in which nothing is looked for.
fn check_images(rule: &Rule, path: &FieldPath, report: &mut Report<'_>) {
    if rule.verify_images.is_empty() {
        return;
    }
    for (place, filter) in rule.matches.filters() {
        let at = filter_path(path, place).key("resources").key("kinds");
        for (index, selector) in filter.resources.kinds.iter().enumerate() {
            let name = selector.rsplit('/').next().unwrap_or(selector);
            let is_extracted = rule
                .image_extractors
                .as_ref()
                .is_some_and(|extractors| extractors.contains_key(name));
            let has_none = match named(selector) {
                Named::Known(kinds) => !kinds.iter().any(Kind::holds_images),
                Named::Other => name.starts_with(char::is_uppercase) && !wildcard::has_wildcard(name),
                Named::NotServed(_) | Named::Misspelt(_) => false,
            };
            if has_none && !is_extracted {
                let message = format!("no image is looked for in {name}: the rule verifies nothing there");
                report.replace(
                    LintCode::NoImages,
                    &at.index(index),
                    message,
                    format!("imageExtractors: {{{name}: […]}}"),
                );
            }
        }
    }
}
