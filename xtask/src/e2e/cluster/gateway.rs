//! The API server over plain HTTP on loopback, through `kubectl proxy`: many requests at once, and no process for each.
//!
//! In: one request after the other on a connection that is kept. Out: status and body. Never: a verdict on them.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::kubectl::Kubectl;
use crate::e2e::port;
use crate::failure::{Failure, Outcome};
use crate::program::Running;

/// Time the proxy has to start.
const START: Duration = Duration::from_secs(60);
/// Time one answer may take: the API server ends its own requests after a minute.
const PATIENCE: Duration = Duration::from_secs(70);
const JSON: &str = "application/json";

/// `kubectl proxy`; it ends when this is dropped.
pub(super) struct Gateway {
    address: SocketAddr,
    _running: Running,
}

/// One connection through the gateway, used by one thread.
pub(super) struct Caller {
    address: SocketAddr,
    stream: Option<BufReader<TcpStream>>,
}

/// What the API server answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
}

impl Gateway {
    /// Opens it with the rights of `kubectl`'s user.
    pub(super) fn open(kubectl: &Kubectl) -> Outcome<Self> {
        let address = port::free()?;
        let port = format!("--port={}", address.port());
        let running = kubectl.start(["proxy", "--address=127.0.0.1", "--keepalive=30s", &port])?;
        let begun = Instant::now();
        while TcpStream::connect(address).is_err() {
            if begun.elapsed() > START {
                return Err(Failure::Found(format!(
                    "kubectl proxy does not answer at {address}"
                )));
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(Self {
            address,
            _running: running,
        })
    }

    /// A connection for one thread; nothing is sent yet.
    pub(super) fn caller(&self) -> Caller {
        Caller {
            address: self.address,
            stream: None,
        }
    }
}

impl Caller {
    /// Creates an object in the collection at `path`.
    pub(super) fn create(&mut self, path: &str, object: &Value) -> Outcome<Answer> {
        self.send("POST", path, JSON, &object.to_string())
    }

    /// Merges `patch` into the object at `path`.
    pub(super) fn merge(&mut self, path: &str, patch: &Value) -> Outcome<Answer> {
        self.send("PATCH", path, "application/merge-patch+json", &patch.to_string())
    }

    /// Deletes the object at `path`, without grace.
    pub(super) fn delete(&mut self, path: &str) -> Outcome<Answer> {
        self.send("DELETE", &format!("{path}?gracePeriodSeconds=0"), JSON, "")
    }

    /// The JSON at `path`; anything but 200 is a failure.
    pub(super) fn get(&mut self, path: &str) -> Outcome<Value> {
        let answer = self.send("GET", path, JSON, "")?;
        if answer.status != 200 {
            return Err(Failure::Found(format!(
                "GET {path}: {} {}",
                answer.status, answer.body
            )));
        }
        serde_json::from_str(&answer.body)
            .map_err(|cause| Failure::Found(format!("{path} is no JSON: {cause}")))
    }

    /// Sends one request and reads its answer; a connection that failed is not used again.
    fn send(&mut self, method: &str, path: &str, media_type: &str, body: &str) -> Outcome<Answer> {
        let kept = self.stream.take();
        let outcome = exchange(self.address, kept, method, path, media_type, body);
        let (answer, stream) =
            outcome.map_err(|cause| Failure::Found(format!("{method} {path}: no answer: {cause}")))?;
        self.stream = stream;
        Ok(answer)
    }
}

type Exchanged = (Answer, Option<BufReader<TcpStream>>);

fn exchange(
    address: SocketAddr,
    kept: Option<BufReader<TcpStream>>,
    method: &str,
    path: &str,
    media_type: &str,
    body: &str,
) -> std::io::Result<Exchanged> {
    let mut stream = match kept {
        Some(stream) => stream,
        None => {
            let stream = TcpStream::connect(address)?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            BufReader::new(stream)
        }
    };
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\naccept: {JSON}\r\ncontent-type: {media_type}\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.get_mut().write_all(request.as_bytes())?;
    let status = line(&mut stream)?;
    let status = status.split(' ').nth(1).and_then(|code| code.parse().ok());
    let status = status.ok_or_else(|| malformed("no status"))?;
    let mut length = None;
    let mut is_chunked = false;
    loop {
        let header = line(&mut stream)?.to_ascii_lowercase();
        match header.split_once(": ") {
            Some(("content-length", value)) => length = value.parse::<u64>().ok(),
            Some(("transfer-encoding", value)) => is_chunked = value == "chunked",
            Some(_) => {}
            None => break,
        }
    }
    let mut bytes = Vec::new();
    let is_whole = match length {
        _ if is_chunked => {
            while chunk(&mut stream, &mut bytes)? {}
            true
        }
        Some(length) => {
            (&mut stream).take(length).read_to_end(&mut bytes)?;
            true
        }
        None => {
            stream.read_to_end(&mut bytes)?;
            false
        }
    };
    let body = String::from_utf8_lossy(&bytes).into_owned();
    Ok((Answer { status, body }, is_whole.then_some(stream)))
}

/// Reads one chunk; `false` after the last.
fn chunk(stream: &mut BufReader<TcpStream>, bytes: &mut Vec<u8>) -> std::io::Result<bool> {
    let size = u64::from_str_radix(&line(stream)?, 16).map_err(|_| malformed("no size of a chunk"))?;
    (&mut *stream).take(size).read_to_end(bytes)?;
    line(stream)?;
    Ok(size > 0)
}

/// One line without its end; the end of the stream is an error.
fn line(stream: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Err(malformed("the connection was closed"));
    }
    Ok(line.trim_end().to_owned())
}

fn malformed(what: &'static str) -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::InvalidData, what)
}
