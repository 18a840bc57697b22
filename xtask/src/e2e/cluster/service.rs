//! A Service: each new connection to one address goes to one of the ready replicas, as kube-proxy sends it.
//!
//! A replica that is taken out gets no new connection; those it has stay until one of their ends closes them.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

use crate::failure::{Failure, Outcome};
use crate::images::runtime;

/// Listens until it is dropped.
pub(super) struct Service {
    ready: Arc<Mutex<Replicas>>,
    // Carries the connections: must live as long.
    _runtime: Runtime,
}

#[derive(Default)]
struct Replicas {
    addresses: Vec<SocketAddr>,
    turn: usize,
}

impl Service {
    /// Listens at `address`, with no replica behind it.
    pub(super) fn open(address: SocketAddr) -> Outcome<Self> {
        let runtime = runtime()?;
        let listener = runtime
            .block_on(TcpListener::bind(address))
            .map_err(|source| Failure::Start {
                program: format!("a listener on {address}"),
                source,
            })?;
        let ready = Arc::<Mutex<Replicas>>::default();
        runtime.spawn(accept(listener, Arc::clone(&ready)));
        Ok(Self {
            ready,
            _runtime: runtime,
        })
    }

    /// Sends new connections to the replica at `address` too.
    pub(super) fn add(&self, address: SocketAddr) {
        lock(&self.ready).addresses.push(address);
    }

    /// Sends no more connections there.
    pub(super) fn remove(&self, address: SocketAddr) {
        lock(&self.ready).addresses.retain(|other| *other != address);
    }
}

fn lock(ready: &Mutex<Replicas>) -> MutexGuard<'_, Replicas> {
    ready.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: TcpListener, ready: Arc<Mutex<Replicas>>) {
    while let Ok((stream, _)) = listener.accept().await {
        let replica = {
            let mut ready = lock(&ready);
            ready.turn = ready.turn.wrapping_add(1);
            let turn = ready.turn.checked_rem(ready.addresses.len());
            turn.and_then(|turn| ready.addresses.get(turn).copied())
        };
        // Without a replica the connection is closed, as a packet filter would refuse it.
        if let Some(replica) = replica {
            tokio::spawn(carry(stream, replica));
        }
    }
}

async fn carry(mut caller: TcpStream, replica: SocketAddr) {
    let Ok(mut replica) = TcpStream::connect(replica).await else {
        return;
    };
    if caller.set_nodelay(true).is_ok() && replica.set_nodelay(true).is_ok() {
        // Its end is the end of either side, and theirs to notice.
        drop(copy_bidirectional(&mut caller, &mut replica).await);
    }
}
