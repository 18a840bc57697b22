//! Something valid is there, but it is not what was demanded.

use image_trust::ReasonCode;
use rehearsal::authority::Signer;
use rehearsal::bundle::Bundle;
use rehearsal::dsse::Envelope;
use rehearsal::layer::{Layer, PREDICATE_TYPE};
use rehearsal::repository::Shelf;
use rehearsal::statement::{COSIGN_SIGN, Statement};
use serde_json::{Value, json};

use crate::policies::{attested_by, clean, images_policy, key, logged_key, signed_by};
use crate::stage::Stage;
use crate::workshop::{AUTHORITY, REVIEW, fresh_key, signing_time};

fn reviewed(stage: &Stage) -> [String; 1] {
    [images_policy(
        "p",
        &[attested_by(REVIEW, &key(&stage.key), &clean())],
    )]
}

/// The right key has attested, never signed: an attestation says "this is what I found", which may be that the image is
/// malware. It is offered under the signature's tag and as a bundle announced as a signature; a demand for a signature
/// takes neither (Kyverno with `type: SigstoreBundle` does, verify-images §8.17).
#[tokio::test]
async fn an_attestation_offered_as_a_signature_is_none() {
    let stage = Stage::new().await;
    let verdict = || json!({ "malware": true });
    let classic = stage.image("classic");
    let statement = Statement::attestation("app", classic.digest(), REVIEW, verdict());
    let layer = Layer::attestation(&Envelope::sign(&stage.key, &statement).unwrap(), REVIEW).unwrap();
    stage
        .repository
        .attach(&classic, Shelf::Signatures, layer)
        .unwrap();
    let bundled = stage.image("bundled");
    let statement = Statement::attestation("app", bundled.digest(), REVIEW, verdict());
    let bundle = Bundle::sign(&stage.key, &statement).unwrap();
    stage
        .repository
        .refer_bundle(&bundled, COSIGN_SIGN, &bundle)
        .unwrap();
    let mut of_bundles = signed_by(&[key(&stage.key)]);
    of_bundles["type"] = "SigstoreBundle".into();
    for entry in [signed_by(&[key(&stage.key)]), of_bundles] {
        let policies = [images_policy("p", &[entry])];
        for tag in ["classic", "bundled"] {
            stage
                .run(&policies, &[tag])
                .await
                .refused_for(ReasonCode::Unsigned);
        }
    }
}

/// CVE-2022-35929: `cosign verify-attestation --type` took an attestation of any type by the right signer. The demanded
/// type is absent here; the one that is there is valid, by the right key, and even says what the conditions want.
#[tokio::test]
async fn the_right_signer_with_the_wrong_predicate_type_is_refused_cve_2022_35929() {
    let stage = Stage::new().await;
    let other = "https://example.com/other/v1";
    for (tag, bundled) in [("classic", false), ("bundled", true)] {
        let image = stage.image(tag);
        let predicate = json!({ "clean": true });
        if bundled {
            stage
                .repository
                .attest_bundle(&image, &stage.key, other, predicate)
                .unwrap();
        } else {
            stage
                .repository
                .attest(&image, &stage.key, other, predicate)
                .unwrap();
        }
        stage
            .run(&reviewed(&stage), &[tag])
            .await
            .refused_for(ReasonCode::AttestationMissing);
    }
}

/// CVE-2022-35930: the right signer's attestation of another type stands beside a stranger's of the demanded type. Each
/// meets one half of the demand; no attestation meets both.
#[tokio::test]
async fn a_stranger_s_attestation_of_the_right_type_is_refused_cve_2022_35930() {
    let stage = Stage::new().await;
    let image = stage.image("1");
    let predicate = || json!({ "clean": true });
    stage
        .repository
        .attest(&image, &stage.key, "https://example.com/other/v1", predicate())
        .unwrap();
    stage
        .repository
        .attest(&image, &fresh_key(), REVIEW, predicate())
        .unwrap();
    let ruling = stage.run(&reviewed(&stage), &["1"]).await;
    ruling.refused_for(ReasonCode::WrongSigner);
}

/// The type stands twice: in the signed statement, and in an annotation that anyone may write. Only the signed one counts.
#[tokio::test]
async fn a_type_written_beside_the_signature_changes_nothing() {
    let stage = Stage::new().await;
    let image = stage.image("1");
    let statement = Statement::attestation(
        "app",
        image.digest(),
        "https://example.com/other/v1",
        json!({ "clean": true }),
    );
    let layer = Layer::attestation(&Envelope::sign(&stage.key, &statement).unwrap(), REVIEW).unwrap();
    stage
        .repository
        .attach(&image, Shelf::Attestations, layer.with(PREDICATE_TYPE, REVIEW))
        .unwrap();
    stage
        .repository
        .refer_bundle(&image, REVIEW, &Bundle::sign(&stage.key, &statement).unwrap())
        .unwrap();
    stage
        .run(&reviewed(&stage), &["1"])
        .await
        .refused_for(ReasonCode::AttestationMissing);
}

/// Anyone who may push puts a bundle of their own beside a validly signed image: it can neither replace the valid
/// signature nor spoil it, whether it is a stranger's genuine bundle, or bytes that are none.
#[tokio::test]
async fn a_stranger_s_bundle_beside_a_valid_signature_changes_nothing() {
    let stage = Stage::new().await;
    let signed = stage.signed_image("1");
    let stranger = fresh_key();
    stage
        .repository
        .sign_bundle(&signed, &stranger, &Default::default())
        .unwrap();
    stage
        .repository
        .refer_bundle_bytes(&signed, COSIGN_SIGN, b"{\"mediaType\":7".to_vec())
        .unwrap();
    let policies = [images_policy("p", &[signed_by(&[key(&stage.key)])])];
    stage.run(&policies, &["1"]).await.pinned_to(signed.digest());
    let alone = stage.image("alone");
    stage
        .repository
        .sign_bundle(&alone, &stranger, &Default::default())
        .unwrap();
    stage
        .run(&policies, &["alone"])
        .await
        .refused_for(ReasonCode::WrongSigner);
}

/// The same for attestations, in both directions: a stranger's clean report does not whitewash the right signer's bad
/// one, and a stranger's bad report does not condemn what the right signer found clean.
#[tokio::test]
async fn a_stranger_s_report_neither_clears_nor_condemns() {
    let stage = Stage::new().await;
    let report = |clean: bool| json!({ "clean": clean });
    let stranger = fresh_key();
    for (tag, ours, theirs) in [("bad", false, true), ("good", true, false)] {
        let image = stage.image(tag);
        stage
            .repository
            .attest(&image, &stranger, REVIEW, report(theirs))
            .unwrap();
        stage
            .repository
            .attest(&image, &stage.key, REVIEW, report(ours))
            .unwrap();
        stage
            .repository
            .attest_bundle(&image, &stranger, REVIEW, report(theirs))
            .unwrap();
    }
    stage
        .run(&reviewed(&stage), &["bad"])
        .await
        .refused_for(ReasonCode::AttestationConditions);
    stage.run(&reviewed(&stage), &["good"]).await.admitted();
}

/// An older clean report of the right signer stands beside a newer one that is not: every statement of the type must
/// meet the conditions, so no order of layers chooses the kinder.
#[tokio::test]
async fn every_report_of_the_right_signer_must_meet_the_conditions() {
    let stage = Stage::new().await;
    for (tag, order) in [("old-first", [true, false]), ("new-first", [false, true])] {
        let image = stage.image(tag);
        for clean in order {
            stage
                .repository
                .attest(&image, &stage.key, REVIEW, json!({ "clean": clean }))
                .unwrap();
        }
        stage
            .run(&reviewed(&stage), &[tag])
            .await
            .refused_for(ReasonCode::AttestationConditions);
    }
}

/// CVE-2026-39395: a predicate that can't be read as the conditions want it is a failure, never a success: the signed
/// predicate is no object, or lacks the field.
#[tokio::test]
async fn a_predicate_that_can_t_be_judged_is_refused_cve_2026_39395() {
    let stage = Stage::new().await;
    for (tag, predicate) in [
        ("list", json!([1])),
        ("text", json!("clean")),
        ("empty", json!({})),
        ("null", Value::Null),
    ] {
        let image = stage.image(tag);
        stage
            .repository
            .attest(&image, &stage.key, REVIEW, predicate)
            .unwrap();
        let ruling = stage.run(&reviewed(&stage), &[tag]).await;
        assert!(!ruling.is_admitted(), "{tag}: {:#?}", ruling.words());
    }
}

/// GHSA-xhg5-42rf-296r and CVE-2021-41190: the image's index is signed, its child is asked for. A signature on an index
/// is one on the index alone.
#[tokio::test]
async fn a_signature_on_an_index_does_not_reach_another_image_of_its_name() {
    let stage = Stage::new().await;
    let (amd, arm) = (stage.image("amd"), stage.image("arm"));
    let index = stage
        .repository
        .index("1", &[("linux", "amd64", &amd), ("linux", "arm64", &arm)])
        .unwrap();
    let layer = AUTHORITY.signature_layer(
        Signer::Key(&stage.key),
        crate::workshop::claim(&index, &[]),
        signing_time(),
    );
    stage
        .repository
        .attach(&index, Shelf::Signatures, layer.unwrap())
        .unwrap();
    let policies = [images_policy("p", &[signed_by(&[logged_key(&stage.key)])])];
    stage.run(&policies, &["1"]).await.pinned_to(index.digest());
    stage
        .run(&policies, &["amd"])
        .await
        .refused_for(ReasonCode::Unsigned);
}
