//! Bodies without an end, or far beyond any need (CVE-2023-46737, CVE-2024-29902, CVE-2023-33958).

use std::time::{Duration, Instant};

use image_trust::ReasonCode;
use rehearsal::registry::{Fault, Misbehaviour, Target};
use rehearsal::repository::Shelf;

use crate::policies::{images_policy, key, signed_by};
use crate::stage::Stage;

/// Longer than any cut-off takes, shorter than a request may wait: the limit of bytes must end it, not that of time.
const QUICK: Duration = Duration::from_secs(10);

/// An honest signature exists, but the registry answers one of the questions without ever coming to an end. Reading is
/// cut off at the limit of that kind of document, and what could not be read counts as a fault of the registry, never
/// as "no signature".
#[tokio::test]
async fn an_endless_body_is_cut_off_and_refuses_wherever_it_comes() {
    let stage = Stage::new().await;
    let signed = stage.signed_image("1");
    let policies = [images_policy("p", &[signed_by(&[key(&stage.key)])])];
    let shelf = Target::Manifest(Shelf::Signatures.tag(signed.digest()));
    for target in [Target::Manifest("1".to_owned()), shelf, Target::Blobs] {
        for body in [Misbehaviour::EndlessBody, Misbehaviour::OversizedBody(512 << 20)] {
            stage.registry.misbehave(Fault::new(target.clone(), body.clone()));
            let began = Instant::now();
            let ruling = stage.run(&policies, &["1"]).await;
            stage.registry.behave();
            assert!(
                began.elapsed() < QUICK,
                "{target:?} {body:?}: {:?}",
                began.elapsed()
            );
            ruling.refused_for(ReasonCode::LimitExceeded);
        }
    }
    stage.run(&policies, &["1"]).await.pinned_to(signed.digest());
}

/// The list of referrers never ends, while a valid signature stands under the tag. A signature that was found is one
/// whatever else there may be; the endless list may neither hide it nor hold the answer up.
#[tokio::test]
async fn an_endless_list_of_referrers_does_not_hide_a_signature_that_was_found() {
    let stage = Stage::new().await;
    let signed = stage.signed_image("1");
    stage.image("unsigned");
    stage
        .registry
        .misbehave(Fault::new(Target::Referrers, Misbehaviour::EndlessBody));
    let policies = [images_policy("p", &[signed_by(&[key(&stage.key)])])];
    let began = Instant::now();
    stage.run(&policies, &["1"]).await.pinned_to(signed.digest());
    stage
        .run(&policies, &["unsigned"])
        .await
        .refused_for(ReasonCode::LimitExceeded);
    assert!(began.elapsed() < QUICK);
}
