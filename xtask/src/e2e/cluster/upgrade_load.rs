//! An upgrade while requests come in: replicas go one after the other, as the Deployment of the chart has it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::admit_scenarios::SIGNED_EVERYWHERE;
use super::gateway::{Caller, Gateway};
use super::kubelet::{DRAIN, Kubelet};
use super::service::Service;
use super::test::{Test, tests};
use super::town::Town;
use super::verdict::Verdict;
use super::{chart, pod, shop};
use crate::failure::{Failure, Outcome};
use crate::report::say;

pub(super) const TESTS: &[Test] =
    tests![an_upgrade_under_load_drops_no_request_and_admits_nothing_unverified];

const NAMESPACE: &str = "upgraded";
/// Connections that ask at the same time.
const CALLERS: usize = 4;
/// What a caller leaves the machine between two requests.
const PAUSE: Duration = Duration::from_millis(10);
/// How long the load goes on when the last replica is new.
const AFTERWARDS: Duration = Duration::from_secs(3);
/// Fewer requests than these would show nothing.
const LEAST_REQUESTS: usize = 200;

/// An image, and the reason why it is refused, if it is.
const CASES: [(&str, Option<&str>); 3] = [
    ("signed", None),
    ("unsigned", Some("UNSIGNED")),
    ("signed-by-a-stranger", Some("WRONG_SIGNER")),
];

fn an_upgrade_under_load_drops_no_request_and_admits_nothing_unverified(town: &mut Town) -> Outcome {
    town.controller = None;
    chart::install(town, &[DRAIN.1])?;
    let service = Service::open(town.webhook())?;
    let mut kubelet = Kubelet::default();
    let outcome = upgrade(town, &service, &mut kubelet);
    kubelet.leave(town)?;
    outcome
}

fn upgrade(town: &Town, service: &Service, kubelet: &mut Kubelet) -> Outcome {
    kubelet.until_rolled_out(town, service)?;
    let before = kubelet.pods();
    town.without_policies()?;
    town.admin().namespace(NAMESPACE)?;
    let policy = SIGNED_EVERYWHERE.replace("NAMESPACE", NAMESPACE);
    town.apply_policy(&town.with_key(&policy), "signed-everywhere")?;
    let gateway = Gateway::open(town.admin())?;
    let is_over = AtomicBool::new(false);
    let (rolled, asked) = thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS)
            .map(|number| {
                let (caller, is_over) = (gateway.caller(), &is_over);
                scope.spawn(move || ask(caller, number, is_over))
            })
            .collect();
        let rolled = chart::install(town, &[DRAIN.1, "podAnnotations.release=second"])
            .and_then(|()| kubelet.until_rolled_out(town, service));
        thread::sleep(AFTERWARDS);
        is_over.store(true, Ordering::Relaxed);
        let asked: Vec<_> = callers.into_iter().map(|caller| caller.join()).collect();
        (rolled, asked)
    });
    rolled?;
    let mut requests = 0_usize;
    for answers in asked {
        requests += answers.map_err(|_| Failure::Found("a caller panicked".to_owned()))??;
    }
    let left = kubelet.pods().intersection(&before).count();
    if left > 0 || requests < LEAST_REQUESTS {
        return Err(Failure::Found(format!(
            "{left} replicas were not replaced, {requests} requests"
        )));
    }
    say(format!(
        "    {requests} requests while {} replicas were replaced",
        before.len()
    ));
    Ok(())
}

/// Asks until it is over; gives the number of requests, or the first wrong answer.
fn ask(mut caller: Caller, number: usize, is_over: &AtomicBool) -> Outcome<usize> {
    let path = format!("/api/v1/namespaces/{NAMESPACE}/pods?dryRun=All");
    let mut asked = 0_usize;
    while !is_over.load(Ordering::Relaxed) {
        for (tag, reason) in CASES {
            let name = format!("load-{number}-{asked}");
            let answer = caller.create(&path, &pod::of(NAMESPACE, &name, &shop::image(tag)));
            asked += 1;
            match (Verdict::of(answer), reason) {
                (Verdict::Admitted(_), None) => {}
                (Verdict::Refused(said), Some(reason)) if said.contains(reason) => {}
                (wrong, _) => return Err(Failure::Found(format!("request {asked}, `{tag}`: {wrong}"))),
            }
            thread::sleep(PAUSE);
        }
    }
    Ok(asked)
}
