//! What a process of this machine holds: memory, descriptors, threads. Source: proc(5).

use std::path::PathBuf;
use std::time::Duration;

use crate::failure::{Failure, Outcome};
use crate::place;

/// Ticks of a second in `/proc/PID/stat`; the same on every Linux that Rust runs on.
const TICKS_A_SECOND: u64 = 100;

/// What one process holds at one moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    /// Resident memory, MiB.
    pub(super) resident_mib: u64,
    /// The most that it ever was.
    pub(super) peak_mib: u64,
    /// Open descriptors: connections and files.
    pub(super) descriptors: usize,
    pub(super) threads: u64,
    /// Time on a processor so far.
    pub(super) cpu: Duration,
}

/// Looks at the process `id`.
pub(super) fn held(id: u32) -> Outcome<Held> {
    let file = |name: &str| PathBuf::from(format!("/proc/{id}/{name}"));
    let status = place::read(&file("status"))?;
    let number = |field: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(field));
        let number = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        number.ok_or_else(|| Failure::Found(format!("process {id} has no {field}")))
    };
    let stat = place::read(&file("stat"))?;
    // Behind the name, which may hold anything: state is the first word, user and system time the twelfth and thirteenth.
    let behind = stat.rsplit_once(')').map_or("", |(_, behind)| behind);
    let ticks: u64 = behind
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|word| word.parse::<u64>().ok())
        .sum();
    let descriptors = std::fs::read_dir(file("fd")).map_err(|source| Failure::File {
        path: file("fd"),
        source,
    })?;
    Ok(Held {
        resident_mib: number("VmRSS:")? / 1024,
        peak_mib: number("VmHWM:")? / 1024,
        descriptors: descriptors.count(),
        threads: number("Threads:")?,
        cpu: Duration::from_millis(ticks * (1_000 / TICKS_A_SECOND)),
    })
}
