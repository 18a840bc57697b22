//! Which server, asked by whom.

use crate::cluster::{Client, ClusterError};
use crate::server::{Server, ok};
use crate::{kubeconfig, load, text};

async fn greeted() -> Server {
    Server::start(|_, _| ok(r#"{"versions":["v1"]}"#)).await
}

/// Asks once as `user`; gives what the server was asked.
async fn asked_as(user: &str) -> crate::server::Asked {
    let server = greeted().await;
    let (_folder, path) = kubeconfig(&server, user);
    let client = Client::new(load(&path).unwrap()).unwrap();
    client.get("/api").await.unwrap();
    server.asked().remove(0)
}

#[tokio::test]
async fn a_user_is_proven_as_the_kubeconfig_says() {
    for (user, expected) in [
        ("{token: s3cret}", Some("Bearer s3cret")),
        ("{username: me, password: pw}", Some("Basic bWU6cHc=")),
        ("{}", None),
    ] {
        assert_eq!(asked_as(user).await.header("authorization"), expected, "{user}");
    }
}

#[tokio::test]
async fn impersonation_is_sent_and_never_dropped() {
    let asked = asked_as("{token: t, as: jane, as-groups: [dev], as-user-extra: {Scope: [x]}}").await;
    assert_eq!(asked.header("impersonate-user"), Some("jane"));
    assert_eq!(asked.header("impersonate-group"), Some("dev"));
    assert_eq!(asked.header("impersonate-extra-scope"), Some("x"));
}

#[tokio::test]
async fn a_token_file_is_read_anew_for_each_call() {
    let server = greeted().await;
    let (folder, path) = kubeconfig(&server, "{tokenFile: token}");
    let client = Client::new(load(&path).unwrap()).unwrap();
    for token in ["old", "new"] {
        std::fs::write(folder.path().join("token"), format!("{token}\n")).unwrap();
        client.get("/api").await.unwrap();
    }
    let asked = server.asked();
    assert_eq!(asked[0].header("authorization"), Some("Bearer old"));
    assert_eq!(asked[1].header("authorization"), Some("Bearer new"));
}

#[tokio::test]
async fn a_server_of_another_authority_is_not_asked() {
    let (one, other) = (greeted().await, greeted().await);
    let (folder, path) = kubeconfig(&one, "{token: s3cret}");
    std::fs::write(folder.path().join("ca.pem"), &other.authority).unwrap();
    let client = Client::new(load(&path).unwrap()).unwrap();
    let error = client.get("/api").await.unwrap_err();
    assert!(matches!(error, ClusterError::Unreachable { .. }), "{error}");
    assert!(one.asked().is_empty());
}

#[tokio::test]
async fn the_name_of_the_certificate_may_differ_from_the_server_s() {
    let server = greeted().await;
    let (_folder, path) = kubeconfig(&server, "{token: t}");
    let by_address = text(&format!("https://127.0.0.1:{}", server.port), "{token: t}");
    let connect = |text: &str| {
        std::fs::write(&path, text).unwrap();
        Client::new(load(&path).unwrap()).unwrap()
    };
    assert!(connect(&by_address).get("/api").await.is_err());
    let named = by_address.replace("ca.pem}", "ca.pem, tls-server-name: localhost}");
    connect(&named).get("/api").await.unwrap();
}

#[test]
fn what_cannot_be_followed_is_a_fault_that_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    std::fs::write(folder.path().join("ca.pem"), "").unwrap();
    let fault = |text: &str| {
        std::fs::write(&path, text).unwrap();
        load(&path).unwrap_err().to_string()
    };
    let of_user = |user: &str| fault(&text("https://localhost:1", user));
    assert!(of_user("{auth-provider: {name: gcp}}").contains("auth-provider `gcp` is not supported"));
    assert!(
        of_user("{exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: x}}")
            .contains("apiVersion")
    );
    assert!(of_user("{client-certificate: ca.pem}").contains("client-certificate without client-key"));
    assert!(of_user("{as-groups: [system:masters]}").contains("need `as`"));
    let missing = text("https://localhost:1", "{}").replace("cluster: c, user", "cluster: d, user");
    assert_eq!(fault(&missing), "kubeconfig cluster `d`: is not there");
    assert!(fault("clusters: {}").contains("is not of the form"));
    assert!(fault("{}").contains("names no current context"));
    assert!(fault(&text("ftp://x", "{}")).contains("expected an address"));
}

#[test]
fn a_token_is_in_no_message_and_no_debug_text() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    std::fs::write(folder.path().join("ca.pem"), "").unwrap();
    std::fs::write(
        &path,
        text(
            "https://localhost:1",
            "{token: s3cret, username: u, password: pa55}",
        ),
    )
    .unwrap();
    let settings = load(&path).unwrap();
    assert_eq!(settings.namespace(), Some("shop"));
    assert!(!format!("{settings:?}").contains("s3cret"));
    std::fs::write(&path, text("https://localhost:1", "{token: [s3cret]}")).unwrap();
    assert!(!load(&path).unwrap_err().to_string().contains("s3cret"));
}
