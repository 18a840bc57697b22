//! Proof that the object brings along itself.

use image_trust::ReasonCode;
use serde_json::{Value, json};

use crate::policies::{images_policy, key, pod, signed_by};
use crate::stage::{AMPLE, Review, Stage, engine};
use crate::workshop::NAME;

/// The annotations in which Kyverno notes what it has verified, written by the attacker instead.
fn forged(mut object: Value, image: &str) -> Value {
    let pass = json!({ image: "pass" }).to_string();
    let scoped = json!({ "p": { "images": { image: "pass" } } }).to_string();
    object["metadata"]["annotations"] = json!({
        "kyverno.io/verify-images": pass,
        "kyverno.io/verify-images-scoped": scoped,
        "kyverno.io/image-verification-outcomes": json!({ "p": { "status": "pass" } }).to_string(),
    });
    object
}

/// Kyverno 1.19's validating call believes `kyverno.io/verify-images-scoped` (verify-images §8.6, §8.7; K#16336). The
/// Pod says of itself that its unsigned, pinned image was verified; here no annotation is ever read, so the image is
/// looked up and found unsigned. On UPDATE the old object says the same, and the image has not even changed: Kyverno's
/// short cut for unchanged images trusts the old annotation, ours does not exist.
#[tokio::test]
async fn a_pod_that_calls_itself_verified_is_verified_all_the_same() {
    let stage = Stage::new().await;
    let unsigned = stage.image("unsigned");
    let engine = engine(&[images_policy("p", &[signed_by(&[key(&stage.key)])])]);
    for image in [
        format!("{NAME}:unsigned"),
        format!("{NAME}:unsigned@{}", unsigned.digest()),
    ] {
        let object = forged(pod(&[&image]), &image);
        for review in [Review::create(&object), Review::update(&object, &object)] {
            let ruling = stage.judge(&engine, &review, AMPLE).await;
            ruling.refused_for(ReasonCode::Unsigned);
        }
    }
}

/// The mutating call may be skipped (`failurePolicy: Ignore`, a timeout, per-policy webhooks): the validating call judges
/// for itself what will be stored.
#[tokio::test]
async fn the_validating_call_alone_finds_an_unsigned_image() {
    let stage = Stage::new().await;
    let unsigned = stage.image("unsigned");
    let engine = engine(&[images_policy("p", &[signed_by(&[key(&stage.key)])])]);
    let image = format!("{NAME}:unsigned@{}", unsigned.digest());
    let object = forged(pod(&[&image]), &image);
    let request = Review::create(&object).request(&object, policy_engine::request::Stage::Validate);
    let source = stage.loader.for_request(AMPLE, crate::workshop::judging_ns());
    let decision = engine.decide(&request, &source).await;
    let refusal = decision.results.iter().find(|result| result.blocks()).unwrap();
    assert_eq!(refusal.verdict.reason.as_ref().unwrap().0, ReasonCode::Unsigned);
}

/// CVE-2023-34091: an object with a `deletionTimestamp` was not judged, so its image could be swapped while it ends.
#[tokio::test]
async fn an_object_that_is_being_deleted_is_judged_cve_2023_34091() {
    let stage = Stage::new().await;
    stage.signed_image("1");
    stage.image("unsigned");
    let engine = engine(&[images_policy("p", &[signed_by(&[key(&stage.key)])])]);
    let ending = |tag: &str| {
        let mut object = pod(&[&format!("{NAME}:{tag}")]);
        object["metadata"]["deletionTimestamp"] = "2025-06-15T15:00:00Z".into();
        object["metadata"]["finalizers"] = json!(["example.com/never"]);
        object
    };
    let review = Review::update(&ending("unsigned"), &ending("1"));
    stage
        .judge(&engine, &review, AMPLE)
        .await
        .refused_for(ReasonCode::Unsigned);
}
