//! A read-only OCI distribution registry on loopback, in this process.
//!
//! In: a [`Content`] and [`Options`]. Out: HTTP/1.1 and HTTP/2 (prior knowledge) answers of the distribution
//! specification 1.1, a log of what was asked, and [`Fault`]s to order. It never writes: tests put content directly.
//!
//!     accept ─▶ log ─▶ access ─▶ fault? ─▶ route ─▶ manifest │ blob │ tags │ referrers

mod access;
mod body;
mod fault;
mod log;
mod query;
mod route;
mod serve;
#[cfg(test)]
mod tests;

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::content::Content;
use crate::error::RehearsalError;

pub use access::{Access, BearerAccess};
pub use fault::{Fault, Misbehaviour, Target};
pub use log::LoggedRequest;

use access::Tokens;

/// How long requests under way may still be answered after [`Registry::shutdown`].
const SHUTDOWN_GRACE: Duration = Duration::from_millis(500);

/// How a registry behaves when nothing is wrong with it.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub address: SocketAddr,
    /// Answer `/referrers/`. Where not, that path is 404 and the index is served as tag `sha256-<hex>` instead.
    pub referrers_api: bool,
    /// Apply `?artifactType=`, and say so in `OCI-Filters-Applied`; a registry need not.
    pub filters: bool,
    /// Entries on one page of referrers or tags; `None` gives all at once.
    pub page: Option<NonZeroUsize>,
    /// Who may read.
    pub access: Access,
    /// Time before each answer, to make the number of dependent round trips visible.
    pub latency: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            referrers_api: true,
            filters: true,
            page: None,
            access: Access::Open,
            latency: Duration::ZERO,
        }
    }
}

/// A registry that listens until it is shut down or dropped.
#[derive(Debug)]
pub struct Registry {
    address: SocketAddr,
    state: Arc<State>,
    stop: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

/// What all connections share.
#[derive(Debug)]
struct State {
    content: Content,
    options: Options,
    address: SocketAddr,
    faults: Mutex<Vec<Fault>>,
    log: Mutex<Vec<LoggedRequest>>,
    tokens: Mutex<Tokens>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Registry {
    /// Listens and answers in tasks of the current tokio runtime.
    ///
    /// # Errors
    /// [`RehearsalError::Listen`] where the address is taken or not ours.
    pub async fn start(content: Content, options: Options) -> Result<Self, RehearsalError> {
        let wanted = options.address;
        let listen = |source| RehearsalError::Listen {
            address: wanted,
            source,
        };
        let listener = TcpListener::bind(wanted).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let state = Arc::new(State {
            content,
            options,
            address,
            faults: Mutex::default(),
            log: Mutex::default(),
            tokens: Mutex::default(),
        });
        let (stop, stopped) = watch::channel(false);
        let accepting = tokio::spawn(accept(listener, Arc::clone(&state), stopped));
        Ok(Self {
            address,
            state,
            stop,
            accepting,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `127.0.0.1:PORT`, as it stands in an image reference.
    #[must_use]
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it serves; additions are seen by the next request.
    #[must_use]
    pub fn content(&self) -> &Content {
        &self.state.content
    }

    /// Adds a fault behind those already there.
    pub fn misbehave(&self, fault: Fault) {
        lock(&self.state.faults).push(fault);
    }

    /// Removes all faults.
    pub fn behave(&self) {
        lock(&self.state.faults).clear();
    }

    /// Ends all tokens given so far.
    pub fn revoke_tokens(&self) {
        lock(&self.state.tokens).revoke();
    }

    /// All requests so far, the token endpoint's among them.
    #[must_use]
    pub fn requests(&self) -> Vec<LoggedRequest> {
        lock(&self.state.log).clone()
    }

    /// Takes the requests so far and starts a new log.
    #[must_use]
    pub fn take_requests(&self) -> Vec<LoggedRequest> {
        std::mem::take(&mut *lock(&self.state.log))
    }

    /// Stops listening and waits until all connections are closed, half a second for those still being answered.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        // A panic of the task was printed where it happened; there is nothing left to stop.
        drop((&mut self.accepting).await);
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, state: Arc<State>, mut stopped: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(converse(stream, Arc::clone(&state), stopped.clone()));
                }
                // Out of descriptors: connections must end before another can be taken.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
            Some(_) = connections.join_next() => {}
            _ = stopped.changed() => break,
        }
    }
    drop(listener);
    let all_closed = async { while connections.join_next().await.is_some() {} };
    // Past the grace the set is dropped, which aborts the rest: stalled answers are part of the trade.
    drop(tokio::time::timeout(SHUTDOWN_GRACE, all_closed).await);
}

async fn converse(stream: TcpStream, state: Arc<State>, mut stopped: watch::Receiver<bool>) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let service = service_fn(move |request| serve::answer(Arc::clone(&state), request));
    let builder = Builder::new(TokioExecutor::new());
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    // An error here is the client's end of the connection, or a fault that was ordered.
    tokio::select! {
        ended = connection.as_mut() => drop(ended),
        _ = stopped.changed() => {
            connection.as_mut().graceful_shutdown();
            drop(connection.await);
        }
    }
}
