//! `cargo xtask e2e cluster`: a real API server, etcd and controller manager, a registry, and us.
//!
//! Tests stand in files named by class: `admit_`, `mutate_`, `report_`, `scan_`, `rotate_`, `fail_`, `tenant_`, `upgrade_`.
//! Each asserts the reason, not only the verdict. `--only WORD` runs those whose name contains it.

mod certificates;
mod process;
mod kubectl;
mod gateway;
mod verdict;
mod service;
mod control_plane;
mod shop;
mod chart;
mod controller;
mod town;
mod kubelet;
mod pod;
mod test;
mod scan_apply;
mod admit_scenarios;
mod admit_proof;
mod admit_advisories;
mod admit_burst;
mod mutate_pods;
mod report_scans;
mod scan_images;
mod rotate_certificates;
mod fail_outages;
mod tenant_reach;
mod fail_webhooks;
mod upgrade_load;
mod upgrade_chart;
pub(super) mod soak;
pub(super) mod scale;
pub(super) mod conformance;

use std::path::Path;

use crate::arguments::Arguments;
use crate::e2e::parts;
use crate::failure::Outcome;
use test::Test;
use town::Town;

/// The tests of all files, in the order in which they run.
const FILES: &[&[Test]] = &[
    scan_apply::TESTS,
    admit_scenarios::TESTS,
    admit_proof::TESTS,
    admit_advisories::TESTS,
    mutate_pods::TESTS,
    report_scans::TESTS,
    scan_images::TESTS,
    rotate_certificates::TESTS,
    fail_outages::TESTS,
    tenant_reach::TESTS,
    fail_webhooks::TESTS,
    admit_burst::TESTS,
    upgrade_load::TESTS,
    upgrade_chart::TESTS,
];

/// What is run, and against which release.
pub(super) struct Choice {
    release: String,
    only: String,
}

impl Choice {
    /// Takes `--kubernetes RELEASE` and `--only WORD`.
    pub(super) fn of(arguments: &mut Arguments) -> Outcome<Self> {
        Ok(Self {
            release: arguments
                .value("--kubernetes")?
                .unwrap_or_else(|| parts::NEWEST.to_owned()),
            only: arguments.value("--only")?.unwrap_or_default(),
        })
    }
}

impl Choice {
    /// The release of Kubernetes.
    pub(super) fn release(&self) -> &str {
        &self.release
    }

    /// Which tests.
    pub(super) fn only(&self) -> &str {
        &self.only
    }
}

/// Runs the tests chosen.
pub(super) fn run(binary: &Path, choice: &Choice) -> Outcome {
    let mut town = Town::open(binary, &choice.release)?;
    let tests: Vec<&Test> = FILES.iter().copied().flatten().collect();
    test::run_all(&tests, &choice.only, &mut town)
}
