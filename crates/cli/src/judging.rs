//! Many requests against one engine: pure verdicts on all cores, those that need facts side by side.

use std::num::NonZero;
use std::sync::Arc;
use std::thread;

use fact_loading::Cluster;
use futures_util::StreamExt;
use futures_util::stream;
use policy_engine::{Decision, Engine, Evaluation, Facts, Request};

use crate::input::InputError;
use crate::runtime::{RegistryArguments, async_runtime};

/// Requests that wait for facts at the same time.
const MOST_WAITING: usize = 16;
/// Below this many requests another thread costs more than it saves.
const FEWEST_PER_THREAD: usize = 64;

/// Judges every request; decisions in the order of requests.
///
/// # Errors
/// [`InputError`] where facts are needed and no loader can be set up.
pub(crate) fn judge_all(
    engine: &Engine,
    requests: &[Request],
    registry: &RegistryArguments,
    cluster: &Arc<dyn Cluster>,
) -> Result<Vec<Decision>, InputError> {
    let mut decisions = judge_purely(engine, requests);
    let waiting: Vec<(usize, &Request)> = decisions
        .iter()
        .zip(requests)
        .enumerate()
        .filter(|(_, (decision, _))| decision.is_none())
        .map(|(at, (_, request))| (at, request))
        .collect();
    if !waiting.is_empty() {
        let loader = registry.loader(Arc::clone(cluster))?;
        let judged: Vec<(usize, Decision)> = async_runtime()?.block_on(async {
            let judging = waiting.into_iter().map(|(at, request)| {
                let source = loader.for_request(registry.timeout(), request.at_ns);
                async move { (at, engine.decide(request, &source).await) }
            });
            stream::iter(judging).buffered(MOST_WAITING).collect().await
        });
        for (at, decision) in judged {
            if let Some(place) = decisions.get_mut(at) {
                *place = Some(decision);
            }
        }
    }
    Ok(decisions.into_iter().flatten().collect())
}

/// What can be judged without facts; `None` for the rest.
fn judge_purely(engine: &Engine, requests: &[Request]) -> Vec<Option<Decision>> {
    let facts = Facts::default();
    let judge = |requests: &[Request]| -> Vec<Option<Decision>> {
        let judged = requests
            .iter()
            .map(|request| match engine.evaluate(request, &facts) {
                Evaluation::Complete(decision) => Some(*decision),
                Evaluation::Needs(_) => None,
            });
        judged.collect()
    };
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let share = requests.len().div_ceil(cores).max(FEWEST_PER_THREAD);
    if requests.len() <= share {
        return judge(requests);
    }
    thread::scope(|scope| {
        let threads: Vec<_> = requests
            .chunks(share)
            .map(|part| (part, scope.spawn(|| judge(part))))
            .collect();
        threads
            .into_iter()
            .flat_map(|(part, thread)| {
                thread
                    .join()
                    .unwrap_or_else(|_| part.iter().map(|_| None).collect())
            })
            .collect()
    })
}
