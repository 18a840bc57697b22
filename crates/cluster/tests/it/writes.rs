//! Writes: sent as they are meant, refused in words that tell what to do next.

use serde_json::json;

use crate::client;
use crate::cluster::{ClusterError, PatchKind, Preconditions};
use crate::server::{Server, ok, status};

const PATH: &str = "/api/v1/namespaces/a/configmaps/b";

#[tokio::test]
async fn a_patch_says_what_kind_it_is() {
    let server = Server::start(|_, _| ok("{}")).await;
    let client = client(&server);
    for kind in [PatchKind::Merge, PatchKind::Json, PatchKind::Apply] {
        client.patch(PATH, kind, &json!({"data": {}})).await.unwrap();
    }
    let types: Vec<String> = server
        .asked()
        .iter()
        .map(|asked| asked.header("content-type").unwrap().to_owned())
        .collect();
    assert_eq!(
        types,
        [
            "application/merge-patch+json",
            "application/json-patch+json",
            "application/apply-patch+yaml"
        ]
    );
    assert!(
        server
            .asked()
            .iter()
            .all(|asked| asked.text.starts_with("PATCH "))
    );
}

#[tokio::test]
async fn a_conflict_and_an_object_that_is_there_are_told_apart() {
    let server = Server::start(|asked, _| {
        if asked.text.starts_with("POST ") {
            let body = r#"{"kind":"Status","reason":"AlreadyExists","message":"b is there","code":409}"#;
            (409, String::new(), body.to_owned())
        } else {
            status(409, "the object has been modified")
        }
    })
    .await;
    let client = client(&server);
    let created = client.create("/api/v1/namespaces/a/configmaps", &json!({})).await;
    assert!(matches!(created, Err(ClusterError::AlreadyExists { message }) if message == "b is there"));
    let updated = client.update(PATH, &json!({})).await;
    assert!(matches!(updated, Err(ClusterError::Conflict { .. })));
}

#[tokio::test]
async fn a_delete_says_what_it_builds_on_and_does_not_mind_what_is_gone() {
    let server = Server::start(|_, before| {
        if before == 0 {
            ok("{}")
        } else {
            status(404, "gone")
        }
    })
    .await;
    let client = client(&server);
    let only_if = Preconditions {
        uid: Some("u-1"),
        resource_version: Some("7"),
    };
    client.delete(PATH, only_if).await.unwrap();
    client.delete(PATH, only_if).await.unwrap();
    let asked = server.asked();
    assert!(asked[0].text.starts_with("DELETE "));
    assert!(
        asked[0]
            .text
            .contains(r#""preconditions":{"resourceVersion":"7","uid":"u-1"}"#),
        "{}",
        asked[0].text
    );
}
