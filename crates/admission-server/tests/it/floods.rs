//! HTTP/2 peers that mean no good: frames written by hand over TLS, as no client library would write them.
//!
//! In each test an honest caller must still be answered afterwards.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use vouchsafe_admission_server::limits::{MOST_HEAD_BYTES, MOST_STREAMS, STREAM_WINDOW_BYTES};
use vouchsafe_admission_server::{Caller, Protocol};

use crate::connections::{Running, own, run, slow};

const ENOUGH: Duration = Duration::from_secs(10);

// RFC 9113 §6, §7.
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;
const END_HEADERS: u8 = 4;
const REFUSED_STREAM: u32 = 7;
const CANCEL: u32 = 8;
const ENHANCE_YOUR_CALM: u32 = 11;

/// `:method: POST`, `:scheme: https`, `:path: /`, from the static table of RFC 7541.
const POST_HEADERS: [u8; 3] = [0x83, 0x87, 0x84];

#[derive(Debug)]
struct Frame {
    kind: u8,
    stream: u32,
    payload: Vec<u8>,
}

impl Frame {
    /// The error code of a `RST_STREAM`, or of a GOAWAY behind its last stream.
    fn code(&self) -> u32 {
        let at = if self.kind == GOAWAY { 4 } else { 0 };
        u32::from_be_bytes(self.payload[at..at + 4].try_into().unwrap())
    }
}

/// A peer that has shaken hands.
struct Peer(TlsStream<TcpStream>);

impl Peer {
    async fn greet(running: &Running, ca_pem: &str) -> Self {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(ca_pem.as_bytes()).unwrap())
            .unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap();
        let mut config = builder.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec()];
        let stream = TcpStream::connect(running.address).await.unwrap();
        let name = ServerName::from(running.address.ip());
        let mut stream = TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await
            .unwrap();
        stream
            .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
            .await
            .unwrap();
        let mut peer = Self(stream);
        assert!(peer.send(SETTINGS, 0, 0, &[]).await);
        peer
    }

    /// Whether the server still took it.
    async fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> bool {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let mut frame = vec![length[1], length[2], length[3], kind, flags];
        frame.extend(stream.to_be_bytes());
        frame.extend(payload);
        // What is not flushed may wait in the buffer of TLS, and nobody who only reads sends it.
        self.0.write_all(&frame).await.is_ok() && self.0.flush().await.is_ok()
    }

    /// The next frame, or none where the server has hung up.
    async fn receive(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        self.0.read_exact(&mut head).await.ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        self.0.read_exact(&mut payload).await.ok()?;
        Some(Frame {
            kind: head[3],
            stream: u32::from_be_bytes(head[5..].try_into().unwrap()),
            payload,
        })
    }

    /// The first frame of `kind`; none where the server hangs up before.
    async fn receive_kind(&mut self, kind: u8) -> Option<Frame> {
        let waiting = async {
            loop {
                let frame = self.receive().await?;
                if frame.kind == kind {
                    return Some(frame);
                }
            }
        };
        tokio::time::timeout(ENOUGH, waiting)
            .await
            .expect("neither the frame nor an end")
    }
}

async fn still_answers(running: &Running, ca_pem: &str) {
    let caller = Caller::new(running.address, ca_pem, Protocol::Http2).unwrap();
    assert_eq!(caller.get("/healthz").await.unwrap().0, StatusCode::OK);
}

#[tokio::test]
async fn the_limits_of_a_connection_are_told_in_its_first_frame() {
    let (authority, tls) = own();
    let running = run(tls, slow(Duration::ZERO), None).await;
    let mut peer = Peer::greet(&running, authority.pem()).await;
    let settings = peer.receive_kind(SETTINGS).await.unwrap();
    let told = |wanted: u16| {
        let pairs = settings.payload.chunks_exact(6);
        let of = |pair: &[u8]| {
            (
                u16::from_be_bytes([pair[0], pair[1]]),
                u32::from_be_bytes(pair[2..].try_into().unwrap()),
            )
        };
        pairs
            .map(of)
            .find(|(setting, _)| *setting == wanted)
            .map(|(_, value)| value)
    };
    assert_eq!(told(3), Some(MOST_STREAMS), "SETTINGS_MAX_CONCURRENT_STREAMS");
    assert_eq!(told(4), Some(STREAM_WINDOW_BYTES), "SETTINGS_INITIAL_WINDOW_SIZE");
    assert_eq!(
        told(6),
        u32::try_from(MOST_HEAD_BYTES).ok(),
        "SETTINGS_MAX_HEADER_LIST_SIZE"
    );
}

/// A peer that begins more reviews than it was told it may and never ends one. What can be answered at once is no open
/// request, so each of them is a review whose body is still awaited.
#[tokio::test]
async fn a_request_beyond_the_limit_of_open_ones_is_refused_and_the_open_ones_are_not() {
    let (authority, tls) = own();
    let running = run(tls, slow(Duration::ZERO), None).await;
    let mut peer = Peer::greet(&running, authority.pem()).await;
    // `:path`, `content-length` and `content-type`, literals without indexing.
    let mut review = vec![0x83, 0x87];
    for (name, value) in [
        (&[0x04][..], "/validate"),
        (&[0x0f, 0x0d], "10"),
        (&[0x0f, 0x10], "application/json"),
    ] {
        review.extend(name);
        review.push(u8::try_from(value.len()).unwrap());
        review.extend(value.as_bytes());
    }
    for number in 0..=MOST_STREAMS {
        assert!(peer.send(HEADERS, END_HEADERS, number * 2 + 1, &review).await);
    }
    let refused = peer.receive_kind(RST_STREAM).await.unwrap();
    assert_eq!(
        (refused.stream, refused.code()),
        (MOST_STREAMS * 2 + 1, REFUSED_STREAM)
    );
    // Room for one is room for another.
    assert!(peer.send(RST_STREAM, 0, 1, &CANCEL.to_be_bytes()).await);
    assert!(
        peer.send(HEADERS, END_HEADERS, MOST_STREAMS * 2 + 3, &review)
            .await
    );
    assert!(
        peer.send(HEADERS, END_HEADERS, MOST_STREAMS * 2 + 5, &review)
            .await
    );
    let refused = peer.receive_kind(RST_STREAM).await.unwrap();
    assert_eq!(
        (refused.stream, refused.code()),
        (MOST_STREAMS * 2 + 5, REFUSED_STREAM)
    );
    still_answers(&running, authority.pem()).await;
}

/// CVE-2023-44487 ("rapid reset"): a peer opens streams and takes each back at once, so that it never has too many open
/// while the server works on all of them. Every frame is a lawful one; the server must count the resets.
#[tokio::test]
async fn a_peer_that_opens_and_resets_without_end_is_hung_up_on_cve_2023_44487() {
    let (authority, tls) = own();
    let running = run(tls, slow(Duration::ZERO), None).await;
    let mut peer = Peer::greet(&running, authority.pem()).await;
    let mut sent = 0;
    for number in 0..50_000_u32 {
        let stream = number * 2 + 1;
        let opened = peer.send(HEADERS, END_HEADERS, stream, &POST_HEADERS).await;
        if !opened || !peer.send(RST_STREAM, 0, stream, &CANCEL.to_be_bytes()).await {
            break;
        }
        sent = number;
    }
    assert!(sent < 49_999, "the flood was let through");
    if let Some(end) = peer.receive_kind(GOAWAY).await {
        assert_eq!(end.code(), ENHANCE_YOUR_CALM);
    }
    still_answers(&running, authority.pem()).await;
}

/// CVE-2024-27316 and its kin: headers that go on in CONTINUATION frames without end. They belong to no request yet, so
/// limits of requests do not see them.
#[tokio::test]
async fn headers_that_never_end_are_cut_off_cve_2024_27316() {
    let (authority, tls) = own();
    let running = run(tls, slow(Duration::ZERO), None).await;
    let mut peer = Peer::greet(&running, authority.pem()).await;
    assert!(peer.send(HEADERS, 0, 1, &POST_HEADERS).await);
    // A literal header without indexing: name `a`, a value of 15,000 letters.
    let mut header = vec![0x00, 0x01, b'a', 0x7f, 0x99, 0x74];
    header.extend([b'x'; 15_000]);
    let mut sent = 0;
    while sent < 10_000 && peer.send(CONTINUATION, 0, 1, &header).await {
        sent += 1;
    }
    assert!(sent < 10_000, "150 MB of headers were let through");
    still_answers(&running, authority.pem()).await;
}
