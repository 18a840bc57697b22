//! Listens, shakes hands, and serves HTTP/1.1 or HTTP/2 as the handshake agreed, until told to stop.
//!
//! The API server calls webhooks by URL over HTTP/2 and by service over HTTP/1.1.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::limits::{
    ACCEPT_PAUSE, CONNECTION_WINDOW_BYTES, DRAIN_TIME, HANDSHAKE_TIME, HEAD_TIME, MOST_CONNECTIONS,
    MOST_ERROR_RESETS, MOST_HEAD_BYTES, MOST_HEADERS, MOST_PENDING_RESETS, MOST_READ_BUFFER_BYTES,
    MOST_STREAMS, PING_INTERVAL, PING_TIME, STREAM_WINDOW_BYTES,
};
use crate::policies::{self, PolicySource};
use crate::self_wakes::SelfWakes;
use crate::tls::Tls;
use crate::webhook::Webhook;

/// What a server is made of.
#[derive(Debug)]
pub struct ServerOptions {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// How the server proves who it is.
    pub tls: Tls,
    /// Who answers.
    pub webhook: Arc<Webhook>,
    /// Policies to follow from now on, and what they looked like when they were loaded.
    pub source: Option<(Arc<dyn PolicySource>, u64)>,
}

/// Why a server can't start.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {cause}")]
pub struct ServerError {
    address: SocketAddr,
    #[source]
    cause: io::Error,
}

/// A server that listens.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    options: ServerOptions,
}

impl Server {
    /// Listens. Nothing is answered before [`Server::run`].
    ///
    /// # Errors
    /// [`ServerError`] where the address is taken or not ours.
    pub async fn bind(options: ServerOptions) -> Result<Self, ServerError> {
        let failed = |cause| ServerError {
            address: options.listen,
            cause,
        };
        let listener = TcpListener::bind(options.listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self {
            listener,
            address,
            options,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stopped`, then lets running requests end, for [`DRAIN_TIME`] at most.
    pub async fn run(self, stopped: impl Future<Output = ()>) {
        let Self {
            listener,
            options: ServerOptions {
                tls, webhook, source, ..
            },
            ..
        } = self;
        let mut followers = JoinSet::new();
        if let Some((source, stamp)) = source {
            followers.spawn(policies::watch(Arc::clone(webhook.policies()), source, stamp));
        }
        followers.spawn(tls.clone().watch());
        let graceful = GracefulShutdown::new();
        let seats = Arc::new(Semaphore::new(MOST_CONNECTIONS));
        let acceptor = TlsAcceptor::from(tls.config());
        let accepting = async {
            loop {
                let Ok(seat) = Arc::clone(&seats).acquire_owned().await else {
                    return;
                };
                let stream = match listener.accept().await {
                    Ok((stream, _)) => stream,
                    Err(cause) => {
                        tracing::warn!(%cause, "a connection could not be accepted");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                        continue;
                    }
                };
                let (acceptor, webhook, watcher) =
                    (acceptor.clone(), Arc::clone(&webhook), graceful.watcher());
                tokio::spawn(async move {
                    let _seat = seat;
                    let _counted = webhook.metrics().connection();
                    if let Some(stream) = handshake(&acceptor, stream).await {
                        converse(stream, &webhook, watcher).await;
                    }
                });
            }
        };
        tokio::select! {
            () = accepting => {}
            () = stopped => {}
        }
        webhook.stop();
        drop(listener);
        if tokio::time::timeout(DRAIN_TIME, graceful.shutdown())
            .await
            .is_err()
        {
            tracing::warn!("requests were still running when the time to end them was over");
        }
    }
}

/// Shakes hands; what fails is the caller's and worth no more than a line for those who look closely.
async fn handshake(acceptor: &TlsAcceptor, stream: TcpStream) -> Option<TlsStream<TcpStream>> {
    if let Err(cause) = stream.set_nodelay(true) {
        tracing::debug!(%cause, "small packets can't be sent at once");
    }
    match tokio::time::timeout(HANDSHAKE_TIME, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => Some(stream),
        Ok(Err(cause)) => {
            tracing::debug!(%cause, "TLS handshake failed");
            None
        }
        Err(_) => {
            tracing::debug!("TLS handshake took too long");
            None
        }
    }
}

/// Serves one connection to its end.
async fn converse(stream: TlsStream<TcpStream>, webhook: &Arc<Webhook>, watcher: Watcher) {
    let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let service = service_fn(|request| {
        let webhook = Arc::clone(webhook);
        async move { Ok::<_, Infallible>(webhook.respond(request).await) }
    });
    let stream = TokioIo::new(stream);
    let ended = if is_http2 {
        SelfWakes::of(watcher.watch(http2_builder().serve_connection(stream, service))).await
    } else {
        SelfWakes::of(watcher.watch(http1_builder().serve_connection(stream, service))).await
    };
    if let Err(cause) = ended {
        tracing::debug!(%cause, "a connection ended badly");
    }
}

fn http1_builder() -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_headers(MOST_HEADERS)
        .max_header_size(MOST_HEAD_BYTES)
        .max_buf_size(MOST_READ_BUFFER_BYTES);
    builder
}

fn http2_builder() -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(MOST_STREAMS)
        .max_pending_accept_reset_streams(MOST_PENDING_RESETS)
        .max_local_error_reset_streams(MOST_ERROR_RESETS)
        .max_header_list_size(u32::try_from(MOST_HEAD_BYTES).unwrap_or(u32::MAX))
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_TIME);
    builder
}
