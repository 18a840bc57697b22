//! Genuine evidence of one image, put beside another.

use image_trust::ReasonCode;
use rehearsal::authority::{EntryKind, LogVersion, Signer};
use rehearsal::bundle::Bundle;
use rehearsal::repository::{PushedImage, Shelf};
use rehearsal::statement::{COSIGN_SIGN, Statement};
use serde_json::{Value, json};

use crate::policies::{attested_by, clean, images_policy, key, logged_key, signed_by};
use crate::stage::Stage;
use crate::workshop::{AUTHORITY, REVIEW, logged_signature, pairs, signing_time};

/// What `demanded` accepts about `genuine` it refuses about the image `other`, beside which the same was put.
async fn counts_for_its_own_image_alone(
    stage: &Stage,
    demanded: &[Value],
    (tag, genuine): (&str, &PushedImage),
    other: &str,
) {
    let policies = [images_policy("p", demanded)];
    stage.run(&policies, &[tag]).await.pinned_to(genuine.digest());
    stage
        .run(&policies, &[other])
        .await
        .refused_for(ReasonCode::DigestMismatch);
}

/// An attacker with write access to the repository copies the `.sig` tag of a signed image to that of their own. Key,
/// signature and claim are genuine and fit each other; only the digest that the claim names is not that of the image.
#[tokio::test]
async fn a_signature_replayed_from_another_image_is_refused() {
    let stage = Stage::new().await;
    let good = stage.signed_image("good");
    let evil = stage.image("evil");
    stage.repository.replay(Shelf::Signatures, &good, &evil).unwrap();
    let demanded = [signed_by(&[key(&stage.key)])];
    counts_for_its_own_image_alone(&stage, &demanded, ("good", &good), "evil").await;
}

/// The same with a log entry: the log vouches that the signature was made, not for which image it is offered.
#[tokio::test]
async fn a_logged_signature_replayed_from_another_image_is_refused() {
    let stage = Stage::new().await;
    let (good, evil) = (stage.image("good"), stage.image("evil"));
    let layer = logged_signature(Signer::Key(&stage.key), &good, &[]);
    for image in [&good, &evil] {
        stage
            .repository
            .attach(image, Shelf::Signatures, layer.clone())
            .unwrap();
    }
    let demanded = [signed_by(&[logged_key(&stage.key)])];
    counts_for_its_own_image_alone(&stage, &demanded, ("good", &good), "evil").await;
}

/// The same as a Sigstore bundle, which refers to its image by `subject`: that field is the registry's, and an attacker
/// writes what they like there. The statement inside names the digest that counts.
#[tokio::test]
async fn a_bundle_replayed_from_another_image_is_refused() {
    let stage = Stage::new().await;
    let (good, evil) = (stage.image("good"), stage.image("evil"));
    let statement = Statement::signature(good.digest(), &pairs(&[]));
    let log = LogVersion::V1(EntryKind::Dsse);
    let bundle = AUTHORITY
        .bundle(Signer::Key(&stage.key), &statement, log, signing_time())
        .unwrap();
    for image in [&good, &evil] {
        stage
            .repository
            .refer_bundle(image, COSIGN_SIGN, &bundle)
            .unwrap();
    }
    let demanded = [signed_by(&[logged_key(&stage.key)])];
    counts_for_its_own_image_alone(&stage, &demanded, ("good", &good), "evil").await;
}

/// A clean scan of one image is offered for another, as `.att` tag and as bundle. The envelope is signed by the right
/// key and of the right type; its subject is another image.
#[tokio::test]
async fn an_attestation_replayed_from_another_image_is_refused() {
    let stage = Stage::new().await;
    let demanded = [attested_by(REVIEW, &key(&stage.key), &clean())];
    let predicate = || json!({ "clean": true });

    let (good, evil) = (stage.image("good"), stage.image("evil"));
    stage
        .repository
        .attest(&good, &stage.key, REVIEW, predicate())
        .unwrap();
    stage
        .repository
        .replay(Shelf::Attestations, &good, &evil)
        .unwrap();
    counts_for_its_own_image_alone(&stage, &demanded, ("good", &good), "evil").await;

    let (bundled, target) = (stage.image("bundled"), stage.image("target"));
    let statement = Statement::attestation("app", bundled.digest(), REVIEW, predicate());
    let bundle = Bundle::sign(&stage.key, &statement).unwrap();
    for image in [&bundled, &target] {
        stage.repository.refer_bundle(image, REVIEW, &bundle).unwrap();
    }
    counts_for_its_own_image_alone(&stage, &demanded, ("bundled", &bundled), "target").await;
}
