//! Google Cloud KMS and its token servers.
//! Source: cloud.google.com/kms/docs/reference/rest, developers.google.com/identity/protocols/oauth2/service-account,
//! google.aip.dev/auth/4117 (federation), cloud.google.com/compute/docs/access/authenticate-workloads.

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rehearsal::{Algorithm, SigningKey};
use serde_json::{Value, json};

use super::{fails, holds, stage, token_file};
use crate::office::{Office, Received, Reply};

const KEY: &str = "projects/p/locations/global/keyRings/r/cryptoKeys/cosign";

/// A KMS with one key of three versions, of which the tenth signs.
fn kms(pem: String) -> impl Fn(&Received) -> Reply {
    move |request| {
        if request.header("authorization") != "Bearer ya29.7" {
            let error =
                json!({ "error": { "code": 401, "status": "UNAUTHENTICATED", "message": "no token" } });
            return (401, error.to_string());
        }
        let version = |number: u64, state: &str| json!({ "name": format!("{KEY}/cryptoKeyVersions/{number}"), "state": state });
        let versions = format!("/v1/{KEY}/cryptoKeyVersions");
        if request.path() == versions {
            assert_eq!(request.query("filter"), "state=ENABLED");
            let list = [
                version(9, "ENABLED"),
                version(10, "ENABLED"),
                version(11, "DESTROYED"),
            ];
            return (
                200,
                json!({ "cryptoKeyVersions": list, "totalSize": 3 }).to_string(),
            );
        }
        if request.path() != format!("{versions}/10/publicKey") {
            let error =
                json!({ "error": { "code": 404, "status": "NOT_FOUND", "message": "no such version" } });
            return (404, error.to_string());
        }
        let answer = json!({ "pem": pem, "algorithm": "EC_SIGN_P256_SHA256", "pemCrc32c": "1",
            "name": format!("{KEY}/cryptoKeyVersions/10"), "protectionLevel": "SOFTWARE" });
        (200, answer.to_string())
    }
}

fn token() -> Reply {
    (
        200,
        json!({ "access_token": "ya29.7", "expires_in": 3599, "token_type": "Bearer" }).to_string(),
    )
}

#[tokio::test]
async fn a_key_of_google_is_had_with_the_machine_s_identity() {
    let stage = stage().await;
    let give = kms(stage.key.public_pem());
    let office = Office::open(move |request| {
        if request.path() != "/computeMetadata/v1/instance/service-accounts/default/token" {
            return give(request);
        }
        if request.header("metadata-flavor") != "Google" {
            return (403, String::new());
        }
        token()
    })
    .await;
    let stage = stage.in_environment(&[
        ("CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS", &office.url()),
        ("GCE_METADATA_HOST", office.host()),
    ]);
    holds(&stage, &format!("gcpkms://{KEY}/cryptoKeyVersions/10")).await;
    holds(&stage, &format!("gcpkms://{KEY}/versions/10")).await;
    // The greatest version that is enabled, by number and not by letters.
    holds(&stage, &format!("gcpkms://{KEY}")).await;
    fails(
        &stage,
        &format!("gcpkms://{KEY}/versions/3"),
        "NOT_FOUND: no such version",
    )
    .await;
    assert_eq!(office.count("/computeMetadata/"), 1, "the token is used again");
}

#[tokio::test]
async fn a_service_account_s_key_signs_for_its_token() {
    let stage = stage().await;
    let give = kms(stage.key.public_pem());
    let account = SigningKey::generate(Algorithm::Rsa2048).unwrap();
    let (public, private) = (account.public_der().to_vec(), account.private_pem());
    let office = Office::open(move |request| {
        if request.path() != "/token" {
            return give(request);
        }
        assert_eq!(
            request.form("grant_type"),
            "urn:ietf:params:oauth:grant-type:jwt-bearer"
        );
        let statement = request.form("assertion");
        let (signed, signature) = statement.rsplit_once('.').unwrap();
        let claims: Value = signed
            .split('.')
            .map(|part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap())
            .nth(1)
            .unwrap();
        // The key of a SubjectPublicKeyInfo of 2,048 bits begins after 24 bytes.
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &public[24..]);
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let is_signed = key.verify(signed.as_bytes(), &signature).is_ok();
        let is_ours = claims["iss"] == "verifier@p.iam.gserviceaccount.com"
            && claims["aud"]
                .as_str()
                .is_some_and(|server| server.ends_with("/token"))
            && claims["exp"].as_i64() > claims["iat"].as_i64();
        if is_signed && is_ours {
            token()
        } else {
            (
                400,
                r#"{"error":"invalid_grant","error_description":"Invalid JWT Signature."}"#.to_owned(),
            )
        }
    })
    .await;
    let credentials = |pem: &str| {
        json!({ "type": "service_account", "project_id": "p", "private_key_id": "7", "private_key": pem,
            "client_email": "verifier@p.iam.gserviceaccount.com", "token_uri": format!("{}/token", office.url()) })
        .to_string()
    };
    let file = token_file(&credentials(&private));
    let other = SigningKey::generate(Algorithm::Rsa2048).unwrap();
    let wrong = token_file(&credentials(&other.private_pem()));
    let environment = |file: &tempfile::NamedTempFile| {
        [
            ("CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS", office.url()),
            (
                "GOOGLE_APPLICATION_CREDENTIALS",
                file.path().display().to_string(),
            ),
        ]
    };
    let set = environment(&file);
    let set: Vec<(&str, &str)> = set.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let stage = stage.in_environment(&set);
    holds(&stage, &format!("gcpkms://{KEY}/versions/10")).await;
    let set = environment(&wrong);
    let set: Vec<(&str, &str)> = set.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let stage = stage.in_environment(&set);
    fails(
        &stage,
        &format!("gcpkms://{KEY}/versions/10"),
        "Invalid JWT Signature.",
    )
    .await;
}

#[tokio::test]
async fn another_issuer_s_token_is_exchanged_and_stands_in_for_a_service_account() {
    let stage = stage().await;
    let give = kms(stage.key.public_pem());
    let office = Office::open(move |request| match request.path() {
        "/sts" => {
            let is_good = request.form("grant_type") == "urn:ietf:params:oauth:grant-type:token-exchange"
                && request.form("subject_token") == "ey.7"
                && request.form("audience") == "//iam.googleapis.com/pool";
            assert!(is_good, "{request:?}");
            let answer = json!({ "access_token": "federated", "expires_in": 3600, "token_type": "Bearer",
                "issued_token_type": "urn:ietf:params:oauth:token-type:access_token" });
            (200, answer.to_string())
        }
        "/impersonate" => {
            assert_eq!(request.header("authorization"), "Bearer federated");
            let answer = json!({ "accessToken": "ya29.7", "expireTime": "2999-01-01T00:00:00Z" });
            (200, answer.to_string())
        }
        _ => give(request),
    })
    .await;
    let subject = token_file(r#"{"access":"ey.7"}"#);
    let credentials = json!({
        "type": "external_account", "audience": "//iam.googleapis.com/pool",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt", "token_url": format!("{}/sts", office.url()),
        "service_account_impersonation_url": format!("{}/impersonate", office.url()),
        "credential_source": { "file": subject.path(), "format": { "type": "json", "subject_token_field_name": "access" } },
    });
    let file = token_file(&credentials.to_string());
    let stage = stage.in_environment(&[
        ("CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS", &office.url()),
        ("GOOGLE_APPLICATION_CREDENTIALS", file.path().to_str().unwrap()),
    ]);
    holds(&stage, &format!("gcpkms://{KEY}/versions/10")).await;
}

/// What `gcloud auth application-default login` leaves behind: named, and where gcloud keeps it.
#[tokio::test]
async fn a_user_of_gcloud_gets_a_token_for_their_lasting_one() {
    let stage = stage().await;
    let give = kms(stage.key.public_pem());
    let office = Office::open(move |request| {
        if request.path() != "/token" {
            return give(request);
        }
        let is_good = request.form("grant_type") == "refresh_token"
            && request.form("client_id") == "7.apps.googleusercontent.com"
            && request.form("client_secret") == "d-FL95";
        match request.form("refresh_token").as_str() {
            "1//lasting" if is_good => token(),
            _ => (
                400,
                r#"{"error":"invalid_grant","error_description":"Token has been expired or revoked."}"#
                    .to_owned(),
            ),
        }
    })
    .await;
    let login = |lasting: &str| {
        json!({ "type": "authorized_user", "client_id": "7.apps.googleusercontent.com", "client_secret": "d-FL95",
            "refresh_token": lasting, "token_uri": format!("{}/token", office.url()) })
        .to_string()
    };
    let (file, ended) = (token_file(&login("1//lasting")), token_file(&login("1//ended")));
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("application_default_credentials.json");
    std::fs::write(kept, login("1//lasting")).unwrap();
    let url = office.url();
    let service = ("CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS", url.as_str());
    let uri = format!("gcpkms://{KEY}/versions/10");
    let named = |path: &std::path::Path| path.to_str().unwrap().to_owned();
    let stage = stage.in_environment(&[service, ("GOOGLE_APPLICATION_CREDENTIALS", &named(file.path()))]);
    holds(&stage, &uri).await;
    let stage = stage.in_environment(&[service, ("CLOUDSDK_CONFIG", &named(folder.path()))]);
    holds(&stage, &uri).await;
    let stage = stage.in_environment(&[service, ("GOOGLE_APPLICATION_CREDENTIALS", &named(ended.path()))]);
    fails(&stage, &uri, "Token has been expired or revoked.").await;
}
