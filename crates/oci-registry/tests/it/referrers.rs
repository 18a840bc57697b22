//! Referrers: by the API, page by page, or by the tag where there is no API.

use crate::oci_registry::{Registry as _, RegistryErrorKind};
use crate::server::{Answer, Asked, Server, answer, index};
use crate::{call, client, digest, repository};

fn is_api(asked: &Asked) -> bool {
    asked.path.starts_with("/v2/acme/api/referrers/sha256:")
}

fn is_tag(asked: &Asked) -> bool {
    asked.path.starts_with("/v2/acme/api/manifests/sha256-")
}

fn digests(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| digest(name).to_string()).collect()
}

fn unknown() -> Answer {
    answer(404, &[], "404 page not found")
}

#[tokio::test]
async fn pages_are_followed_in_order() {
    let server = Server::start(|asked, _| match asked.query.as_str() {
        "" => index(
            200,
            &[("link", "</v2/acme/api/referrers/x?next=2>; rel=\"next\"")],
            &digests(&["a"]),
        ),
        "next=2" => index(
            200,
            &[("link", "<https://evil.example/steal?next=3>; rel=\"next\"")],
            &digests(&["b"]),
        ),
        _ => index(200, &[], &digests(&["c"])),
    })
    .await;
    let found = client()
        .referrers(&call(), &repository(&server.host), &digest("image"))
        .await
        .unwrap();
    let found: Vec<_> = found
        .iter()
        .map(|descriptor| descriptor.digest.to_string())
        .collect();
    assert_eq!(found, digests(&["a", "b", "c"]));
    assert!(
        server.asked().iter().all(is_api),
        "a link chooses the page, not the host"
    );
}

#[tokio::test]
async fn a_list_without_an_end_is_an_error() {
    let server = Server::start(|_, before| {
        index(
            200,
            &[("link", &format!("<x?next={before}>; rel=\"next\""))],
            &digests(&["a"]),
        )
    })
    .await;
    let error = client()
        .referrers(&call(), &repository(&server.host), &digest("image"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), RegistryErrorKind::TooLarge);
    assert_eq!(server.count(), 10);
    let many: Vec<_> = (0..1001)
        .map(|number| digest(&number.to_string()).to_string())
        .collect();
    let server = Server::start(move |_, _| index(200, &[], &many)).await;
    let error = client()
        .referrers(&call(), &repository(&server.host), &digest("image"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), RegistryErrorKind::TooLarge);
}

#[tokio::test]
async fn a_registry_without_the_api_is_asked_by_tag_and_remembered() {
    for (status, body) in [
        (404, "404 page not found"),
        (400, ""),
        (405, ""),
        (200, "<html>"),
        (200, ""),
        (200, "{}"),
    ] {
        let server = Server::start(move |asked, _| {
            if is_api(asked) {
                answer(status, &[], body)
            } else {
                index(200, &[], &digests(&["a"]))
            }
        })
        .await;
        let (client, call) = (client(), call());
        for _ in 0..3 {
            let found = client
                .referrers(&call, &repository(&server.host), &digest("image"))
                .await
                .unwrap();
            assert_eq!(found.len(), 1, "{status} {body}");
        }
        let asked = server.asked();
        assert_eq!(
            asked.iter().filter(|asked| is_api(asked)).count(),
            1,
            "{status} {body}"
        );
        assert_eq!(
            asked.iter().filter(|asked| is_tag(asked)).count(),
            3,
            "{status} {body}"
        );
    }
}

#[tokio::test]
async fn an_unknown_repository_does_not_make_its_host_one_without_the_api() {
    let body = r#"{"errors":[{"code":"NAME_UNKNOWN","message":"repository name not known"}]}"#;
    let server = Server::start(move |_, _| answer(404, &[], body)).await;
    let (client, call) = (client(), call());
    for _ in 0..2 {
        assert!(
            client
                .referrers(&call, &repository(&server.host), &digest("image"))
                .await
                .unwrap()
                .is_empty()
        );
    }
    assert_eq!(server.asked().iter().filter(|asked| is_api(asked)).count(), 2);
}

#[tokio::test]
async fn no_referrers_is_an_empty_list_and_a_failure_is_not() {
    let server = Server::start(|asked, _| {
        if is_api(asked) {
            index(200, &[], &[])
        } else {
            unknown()
        }
    })
    .await;
    assert!(
        client()
            .referrers(&call(), &repository(&server.host), &digest("image"))
            .await
            .unwrap()
            .is_empty()
    );
    let server = Server::start(|_, _| unknown()).await;
    assert!(
        client()
            .referrers(&call(), &repository(&server.host), &digest("image"))
            .await
            .unwrap()
            .is_empty()
    );
    let server = Server::start(|_, _| answer(403, &[], "")).await;
    assert!(
        client()
            .referrers(&call(), &repository(&server.host), &digest("image"))
            .await
            .is_err()
    );
    let server = Server::start(|_, _| index(200, &[], &["sha256:../x".to_owned()])).await;
    assert!(
        client()
            .referrers(&call(), &repository(&server.host), &digest("image"))
            .await
            .is_err()
    );
}
