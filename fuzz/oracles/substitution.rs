//! Variables in policies, and in what policies read.

use std::sync::Arc;

use policy_engine::policy::CompiledPolicy;
use policy_engine::request::Origin;
use policy_engine::{Engine, EngineOptions, Evaluation, Facts, PolicySet, Request};
use serde_json::{Value, json};

/// No decision takes longer, in seconds, on any machine.
const LONGEST_SECONDS: u64 = 20;

/// Any text in a policy, over an object that carries any other text, ends in the same decision twice, and soon:
/// substitution terminates, whatever the values that are put in look like.
pub(crate) fn substitution_ends_and_is_repeatable(bytes: &[u8]) {
    let Some((written, sent)) = super::texts(bytes) else {
        return;
    };
    let policy = json!({
        "apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": {"name": "p"},
        "spec": {"rules": [{
            "name": "r", "match": {"any": [{"resources": {"kinds": ["Pod"]}}]},
            "context": [{"name": "own", "variable": {"value": {"text": written}}}],
            "validate": {"message": written, "deny": {"conditions": {"any": [
                {"key": written, "operator": "Equals", "value": "{{ own.text }}"}]}}},
        }]},
    });
    let Ok(policy) = CompiledPolicy::compile(&policy) else {
        return;
    };
    let object: Value = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "a", "namespace": "default", "annotations": {"a": sent, "b": [sent, sent]}},
        "spec": {"containers": [{"name": "c", "image": "x:1"}]},
    });
    let engine = Engine::new(
        PolicySet::new(vec![Arc::new(policy)], Vec::new()),
        EngineOptions::default(),
    );
    let request = Request::from_object(Arc::new(object), Origin::CommandLine, 0);
    let began = std::time::Instant::now();
    let once = judged(&engine, &request);
    assert!(
        began.elapsed().as_secs() < LONGEST_SECONDS,
        "{written:?} over {sent:?} took {:?}",
        began.elapsed()
    );
    assert_eq!(once, judged(&engine, &request), "{written:?} over {sent:?}");
}

/// Outcomes with their messages, or what is asked first.
fn judged(engine: &Engine, request: &Request) -> String {
    match engine.evaluate(request, &Facts::default()) {
        Evaluation::Complete(decision) => {
            assert_eq!(
                decision.results.len(),
                1,
                "one rule was selected, one outcome it has"
            );
            format!(
                "{:?}",
                decision
                    .results
                    .iter()
                    .map(|result| &result.verdict)
                    .collect::<Vec<_>>()
            )
        }
        Evaluation::Needs(wanted) => {
            assert!(!wanted.is_empty());
            format!("{wanted:?}")
        }
    }
}
