//! Decisions as policy reports: rows, summaries, wgpolicyk8s.io and openreports.io.
//!
//! In: a [`policy_engine::Decision`] about one object. Out: [`Row`]s, and report objects as JSON. Pure: the time of a row
//! is handed in. Spec: engine-and-cli §10.1.

mod row;
mod report;
mod resource_report;

pub use report::{ReportFormat, Summary, cluster_report, namespaced_report};
pub use resource_report::{
    ADMITTED_BY, ADMITTED_LEFT_OUT, FINGERPRINT, Fingerprint, LEFT_OUT, MANAGED_BY, MOST_MESSAGE_CHARS,
    MOST_RESULTS, ResourceReport, SOURCE, admitted_result, put_admitted, report_beside, report_name,
    resource_report, take_admitted,
};
pub use row::{ObjectReference, ReportedResult, Row, row, rows};
