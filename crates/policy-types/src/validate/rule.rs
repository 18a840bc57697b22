//! One rule: one action, and parts that fit it.

use manifest::{Document, FieldPath};
use serde_json::Value;

use super::filters::{self, Reach};
use super::{checks, conditions, context, images, mutation, overlap, overrides};
use crate::kyverno_io::filters::MatchResources;
use crate::kyverno_io::policy::{Policy, PolicyKind};
use crate::kyverno_io::rule::Rule;
use crate::report::Report;
use crate::variables::{each_text, expression, has_variable, variables};

/// Longest name of a rule, in bytes: it becomes a label's value.
const MAX_NAME_BYTES: usize = 63;

/// Checks a rule.
pub(super) fn validate(rule: &Rule, index: usize, policy: &Policy, document: &Document, report: &mut Report) {
    let path = FieldPath::root().key("spec").key("rules").index(index);
    let reach = match policy.kind {
        PolicyKind::ClusterPolicy => Reach::Cluster,
        PolicyKind::Policy => Reach::Namespace,
    };
    if rule.name.len() > MAX_NAME_BYTES {
        report.invalid(
            &path.key("name"),
            format!("must be no more than {MAX_NAME_BYTES} bytes"),
        );
    }
    validate_action(rule, &path, report);
    validate_match(rule, policy, reach, &path, report);
    if let Some(preconditions) = &rule.preconditions {
        conditions::validate(preconditions, &path.key("preconditions"), report);
    }
    context::validate(&rule.context, &path.key("context"), report);
    if let Some(validation) = &rule.validate {
        checks::validate(validation, &path.key("validate"), report);
        if policy.kind == PolicyKind::ClusterPolicy {
            let path = path.key("validate").key("failureActionOverrides");
            overrides::validate(&validation.failure_action_overrides, &path, report);
        }
    }
    if let Some(body) = &rule.mutate {
        mutation::validate(body, &path.key("mutate"), report);
    }
    images::validate(rule, &policy.spec, &path, report);
    let written = document
        .value
        .pointer(&format!("/spec/rules/{index}"))
        .unwrap_or(&Value::Null);
    validate_variables(written, &rule.name, &path, report);
}

/// Exactly one action, and parts that belong to it.
fn validate_action(rule: &Rule, path: &FieldPath, report: &mut Report) {
    let actions = [
        rule.validate.is_some(),
        rule.mutate.is_some(),
        rule.generate.is_some(),
        !rule.verify_images.is_empty(),
    ];
    let name = &rule.name;
    match actions.into_iter().filter(|is_there| *is_there).count() {
        0 => report.invalid(
            path,
            format!(
                "No operation defined in the rule '{name}'.(supported operations: \
                 mutate,validate,generate,verifyImages)"
            ),
        ),
        1 => {}
        _ => report.invalid(
            path,
            format!(
                "Multiple operations defined in the rule '{name}', only one operation \
                 (mutate,validate,generate,verifyImages) is allowed per rule"
            ),
        ),
    }
    if rule.image_extractors.is_some() && rule.verify_images.is_empty() {
        let message = format!(
            "Invalid rule spec for rule '{name}', imageExtractors can only be defined for verifyImages rule"
        );
        report.invalid(&path.key("imageExtractors"), message);
    }
    let is_cel = rule
        .validate
        .as_ref()
        .is_some_and(|validation| validation.cel.is_some());
    if rule.cel_preconditions.is_some() && !is_cel {
        report.invalid(
            &path.key("celPreconditions"),
            "celPrecondition can only be used with validate.cel",
        );
    }
    if is_cel && !rule.context.is_empty() {
        let message = "context variables are not supported for CEL expressions in validate rules";
        report.invalid(&path.key("context"), message);
    }
}

fn validate_match(rule: &Rule, policy: &Policy, reach: Reach, path: &FieldPath, report: &mut Report) {
    let matched = path.key("match");
    filters::validate(&rule.matches, &matched, reach, report);
    for (place, filter) in rule.matches.filters() {
        if place.is_none() && rule.matches.has_blocks() {
            continue;
        }
        let resources = filters::path(&matched, place).key("resources");
        if filter.resources.is_empty() {
            report.invalid(&resources, "match resources not specified");
        } else if filter.resources.kinds.is_empty() {
            let message = "at least one element must be specified in a kind block, the kind attribute is mandatory when \
                           working with the resources element";
            report.invalid(&resources, message);
        }
    }
    validate_any_kind(&rule.matches, rule, policy, &matched, report);
    if let Some(exclude) = &rule.exclude {
        filters::validate(exclude, &path.key("exclude"), reach, report);
        validate_any_kind(exclude, rule, policy, &path.key("exclude"), report);
        if overlap::is_empty_set(&rule.matches, exclude) {
            report.invalid(path, "Rule is matching an empty set");
        }
    }
}

/// Kind `*` stands alone, outside background scans, and in rules that look at metadata only.
fn validate_any_kind(
    matches: &MatchResources,
    rule: &Rule,
    policy: &Policy,
    path: &FieldPath,
    report: &mut Report,
) {
    for (place, filter) in matches.filters() {
        let kinds = &filter.resources.kinds;
        if !kinds.iter().any(|kind| kind == "*") {
            continue;
        }
        let path = filters::path(path, place).key("resources").key("kinds");
        if policy.judges_background() {
            let message = "wildcard policy not allowed in background mode. Set spec.background=false to disable \
                           background mode for this policy rule";
            report.invalid(&path, message);
        }
        if kinds.len() > 1 {
            report.invalid(&path, "wildcard policy can not deal with more than one kind");
        }
        let loops = rule
            .validate
            .as_ref()
            .is_some_and(|validation| !validation.foreach.is_empty());
        if rule.generate.is_some() || !rule.verify_images.is_empty() || loops {
            report.invalid(&path, "wildcard policy does not support rule type");
        }
        if !looks_at_metadata_only(rule) {
            let message = "policy can only deal with the metadata field of the resource if the rule does not match any kind";
            report.invalid(&path, message);
        }
    }
}

/// Whether patterns and merge patches of a rule name nothing but `metadata`.
fn looks_at_metadata_only(rule: &Rule) -> bool {
    let only_metadata = |value: &Value| {
        value
            .as_object()
            .is_none_or(|fields| fields.keys().all(|key| key == "metadata"))
    };
    let patch = rule
        .mutate
        .as_ref()
        .is_none_or(|mutation| only_metadata(&mutation.patch_strategic_merge));
    let patterns = rule.validate.as_ref().is_none_or(|validation| {
        only_metadata(&validation.pattern)
            && validation
                .any_pattern
                .as_array()
                .is_none_or(|all| all.iter().all(only_metadata))
    });
    patch && patterns
}

/// Variables stand neither in `match` nor in `exclude`, and those of a loop only within one.
fn validate_variables(written: &Value, rule: &str, path: &FieldPath, report: &mut Report) {
    for section in ["match", "exclude"] {
        let value = written.get(section).unwrap_or(&Value::Null);
        each_text(value, &mut path.key(section), &mut |text, path| {
            if has_variable(text) {
                report.invalid(
                    path,
                    format!("rule \"{rule}\" should not have variables in {section} section"),
                );
            }
        });
    }
    each_text(written, &mut path.clone(), &mut |text, path| {
        for variable in variables(text) {
            if expression(variable).starts_with("element") && !path.to_string().contains(".foreach[") {
                let message = format!("variable '{}' present outside of foreach", expression(variable));
                report.invalid(path, message);
            }
        }
    });
}
