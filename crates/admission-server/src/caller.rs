//! Calls a webhook as the API server does: HTTPS, trusting one CA bundle. For the demo and for tests.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::limits::MOST_BODY_BYTES;

/// Which protocol is offered in the handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// As for webhooks behind a service.
    Http1,
    /// As for webhooks by URL.
    Http2,
}

/// Why a call got no answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The CA bundle holds no certificate.
    #[error("the CA bundle can't be used: {0}")]
    Authority(String),
    /// The connection.
    #[error("cannot connect to {address}: {cause}")]
    Connect {
        /// Where to.
        address: SocketAddr,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// The conversation.
    #[error("the call failed: {0}")]
    Call(String),
}

/// Calls one webhook, each call on a connection of its own.
#[derive(Debug, Clone)]
pub struct Caller {
    address: SocketAddr,
    config: Arc<ClientConfig>,
    protocol: Protocol,
}

impl Caller {
    /// Calls the server at `address`, whose certificate must come from an authority in `ca_pem` and name that address.
    ///
    /// # Errors
    /// [`CallError::Authority`].
    pub fn new(address: SocketAddr, ca_pem: &str, protocol: Protocol) -> Result<Self, CallError> {
        let unusable = |cause: String| CallError::Authority(cause);
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(ca_pem.as_bytes()) {
            let certificate = certificate.map_err(|cause| unusable(cause.to_string()))?;
            roots
                .add(certificate)
                .map_err(|cause| unusable(cause.to_string()))?;
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let builder = builder.map_err(|cause| unusable(cause.to_string()))?;
        let mut config = builder.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![match protocol {
            Protocol::Http1 => b"http/1.1".to_vec(),
            Protocol::Http2 => b"h2".to_vec(),
        }];
        Ok(Self {
            address,
            config: Arc::new(config),
            protocol,
        })
    }

    /// Posts a review to `path` (with query); gives status and body.
    ///
    /// # Errors
    /// [`CallError`] where no whole answer came.
    pub async fn post(&self, path: &str, review: impl Into<Bytes>) -> Result<(StatusCode, Bytes), CallError> {
        self.call(Method::POST, path, review.into()).await
    }

    /// Gets `path`.
    ///
    /// # Errors
    /// [`CallError`] where no whole answer came.
    pub async fn get(&self, path: &str) -> Result<(StatusCode, Bytes), CallError> {
        self.call(Method::GET, path, Bytes::new()).await
    }

    async fn call(&self, method: Method, path: &str, body: Bytes) -> Result<(StatusCode, Bytes), CallError> {
        let failed = |cause: &dyn std::fmt::Display| CallError::Call(cause.to_string());
        let unreachable = |cause| CallError::Connect {
            address: self.address,
            cause,
        };
        let stream = TcpStream::connect(self.address).await.map_err(unreachable)?;
        stream.set_nodelay(true).map_err(unreachable)?;
        let name = ServerName::from(self.address.ip());
        let stream = TlsConnector::from(Arc::clone(&self.config))
            .connect(name, stream)
            .await
            .map_err(unreachable)?;
        let stream = TokioIo::new(stream);
        let request = Request::builder()
            .method(method)
            .header(CONTENT_TYPE, "application/json");
        let body = Full::new(body);
        let response = match self.protocol {
            Protocol::Http1 => {
                let request = request
                    .uri(path)
                    .header(HOST, self.address.to_string())
                    .body(body);
                let request = request.map_err(|cause| failed(&cause))?;
                let (mut sender, connection) =
                    http1::handshake(stream).await.map_err(|cause| failed(&cause))?;
                tokio::spawn(connection);
                sender.send_request(request).await
            }
            Protocol::Http2 => {
                let request = request.uri(format!("https://{}{path}", self.address)).body(body);
                let request = request.map_err(|cause| failed(&cause))?;
                let handshake = http2::handshake(TokioExecutor::new(), stream).await;
                let (mut sender, connection) = handshake.map_err(|cause| failed(&cause))?;
                tokio::spawn(connection);
                sender.send_request(request).await
            }
        };
        let response = response.map_err(|cause| failed(&cause))?;
        let status = response.status();
        let body = Limited::new(response.into_body(), MOST_BODY_BYTES)
            .collect()
            .await;
        Ok((status, body.map_err(|cause| failed(&cause))?.to_bytes()))
    }
}
