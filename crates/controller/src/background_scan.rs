//! Judges what already runs, and says it in reports: all of it at the policies' pace, and what changes at once.
//!
//! In: the policies in force, our share of the objects, the API server. Out: reports. One round lists every kind page by
//! page, judges each object and drops it, takes away reports that nothing asked for, and then follows changes until the
//! next round. New policies or another share begin a new round. Never: more than a page of objects in memory; a verdict
//! other than admission's, as the same engine judges; a report without the whole list behind it taken away.
//!
//!     kinds ─▶ list ─▶ judge ─▶ report ─▶ sweep ─▶ watch ─▶ judge ─▶ report … until the next round

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use admission_server::limits::MOST_COST;
use cluster::{
    Backoff, Client, ClusterError, Discovery, Pages, ServedKind, Subject, Watch, WatchEvent, jittered,
};
use fact_loading::Loader;
use futures_util::{StreamExt, stream};
use policy_engine::request::Origin;
use policy_engine::{Engine, Evaluation, Facts, Request};
use policy_reports::{ObjectReference, rows};
use serde_json::Value;
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

use crate::clock::now;
use crate::report_writer::{AdmissionOnly, ReportWriter, Written, admission_only};
use crate::scan_kinds::scanned;
use crate::scan_memory::SeenObjects;
use crate::scan_share::Share;
use crate::scanned_object::{content, judged};

/// Objects of one page of a list.
const PAGE_OBJECTS: usize = 250;
/// Objects judged at the same time.
const MOST_JUDGED: usize = 16;
/// Kinds listed at the same time.
const MOST_LISTED: usize = 2;
/// How long one object may wait for registries and services.
const LONGEST_JUDGING: Duration = Duration::from_secs(60);
/// The shortest pace at which everything is judged again.
const SHORTEST_INTERVAL: Duration = Duration::from_secs(10);
/// Turns for evaluations.
static EVALUATIONS: Semaphore = Semaphore::const_new(1);

/// What a scan needs.
#[derive(Debug)]
pub(crate) struct BackgroundScan {
    pub(crate) client: Client,
    /// Answers what policies ask of what is listed: remembers images for a whole round.
    pub(crate) rounds: Loader,
    /// Answers what they ask of what changes: the admissions' loader, that has just seen the images of what was created.
    pub(crate) changes: Loader,
    /// Writes what they say.
    pub(crate) writer: ReportWriter,
    /// How often everything is judged again; at least ten seconds.
    pub(crate) interval: Duration,
}

/// One round: policies and share stay the same.
struct Round<'s> {
    scan: &'s BackgroundScan,
    engine: &'s Engine,
    share: &'s Share,
    number: u64,
    /// Policies that said at admission what they have to say.
    admission_only: AdmissionOnly,
    /// What was judged already: an event that changes nothing of it is passed over.
    seen: SeenObjects,
}

impl BackgroundScan {
    /// Scans for ever; ends when nobody will tell of policies any more.
    pub(crate) async fn run(
        self,
        mut policies: watch::Receiver<Option<Engine>>,
        mut share: watch::Receiver<Share>,
    ) {
        let mut number = 0_u64;
        loop {
            let engine = policies.borrow_and_update().clone();
            let ours = share.borrow_and_update().clone();
            let changed = async {
                tokio::select! {
                    told = policies.changed() => told,
                    told = share.changed() => told,
                }
            };
            let scanning = async {
                match &engine {
                    Some(engine) if !ours.is_empty() => self.rounds(engine, &ours, &mut number).await,
                    Some(_) | None => std::future::pending().await,
                }
            };
            tokio::select! {
                told = changed => if told.is_err() { return },
                () = scanning => {}
            }
        }
    }

    /// One round after the other.
    async fn rounds(&self, engine: &Engine, share: &Share, number: &mut u64) {
        let mut backoff = Backoff::default();
        loop {
            *number = number.saturating_add(1);
            let round = Round {
                scan: self,
                engine,
                share,
                number: *number,
                admission_only: admission_only(engine.policies()),
                seen: SeenObjects::default(),
            };
            match round.run().await {
                Ok(()) => backoff.reset(),
                Err(cause) => {
                    tracing::warn!(%cause, "a scan could not be done");
                    tokio::time::sleep(backoff.wait()).await;
                }
            }
        }
    }
}

impl Round<'_> {
    async fn run(&self) -> Result<(), ClusterError> {
        let begun = Instant::now();
        self.scan.rounds.forget_images();
        let client = &self.scan.client;
        let kinds = scanned(self.engine.policies(), &Discovery::of(client).await?);
        self.scan.writer.learn(|uid| self.share.has(uid)).await?;
        let listing = kinds.into_iter().map(|kind| async move {
            let listed = self.list(&kind).await;
            (kind, listed)
        });
        let listed: Vec<_> = stream::iter(listing).buffered(MOST_LISTED).collect().await;
        let mut following = Vec::new();
        let mut is_whole = true;
        for (kind, listed) in listed {
            match listed {
                Ok(version) => following.push((kind, version)),
                Err(cause) => {
                    is_whole = false;
                    tracing::warn!(%cause, resource = kind.plural, "a kind can't be scanned");
                }
            }
        }
        if is_whole {
            self.scan.writer.sweep(self.number, &self.admission_only).await?;
        }
        let objects = self.seen.len();
        let seconds = begun.elapsed().as_secs_f64();
        tracing::info!(objects, seconds, is_whole, "scanned what runs");
        let interval = self.scan.interval.max(SHORTEST_INTERVAL);
        let until = begun
            .checked_add(jittered(interval - interval / 20, interval / 10))
            .unwrap_or(begun);
        let following = following
            .iter()
            .map(|(kind, version)| self.follow(kind, version.clone()));
        let all = futures_util::future::join_all(following);
        tokio::select! {
            _ = all => tokio::time::sleep_until(until).await,
            () = tokio::time::sleep_until(until) => {}
        }
        Ok(())
    }

    /// Judges every object of a kind that is ours; gives the version of the cluster that the list shows.
    async fn list(&self, kind: &ServedKind) -> Result<String, ClusterError> {
        let subject = Subject::all(kind.clone());
        let mut pages = Pages::new(&self.scan.client, &subject, PAGE_OBJECTS);
        while let Some(page) = pages.next().await? {
            let judging = page
                .into_iter()
                .map(|object| self.judge(object, &self.scan.rounds));
            stream::iter(judging)
                .buffer_unordered(MOST_JUDGED)
                .collect::<Vec<()>>()
                .await;
        }
        Ok(pages.resource_version().to_owned())
    }

    /// Judges what changes from `version` on, until the round is over.
    async fn follow(&self, kind: &ServedKind, mut version: String) {
        let subject = Subject::all(kind.clone());
        let mut backoff = Backoff::default();
        loop {
            let watched = self.follow_once(&subject, &mut version).await;
            let missed = match watched {
                Ok(()) => {
                    backoff.reset();
                    false
                }
                Err(ClusterError::Gone { .. }) => true,
                Err(cause) => {
                    tracing::debug!(%cause, resource = kind.plural, "changes can't be followed for now");
                    false
                }
            };
            if missed {
                self.scan.rounds.forget_images();
                match self.list(kind).await {
                    Ok(newer) => version = newer,
                    Err(cause) => {
                        tracing::debug!(%cause, resource = kind.plural, "a kind can't be listed for now")
                    }
                }
            }
            tokio::time::sleep(backoff.wait()).await;
        }
    }

    async fn follow_once(&self, subject: &Subject, version: &mut String) -> Result<(), ClusterError> {
        let mut watch = Watch::begin(&self.scan.client, subject, version).await?;
        while let Some(event) = watch.next().await? {
            match event {
                WatchEvent::Applied(object) => {
                    take_version(&object, version);
                    self.judge(object, &self.scan.changes).await;
                }
                WatchEvent::Deleted(object) => {
                    take_version(&object, version);
                    let uid = ObjectReference::of(&object).uid;
                    self.seen.forget(&uid);
                    self.scan.writer.forget(&uid);
                }
                WatchEvent::Bookmark { resource_version } => *version = resource_version,
            }
        }
        Ok(())
    }

    /// Judges one object and reports it, where it is ours and says something new.
    async fn judge(&self, object: Value, loader: &Loader) {
        let resource = ObjectReference::of(&object);
        if resource.uid.is_empty() || !self.share.has(&resource.uid) {
            return;
        }
        let object = judged(object);
        let seen = content(&object);
        if self.seen.has(&resource.uid, seen) {
            return;
        }
        let at = now();
        let request = Request::from_object(Arc::new(object), Origin::BackgroundScan, at.as_nanosecond());
        let source = loader.for_request(LONGEST_JUDGING, request.at_ns);
        let deciding = self
            .engine
            .decide_by(&source, |facts| evaluated(self.engine, &request, facts));
        let decision = match deciding.await {
            Ok(decision) => decision,
            Err(cause) => {
                let (kind, namespace, name) = (resource.kind, resource.namespace, resource.name);
                tracing::warn!(cause, kind, namespace, name, "an object can't be judged");
                self.scan.writer.keep(&resource.uid, self.number);
                return;
            }
        };
        let rows = rows(&decision, &resource, at.as_second());
        let (writer, admitted) = (&self.scan.writer, &self.admission_only);
        let reported = retried(|| writer.report(&resource, &rows, admitted, self.number)).await;
        match reported {
            Ok(written) => {
                self.seen.remember(&resource.uid, seen);
                if written == Written::Changed {
                    tracing::debug!(
                        kind = resource.kind,
                        namespace = resource.namespace,
                        name = resource.name,
                        "reported"
                    );
                }
            }
            Err(cause) => {
                tracing::warn!(%cause, kind = resource.kind, name = resource.name, "a report can't be written");
                writer.keep(&resource.uid, self.number);
            }
        }
    }
}

/// One evaluation, on a thread of its own, one at a time: policies that compute for long hold up no admission, and a panic
/// ends with its object. They may cost what they may in admission.
async fn evaluated(
    engine: &Engine,
    request: &Request,
    facts: Facts,
) -> Result<(Facts, Evaluation), &'static str> {
    let failed = "judging failed in an unforeseen way";
    let turn = EVALUATIONS.acquire().await.map_err(|_| failed)?;
    let (engine, request) = (engine.clone(), request.clone());
    let evaluating = tokio::task::spawn_blocking(move || {
        let evaluation = engine.evaluate_within(MOST_COST, &request, &facts);
        drop(turn);
        (facts, evaluation)
    });
    let (facts, evaluation) = evaluating.await.map_err(|_| failed)?;
    let evaluation =
        evaluation.ok_or("the expressions of all policies together cost more than one request may")?;
    Ok((facts, evaluation))
}

/// Times a report is tried to be written, before it is left for the next round.
const MOST_TRIES: u32 = 4;

/// Does `work` again where it failed, with pauses. An object that is gone meanwhile is no failure worth a pause.
async fn retried<F>(work: impl Fn() -> F) -> Result<Written, ClusterError>
where
    F: Future<Output = Result<Written, ClusterError>>,
{
    let mut backoff = Backoff::default();
    loop {
        match work().await {
            Err(cause) if backoff.failures() < MOST_TRIES && is_passing(&cause) => {
                tokio::time::sleep(backoff.wait()).await;
            }
            done => return done,
        }
    }
}

fn is_passing(cause: &ClusterError) -> bool {
    !matches!(cause, ClusterError::Denied { .. } | ClusterError::NotFound { .. })
}

fn take_version(object: &Value, version: &mut String) {
    let newer = object
        .pointer("/metadata/resourceVersion")
        .and_then(Value::as_str);
    if let Some(newer) = newer {
        newer.clone_into(version);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy_engine::EngineOptions;
    use policy_engine::policy::{CompiledPolicy, PolicySet};
    use serde_json::json;

    /// On the one thread of this runtime, as admission's requests are on the few of the controller's.
    #[tokio::test]
    async fn a_policy_that_computes_for_long_in_a_scan_holds_up_nobody() {
        let all = "lists.range(900).all(a, lists.range(100).all(b, a + b >= 0))";
        let policy = json!({"apiVersion": "policies.kyverno.io/v1", "kind": "ValidatingPolicy", "metadata": {"name": "p"},
            "spec": {"matchConstraints": {"resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"],
                "resources": ["pods"], "operations": ["CREATE"]}]}, "validations": [{"expression": all}]}});
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "shop"}, "spec": {}});
        let policy = Arc::new(CompiledPolicy::compile(&policy).unwrap());
        let engine = Engine::new(PolicySet::new(vec![policy], Vec::new()), EngineOptions::default());
        let request = Request::from_object(Arc::new(pod), Origin::BackgroundScan, 0);
        let mut evaluating = std::pin::pin!(evaluated(&engine, &request, Facts::default()));
        tokio::select! {
            biased;
            _ = &mut evaluating => panic!("this thread computed"),
            () = std::future::ready(()) => {}
        }
        assert!(evaluating.await.is_ok());
    }
}
