//! So much evidence that reading it is the attack (CVE-2024-29903, CVE-2023-33957, CVE-2023-42816).

use std::time::{Duration, Instant};

use image_trust::ReasonCode;
use rehearsal::layer::Layer;
use rehearsal::oci::{Descriptor, IMAGE_MANIFEST, Manifest};
use rehearsal::repository::{PushedImage, Shelf};
use serde_json::json;

use crate::policies::{attested_by, clean, images_policy, key, signed_by};
use crate::stage::Stage;
use crate::workshop::{REVIEW, claim, fresh_key};

/// A minute would be a denial of service; a busy machine takes some seconds for hundreds of signatures.
const QUICK: Duration = Duration::from_secs(15);

/// Puts `junk` signatures of a stranger before what stands under the image's tag, in one manifest.
fn flood(stage: &Stage, image: &PushedImage, junk: usize) {
    let tag = Shelf::Signatures.tag(image.digest());
    let stranger = fresh_key();
    let mut layers: Vec<Descriptor> = (0..junk)
        .map(|number| {
            let payload = claim(image, &[("n", &number.to_string())]);
            let layer = Layer::signature(&stranger, payload).unwrap();
            let mut descriptor = Descriptor::of(&layer.media_type, &layer.bytes);
            descriptor.annotations = layer.annotations;
            stage.registry.content().put_blob(layer.bytes);
            descriptor
        })
        .collect();
    let content = stage.registry.content();
    if let Some(there) = content.manifest("app", &tag) {
        layers.extend(serde_json::from_slice::<Manifest>(&there.bytes).unwrap().layers);
    }
    let config = Descriptor::of("application/vnd.oci.image.config.v1+json", b"{}");
    let bytes = serde_json::to_vec(&Manifest::new(config, layers)).unwrap();
    let digest = content.put_manifest("app", IMAGE_MANIFEST, bytes);
    content.tag("app", &tag, &digest);
}

/// Hundreds of well-formed signatures by a stranger stand before the valid one. All are read and none believed; the
/// valid one is found, and in bounded time.
#[tokio::test]
async fn hundreds_of_junk_signatures_neither_hide_the_valid_one_nor_stall() {
    let stage = Stage::new().await;
    let signed = stage.signed_image("1");
    flood(&stage, &signed, 300);
    let policies = [images_policy("p", &[signed_by(&[key(&stage.key)])])];
    let began = Instant::now();
    stage.run(&policies, &["1"]).await.pinned_to(signed.digest());
    assert!(began.elapsed() < QUICK, "{:?}", began.elapsed());
    let unsigned = stage.image("unsigned");
    flood(&stage, &unsigned, 300);
    stage
        .run(&policies, &["unsigned"])
        .await
        .refused_for(ReasonCode::WrongSigner);
}

/// Beyond the limit nothing is read at all, the valid signature included: the limit is said, not silently cut at.
#[tokio::test]
async fn more_signatures_than_the_limit_are_refused_for_the_limit() {
    let stage = Stage::new().await;
    let signed = stage.signed_image("1");
    flood(&stage, &signed, image_evidence::limits::MAX_LAYERS);
    let policies = [images_policy("p", &[signed_by(&[key(&stage.key)])])];
    stage
        .run(&policies, &["1"])
        .await
        .refused_for(ReasonCode::LimitExceeded);
    assert!(
        stage.registry.requests().len() < 10,
        "{}",
        stage.registry.requests().len()
    );
}

/// Bundles beyond the limit could hold the attestation that condemns the image: then no attestation holds.
#[tokio::test]
async fn more_bundles_than_the_limit_prove_no_attestation() {
    let stage = Stage::new().await;
    let image = stage.image("1");
    stage
        .repository
        .attest(&image, &stage.key, REVIEW, json!({ "clean": true }))
        .unwrap();
    let policies = [images_policy(
        "p",
        &[attested_by(REVIEW, &key(&stage.key), &clean())],
    )];
    stage.run(&policies, &["1"]).await.admitted();
    let stage = Stage::beside(&stage);
    let stranger = fresh_key();
    for number in 0..=image_evidence::limits::MAX_REFERRERS_OF_ONE_KIND {
        stage
            .repository
            .attest_bundle(&image, &stranger, REVIEW, json!({ "n": number }))
            .unwrap();
    }
    let policies = [images_policy(
        "p",
        &[attested_by(REVIEW, &key(&stage.key), &clean())],
    )];
    stage
        .run(&policies, &["1"])
        .await
        .refused_for(ReasonCode::LimitExceeded);
}

/// A controller gone wild asks for an image that is refused for good, unsigned or by a stranger's signature. The registry is
/// asked a few times, however often the image is; whoever signs is admitted as soon as that is over.
#[tokio::test]
async fn a_flood_of_requests_for_a_refused_image_hammers_no_registry() {
    const REQUESTS: usize = 200;
    /// Looks that a flood may cost, and what a look by all evidence costs at most.
    const LOOKS: usize = 5;
    const LOOK_REQUESTS: usize = 12;
    let stage = Stage::new().await;
    let policies = [images_policy("p", &[signed_by(&[key(&stage.key)])])];
    let unsigned = stage.image("unsigned");
    let stolen = stage.image("stolen");
    flood(&stage, &stolen, 3);
    for (tag, code) in [
        ("unsigned", ReasonCode::Unsigned),
        ("stolen", ReasonCode::WrongSigner),
    ] {
        drop(stage.registry.take_requests());
        let began = Instant::now();
        for _ in 0..REQUESTS {
            stage.run(&policies, &[tag]).await.refused_for(code);
        }
        // On a machine so slow that the flood is none, answers are forgotten meanwhile.
        let lives = 1 + usize::try_from(began.elapsed().as_secs() / 5).unwrap();
        let asked = stage.registry.take_requests();
        assert!(asked.len() <= lives * LOOKS * LOOK_REQUESTS, "{tag}: {asked:#?}");
    }
    stage
        .repository
        .sign(&unsigned, &stage.key, &Default::default())
        .unwrap();
    tokio::time::sleep(Duration::from_millis(5_500)).await;
    stage.run(&policies, &["unsigned"]).await.admitted();
}

/// Who is refused, signs and tries again, and again, needs no patience.
#[tokio::test]
async fn who_signs_after_a_few_refusals_is_admitted_at_once() {
    let stage = Stage::new().await;
    let policies = [images_policy("p", &[signed_by(&[key(&stage.key)])])];
    let image = stage.image("1");
    for _ in 0..4 {
        stage
            .run(&policies, &["1"])
            .await
            .refused_for(ReasonCode::Unsigned);
    }
    stage
        .repository
        .sign(&image, &stage.key, &Default::default())
        .unwrap();
    stage.run(&policies, &["1"]).await.admitted();
}
