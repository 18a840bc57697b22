//! Copies that follow the cluster: whole or not at all, through ended, failed and expired watches.

use std::time::Duration;

use serde_json::Value;

use crate::client;
use crate::cluster::{ObjectName, ServedKind, Store, Subject, Sync, reflect};
use crate::server::{Answer, Asked, Server, ok, status};

fn policies() -> ServedKind {
    ServedKind::known("kyverno.io", "v1", "ClusterPolicy", "clusterpolicies", false)
}

fn object(name: &str, version: u32) -> String {
    format!(r#"{{"metadata":{{"name":"{name}","resourceVersion":"{version}"}}}}"#)
}

fn listed(version: u32, objects: &[String]) -> Answer {
    let items = objects.join(",");
    ok(format!(
        r#"{{"kind":"ClusterPolicyList","metadata":{{"resourceVersion":"{version}"}},"items":[{items}]}}"#
    ))
}

fn event(kind: &str, object: &str) -> String {
    format!("{{\"type\":\"{kind}\",\"object\":{object}}}\n")
}

fn is_watch(asked: &Asked) -> bool {
    asked.path.contains("watch=1")
}

/// Starts a copy of the policies of `server` that keeps their versions.
fn copy(server: &Server) -> Store<String> {
    let store = Store::default();
    let keep = |object: Value| Some(object.pointer("/metadata/resourceVersion")?.as_str()?.to_owned());
    tokio::spawn(reflect(
        client(server),
        Subject::all(policies()),
        store.clone(),
        keep,
    ));
    store
}

/// The copy as soon as it is as expected; a test that waits longer fails.
async fn becomes(store: &Store<String>, expected: &[(&str, &str)]) {
    let mut changes = store.changes();
    let shown = || -> Vec<(String, String)> {
        let all = store.all().into_iter();
        all.map(|(name, version)| (name.name, (*version).clone()))
            .collect()
    };
    let wanted: Vec<(String, String)> = expected
        .iter()
        .map(|(name, version)| ((*name).to_owned(), (*version).to_owned()))
        .collect();
    let waiting = async {
        while shown() != wanted {
            changes.changed().await.unwrap();
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(20), waiting).await;
    assert!(waited.is_ok(), "{:?} never became {wanted:?}", shown());
}

#[tokio::test]
async fn a_copy_is_listed_then_follows_every_event() {
    let server = Server::start(|asked, before| match (is_watch(asked), before) {
        (false, _) => listed(5, &[object("a", 1), object("b", 2)]),
        (true, 1) => ok([
            event("MODIFIED", &object("a", 6)),
            event("DELETED", &object("b", 7)),
            event("ADDED", &object("c", 8)),
        ]
        .concat()),
        (true, _) => ok(event("BOOKMARK", &object("", 90))),
    })
    .await;
    let store = copy(&server);
    assert_eq!(store.state(), Sync::Unread(None));
    becomes(&store, &[("a", "6"), ("c", "8")]).await;
    assert!(store.is_synced());
    let name = ObjectName {
        namespace: String::new(),
        name: "c".to_owned(),
    };
    assert_eq!(store.get(&name).as_deref().map(String::as_str), Some("8"));
    let asked = server.asked();
    assert!(asked[1].path.contains("resourceVersion=5"), "{}", asked[1].path);
    assert!(
        asked[1].path.contains("allowWatchBookmarks=true"),
        "{}",
        asked[1].path
    );
}

#[tokio::test]
async fn an_ended_watch_goes_on_from_the_last_version_it_saw_bookmarks_included() {
    let server = Server::start(|asked, before| match (is_watch(asked), before) {
        (false, _) => listed(5, &[]),
        (true, 1) => ok(event("BOOKMARK", &object("", 70))),
        (true, 2) => ok(event("ADDED", &object("late", 71))),
        (true, _) => ok(""),
    })
    .await;
    becomes(&copy(&server), &[("late", "71")]).await;
    let asked = server.asked();
    assert!(asked[2].path.contains("resourceVersion=70"), "{}", asked[2].path);
    assert_eq!(asked.iter().filter(|asked| !is_watch(asked)).count(), 1);
}

/// etcd is compacted: what happened in between is lost, so an object deleted meanwhile is known only from a new list.
#[tokio::test]
async fn a_watch_whose_version_is_too_old_lists_anew_and_forgets_what_is_gone() {
    for expired in [
        status(410, "too old resource version"),
        ok(event(
            "ERROR",
            r#"{"kind":"Status","code":410,"reason":"Expired","message":"too old"}"#,
        )),
    ] {
        let server = Server::start(move |asked, before| match (is_watch(asked), before) {
            (false, 0) => listed(5, &[object("a", 1), object("gone", 2)]),
            (false, _) => listed(9, &[object("a", 8)]),
            (true, 1) => expired.clone(),
            (true, _) => ok(event("BOOKMARK", &object("", 100))),
        })
        .await;
        becomes(&copy(&server), &[("a", "8")]).await;
    }
}

#[tokio::test]
async fn what_was_known_is_kept_while_the_server_fails() {
    let server = Server::start(|asked, before| match (is_watch(asked), before) {
        (false, 0) => listed(5, &[object("a", 1)]),
        (true, 1..=3) => status(500, "etcd is down"),
        (true, 4) => ok(event("MODIFIED", &object("a", 6))),
        _ => ok(""),
    })
    .await;
    let store = copy(&server);
    becomes(&store, &[("a", "1")]).await;
    becomes(&store, &[("a", "6")]).await;
    assert_eq!(server.asked().iter().filter(|asked| !is_watch(asked)).count(), 1);
}

#[tokio::test]
async fn a_list_that_fails_leaves_the_copy_unread_and_says_why() {
    let server = Server::start(|_, _| status(403, "forbidden")).await;
    let store = copy(&server);
    let mut changes = store.changes();
    changes.changed().await.unwrap();
    assert!(!store.is_synced());
    let Sync::Unread(Some(why)) = store.state() else {
        panic!("{:?}", store.state())
    };
    assert!(why.contains("permission denied: forbidden"), "{why}");
}

#[tokio::test]
async fn a_kind_that_is_not_served_has_no_objects_until_it_is() {
    let server = Server::start(|asked, before| match (is_watch(asked), before) {
        (false, 0) => status(404, "the server could not find the requested resource"),
        (false, _) => listed(5, &[object("a", 1)]),
        (true, _) => ok(event("BOOKMARK", &object("", 6))),
    })
    .await;
    let store = copy(&server);
    store.synced().await;
    assert_eq!(store.state(), Sync::NoSuchKind);
    becomes(&store, &[("a", "1")]).await;
    assert_eq!(store.state(), Sync::Whole);
}

/// A server, or who stands between, that never ends a line must not fill the memory.
#[tokio::test]
async fn an_event_without_end_ends_the_watch() {
    let server = Server::start(|asked, before| match (is_watch(asked), before) {
        (false, _) => listed(5, &[object("a", 1)]),
        (true, 1) => ok("x".repeat(9 * 1024 * 1024)),
        (true, 2) => ok(event("MODIFIED", &object("a", 6))),
        (true, _) => ok(""),
    })
    .await;
    becomes(&copy(&server), &[("a", "6")]).await;
}
