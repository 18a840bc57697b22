//! Nothing passes without a log entry unless the policy says `ignoreTlog`.

use image_trust::ReasonCode;
use rehearsal::authority::{EntryKind, LogVersion, Signer};
use rehearsal::repository::{PushedImage, Shelf};
use rehearsal::statement::{COSIGN_SIGN, Statement};
use serde_json::{Value, json};

use crate::policies::{attested_by, clean, images_policy, signed_by};
use crate::stage::Stage;
use crate::workshop::{AUTHORITY, REVIEW, logged_signature, pairs, signing_time};

/// Puts one genuine signature or attestation beside an image.
type Puts = fn(&Stage, &PushedImage);

fn attestor(stage: &Stage, rekor: &Value) -> Value {
    let mut keys = json!({ "publicKeys": stage.key.public_pem() });
    if !rekor.is_null() {
        keys["rekor"] = rekor.clone();
    }
    json!({ "keys": keys })
}

/// A leaked key signs what it likes; the log is what shows that it did. Every layout in which an unlogged signature or
/// attestation can stand, under every way to write that a log is demanded: all refuse, and with `ignoreTlog: true` alone
/// the very same evidence is admitted.
#[tokio::test]
async fn nothing_passes_without_a_log_entry_unless_the_policy_waives_it() {
    let stage = Stage::new().await;
    let layouts: [(&str, bool, Puts); 5] = [
        ("sig", false, |stage, image| {
            drop(stage.repository.sign(image, &stage.key, &pairs(&[])).unwrap())
        }),
        ("bundle", false, |stage, image| {
            drop(
                stage
                    .repository
                    .sign_bundle(image, &stage.key, &pairs(&[]))
                    .unwrap(),
            );
        }),
        ("oci11", false, |stage, image| {
            drop(
                stage
                    .repository
                    .sign_oci11(image, &stage.key, &pairs(&[]))
                    .unwrap(),
            )
        }),
        ("att", true, |stage, image| {
            drop(
                stage
                    .repository
                    .attest(image, &stage.key, REVIEW, json!({ "clean": true }))
                    .unwrap(),
            );
        }),
        ("att-bundle", true, |stage, image| {
            drop(
                stage
                    .repository
                    .attest_bundle(image, &stage.key, REVIEW, json!({ "clean": true }))
                    .unwrap(),
            );
        }),
    ];
    for (tag, is_attestation, put) in layouts {
        put(&stage, &stage.image(tag));
        let entry = |rekor: &Value| {
            let attestor = attestor(&stage, rekor);
            if is_attestation {
                attested_by(REVIEW, &attestor, &clean())
            } else {
                signed_by(&[attestor])
            }
        };
        for demanding in [
            Value::Null,
            json!({}),
            json!({ "url": "https://rekor.sigstore.dev" }),
            json!({ "ignoreTlog": false }),
            json!({ "pubkey": AUTHORITY.rekor.key().public_pem() }),
        ] {
            let ruling = stage
                .run(&[images_policy("p", &[entry(&demanding)])], &[tag])
                .await;
            ruling.refused_for(ReasonCode::LogMissing);
        }
        let waiving = entry(&json!({ "ignoreTlog": true }));
        stage
            .run(&[images_policy("p", &[waiving])], &[tag])
            .await
            .admitted();
    }
}

/// A waiver in one attestor is that attestor's: it waives nothing for its neighbour of the same set.
#[tokio::test]
async fn one_attestor_s_waiver_is_not_another_s() {
    let stage = Stage::new().await;
    stage.signed_image("1");
    let waiving = attestor(&stage, &json!({ "ignoreTlog": true }));
    let demanding = attestor(&stage, &Value::Null);
    for attestors in [[waiving.clone(), demanding.clone()], [demanding, waiving]] {
        let ruling = stage
            .run(&[images_policy("p", &[signed_by(&attestors)])], &["1"])
            .await;
        ruling.refused_for(ReasonCode::LogMissing);
    }
}

/// A log of the attacker's own: entry and promise fit signature and key, and are signed by nobody we trust; also where
/// the log is waived nothing is made worse by an entry that is there and wrong, as cosign's own `--insecure-ignore-tlog`.
#[tokio::test]
async fn an_entry_of_a_log_that_nobody_trusts_proves_nothing() {
    let stage = Stage::new().await;
    let elsewhere = rehearsal::Authority::new(AUTHORITY.fulcio.valid_from()).unwrap();
    let image = stage.image("1");
    let layer = elsewhere.signature_layer(
        Signer::Key(&stage.key),
        crate::workshop::claim(&image, &[]),
        signing_time(),
    );
    stage
        .repository
        .attach(&image, Shelf::Signatures, layer.unwrap())
        .unwrap();
    let demanding = attestor(&stage, &Value::Null);
    stage
        .run(&[images_policy("p", &[signed_by(&[demanding])])], &["1"])
        .await
        .refused_for(ReasonCode::LogMissing);
}

/// The policy names its own log's key: an entry of the public log, genuine and trusted elsewhere, is then not one.
#[tokio::test]
async fn a_policy_s_own_log_is_the_only_one_that_counts() {
    let stage = Stage::new().await;
    let image = stage.image("1");
    stage
        .repository
        .attach(
            &image,
            Shelf::Signatures,
            logged_signature(Signer::Key(&stage.key), &image, &[]),
        )
        .unwrap();
    let own = rehearsal::authority::Rekor::new("rekor.acme.example").unwrap();
    let entry = |pem: String| signed_by(&[attestor(&stage, &json!({ "pubkey": pem }))]);
    let theirs = [images_policy("p", &[entry(own.key().public_pem())])];
    stage
        .run(&theirs, &["1"])
        .await
        .refused_for(ReasonCode::LogMissing);
    let ours = [images_policy("p", &[entry(AUTHORITY.rekor.key().public_pem())])];
    stage.run(&ours, &["1"]).await.pinned_to(image.digest());
}

/// The unsigned parts of a bundle are cut away one by one: promise, proof, the whole entry. Without what proves that it
/// was logged it is not logged, whatever version the bundle says it is.
#[tokio::test]
async fn a_bundle_whose_proof_was_cut_away_is_unlogged() {
    let stage = Stage::new().await;
    let policies = [images_policy(
        "p",
        &[signed_by(&[attestor(&stage, &Value::Null)])],
    )];
    for (tag, cut) in [
        ("whole", 0),
        ("unproven", 1),
        ("unpromised", 2),
        ("neither", 3),
        ("gone", 4),
    ] {
        let image = stage.image(tag);
        let statement = Statement::signature(image.digest(), &pairs(&[]));
        let log = LogVersion::V1(EntryKind::Dsse);
        let mut bundle = AUTHORITY
            .bundle(Signer::Key(&stage.key), &statement, log, signing_time())
            .unwrap();
        let entries = &mut bundle.verification_material.tlog_entries;
        if cut == 1 || cut == 3 {
            entries[0].inclusion_proof = None;
        }
        if cut == 2 || cut == 3 {
            entries[0].inclusion_promise = None;
        }
        if cut == 4 {
            entries.clear();
        }
        if cut == 1 {
            bundle.media_type = "application/vnd.dev.sigstore.bundle+json;version=0.1".to_owned();
        }
        stage
            .repository
            .refer_bundle(&image, COSIGN_SIGN, &bundle)
            .unwrap();
        let ruling = stage.run(&policies, &[tag]).await;
        match cut {
            0 => ruling.pinned_to(image.digest()),
            // A version 0.1 bundle needs the promise alone; with it the signature is logged all the same.
            1 => ruling.admitted(),
            // Time comes from the promise of a version 1 log alone, but a key needs none: the proof is enough.
            2 => ruling.admitted(),
            // Neither promise nor proof is not even a bundle of its version.
            3 => ruling.refused_for(ReasonCode::Malformed),
            _ => ruling.refused_for(ReasonCode::LogMissing),
        }
    }
}
