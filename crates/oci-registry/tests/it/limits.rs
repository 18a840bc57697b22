//! Registries that send too much, too slowly, or too often "later".

use std::time::{Duration, Instant};

use crate::oci_registry::{Call, Deadline, ManifestName, Registry as _, RegistryErrorKind};
use crate::server::{Server, answer, endless, manifest, stalled};
use crate::{MANIFEST, call, client, digest, repository};

fn call_for(milliseconds: u64) -> Call {
    Call {
        deadline: Deadline::after(Duration::from_millis(milliseconds)),
        ..call()
    }
}

/// CVE-2023-46737, CVE-2024-29902: endless data instead of a signature.
#[tokio::test]
async fn an_endless_body_is_cut_off_at_the_limit() {
    let server = Server::start(|_, _| endless(200)).await;
    let (client, call, location) = (client(), call(), repository(&server.host));
    let error = client
        .blob(&call, &location, &digest("x"), 1 << 20)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), RegistryErrorKind::TooLarge);
    let name = ManifestName::tag("1").unwrap();
    let error = client.manifest(&call, &location, &name).await.unwrap_err();
    assert_eq!(error.kind(), RegistryErrorKind::TooLarge);
}

#[tokio::test]
async fn an_endless_error_is_cut_off_too_and_still_an_error() {
    let server = Server::start(|_, _| endless(418)).await;
    let error = client()
        .blob(&call(), &repository(&server.host), &digest("x"), 10)
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.status()),
        (RegistryErrorKind::Protocol, Some(418))
    );
    assert!(error.to_string().len() < 600);
}

#[tokio::test]
async fn a_registry_that_stalls_is_left_at_the_deadline() {
    let server = Server::start(|_, _| stalled()).await;
    let began = Instant::now();
    let error = client()
        .blob(&call_for(300), &repository(&server.host), &digest("x"), 10)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), RegistryErrorKind::Timeout);
    assert!(error.is_transient() && !error.kind().is_network());
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_rate_limit_is_waited_out_within_the_deadline() {
    let server = Server::start(|_, before| {
        if before < 2 {
            answer(429, &[("retry-after", "0")], "")
        } else {
            manifest(MANIFEST)
        }
    })
    .await;
    assert!(
        client()
            .resolve(&call(), &repository(&server.host), "1")
            .await
            .is_ok()
    );
    assert_eq!(server.count(), 3);
}

#[tokio::test]
async fn a_wait_beyond_the_deadline_is_told_at_once() {
    let server = Server::start(|_, _| answer(429, &[("retry-after", "3600")], "")).await;
    let began = Instant::now();
    let error = client()
        .resolve(&call(), &repository(&server.host), "1")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), RegistryErrorKind::RateLimited);
    assert!(error.is_transient() && began.elapsed() < Duration::from_secs(3));
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn a_registry_that_stays_down_is_not_asked_for_ever() {
    let server = Server::start(|_, _| answer(503, &[], "")).await;
    let error = client()
        .resolve(&call(), &repository(&server.host), "1")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), RegistryErrorKind::Unavailable);
    assert_eq!(server.count(), 4);
}

#[tokio::test]
async fn what_many_ask_at_once_is_asked_once() {
    let server = Server::start(|_, _| manifest(MANIFEST)).await;
    let (client, location) = (client(), repository(&server.host));
    let name = ManifestName::Digest(digest(MANIFEST));
    let calls: Vec<_> = (0..20).map(|_| call()).collect();
    let all = calls.iter().map(|call| client.manifest(call, &location, &name));
    assert!(
        futures_util::future::join_all(all)
            .await
            .iter()
            .all(Result::is_ok)
    );
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn a_registry_that_asked_to_be_left_alone_is_left_alone_by_whom_it_asked() {
    let server = Server::start(|_, _| answer(429, &[("retry-after", "30")], "")).await;
    let (client, location) = (client(), repository(&server.host));
    for _ in 0..5 {
        let error = client.resolve(&call(), &location, "1").await.unwrap_err();
        assert_eq!(error.kind(), RegistryErrorKind::RateLimited);
    }
    assert_eq!(server.count(), 1);
    let other = crate::call_with(&server.host, crate::password("u"));
    assert!(client.resolve(&other, &location, "1").await.is_err());
    assert_eq!(server.count(), 2, "a limit is counted for each user");
}

#[tokio::test]
async fn requests_of_others_wait_out_a_short_pause() {
    let server = Server::start(|_, before| {
        if before == 0 {
            answer(429, &[("retry-after", "1")], "")
        } else {
            manifest(MANIFEST)
        }
    })
    .await;
    let (client, location) = (client(), repository(&server.host));
    let began = Instant::now();
    let (first, call) = (call_for(300), call());
    assert!(client.resolve(&first, &location, "1").await.is_err());
    assert!(client.resolve(&call, &location, "1").await.is_ok());
    assert!(
        began.elapsed() >= Duration::from_millis(900),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(server.count(), 2);
}
