//! The plain text of `apply`: violations, then one line of counts. Spec: engine-and-cli §9.1.

use policy_reports::{ReportedResult, Row, Summary};

/// The failed rules of one policy on one resource, as Kyverno prints them; nothing where none failed.
pub(crate) fn violations(policy: &str, resource: &str, rows: &[&Row], audit_warning: bool) -> String {
    let failed: Vec<&&Row> = rows
        .iter()
        .filter(|row| {
            matches!(
                row.result,
                ReportedResult::Fail | ReportedResult::Warn | ReportedResult::Error
            )
        })
        .collect();
    if failed.is_empty() {
        return String::new();
    }
    let how = match () {
        () if failed.iter().all(|row| row.result == ReportedResult::Error) => "could not be judged:",
        () if audit_warning => "failed as audit warning:",
        () => "failed:",
    };
    let mut text = format!("policy {policy} -> resource {resource} {how}\n");
    for (index, row) in failed.iter().enumerate() {
        let message = if row.message.is_empty() {
            "validation failed"
        } else {
            &row.message
        };
        text.push_str(&format!("{} - {} {message}\n", index.saturating_add(1), row.rule));
    }
    text.push('\n');
    text
}

/// The last line.
pub(crate) fn counts(summary: Summary) -> String {
    let Summary {
        pass,
        fail,
        warn,
        error,
        skip,
    } = summary;
    format!("\npass: {pass}, fail: {fail}, warn: {warn}, error: {error}, skip: {skip} \n")
}
