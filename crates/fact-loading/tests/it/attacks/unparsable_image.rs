//! An image that nobody can parse, beside one that should be verified.

use image_trust::ReasonCode;
use serde_json::json;

use crate::policies::{images_policy, key, pod, signed_by};
use crate::stage::Stage;
use crate::workshop::NAME;

/// Kyverno sees no images at all where one of them can't be parsed, and admits the unsigned others without a result
/// (verify-images §8.1). Wherever the bad name stands, the Pod is refused for it.
#[tokio::test]
async fn an_unparsable_sibling_hides_no_image() {
    let stage = Stage::new().await;
    stage.image("unsigned");
    let policies = [images_policy("p", &[signed_by(&[key(&stage.key)])])];
    let unsigned = format!("{NAME}:unsigned");
    for bad in [
        "docker.io/Foo",
        "registry.example.com/app:1:2",
        "registry.example.com/app@sha256:zz",
        "a b",
        "http://x/y",
    ] {
        stage
            .create(&policies, &pod(&[&unsigned, bad]))
            .await
            .refused_for(ReasonCode::BadReference);
        let mut hidden = pod(&[&unsigned]);
        hidden["spec"]["initContainers"] = json!([{ "name": "i", "image": bad }]);
        stage
            .create(&policies, &hidden)
            .await
            .refused_for(ReasonCode::BadReference);
    }
    assert!(
        stage.registry.requests().is_empty(),
        "a Pod that is refused anyway costs no request"
    );
}

/// Every list of a Pod that holds images is looked at: ephemeral containers and image volumes were blind spots.
#[tokio::test]
async fn an_unsigned_image_is_found_in_every_list_that_can_hold_one() {
    let stage = Stage::new().await;
    stage.signed_image("1");
    stage.image("unsigned");
    let policies = [images_policy("p", &[signed_by(&[key(&stage.key)])])];
    let (signed, unsigned) = (format!("{NAME}:1"), format!("{NAME}:unsigned"));
    for (list, item) in [
        ("initContainers", json!({ "name": "x", "image": unsigned })),
        ("ephemeralContainers", json!({ "name": "x", "image": unsigned })),
        (
            "volumes",
            json!({ "name": "x", "image": { "reference": unsigned } }),
        ),
    ] {
        let mut object = pod(&[&signed]);
        object["spec"][list] = json!([item]);
        stage
            .create(&policies, &object)
            .await
            .refused_for(ReasonCode::Unsigned);
    }
}
