//! One review, from its request to its decision, inside the caller's time.
//!
//! Facts get what is left of the caller's time but for [`HELD_BACK_PERCENT`]; rules still waiting then become errors, and
//! their policy's `failurePolicy` decides. Should judging itself take too long, the request is denied at
//! [`LAST_CALL_PERCENT`].

use std::hash::{BuildHasher as _, RandomState};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use fact_loading::Loader;
use policy_engine::{Decision, Engine, Evaluation, Facts, Request};
use scalars::duration::GoDuration;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::limits::{
    HELD_BACK_PERCENT, LAST_CALL_PERCENT, LONGEST_CALLER_TIME, MOST_COST, MOST_COST_ON_SHARED_THREADS,
    MOST_LONG_EVALUATIONS, TURNS_OF_NAMESPACES, USUAL_CALLER_TIME,
};

/// Turns for evaluations that take a thread of their own.
static LONG_EVALUATIONS: Semaphore = Semaphore::const_new(MOST_LONG_EVALUATIONS);
/// Turns of namespaces, before those: which turn is whose nobody can tell outside.
static OF_NAMESPACES: [Semaphore; TURNS_OF_NAMESPACES] =
    [const { Semaphore::const_new(1) }; TURNS_OF_NAMESPACES];
static WHOSE: LazyLock<RandomState> = LazyLock::new(RandomState::new);
/// What a caller hears where the process is at fault.
const UNJUDGED: &str = "the request could not be judged";

/// The time one review has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReviewTime {
    started: Instant,
    callers: Duration,
}

impl ReviewTime {
    /// Starts now; `callers` is how long the caller waits.
    pub(crate) fn start(callers: Duration) -> Self {
        let callers = callers.clamp(Duration::from_millis(1), LONGEST_CALLER_TIME);
        Self {
            started: Instant::now(),
            callers,
        }
    }

    /// What is left of so many percent of the caller's time.
    fn left(self, percent: u32) -> Duration {
        let share = self.callers.saturating_mul(percent) / 100;
        share.saturating_sub(self.started.elapsed())
    }

    /// What facts may take.
    pub(crate) fn for_facts(self) -> Duration {
        self.left(100_u32.saturating_sub(HELD_BACK_PERCENT))
    }

    /// What is left until the request is denied unjudged.
    pub(crate) fn until_last_call(self) -> Duration {
        self.left(LAST_CALL_PERCENT)
    }

    /// How long the review has taken so far.
    pub(crate) fn taken(self) -> Duration {
        self.started.elapsed()
    }

    /// How long the caller waits.
    pub(crate) fn callers(self) -> Duration {
        self.callers
    }
}

/// How long the caller says it waits: `timeout=` of the query, as Go writes durations; [`USUAL_CALLER_TIME`] where it
/// says nothing that can be read.
pub(crate) fn caller_time(query: Option<&str>) -> Duration {
    let parts = query.unwrap_or_default().split('&');
    let said = parts.filter_map(|part| part.strip_prefix("timeout=")).next();
    said.and_then(|text| GoDuration::parse(text).ok())
        .and_then(|duration| Duration::try_from_secs_f64(duration.seconds()).ok())
        .filter(|duration| !duration.is_zero())
        .unwrap_or(USUAL_CALLER_TIME)
}

/// Judges `request`, or says why it could not be judged: its time ran out, or its policies cost too much.
pub(crate) async fn judge(
    engine: &Engine,
    loader: &Loader,
    request: &Request,
    time: ReviewTime,
) -> Result<Decision, String> {
    let source = loader.for_request(time.for_facts(), request.at_ns);
    let judging = engine.decide_by(&source, |facts| evaluate(engine, request, facts));
    tokio::time::timeout(time.until_last_call(), judging)
        .await
        .map_err(|_| too_late(time))?
}

/// One evaluation. Others wait for this thread: expressions that compute for longer do so on a thread of their own, from
/// the beginning.
async fn evaluate(engine: &Engine, request: &Request, facts: Facts) -> Result<(Facts, Evaluation), String> {
    if let Some(evaluation) = engine.evaluate_within(MOST_COST_ON_SHARED_THREADS, request, &facts) {
        return Ok((facts, evaluation));
    }
    let turns = turns(&request.namespace)
        .await
        .ok_or_else(|| UNJUDGED.to_owned())?;
    let (engine, request) = (engine.clone(), request.clone());
    let evaluating = tokio::task::spawn_blocking(move || {
        let evaluation = engine.evaluate_within(MOST_COST, &request, &facts);
        drop(turns);
        (facts, evaluation)
    });
    let (facts, evaluation) = evaluating.await.map_err(|_| UNJUDGED.to_owned())?;
    let evaluation =
        evaluation.ok_or("the expressions of all policies together cost more than one request may")?;
    Ok((facts, evaluation))
}

/// Waits for the turn of `namespace`, and for a thread.
async fn turns(namespace: &str) -> Option<[SemaphorePermit<'static>; 2]> {
    let turns = u64::try_from(TURNS_OF_NAMESPACES).ok()?;
    let at = usize::try_from(WHOSE.hash_one(namespace).checked_rem(turns)?).ok()?;
    let own = OF_NAMESPACES.get(at)?.acquire().await.ok()?;
    Some([own, LONG_EVALUATIONS.acquire().await.ok()?])
}

/// Why a request is denied whose time ran out.
pub(crate) fn too_late(time: ReviewTime) -> String {
    format!(
        "no verdict within the {} ms that the caller waits",
        time.callers().as_millis()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caller_says_how_long_it_waits() {
        assert_eq!(caller_time(Some("timeout=10s")), Duration::from_secs(10));
        assert_eq!(caller_time(Some("a=b&timeout=1m30s")), Duration::from_secs(90));
        assert_eq!(caller_time(Some("timeout=500ms")), Duration::from_millis(500));
        for nothing in [
            None,
            Some(""),
            Some("timeout="),
            Some("timeout=soon"),
            Some("timeout=-3s"),
            Some("timeout=0s"),
        ] {
            assert_eq!(caller_time(nothing), USUAL_CALLER_TIME, "{nothing:?}");
        }
    }

    #[test]
    fn facts_end_before_the_last_call_and_that_before_the_caller() {
        let time = ReviewTime::start(Duration::from_secs(10));
        assert!(time.for_facts() <= Duration::from_millis(8_500));
        assert!(time.for_facts() > Duration::from_secs(8));
        assert!(time.until_last_call() > time.for_facts());
        assert!(time.until_last_call() < time.callers());
    }

    #[test]
    fn no_caller_waits_longer_than_a_webhook_may() {
        assert_eq!(
            ReviewTime::start(Duration::from_secs(3_600)).callers(),
            LONGEST_CALLER_TIME
        );
    }
}
