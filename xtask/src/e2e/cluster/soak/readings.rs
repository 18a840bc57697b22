//! What a replica holds, in a quiet moment: what stays is what it keeps, or leaks.

use crate::e2e::cluster::controller::Controller;
use crate::e2e::cluster::kubectl::Kubectl;
use crate::e2e::cluster::process::{Held, held};
use crate::failure::{Failure, Outcome};

/// MiB that memory may grow by after the warm-up. What is remembered of images has a limit of its own in bytes, which a
/// run of minutes does not reach: growth up to it is no leak.
const MOST_GROWTH_MIB: u64 = 24;
/// Descriptors that may be more: connections of watches that are just being replaced.
const MOST_NEW_DESCRIPTORS: usize = 8;
/// Threads that may be more: the pool for blocking work grows and shrinks.
const MOST_NEW_THREADS: u64 = 4;
/// Tasks that may be more: a connection has two or three, and one may be under way.
const MOST_NEW_TASKS: u64 = 8;

/// One reading.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    pub(super) held: Held,
    /// Tasks of the runtime that have not ended.
    tasks: u64,
    /// Connections to the webhook.
    connections: u64,
}

impl Reading {
    /// Reads what `controller` holds now.
    pub(super) fn of(controller: &Controller, kubectl: &Kubectl) -> Outcome<Self> {
        let metrics = kubectl
            .fetch(controller.address(), "/metrics")?
            .unwrap_or_default();
        let number = |name: &str| {
            let line = metrics.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|line| line.trim().parse::<u64>().ok());
            number.ok_or_else(|| Failure::Found(format!("the metrics have no `{name}`")))
        };
        Ok(Self {
            tasks: number("vouchsafe_tasks ")?,
            connections: number("vouchsafe_connections ")?,
            held: held(controller.process()?)?,
        })
    }

    /// One line for a person.
    pub(super) fn line(&self) -> String {
        let Self {
            held,
            tasks,
            connections,
        } = self;
        format!(
            "{} MiB (peak {}), {} descriptors, {} threads, {tasks} tasks, {connections} connections, {:.1} s CPU",
            held.resident_mib,
            held.peak_mib,
            held.descriptors,
            held.threads,
            held.cpu.as_secs_f64()
        )
    }

    /// What grew too much since `before`.
    pub(super) fn leaks_since(&self, before: &Self) -> Vec<String> {
        let mut leaks = Vec::new();
        let mut compare = |what: &str, before: u64, now: u64, most: u64| {
            if now > before.saturating_add(most) {
                leaks.push(format!("{what}: {now}, after {before} at the end of the warm-up"));
            }
        };
        let count = |descriptors: usize| u64::try_from(descriptors).unwrap_or(u64::MAX);
        compare(
            "MiB",
            before.held.resident_mib,
            self.held.resident_mib,
            MOST_GROWTH_MIB,
        );
        compare(
            "descriptors",
            count(before.held.descriptors),
            count(self.held.descriptors),
            count(MOST_NEW_DESCRIPTORS),
        );
        compare(
            "threads",
            before.held.threads,
            self.held.threads,
            MOST_NEW_THREADS,
        );
        compare("tasks", before.tasks, self.tasks, MOST_NEW_TASKS);
        leaks
    }
}
