//! Conditions: keys, operators, values.

use manifest::FieldPath;
use serde_json::Value;

use crate::kyverno_io::conditions::{AnyAllConditions, Condition, Conditions};
use crate::report::Report;

/// Operators Kyverno knows, the older ones included. Admission takes them in exactly this case.
pub(super) const OPERATORS: [&str; 18] = [
    "Equal",
    "Equals",
    "NotEqual",
    "NotEquals",
    "In",
    "AnyIn",
    "AllIn",
    "NotIn",
    "AnyNotIn",
    "AllNotIn",
    "GreaterThanOrEquals",
    "GreaterThan",
    "LessThanOrEquals",
    "LessThan",
    "DurationGreaterThanOrEquals",
    "DurationGreaterThan",
    "DurationLessThanOrEquals",
    "DurationLessThan",
];

/// What a request may do to an object.
const OPERATIONS: [&str; 4] = ["CREATE", "UPDATE", "DELETE", "CONNECT"];

/// Checks `preconditions` or `deny.conditions`: each condition must be whole.
pub(super) fn validate(conditions: &Conditions, path: &FieldPath, report: &mut Report) {
    each(conditions, path, &mut |condition, path| {
        validate_whole(condition, path, report);
        validate_operator(condition, path, report);
    });
}

/// Checks conditions whose operands Kyverno does not look at before they are evaluated.
pub(super) fn validate_operators(conditions: &Conditions, path: &FieldPath, report: &mut Report) {
    each(conditions, path, &mut |condition, path| {
        validate_operator(condition, path, report)
    });
}

/// Checks `any` and `all` blocks the same way.
pub(super) fn validate_blocks(blocks: &AnyAllConditions, path: &FieldPath, report: &mut Report) {
    each_of_blocks(blocks, path, &mut |condition, path| {
        validate_operator(condition, path, report)
    });
}

fn each(conditions: &Conditions, path: &FieldPath, visit: &mut impl FnMut(&Condition, &FieldPath)) {
    match conditions {
        Conditions::List(list) => {
            for (index, condition) in list.iter().enumerate() {
                visit(condition, &path.index(index));
            }
        }
        Conditions::Blocks(blocks) => each_of_blocks(blocks, path, visit),
    }
}

fn each_of_blocks(
    blocks: &AnyAllConditions,
    path: &FieldPath,
    visit: &mut impl FnMut(&Condition, &FieldPath),
) {
    for (name, list) in [("any", &blocks.any), ("all", &blocks.all)] {
        for (index, condition) in list.iter().flatten().enumerate() {
            visit(condition, &path.key(name).index(index));
        }
    }
}

fn validate_whole(condition: &Condition, path: &FieldPath, report: &mut Report) {
    if condition.key.is_null() || condition.value.is_null() || condition.operator.is_empty() {
        report.invalid(
            path,
            "entered value of `key`, `value` or `operator` is missing or misspelled",
        );
        return;
    }
    let key = condition.key.as_str().unwrap_or_default().replace(' ', "");
    if key == "{{request.operation}}" {
        validate_operation(&condition.value, &path.key("value"), report);
    }
}

fn validate_operator(condition: &Condition, path: &FieldPath, report: &mut Report) {
    let operator = condition.operator.as_str();
    if operator.is_empty() || OPERATORS.contains(&operator) {
        return;
    }
    let nearest = OPERATORS
        .iter()
        .find(|known| known.eq_ignore_ascii_case(operator));
    let hint = nearest
        .map(|known| format!(" (did you mean `{known}`?)"))
        .unwrap_or_default();
    let message = format!(
        "entered value of `operator` is invalid. valid values: {}{hint}",
        OPERATORS.join(", ")
    );
    report.invalid(&path.key("operator"), message);
}

/// A condition on the operation can only ask for operations that exist.
fn validate_operation(value: &Value, path: &FieldPath, report: &mut Report) {
    let unknown = |value: &str| {
        format!(
            "unknown value '{value}' found under the 'value' field. Only the following values are allowed: [CREATE, \
             UPDATE, DELETE, CONNECT]"
        )
    };
    match value {
        Value::String(text) if text.starts_with("{{") && text.ends_with("}}") => {}
        Value::String(text) if OPERATIONS.contains(&text.as_str()) => {}
        Value::String(text) => report.invalid(path, unknown(text)),
        Value::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                match value.as_str() {
                    Some(text) if OPERATIONS.contains(&text) => {}
                    Some(text) => report.invalid(&path.index(index), unknown(text)),
                    None => report.invalid(
                        &path.index(index),
                        "The provided values are expected to be strings",
                    ),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => report.invalid(
            path,
            "The provided value/values are expected to be either in the form of a string or list",
        ),
    }
}
