//! A server on loopback that answers as a test says, request by request, and keeps every request.

use std::fmt;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Bytes of a request that are read at most.
const MOST_REQUEST_BYTES: usize = 256 * 1024;

/// One request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Received {
    pub(crate) method: String,
    /// With its query.
    pub(crate) target: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Received {
    /// A header's value; empty if there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    /// The path without the query.
    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap()
    }

    /// A field of the body's form.
    pub(crate) fn form(&self, name: &str) -> String {
        field(&self.body, name)
    }

    /// A field of the query.
    pub(crate) fn query(&self, name: &str) -> String {
        field(self.target.split_once('?').map_or("", |(_, query)| query), name)
    }

    /// The body.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

fn field(form: &str, name: &str) -> String {
    let mut fields = url::form_urlencoded::parse(form.as_bytes());
    let found = fields.find(|(known, _)| known == name);
    found.map_or_else(String::new, |(_, value)| value.into_owned())
}

/// Status and body; of a redirect, where it leads.
pub(crate) type Reply = (u16, String);
type Clerk = dyn Fn(&Received) -> Reply + Send + Sync;

/// The server; it ends with the test's runtime.
#[derive(Clone)]
pub(crate) struct Office {
    address: String,
    received: Arc<Mutex<Vec<Received>>>,
}

impl fmt::Debug for Office {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Office({})", self.address)
    }
}

impl Office {
    /// Answers every request as `clerk` says.
    pub(crate) async fn open(clerk: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let office = Self {
            address,
            received: Arc::default(),
        };
        let (clerk, received): (Arc<Clerk>, _) = (Arc::new(clerk), Arc::clone(&office.received));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&clerk), Arc::clone(&received)));
            }
        });
        office
    }

    /// `127.0.0.1:PORT`.
    pub(crate) fn host(&self) -> &str {
        &self.address
    }

    /// `http://127.0.0.1:PORT`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All requests so far.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// Requests so far whose path begins so.
    pub(crate) fn count(&self, path: &str) -> usize {
        let received = self.received();
        received.iter().filter(|one| one.path().starts_with(path)).count()
    }
}

async fn serve(mut stream: TcpStream, clerk: Arc<Clerk>, received: Arc<Mutex<Vec<Received>>>) {
    let Some(request) = read(&mut stream).await else {
        return;
    };
    let (status, body) = clerk(&request);
    received.lock().unwrap().push(request);
    let location = if (300..400).contains(&status) {
        format!("location: {body}\r\n")
    } else {
        String::new()
    };
    let reply = format!(
        "HTTP/1.1 {status} X\r\n{location}content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    // The other side may have seen enough and gone.
    drop(stream.write_all(reply.as_bytes()).await);
}

async fn read(stream: &mut TcpStream) -> Option<Received> {
    let mut bytes = Vec::new();
    loop {
        if let Some(request) = parse(&bytes) {
            return Some(request);
        }
        let mut part = [0; 4096];
        match stream.read(&mut part).await {
            Ok(read) if read > 0 && bytes.len() < MOST_REQUEST_BYTES => {
                bytes.extend_from_slice(&part[..read])
            }
            Ok(_) | Err(_) => return None,
        }
    }
}

/// The request, if it is whole.
fn parse(bytes: &[u8]) -> Option<Received> {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    let request = Received {
        method,
        target,
        headers,
        body: body.to_owned(),
    };
    let length = request.header("content-length").parse().unwrap_or(0);
    (body.len() >= length).then_some(request)
}
