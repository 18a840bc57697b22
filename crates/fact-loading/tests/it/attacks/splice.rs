//! Genuine parts of two signatures, put together as one.

use image_trust::ReasonCode;
use rehearsal::authority::{EntryKind, LogVersion, Signer};
use rehearsal::layer::BUNDLE;
use rehearsal::repository::Shelf;
use rehearsal::statement::{COSIGN_SIGN, Statement};
use serde_json::json;

use crate::policies::{images_policy, key, keyless, logged_key, signed_by};
use crate::stage::Stage;
use crate::workshop::{
    AUTHORITY, ISSUER, SUBJECT, claim, credential, fresh_key, logged_signature, pairs, signing_time,
};

/// CVE-2022-23649 and CVE-2026-22703: the promise of the log is genuine, signed by the right log, and about another
/// signature, of the same key and of a stranger's. cosign checked that *an* entry was logged, not that *this* one was.
#[tokio::test]
async fn a_log_entry_of_another_signature_proves_nothing_cve_2022_23649_cve_2026_22703() {
    let stage = Stage::new().await;
    let stranger = fresh_key();
    let policies = [images_policy("p", &[signed_by(&[logged_key(&stage.key)])])];
    let own = Signer::Key(&stage.key);
    for (tag, other) in [("own", own), ("foreign", Signer::Key(&stranger))] {
        let image = stage.image(tag);
        let entry = logged_signature(other, &image, &[("other", "yes")]).annotations[BUNDLE].clone();
        let spliced = logged_signature(own, &image, &[]).with(BUNDLE, entry);
        stage
            .repository
            .attach(&image, Shelf::Signatures, spliced)
            .unwrap();
        stage
            .run(&policies, &[tag])
            .await
            .refused_for(ReasonCode::LogMissing);
    }
}

/// The same in bundles, under both versions of the log.
#[tokio::test]
async fn a_bundle_with_the_entry_of_another_proves_nothing_cve_2026_22703() {
    let stage = Stage::new().await;
    let policies = [images_policy("p", &[signed_by(&[logged_key(&stage.key)])])];
    for (tag, log) in [("one", LogVersion::V1(EntryKind::Dsse)), ("two", LogVersion::V2)] {
        let image = stage.image(tag);
        let bundle = |annotations| {
            let statement = Statement::signature(image.digest(), &pairs(annotations));
            AUTHORITY
                .bundle(Signer::Key(&stage.key), &statement, log, signing_time())
                .unwrap()
        };
        let mut spliced = bundle(&[]);
        spliced.verification_material.tlog_entries =
            bundle(&[("other", "yes")]).verification_material.tlog_entries;
        stage
            .repository
            .refer_bundle(&image, COSIGN_SIGN, &spliced)
            .unwrap();
        stage
            .run(&policies, &[tag])
            .await
            .refused_for(ReasonCode::LogMissing);
    }
}

/// The demanded identity has signed without annotations; a stranger has signed with the demanded annotations. Kyverno
/// looks for each on any signature (verify-images §8.13); here one signature must carry both.
#[tokio::test]
async fn identity_on_one_signature_and_annotations_on_another_are_not_one() {
    let stage = Stage::new().await;
    let mut attestor = keyless(SUBJECT, ISSUER);
    attestor["annotations"] = json!({ "env": "prod" });
    let policies = [images_policy("p", &[signed_by(&[attestor])])];
    let (ours, theirs) = (credential(SUBJECT), credential("stranger@evil.example"));
    let image = stage.image("1");
    for (signer, annotations) in [(&ours, &[][..]), (&theirs, &[("env", "prod")][..])] {
        let layer = logged_signature(Signer::Certificate(signer), &image, annotations);
        stage.repository.attach(&image, Shelf::Signatures, layer).unwrap();
    }
    stage
        .run(&policies, &["1"])
        .await
        .refused_for(ReasonCode::AnnotationMismatch);
    let whole = logged_signature(Signer::Certificate(&ours), &image, &[("env", "prod")]);
    stage.repository.attach(&image, Shelf::Signatures, whole).unwrap();
    stage.run(&policies, &["1"]).await.pinned_to(image.digest());
}

/// The claim with the annotations is genuine, the signature beside it is genuine and over another claim.
#[tokio::test]
async fn a_signature_over_another_claim_is_none() {
    let stage = Stage::new().await;
    let image = stage.image("1");
    let mut layer = rehearsal::layer::Layer::signature(&stage.key, claim(&image, &[])).unwrap();
    layer.bytes = claim(&image, &[("env", "prod")]);
    stage.repository.attach(&image, Shelf::Signatures, layer).unwrap();
    let mut attestor = key(&stage.key);
    attestor["annotations"] = json!({ "env": "prod" });
    let policies = [images_policy("p", &[signed_by(&[attestor])])];
    stage
        .run(&policies, &["1"])
        .await
        .refused_for(ReasonCode::WrongSigner);
}
