//! Results as SARIF 2.1.0, for code scanning: what fails, warns or can't be judged; passes and skips are left out.
//!
//! Source: OASIS SARIF 2.1.0 §3.27. A result stands at the file of its resource, named by its logical location.

use std::collections::BTreeMap;

use policy_reports::{ObjectReference, ReportedResult, Row};
use serde_json::{Value, json};

use super::table::shown;
use crate::input::Resource;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// The document of all rows; `resources` say which file each stands in.
pub(crate) fn of_rows(rows: &[Row], resources: &[Resource]) -> String {
    let files: BTreeMap<String, &str> = resources
        .iter()
        .filter(|resource| !resource.source.is_empty())
        .map(|resource| (shown(&ObjectReference::of(&resource.object)), &*resource.source))
        .collect();
    let rules: BTreeMap<String, Value> = rows.iter().map(|row| (rule_id(row), rule(row))).collect();
    let results: Vec<Value> = rows.iter().filter_map(|row| result(row, &files)).collect();
    let document = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "vouchsafe",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules.into_values().collect::<Vec<Value>>(),
            }},
            "results": results,
        }],
    });
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}

fn rule_id(row: &Row) -> String {
    format!("{}/{}", row.policy, row.rule)
}

fn rule(row: &Row) -> Value {
    json!({
        "id": rule_id(row),
        "shortDescription": {"text": format!("rule {} of policy {}", row.rule, row.policy)},
        "properties": {"category": row.category, "severity": row.severity},
    })
}

fn result(row: &Row, files: &BTreeMap<String, &str>) -> Option<Value> {
    let level = match row.result {
        ReportedResult::Fail | ReportedResult::Error => "error",
        ReportedResult::Warn => "warning",
        ReportedResult::Pass | ReportedResult::Skip => return None,
    };
    let resource = shown(&row.resource);
    let mut location = json!({
        "logicalLocations": [{"fullyQualifiedName": resource, "kind": "resource"}],
    });
    if let (Some(file), Some(fields)) = (files.get(&resource), location.as_object_mut()) {
        let place = json!({"artifactLocation": {"uri": file}, "region": {"startLine": 1}});
        fields.insert("physicalLocation".to_owned(), place);
    }
    Some(json!({
        "ruleId": rule_id(row),
        "level": level,
        "message": {"text": format!("{resource}: {}", row.message)},
        "locations": [location],
        "properties": {"result": row.result.as_str()},
    }))
}
