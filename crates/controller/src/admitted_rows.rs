//! What policies that are not scanned by said when an object was admitted, put into the object's report.
//!
//! `background: false` says that a policy can't be judged without the request: who asks, what was there before. Its results
//! are known at admission alone, in whichever replica was asked, and stand in the report until the object is admitted
//! again, the policy goes, or the object does. In: decisions. Out: reports, a moment later, when the object is stored.
//! One request is judged in several calls, each by policies of its own: none speaks for those that it was not asked by.
//! Bounded: what is too much waits for nobody and is dropped. Never: a result of a request refused by this call, or of a
//! dry run.
//! Behaviour: Kyverno 1.19, whose admission reports merge into the final ones.

use std::time::Duration;

use cluster::ClusterError;
use policy_engine::request::{Operation, Stage};
use policy_engine::{Decision, PolicySet, Request};
use policy_reports::{ObjectReference, admitted_result, row};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::clock::now;
use crate::report_writer::{AdmissionOnly, ReportWriter, admission_only, is_admission_only};

/// Admissions whose results wait to be written.
pub(crate) const MOST_WAITING: usize = 2_048;
/// How long after the decision results are written: before that the object may not be stored, and the report of an object
/// that is not there is taken away.
const DELAY: Duration = Duration::from_secs(1);
/// Times a report is tried to be written that another changes meanwhile.
const MOST_TRIES: u32 = 4;

/// The results of one admission.
#[derive(Debug)]
pub(crate) struct Admitted {
    resource: ObjectReference,
    /// The policies that this call was judged by: what others said stays.
    asked: AdmissionOnly,
    results: Vec<Value>,
    due: Instant,
}

/// What is to be reported of a decision by the policies `asked`; none where nothing is. Where one of them is not scanned by,
/// an update may leave a report with results that are no longer so.
pub(crate) fn admitted(
    stage: Stage,
    asked: &PolicySet,
    request: &Request,
    decision: &Decision,
) -> Option<Admitted> {
    let is_stored = matches!(request.operation, Operation::Create | Operation::Update);
    if stage != Stage::Validate || !is_stored || request.dry_run || !request.subresource.is_empty() {
        return None;
    }
    if decision.results.iter().any(|result| result.blocks()) {
        return None;
    }
    let asked = admission_only(asked);
    if asked.is_empty() {
        return None;
    }
    let resource = ObjectReference::of(request.object.as_deref()?);
    if resource.uid.is_empty() {
        return None;
    }
    let seconds = now().as_second();
    let told = decision
        .results
        .iter()
        .filter(|result| is_admission_only(&result.policy));
    let results: Vec<Value> = told
        .map(|result| admitted_result(&row(result, &resource, seconds)))
        .collect();
    if results.is_empty() && request.operation == Operation::Create {
        return None;
    }
    Some(Admitted {
        resource,
        asked,
        results,
        due: Instant::now() + DELAY,
    })
}

/// Writes what comes through `waiting`, for ever.
pub(crate) async fn write(writer: ReportWriter, mut waiting: mpsc::Receiver<Admitted>) {
    while let Some(admitted) = waiting.recv().await {
        tokio::time::sleep_until(admitted.due).await;
        let mut tries = 0_u32;
        loop {
            tries += 1;
            match writer
                .put_admitted(&admitted.resource, &admitted.asked, admitted.results.clone())
                .await
            {
                Err(ClusterError::Conflict { .. } | ClusterError::AlreadyExists { .. })
                    if tries < MOST_TRIES => {}
                // The namespace is being deleted, or went.
                Ok(()) | Err(ClusterError::NotFound { .. }) => break,
                Err(cause) => {
                    tracing::debug!(%cause, "what was said at an admission could not be reported");
                    break;
                }
            }
        }
    }
}
