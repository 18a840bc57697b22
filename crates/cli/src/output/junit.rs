//! Results as JUnit XML: a suite for each policy, a case for each rule and resource.

use std::collections::BTreeMap;

use policy_reports::ReportedResult;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::rows::{HeldRow, Rows};

/// The document of all rows.
pub(crate) fn of_rows(rows: &Rows) -> String {
    let mut report = Report::new("vouchsafe apply");
    let mut suites: BTreeMap<&str, TestSuite> = BTreeMap::new();
    for row in rows.iter() {
        let suite = suites
            .entry(row.policy())
            .or_insert_with(|| TestSuite::new(row.policy()));
        suite.add_test_case(case(row));
    }
    report.add_test_suites(suites.into_values());
    report.to_string().unwrap_or_default() + "\n"
}

fn case(row: &HeldRow) -> TestCase {
    let mut status = match row.result {
        ReportedResult::Pass | ReportedResult::Warn => TestCaseStatus::success(),
        ReportedResult::Fail => TestCaseStatus::non_success(NonSuccessKind::Failure),
        ReportedResult::Error => TestCaseStatus::non_success(NonSuccessKind::Error),
        ReportedResult::Skip => TestCaseStatus::skipped(),
    };
    if row.result != ReportedResult::Pass && row.result != ReportedResult::Warn {
        status.set_message(row.message.to_string());
    }
    let mut case = TestCase::new(super::table::shown(&row.resource), status);
    case.set_classname(row.rule());
    if row.result == ReportedResult::Warn {
        case.set_system_out(format!("warning: {}", row.message));
    }
    case
}
