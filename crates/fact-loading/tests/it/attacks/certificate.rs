//! Certificates that prove less than they seem to.

use image_trust::ReasonCode;
use rehearsal::authority::{AlternativeName, Credential, Identity, LeafOptions, Sct, Signer};
use rehearsal::layer::BUNDLE;
use rehearsal::repository::Shelf;
use serde_json::{Value, json};

use crate::policies::{REKOR, images_policy, keyless, signed_by};
use crate::stage::Stage;
use crate::workshop::{AUTHORITY, ISSUER, SUBJECT, credential, logged_signature, signing_time};

async fn judged(stage: &Stage, tag: &str, signer: &Credential, attestor: Value) -> crate::stage::Ruling {
    let image = stage.image(tag);
    let layer = logged_signature(Signer::Certificate(signer), &image, &[]);
    stage.repository.attach(&image, Shelf::Signatures, layer).unwrap();
    stage
        .run(&[images_policy("p", &[signed_by(&[attestor])])], &[tag])
        .await
}

/// Kyverno skips the subject where a certificate has no alternative name at all (verify-images §8.13). Chain, log entry
/// and SCT are genuine; there is just no name that could be the demanded one.
#[tokio::test]
async fn a_certificate_without_a_name_never_meets_a_demanded_subject() {
    let stage = Stage::new().await;
    let nobody = Identity {
        names: Vec::new(),
        issuer: Some(ISSUER.to_owned()),
        claims: Vec::new(),
    };
    let nobody = AUTHORITY.credential(&nobody, signing_time()).unwrap();
    judged(&stage, "1", &nobody, keyless(SUBJECT, ISSUER))
        .await
        .refused_for(ReasonCode::WrongIdentity);
    judged(&stage, "2", &nobody, keyless("*", ISSUER))
        .await
        .refused_for(ReasonCode::WrongIdentity);
}

/// CVE-2025-29778: fields of an attestor that were parsed and never used. Each field that narrows whom we trust is
/// flipped by itself, and each flip refuses what was admitted before.
#[tokio::test]
async fn every_field_of_a_keyless_attestor_is_used_cve_2025_29778() {
    let stage = Stage::new().await;
    let identity = Identity {
        names: vec![AlternativeName::Email(SUBJECT.to_owned())],
        ..Identity::email(SUBJECT, ISSUER)
    };
    let signer = AUTHORITY
        .credential(&identity.claim(5, "acme/app"), signing_time())
        .unwrap();
    let good = json!({
        "subject": SUBJECT, "issuer": ISSUER, "subjectRegExp": "^ci@", "issuerRegExp": "acme",
        "additionalExtensions": { "githubWorkflowRepository": "acme/app" }, "rekor": { "url": REKOR },
    });
    judged(&stage, "good", &signer, json!({ "keyless": good }))
        .await
        .admitted();
    for (number, (field, value)) in [
        ("issuer", json!("https://other.example")),
        ("issuerRegExp", json!("^http://")),
        (
            "additionalExtensions",
            json!({ "githubWorkflowRepository": "evil/app" }),
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let mut attestor = good.clone();
        attestor[field] = value;
        let ruling = judged(
            &stage,
            &format!("flip{number}"),
            &signer,
            json!({ "keyless": attestor }),
        )
        .await;
        ruling.refused_for(ReasonCode::WrongIdentity);
    }
    // Subject and its expression are alternatives, so each is flipped alone.
    for (number, field) in ["subject", "subjectRegExp"].into_iter().enumerate() {
        let attestor = json!({ "keyless": { "issuer": ISSUER, field: "nobody@acme.example", "rekor": { "url": REKOR } } });
        let ruling = judged(&stage, &format!("alone{number}"), &signer, attestor).await;
        ruling.refused_for(ReasonCode::WrongIdentity);
    }
}

/// CVE-2022-36056: the log is waived, so nothing proves when the signature was made; the certificate ended ten minutes
/// after it was issued, an hour ago. Whoever finds its key today could sign with it today.
#[tokio::test]
async fn an_expired_certificate_without_a_log_entry_is_refused_cve_2022_36056() {
    let stage = Stage::new().await;
    let image = stage.image("1");
    let mut layer = logged_signature(Signer::Certificate(&credential(SUBJECT)), &image, &[]);
    layer.annotations.remove(BUNDLE);
    stage.repository.attach(&image, Shelf::Signatures, layer).unwrap();
    let mut waiving = keyless(SUBJECT, ISSUER);
    waiving["keyless"]["rekor"]["ignoreTlog"] = true.into();
    let policies = |attestor: Value| [images_policy("p", &[signed_by(&[attestor])])];
    stage
        .run(&policies(waiving), &["1"])
        .await
        .refused_for(ReasonCode::Expired);
    stage
        .run(&policies(keyless(SUBJECT, ISSUER)), &["1"])
        .await
        .refused_for(ReasonCode::LogMissing);
}

/// A leaf that no certificate log has promised to show, and one with another leaf's promise.
#[tokio::test]
async fn a_certificate_that_no_log_shows_is_refused_unless_that_is_waived() {
    let stage = Stage::new().await;
    let identity = Identity::email(SUBJECT, ISSUER);
    for (number, sct) in [Sct::None, Sct::Foreign(&AUTHORITY.certificate_log)]
        .into_iter()
        .enumerate()
    {
        let signer = AUTHORITY
            .fulcio
            .issue(&identity, sct, signing_time(), &LeafOptions::default())
            .unwrap();
        let ruling = judged(&stage, &format!("s{number}"), &signer, keyless(SUBJECT, ISSUER)).await;
        ruling.refused_for(ReasonCode::SctMissing);
        let mut waiving = keyless(SUBJECT, ISSUER);
        waiving["keyless"]["ctlog"] = json!({ "ignoreSCT": true });
        judged(&stage, &format!("w{number}"), &signer, waiving)
            .await
            .admitted();
    }
}

/// A certificate authority of the attacker's own, named as ours is: same names, other keys.
#[tokio::test]
async fn a_certificate_of_another_authority_of_the_same_name_is_refused() {
    let stage = Stage::new().await;
    let impostor = rehearsal::Authority::new(AUTHORITY.fulcio.valid_from()).unwrap();
    let signer = impostor
        .credential(&Identity::email(SUBJECT, ISSUER), signing_time())
        .unwrap();
    judged(&stage, "1", &signer, keyless(SUBJECT, ISSUER))
        .await
        .refused_for(ReasonCode::UntrustedCertificate);
}
