//! Real connections on loopback: both protocols, certificates that change, an orderly end.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use vouchsafe_admission_server::{
    Caller, OwnAuthority, PolicySource, Protocol, Server, ServerOptions, Tls, Webhook,
};

use crate::house::{Moody, MoodyCluster, Setup, Texts, pod_review, policy_that_asks, response_in};

const ENOUGH: Duration = Duration::from_secs(10);

pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

pub(crate) async fn run(tls: Tls, webhook: Webhook, source: Option<Arc<dyn PolicySource>>) -> Running {
    let options = ServerOptions {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        tls,
        webhook: Arc::new(webhook),
        source: source.map(|source| (Arc::clone(&source), source.stamp())),
    };
    let server = Server::bind(options).await.unwrap();
    let address = server.address();
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(server.run(async {
        drop(stopped.await);
    }));
    Running {
        address,
        stop,
        serving,
    }
}

pub(crate) fn own() -> (OwnAuthority, Tls) {
    let authority = OwnAuthority::new(&[Ipv4Addr::LOCALHOST.into()], &[]).unwrap();
    let tls = Tls::from_authority(&authority).unwrap();
    (authority, tls)
}

pub(crate) fn slow(time: Duration) -> Webhook {
    let setup = Setup {
        cluster: MoodyCluster::new(Moody::Slow(time)),
        ..Setup::default()
    };
    setup.webhook(&policy_that_asks("Fail"))
}

#[tokio::test]
async fn both_protocols_are_answered_under_the_printed_authority() {
    let (authority, tls) = own();
    let running = run(tls, slow(Duration::ZERO), None).await;
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let caller = Caller::new(running.address, authority.pem(), protocol).unwrap();
        assert_eq!(caller.get("/readyz").await.unwrap().0, StatusCode::OK);
        let review = pod_review("d", "a").to_string();
        let (status, body) = caller.post("/validate/fail?timeout=10s", review).await.unwrap();
        assert_eq!(
            (status, &response_in(&body)["allowed"]),
            (StatusCode::OK, &true.into()),
            "{protocol:?}"
        );
    }
    let stranger = OwnAuthority::new(&[Ipv4Addr::LOCALHOST.into()], &[]).unwrap();
    assert!(
        Caller::new(running.address, stranger.pem(), Protocol::Http1)
            .unwrap()
            .get("/readyz")
            .await
            .is_err()
    );
}

#[tokio::test]
async fn whoever_speaks_no_tls_gets_no_answer() {
    let running = run(own().1, slow(Duration::ZERO), None).await;
    let mut stream = tokio::net::TcpStream::connect(running.address).await.unwrap();
    stream
        .write_all(b"GET /readyz HTTP/1.1\r\nhost: a\r\n\r\n")
        .await
        .unwrap();
    let mut answer = Vec::new();
    // An alert of TLS, or nothing; never HTTP.
    drop(
        tokio::time::timeout(ENOUGH, stream.read_to_end(&mut answer))
            .await
            .unwrap(),
    );
    assert!(
        !answer.starts_with(b"HTTP"),
        "{}",
        String::from_utf8_lossy(&answer)
    );
}

#[tokio::test]
async fn a_running_request_is_answered_after_the_server_was_told_to_stop() {
    let (authority, tls) = own();
    let running = run(tls, slow(Duration::from_millis(600)), None).await;
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let caller = Caller::new(running.address, authority.pem(), protocol).unwrap();
        assert_eq!(caller.get("/healthz").await.unwrap().0, StatusCode::OK);
    }
    let caller = Caller::new(running.address, authority.pem(), Protocol::Http2).unwrap();
    let asking =
        tokio::spawn(async move { caller.post("/validate", pod_review("d", "a").to_string()).await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    running.stop.send(()).unwrap();
    let (status, body) = asking.await.unwrap().unwrap();
    assert_eq!(
        (status, &response_in(&body)["allowed"]),
        (StatusCode::OK, &true.into())
    );
    tokio::time::timeout(ENOUGH, running.serving)
        .await
        .unwrap()
        .unwrap();
    assert!(tokio::net::TcpStream::connect(running.address).await.is_err());
}

#[tokio::test]
async fn changed_policies_are_in_force_within_seconds() {
    let (authority, tls) = own();
    let source = Texts::new(&policy_that_asks("Fail"));
    let webhook = slow(Duration::ZERO);
    let running = run(tls, webhook, Some(Arc::<Texts>::clone(&source))).await;
    let caller = Caller::new(running.address, authority.pem(), Protocol::Http1).unwrap();
    let allowed = async || {
        let (_, body) = caller
            .post("/validate", pod_review("d", "a").to_string())
            .await
            .unwrap();
        response_in(&body)["allowed"].as_bool().unwrap()
    };
    assert!(allowed().await);
    source.set(&policy_that_asks("Fail").replace("value: 'y'", "value: 'z'"));
    let started = Instant::now();
    while allowed().await {
        assert!(started.elapsed() < ENOUGH, "the change was never taken");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Writes a certificate for loopback and its key; gives the authority to trust.
fn write_pair(certificate: &Path, key: &Path) -> String {
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let mut authority = rcgen::CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let pem = authority.self_signed(&authority_key).unwrap().pem();
    let issuer = rcgen::Issuer::new(authority, authority_key);
    let pair = rcgen::KeyPair::generate().unwrap();
    let leaf = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    std::fs::write(certificate, leaf.signed_by(&pair, &issuer).unwrap().pem()).unwrap();
    std::fs::write(key, pair.serialize_pem()).unwrap();
    pem
}

#[tokio::test]
async fn a_changed_certificate_is_shown_and_a_broken_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = (folder.path().join("tls.crt"), folder.path().join("tls.key"));
    let first = write_pair(&certificate, &key);
    let running = run(
        Tls::from_files(&certificate, &key).unwrap(),
        slow(Duration::ZERO),
        None,
    )
    .await;
    let answers = async |authority: &str| {
        Caller::new(running.address, authority, Protocol::Http1)
            .unwrap()
            .get("/healthz")
            .await
            .is_ok()
    };
    assert!(answers(&first).await);
    std::fs::write(&key, "no key").unwrap();
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert!(answers(&first).await);
    let second = write_pair(&certificate, &key);
    let started = Instant::now();
    while !answers(&second).await {
        assert!(started.elapsed() < ENOUGH, "the change was never taken");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
