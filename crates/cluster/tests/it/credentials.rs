//! Where credentials go, and where they come from.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::cluster::{Client, ClusterError};
use crate::server::{Server, ok, status};
use crate::{client, kubeconfig, load, text};

/// Attack: a server, or who stands in its place for one answer, redirects to a host of the attacker's, hoping for the
/// token. The answer is genuine but for its status; that no redirect is followed must catch it.
#[tokio::test]
async fn a_redirect_gets_neither_the_token_nor_a_call() {
    let thief = Server::start(|_, _| ok("{}")).await;
    for code in [301, 302, 307, 308] {
        let location = format!("location: {}/api\r\n", thief.address());
        let server = Server::start(move |_, _| (code, location.clone(), String::new())).await;
        let error = client(&server).get("/api").await.unwrap_err();
        assert!(
            error.to_string().contains("redirects are not followed"),
            "{error}"
        );
        assert_eq!(server.asked()[0].header("authorization"), Some("Bearer s3cret"));
    }
    assert!(thief.asked().is_empty());
}

/// Attack: a policy's `urlPath` that makes the server's address the user name of another one, or climbs out of the path
/// that a cluster has behind a shared address.
#[tokio::test]
async fn a_path_never_leads_to_another_host_or_above_the_server_s_path() {
    let server = Server::start(|_, _| ok("{}")).await;
    let (_folder, path) = kubeconfig(&server, "{token: s3cret}");
    std::fs::write(
        &path,
        text(&format!("{}/clusters/one", server.address()), "{token: s3cret}"),
    )
    .unwrap();
    let client = Client::new(load(&path).unwrap()).unwrap();
    for path in ["/../two/api", "/%2e%2e/two/api", "/..%5c..\\two", "/../../api"] {
        let answer = client.get(path).await;
        let stayed = server
            .asked()
            .iter()
            .all(|asked| asked.path.starts_with("/clusters/one/"));
        assert!(answer.is_err() || stayed, "{path}");
        assert!(stayed, "{path}");
    }
    client.get("@evil.example/api").await.unwrap();
    assert_eq!(
        server.asked().last().unwrap().path,
        "/clusters/one/@evil.example/api"
    );
}

/// Attack: a namespaced policy's `urlPath` hides `..` from who judges it behind a tab, which URLs drop.
#[tokio::test]
async fn a_path_with_control_characters_is_refused_unasked() {
    let server = Server::start(|_, _| ok("{}")).await;
    for path in [
        "/api/v1/namespaces/own/.\t./other/secrets",
        "/api\n",
        "/api\r\nHost: x",
    ] {
        let error = client(&server).get(path).await.unwrap_err();
        assert!(error.to_string().ends_with("holds control characters"), "{error}");
    }
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn nothing_is_proven_over_plain_http() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    std::fs::write(folder.path().join("ca.pem"), "").unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let plain = text(&address, "{token: s3cret}").replace(", certificate-authority: ca.pem", "");
    std::fs::write(&path, plain).unwrap();
    let client = Client::new(load(&path).unwrap()).unwrap();
    let reading = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut bytes = vec![0; 4096];
        let length = tokio::io::AsyncReadExt::read(&mut stream, &mut bytes)
            .await
            .unwrap();
        String::from_utf8_lossy(&bytes[..length]).into_owned()
    });
    client.get("/api").await.unwrap_err();
    let asked = reading.await.unwrap().to_lowercase();
    assert!(
        asked.starts_with("get /api") && !asked.contains("authorization"),
        "{asked}"
    );
}

fn script(folder: &Path, body: &str) {
    let path = folder.join("plugin.sh");
    std::fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

const PLUGIN: &str = "{exec: {apiVersion: client.authentication.k8s.io/v1, command: ./plugin.sh, args: [a], \
                      env: [{name: WHO, value: me}], interactiveMode: Never, provideClusterInfo: true}}";

/// Prints a token that counts the plugin's runs.
const COUNTING: &str = r#"cd "$(dirname "$0")"; echo x >> runs; n=$(wc -l < runs | tr -d ' ')
case "$KUBERNETES_EXEC_INFO" in *'"server":"https://localhost'*) ;; *) exit 3;; esac
echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"'$WHO$1$n'"}}'"#;

#[tokio::test]
async fn a_plugin_s_token_is_kept_until_the_server_refuses_it() {
    let server = Server::start(|asked, _| match asked.header("authorization") {
        Some("Bearer mea1") if asked.path == "/refuse" => status(401, "Unauthorized"),
        _ => ok("{}"),
    })
    .await;
    let (folder, path) = kubeconfig(&server, PLUGIN);
    script(folder.path(), COUNTING);
    let client = Client::new(load(&path).unwrap()).unwrap();
    for path in ["/a", "/b", "/refuse", "/c"] {
        client.get(path).await.unwrap();
    }
    let asked = server.asked();
    let shown: Vec<_> = asked
        .iter()
        .map(|asked| (asked.path.as_str(), asked.header("authorization").unwrap()))
        .collect();
    let (old, new) = ("Bearer mea1", "Bearer mea2");
    let expected = [
        ("/a", old),
        ("/b", old),
        ("/refuse", old),
        ("/refuse", new),
        ("/c", new),
    ];
    assert_eq!(shown, expected);
}

#[tokio::test]
async fn a_plugin_that_fails_prints_nonsense_or_floods_gives_no_credential() {
    let server = Server::start(|_, _| ok("{}")).await;
    for (body, expected) in [
        ("echo 'please log in' >&2; exit 1", "please log in"),
        ("echo s3cret", "printed no ExecCredential"),
        ("exec cat /dev/zero", "printed more than"),
        (
            r#"echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{}}'"#,
            "neither a token nor a certificate",
        ),
        (
            r#"echo '{"apiVersion":"client.authentication.k8s.io/v1beta1","kind":"ExecCredential","status":{"token":"t"}}'"#,
            "expected `ExecCredential` of `client.authentication.k8s.io/v1`",
        ),
    ] {
        let (folder, path) = kubeconfig(&server, PLUGIN);
        script(folder.path(), body);
        let client = Client::new(load(&path).unwrap()).unwrap();
        let error = client.get("/api").await.unwrap_err();
        assert!(matches!(error, ClusterError::Credentials(_)), "{error}");
        assert!(error.to_string().contains(expected), "{error}");
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }
    assert!(server.asked().is_empty());
}
