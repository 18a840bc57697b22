//! Faults and findings as SARIF 2.1.0, for code scanning.
//!
//! Source: OASIS SARIF 2.1.0 §3.27. A denied finding is an error, whatever its level.

use std::collections::BTreeMap;

use manifest::Place;
use policy_lint::{Finding, LintCode};
use policy_types::{Fault, FaultCode};
use serde_json::{Value, json};

use super::run::Linted;
use crate::output::sarif::document;

/// The document, ending in a line break.
pub(super) fn of(linted: &Linted) -> String {
    let mut rules: BTreeMap<String, Value> = BTreeMap::new();
    for (finding, _) in &linted.findings {
        rules.insert(finding.code.code().to_owned(), rule(finding.code));
    }
    for fault in &linted.faults {
        rules.insert(fault.code.name().to_owned(), fault_rule(fault.code));
    }
    let faults = linted.faults.iter().map(of_fault);
    let findings = linted
        .findings
        .iter()
        .map(|(finding, is_denied)| of_finding(finding, *is_denied));
    document(rules, &faults.chain(findings).collect::<Vec<_>>())
}

fn rule(code: LintCode) -> Value {
    json!({
        "id": code.code(),
        "name": code.name(),
        "shortDescription": {"text": code.title()},
        "help": {"text": format!("explained in {}", code.documentation())},
        "defaultConfiguration": {"level": code.level().name()},
    })
}

fn fault_rule(code: FaultCode) -> Value {
    json!({"id": code.name(), "shortDescription": {"text": "a policy that can't be loaded"}})
}

fn of_finding(finding: &Finding, is_denied: bool) -> Value {
    let level = if is_denied {
        "error"
    } else {
        finding.code.level().name()
    };
    let message = match &finding.write_instead {
        Some(instead) => format!("{}; write `{instead}` instead", finding.message),
        None => finding.message.clone(),
    };
    let at = location(&finding.source, finding.place, &finding.path.to_string());
    result(finding.code.code(), level, &message, &at)
}

fn of_fault(fault: &Fault) -> Value {
    let at = location(&fault.source, fault.place, &fault.path.to_string());
    result(fault.code.name(), "error", &fault.message, &at)
}

fn result(rule: &str, level: &str, message: &str, location: &Value) -> Value {
    json!({"ruleId": rule, "level": level, "message": {"text": message}, "locations": [location]})
}

fn location(file: &str, place: Option<Place>, path: &str) -> Value {
    let place = place.unwrap_or(Place::START);
    json!({
        "physicalLocation": {
            "artifactLocation": {"uri": file},
            "region": {"startLine": place.line, "startColumn": place.column},
        },
        "logicalLocations": [{"fullyQualifiedName": path}],
    })
}
