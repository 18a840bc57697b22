//! From texts to decisions.

use std::sync::Arc;

use serde_json::Value;
use vouchsafe_policy_engine::request::Origin;
use vouchsafe_policy_engine::{
    Decision, Engine, EngineOptions, Evaluation, Fact, FactError, FactRequest, Facts, LoadedPolicies,
    Request, RuleOutcome,
};

/// When everything is judged, nanoseconds since the Unix epoch: 2025-06-15T16:00:00Z.
pub(crate) const AT_NS: i128 = 1_750_003_200 * 1_000_000_000;

/// What a text loads as.
pub(crate) fn load(text: &str) -> LoadedPolicies {
    LoadedPolicies::load(manifest::read(text.as_bytes(), "policy.yaml").unwrap())
}

/// An engine over a text without fault.
pub(crate) fn engine(text: &str) -> Engine {
    let loaded = load(text);
    assert!(loaded.faults.is_empty(), "{:#?}", loaded.faults);
    Engine::new(loaded.to_set(), EngineOptions::default())
}

/// The creation of `object`, as a scan or the command line asks.
pub(crate) fn request(object: &Value) -> Request {
    Request::from_object(Arc::new(object.clone()), Origin::CommandLine, AT_NS)
}

/// The decision, every question answered by `answer`.
pub(crate) fn decide(
    engine: &Engine,
    request: &Request,
    answer: impl Fn(&FactRequest) -> Result<Fact, FactError>,
) -> Decision {
    let mut facts = Facts::default();
    loop {
        match engine.evaluate(request, &facts) {
            Evaluation::Complete(decision) => return *decision,
            Evaluation::Needs(wanted) => {
                assert!(!wanted.is_empty(), "a need without a question is no progress");
                for question in wanted {
                    let answer = answer(&question);
                    facts.insert(question, answer);
                }
            }
        }
    }
}

/// The decision of rules that ask nothing.
pub(crate) fn decide_alone(engine: &Engine, object: &Value) -> Decision {
    decide(engine, &request(object), |question| unreachable!("{question:?}"))
}

/// `policy/rule`, outcome and message of each result.
pub(crate) fn words(decision: &Decision) -> Vec<String> {
    let of_rule = |result: &vouchsafe_policy_engine::RuleResult| {
        format!(
            "{}/{} {:?}: {}",
            result.policy.key,
            result.rule,
            result.verdict.outcome,
            result.message()
        )
    };
    decision.results.iter().map(of_rule).collect()
}

/// The outcome of the one rule of this name.
pub(crate) fn outcome(decision: &Decision, rule: &str) -> RuleOutcome {
    let mut found = decision.results.iter().filter(|result| &*result.rule == rule);
    let outcome = found.next().unwrap().verdict.outcome;
    assert!(
        found.next().is_none(),
        "exactly one outcome for each rule: {:#?}",
        words(decision)
    );
    outcome
}
