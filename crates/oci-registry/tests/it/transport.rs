//! Schemes, certificates, redirects, mirrors.

use std::sync::Arc;

use hyper_util::rt::TokioIo;

use crate::oci_registry::{
    HostCertificates, Mirrors, Registry as _, RegistryClient, RegistryClientOptions, RegistryErrorKind,
};
use crate::server::{Server, answer, manifest, serve};
use crate::{MANIFEST, call, client, digest, repository};

/// A registry behind TLS with an authority of its own; gives its host and that authority as PEM.
async fn encrypted() -> (String, Vec<u8>) {
    encrypted_for(None).await
}

/// The same, for who shows this certificate alone.
async fn encrypted_for(caller: Option<rustls::pki_types::CertificateDer<'static>>) -> (String, Vec<u8>) {
    let certified = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let pem = certified.cert.pem().into_bytes();
    let key = rustls::pki_types::PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = match caller {
        None => rustls::server::WebPkiClientVerifier::no_client_auth(),
        Some(certificate) => {
            let mut anchors = rustls::RootCertStore::empty();
            anchors.add(certificate).unwrap();
            let anchors = Arc::new(anchors);
            rustls::server::WebPkiClientVerifier::builder_with_provider(anchors, Arc::clone(&provider))
                .build()
                .unwrap()
        }
    };
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    serve(
                        TokioIo::new(stream),
                        Arc::default(),
                        Arc::new(|_, _| manifest(MANIFEST)),
                    )
                    .await;
                }
            });
        }
    });
    (format!("localhost:{port}"), pem)
}

#[tokio::test]
async fn a_client_certificate_is_shown_to_its_own_host_and_no_other() {
    let ours = rcgen::generate_simple_self_signed(vec!["vouchsafe".to_owned()]).unwrap();
    let (host, authority) = encrypted_for(Some(ours.cert.der().clone())).await;
    let pem = format!("{}{}", ours.cert.pem(), ours.signing_key.serialize_pem());
    let certificates = |host: &str| {
        let certificates = HostCertificates {
            authorities: vec![authority.clone()],
            client: Some(pem.clone().into_bytes()),
        };
        RegistryClientOptions {
            // Trusted in any case: what differs is the certificate that we show.
            added_authorities: vec![authority.clone()],
            host_certificates: [(host.to_owned(), certificates)].into(),
            ..Default::default()
        }
    };
    let known = RegistryClient::new(certificates(&host)).unwrap();
    assert_eq!(
        known.resolve(&call(), &repository(&host), "1").await.unwrap(),
        digest(MANIFEST)
    );
    let stranger = RegistryClient::new(certificates("registry.example")).unwrap();
    assert!(stranger.resolve(&call(), &repository(&host), "1").await.is_err());
    let broken = HostCertificates {
        client: Some(b"no PEM".to_vec()),
        ..Default::default()
    };
    let options = RegistryClientOptions {
        host_certificates: [(host, broken)].into(),
        ..Default::default()
    };
    assert!(RegistryClient::new(options).is_err());
}

#[tokio::test]
async fn an_added_authority_is_trusted_beside_the_system_s() {
    let (host, authority) = encrypted().await;
    let options = RegistryClientOptions {
        added_authorities: vec![authority],
        ..Default::default()
    };
    let trusting = RegistryClient::new(options).unwrap();
    assert_eq!(
        trusting.resolve(&call(), &repository(&host), "1").await.unwrap(),
        digest(MANIFEST)
    );
    let error = client()
        .resolve(&call(), &repository(&host), "1")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), RegistryErrorKind::Tls, "{error}");
}

#[test]
fn an_authority_that_is_no_certificate_is_an_error_at_start() {
    let pem = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_vec();
    let options = RegistryClientOptions {
        added_authorities: vec![pem],
        ..Default::default()
    };
    assert!(RegistryClient::new(options).is_err());
}

#[tokio::test]
async fn a_host_where_nothing_listens_is_a_network_error() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = listener.local_addr().unwrap().to_string();
    drop(listener);
    let error = client()
        .resolve(&call(), &repository(&host), "1")
        .await
        .unwrap_err();
    assert!(
        error.kind() == RegistryErrorKind::Unreachable && error.kind().is_network(),
        "{error}"
    );
}

#[tokio::test]
async fn the_scheme_that_answered_is_remembered() {
    let server = Server::start(|_, _| manifest(MANIFEST)).await;
    let client = client();
    let calls = [call(), call()];
    for call in &calls {
        client
            .resolve(call, &repository(&server.host), "1")
            .await
            .unwrap();
    }
    assert_eq!((calls[0].requests.get(), calls[1].requests.get()), (1, 1));
}

#[tokio::test]
async fn redirects_end() {
    let server = Server::start(|_, _| answer(302, &[("location", "/again")], "")).await;
    let error = client()
        .blob(&call(), &repository(&server.host), &digest("x"), 10)
        .await
        .unwrap_err();
    assert_eq!((error.kind(), server.count()), (RegistryErrorKind::Protocol, 6));
}

#[tokio::test]
async fn a_mirror_is_asked_under_the_name_of_its_host() {
    let server = Server::start(|_, _| manifest(MANIFEST)).await;
    let mut mirrors = Mirrors::default();
    mirrors
        .add(&format!("registry.example=http://{}/cache", server.host))
        .unwrap();
    let client = RegistryClient::new(RegistryClientOptions {
        mirrors,
        ..Default::default()
    })
    .unwrap();
    assert!(
        client
            .resolve(&call(), &repository("registry.example"), "1")
            .await
            .is_ok()
    );
    assert_eq!(server.asked()[0].path, "/v2/cache/acme/api/manifests/1");
}

#[tokio::test]
async fn offline_means_no_connection_at_all() {
    let server = Server::start(|_, _| manifest(MANIFEST)).await;
    let client = RegistryClient::new(RegistryClientOptions {
        offline: true,
        ..Default::default()
    })
    .unwrap();
    let error = client
        .resolve(&call(), &repository(&server.host), "1")
        .await
        .unwrap_err();
    assert_eq!((error.kind(), server.count()), (RegistryErrorKind::Offline, 0));
}
