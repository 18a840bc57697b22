//! Lists: all of their pages, or an error.

use crate::client;
use crate::cluster::{ClusterError, Discovery, ListOptions, ServedKind, list};
use crate::server::{Answer, Asked, Server, ok, status};

fn pods() -> ServedKind {
    ServedKind {
        group: String::new(),
        version: "v1".to_owned(),
        kind: "Pod".to_owned(),
        plural: "pods".to_owned(),
        is_namespaced: true,
    }
}

/// Page `number` (from 0) of `last + 1` pages with two Pods each.
fn page(number: usize, last: usize) -> Answer {
    let next = if number < last {
        format!("page {}&", number + 1)
    } else {
        String::new()
    };
    let pod = |name: usize| format!(r#"{{"metadata":{{"name":"p{name}","managedFields":[{{}}]}}}}"#);
    ok(format!(
        r#"{{"kind":"PodList","metadata":{{"continue":"{next}"}},"items":[{},{}]}}"#,
        pod(number * 2),
        pod(number * 2 + 1)
    ))
}

/// The page that a request asks for.
fn wanted(asked: &Asked) -> usize {
    let continuation = asked.path.split("continue=page+").nth(1);
    continuation.map_or(0, |text| text.trim_end_matches("%26").parse().unwrap())
}

async fn listed(server: &Server) -> Result<Vec<serde_json::Value>, ClusterError> {
    list(&client(server), &pods(), ListOptions::default()).await
}

#[tokio::test]
async fn every_page_is_read_and_every_object_is_complete() {
    let server = Server::start(|asked, _| page(wanted(asked), 4)).await;
    let objects = listed(&server).await.unwrap();
    let names: Vec<_> = objects
        .iter()
        .map(|object| object["metadata"]["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        ["p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "p9"]
    );
    assert!(
        objects
            .iter()
            .all(|object| object["kind"] == "Pod" && object["apiVersion"] == "v1")
    );
    assert!(
        objects
            .iter()
            .all(|object| object["metadata"].get("managedFields").is_none())
    );
    let asked = server.asked();
    assert_eq!(asked.len(), 5);
    assert_eq!(asked[0].path, "/api/v1/pods?limit=500");
    assert_eq!(asked[1].path, "/api/v1/pods?limit=500&continue=page+1%26");
}

#[tokio::test]
async fn a_list_of_which_one_page_fails_is_an_error() {
    for code in [403, 404, 500] {
        let server = Server::start(move |asked, _| match wanted(asked) {
            2 => status(code, "no more"),
            number => page(number, 4),
        })
        .await;
        let error = listed(&server).await.unwrap_err();
        assert!(error.to_string().contains("no more"), "{error}");
        assert_eq!(error.to_string().contains("permission denied"), code == 403);
    }
}

#[tokio::test]
async fn a_list_whose_continuation_expired_begins_anew_and_holds_each_object_once() {
    let server = Server::start(|asked, before| match wanted(asked) {
        2 if before < 4 => status(410, "The provided continue parameter is too old"),
        number => page(number, 3),
    })
    .await;
    assert_eq!(listed(&server).await.unwrap().len(), 8);
    assert_eq!(server.asked().len(), 3 + 4);
}

#[tokio::test]
async fn a_list_that_expires_again_and_again_is_an_error() {
    let server = Server::start(|asked, _| match wanted(asked) {
        1 => status(410, "too old"),
        number => page(number, 3),
    })
    .await;
    assert!(matches!(listed(&server).await, Err(ClusterError::Gone { .. })));
    assert_eq!(server.asked().len(), 4 * 2);
}

#[tokio::test]
async fn an_answer_that_is_no_list_is_an_error_and_not_an_empty_list() {
    for body in [
        "{}",
        r#"{"kind":"Status","items":null}"#,
        r#"{"kind":"PodList","items":[1]}"#,
        "[]",
        "",
    ] {
        let server = Server::start(move |_, _| ok(body)).await;
        assert!(
            matches!(listed(&server).await, Err(ClusterError::Malformed { .. })),
            "{body}"
        );
    }
    let server = Server::start(|_, _| ok(r#"{"kind":"PodList","items":null}"#)).await;
    assert!(listed(&server).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_page_that_continues_with_itself_ends_the_list_with_an_error() {
    let server = Server::start(|_, _| page(0, 1)).await;
    assert!(
        listed(&server)
            .await
            .unwrap_err()
            .to_string()
            .contains("continues with itself")
    );
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn a_server_that_is_busy_is_asked_again_as_it_says() {
    let server = Server::start(|_, before| {
        if before == 0 {
            (429, "retry-after: 0\r\n".to_owned(), String::new())
        } else {
            page(0, 0)
        }
    })
    .await;
    assert_eq!(listed(&server).await.unwrap().len(), 2);
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn an_aggregated_api_that_is_down_is_told_and_the_rest_is_there() {
    let server = Server::start(|asked, _| match asked.path.as_str() {
        "/api" => ok(r#"{"versions":["v1"]}"#),
        "/apis" => ok(
            r#"{"groups":[{"name":"metrics.k8s.io","versions":[{"version":"v1"}],"preferredVersion":{"version":"v1"}}]}"#,
        ),
        "/api/v1" => ok(r#"{"resources":[{"name":"pods","kind":"Pod","namespaced":true,"verbs":["list"]}]}"#),
        _ => status(503, "the server is currently unable to handle the request"),
    })
    .await;
    let discovery = Discovery::of(&client(&server)).await.unwrap();
    assert_eq!(discovery.preferred(|_| true), [&pods()]);
    assert_eq!(discovery.unavailable()[0].group, "metrics.k8s.io");
}
