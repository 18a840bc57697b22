//! Recorded answers of cel-spec's tests and of Kyverno's own environment.
//!
//! Runs when `VOUCHSAFE_CORPUS` is set; the folder is `$VOUCHSAFE_SHARED/corpus/cel` (default `../shared` beside the checkout). A missing
//! or empty folder fails. `known-gaps.txt` lists what differs, each with its reason; it may only shrink: a listed case that passes fails.

mod conformance;
mod evaluations;
mod expressions;
mod hosts;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value as Json;

/// A case: its name and what went wrong, if anything
pub(crate) type Verdict = (String, Result<(), String>);

fn folder() -> Option<PathBuf> {
    std::env::var_os("VOUCHSAFE_CORPUS")?;
    let shared = std::env::var_os("VOUCHSAFE_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    Some(shared.join("corpus/cel"))
}

fn cases(file: &str) -> Option<Vec<Json>> {
    let path = folder()?.join(file);
    let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let cases: Vec<Json> = serde_json::from_slice(&text).expect("an array of cases");
    assert!(!cases.is_empty(), "{} holds no case", path.display());
    Some(cases)
}

/// Known gaps of one file: name → reason
fn gaps(file: &str) -> BTreeMap<String, String> {
    let ledger = include_str!("known-gaps.txt");
    let lines = ledger
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let rows = lines.map(|line| {
        line.split_once(" — ")
            .unwrap_or_else(|| panic!("no reason: {line}"))
    });
    let own = rows
        .filter_map(|(name, reason)| Some((name.strip_prefix(file)?.trim().to_owned(), reason.to_owned())));
    own.collect()
}

fn judge(file: &str, verdicts: Vec<Verdict>) {
    let mut gaps = gaps(file);
    let mut faults = Vec::new();
    let (total, mut passed, mut known) = (verdicts.len(), 0, 0);
    for (name, verdict) in verdicts {
        match (verdict, gaps.remove(&name)) {
            (Ok(()), None) => passed += 1,
            (Err(_), Some(_)) => known += 1,
            (Ok(()), Some(_)) => faults.push(format!("`{name}` passes now: strike it from known-gaps.txt")),
            (Err(why), None) => faults.push(format!("{name}: {why}")),
        }
    }
    // Other data of the same shape need not hold every listed case.
    let absent = gaps.len();
    println!("{file} passed {passed} of {total}, gaps {known}, listed but absent {absent}");
    assert!(
        faults.is_empty(),
        "{} faults in {file}\n{}",
        faults.len(),
        faults.join("\n")
    );
}

#[test]
fn the_conformance_tests_of_cel_spec_give_their_answers() {
    if let Some(cases) = cases("conformance.json") {
        judge("conformance", cases.iter().map(conformance::run).collect());
    }
}

#[test]
fn policy_expressions_are_accepted_refused_and_typed_as_kyverno_does() {
    if let Some(cases) = cases("expressions.json") {
        judge("expressions", cases.iter().map(expressions::run).collect());
    }
}

#[test]
fn policy_expressions_give_the_values_and_errors_that_kyverno_gives() {
    if let Some(cases) = cases("evaluations.json") {
        judge("evaluations", cases.iter().map(evaluations::run).collect());
    }
}
