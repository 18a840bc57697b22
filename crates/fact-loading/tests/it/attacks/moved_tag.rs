//! A tag that points elsewhere each time it is asked.

use image_trust::ReasonCode;
use rehearsal::registry::{Fault, Misbehaviour, Target};

use crate::policies::{attested_by, clean, images_policy, key, signed_by};
use crate::stage::Stage;
use crate::workshop::REVIEW;

fn resolutions(stage: &Stage, tag: &str) -> usize {
    let path = format!("/v2/app/manifests/{tag}");
    stage
        .registry
        .requests()
        .iter()
        .filter(|request| request.path == path)
        .count()
}

/// CVE-2022-47633: a proxy showed Kyverno the signed digest when it verified and an unsigned one when it pinned. Here
/// the tag alternates at every request, while two policies, three entries and both admission calls ask about it: it is
/// resolved once, and what is verified, pinned and stored is that one digest.
#[tokio::test]
async fn a_tag_that_moves_between_verifying_and_pinning_is_resolved_once_cve_2022_47633() {
    let stage = Stage::new().await;
    let signed = stage.signed_image("1");
    stage
        .repository
        .attest(&signed, &stage.key, REVIEW, serde_json::json!({ "clean": true }))
        .unwrap();
    let evil = stage.image("evil");
    let turns: Vec<String> = (0..10)
        .map(|turn| [&signed, &evil][turn % 2].digest().to_owned())
        .collect();
    stage.registry.misbehave(Fault::new(
        Target::Manifest("1".to_owned()),
        Misbehaviour::MoveTo(turns),
    ));
    let policies = [
        images_policy("a", &[signed_by(&[key(&stage.key)])]),
        images_policy(
            "b",
            &[
                signed_by(&[key(&stage.key)]),
                attested_by(REVIEW, &key(&stage.key), &clean()),
            ],
        ),
    ];
    stage.run(&policies, &["1"]).await.pinned_to(signed.digest());
    assert_eq!(resolutions(&stage, "1"), 1, "{:#?}", stage.registry.requests());
}

/// The other way round: the first answer is the unsigned image, every later one the signed. Asking twice would find a
/// signature; what was resolved first has none.
#[tokio::test]
async fn a_tag_that_moves_to_a_signed_image_too_late_is_refused() {
    let stage = Stage::new().await;
    let signed = stage.signed_image("1");
    let evil = stage.image("evil");
    let turns = vec![evil.digest().to_owned(), signed.digest().to_owned()];
    stage.registry.misbehave(Fault::new(
        Target::Manifest("1".to_owned()),
        Misbehaviour::MoveTo(turns),
    ));
    let policies = [images_policy("p", &[signed_by(&[key(&stage.key)])])];
    stage
        .run(&policies, &["1"])
        .await
        .refused_for(ReasonCode::Unsigned);
    assert_eq!(resolutions(&stage, "1"), 1);
}

/// One tag in several containers is one image: no container can be given another digest than its neighbour.
#[tokio::test]
async fn all_containers_of_one_tag_are_pinned_to_one_digest() {
    let stage = Stage::new().await;
    let signed = stage.signed_image("1");
    let evil = stage.image("evil");
    let turns = vec![signed.digest().to_owned(), evil.digest().to_owned()];
    stage.registry.misbehave(Fault::new(
        Target::Manifest("1".to_owned()),
        Misbehaviour::MoveTo(turns),
    ));
    let policies = [images_policy("p", &[signed_by(&[key(&stage.key)])])];
    let ruling = stage.run(&policies, &["1", "1", "1"]).await;
    ruling.admitted();
    for container in ruling.object["spec"]["containers"].as_array().unwrap() {
        assert!(
            container["image"].as_str().unwrap().ends_with(signed.digest()),
            "{container}"
        );
    }
}
