//! Why no rules are generated for what makes Pods.
//!
//! Spec: engine-and-cli §7. Whether rules were generated is read off the compiled policy; only the reason is worked out here.

use manifest::FieldPath;
use policy_engine::policy::{CONTROLLERS_ANNOTATION, RuleBody};
use policy_types::kyverno_io::filters::{MatchResources, ResourceFilter};
use policy_types::kyverno_io::rule::Rule;

use crate::code::LintCode;
use crate::finding::Report;
use crate::kubernetes::{Named, named};
use crate::source::{Source, filter_path};

/// Kinds that rules are generated for.
const CONTROLLERS: [&str; 7] = [
    "DaemonSet",
    "Deployment",
    "Job",
    "StatefulSet",
    "ReplicaSet",
    "ReplicationController",
    "CronJob",
];

/// Looks at rules that speak of Pods and at the annotation.
pub(crate) fn check(source: &Source<'_>, report: &mut Report<'_>) {
    let annotation = source.policy.metadata.annotations.get(CONTROLLERS_ANNOTATION);
    if let Some(wanted) = annotation {
        check_annotation(wanted, report);
    }
    let handled_by_hand = source
        .policy
        .spec
        .rules
        .iter()
        .any(|rule| names_controller(&rule.matches));
    let is_off = annotation.is_some_and(|wanted| wanted.split(',').all(|name| !CONTROLLERS.contains(&name)));
    if handled_by_hand || is_off {
        return;
    }
    for (rule, path) in source.rules() {
        let is_check = rule.validate.is_some() || !rule.verify_images.is_empty();
        if !is_check
            || !judges_creation(&rule.matches)
            || !names_pod(&rule.matches)
            || source.is_extended(rule)
            || is_unsupported(source, rule)
        {
            continue;
        }
        if let Some((at, why)) = reason(source, rule, &path) {
            let message = format!(
                "no rules are generated for what makes Pods, because {why}: a Deployment is admitted, and its Pods are \
                 refused later"
            );
            report.add(LintCode::NoGeneratedRules, &at, message);
        }
    }
}

fn check_annotation(wanted: &str, report: &mut Report<'_>) {
    let path = FieldPath::root()
        .key("metadata")
        .key("annotations")
        .key(CONTROLLERS_ANNOTATION);
    let unknown: Vec<&str> = wanted
        .split(',')
        .filter(|name| !CONTROLLERS.contains(name) && *name != "none" && *name != "Pod")
        .collect();
    if unknown.is_empty() {
        return;
    }
    let quoted: Vec<String> = unknown.iter().map(|name| format!("`{name}`")).collect();
    let message = format!(
        "{} is no controller that rules are generated for; blanks count",
        quoted.join(", ")
    );
    let known: Vec<&str> = wanted
        .split(',')
        .map(str::trim)
        .filter(|name| CONTROLLERS.contains(name))
        .collect();
    let known = if known.is_empty() {
        "none".to_owned()
    } else {
        known.join(",")
    };
    report.replace(
        LintCode::GeneratedFor,
        &path,
        message,
        format!("{CONTROLLERS_ANNOTATION}: {known}"),
    );
}

fn is_unsupported(source: &Source<'_>, rule: &Rule) -> bool {
    let mut compiled = source
        .compiled
        .rules
        .iter()
        .filter(|compiled| *compiled.name == *rule.name);
    compiled.any(|compiled| matches!(compiled.body, RuleBody::Unsupported { .. }))
}

fn names_controller(block: &MatchResources) -> bool {
    block.kinds().any(|selector| match named(selector) {
        Named::Known(kinds) => kinds.iter().any(|kind| kind.pod_template().is_some()),
        Named::NotServed(_) | Named::Misspelt(_) | Named::Other => false,
    })
}

/// Whether some filter lets creation by: rules about deletion have nothing to say of what makes Pods.
fn judges_creation(block: &MatchResources) -> bool {
    let creates =
        |operations: &Vec<String>| operations.is_empty() || operations.iter().any(|one| one == "CREATE");
    block
        .filters()
        .filter(|(_, filter)| !filter.resources.kinds.is_empty())
        .any(|(_, filter)| creates(&filter.resources.operations))
}

fn names_pod(block: &MatchResources) -> bool {
    block.kinds().any(is_pod)
}

fn is_pod(selector: &str) -> bool {
    matches!(named(selector), Named::Known(kinds) if matches!(kinds.as_slice(), [kind] if kind.name == "Pod"))
}

/// What stands in the way, and where: of the policy as a whole, else of the rule.
fn reason(source: &Source<'_>, rule: &Rule, path: &FieldPath) -> Option<(FieldPath, String)> {
    let mut has_literal = false;
    for (other, at) in source.rules() {
        if other.generate.is_some() {
            return Some((at.key("generate"), "the policy has a generate rule".to_owned()));
        }
        if other.mutate.as_ref().is_some_and(|mutation| {
            !mutation.patches_json6902.is_empty()
                || mutation
                    .foreach
                    .iter()
                    .any(|foreach| !foreach.patches_json6902.is_empty())
        }) {
            return Some((
                at.key("mutate"),
                "the policy has a rule with patchesJson6902".to_owned(),
            ));
        }
        for (name, block) in [
            ("match", Some(&other.matches)),
            ("exclude", other.exclude.as_ref()),
        ] {
            for (place, filter) in block.into_iter().flat_map(MatchResources::filters) {
                let at = filter_path(&at.key(name), place).key("resources");
                if let Some((field, why)) = narrowed(filter) {
                    return Some((at.key(field), why));
                }
                has_literal |= filter.resources.kinds.iter().any(|kind| kind == "Pod");
            }
        }
    }
    if !has_literal {
        return Some((
            path.key("match"),
            "no rule names the kind as `Pod`, without group and version".to_owned(),
        ));
    }
    let excluded = rule
        .exclude
        .as_ref()
        .filter(|exclude| exclude.kinds().next().is_some() && !names_pod(exclude))?;
    let kinds: Vec<&str> = excluded.kinds().collect();
    Some((
        path.key("exclude"),
        format!("the rule excludes {} and not Pod", kinds.join(", ")),
    ))
}

/// The field of a filter that keeps rules from being generated.
fn narrowed(filter: &ResourceFilter) -> Option<(&'static str, String)> {
    let resources = &filter.resources;
    let by_field = [
        ("name", !resources.name.is_empty()),
        ("names", !resources.names.is_empty()),
        ("selector", resources.selector.is_some()),
        ("annotations", !resources.annotations.is_empty()),
    ];
    if let Some((field, _)) = by_field.into_iter().find(|(_, is_there)| *is_there) {
        return Some((field, format!("Pods are chosen by `{field}`")));
    }
    let mixed = resources.kinds.len() > 1 && resources.kinds.iter().any(|kind| is_pod(kind));
    mixed.then(|| ("kinds", "Pod stands in one list with other kinds".to_owned()))
}
