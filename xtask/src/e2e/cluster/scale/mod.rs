//! `cargo xtask e2e scale [--pods N] [--images M]`: a crowd of Pods, and three replicas that share the scan. By hand.
//!
//! Once cold with nothing reported, then again from cold with some signatures taken away: time, memory, requests for an
//! image, and which reports were written.

mod crowd;
mod fleet;

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

pub(in crate::e2e) use self::crowd::Size;
use self::crowd::{NAMESPACES, namespace};
use self::fleet::Fleet;
use super::admit_scenarios::SIGNED_EVERYWHERE;
use super::gateway::Gateway;
use super::town::Town;
use super::{Choice, chart};
use crate::arguments::Arguments;
use crate::failure::{Failure, Outcome};
use crate::report::{say, seconds};

/// A cold scan must be complete after so long.
const MOST_TIME: Duration = Duration::from_secs(600);
/// Memory of one replica at most, MiB.
const MOST_MIB: u64 = 150;
/// Requests that one replica may make for an image that is signed.
const MOST_REQUESTS: usize = 5;
/// Of so many images one loses its signature.
const CHANGED_EVERY: usize = 101;

impl Size {
    /// Takes `--pods N` and `--images N`.
    pub(in crate::e2e) fn of(arguments: &mut Arguments) -> Outcome<Self> {
        let mut number = |name: &str, usual: usize| match arguments.value(name)? {
            None => Ok(usual),
            Some(text) => text
                .parse()
                .ok()
                .filter(|number| *number > 0)
                .ok_or_else(|| Failure::Usage(format!("`{name} {text}` is no number from 1 on"))),
        };
        Ok(Self {
            pods: number("--pods", 100_000)?,
            images: number("--images", 10_000)?,
        })
    }
}

/// Runs it.
pub(in crate::e2e) fn run(binary: &Path, choice: &Choice, size: &Size) -> Outcome {
    let town = Town::open(binary, &choice.release)?;
    chart::install(&town, &[])?;
    let begun = Instant::now();
    let digests = crowd::images(&town.shop, *size)?;
    say(format!(
        "  {} images in {}",
        size.images,
        seconds(begun.elapsed())
    ));
    for number in 0..NAMESPACES {
        town.admin().namespace(&namespace(number))?;
    }
    let begun = Instant::now();
    crowd::pods(&Gateway::open(town.admin())?, &digests, *size)?;
    say(format!("  {} Pods in {}", size.pods, seconds(begun.elapsed())));

    let all = (0..NAMESPACES).map(namespace).collect::<Vec<_>>().join(", ");
    let policy = town.with_key(&SIGNED_EVERYWHERE.replace("NAMESPACE", &all));
    town.admin().apply(&policy)?;
    let mut faults = scan(&town, "first", *size)?;
    let before = Reports::read(&town)?;
    if before.count != size.pods {
        faults.push(format!("{} reports on {} Pods", before.count, size.pods));
    }
    let mut changed = 0;
    for image in (1..size.images)
        .step_by(CHANGED_EVERY)
        .filter(|image| crowd::is_signed(*image))
    {
        town.shop.forget_signature(&crowd::tag(image))?;
        changed += (image..size.pods).step_by(size.images).count();
    }
    faults.extend(scan(&town, "again", *size)?);
    let after = Reports::read(&town)?;
    let written = after.generations.saturating_sub(before.generations);
    say(format!("  {changed} results changed, {written} reports written"));
    if after.count != size.pods || written != changed {
        faults.push(format!(
            "{} reports, {written} writes for {changed} changes",
            after.count
        ));
    }
    match faults.is_empty() {
        true => Ok(()),
        false => Err(Failure::Several(faults)),
    }
}

/// Starts three replicas from cold, lets them scan and ends them; gives what was not as it should be.
fn scan(town: &Town, generation: &str, size: Size) -> Outcome<Vec<String>> {
    drop(town.shop.registry().take_requests());
    let begun = Instant::now();
    let fleet = Fleet::start(town, generation)?;
    fleet.until_scanned(size.pods)?;
    let took = begun.elapsed();
    let requests = town.shop.registry().take_requests().len();
    say(format!(
        "  {generation}: {} from cold, {requests} requests, {:.2} for each image and replica",
        seconds(took),
        ratio(requests, size.images * 3)
    ));
    let mut faults = Vec::new();
    if took > MOST_TIME {
        faults.push(format!("{generation}: {}", seconds(took)));
    }
    if requests > size.images * 3 * MOST_REQUESTS {
        faults.push(format!(
            "{generation}: {requests} requests for {} images",
            size.images
        ));
    }
    for held in fleet.held()? {
        say(format!(
            "    {} MiB (peak {}), {:.1} s CPU, {} descriptors",
            held.resident_mib,
            held.peak_mib,
            held.cpu.as_secs_f64(),
            held.descriptors
        ));
        if held.peak_mib > MOST_MIB {
            faults.push(format!("{generation}: {} MiB", held.peak_mib));
        }
    }
    Ok(faults)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a figure for a person, of two decimals"
)]
fn ratio(some: usize, of: usize) -> f64 {
    some as f64 / of.max(1) as f64
}

/// The reports that there are.
struct Reports {
    count: usize,
    /// The sum of their generations: each write of other content adds one.
    generations: usize,
}

impl Reports {
    fn read(town: &Town) -> Outcome<Self> {
        let mut found = Self {
            count: 0,
            generations: 0,
        };
        let gateway = Gateway::open(town.admin())?;
        let mut caller = gateway.caller();
        for number in 0..NAMESPACES {
            let path = format!(
                "/apis/wgpolicyk8s.io/v1alpha2/namespaces/{}/policyreports",
                namespace(number)
            );
            let mut next = String::new();
            loop {
                let page = caller.get(&format!("{path}?limit=500&continue={next}"))?;
                let items = page.get("items").and_then(Value::as_array);
                for report in items.into_iter().flatten() {
                    let generation = report.pointer("/metadata/generation").and_then(Value::as_u64);
                    found.count += 1;
                    found.generations += usize::try_from(generation.unwrap_or(1)).unwrap_or(1);
                }
                let rest = page.pointer("/metadata/continue").and_then(Value::as_str);
                match rest {
                    Some(rest) if !rest.is_empty() => rest.clone_into(&mut next),
                    Some(_) | None => break,
                }
            }
        }
        Ok(found)
    }
}
