//! Our chart, installed by helm in the namespace `vouchsafe`.

use super::town::Town;
use crate::failure::Outcome;
use crate::manifests;
use crate::program::Captured;

/// The release and its namespace.
pub(super) const RELEASE: &str = "vouchsafe";

/// Installs or upgrades the release; `values` as `--set` takes them.
pub(super) fn install(town: &Town, values: &[&str]) -> Outcome {
    let task = [
        "upgrade",
        "--install",
        "--reset-values",
        RELEASE,
        "--namespace",
        RELEASE,
        "--create-namespace",
    ];
    run(town, &task, values)?.expect_success().map(drop)
}

/// helm with the chart's folder behind the task.
pub(super) fn run(town: &Town, task: &[&str], values: &[&str]) -> Outcome<Captured> {
    let chart = manifests::chart();
    let mut helm = town.helm().args(task).args([chart.as_os_str()]);
    for value in values {
        helm = helm.args(["--set", value]);
    }
    helm.capture()
}

/// Takes the release away.
pub(super) fn uninstall(town: &Town) -> Outcome {
    let task = ["uninstall", RELEASE, "--namespace", RELEASE, "--wait"];
    town.helm().args(task).capture()?.expect_success().map(drop)
}
