//! Images for several platforms: the index proves its manifests; a setting asks for signatures on them too.

use image_trust::ReasonCode;
use rehearsal::repository::PushedImage;
use vouchsafe_fact_loading::Platforms;

use crate::policies::{images_policy, key, signed_by, signed_by_one_of};
use crate::stage::Stage;
use crate::workshop::fresh_key;

/// An index `tag` over two images, itself signed, and of the images those whose number is in `signed`.
fn index(stage: &Stage, tag: &str, signed: &[usize]) -> Vec<PushedImage> {
    let images: Vec<PushedImage> = (0..2)
        .map(|number| stage.image(&format!("{tag}-{number}")))
        .collect();
    let children = [("linux", "amd64", &images[0]), ("linux", "arm64", &images[1])];
    let whole = stage.repository.index(tag, &children).unwrap();
    let mut all = vec![whole];
    all.extend(images);
    let of_index = std::iter::once(0);
    for number in of_index.chain(signed.iter().map(|number| number + 1)) {
        stage
            .repository
            .sign(&all[number], &stage.key, &Default::default())
            .unwrap();
    }
    all
}

#[tokio::test]
async fn a_signature_on_an_index_proves_what_the_index_names() {
    let stage = Stage::new().await;
    let whole = index(&stage, "1", &[]);
    let policies = [images_policy("p", &[signed_by(&[key(&stage.key)])])];
    stage.run(&policies, &["1"]).await.pinned_to(whole[0].digest());
    // By its own name the manifest has no signature of its own.
    stage
        .run(&policies, &["1-0"])
        .await
        .refused_for(ReasonCode::Unsigned);
}

#[tokio::test]
async fn every_platform_must_be_signed_where_the_operator_asks_for_it() {
    let stage = Stage::new().await;
    let stage = stage.set_up(|options| options.platforms = Platforms::Each);
    index(&stage, "half", &[0]);
    index(&stage, "whole", &[0, 1]);
    let policies = [images_policy("p", &[signed_by(&[key(&stage.key)])])];
    stage.run(&policies, &["whole"]).await.admitted();
    let ruling = stage.run(&policies, &["half"]).await;
    ruling.refused_for(ReasonCode::Unsigned);
    ruling.refused_with("platform sha256:");
    // What is no index is judged as ever.
    stage.run(&policies, &["whole-1"]).await.admitted();
}

/// The attack: a policy is content with one attestor of two. The index has a signature of the second alone, and so a
/// refusal among its findings: which must not spare its platforms.
#[tokio::test]
async fn every_platform_must_be_signed_though_one_attestor_of_several_is_enough() {
    let stage = Stage::new().await;
    let stage = stage.set_up(|options| options.platforms = Platforms::Each);
    index(&stage, "none", &[]);
    index(&stage, "half", &[0]);
    index(&stage, "whole", &[0, 1]);
    let entries = [key(&fresh_key()), key(&stage.key)];
    let policies = [images_policy("p", &[signed_by_one_of(&entries)])];
    stage.run(&policies, &["whole"]).await.admitted();
    for tag in ["none", "half"] {
        stage
            .run(&policies, &[tag])
            .await
            .refused_with("platform sha256:");
    }
}

/// The attack: of two platforms one has a signature of the second attestor, the other none. The first attestor falls at
/// the one platform; the second must fall at the other.
#[tokio::test]
async fn a_platform_that_refuses_one_attestor_does_not_spare_the_platforms_after_it() {
    let stage = Stage::new().await;
    let stage = stage.set_up(|options| options.platforms = Platforms::Each);
    let images = index(&stage, "mixed", &[0]);
    let other = fresh_key();
    // The index has a signature of both.
    stage
        .repository
        .sign(&images[0], &other, &Default::default())
        .unwrap();
    let entries = [key(&other), key(&stage.key)];
    let policies = [images_policy("p", &[signed_by_one_of(&entries)])];
    stage
        .run(&policies, &["mixed"])
        .await
        .refused_with("platform sha256:");
}
