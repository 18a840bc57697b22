//! AWS KMS and STS. The server checks signatures as AWS does, from what came over the wire.
//! Source: docs.aws.amazon.com, KMS `GetPublicKey`, STS `AssumeRoleWithWebIdentity`, the metadata service of EC2, Signature Version 4.

use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::{fails, holds, stage, token_file};
use crate::office::{Office, Received, Reply};

const ARN: &str = "arn:aws:kms:eu-west-3:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    hmac::sign(&key, text.as_bytes()).as_ref().to_vec()
}

fn sha256(text: &str) -> String {
    hex::encode(digest::digest(&digest::SHA256, text.as_bytes()))
}

/// Whether the request is signed with `secret` for `scope` (`region/service`), over host, target and body.
fn is_signed(request: &Received, id: &str, secret: &str, scope: &str) -> bool {
    let header = request.header("authorization");
    let part = |name: &str| {
        let (_, rest) = header.split_once(name).unwrap_or_default();
        rest.split(',').next().unwrap_or_default().to_owned()
    };
    let date = request.header("x-amz-date");
    let Some(day) = date.get(..8) else { return false };
    let scope = format!("{day}/{scope}/aws4_request");
    let names = part("SignedHeaders=");
    let demanded = ["host", "x-amz-date", "x-amz-target"];
    let is_whole = demanded
        .iter()
        .all(|name| names.split(';').any(|known| known == *name));
    let lines: String = names
        .split(';')
        .map(|name| format!("{name}:{}\n", request.header(name)))
        .collect();
    let (method, path, body) = (&request.method, request.path(), sha256(&request.body));
    let canonical = format!("{method}\n{path}\n\n{lines}\n{names}\n{body}");
    let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", sha256(&canonical));
    let first = format!("AWS4{secret}").into_bytes();
    let key = scope.split('/').fold(first, |key, part| mac(&key, part));
    let is_time = date.len() == 16 && date.ends_with('Z');
    is_whole
        && is_time
        && part("Credential=") == format!("{id}/{scope}")
        && part("Signature=") == hex::encode(mac(&key, &text))
}

/// A KMS with one key, for who signs with `id` and `secret` in `session`.
fn kms(
    der: Vec<u8>,
    id: &'static str,
    secret: &'static str,
    session: &'static str,
) -> impl Fn(&Received) -> Reply {
    move |request| {
        if !is_signed(request, id, secret, "eu-west-3/kms")
            || request.header("x-amz-security-token") != session
        {
            return (400, r#"{"__type":"InvalidSignatureException","message":"The request signature we calculated does not match"}"#.to_owned());
        }
        assert_eq!(request.header("x-amz-target"), "TrentService.GetPublicKey");
        assert_eq!(request.header("content-type"), "application/x-amz-json-1.1");
        let usage = match request.json()["KeyId"].as_str().unwrap() {
            ARN | "alias/cosign" => "SIGN_VERIFY",
            "alias/sealed" => "ENCRYPT_DECRYPT",
            _ => {
                return (
                    400,
                    r#"{"__type":"NotFoundException","message":"Alias is not found."}"#.to_owned(),
                );
            }
        };
        let answer = json!({ "KeyId": ARN, "PublicKey": STANDARD.encode(&der), "KeySpec": "ECC_NIST_P256",
            "KeyUsage": usage, "SigningAlgorithms": ["ECDSA_SHA_256"] });
        (200, answer.to_string())
    }
}

#[tokio::test]
async fn a_key_of_aws_is_had_by_a_signed_call() {
    let stage = stage().await;
    let office = Office::open(kms(stage.key.public_der().to_vec(), "AKID", "s3cr3t", "")).await;
    let stage = stage.in_environment(&[
        ("AWS_ENDPOINT_URL_KMS", &office.url()),
        ("AWS_ACCESS_KEY_ID", "AKID"),
        ("AWS_SECRET_ACCESS_KEY", "s3cr3t"),
        ("AWS_REGION", "eu-west-3"),
    ]);
    holds(&stage, &format!("awskms:///{ARN}")).await;
    holds(&stage, "awskms:///alias/cosign").await;
    fails(
        &stage,
        "awskms:///alias/unknown",
        "NotFoundException: Alias is not found.",
    )
    .await;
    fails(&stage, "awskms:///alias/sealed", "is no key that signs").await;
}

#[tokio::test]
async fn an_endpoint_in_the_uri_is_called_as_cosign_calls_it() {
    let stage = stage().await;
    let office = Office::open(kms(stage.key.public_der().to_vec(), "AKID", "s3cr3t", "")).await;
    let stage = stage.in_environment(&[("AWS_ACCESS_KEY_ID", "AKID"), ("AWS_SECRET_ACCESS_KEY", "s3cr3t")]);
    holds(&stage, &format!("awskms://{}/{ARN}", office.host())).await;
    fails(
        &stage,
        &format!("awskms://{}/alias/cosign", office.host()),
        "AWS_REGION",
    )
    .await;
    fails(
        &stage,
        &format!("awskms://169.254.169.254/{ARN}"),
        "are not allowed",
    )
    .await;
}

#[tokio::test]
async fn a_service_account_of_eks_is_exchanged_for_a_session() {
    let stage = stage().await;
    let give = kms(stage.key.public_der().to_vec(), "ASIA", "temporary", "session+/=");
    let office = Office::open(move |request| {
        if request.form("Action") != "AssumeRoleWithWebIdentity" {
            return give(request);
        }
        assert_eq!(request.form("Version"), "2011-06-15");
        assert_eq!(request.form("RoleArn"), "arn:aws:iam::111122223333:role/verifier");
        assert_eq!(request.header("authorization"), "");
        if request.form("WebIdentityToken") != "ey.7" {
            return (
                400,
                "<ErrorResponse><Error><Code>InvalidIdentityToken</Code></Error></ErrorResponse>".to_owned(),
            );
        }
        let xml = "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">
  <AssumeRoleWithWebIdentityResult><Credentials>
    <SessionToken>session+/=</SessionToken><SecretAccessKey>temporary</SecretAccessKey>
    <Expiration>2999-01-01T00:00:00Z</Expiration><AccessKeyId>ASIA</AccessKeyId>
  </Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>";
        (200, xml.to_owned())
    })
    .await;
    let token = token_file("ey.7");
    let stage = stage.in_environment(&[
        ("AWS_ENDPOINT_URL", &office.url()),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", token.path().to_str().unwrap()),
        ("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/verifier"),
    ]);
    holds(&stage, &format!("awskms:///{ARN}")).await;
}

#[tokio::test]
async fn a_machine_s_role_is_had_by_a_session_of_its_metadata_service() {
    let stage = stage().await;
    let give = kms(stage.key.public_der().to_vec(), "ASIA", "temporary", "session");
    let office = Office::open(move |request| match (request.method.as_str(), request.path()) {
        ("PUT", "/latest/api/token") => {
            assert!(!request.header("x-aws-ec2-metadata-token-ttl-seconds").is_empty());
            (200, "imds-session".to_owned())
        }
        ("GET", _) if request.header("x-aws-ec2-metadata-token") != "imds-session" => (401, String::new()),
        ("GET", "/latest/meta-data/iam/security-credentials/") => (200, "node".to_owned()),
        ("GET", "/latest/meta-data/iam/security-credentials/node") => {
            let answer = json!({ "Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": "ASIA",
                "SecretAccessKey": "temporary", "Token": "session", "Expiration": "2999-01-01T00:00:00Z" });
            (200, answer.to_string())
        }
        _ => give(request),
    })
    .await;
    let stage = stage.in_environment(&[
        ("AWS_ENDPOINT_URL", &office.url()),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", &office.url()),
    ]);
    holds(&stage, &format!("awskms:///{ARN}")).await;
}

/// The profile's keys, its region, and the environment's before them; and a profile that sends elsewhere is no silence.
#[tokio::test]
async fn the_profile_of_a_developer_s_machine_signs_the_call() {
    let stage = stage().await;
    let office = Office::open(kms(
        stage.key.public_der().to_vec(),
        "AKID",
        "s3c/r3t=",
        "session",
    ))
    .await;
    let config = token_file(
        "[default]\nregion = us-east-1\n[profile ci]\nregion = eu-west-3\naws_access_key_id = OLD\n\
        [profile both]\nrole_arn = arn:aws:iam::111122223333:role/verifier\n[profile people]\nsso_session = acme\n[sso-session acme]\nsso_region = eu-west-3\n",
    );
    let credentials = token_file(
        "[ci]\naws_access_key_id=AKID\naws_secret_access_key=s3c/r3t=\naws_session_token=session\n\
        [both]\naws_access_key_id=AKID\naws_secret_access_key=s3c/r3t=\naws_session_token=session\n",
    );
    let (url, config, credentials) = (office.url(), shown(&config), shown(&credentials));
    let usual = [
        ("AWS_ENDPOINT_URL_KMS", url.as_str()),
        ("AWS_CONFIG_FILE", config.as_str()),
        ("AWS_SHARED_CREDENTIALS_FILE", credentials.as_str()),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ];
    let with = |more: &[(&'static str, &'static str)]| [&usual[..], more].concat();
    let stage = stage.in_environment(&with(&[("AWS_PROFILE", "ci")]));
    holds(&stage, "awskms:///alias/cosign").await;
    let stage = stage.in_environment(&with(&[("AWS_PROFILE", "people")]));
    fails(
        &stage,
        &format!("awskms:///{ARN}"),
        "`sso_session` is not supported",
    )
    .await;
    let stage = stage.in_environment(&with(&[("AWS_PROFILE", "nobody")]));
    for key in [&format!("awskms:///{ARN}"), "awskms:///alias/cosign"] {
        fails(&stage, key, "`nobody` is in neither").await;
    }
    // The keys are those of the one who takes on the role.
    let stage = stage.in_environment(&with(&[("AWS_PROFILE", "both")]));
    fails(&stage, &format!("awskms:///{ARN}"), "`role_arn` is not supported").await;
    // A profile without credentials leaves the next place to be asked.
    let stage = stage.in_environment(&with(&[]));
    fails(&stage, &format!("awskms:///{ARN}"), "no AWS credentials").await;
    let stage = stage.in_environment(&with(&[
        ("AWS_PROFILE", "people"),
        ("AWS_ACCESS_KEY_ID", "AKID"),
        ("AWS_SECRET_ACCESS_KEY", "s3c/r3t="),
        ("AWS_SESSION_TOKEN", "session"),
    ]));
    holds(&stage, &format!("awskms:///{ARN}")).await;
}

#[tokio::test]
async fn a_profile_s_web_identity_is_exchanged_for_a_session() {
    let stage = stage().await;
    let give = kms(stage.key.public_der().to_vec(), "ASIA", "temporary", "session");
    let office = Office::open(move |request| {
        if request.form("Action") != "AssumeRoleWithWebIdentity" {
            return give(request);
        }
        assert_eq!(request.form("RoleArn"), "arn:aws:iam::111122223333:role/verifier");
        assert_eq!(request.form("RoleSessionName"), "laptop");
        assert_eq!(request.form("WebIdentityToken"), "ey.7");
        let xml = "<SessionToken>session</SessionToken><SecretAccessKey>temporary</SecretAccessKey>\
            <Expiration>2999-01-01T00:00:00Z</Expiration><AccessKeyId>ASIA</AccessKeyId>";
        (200, xml.to_owned())
    })
    .await;
    let token = token_file("ey.7");
    let config = token_file(&format!(
        "[profile ci]\nrole_arn = arn:aws:iam::111122223333:role/verifier\nrole_session_name = laptop\n\
        web_identity_token_file = {}\n",
        token.path().display()
    ));
    let stage = stage.in_environment(&[
        ("AWS_ENDPOINT_URL", &office.url()),
        ("AWS_CONFIG_FILE", &shown(&config)),
        ("AWS_PROFILE", "ci"),
    ]);
    holds(&stage, &format!("awskms:///{ARN}")).await;
}

fn shown(file: &tempfile::NamedTempFile) -> String {
    file.path().display().to_string()
}
