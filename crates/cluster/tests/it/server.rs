//! An API server of a few lines: answers from a function, remembers what it was asked.

use std::sync::{Arc, Mutex};

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// One request, as it came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) path: String,
    /// Request line, headers and body.
    pub(crate) text: String,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.text.lines().skip(1).take_while(|line| !line.is_empty());
        let mut pairs = lines.filter_map(|line| line.split_once(':'));
        pairs
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    }
}

/// Status, headers (each with its line end), body.
pub(crate) type Answer = (u16, String, String);

pub(crate) fn ok(body: impl Into<String>) -> Answer {
    (200, String::new(), body.into())
}

pub(crate) fn status(code: u16, message: &str) -> Answer {
    let body = format!(r#"{{"kind":"Status","status":"Failure","message":"{message}","code":{code}}}"#);
    (code, String::new(), body)
}

#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) port: u16,
    /// PEM of the server's certificate.
    pub(crate) authority: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// A server that answers each request by `answer`, which is told how many came before.
    pub(crate) async fn start(answer: impl Fn(&Asked, usize) -> Answer + Send + Sync + 'static) -> Self {
        let pair = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(pair.signing_key.serialize_der()).unwrap();
        let config = rustls::ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![pair.cert.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let (answer, log) = (Arc::new(answer), Arc::clone(&asked));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, answer, log) = (acceptor.clone(), Arc::clone(&answer), Arc::clone(&log));
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else {
                        return;
                    };
                    let request = request(&mut stream).await;
                    let before = {
                        let mut log = log.lock().unwrap();
                        log.push(request.clone());
                        log.len() - 1
                    };
                    let (status, headers, body) = answer(&request, before);
                    let length = body.len();
                    let text = format!(
                        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n{body}"
                    );
                    stream.write_all(text.as_bytes()).await.ok();
                    stream.shutdown().await.ok();
                });
            }
        });
        Self {
            port,
            authority: pair.cert.pem(),
            asked,
        }
    }

    pub(crate) fn address(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

async fn request(stream: &mut (impl AsyncReadExt + Unpin)) -> Asked {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let path = text.split(' ').nth(1).unwrap_or_default().to_owned();
        let asked = Asked { path, text };
        if let Some((_, body)) = asked.text.split_once("\r\n\r\n") {
            let length = asked
                .header("content-length")
                .map_or(0, |text| text.parse().unwrap());
            if body.len() >= length {
                return asked;
            }
        }
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return asked;
        }
    }
}
