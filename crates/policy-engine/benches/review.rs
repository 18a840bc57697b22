//! What does one whole review cost, from the body to the decision?

use divan::Bencher;
use vouchsafe_policy_engine::request::Stage;
use vouchsafe_policy_engine::{Engine, EngineOptions, Evaluation, Facts, LoadedPolicies, Request};

fn main() {
    divan::main();
}

/// A restricted Pod as a Deployment's controller creates it, 2.6 kB of JSON, in its review.
const REVIEW: &[u8] = include_bytes!("restricted-pod-review.json");
const POLICY: &str = include_str!("../tests/it/scenarios/restrict-image-registries.yaml");

/// Scenario 1 as often as asked for, under so many names.
fn policies(count: usize) -> Engine {
    let mut text = String::new();
    for number in 0..count {
        let name = format!("restrict-image-registries-{number}");
        let named = POLICY.replace("name: restrict-image-registries", &format!("name: {name}"));
        text.push_str(&named);
        text.push('\n');
    }
    let documents = manifest::read(text.as_bytes(), "policies").unwrap_or_default();
    let loaded = LoadedPolicies::load(documents);
    assert_eq!(loaded.policies.len(), count, "{:?}", loaded.faults);
    Engine::new(loaded.to_set(), EngineOptions::default())
}

fn judge(engine: &Engine, request: &Request) -> bool {
    match engine.evaluate(request, &Facts::default()) {
        Evaluation::Complete(decision) => decision.is_allowed(),
        Evaluation::Needs(_) => false,
    }
}

/// What does a Pod cost that all policies admit, from bytes to decision?
#[divan::bench(args = [1, 10, 100])]
fn review_under_n_policies(bencher: Bencher<'_, '_>, n: usize) {
    let engine = policies(n);
    bencher.bench(|| {
        Request::from_admission_review(REVIEW, Stage::Validate, 0)
            .is_ok_and(|request| judge(&engine, &request))
    });
}

/// And without reading the body?
#[divan::bench(args = [1, 10, 100])]
fn judge_under_n_policies(bencher: Bencher<'_, '_>, n: usize) {
    let engine = policies(n);
    let Ok(request) = Request::from_admission_review(REVIEW, Stage::Validate, 0) else {
        return;
    };
    assert!(judge(&engine, &request), "the Pod is one that the policy admits");
    bencher.bench(|| judge(&engine, &request));
}

/// What does it cost to load policies: text to compiled set?
#[divan::bench(args = [1, 10, 100])]
fn load_n_policies(bencher: Bencher<'_, '_>, n: usize) {
    bencher.bench(|| policies(n));
}
