//! Report objects.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::row::{ReportedResult, Row};

/// Which API a report is written in; the fields are the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ReportFormat {
    /// `openreports.io/v1alpha1`, what Kyverno's command line prints.
    #[default]
    OpenReports,
    /// `wgpolicyk8s.io/v1alpha2`
    PolicyReport,
}

impl ReportFormat {
    /// `group/version` of its reports.
    #[must_use]
    pub fn api_version(self) -> &'static str {
        match self {
            Self::OpenReports => "openreports.io/v1alpha1",
            Self::PolicyReport => "wgpolicyk8s.io/v1alpha2",
        }
    }

    /// Kind of a report on one object, in its namespace if it stands in one.
    #[must_use]
    pub fn kind(self, is_namespaced: bool) -> &'static str {
        match (self, is_namespaced) {
            (Self::OpenReports, true) => "Report",
            (Self::OpenReports, false) => "ClusterReport",
            (Self::PolicyReport, true) => "PolicyReport",
            (Self::PolicyReport, false) => "ClusterPolicyReport",
        }
    }
}

/// How many rows of each result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Summary {
    /// Errors.
    pub error: usize,
    /// Failures.
    pub fail: usize,
    /// Passes.
    pub pass: usize,
    /// Skips.
    pub skip: usize,
    /// Warnings.
    pub warn: usize,
}

impl Summary {
    /// Counts `rows`.
    #[must_use]
    pub fn of<'r>(rows: impl IntoIterator<Item = &'r Row>) -> Self {
        let mut summary = Self::default();
        for row in rows {
            summary.count(row.result);
        }
        summary
    }

    /// Counts one result.
    pub fn count(&mut self, result: ReportedResult) {
        let counter = self.counter(result);
        *counter = counter.saturating_add(1);
    }

    /// Takes one result away.
    pub fn uncount(&mut self, result: ReportedResult) {
        let counter = self.counter(result);
        *counter = counter.saturating_sub(1);
    }

    fn counter(&mut self, result: ReportedResult) -> &mut usize {
        match result {
            ReportedResult::Pass => &mut self.pass,
            ReportedResult::Fail => &mut self.fail,
            ReportedResult::Warn => &mut self.warn,
            ReportedResult::Error => &mut self.error,
            ReportedResult::Skip => &mut self.skip,
        }
    }
}

/// One report of all `rows`, under `name`; rows sorted by policy, rule and object.
#[must_use]
pub fn cluster_report(name: &str, rows: &[Row], format: ReportFormat) -> Value {
    report(format.kind(false), &json!({"name": name}), rows, format)
}

/// One report of `rows` of a namespaced policy, in its namespace.
#[must_use]
pub fn namespaced_report(name: &str, namespace: &str, rows: &[Row], format: ReportFormat) -> Value {
    // Kyverno's command line writes this kind in both groups.
    report(
        "PolicyReport",
        &json!({"name": name, "namespace": namespace}),
        rows,
        format,
    )
}

fn report(kind: &str, metadata: &Value, rows: &[Row], format: ReportFormat) -> Value {
    let mut sorted: Vec<&Row> = rows.iter().collect();
    sorted.sort_by(|a, b| (&a.policy, &a.rule, &a.resource).cmp(&(&b.policy, &b.rule, &b.resource)));
    let results: Vec<Value> = sorted.into_iter().map(Row::to_json).collect();
    let mut report = json!({
        "apiVersion": format.api_version(),
        "kind": kind,
        "metadata": metadata,
        "results": results,
        "summary": Summary::of(rows),
    });
    if let (ReportFormat::OpenReports, Some(fields)) = (format, report.as_object_mut()) {
        fields.insert("source".to_owned(), "".into());
    }
    report
}
