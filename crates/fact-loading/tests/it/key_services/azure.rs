//! Azure Key Vault and Entra ID's token server.
//! Source: learn.microsoft.com, Key Vault `Get Key`, "OAuth 2.0 client credentials flow", "managed identities … token".

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::{fails, holds, stage, token_file};
use crate::office::{Office, Received, Reply};

/// A vault with one key, for who shows the token.
fn vault(der: Vec<u8>) -> impl Fn(&Received) -> Reply {
    move |request| {
        if request.header("authorization") != "Bearer ey.azure" {
            let error = json!({ "error": { "code": "Unauthorized", "message": "AKV10000: Request is missing a Bearer or PoP token." } });
            return (401, error.to_string());
        }
        assert_eq!(request.query("api-version"), "7.4");
        let (point, number) = (&der[der.len() - 64..], |bytes: &[u8]| {
            URL_SAFE_NO_PAD.encode(bytes)
        });
        match request.path() {
            "/keys/cosign/" | "/keys/cosign/78deebed173b48e48f55abf87ed4cf71" => {
                let key = json!({ "kid": "https://acme.vault.azure.net/keys/cosign/78deebed173b48e48f55abf87ed4cf71",
                    "kty": "EC-HSM", "key_ops": ["sign", "verify"], "crv": "P-256",
                    "x": number(&point[..32]), "y": number(&point[32..]) });
                (
                    200,
                    json!({ "key": key, "attributes": { "enabled": true } }).to_string(),
                )
            }
            _ => {
                let error = json!({ "error": { "code": "KeyNotFound", "message": "A key with (name/id) was not found" } });
                (404, error.to_string())
            }
        }
    }
}

fn token() -> Reply {
    (
        200,
        json!({ "token_type": "Bearer", "expires_in": 3599, "access_token": "ey.azure" }).to_string(),
    )
}

#[tokio::test]
async fn a_key_of_azure_is_had_by_workload_identity() {
    let stage = stage().await;
    let give = vault(stage.key.public_der().to_vec());
    let office = Office::open(move |request| {
        if request.path() != "/tenant-7/oauth2/v2.0/token" {
            return give(request);
        }
        let is_good = request.form("grant_type") == "client_credentials"
            && request.form("client_id") == "client-7"
            && request.form("client_assertion") == "ey.7"
            && request.form("client_assertion_type").ends_with(":jwt-bearer")
            && request.form("scope") == "https://vault.azure.net/.default";
        if is_good {
            token()
        } else {
            (
                400,
                r#"{"error":"invalid_client","error_description":"AADSTS700016"}"#.to_owned(),
            )
        }
    })
    .await;
    let file = token_file("ey.7");
    let stage = stage.in_environment(&[
        ("AZURE_AUTHORITY_HOST", &office.url()),
        ("AZURE_TENANT_ID", "tenant-7"),
        ("AZURE_CLIENT_ID", "client-7"),
        ("AZURE_FEDERATED_TOKEN_FILE", file.path().to_str().unwrap()),
    ]);
    let uri = format!("azurekms://{}/cosign", office.host());
    holds(&stage, &uri).await;
    holds(&stage, &format!("{uri}/78deebed173b48e48f55abf87ed4cf71")).await;
    fails(
        &stage,
        &format!("azurekms://{}/unknown", office.host()),
        "KeyNotFound",
    )
    .await;
    assert_eq!(office.count("/tenant-7/"), 1, "the token is used again");
}

#[tokio::test]
async fn a_client_s_secret_does_too_and_is_shown_to_nobody() {
    let stage = stage().await;
    let give = vault(stage.key.public_der().to_vec());
    let office =
        Office::open(
            move |request| match (request.path(), request.form("client_secret").as_str()) {
                ("/t/oauth2/v2.0/token", "hunter2") => token(),
                ("/t/oauth2/v2.0/token", _) => (
                    401,
                    r#"{"error":"invalid_client","error_description":"AADSTS7000215"}"#.to_owned(),
                ),
                _ => give(request),
            },
        )
        .await;
    let url = office.url();
    let environment = |secret| {
        [
            ("AZURE_AUTHORITY_HOST", url.as_str()),
            ("AZURE_TENANT_ID", "t"),
            ("AZURE_CLIENT_ID", "c"),
            ("AZURE_CLIENT_SECRET", secret),
        ]
    };
    let uri = format!("azurekms://{}/cosign", office.host());
    let stage = stage.in_environment(&environment("hunter2"));
    holds(&stage, &uri).await;
    let stage = stage.in_environment(&environment("hunter3"));
    let ruling = stage.run(&[super::policy(&uri)], &["signed"]).await;
    ruling.refused_with("AADSTS7000215");
    assert!(
        !ruling.words().concat().contains("hunter"),
        "{:#?}",
        ruling.words()
    );
}

#[tokio::test]
async fn a_machine_s_identity_is_had_from_its_metadata_service() {
    let stage = stage().await;
    let give = vault(stage.key.public_der().to_vec());
    let office = Office::open(move |request| {
        if request.path() != "/metadata/identity/oauth2/token" {
            return give(request);
        }
        assert_eq!(request.header("metadata"), "true");
        assert_eq!(request.query("resource"), "https://vault.azure.net");
        // The number is a text here.
        let answer = json!({ "access_token": "ey.azure", "expires_in": "86399", "token_type": "Bearer" });
        (200, answer.to_string())
    })
    .await;
    let stage = stage.in_environment(&[("AZURE_POD_IDENTITY_AUTHORITY_HOST", &office.url())]);
    holds(&stage, &format!("azurekms://{}/cosign", office.host())).await;
}
