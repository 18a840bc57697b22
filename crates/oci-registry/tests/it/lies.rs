//! Registries that lie about what they hold (CVE-2023-47630 and its kin).

use crate::oci_registry::{ManifestName, Registry as _, RegistryErrorKind};
use crate::server::{Server, answer, manifest};
use crate::{MANIFEST, call, client, digest, repository};

#[tokio::test]
async fn a_tag_is_resolved_by_one_head() {
    let server = Server::start(|_, _| manifest(MANIFEST)).await;
    let call = call();
    let found = client()
        .resolve(&call, &repository(&server.host), "1.4")
        .await
        .unwrap();
    assert_eq!(found, digest(MANIFEST));
    assert_eq!((server.count(), call.requests.get()), (1, 1));
    let asked = server.asked();
    assert_eq!(
        (asked[0].method.as_str(), asked[0].path.as_str()),
        ("HEAD", "/v2/acme/api/manifests/1.4")
    );
}

#[tokio::test]
async fn a_head_without_a_digest_is_followed_by_a_get_and_the_digest_computed() {
    for head in [200, 404, 405] {
        let server = Server::start(move |asked, _| {
            if asked.method == "HEAD" {
                answer(head, &[], "")
            } else {
                answer(200, &[], MANIFEST)
            }
        })
        .await;
        let found = client()
            .resolve(&call(), &repository(&server.host), "1.4")
            .await
            .unwrap();
        assert_eq!(found, digest(MANIFEST), "{head}");
    }
}

#[tokio::test]
async fn a_missing_tag_is_told_in_the_registry_s_own_words() {
    let body = r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"Unknown manifest"}]}"#;
    let server = Server::start(move |_, _| answer(404, &[], body)).await;
    let error = client()
        .resolve(&call(), &repository(&server.host), "nope")
        .await
        .unwrap_err();
    assert!(error.is_not_found());
    assert_eq!(
        error.to_string(),
        format!(
            "GET http://{}/v2/acme/api/manifests/nope: MANIFEST_UNKNOWN: Unknown manifest",
            server.host
        )
    );
}

#[tokio::test]
async fn content_other_than_the_digest_asked_for_is_refused() {
    let server = Server::start(|_, _| answer(200, &[], MANIFEST)).await;
    let other = digest("another");
    let (client, call, location) = (client(), call(), repository(&server.host));
    let error = client
        .manifest(&call, &location, &ManifestName::Digest(other.clone()))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), RegistryErrorKind::DigestMismatch);
    let error = client.blob(&call, &location, &other, 1 << 20).await.unwrap_err();
    assert_eq!(error.kind(), RegistryErrorKind::DigestMismatch);
    assert!(!error.is_transient());
}

/// The registry announces the digest of a signed image with the bytes of an unsigned one.
#[tokio::test]
async fn bytes_other_than_the_digest_announced_are_refused() {
    let signed = digest("signed").to_string();
    let server = Server::start(move |asked, _| {
        let headers = [("docker-content-digest", signed.as_str())];
        let headers = if asked.method == "HEAD" {
            &[]
        } else {
            headers.as_slice()
        };
        answer(200, headers, MANIFEST)
    })
    .await;
    let (client, call, location) = (client(), call(), repository(&server.host));
    let tag = ManifestName::tag("1").unwrap();
    let error = client.manifest(&call, &location, &tag).await.unwrap_err();
    assert_eq!(error.kind(), RegistryErrorKind::DigestMismatch);
    let error = client.resolve(&call, &location, "1").await.unwrap_err();
    assert_eq!(error.kind(), RegistryErrorKind::DigestMismatch);
    let by_digest = ManifestName::Digest(digest(MANIFEST));
    let error = client.manifest(&call, &location, &by_digest).await.unwrap_err();
    assert_eq!(error.kind(), RegistryErrorKind::DigestMismatch);
}

#[tokio::test]
async fn a_malformed_digest_header_is_refused_before_it_can_reach_a_url() {
    let server =
        Server::start(|_, _| answer(200, &[("docker-content-digest", "sha256:../../evil")], MANIFEST)).await;
    let error = client()
        .resolve(&call(), &repository(&server.host), "1")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), RegistryErrorKind::Protocol);
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn a_document_served_as_another_kind_is_refused() {
    let headers = [("content-type", "application/vnd.oci.image.index.v1+json")];
    let server = Server::start(move |_, _| answer(200, &headers, MANIFEST)).await;
    let name = ManifestName::Digest(digest(MANIFEST));
    let error = client()
        .manifest(&call(), &repository(&server.host), &name)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), RegistryErrorKind::Protocol);
}
