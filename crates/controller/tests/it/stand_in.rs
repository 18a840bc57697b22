//! An API server that has nothing: empty lists, watches that stay silent, writes that succeed. It remembers what was asked.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use cluster::{Client, KubeconfigChoice, Settings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Method and path of everything that was asked.
pub(crate) type Asked = Arc<Mutex<Vec<String>>>;

const DISCOVERY: &str = r#"{"kind":"APIGroupDiscoveryList","items":[{"metadata":{},"versions":[{"version":"v1",
    "resources":[{"resource":"pods","scope":"Namespaced","responseKind":{"kind":"Pod"}}]}]}]}"#;

/// A client of a new server, and what it is asked.
pub(crate) async fn start() -> (Client, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Asked::default();
    let log = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, Arc::clone(&log)));
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    let text = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: here\n\
         clusters: [{{name: c, cluster: {{server: 'http://127.0.0.1:{port}'}}}}]\n\
         contexts: [{{name: here, context: {{cluster: c, user: u}}}}]\nusers: [{{name: u, user: {{}}}}]\n"
    );
    std::fs::write(&path, text).unwrap();
    let choice = KubeconfigChoice {
        file: Some(path.to_string_lossy().into_owned()),
        context: None,
    };
    (Client::new(Settings::load(&choice).unwrap()).unwrap(), asked)
}

async fn answer(mut stream: TcpStream, log: Asked) {
    let mut bytes = Vec::new();
    while !is_whole(&bytes) {
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return;
        }
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let mut words = text.split(' ');
    let (method, path) = (words.next().unwrap(), words.next().unwrap());
    log.lock().unwrap().push(format!("{method} {path}"));
    if path.contains("watch=1") {
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n")
            .await
            .ok();
        tokio::time::sleep(Duration::from_secs(600)).await;
        return;
    }
    let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let (status, body) = match (method, path) {
        ("GET", "/api" | "/apis") => ("200 OK", DISCOVERY.to_owned()),
        ("GET", path) if path.contains("limit=") => (
            "200 OK",
            r#"{"kind":"List","metadata":{"resourceVersion":"5"},"items":[]}"#.to_owned(),
        ),
        ("GET", _) => (
            "404 Not Found",
            r#"{"kind":"Status","message":"not found"}"#.to_owned(),
        ),
        _ => ("200 OK", body.to_owned()),
    };
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all(format!("{head}{body}").as_bytes()).await.ok();
    stream.shutdown().await.ok();
}

fn is_whole(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse::<usize>())
    });
    length.is_none_or(|length| length.is_ok_and(|length| body.len() >= length))
}
