//! Policies, exceptions and bindings in Common Expression Language: what their schemas cannot tell.
//!
//! Sources: Kyverno 1.19 `pkg/cel/policies/vpol/validate.go`, the checks of the API types; Kubernetes 1.36
//! `pkg/apis/admissionregistration/validation`.

use std::collections::BTreeSet;

use manifest::{Document, FieldPath};
use serde_json::Value;

use super::image_validating_policy;
use crate::policies_kyverno_io::ExpressionObject;
use crate::report::Report;

/// Most conditions of one policy (Kubernetes).
const MOST_MATCH_CONDITIONS: usize = 64;
/// Kinds that have no meaning without a rule of what they match.
const NEEDS_RESOURCE_RULES: [&str; 3] = [
    "ValidatingPolicy",
    "NamespacedValidatingPolicy",
    "ValidatingAdmissionPolicy",
];

/// Checks a policy of any kind.
pub(super) fn policy(policy: &ExpressionObject, document: &Document, report: &mut Report) {
    let path = FieldPath::root().key("spec");
    let Some(spec) = document.value.get("spec") else {
        return;
    };
    let mode = spec.pointer("/evaluation/mode").and_then(Value::as_str);
    match mode.unwrap_or_default() {
        "" | "Kubernetes" | "JSON" => {}
        "HTTP" | "Envoy" => report.invalid(
            &path.key("evaluation").key("mode"),
            "policies for HTTP requests and Envoy are judged by Kyverno's authorization server, not by an admission controller",
        ),
        other => report.invalid(
            &path.key("evaluation").key("mode"),
            format!("unknown value `{other}`; expected `Kubernetes` or `JSON`"),
        ),
    }
    let is_json = mode == Some("JSON");
    let rules = spec
        .pointer("/matchConstraints/resourceRules")
        .and_then(Value::as_array);
    if !is_json
        && NEEDS_RESOURCE_RULES.contains(&policy.kind.as_str())
        && rules.is_none_or(|rules| rules.is_empty())
    {
        report.invalid(
            &path.key("matchConstraints").key("resourceRules"),
            "a matchConstraints with at least one resource rule is required",
        );
    }
    let is_empty = |field: &str| {
        spec.get(field)
            .and_then(Value::as_array)
            .is_none_or(|list| list.is_empty())
    };
    if is_empty("validations") && is_empty("auditAnnotations") {
        report.invalid(
            &path.key("validations"),
            "validations or auditAnnotations must contain at least one item",
        );
    }
    let seconds = spec
        .pointer("/webhookConfiguration/timeoutSeconds")
        .and_then(Value::as_i64);
    if seconds.is_some_and(|seconds| !(1..=30).contains(&seconds)) {
        report.invalid(
            &path.key("webhookConfiguration").key("timeoutSeconds"),
            "the timeout value must be between 1 and 30 seconds",
        );
    }
    conditions(spec, &path, report);
    distinct(spec, "variables", "name", &path, report);
    distinct(spec, "auditAnnotations", "key", &path, report);
    if policy.kind.ends_with("ImageValidatingPolicy") {
        image_validating_policy::validate(document, report);
    }
}

/// Checks an exception.
pub(super) fn exception(document: &Document, report: &mut Report) {
    let path = FieldPath::root().key("spec");
    let Some(spec) = document.value.get("spec") else {
        return;
    };
    let refs = spec.get("policyRefs").and_then(Value::as_array);
    if refs.is_none_or(|refs| refs.is_empty()) {
        report.invalid(&path.key("policyRefs"), "must specify at least one policy ref");
    }
    for (index, one) in refs.into_iter().flatten().enumerate() {
        for field in ["name", "kind"] {
            if one.get(field).and_then(Value::as_str).is_some_and(str::is_empty) {
                let path = path.key("policyRefs").index(index).key(field);
                report.invalid(&path, format!("must specify policy {field}"));
            }
        }
    }
    conditions(spec, &path, report);
}

fn conditions(spec: &Value, path: &FieldPath, report: &mut Report) {
    let count = spec
        .get("matchConditions")
        .and_then(Value::as_array)
        .map_or(0, Vec::len);
    if count > MOST_MATCH_CONDITIONS {
        let message = format!("must have at most {MOST_MATCH_CONDITIONS} items");
        report.invalid(&path.key("matchConditions"), message);
    }
    distinct(spec, "matchConditions", "name", path, report);
}

/// Elements of a list that go by name must have different ones.
fn distinct(spec: &Value, list: &str, key: &str, path: &FieldPath, report: &mut Report) {
    let mut seen = BTreeSet::new();
    let elements = spec.get(list).and_then(Value::as_array);
    for (index, element) in elements.into_iter().flatten().enumerate() {
        let Some(name) = element.get(key).and_then(Value::as_str) else {
            continue;
        };
        let path = path.key(list).index(index).key(key);
        if name.is_empty() {
            report.invalid(&path, format!("`{key}` must not be empty"));
        } else if !seen.insert(name) {
            report.invalid(&path, format!("`{name}` is there twice"));
        }
    }
}
