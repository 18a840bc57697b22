//! Whoever keeps us waiting until the deadline gets no consent (Ratify issue 92: a timeout became a success).

use std::time::{Duration, Instant};

use image_trust::ReasonCode;
use rehearsal::registry::{Fault, Misbehaviour, Options, Target};
use serde_json::{Value, json};

use crate::policies::{cluster_policy, images_policy, key, pod, signed_by};
use crate::stage::{Review, Ruling, Stage, engine};
use crate::town::Town;
use crate::workshop::NAME;

/// What a request may wait in these tests.
const SHORT: Duration = Duration::from_millis(250);
/// How much later than that an answer may come on a busy machine; both calls of admission are judged by then.
const SLACK: Duration = Duration::from_secs(3);

async fn judge(stage: &Stage, policies: &[String], object: &Value, time: Duration) -> Ruling {
    let began = Instant::now();
    let ruling = stage
        .judge(&engine(policies), &Review::create(object), time)
        .await;
    assert!(
        began.elapsed() < time * 2 + SLACK,
        "{:?} for {time:?}",
        began.elapsed()
    );
    ruling
}

/// The registry falls silent at its first, second, … answer, before or after the headers: each request on the way to an
/// image's evidence is stalled once. The image is unsigned, so any consent would be one by timeout.
#[tokio::test]
async fn a_registry_that_falls_silent_at_any_answer_gets_no_unsigned_image_admitted() {
    let stage = Stage::new().await;
    let unsigned = stage.image("unsigned");
    // A stranger's signature, so that there is something to fetch.
    stage
        .repository
        .sign(&unsigned, &crate::workshop::fresh_key(), &Default::default())
        .unwrap();
    let policies = [images_policy("p", &[signed_by(&[key(&stage.key)])])];
    let object = pod(&[&format!("{NAME}:unsigned")]);
    for silence in [Misbehaviour::Stall, Misbehaviour::StallBody] {
        for answered in 0..4 {
            let fresh = Stage::beside(&stage);
            stage
                .registry
                .misbehave(Fault::new(Target::Everything, silence.clone()).after(answered));
            let ruling = judge(&fresh, &policies, &object, SHORT).await;
            stage.registry.behave();
            ruling.refused_for(ReasonCode::RegistryTimeout);
        }
    }
}

/// The request's time is over before the first question is asked: nothing is asked, and the rule is an error that names
/// the time. An expired deadline at any later await is the same test as above, as every await ends at that deadline.
#[tokio::test]
async fn a_request_without_time_is_refused_and_asks_nothing() {
    let stage = Stage::new().await;
    stage.signed_image("1");
    let policies = [images_policy("p", &[signed_by(&[key(&stage.key)])])];
    let ruling = judge(&stage, &policies, &pod(&[&format!("{NAME}:1")]), Duration::ZERO).await;
    ruling.refused_for(ReasonCode::RegistryTimeout);
    assert!(
        stage.registry.requests().is_empty(),
        "{:#?}",
        stage.registry.requests()
    );
}

/// What was too late is not remembered: the next request, with time, judges anew and admits.
#[tokio::test]
async fn a_timeout_is_forgotten() {
    let stage = Stage::new().await;
    let signed = stage.signed_image("1");
    let policies = [images_policy("p", &[signed_by(&[key(&stage.key)])])];
    stage
        .registry
        .misbehave(Fault::new(Target::Everything, Misbehaviour::Stall));
    let object = pod(&[&format!("{NAME}:1")]);
    judge(&stage, &policies, &object, SHORT)
        .await
        .refused_for(ReasonCode::RegistryTimeout);
    stage.registry.behave();
    stage.create(&policies, &object).await.pinned_to(signed.digest());
}

/// A cluster that never answers, under each way a policy can ask it: what the rule needed is missing, so the rule is an
/// error, which refuses under `failurePolicy: Fail`. No rule passes and none is forgotten.
#[tokio::test]
async fn a_cluster_that_never_answers_lets_no_rule_pass() {
    let stage = Stage::with(Options::default(), Town::silent(), false).await;
    stage.signed_image("1");
    let object = pod(&[&format!("{NAME}:1")]);
    for context in [
        json!({ "configMap": { "name": "settings", "namespace": "prod" } }),
        json!({ "apiCall": { "urlPath": "/api/v1/namespaces" } }),
        json!({ "globalReference": { "name": "settings" } }),
    ] {
        let rule = asking(&context);
        let ruling = judge(&stage, &[cluster_policy("asks", &rule)], &object, SHORT).await;
        ruling.refused_with("no answer before the deadline");
    }
    let mut by_labels = asking(&json!({ "variable": { "value": { "data": { "refuse": "no" } } } }));
    by_labels["match"] = json!({ "any": [{ "resources": {
        "kinds": ["Pod"], "namespaceSelector": { "matchLabels": { "team": "prod" } },
    }}]});
    judge(&stage, &[cluster_policy("labels", &by_labels)], &object, SHORT)
        .await
        .refused_with("deadline");
    let secret = json!({ "keys": { "publicKeys": "k8s://prod/key", "rekor": { "ignoreTlog": true } } });
    let policies = [images_policy("key", &[signed_by(&[secret])])];
    judge(&stage, &policies, &object, SHORT)
        .await
        .refused_for(ReasonCode::RegistryTimeout);
    let mut pulling = object.clone();
    pulling["spec"]["imagePullSecrets"] = json!([{ "name": "pull" }]);
    let policies = [images_policy("pull", &[signed_by(&[key(&stage.key)])])];
    judge(&stage, &policies, &pulling, SHORT)
        .await
        .refused_for(ReasonCode::RegistryTimeout);
}

/// A rule that refuses only what `settings.data.refuse` says, so that an absent answer could pass for consent.
fn asking(context: &Value) -> Value {
    let mut entry = context.clone();
    entry["name"] = "settings".into();
    json!({ "name": "asks", "context": [entry], "validate": { "message": "refused", "deny": { "conditions": {
        "any": [{ "key": "{{ settings.data.refuse }}", "operator": "Equals", "value": "yes" }],
    }}}})
}

/// Who waits with another for the same tag is not refused at the other's earlier deadline.
#[tokio::test]
async fn one_request_s_deadline_refuses_no_other_request() {
    let stage = Stage::new().await;
    let image = stage.signed_image("1");
    let late = Fault::new(Target::Everything, Misbehaviour::Delay(SHORT * 2));
    stage.registry.misbehave(late);
    let policies = [images_policy("p", &[signed_by(&[key(&stage.key)])])];
    let object = pod(&[&format!("{NAME}:1")]);
    let (hasty, patient) = tokio::join!(
        judge(&stage, &policies, &object, SHORT),
        judge(&stage, &policies, &object, crate::stage::AMPLE)
    );
    hasty.refused_for(ReasonCode::RegistryTimeout);
    patient.pinned_to(image.digest());
}
