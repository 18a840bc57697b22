//! A new policy counts at once, also while Pods are created as fast as large clusters do, and each gets its report.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::gateway::{Caller, Gateway};
use super::pod;
use super::test::{Test, tests};
use super::town::Town;
use super::verdict::Verdict;
use crate::failure::{Failure, Outcome};
use crate::report::say;

pub(super) const TESTS: &[Test] = tests![a_policy_counts_at_once_in_a_burst_of_creations];

const NAMESPACE: &str = "burst";
/// Connections that create at the same time.
const CALLERS: usize = 48;
/// Between two creations of one caller: together 300 a second, where the machine can.
const PACE: Duration = Duration::from_millis(160);
/// How long the burst goes on before the policy, and after it.
const BEFORE: Duration = Duration::from_secs(5);
const AFTER: Duration = Duration::from_secs(4);
/// When the policy must count: a second, and what a machine takes on which an API server, an etcd and callers run too.
/// The figure itself stands in docs/performance.md.
const IN_FORCE: Duration = Duration::from_secs(3);

fn a_policy_counts_at_once_in_a_burst_of_creations(town: &mut Town) -> Outcome {
    town.start_controller()?;
    town.without_policies()?;
    let kubectl = town.admin();
    kubectl.namespace(NAMESPACE)?;
    town.apply_policy(&OLD.replace("NAMESPACE", NAMESPACE), "before")?;
    let gateway = Gateway::open(kubectl)?;
    let (is_over, made) = (AtomicBool::new(false), AtomicUsize::new(0));
    let begun = Instant::now();
    let (applied, ends) = thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS)
            .map(|number| {
                let (caller, is_over, made) = (gateway.caller(), &is_over, &made);
                scope.spawn(move || create(caller, number, is_over, made))
            })
            .collect();
        thread::sleep(BEFORE);
        let applied = kubectl.apply(&NEW.replace("NAMESPACE", NAMESPACE));
        let at = Instant::now();
        thread::sleep(AFTER);
        is_over.store(true, Ordering::Relaxed);
        let ends: Vec<_> = callers.into_iter().map(|caller| caller.join()).collect();
        (applied.map(|()| at), ends)
    });
    let (applied, burst) = (applied?, begun.elapsed());
    let mut last = applied;
    for end in ends {
        last = last.max(end.map_err(|_| Failure::Found("a caller panicked".to_owned()))??);
    }
    let took = last.duration_since(applied);
    let rate = made.load(Ordering::Relaxed) / usize::try_from(burst.as_secs()).unwrap_or(1).max(1);
    say(format!(
        "    in force {:.2} s after it was stored, {rate} creations a second",
        took.as_secs_f64()
    ));
    town.without_policies()?;
    // One request takes all of a kind away, where kubectl would send thousands.
    for collection in ["api/v1", "apis/wgpolicyk8s.io/v1alpha2"]
        .into_iter()
        .zip(["pods", "policyreports"])
    {
        let path = format!("/{}/namespaces/{NAMESPACE}/{}", collection.0, collection.1);
        gateway.caller().delete(&path)?;
    }
    match took <= IN_FORCE {
        true => Ok(()),
        false => Err(Failure::Found(format!(
            "admitted {took:?} after the policy was stored"
        ))),
    }
}

/// Creates Pods until it is over; gives when the last one began that was admitted.
fn create(mut caller: Caller, number: usize, is_over: &AtomicBool, made: &AtomicUsize) -> Outcome<Instant> {
    let path = format!("/api/v1/namespaces/{NAMESPACE}/pods");
    let mut last = Instant::now();
    let mut count = 0_usize;
    while !is_over.load(Ordering::Relaxed) {
        let begun = Instant::now();
        count += 1;
        let answer = caller.create(
            &path,
            &pod::of(NAMESPACE, &format!("pod-{number}-{count}"), "nginx"),
        );
        made.fetch_add(1, Ordering::Relaxed);
        match Verdict::of(answer) {
            Verdict::Admitted(_) => last = begun,
            Verdict::Refused(said) if said.contains("no nginx here") => {}
            other @ (Verdict::Refused(_) | Verdict::Unjudged(_)) => {
                return Err(Failure::Found(other.to_string()));
            }
        }
        thread::sleep(PACE.saturating_sub(begun.elapsed()));
    }
    Ok(last)
}

/// Says something of each Pod, so that each has a report.
const OLD: &str = "apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: before}
spec:
  rules:
    - name: named
      match: {any: [{resources: {kinds: [Pod], namespaces: [NAMESPACE]}}]}
      validate: {failureAction: Audit, message: a team is missing, pattern: {metadata: {labels: {team: '?*'}}}}
";

const NEW: &str = "apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: after}
spec:
  rules:
    - name: elsewhere
      match: {any: [{resources: {kinds: [Pod], namespaces: [NAMESPACE]}}]}
      validate:
        failureAction: Enforce
        message: no nginx here
        pattern: {spec: {containers: [{image: '!nginx'}]}}
";
