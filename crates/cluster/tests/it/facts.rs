//! What policies ask of a running cluster.

use std::time::Duration;

use fact_loading::Cluster as _;
use policy_engine::FactError;
use policy_types::kyverno_io::global_context_entry::GlobalContextEntry;
use serde_json::json;

use crate::client;
use crate::cluster::LiveCluster;
use crate::server::{Server, ok, status};

async fn town() -> Server {
    Server::start(|asked, _| match asked.path.as_str() {
        "/api/v1/namespaces/shop" => ok(r#"{"metadata":{"name":"shop","labels":{"team":"a"}}}"#),
        "/api/v1/namespaces/bare" => ok(r#"{"metadata":{"name":"bare"}}"#),
        "/api/v1/namespaces/shop/configmaps/cfg" => {
            ok(r#"{"kind":"ConfigMap","metadata":{"name":"cfg"},"data":{"k":"v"}}"#)
        }
        "/api/v1/namespaces/shop/secrets/key" => ok(r#"{"data":{"cosign.pub":"UEVN"}}"#),
        "/api/v1/namespaces/shop/secrets/broken" => ok(r#"{"data":{"cosign.pub":"*"}}"#),
        "/apis/apps/v1/namespaces/shop/deployments?limit=500" => {
            ok(r#"{"kind":"DeploymentList","items":[{"metadata":{"name":"d"}}]}"#)
        }
        path if path.starts_with("/apis/authorization.k8s.io") => {
            ok(json!({"sent": asked.text.split("\r\n\r\n").nth(1)}).to_string())
        }
        "/api/v1/secrets" => status(403, "secrets is forbidden"),
        _ => status(404, "not found"),
    })
    .await
}

fn live(server: &Server, fresh_for: u64) -> LiveCluster {
    let entries: Vec<GlobalContextEntry> = serde_json::from_value(json!([
        {"metadata": {"name": "deps"}, "spec": {
            "kubernetesResource": {"group": "apps", "version": "v1", "resource": "deployments", "namespace": "shop"},
            "projections": [{"name": "names", "jmesPath": "[].metadata.name"}]}},
        {"metadata": {"name": "a.b"}, "spec": {"apiCall": {"urlPath": "/api/v1/namespaces/bare"}}},
    ]))
    .unwrap();
    LiveCluster::new(client(server), entries, Duration::from_secs(fresh_for), 0)
}

fn failure<T: std::fmt::Debug>(answer: Result<T, FactError>) -> String {
    let error = answer.unwrap_err();
    let FactError::Failed(text) = error else {
        panic!("{error:?}")
    };
    text
}

#[tokio::test]
async fn facts_are_those_of_the_cluster() {
    let server = town().await;
    let live = live(&server, 60);
    assert_eq!(live.namespace_labels("shop").await.unwrap(), json!({"team": "a"}));
    assert_eq!(live.namespace_labels("bare").await.unwrap(), json!({}));
    let expected = json!({"data": {"k": "v"}, "metadata": {"name": "cfg"}});
    assert_eq!(live.config_map("shop", "cfg").await.unwrap(), expected);
    assert_eq!(live.secret("shop", "key").await.unwrap()["cosign.pub"], b"PEM");
    let path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
    let answer = live.call("POST", path, Some(r#"{"a":1}"#)).await.unwrap();
    assert_eq!(answer, json!({"sent": "{\"a\":1}"}));
    assert_eq!(live.global_context("deps.names").await.unwrap(), json!(["d"]));
    assert_eq!(
        live.global_context("a.b").await.unwrap()["metadata"]["name"],
        "bare"
    );
}

#[tokio::test]
async fn what_the_cluster_refuses_is_a_failure_and_only_what_it_says_is_not_there_is_absent() {
    let server = town().await;
    let live = live(&server, 60);
    let denied = failure(live.call("GET", "/api/v1/secrets", None).await);
    assert_eq!(denied, "permission denied: secrets is forbidden");
    let nowhere = live.namespace_labels("nowhere").await.unwrap_err();
    assert!(
        matches!(&nowhere, FactError::Absent(text) if text == "not found"),
        "{nowhere:?}"
    );
    assert!(failure(live.secret("shop", "broken").await).contains("no base64"));
    assert!(failure(live.global_context("other").await).contains("is not there"));
    assert!(failure(live.call("DELETE", "/api/v1/pods", None).await).contains("not supported"));
}

/// Attack: a name that policies compute from an object (`{{request.object.metadata.labels.x}}`) climbs to another object.
#[tokio::test]
async fn a_name_that_is_a_path_is_refused_unasked() {
    let server = town().await;
    let live = live(&server, 60);
    for name in ["../secrets/key", "..", "", "a/b", "a?b", "a%2fb"] {
        assert!(
            failure(live.config_map("shop", name).await).contains("no name"),
            "{name}"
        );
    }
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn answers_are_remembered_and_failures_are_not() {
    let server = town().await;
    let live = live(&server, 60);
    for _ in 0..3 {
        live.namespace_labels("shop").await.unwrap();
        live.namespace_labels("nowhere").await.unwrap_err();
    }
    assert_eq!(server.asked().len(), 1 + 3);
}
