//! What policies that are not scanned by said when an object was admitted, put into the object's report.
//!
//! `background: false` says that a policy can't be judged without the request: who asks, what was there before. Its results
//! are known at admission alone, in whichever replica was asked, and stand in the report until the object is admitted
//! again, the policy goes, or the object does. In: decisions. Out: reports, a moment later, when the object is stored.
//! One request is judged in several calls, each by policies of its own: none speaks for those that it was not asked by.
//! Bounded: what is too much waits for nobody and is dropped, aloud. Never: a result of a request refused by this call, or of a
//! dry run.
//! Behaviour: Kyverno 1.19, whose admission reports merge into the final ones.

use std::fmt::Display;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cluster::ClusterError;
use policy_engine::request::{Operation, Stage};
use policy_engine::{Decision, PolicySet, Request};
use policy_reports::{ObjectReference, admitted_result, row};
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::Instant;

use crate::clock::now;
use crate::report_writer::{AdmissionOnly, ReportWriter, admission_only, is_admission_only};

/// Admissions whose results wait to be written.
const MOST_WAITING: usize = 2_048;
/// Bytes of these results, as text.
const MOST_WAITING_BYTES: usize = 16 * 1024 * 1024;
/// Time between two lines of the log about results that are not reported.
const LOSSES_INTERVAL: Duration = Duration::from_secs(60);
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

impl Admitted {
    /// How much it holds, in bytes of text.
    fn bytes(&self) -> usize {
        let asked: usize = self.asked.iter().map(String::len).sum();
        let results = self.results.iter().map(|result| result.to_string().len());
        results.fold(asked, usize::saturating_add)
    }
}

/// What waits to be written, with the room that it takes.
pub(crate) type Waiting = (Admitted, OwnedSemaphorePermit);

/// Where admissions' results wait to be written.
#[derive(Debug)]
pub(crate) struct AdmittedQueue {
    waiting: mpsc::Sender<Waiting>,
    room: Arc<Semaphore>,
    losses: Losses,
}

impl AdmittedQueue {
    /// An empty queue, and its other end.
    pub(crate) fn new() -> (Self, mpsc::Receiver<Waiting>) {
        let (waiting, out) = mpsc::channel(MOST_WAITING);
        let queue = Self {
            waiting,
            room: Arc::new(Semaphore::new(MOST_WAITING_BYTES)),
            losses: Losses::default(),
        };
        (queue, out)
    }

    /// Puts `admitted` in, where there is room; else it is dropped, and the log says so. Whether there was.
    pub(crate) fn put(&self, admitted: Admitted) -> bool {
        let room = u32::try_from(admitted.bytes())
            .ok()
            .and_then(|bytes| Arc::clone(&self.room).try_acquire_many_owned(bytes).ok());
        let is_put = room.is_some_and(|room| self.waiting.try_send((admitted, room)).is_ok());
        if !is_put {
            self.losses.tell(&"too much waits to be written");
        }
        is_put
    }
}

/// Results that are not reported: said in the log, in one line a minute however many there are.
#[derive(Debug, Default)]
struct Losses(Mutex<Untold>);

#[derive(Debug, Default)]
struct Untold {
    lost: u64,
    said_at: Option<Instant>,
}

impl Losses {
    fn tell(&self, why: &dyn Display) {
        let mut untold = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(admissions) = untold.count(Instant::now()) {
            tracing::warn!(admissions, %why, "what was said at admissions could not be reported");
        }
    }
}

impl Untold {
    /// One more; how many there are since it was last said, where it is time to say it again.
    fn count(&mut self, now: Instant) -> Option<u64> {
        self.lost = self.lost.saturating_add(1);
        if self
            .said_at
            .is_some_and(|said_at| now.saturating_duration_since(said_at) < LOSSES_INTERVAL)
        {
            return None;
        }
        self.said_at = Some(now);
        Some(std::mem::take(&mut self.lost))
    }
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
pub(crate) async fn write(writer: ReportWriter, mut waiting: mpsc::Receiver<Waiting>) {
    let losses = Losses::default();
    while let Some((admitted, room)) = waiting.recv().await {
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
                    losses.tell(&cause);
                    break;
                }
            }
        }
        drop(room);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_bytes(bytes: usize) -> Admitted {
        Admitted {
            resource: ObjectReference::default(),
            asked: AdmissionOnly::default(),
            results: vec![Value::String("a".repeat(bytes))],
            due: Instant::now(),
        }
    }

    /// A tenant's policies say as much as a result holds, of one object after the other.
    #[test]
    fn what_waits_is_bounded_by_its_size_and_has_room_again_when_it_is_written() {
        let (queue, mut out) = AdmittedQueue::new();
        let part = MOST_WAITING_BYTES / 4;
        let put = (0..10).filter(|_| queue.put(of_bytes(part))).count();
        assert_eq!(put, 3, "quotes count too");
        drop(out.try_recv().unwrap());
        assert!(queue.put(of_bytes(part)));
        assert!(!queue.put(of_bytes(part)));
    }

    #[test]
    fn what_waits_is_bounded_by_its_number() {
        let (queue, _out) = AdmittedQueue::new();
        let put = (0..2 * MOST_WAITING).filter(|_| queue.put(of_bytes(1))).count();
        assert_eq!(put, MOST_WAITING);
    }

    #[test]
    fn losses_are_said_at_once_and_then_once_a_minute() {
        let (mut untold, start) = (Untold::default(), Instant::now());
        assert_eq!(untold.count(start), Some(1));
        assert_eq!(untold.count(start), None);
        assert_eq!(untold.count(start + LOSSES_INTERVAL), Some(2));
    }
}
