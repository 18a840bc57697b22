//! Policy reports on standard output (`--policy-report`): one merged report, then one for each namespaced policy.

use clap::ValueEnum;
use policy_reports::{ReportFormat, Row, cluster_report, namespaced_report};
use serde_json::Value;

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

/// The reports of all rows.
pub(crate) fn merged(rows: &[Row], api: ReportFormat, format: OutputFormat) -> String {
    let (namespaced, cluster_wide): (Vec<Row>, Vec<Row>) = rows
        .iter()
        .cloned()
        .partition(|row| row.policy_namespace.is_some());
    let mut reports = Vec::new();
    if !cluster_wide.is_empty() || namespaced.is_empty() {
        reports.push(cluster_report("merged", &cluster_wide, api));
    }
    let mut policies: Vec<(&str, &str)> = namespaced
        .iter()
        .filter_map(|row| Some((row.policy.as_str(), row.policy_namespace.as_deref()?)))
        .collect();
    policies.sort_unstable();
    policies.dedup();
    for (policy, namespace) in policies {
        let own: Vec<Row> = namespaced
            .iter()
            .filter(|row| row.policy == policy)
            .cloned()
            .collect();
        let name = policy.rsplit('/').next().unwrap_or(policy);
        reports.push(namespaced_report(name, namespace, &own, api));
    }
    reports
        .iter()
        .map(|report| written(report, format))
        .collect::<Vec<_>>()
        .join("---\n")
}

fn written(report: &Value, format: OutputFormat) -> String {
    match format {
        OutputFormat::Yaml => yaml::to_yaml(report),
        OutputFormat::Json | OutputFormat::Junit | OutputFormat::Sarif => {
            serde_json::to_string_pretty(report).unwrap_or_default() + "\n"
        }
    }
}
