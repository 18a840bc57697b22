//! What `test` prints.

use serde_json::{Value, json};

use super::arguments::TestFormat;
use super::rows::{RowVerdict, TestRow};
use crate::output::{table::Table, yaml};

/// Rows of one suite as a table.
pub(super) fn table(rows: &[&TestRow], detailed: bool) -> String {
    let id = if rows.len() > 10 {
        format!("ID ({})", rows.len())
    } else {
        "ID".to_owned()
    };
    let mut header = vec![id.as_str(), "POLICY", "RULE", "RESOURCE", "RESULT", "REASON"];
    if detailed {
        header.push("MESSAGE");
    }
    let mut table = Table::new(&header);
    for (index, row) in rows.iter().enumerate() {
        let mut cells = vec![
            index.saturating_add(1).to_string(),
            row.policy.clone(),
            row.rule.clone(),
            row.resource.clone(),
            result(row).to_owned(),
            row.reason.clone(),
        ];
        if detailed {
            cells.push(row.message.replace('\n', " "));
        }
        table.row(cells);
    }
    table.draw()
}

/// What the RESULT column says: a row that counts as skipped held, too.
fn result(row: &TestRow) -> &'static str {
    match row.verdict {
        RowVerdict::Pass | RowVerdict::Skip => "Pass",
        RowVerdict::NotJudged => "Skip",
        RowVerdict::Fail => "Fail",
    }
}

/// Rows of one suite in a structured format.
pub(super) fn structured(rows: &[&TestRow], format: TestFormat, detailed: bool) -> String {
    match format {
        TestFormat::Json => serde_json::to_string_pretty(&listed(rows, detailed)).unwrap_or_default() + "\n",
        TestFormat::Yaml => yaml::to_yaml(&listed(rows, detailed)),
        TestFormat::Markdown => markdown(rows),
        TestFormat::Junit => junit(rows),
    }
}

fn listed(rows: &[&TestRow], detailed: bool) -> Value {
    rows.iter()
        .enumerate()
        .map(|(index, row)| {
            let mut fields = json!({"ID": index.saturating_add(1), "POLICY": row.policy, "RULE": row.rule,
                "RESOURCE": row.resource, "RESULT": result(row), "REASON": row.reason});
            if let (true, Some(fields)) = (detailed, fields.as_object_mut()) {
                fields.insert("Message".to_owned(), row.message.clone().into());
            }
            fields
        })
        .collect()
}

fn markdown(rows: &[&TestRow]) -> String {
    let mut text =
        "| ID | POLICY | RULE | RESOURCE | RESULT | REASON |\n|---|---|---|---|---|---|\n".to_owned();
    for (index, row) in rows.iter().enumerate() {
        let id = index.saturating_add(1);
        let cells = [&row.policy, &row.rule, &row.resource]
            .map(|cell| cell.replace('|', "\\|"))
            .join(" | ");
        text.push_str(&format!(
            "| {id} | {cells} | {} | {} |\n",
            result(row),
            row.reason
        ));
    }
    text
}

fn junit(rows: &[&TestRow]) -> String {
    let mut report = quick_junit::Report::new("vouchsafe test");
    let mut policies: Vec<&str> = rows.iter().map(|row| row.policy.as_str()).collect();
    policies.dedup();
    for policy in policies {
        let mut suite = quick_junit::TestSuite::new(policy);
        for row in rows.iter().filter(|row| row.policy == policy) {
            let status = match row.verdict {
                RowVerdict::Pass | RowVerdict::Skip | RowVerdict::NotJudged => {
                    quick_junit::TestCaseStatus::success()
                }
                RowVerdict::Fail => {
                    let mut status =
                        quick_junit::TestCaseStatus::non_success(quick_junit::NonSuccessKind::Failure);
                    status.set_message(row.reason.clone());
                    status
                }
            };
            let mut case = quick_junit::TestCase::new(row.resource.clone(), status);
            case.set_classname(row.rule.clone());
            suite.add_test_case(case);
        }
        report.add_test_suite(suite);
    }
    report.to_string().unwrap_or_default() + "\n"
}
