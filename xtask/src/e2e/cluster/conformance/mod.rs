//! `cargo xtask e2e chainsaw --suite FOLDER`: Kyverno's own conformance tests, one area of them, by Kyverno's own runner.
//!
//! In: a folder below `test/conformance/chainsaw` of a checkout of Kyverno; nothing of it is kept here. Out: each test with
//! `✓` or why it does not hold, and a failure where one does not hold that `tests/conformance/not-held.txt` doesn't name.

mod chainsaw;
mod rewritten;
mod images;
mod known;

use std::path::{Path, PathBuf};

use serde_json::json;

use super::chart;
use super::controller::Controller;
use super::town::Town;
use crate::arguments::Arguments;
use crate::e2e::parts;
use crate::failure::{Failure, Outcome};
use crate::report::say;
use chainsaw::Told;
use images::Images;
use known::Known;

/// What is run.
pub(in crate::e2e) struct Choice {
    /// Folders, one for each area.
    suites: Vec<PathBuf>,
    /// A regular expression over names of tests; empty: all.
    only: String,
    /// How long chainsaw waits for what should be or should go.
    patience: String,
}

impl Choice {
    /// Takes `--suite FOLDER`, any number of them, and `--patience DURATION`.
    pub(in crate::e2e) fn of(arguments: &mut Arguments, only: &str) -> Outcome<Self> {
        let mut suites = Vec::new();
        while let Some(folder) = arguments.value("--suite")? {
            suites.push(folder.into());
        }
        Ok(Self {
            suites,
            only: only.to_owned(),
            patience: arguments.value("--patience")?.unwrap_or_else(|| "30s".to_owned()),
        })
    }
}

/// What Kyverno's own test cluster sets, in our chart's words.
const VALUES: [&str; 8] = [
    "enforcementProof.enabled=false",
    "policyExceptions.namespace=*",
    "secrets.clusterWide=true",
    "rbac.readableKinds[0].apiGroups={rules.example.com}",
    "rbac.readableKinds[0].resources={*}",
    "rbac.readableKinds[1].apiGroups[0]=",
    "rbac.readableKinds[1].resources={namespaces,configmaps,secrets,serviceaccounts}",
    "reports.interval=10s",
];
/// The same, for a replica that runs outside of the cluster.
const FLAGS: [(&str, &str); 6] = [
    // Tests compare whole sentences.
    ("plain-denials", "true"),
    ("proof-namespace", ""),
    ("proof-image", ""),
    ("config-map", "kyverno/kyverno"),
    ("exception-namespace", "*"),
    ("scan-interval", "10s"),
];

/// Runs the areas chosen, each on an API server of its own: what one leaves behind is no other's matter.
pub(in crate::e2e) fn run(binary: &Path, release: &str, choice: &Choice) -> Outcome {
    if choice.suites.is_empty() {
        let wanted = "`--suite FOLDER` is missing: a folder of Kyverno's test/conformance/chainsaw";
        return Err(Failure::Usage(wanted.to_owned()));
    }
    let program = parts::chainsaw()?;
    let known = Known::read()?;
    let mut faults = Vec::new();
    for suite in &choice.suites {
        let area = area_of(suite)?;
        let town = Town::open(binary, release)?;
        let images = Images::open(&town.shop)?;
        chart::install(&town, &VALUES)?;
        settings_as_kyvernos(&town)?;
        let mirror = images.mirror();
        let flags = FLAGS.into_iter().chain([("registry-mirror", mirror.as_str())]);
        let flags: Vec<_> = flags.collect();
        let _controller = Controller::start_with(&town, "first", town.webhook(), &flags)?;
        let folder = rewritten::copy(suite, &town.file("suites"), &images.words)?;
        let told = chainsaw::run(&program, &town, &folder, &choice.only, &choice.patience)?;
        faults.extend(judge(&area, &told, &known));
    }
    if faults.is_empty() {
        return Ok(());
    }
    Err(Failure::Several(faults))
}

/// Puts our settings where tests look for Kyverno's and change them, and lets us read them there.
fn settings_as_kyvernos(town: &Town) -> Outcome {
    let kubectl = town.admin();
    kubectl.namespace("kyverno")?;
    let ours = kubectl.raw("/api/v1/namespaces/vouchsafe/configmaps/vouchsafe")?;
    let theirs = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kyverno", "namespace": "kyverno"},
        "data": ours.get("data")});
    kubectl.apply(&theirs.to_string())?;
    let binding = [
        "create",
        "rolebinding",
        "settings",
        "--namespace=kyverno",
        "--clusterrole=view",
    ];
    let ourselves = "--serviceaccount=vouchsafe:vouchsafe";
    kubectl.run(binding.into_iter().chain([ourselves])).map(drop)
}

fn area_of(suite: &Path) -> Outcome<String> {
    let name = suite.file_name().map(|name| name.to_string_lossy().into_owned());
    name.ok_or_else(|| Failure::Usage(format!("`{}` names no folder", suite.display())))
}

/// Says what became of each test; gives what nobody expected.
fn judge(area: &str, told: &[Told], known: &Known) -> Vec<String> {
    let mut unexpected = Vec::new();
    let mut held = 0_usize;
    for test in told {
        let name = format!("{area}/{}", test.name);
        match (&test.fault, known.reason(&name)) {
            (None, reason) => {
                held = held.saturating_add(1);
                let news = reason.map_or("", |_| " (tests/conformance/not-held.txt says that it does not)");
                say(format!("  ✓ {name}{news}"));
            }
            (Some(_), Some(reason)) => say(format!("  – {name}: {reason}")),
            (Some(fault), None) => {
                say(format!("  ✗ {name}: {fault}"));
                unexpected.push(format!("{name} does not hold"));
            }
        }
    }
    say(format!("  {area}: {held} of {} hold", told.len()));
    unexpected
}
