//! `resourceRules` of policies in Common Expression Language: resources that nobody serves, Pods without the rules for what
//! makes them, kinds in which no images are found, operations on which there is no object.

use manifest::FieldPath;
use policy_engine::policy::{PolicyKind, RuleOrigin};
use serde_json::Value;

use crate::code::LintCode;
use crate::expressions::ExpressionSource;
use crate::finding::Report;
use crate::kubernetes::{Kind, kinds};
use crate::source::spec;

/// Resources in which `ImageValidatingPolicy` finds images without being told where.
const WITH_IMAGES: [&str; 7] = [
    "pods",
    "jobs",
    "deployments",
    "statefulsets",
    "daemonsets",
    "replicasets",
    "cronjobs",
];

/// Looks at each resource rule, then at what the expressions need of them.
pub(crate) fn check(source: &ExpressionSource<'_>, report: &mut Report<'_>) {
    let path = spec().key("matchConstraints").key("resourceRules");
    let rules = source.listed("/matchConstraints/resourceRules");
    for (index, rule) in rules.iter().enumerate() {
        let path = path.index(index);
        let groups = texts(rule, "apiGroups");
        for (at, resource) in texts(rule, "resources").into_iter().enumerate() {
            let path = path.key("resources").index(at);
            check_resource(resource, &groups, &path, report);
            check_images(source, resource, &path, report);
        }
        check_operations(
            source,
            &texts(rule, "operations"),
            &path.key("operations"),
            report,
        );
    }
    if let [rule] = rules.as_slice() {
        check_generated(source, rule, &path.index(0), report);
    }
}

fn check_resource(resource: &str, groups: &[&str], path: &FieldPath, report: &mut Report<'_>) {
    let (name, below) = resource
        .split_once('/')
        .map_or((resource, ""), |(name, below)| (name, below));
    let means = |kind: &&Kind| {
        let plural = kind.plural();
        name == plural || name.eq_ignore_ascii_case(kind.name) || name.eq_ignore_ascii_case(&plural)
    };
    let Some(kind) = kinds().iter().find(means) else {
        return;
    };
    let plural = kind.plural();
    if name != plural {
        let below = if below.is_empty() {
            String::new()
        } else {
            format!("/{below}")
        };
        let message = format!(
            "no resource is called `{name}`: resources have the plural name of their kind, in lower case"
        );
        report.replace(LintCode::UnknownKind, path, message, format!("{plural}{below}"));
        return;
    }
    let own = kind.group();
    let is_elsewhere = !groups.is_empty() && !groups.iter().any(|group| *group == "*" || *group == own);
    // Some stand in several groups, and a custom resource may have any name in a group of its own.
    let may_be_another = groups.iter().any(|group| group.contains('.')) || plural == "events";
    if is_elsewhere && !may_be_another {
        let message = format!("`{plural}` stand in the group `{own}`: the rule matches none");
        report.replace(
            LintCode::UnknownKind,
            path,
            message,
            format!("apiGroups: [\"{own}\"]"),
        );
    }
}

fn check_images(source: &ExpressionSource<'_>, resource: &str, path: &FieldPath, report: &mut Report<'_>) {
    let Some(images) = &source.images else {
        return;
    };
    if images.images.is_empty() && !resource.contains(['*', '/']) && !WITH_IMAGES.contains(&resource) {
        let message = format!(
            "no images are found in `{resource}` unless `images` says where: every validation of them holds"
        );
        report.add(LintCode::NoImages, path, message);
    }
}

/// An expression that reads an object which some operation does not have fails there, and the operation is denied.
fn check_operations(
    source: &ExpressionSource<'_>,
    operations: &[&str],
    path: &FieldPath,
    report: &mut Report<'_>,
) {
    for (variable, operation) in [("object", "DELETE"), ("oldObject", "CREATE")] {
        if !operations.iter().any(|one| *one == operation || *one == "*") {
            continue;
        }
        let reads = |packed: &String| packed.contains(&format!("{variable}."));
        let guards = |packed: &String| {
            let compared = [
                format!("{variable}=="),
                format!("{variable}!="),
                format!("{variable}.?"),
            ];
            compared.iter().any(|guard| packed.contains(guard)) || packed.contains("request.operation")
        };
        let packed: Vec<String> = source
            .expressions
            .iter()
            .filter(|expression| expression.uses(variable) || expression.text.contains("request.operation"))
            .map(|expression| expression.packed())
            .collect();
        if packed.iter().any(reads) && !packed.iter().any(guards) {
            let message = format!(
                "there is no `{variable}` on {operation}, and expressions read it: every such request is an error"
            );
            report.add(LintCode::AbsentObject, path, message);
        }
    }
}

/// Pods alone, and no rules for what makes them.
fn check_generated(source: &ExpressionSource<'_>, rule: &Value, path: &FieldPath, report: &mut Report<'_>) {
    let is_turned_off = source
        .spec("/autogen/podControllers/controllers")
        .and_then(Value::as_array)
        .is_some_and(Vec::is_empty);
    let is_json = source.spec("/evaluation/mode").and_then(Value::as_str) == Some("JSON");
    let is_extended = source
        .compiled
        .rules
        .iter()
        .any(|rule| matches!(rule.origin, RuleOrigin::Generated { .. }));
    let extends = source.compiled.kind != PolicyKind::ValidatingAdmissionPolicy;
    if texts(rule, "resources") == ["pods"] && extends && !is_turned_off && !is_json && !is_extended {
        let message = "rules for Deployments and their like are not written: only a policy about all Pods, `apiGroups: [\"\"]` \
                       and `apiVersions: [v1]`, without names, excludes or object selector is extended to them";
        report.add(LintCode::NoGeneratedRules, path, message);
    }
}

fn texts<'v>(rule: &'v Value, field: &str) -> Vec<&'v str> {
    let listed = rule.get(field).and_then(Value::as_array);
    listed.into_iter().flatten().filter_map(Value::as_str).collect()
}
