//! Policies judged by the engine itself.

use std::sync::Arc;

use policy_engine::request::Origin;
use policy_engine::{
    Engine, EngineOptions, Evaluation, Facts, LoadedPolicies, PolicySet, Request, RuleOutcome,
};
use serde_json::{Value, json};

/// A policy as loading leaves it.
pub(crate) fn loaded(policy: &Value) -> (PolicySet, Value) {
    let documents = manifest::read(policy.to_string().as_bytes(), "test").unwrap();
    let loaded = LoadedPolicies::load(documents);
    assert!(loaded.faults.is_empty(), "{:?}\n{policy:#}", loaded.faults);
    let document = loaded.sources[0].value.clone();
    (PolicySet::new(loaded.policies, Vec::new()), document)
}

/// A policy with one rule that demands `validate` of Pods.
pub(crate) fn policy(validate: Value) -> Value {
    json!({
        "apiVersion": "kyverno.io/v1",
        "kind": "ClusterPolicy",
        "metadata": {"name": "p", "annotations": {"pod-policies.kyverno.io/autogen-controllers": "none"}},
        "spec": {"rules": [{
            "name": "r",
            "match": {"any": [{"resources": {"kinds": ["Pod"]}}]},
            "validate": validate,
        }]},
    })
}

/// What `set` says of `object`; nothing is the same as a skip.
pub(crate) fn outcome(set: PolicySet, object: &Value) -> RuleOutcome {
    let engine = Engine::new(set, EngineOptions::default());
    let request = Request::from_object(Arc::new(object.clone()), Origin::CommandLine, 0);
    match engine.evaluate(&request, &Facts::default()) {
        Evaluation::Complete(decision) => decision
            .results
            .iter()
            .map(|result| result.verdict.outcome)
            .max()
            .unwrap_or(RuleOutcome::Skip),
        Evaluation::Needs(facts) => panic!("needs {facts:?}"),
    }
}

/// What both kinds say of `object` under `validate`, the given one first.
pub(crate) fn both(validate: Value, object: &Value) -> (RuleOutcome, RuleOutcome) {
    let (given, document) = loaded(&policy(validate));
    let translation = vouchsafe_policy_migration::migrate(&document);
    assert_eq!(translation.refusals, Vec::new());
    let (written, _) = loaded(&translation.policies[0]);
    (outcome(given, object), outcome(written, object))
}
