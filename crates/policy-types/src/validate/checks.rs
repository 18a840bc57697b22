//! `validate`: exactly one check, and each in order.

use manifest::FieldPath;

use super::{attestors, conditions, patterns, pod_security};
use crate::kyverno_io::conditions::Conditions;
use crate::kyverno_io::validation::{CelValidation, ForEachValidation, Validation};
use crate::report::Report;

/// Checks the body of a `validate` rule.
pub(super) fn validate(validation: &Validation, path: &FieldPath, report: &mut Report) {
    let has_manifests = validation
        .manifests
        .as_ref()
        .is_some_and(|manifests| !manifests.attestors.is_empty());
    let checks = [
        !validation.pattern.is_null(),
        !validation.any_pattern.is_null(),
        validation.deny.is_some(),
        !validation.foreach.is_empty(),
        validation.pod_security.is_some(),
        validation.cel.is_some(),
        has_manifests,
    ];
    match checks.into_iter().filter(|is_there| *is_there).count() {
        0 => report.invalid(
            path,
            "one of pattern, anyPattern, deny, foreach, cel must be specified",
        ),
        1 => {}
        _ => report.invalid(
            path,
            "only one of pattern, anyPattern, deny, foreach, cel can be specified",
        ),
    }
    validate_pattern(validation, path, report);
    if let Some(denied) = validation.deny.as_ref().and_then(|deny| deny.conditions.as_ref()) {
        let path = path.key("deny").key("conditions");
        conditions::validate(denied, &path, report);
    }
    for (index, foreach) in validation.foreach.iter().enumerate() {
        validate_foreach(foreach, &path.key("foreach").index(index), report);
    }
    if let Some(pod_security) = &validation.pod_security {
        pod_security::validate(pod_security, &path.key("podSecurity"), report);
    }
    if let Some(cel) = &validation.cel {
        validate_cel(cel, &path.key("cel"), report);
    }
    if let Some(manifests) = &validation.manifests {
        attestors::validate(
            &manifests.attestors,
            &path.key("manifests").key("attestors"),
            report,
        );
    }
}

fn validate_pattern(validation: &Validation, path: &FieldPath, report: &mut Report) {
    let mut pattern = path.key("pattern");
    patterns::validate_anchors(&validation.pattern, &mut pattern, report);
    patterns::validate_metadata(&validation.pattern, &pattern, report);
    if validation.any_pattern.is_null() {
        return;
    }
    let any_pattern = path.key("anyPattern");
    let Some(alternatives) = validation.any_pattern.as_array() else {
        report.invalid(&any_pattern, "failed to deserialize anyPattern, expect array");
        return;
    };
    for (index, alternative) in alternatives.iter().enumerate() {
        let mut path = any_pattern.index(index);
        patterns::validate_anchors(alternative, &mut path, report);
        patterns::validate_metadata(alternative, &path, report);
    }
}

/// Checks a loop. Recursion is bounded by the depth of the document.
fn validate_foreach(foreach: &ForEachValidation, path: &FieldPath, report: &mut Report) {
    if foreach.list.is_empty() {
        report.invalid(path, "foreach.list is required");
    }
    let checks = [
        !foreach.pattern.is_null(),
        !foreach.any_pattern.is_null(),
        foreach.deny.is_some(),
        !foreach.foreach.is_empty(),
    ];
    match checks.into_iter().filter(|is_there| *is_there).count() {
        0 => report.invalid(
            path,
            "one of pattern, anyPattern, deny, or a nested foreach must be specified",
        ),
        1 => {}
        _ => report.invalid(
            path,
            "only one of pattern, anyPattern, deny, or a nested foreach can be specified",
        ),
    }
    patterns::validate_metadata(&foreach.pattern, &path.key("pattern"), report);
    if let Some(preconditions) = &foreach.preconditions {
        let preconditions = Conditions::Blocks(preconditions.clone());
        conditions::validate_operators(&preconditions, &path.key("preconditions"), report);
    }
    if let Some(denied) = foreach.deny.as_ref().and_then(|deny| deny.conditions.as_ref()) {
        conditions::validate_operators(denied, &path.key("deny").key("conditions"), report);
    }
    for (index, inner) in foreach.foreach.iter().enumerate() {
        validate_foreach(inner, &path.key("foreach").index(index), report);
    }
}

fn validate_cel(cel: &CelValidation, path: &FieldPath, report: &mut Report) {
    for (index, expression) in cel.expressions.iter().enumerate() {
        if expression.expression.is_empty() {
            let path = path.key("expressions").index(index).key("expression");
            report.invalid(&path, "cel.expressions.expression is required");
        }
    }
    if let Some(kind) = &cel.param_kind {
        for (field, value) in [("apiVersion", &kind.api_version), ("kind", &kind.kind)] {
            if value.is_empty() {
                report.invalid(
                    &path.key("paramKind").key(field),
                    format!("cel.paramKind.{field} is required"),
                );
            }
        }
        if cel.param_ref.is_null() {
            report.invalid(path, "cel.paramRef is required");
        }
    }
    if cel.param_ref.is_null() {
        return;
    }
    let path = path.key("paramRef");
    let named = cel.param_ref.get("name").is_some_and(|name| name != "");
    if named == cel.param_ref.get("selector").is_some() {
        report.invalid(
            &path,
            "one of cel.paramRef.name or cel.paramRef.selector must be set",
        );
    }
    if cel.param_ref.get("parameterNotFoundAction").is_none() {
        report.invalid(&path, "cel.paramRef.parameterNotFoundAction is required");
    }
    if cel.param_kind.is_none() {
        report.invalid(&path, "cel.paramKind is required");
    }
}
