//! Results as JUnit XML: a suite for each policy, a case for each rule and resource.

use policy_reports::{ReportedResult, Row};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

/// The document of all rows.
pub(crate) fn of_rows(rows: &[Row]) -> String {
    let mut report = Report::new("vouchsafe apply");
    let mut policies: Vec<&str> = rows.iter().map(|row| row.policy.as_str()).collect();
    policies.sort_unstable();
    policies.dedup();
    for policy in policies {
        let mut suite = TestSuite::new(policy);
        for row in rows.iter().filter(|row| row.policy == policy) {
            suite.add_test_case(case(row));
        }
        report.add_test_suite(suite);
    }
    report.to_string().unwrap_or_default() + "\n"
}

fn case(row: &Row) -> TestCase {
    let mut status = match row.result {
        ReportedResult::Pass | ReportedResult::Warn => TestCaseStatus::success(),
        ReportedResult::Fail => TestCaseStatus::non_success(NonSuccessKind::Failure),
        ReportedResult::Error => TestCaseStatus::non_success(NonSuccessKind::Error),
        ReportedResult::Skip => TestCaseStatus::skipped(),
    };
    if row.result != ReportedResult::Pass && row.result != ReportedResult::Warn {
        status.set_message(row.message.clone());
    }
    let mut case = TestCase::new(super::table::shown(&row.resource), status);
    case.set_classname(row.rule.clone());
    if row.result == ReportedResult::Warn {
        case.set_system_out(format!("warning: {}", row.message));
    }
    case
}
