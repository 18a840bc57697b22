//! Results as SARIF 2.1.0, for code scanning: what fails, warns or can't be judged; passes and skips are left out.
//!
//! Source: OASIS SARIF 2.1.0 §3.27. A result stands at the line of its file at which the document of its resource starts,
//! and is named by its logical location.

use std::collections::BTreeMap;
use std::sync::Arc;

use policy_reports::{ObjectReference, ReportedResult};
use serde_json::{Value, json};

use super::rows::{HeldRow, Rows};
use super::table::shown;
use crate::input::StoredResource;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// A document of one run: what rules there are, by their id, and what they found. Ends in a line break.
pub(crate) fn document(rules: BTreeMap<String, Value>, results: &[Value]) -> String {
    let rules: Vec<Value> = rules.into_values().collect();
    let document = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "vouchsafe", "version": env!("CARGO_PKG_VERSION"), "rules": rules}},
            "results": results,
        }],
    });
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}

/// The document of all rows; `resources` say where each stands.
pub(crate) fn of_rows(rows: &Rows, resources: &[Arc<StoredResource>]) -> String {
    let in_files = resources.iter().filter(|resource| !resource.source.is_empty());
    let places = in_files.map(|resource| {
        let reference = ObjectReference {
            kind: resource.kind.to_string(),
            namespace: resource.namespace.to_string(),
            name: resource.name.to_string(),
            ..ObjectReference::default()
        };
        (shown(&reference), &**resource)
    });
    let places: BTreeMap<String, &StoredResource> = places.collect();
    let mut rules: BTreeMap<String, Value> = BTreeMap::new();
    for row in rows.iter() {
        rules.entry(rule_id(row)).or_insert_with(|| rule(row));
    }
    document(
        rules,
        &rows
            .iter()
            .filter_map(|row| result(row, &places))
            .collect::<Vec<_>>(),
    )
}

fn rule_id(row: &HeldRow) -> String {
    match row.rule() {
        "" => row.policy().to_owned(),
        rule => format!("{}/{rule}", row.policy()),
    }
}

fn described(row: &HeldRow) -> String {
    match row.rule() {
        "" => format!("policy {}", row.policy()),
        rule => format!("rule {rule} of policy {}", row.policy()),
    }
}

fn rule(row: &HeldRow) -> Value {
    let head = row.head();
    json!({
        "id": rule_id(row),
        "shortDescription": {"text": described(row)},
        "properties": {"category": head.category, "severity": head.severity},
    })
}

fn result(row: &HeldRow, places: &BTreeMap<String, &StoredResource>) -> Option<Value> {
    let level = match row.result {
        ReportedResult::Fail | ReportedResult::Error => "error",
        ReportedResult::Warn => "warning",
        ReportedResult::Pass | ReportedResult::Skip => return None,
    };
    let resource = shown(&row.resource);
    let mut location = json!({
        "logicalLocations": [{"fullyQualifiedName": resource, "kind": "resource"}],
    });
    if let (Some(stored), Some(fields)) = (places.get(&resource), location.as_object_mut()) {
        let region = json!({"startLine": stored.line});
        let place = json!({"artifactLocation": {"uri": &*stored.source}, "region": region});
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
