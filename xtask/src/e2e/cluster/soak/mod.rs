//! `cargo xtask e2e soak [--minutes N]`: a mixed load for minutes or hours, with faults and edits under way.
//!
//! Flat memory, no leaked task or connection, no wrong verdict: each answer is compared with what was true while it was
//! asked. A third of the time is the warm-up; what a replica holds is read after it and at the end, both times at rest.

mod law;
mod world;
mod load;
mod trouble;
mod readings;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use self::law::Signer;
use self::load::{Customer, Tally, name_of};
use self::readings::Reading;
use self::trouble::{Troublemaker, proclaim};
use self::world::{GOVERNED, World};
use super::controller::Controller;
use super::gateway::Gateway;
use super::kubectl::Kubectl;
use super::town::Town;
use super::{Choice, chart};
use crate::arguments::Arguments;
use crate::failure::{Failure, Outcome};
use crate::report::say;

/// Minutes of a run unless others are asked for: what each change is tested with.
const MINUTES: u64 = 3;
/// Callers at the same time.
const CUSTOMERS: u64 = 4;
/// Time in which what is under way ends: longer than any request lives.
const REST: Duration = Duration::from_secs(12);

/// How long.
pub(in crate::e2e) struct Length(Duration);

impl Length {
    /// Takes `--minutes N`.
    pub(in crate::e2e) fn of(arguments: &mut Arguments) -> Outcome<Self> {
        let minutes = match arguments.value("--minutes")? {
            None => MINUTES,
            Some(text) => text
                .parse()
                .ok()
                .filter(|minutes| (1..=24 * 60).contains(minutes))
                .ok_or_else(|| Failure::Usage(format!("`--minutes {text}` is no number from 1 to 1440")))?,
        };
        Ok(Self(Duration::from_secs(minutes * 60)))
    }
}

/// Runs it.
pub(in crate::e2e) fn run(binary: &Path, choice: &Choice, length: &Length) -> Outcome {
    let mut town = Town::open(binary, &choice.release)?;
    chart::install(&town, &[])?;
    let further = [("exception-namespace", "*"), ("log-level", "info")];
    let controller = Controller::start_with(&town, "soaked", town.webhook(), &further)?;
    for namespace in 0..=GOVERNED {
        town.admin().namespace(&name_of(namespace))?;
    }
    for namespace in 0..GOVERNED {
        proclaim(&town.plane, &town.shop, namespace, law::at(0))?;
    }
    town.admin().eventually("every policy Ready", || {
        let ready = "--output=jsonpath={.items[*].status.conditions[?(@.type=='Ready')].status}";
        let said = town.admin().run(["get", "cpol", ready])?;
        Ok(said.matches("True").count() == GOVERNED)
    })?;
    let gateway = Gateway::open(town.admin())?;
    let world = World::default();
    let outcome = soak(&mut town, &gateway, &world, &controller, length.0);
    let panicked = crate::place::read(controller.log())?.contains("panicked");
    if panicked {
        return Err(Failure::Found(format!(
            "a panic in {}",
            controller.log().display()
        )));
    }
    outcome
}

fn soak(
    town: &mut Town,
    gateway: &Gateway,
    world: &World,
    controller: &Controller,
    length: Duration,
) -> Outcome {
    let warm_up = load(town, gateway, world, "a", length / 3)?;
    let before = Reading::of(controller, town.admin())?;
    say(format!("  after the warm-up: {}", before.line()));
    let main = load(town, gateway, world, "b", length - length / 3)?;
    let after = Reading::of(controller, town.admin())?;
    say(format!("  at the end: {}", after.line()));
    let mut faults: Vec<String> = warm_up.faults.into_iter().chain(main.faults).collect();
    faults.extend(after.leaks_since(&before));
    if let Err(fault) = reports_agree(town.admin(), world) {
        faults.push(fault.to_string());
    }
    match faults.is_empty() {
        true => Ok(()),
        false => Err(Failure::Several(faults)),
    }
}

/// Asks and makes trouble for `length`, then lets all of it come to rest.
fn load(town: &mut Town, gateway: &Gateway, world: &World, name: &str, length: Duration) -> Outcome<Tally> {
    let end = Instant::now().checked_add(length).unwrap_or_else(Instant::now);
    let (plane, shop) = (&mut town.plane, &town.shop);
    let is_over = AtomicBool::new(false);
    let (made, tallies) = thread::scope(|scope| {
        let customers: Vec<_> = (0..CUSTOMERS)
            .map(|number| {
                let name = format!("{name}{number}");
                let customer = Customer::new(gateway.caller(), shop, world, name, number + 1);
                let is_over = &is_over;
                scope.spawn(move || customer.ask(is_over))
            })
            .collect();
        let made = Troublemaker::new(plane, shop, world).until(end);
        is_over.store(true, Ordering::Relaxed);
        let tallies: Vec<_> = customers.into_iter().map(|customer| customer.join()).collect();
        (made, tallies)
    });
    made?;
    let mut all = Tally::default();
    for tally in tallies {
        all.add(tally.map_err(|_| Failure::Found("a customer panicked".to_owned()))??);
    }
    say(format!(
        "  {} admitted, {} refused, {} refused while the registry failed, {} unjudged while the API server was away, \
         {} images, {} wrong",
        all.admitted, all.refused, all.during_faults, all.unjudged, all.images, all.wrong
    ));
    thread::sleep(REST);
    Ok(all)
}

/// Every Pod that runs has a report that says what the law of its namespace says.
fn reports_agree(kubectl: &Kubectl, world: &World) -> Outcome {
    let mut last = String::new();
    let outcome = kubectl.eventually("a right report on each Pod", || {
        for namespace in 0..GOVERNED {
            if let Some(fault) = disagreement(kubectl, world, namespace)? {
                last = fault;
                return Ok(false);
            }
        }
        Ok(true)
    });
    outcome.map_err(|failure| Failure::Found(format!("{failure}: {last}")))
}

fn disagreement(kubectl: &Kubectl, world: &World, namespace: usize) -> Outcome<Option<String>> {
    let law = law::at(world.law(namespace));
    let name = name_of(namespace);
    let pods = kubectl.raw(&format!("/api/v1/namespaces/{name}/pods"))?;
    let reports = kubectl.raw(&format!(
        "/apis/wgpolicyk8s.io/v1alpha2/namespaces/{name}/policyreports"
    ))?;
    let items = |list: &Value| {
        list.get("items")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default()
    };
    let text = |object: &Value, pointer: &str| {
        let text = object.pointer(pointer).and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    };
    let reports = items(&reports);
    for pod in items(&pods) {
        let own = text(&pod, "/metadata/name");
        let signer = text(&pod, "/metadata/labels/signer");
        let signers = [Signer::Ours, Signer::Stranger, Signer::Nobody, Signer::Absent];
        let Some(signer) = signers.into_iter().find(|known| known.label() == signer) else {
            continue;
        };
        let expected = law.result(signer, own.starts_with("excused"));
        let report = reports.iter().find(|report| text(report, "/scope/name") == own);
        let said = report.map(|report| text(report, "/results/0/result"));
        if said.as_deref() != Some(expected) {
            return Ok(Some(format!("{name}/{own}: {said:?} instead of {expected}")));
        }
    }
    Ok(None)
}
