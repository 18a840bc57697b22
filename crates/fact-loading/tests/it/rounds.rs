//! Facts given at once, or one by one in any order, give the same decision.

use std::collections::BTreeSet;
use std::sync::Mutex;

use policy_engine::{Decision, Evaluation, Fact, FactError, FactRequest, FactSource, Facts};
use serde_json::json;
use vouchsafe_fact_loading::RequestLoader;

use crate::policies::{attested_by, clean, cluster_policy, images_policy, key, pod, signed_by};
use crate::stage::{AMPLE, Review, Stage, engine};
use crate::workshop::{NAME, REVIEW, fresh_key, judging_ns};

/// Orders that are tried.
const ORDERS: usize = 24;

/// A source that keeps what it answered.
struct Recorder {
    inner: RequestLoader,
    answers: Mutex<Facts>,
}

impl FactSource for Recorder {
    async fn load(&self, wanted: &BTreeSet<FactRequest>) -> Vec<(FactRequest, Result<Fact, FactError>)> {
        let answers = self.inner.load(wanted).await;
        self.answers.lock().unwrap().extend(answers.clone());
        answers
    }
}

fn words(decision: &Decision) -> Vec<String> {
    let results = decision.results.iter().map(|result| {
        let verdict = &result.verdict;
        format!(
            "{}/{} {:?} {} {:?}",
            result.policy.key,
            result.rule,
            verdict.outcome,
            result.message(),
            verdict.explanation
        )
    });
    results
        .chain([format!("{:?} {:?}", decision.patch, decision.denial())])
        .collect()
}

/// Rules that ask for labels, ConfigMaps, calls that depend on one another, signatures and attestations; images that
/// pass and images that do not. The engine is pure, so the way its facts arrive must not be seen in its decision.
#[tokio::test]
async fn facts_at_once_or_one_by_one_in_any_order_give_the_same_decision() {
    let stage = Stage::new().await;
    let image = stage.signed_image("good");
    stage
        .repository
        .attest(&image, &stage.key, REVIEW, json!({ "clean": true }))
        .unwrap();
    stage.image("unsigned");
    let dependent = json!({ "name": "dependent", "context": [
        { "name": "first", "configMap": { "name": "settings", "namespace": "prod" } },
        { "name": "second", "apiCall": { "urlPath": "/api/v1/namespaces/{{ first.data.refuse }}" } },
    ], "validate": { "message": "refused", "deny": { "conditions": { "any": [
        { "key": "{{ second.data.refuse }}", "operator": "Equals", "value": "yes" },
    ]}}}});
    let mut by_labels = dependent.clone();
    by_labels["match"] = json!({ "any": [{ "resources": {
        "kinds": ["Pod"], "namespaceSelector": { "matchLabels": { "team": "prod" } },
    }}]});
    let policies = [
        images_policy("signed", &[signed_by(&[key(&stage.key)])]),
        images_policy(
            "other",
            &[
                signed_by(&[key(&fresh_key())]),
                attested_by(REVIEW, &key(&stage.key), &clean()),
            ],
        ),
        cluster_policy("dependent", &dependent),
        cluster_policy("labels", &by_labels),
    ];
    let engine = engine(&policies);
    for tags in [["good", "good"], ["good", "unsigned"], ["gone", "good"]] {
        let object = pod(&tags
            .map(|tag| format!("{NAME}:{tag}"))
            .each_ref()
            .map(String::as_str));
        for call in [
            policy_engine::request::Stage::Mutate,
            policy_engine::request::Stage::Validate,
        ] {
            let request = Review::create(&object).request(&object, call);
            let inner = stage.loader.for_request(AMPLE, judging_ns());
            let source = Recorder {
                inner,
                answers: Mutex::default(),
            };
            let decided = words(&engine.decide(&request, &source).await);
            let known = source.answers.into_inner().unwrap();
            let Evaluation::Complete(at_once) = engine.evaluate(&request, &known) else {
                unreachable!("all that was asked for is known")
            };
            assert_eq!(words(&at_once), decided);
            for order in 0..ORDERS {
                let mut facts = Facts::default();
                let one_by_one = loop {
                    match engine.evaluate(&request, &facts) {
                        Evaluation::Complete(decision) => break decision,
                        Evaluation::Needs(wanted) => {
                            // A different one each time: the order's number drawn through the round's.
                            let choice = (order * 7 + facts.len() * 13) % wanted.len();
                            let question = wanted.into_iter().nth(choice).unwrap();
                            let answer = known.get(&question).cloned().unwrap();
                            facts.insert(question, answer);
                        }
                    }
                };
                assert_eq!(words(&one_by_one), decided, "order {order} of {tags:?}");
            }
        }
    }
}
