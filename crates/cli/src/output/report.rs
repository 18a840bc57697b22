//! Policy reports on standard output (`--policy-report`): one merged report, then one for each namespaced policy.
//!
//! Rows are written one by one: a report of many resources is never held as one value or one text.

use clap::ValueEnum;
use policy_reports::{ReportFormat, Summary, cluster_report, namespaced_report};
use serde_json::{Value, json};

use super::rows::{HeldRow, Rows};
use super::yaml;

/// How structured output is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    /// YAML.
    #[default]
    Yaml,
    /// JSON.
    Json,
    /// JUnit XML, a case for each rule and resource.
    Junit,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
}

/// Prints the reports of all rows.
pub(crate) fn print_merged(
    rows: &Rows,
    api: ReportFormat,
    format: OutputFormat,
    print: &mut dyn FnMut(&str),
) {
    let (namespaced, cluster_wide): (Vec<&HeldRow>, Vec<&HeldRow>) =
        rows.iter().partition(|row| row.head().policy_namespace.is_some());
    let mut policies: Vec<(&str, &str)> = namespaced
        .iter()
        .filter_map(|row| Some((row.policy(), row.head().policy_namespace.as_deref()?)))
        .collect();
    policies.sort_unstable();
    policies.dedup();
    let has_merged = !cluster_wide.is_empty() || namespaced.is_empty();
    if has_merged {
        print_one(cluster_report("merged", &[], api), cluster_wide, format, print);
    }
    for (index, (policy, namespace)) in policies.into_iter().enumerate() {
        if has_merged || index > 0 {
            print("---\n");
        }
        let own = namespaced
            .iter()
            .copied()
            .filter(|row| row.policy() == policy)
            .collect();
        let name = policy.rsplit('/').next().unwrap_or(policy);
        print_one(namespaced_report(name, namespace, &[], api), own, format, print);
    }
}

/// Prints a report that is empty so far, with `rows` in it, sorted by policy, rule and object.
fn print_one(mut report: Value, mut rows: Vec<&HeldRow>, format: OutputFormat, print: &mut dyn FnMut(&str)) {
    rows.sort_by(|a, b| (a.policy(), a.rule(), &a.resource).cmp(&(b.policy(), b.rule(), &b.resource)));
    let mut summary = Summary::default();
    rows.iter().for_each(|row| summary.count(row.result));
    if let Some(fields) = report.as_object_mut() {
        fields.insert("summary".to_owned(), json!(summary));
    }
    let is_yaml = format == OutputFormat::Yaml;
    let (text, empty, opened, closed) = if is_yaml {
        (yaml::to_yaml(&report), "results: []\n", "results:\n", "")
    } else {
        let text = serde_json::to_string_pretty(&report).unwrap_or_default() + "\n";
        (text, "\"results\": []", "\"results\": [\n", "\n  ]")
    };
    let Some((before, after)) = text.split_once(empty).filter(|_| !rows.is_empty()) else {
        return print(&text);
    };
    print(&format!("{before}{opened}"));
    for (index, row) in rows.into_iter().enumerate() {
        let row = row.to_row().to_json();
        if is_yaml {
            print(&yaml::to_yaml(&json!([row])));
        } else {
            let row = serde_json::to_string_pretty(&row).unwrap_or_default();
            let separator = if index == 0 { "" } else { ",\n" };
            print(&format!("{separator}    {}", row.replace('\n', "\n    ")));
        }
    }
    print(&format!("{closed}{after}"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy_reports::{ObjectReference, ReportedResult, Row};

    fn row(policy: &str) -> Row {
        Row {
            source: "kyverno",
            policy: policy.to_owned(),
            rule: "r".to_owned(),
            result: ReportedResult::Fail,
            message: "results: []\n\"results\": []".to_owned(),
            scored: true,
            category: None,
            severity: None,
            seconds: 0,
            resource: ObjectReference::default(),
            properties: std::collections::BTreeMap::new(),
            policy_namespace: None,
        }
    }

    #[test]
    fn a_report_written_row_by_row_is_the_report() {
        let rows = [row("b"), row("a")];
        let whole = cluster_report("merged", &rows, ReportFormat::OpenReports);
        let held: Rows = rows.iter().cloned().collect();
        for format in [OutputFormat::Yaml, OutputFormat::Json] {
            let mut text = String::new();
            print_merged(&held, ReportFormat::OpenReports, format, &mut |part| {
                text.push_str(part)
            });
            assert_eq!(manifest::read_value(&text).unwrap(), whole, "{text}");
        }
    }
}
