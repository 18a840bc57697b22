//! A server that gives everybody the same answer and remembers the heads of all requests: it sings if a credential or a
//! call arrives where none should.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Bytes of a request's head that are read at most.
const MOST_HEAD_BYTES: usize = 16 * 1024;

/// The server; it ends with the test's runtime.
#[derive(Debug)]
pub(crate) struct Canary {
    address: String,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Canary {
    /// Answers every request with `status` (`200 OK`), the headers and the body.
    pub(crate) async fn start(status: &str, headers: &[(&str, &str)], body: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let headers: String = headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        let length = body.len();
        let reply = format!(
            "HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
        );
        let heads: Arc<Mutex<Vec<String>>> = Arc::default();
        let seen = Arc::clone(&heads);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = Vec::new();
                while !head.windows(4).any(|end| end == b"\r\n\r\n") && head.len() < MOST_HEAD_BYTES {
                    let mut part = [0; 1024];
                    match stream.read(&mut part).await {
                        Ok(read) if read > 0 => head.extend_from_slice(&part[..read]),
                        Ok(_) | Err(_) => break,
                    }
                }
                seen.lock()
                    .unwrap()
                    .push(String::from_utf8_lossy(&head).to_lowercase());
                // The other side may have seen enough and gone.
                drop(stream.write_all(reply.as_bytes()).await);
            }
        });
        Self { address, heads }
    }

    /// `127.0.0.1:PORT`.
    pub(crate) fn host(&self) -> &str {
        &self.address
    }

    /// Heads of all requests, in lower case.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}
