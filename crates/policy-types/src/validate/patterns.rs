//! Patterns: their anchors, and the labels and annotations in them.

use manifest::{FieldPath, Segment};
use serde_json::Value;

use crate::report::Report;

/// Checks the anchors of a pattern. Recursion is bounded by the depth of the document.
pub(super) fn validate_anchors(pattern: &Value, path: &mut FieldPath, report: &mut Report) {
    match pattern {
        Value::Object(fields) => {
            for (key, value) in fields {
                path.push(Segment::Key(key.clone()));
                validate_anchor(key, value, path, report);
                validate_anchors(value, path, report);
                path.pop();
            }
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                path.push(Segment::Index(index));
                validate_anchors(element, path, report);
                path.pop();
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn validate_anchor(key: &str, value: &Value, path: &FieldPath, report: &mut Report) {
    match anchor(key) {
        Some("+") => report.invalid(path, format!("unsupported anchor {key}")),
        Some("^") => match value.as_array().map(Vec::as_slice) {
            None => report.invalid(path, "existence anchor should have value of type list"),
            Some([]) => report.invalid(path, "existence anchor: should have at least one value"),
            Some(_) => {}
        },
        _ => {}
    }
}

/// The sign before the parentheses of an anchored key (`""`, `+`, `<`, `=`, `X` or `^`); `None` for a plain key.
fn anchor(key: &str) -> Option<&str> {
    let (sign, rest) = key.trim().split_once('(')?;
    let is_anchor = matches!(sign, "" | "+" | "<" | "=" | "X" | "^") && rest.len() > 1 && rest.ends_with(')');
    is_anchor.then_some(sign)
}

/// Checks that the labels and annotations a pattern or patch names are text, as they are in every object.
pub(super) fn validate_metadata(pattern: &Value, path: &FieldPath, report: &mut Report) {
    validate_labels(pattern.get("metadata"), &path.key("metadata"), report);
    let template = pattern.get("spec").and_then(|spec| spec.get("template"));
    let metadata = template.and_then(|template| template.get("metadata"));
    validate_labels(
        metadata,
        &path.key("spec").key("template").key("metadata"),
        report,
    );
}

fn validate_labels(metadata: Option<&Value>, path: &FieldPath, report: &mut Report) {
    for name in ["labels", "annotations"] {
        let Some(fields) = metadata
            .and_then(|metadata| metadata.get(name))
            .and_then(Value::as_object)
        else {
            continue;
        };
        for (key, _) in fields.iter().filter(|(_, value)| !value.is_string()) {
            let message = "labels and annotations supports only string values, \"use double quotes around the non string values\"";
            report.invalid(&path.key(name).key(key), message);
        }
    }
}
