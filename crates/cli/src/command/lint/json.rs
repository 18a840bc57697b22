//! Faults and findings as one JSON object.

use policy_lint::Finding;
use policy_types::Fault;
use serde_json::{Value, json};

use super::run::Linted;

/// `{policies, faults, findings}`, ending in a line break.
pub(super) fn of(linted: &Linted) -> String {
    let findings: Vec<Value> = linted
        .findings
        .iter()
        .map(|(finding, is_denied)| of_finding(finding, *is_denied))
        .collect();
    let document = json!({
        "policies": linted.policies,
        "faults": linted.faults.iter().map(of_fault).collect::<Vec<Value>>(),
        "findings": findings,
    });
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}

fn of_finding(finding: &Finding, is_denied: bool) -> Value {
    json!({
        "code": finding.code.code(),
        "name": finding.code.name(),
        "level": finding.code.level().name(),
        "denied": is_denied,
        "file": &*finding.source,
        "line": finding.place.map(|place| place.line),
        "column": finding.place.map(|place| place.column),
        "path": finding.path.to_string(),
        "message": finding.message,
        "writeInstead": finding.write_instead,
        "documentation": finding.code.documentation(),
    })
}

fn of_fault(fault: &Fault) -> Value {
    json!({
        "code": fault.code.name(),
        "file": &*fault.source,
        "line": fault.place.map(|place| place.line),
        "column": fault.place.map(|place| place.column),
        "path": fault.path.to_string(),
        "message": fault.message,
        "nearest": fault.nearest,
    })
}
