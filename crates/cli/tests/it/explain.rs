//! `explain` against an API server of a few lines, and from a log.

use serde_json::{Value, json};

use crate::api_server;
use crate::terminal::{Folder, Said, vouchsafe};

const ID: &str = "0123abcd-0123456789abcdef0123456789abcdef";

fn explanation() -> Value {
    json!({
        "uid": "u-1", "atSeconds": 1_750_003_200, "operation": "CREATE", "webhook": "validate", "dryRun": false,
        "resource": "Pod/shop/web",
        "rules": [{
            "policy": "signed", "rule": "by-us", "outcome": "fail", "failureAction": "Enforce", "blocks": true,
            "selectedBy": "match.any[0]", "exceptions": [], "message": "failed to verify image",
            "reason": {"code": "UNSIGNED", "permanence": "permanent", "detail": "sign it"},
            "tree": [{"depth": 0, "text": "image x is sha256:00"}],
        }],
    })
}

const TEXT: &str = "\
denied at 2025-06-15T16:00:00Z: CREATE in the call of `validate`, request u-1
Pod/shop/web
  policy signed rule by-us: fail
    selected by match.any[0]
    failure action Enforce, blocks
    failed to verify image (UNSIGNED: sign it)
      image x is sha256:00
";

/// Two replicas run and one has not begun; `second` is what the second one answers.
fn replicas(second: fn() -> (u16, String)) -> impl Fn(&str) -> (u16, String) {
    move |path| {
        let pod = |name: &str, phase: &str, port: u64| {
            json!({"metadata": {"name": name}, "status": {"phase": phase},
                "spec": {"containers": [{"ports": [{"name": "webhook", "containerPort": port}]}]}})
        };
        let none = || (404, r#"{"message": "this replica made no such id"}"#.to_owned());
        match path {
            "/api/v1/namespaces/guard/pods?labelSelector=app.kubernetes.io%2Fname%3Dvouchsafe&limit=100" => {
                let pods = json!({"items": [pod("a", "Running", 9443), pod("b", "Running", 8443), pod("c", "Pending", 9443)]});
                (200, pods.to_string())
            }
            path if path == format!("/api/v1/namespaces/guard/pods/https:a:9443/proxy/explain/{ID}") => {
                none()
            }
            path if path == format!("/api/v1/namespaces/guard/pods/https:b:8443/proxy/explain/{ID}") => {
                second()
            }
            path => (500, format!(r#"{{"message": "not asked for: {path}"}}"#)),
        }
    }
}

fn explain(second: fn() -> (u16, String), extra: &[&str]) -> Said {
    let folder = Folder::new();
    let (config, _) = api_server::start(&folder, replicas(second));
    let mut words = vec!["explain", ID, "--kubeconfig", &config, "--namespace", "guard"];
    words.extend(extra);
    vouchsafe(&words)
}

#[test]
fn the_replica_that_denied_is_found_through_the_api_server() {
    let kept = || (200, explanation().to_string());
    let said = explain(kept, &[]);
    assert_eq!((said.code, said.out.as_str()), (0, TEXT), "{}", said.err);
    let said = explain(kept, &["--output", "json"]);
    assert_eq!(serde_json::from_str::<Value>(&said.out).unwrap(), explanation());
}

#[test]
fn an_explanation_that_gave_way_to_later_ones_is_said_to_be_evicted() {
    let said = explain(|| (410, r#"{"message": "no longer kept"}"#.to_owned()), &[]);
    assert_eq!((said.code, said.out.as_str()), (1, ""));
    assert!(
        said.err.contains("was evicted: replica b keeps the last 8 MiB"),
        "{}",
        said.err
    );
}

#[test]
fn of_an_id_that_no_replica_made_it_is_said_that_its_maker_has_ended() {
    let said = explain(|| (404, String::new()), &[]);
    assert_eq!((said.code, said.out.as_str()), (1, ""));
    assert!(said.err.contains("none of 2 replicas made"), "{}", said.err);
}

/// Its caller's rights decide, and silence of a replica that was not asked is no "not found".
#[test]
fn who_may_not_ask_the_replicas_is_told_so() {
    let forbidden = || {
        (
            403,
            r#"{"kind": "Status", "message": "pods \"b\" is forbidden: cannot get pods/proxy"}"#.to_owned(),
        )
    };
    let said = explain(forbidden, &[]);
    assert_eq!((said.code, said.out.as_str()), (1, ""));
    assert!(
        said.err.contains("b: permission denied: pods \"b\" is forbidden"),
        "{}",
        said.err
    );
}

#[test]
fn what_is_no_id_is_never_sent() {
    for text in [
        "",
        "0123",
        "../../secrets",
        ID.split_at(40).0,
        &format!("{ID}/.."),
    ] {
        let said = vouchsafe(&["explain", "--kubeconfig", "/nowhere", "--", text]);
        assert_eq!(said.code, 2, "{text}: {}", said.err);
    }
}

#[test]
fn a_log_of_json_lines_explains_too() {
    let folder = Folder::new();
    let line =
        json!({"level": "WARN", "message": "explained", "id": ID, "explanation": explanation().to_string()});
    let log = folder.file("log", &format!("{{\"level\":\"INFO\"}}\n{line}\n"));
    let said = vouchsafe(&["explain", ID, "--log", &log]);
    assert_eq!((said.code, said.out.as_str()), (0, TEXT), "{}", said.err);
    let other = ID.replace("abcdef", "abcdee");
    let said = vouchsafe(&["explain", &other, "--log", &log]);
    assert_eq!(said.code, 1);
    assert!(said.err.contains("written with `--log json`"), "{}", said.err);
}
