//! Logins against servers on loopback that answer as the clouds document it.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use super::*;
use crate::environment::Environment;

/// Answers every request with the body that `answer` makes of it; keeps the requests.
fn office(answer: fn(&str) -> (u16, String)) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let received: Arc<Mutex<Vec<String>>> = Arc::default();
    let kept = Arc::clone(&received);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let (mut text, mut part) = (String::new(), [0; 4096]);
            loop {
                let read = stream.read(&mut part).unwrap_or(0);
                text.push_str(&String::from_utf8_lossy(&part[..read]));
                let length = text
                    .to_lowercase()
                    .split_once("content-length: ")
                    .and_then(|(_, rest)| rest.lines().next()?.trim().parse::<usize>().ok());
                let body = text.split_once("\r\n\r\n").map(|(_, body)| body.len());
                if read == 0 || body.is_some_and(|body| body >= length.unwrap_or(0)) {
                    break;
                }
            }
            let (status, body) = answer(&text);
            kept.lock().unwrap().push(text);
            let length = body.len();
            // The other side may be gone.
            drop(write!(
                stream,
                "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
            ));
        }
    });
    (url, received)
}

fn login(cloud: Cloud, environment: &[(&str, &str)]) -> ProviderLogin {
    ProviderLogin::new(cloud, Clouds::new(Environment::of(environment.iter().copied())))
}

async fn credential(login: &ProviderLogin, host: &str) -> Option<Credential> {
    let resource = Resource {
        host,
        repository: "app",
    };
    let deadline = Deadline::after(Duration::from_secs(10));
    login.credential(resource, deadline).await.unwrap()
}

const ECR: &str = "111122223333.dkr.ecr.eu-west-3.amazonaws.com";

#[tokio::test]
async fn ecr_hands_out_a_password_for_its_region() {
    // base64 of `AWS:pass`
    let (url, received) = office(|_| {
        let body = r#"{"authorizationData":[{"authorizationToken":"QVdTOnBhc3M=","expiresAt":4.1e9,"proxyEndpoint":"x"}]}"#;
        (200, body.to_owned())
    });
    let login = login(
        Cloud::Amazon,
        &[
            ("AWS_ENDPOINT_URL_ECR", &url),
            ("AWS_ACCESS_KEY_ID", "AKID"),
            ("AWS_SECRET_ACCESS_KEY", "s3cr3t"),
        ],
    );
    for _ in 0..2 {
        assert_eq!(
            credential(&login, ECR).await,
            Some(Credential::Password {
                username: "AWS".to_owned(),
                password: Secret::new("pass")
            })
        );
    }
    let received = received.lock().unwrap();
    assert_eq!(received.len(), 1, "the login is used again");
    let request = received[0].to_lowercase();
    assert!(request.contains("x-amz-target: amazonec2containerregistry_v20150921.getauthorizationtoken"));
    assert!(request.contains("/eu-west-3/ecr/aws4_request"));
}

#[tokio::test]
async fn acr_exchanges_azure_s_token_for_its_own() {
    let (url, received) = office(|request| {
        if request.starts_with("POST /t/oauth2/v2.0/token ") {
            return (200, r#"{"access_token":"ey.azure","expires_in":3599}"#.to_owned());
        }
        let is_good = request.starts_with("POST /oauth2/exchange ")
            && request
                .contains("grant_type=access_token&service=acme.azurecr.io&access_token=ey.azure&tenant=t");
        if is_good {
            (200, r#"{"refresh_token":"ey.acr"}"#.to_owned())
        } else {
            (
                401,
                r#"{"errors":[{"code":"UNAUTHORIZED","message":"no"}]}"#.to_owned(),
            )
        }
    });
    let environment = Environment::of([
        ("AZURE_AUTHORITY_HOST", url.as_str()),
        ("AZURE_TENANT_ID", "t"),
        ("AZURE_CLIENT_ID", "c"),
        ("AZURE_CLIENT_SECRET", "hunter2"),
    ]);
    let found = azure::log_in(&Clouds::new(environment), "acme.azurecr.io", &url)
        .await
        .unwrap();
    assert_eq!(found.value, Credential::IdentityToken(Secret::new("ey.acr")));
    let received = received.lock().unwrap();
    assert!(received[0].contains("scope=https%3A%2F%2Fcontainerregistry.azure.net%2F.default"));
}

#[tokio::test]
async fn google_s_and_github_s_registries_take_their_tokens_as_passwords() {
    let (url, _) = office(|_| (200, r#"{"access_token":"ya29","expires_in":3599}"#.to_owned()));
    let host = url.trim_start_matches("http://");
    let password = |username: &str, password: &str| {
        Some(Credential::Password {
            username: username.to_owned(),
            password: Secret::new(password),
        })
    };
    let google = login(Cloud::Google, &[("GCE_METADATA_HOST", host)]);
    for registry in ["europe-docker.pkg.dev", "gcr.io", "eu.gcr.io"] {
        assert_eq!(
            credential(&google, registry).await,
            password("oauth2accesstoken", "ya29")
        );
    }
    let github = login(Cloud::GitHub, &[("GITHUB_TOKEN", "ghp")]);
    assert_eq!(credential(&github, "ghcr.io").await, password("unset", "ghp"));
}

/// CVE-2025-27403: an image's name decides whether a cloud is asked for a credential; no name but the cloud's own does.
#[tokio::test]
async fn a_host_that_only_looks_like_the_cloud_s_gets_no_login_cve_2025_27403() {
    let (url, received) = office(|_| (200, "{}".to_owned()));
    let host = url.trim_start_matches("http://").to_owned();
    for (cloud, foreign) in [
        (Cloud::Amazon, "1.dkr.ecr.eu-west-3.amazonaws.com.evil.example"),
        (Cloud::Azure, "acme.azurecr.io.evil.example"),
        (Cloud::Google, "gcr.io.evil.example"),
        (Cloud::GitHub, "ghcr.io.evil.example"),
    ] {
        let login = login(
            cloud,
            &[
                ("AWS_ENDPOINT_URL", &url),
                ("AWS_ACCESS_KEY_ID", "a"),
                ("AWS_SECRET_ACCESS_KEY", "b"),
                ("AZURE_POD_IDENTITY_AUTHORITY_HOST", &url),
                ("GCE_METADATA_HOST", &host),
                ("GITHUB_TOKEN", "ghp"),
            ],
        );
        assert_eq!(credential(&login, foreign).await, None);
    }
    assert!(received.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_login_that_fails_is_told_and_not_tried_at_once_again() {
    let (url, received) = office(|_| {
        (
            400,
            r#"{"__type":"AccessDeniedException","message":"no"}"#.to_owned(),
        )
    });
    let login = login(
        Cloud::Amazon,
        &[
            ("AWS_ENDPOINT_URL", &url),
            ("AWS_ACCESS_KEY_ID", "AKID"),
            ("AWS_SECRET_ACCESS_KEY", "s3cr3t"),
        ],
    );
    let resource = Resource {
        host: ECR,
        repository: "app",
    };
    assert_eq!(login.complaint(resource), None);
    for _ in 0..3 {
        assert_eq!(credential(&login, ECR).await, None);
    }
    let complaint = login.complaint(resource).unwrap();
    assert!(
        complaint.starts_with("provider amazon could not log in: ") && complaint.contains("AccessDenied")
    );
    assert!(!complaint.contains("s3cr3t"));
    assert_eq!(received.lock().unwrap().len(), 1);
    // Without a token nobody meant to log in to GitHub: no complaint.
    let github = super::tests::login(Cloud::GitHub, &[]);
    assert_eq!(credential(&github, "ghcr.io").await, None);
    assert_eq!(
        github.complaint(Resource {
            host: "ghcr.io",
            ..resource
        }),
        None
    );
}
