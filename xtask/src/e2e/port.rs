//! Ports on loopback that nobody listens on.

use std::net::{SocketAddr, TcpListener};

use crate::failure::{Failure, Outcome};

/// An address with a free port. It is free again when this returns; nobody else is likely to take it in between.
pub(super) fn free() -> Outcome<SocketAddr> {
    TcpListener::bind("127.0.0.1:0")
        .and_then(|port| port.local_addr())
        .map_err(|source| Failure::Start {
            program: "a listener on 127.0.0.1".to_owned(),
            source,
        })
}
