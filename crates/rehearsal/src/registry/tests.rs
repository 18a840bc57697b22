use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::*;
use crate::oci::{Descriptor, IMAGE_MANIFEST, Manifest};

/// A client that trusts nobody: one request on one connection, the whole answer as text.
async fn get(registry: &Registry, path: &str, headers: &str) -> String {
    let mut stream = TcpStream::connect(registry.address()).await.unwrap();
    let host = registry.host();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

fn manifest(subject: Option<&str>, kind: &str) -> Vec<u8> {
    let mut manifest = Manifest::new(Descriptor::of("application/vnd.oci.empty.v1+json", b"{}"), vec![]);
    manifest.artifact_type = Some(kind.to_owned());
    manifest.annotations.insert("note".to_owned(), kind.to_owned());
    manifest.subject = subject.map(|digest| {
        let mut descriptor = Descriptor::of(IMAGE_MANIFEST, b"");
        descriptor.digest = digest.to_owned();
        descriptor
    });
    serde_json::to_vec(&manifest).unwrap()
}

/// An image tagged `app` with three referrers of two kinds.
fn content() -> (Content, String) {
    let content = Content::new();
    let image = content.put_manifest("acme/app", IMAGE_MANIFEST, manifest(None, "image"));
    content.tag("acme/app", "app", &image);
    for (kind, salt) in [("sig", 1), ("sbom", 2), ("sig", 3)] {
        let mut bytes = manifest(Some(&image), kind);
        bytes.extend(std::iter::repeat_n(b' ', salt));
        content.put_manifest("acme/app", IMAGE_MANIFEST, bytes);
    }
    (content, image)
}

async fn start(options: Options) -> (Registry, String) {
    let (content, image) = content();
    (Registry::start(content, options).await.unwrap(), image)
}

#[tokio::test]
async fn a_manifest_is_served_by_tag_and_by_digest_with_its_digest_header() {
    let (registry, image) = start(Options::default()).await;
    for reference in ["app", image.as_str()] {
        let answer = get(&registry, &format!("/v2/acme/app/manifests/{reference}"), "").await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(
            answer.contains(&format!("docker-content-digest: {image}")),
            "{answer}"
        );
        assert!(answer.contains(IMAGE_MANIFEST), "{answer}");
    }
    assert!(
        get(&registry, "/v2/acme/app/manifests/none", "")
            .await
            .contains("MANIFEST_UNKNOWN")
    );
    assert!(
        get(&registry, "/v2/acme/none/manifests/app", "")
            .await
            .contains("NAME_UNKNOWN")
    );
    assert_eq!(registry.requests().len(), 4);
    registry.shutdown().await;
}

#[tokio::test]
async fn referrers_are_filtered_and_paged() {
    let page = NonZeroUsize::new(1);
    let (registry, image) = start(Options {
        page,
        ..Options::default()
    })
    .await;
    let path = format!("/v2/acme/app/referrers/{image}");
    let first = get(&registry, &format!("{path}?artifactType=sig"), "").await;
    assert!(first.contains("oci-filters-applied: artifactType"), "{first}");
    assert!(
        first.contains("\"artifactType\":\"sig\"") && !first.contains("sbom"),
        "{first}"
    );
    assert!(
        first.contains(&format!("link: <{path}?start=1&artifactType=sig>; rel=\"next\"")),
        "{first}"
    );
    let second = get(&registry, &format!("{path}?start=1&artifactType=sig"), "").await;
    assert!(
        second.contains("\"artifactType\":\"sig\"") && !second.contains("link:"),
        "{second}"
    );
}

#[tokio::test]
async fn without_the_referrers_api_the_index_is_a_tag() {
    let (registry, image) = start(Options {
        referrers_api: false,
        ..Options::default()
    })
    .await;
    assert!(
        get(&registry, &format!("/v2/acme/app/referrers/{image}"), "")
            .await
            .starts_with("HTTP/1.1 404")
    );
    let tag = image.replace(':', "-");
    let fallback = get(&registry, &format!("/v2/acme/app/manifests/{tag}"), "").await;
    assert_eq!(
        fallback.matches("\"artifactType\":\"sig\"").count(),
        2,
        "{fallback}"
    );
    assert!(
        !fallback.contains("\"note\""),
        "cosign's fallback index has no annotations: {fallback}"
    );
}

#[tokio::test]
async fn a_token_is_for_one_repository_and_ends_when_revoked() {
    let access = Access::Bearer(BearerAccess::new("user", "secret"));
    let (registry, _) = start(Options {
        access,
        ..Options::default()
    })
    .await;
    let refused = get(&registry, "/v2/acme/app/manifests/app", "").await;
    assert!(refused.starts_with("HTTP/1.1 401"), "{refused}");
    assert!(
        refused.contains("scope=\"repository:acme/app:pull\""),
        "{refused}"
    );
    assert!(
        get(&registry, "/token?scope=repository:acme/app:pull", "")
            .await
            .starts_with("HTTP/1.1 401")
    );
    let basic = format!("authorization: {}\r\n", access::basic("user", "secret"));
    let given = get(&registry, "/token?scope=repository%3Aacme%2Fapp%3Apull", &basic).await;
    let token = given
        .split("\"token\":\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .unwrap();
    let bearer = format!("authorization: Bearer {token}\r\n");
    assert!(
        get(&registry, "/v2/acme/app/manifests/app", &bearer)
            .await
            .starts_with("HTTP/1.1 200")
    );
    assert!(
        get(&registry, "/v2/acme/other/manifests/app", &bearer)
            .await
            .starts_with("HTTP/1.1 401")
    );
    registry.revoke_tokens();
    assert!(
        get(&registry, "/v2/acme/app/manifests/app", &bearer)
            .await
            .starts_with("HTTP/1.1 401")
    );
}

#[tokio::test]
async fn a_tag_moves_between_requests_when_told_to() {
    let (registry, image) = start(Options::default()).await;
    let other = registry
        .content()
        .put_manifest("acme/app", IMAGE_MANIFEST, manifest(None, "other"));
    let moves = Misbehaviour::MoveTo(vec![image.clone(), other.clone()]);
    registry.misbehave(Fault::new(Target::Manifest("app".to_owned()), moves));
    for expected in [&image, &other, &other] {
        assert!(
            get(&registry, "/v2/acme/app/manifests/app", "")
                .await
                .contains(expected.as_str())
        );
    }
}

#[tokio::test]
async fn faults_strike_as_often_as_told_and_then_the_truth_is_served() {
    let (registry, _) = start(Options::default()).await;
    let slow_down = Misbehaviour::TooManyRequests {
        retry_after: Some("1".to_owned()),
    };
    registry.misbehave(Fault::new(Target::Manifests, slow_down).after(1).times(1));
    let path = "/v2/acme/app/manifests/app";
    assert!(get(&registry, path, "").await.starts_with("HTTP/1.1 200"));
    let struck = get(&registry, path, "").await;
    assert!(
        struck.starts_with("HTTP/1.1 429") && struck.contains("retry-after: 1"),
        "{struck}"
    );
    assert!(get(&registry, path, "").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn an_oversized_body_has_the_length_it_announces() {
    let (registry, _) = start(Options::default()).await;
    registry.misbehave(Fault::new(
        Target::Manifests,
        Misbehaviour::OversizedBody(200_000),
    ));
    let answer = get(&registry, "/v2/acme/app/manifests/app", "").await;
    assert!(answer.contains("content-length: 200000"));
    assert_eq!(answer.split("\r\n\r\n").nth(1).map(str::len), Some(200_000));
}

#[tokio::test]
async fn a_stalled_answer_does_not_outlive_the_registry() {
    let (registry, _) = start(Options::default()).await;
    registry.misbehave(Fault::new(Target::Everything, Misbehaviour::Stall));
    let address = registry.address();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream
        .write_all(b"GET /v2/ HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    let mut byte = [0];
    assert!(
        timeout(Duration::from_millis(50), stream.read(&mut byte))
            .await
            .is_err(),
        "it must stall"
    );
    timeout(Duration::from_secs(5), registry.shutdown())
        .await
        .unwrap();
    assert!(
        matches!(stream.read(&mut byte).await, Ok(0) | Err(_)),
        "the connection must be closed"
    );
    assert!(
        TcpStream::connect(address).await.is_err(),
        "nobody listens any more"
    );
}
