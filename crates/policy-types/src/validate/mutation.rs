//! `mutate`: patches that can be applied.

use manifest::FieldPath;
use serde_json::Value;

use super::{conditions, patterns};
use crate::kyverno_io::conditions::Conditions;
use crate::kyverno_io::mutation::{ForEachMutation, Mutation};
use crate::report::Report;
use crate::variables::{has_variable, variables};

/// Operations of a JSON patch (RFC 6902).
const OPERATIONS: [&str; 6] = ["add", "remove", "replace", "move", "copy", "test"];

/// Checks the body of a `mutate` rule.
pub(super) fn validate(mutation: &Mutation, path: &FieldPath, report: &mut Report) {
    let (merges, patches) = (
        !mutation.patch_strategic_merge.is_null(),
        !mutation.patches_json6902.is_empty(),
    );
    if !mutation.foreach.is_empty() && (merges || patches) {
        let message = "only one of `foreach`, `patchStrategicMerge`, or `patchesJson6902` is allowed";
        report.invalid(&path.key("foreach"), message);
    } else if merges && patches {
        report.invalid(
            path,
            "only one of `patchStrategicMerge` or `patchesJson6902` is allowed",
        );
    }
    patterns::validate_metadata(
        &mutation.patch_strategic_merge,
        &path.key("patchStrategicMerge"),
        report,
    );
    if patches {
        validate_patch(&mutation.patches_json6902, &path.key("patchesJson6902"), report);
    }
    for (index, foreach) in mutation.foreach.iter().enumerate() {
        validate_foreach(foreach, &path.key("foreach").index(index), report);
    }
    for (index, target) in mutation.targets.iter().flatten().enumerate() {
        if let Some(preconditions) = &target.preconditions {
            let path = path.key("targets").index(index).key("preconditions");
            conditions::validate_operators(preconditions, &path, report);
        }
    }
}

/// Checks a loop. Recursion is bounded by the depth of the document.
fn validate_foreach(foreach: &ForEachMutation, path: &FieldPath, report: &mut Report) {
    let (merges, patches) = (
        !foreach.patch_strategic_merge.is_null(),
        !foreach.patches_json6902.is_empty(),
    );
    if foreach.foreach.is_empty() {
        if merges == patches {
            report.invalid(
                path,
                "only one of `patchStrategicMerge` or `patchesJson6902` is allowed",
            );
        }
    } else if merges || patches || !foreach.context.is_empty() || foreach.preconditions.is_some() {
        report.invalid(path, "a nested foreach cannot contain other declarations");
    }
    patterns::validate_metadata(
        &foreach.patch_strategic_merge,
        &path.key("patchStrategicMerge"),
        report,
    );
    if let Some(preconditions) = &foreach.preconditions {
        let preconditions = Conditions::Blocks(preconditions.clone());
        conditions::validate_operators(&preconditions, &path.key("preconditions"), report);
    }
    for (index, inner) in foreach.foreach.iter().enumerate() {
        validate_foreach(inner, &path.key("foreach").index(index), report);
    }
}

/// Checks a JSON patch, which is YAML or JSON text. Variables may stand in values only.
fn validate_patch(text: &str, path: &FieldPath, report: &mut Report) {
    let mut plain = text.to_owned();
    for variable in variables(text) {
        plain = plain.replace(variable, "variable");
    }
    if let Ok(Value::Array(operations)) = manifest::read_value(text) {
        let paths = operations
            .iter()
            .filter_map(|operation| operation.get("path")?.as_str());
        if paths.into_iter().any(has_variable) {
            report.invalid(path, "should not have variables in patchesJSON6902 path section");
        }
    }
    match manifest::read_value(&plain) {
        Ok(Value::Array(operations)) => {
            for operation in &operations {
                validate_operation(operation, path, report);
            }
        }
        Ok(_) => report.invalid(path, "expected a list of JSON patch operations"),
        Err(error) => report.invalid(path, format!("the patch is {}", error.fault)),
    }
}

fn validate_operation(operation: &Value, path: &FieldPath, report: &mut Report) {
    let text = |name| operation.get(name).and_then(Value::as_str).unwrap_or_default();
    let op = text("op");
    if !OPERATIONS.contains(&op) {
        report.invalid(
            path,
            format!("unexpected kind: {op}; expected one of {}", OPERATIONS.join(", ")),
        );
    }
    if !text("path").starts_with('/') {
        report.invalid(
            path,
            format!("path must begin with a forward slash: {}", text("path")),
        );
    }
    if matches!(op, "add" | "replace" | "test") && operation.get("value").is_none() {
        report.invalid(
            path,
            format!("operation `{op}` on {} needs a value", text("path")),
        );
    }
}
