//! Keys out of key management services, over policies that name them: each service is a server on loopback that answers
//! as the service's documents say, and that refuses what the service would refuse.

use image_trust::ReasonCode;
use serde_json::{Value, json};

use crate::office::Office;
use crate::policies::{images_policy, namespaced_policy, pod, signed_by};
use crate::stage::{AMPLE, Review, Stage, engine};
use crate::workshop::NAME;

mod vault;
mod amazon;
mod google;
mod azure;

/// An attestor whose key is at a key management service.
fn kms(uri: &str) -> Value {
    json!({ "keys": { "kms": uri, "rekor": { "ignoreTlog": true } } })
}

/// A policy of the cluster's owner that demands the key behind `uri`.
fn policy(uri: &str) -> String {
    images_policy("p", &[signed_by(&[kms(uri)])])
}

/// A stage with an image `signed` by its key and an image `other` by another.
async fn stage() -> Stage {
    let stage = Stage::new().await;
    stage.signed_image("signed");
    let image = stage.image("other");
    let other = crate::workshop::fresh_key();
    stage
        .repository
        .sign(&image, &other, &Default::default())
        .unwrap();
    stage
}

/// Holds that the key behind `uri` is the stage's: what it signed is admitted, what another signed is not.
async fn holds(stage: &Stage, uri: &str) {
    let policies = [policy(uri)];
    stage.run(&policies, &["signed"]).await.admitted();
    stage
        .run(&policies, &["other"])
        .await
        .refused_for(ReasonCode::WrongSigner);
}

/// Holds that the key behind `uri` can't be had, and that the refusal says so.
async fn fails(stage: &Stage, uri: &str, part: &str) {
    let ruling = stage.run(&[policy(uri)], &["signed"]).await;
    ruling.refused_for(ReasonCode::KeyUnavailable);
    ruling.refused_with(part);
}

/// What a test keeps of a token, in a file of its own.
fn token_file(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

/// A tenant's policy would make the engine sign calls and hand out tokens in the cluster owner's name.
#[tokio::test]
async fn a_namespaced_policy_asks_no_key_management_service() {
    let office = Office::open(|_| (200, "{}".to_owned())).await;
    let url = office.url();
    let stage = stage().await.in_environment(&[
        ("VAULT_ADDR", &url),
        ("VAULT_TOKEN", "t"),
        ("AWS_ENDPOINT_URL", &url),
        ("AWS_ACCESS_KEY_ID", "id"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS", &url),
        ("GCE_METADATA_HOST", office.host()),
        ("AZURE_AUTHORITY_HOST", &url),
    ]);
    for uri in [
        "hashivault://cosign".to_owned(),
        "awskms:///arn:aws:kms:eu-west-3:111122223333:alias/cosign".to_owned(),
        format!("awskms://{}/alias/cosign", office.host()),
        "gcpkms://projects/p/locations/l/keyRings/r/cryptoKeys/k/versions/1".to_owned(),
        format!("azurekms://{}/cosign", office.host()),
    ] {
        let rule = json!({ "name": "images", "verifyImages": [signed_by(&[kms(&uri)])] });
        let policy = namespaced_policy("prod", &rule);
        let review = Review::create(&pod(&[&format!("{NAME}:signed")]));
        let ruling = stage.judge(&engine(&[policy]), &review, AMPLE).await;
        ruling.refused_for(ReasonCode::KeyUnavailable);
    }
    assert!(office.received().is_empty(), "{:#?}", office.received());
}

/// Whoever a service redirects to would be handed what goes with the call: a session's token, a bearer token. Named as a
/// policy may name one, and as the operator does.
#[tokio::test]
async fn a_redirect_of_a_service_carries_no_credential_anywhere() {
    let thief = Office::open(|_| (200, "{}".to_owned())).await;
    let elsewhere = thief.url();
    let office = Office::open(move |request| match request.path() {
        path if path.ends_with("/token") => (
            200,
            json!({ "access_token": "ey.7", "expires_in": 3599 }).to_string(),
        ),
        _ => (307, elsewhere.clone()),
    })
    .await;
    let url = office.url();
    let stage = stage().await.in_environment(&[
        ("VAULT_ADDR", &url),
        ("VAULT_TOKEN", "t"),
        ("AWS_REGION", "eu-west-3"),
        ("AWS_ACCESS_KEY_ID", "id"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_SESSION_TOKEN", "session"),
        ("CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS", &url),
        ("GCE_METADATA_HOST", office.host()),
        ("AZURE_POD_IDENTITY_AUTHORITY_HOST", &url),
    ]);
    for uri in [
        "hashivault://cosign".to_owned(),
        format!("awskms://{}/alias/cosign", office.host()),
        "gcpkms://projects/p/locations/l/keyRings/r/cryptoKeys/k/versions/1".to_owned(),
        format!("azurekms://{}/cosign", office.host()),
    ] {
        fails(&stage, &uri, "HTTP 307").await;
    }
    assert!(thief.received().is_empty(), "{:#?}", thief.received());
}

/// A service that answers without an end, or nonsense, costs a bounded answer and gives no key.
#[tokio::test]
async fn an_answer_without_an_end_or_without_a_key_is_no_key() {
    for body in [
        "x".repeat(3 * 1024 * 1024),
        "{}".to_owned(),
        "[]".to_owned(),
        r#"{"data":{"latest_version":1,"keys":{"1":{"name":"ed25519","public_key":"AA"}}}}"#.to_owned(),
    ] {
        let office = Office::open(move |_| (200, body.clone())).await;
        let stage = stage()
            .await
            .in_environment(&[("VAULT_ADDR", &office.url()), ("VAULT_TOKEN", "t")]);
        fails(&stage, "hashivault://cosign", "hashivault://cosign").await;
    }
}

#[tokio::test]
async fn a_key_is_fetched_once_for_many_images() {
    let stage = stage().await;
    let answer = vault::key(&[&stage.key.public_pem()]);
    let office = Office::open(move |_| (200, answer.clone())).await;
    let stage = stage.in_environment(&[("VAULT_ADDR", &office.url()), ("VAULT_TOKEN", "t")]);
    for _ in 0..3 {
        holds(&stage, "hashivault://cosign").await;
    }
    assert_eq!(office.received().len(), 1);
}

#[tokio::test]
async fn a_service_that_nobody_configured_is_an_error_that_says_what_is_missing() {
    let stage = stage()
        .await
        .in_environment(&[("AWS_EC2_METADATA_DISABLED", "true")]);
    for (uri, part) in [
        ("hashivault://cosign", "VAULT_ADDR"),
        ("awskms:///alias/cosign", "AWS_REGION"),
        (
            "awskms:///arn:aws:kms:eu-west-3:111122223333:alias/cosign",
            "no AWS credentials",
        ),
        ("azurekms://evil.example/cosign", "is no vault of Azure"),
        ("gcpkms://projects/p", "kms specification should be in the format"),
    ] {
        fails(&stage, uri, part).await;
    }
}
