//! Calls chainsaw and reads its report.

use std::path::Path;

use serde_json::Value;

use crate::e2e::cluster::town::Town;
use crate::failure::{Failure, Outcome};
use crate::place;
use crate::program::Program;

/// Longest part of a fault that is told.
const MOST_CHARS: usize = 1_500;

/// What became of one test.
pub(super) struct Told {
    /// Its folder below the area's.
    pub(super) name: String,
    /// Why it does not hold.
    pub(super) fault: Option<String>,
}

/// Runs the tests of `folder` whose names match `only`, one after the other.
pub(super) fn run(
    program: &Path,
    town: &Town,
    folder: &Path,
    only: &str,
    patience: &str,
) -> Outcome<Vec<Told>> {
    // One folder for each area: a run that writes no report must not be given the last one's.
    let area = folder.file_name().unwrap_or_default().to_string_lossy();
    let reports = town.file(&format!("chainsaw-{area}"));
    std::fs::create_dir_all(&reports).map_err(|source| Failure::File {
        path: reports.clone(),
        source,
    })?;
    let mut chainsaw = Program::new(program)
        .env("KUBECONFIG", town.admin().kubeconfig())
        .env("HOME", town.file(""))
        .env("PATH", path_with(town.admin().path())?)
        .folder(folder)
        .args(["test", "--no-color", "--full-name", "--fail-fast=false"])
        .args(["--parallel=1", "--cleanup-delay=0s"])
        .args(["assert", "error"].map(|of| format!("--{of}-timeout={patience}")))
        .args([
            "--apply-timeout=10s",
            "--delete-timeout=30s",
            "--cleanup-timeout=30s",
        ])
        .args(["--force-termination-grace-period=1s", "--test-dir=."])
        .args(["--report-format=JSON", "--report-name=report", "--report-path"])
        .args([reports.as_os_str()]);
    let config = folder.join(".chainsaw.yaml");
    if config.is_file() {
        chainsaw = chainsaw.args(["--config".as_ref(), config.as_os_str()]);
    }
    if !only.is_empty() {
        chainsaw = chainsaw.args(["--include-test-regex", &format!("^chainsaw$/{only}")]);
    }
    let said = chainsaw.capture()?;
    place::write(
        &reports.join("output.txt"),
        &format!("{}{}", said.stdout, said.stderr),
    )?;
    let report = reports.join("report.json");
    let report = place::read(&report)?;
    let report: Value = serde_json::from_str(&report)
        .map_err(|cause| Failure::Found(format!("chainsaw's report is no JSON: {cause}")))?;
    let tests = report.get("tests").and_then(Value::as_array);
    let told: Vec<Told> = tests.into_iter().flatten().filter_map(told).collect();
    if told.is_empty() {
        return Err(Failure::Found(format!("{area}: no test ran")));
    }
    if told.iter().all(|test| test.fault.is_none()) {
        said.expect_success()?;
    }
    Ok(told)
}

fn told(test: &Value) -> Option<Told> {
    if test.get("skipped").and_then(Value::as_bool) == Some(true) {
        return None;
    }
    // The folder: several tests may have one name.
    let folder = test.get("basePath").and_then(Value::as_str).unwrap_or_default();
    let folder = folder.trim_start_matches("./").trim_matches('/');
    let name = if folder.is_empty() {
        test.get("name")?.as_str()?
    } else {
        folder
    };
    let steps = test.get("steps").and_then(Value::as_array);
    let operations = steps.into_iter().flatten().filter_map(|step| {
        let operations = step.get("operations")?.as_array()?;
        let step = step.get("name").and_then(Value::as_str).unwrap_or_default();
        Some(operations.iter().map(move |operation| (step, operation)))
    });
    let fault = operations.flatten().find_map(|(step, operation)| {
        let fault = operation.pointer("/failure/error")?.as_str()?;
        let fault: String = fault.chars().take(MOST_CHARS).collect();
        Some(format!("{step}: {fault}"))
    });
    Some(Told {
        name: name.to_owned(),
        fault,
    })
}

/// `PATH` with the folder of kubectl first: scripts of tests call it.
fn path_with(kubectl: &Path) -> Outcome<std::ffi::OsString> {
    let own = kubectl.parent().map(Path::to_path_buf);
    let usual = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(own.into_iter().chain(std::env::split_paths(&usual)))
        .map_err(|cause| Failure::Usage(format!("PATH: {cause}")))
}
