//! Vault's transit engine. Source of the answers: developer.hashicorp.com/vault/api-docs/secret/transit#read-key and
//! /auth/kubernetes#login.

use serde_json::json;

use super::{fails, holds, stage, token_file};
use crate::office::{Office, Received, Reply};

/// What Vault says of a key with these versions, the oldest first.
pub(super) fn key(versions: &[&str]) -> String {
    let numbered = versions.iter().zip(1..);
    let keys: serde_json::Map<_, _> = numbered
        .map(|(pem, number)| {
            let version =
                json!({ "creation_time": "2026-01-01T00:00:00Z", "name": "P-256", "public_key": pem });
            (number.to_string(), version)
        })
        .collect();
    json!({
        "request_id": "7", "lease_id": "", "renewable": false, "lease_duration": 0, "warnings": null, "auth": null,
        "data": {
            "type": "ecdsa-p256", "name": "cosign", "keys": keys, "latest_version": versions.len(),
            "min_available_version": 0, "min_decryption_version": 1, "min_encryption_version": 0, "exportable": false,
            "supports_signing": true, "supports_encryption": false, "deletion_allowed": false, "derived": false,
        },
    })
    .to_string()
}

/// A Vault that gives `answer` to whoever shows `token` in `namespace`.
fn clerk(
    answer: String,
    path: &'static str,
    token: &'static str,
    namespace: &'static str,
) -> impl Fn(&Received) -> Reply {
    move |request| {
        let is_good = request.method == "GET"
            && request.header("x-vault-token") == token
            && request.header("x-vault-request") == "true"
            && request.header("x-vault-namespace") == namespace;
        match (is_good, request.target == path) {
            (false, _) => (403, r#"{"errors":["permission denied"]}"#.to_owned()),
            (true, false) => (404, r#"{"errors":[]}"#.to_owned()),
            (true, true) => (200, answer.clone()),
        }
    }
}

#[tokio::test]
async fn vault_s_latest_version_of_a_key_is_the_one_that_must_have_signed() {
    let stage = stage().await;
    let old = crate::workshop::fresh_key().public_pem();
    let answer = key(&[&old, &stage.key.public_pem()]);
    let office = Office::open(clerk(answer, "/v1/transit/keys/cosign", "hvs.7", "")).await;
    let stage = stage.in_environment(&[("VAULT_ADDR", &office.url()), ("VAULT_TOKEN", "hvs.7")]);
    holds(&stage, "hashivault://cosign").await;
    holds(&stage, "openbao://cosign").await;
    fails(&stage, "hashivault://unknown", "there is no such key").await;
}

#[tokio::test]
async fn vault_s_engine_and_namespace_are_the_operator_s() {
    let stage = stage().await;
    let answer = key(&[&stage.key.public_pem()]);
    let office = Office::open(clerk(answer, "/v1/keys/sign/keys/cosign", "t", "acme/dev")).await;
    let stage = stage.in_environment(&[
        ("BAO_ADDR", &office.url()),
        ("BAO_TOKEN", "t"),
        ("TRANSIT_SECRET_ENGINE_PATH", "keys/sign"),
        ("VAULT_NAMESPACE", "acme/dev"),
    ]);
    holds(&stage, "hashivault://cosign").await;
}

#[tokio::test]
async fn vault_is_logged_in_to_with_the_pod_s_service_account() {
    let stage = stage().await;
    let answer = key(&[&stage.key.public_pem()]);
    let give = clerk(answer, "/v1/transit/keys/cosign", "hvs.login", "");
    let office = Office::open(move |request| {
        if request.path() != "/v1/auth/k8s/login" {
            return give(request);
        }
        if request.json() != json!({ "role": "verifier", "jwt": "ey.7" }) {
            return (400, r#"{"errors":["invalid role name"]}"#.to_owned());
        }
        let auth = json!({ "client_token": "hvs.login", "accessor": "a", "policies": ["p"], "lease_duration": 3600,
            "renewable": true });
        (200, json!({ "auth": auth, "data": null }).to_string())
    })
    .await;
    let token = token_file("ey.7\n");
    let stage = stage.in_environment(&[
        ("VAULT_ADDR", &office.url()),
        ("VAULT_ROLE", "verifier"),
        ("VAULT_KUBERNETES_AUTH_PATH", "k8s"),
        ("VAULT_KUBERNETES_TOKEN_FILE", token.path().to_str().unwrap()),
    ]);
    holds(&stage, "hashivault://cosign").await;
    fails(&stage, "hashivault://unknown", "there is no such key").await;
    assert_eq!(office.count("/v1/auth/"), 1, "the login is used again");
}

#[tokio::test]
async fn a_token_that_vault_refuses_is_an_error_without_the_token() {
    let stage = stage().await;
    let office = Office::open(clerk(String::new(), "/v1/transit/keys/cosign", "hvs.7", "")).await;
    let stage = stage.in_environment(&[("VAULT_ADDR", &office.url()), ("VAULT_TOKEN", "hvs.wrong")]);
    let ruling = stage
        .run(&[super::policy("hashivault://cosign")], &["signed"])
        .await;
    ruling.refused_with("permission denied");
    assert!(!ruling.words().concat().contains("hvs."), "{:#?}", ruling.words());
}
