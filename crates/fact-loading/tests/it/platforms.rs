//! Images for several platforms: the index proves its manifests; a setting asks for signatures on them too.

use image_trust::ReasonCode;
use rehearsal::repository::PushedImage;
use vouchsafe_fact_loading::Platforms;

use crate::policies::{images_policy, key, signed_by};
use crate::stage::Stage;

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
