//! Debian's docker-registry on a free port: a registry without referrers API, as GHCR and Docker Hub are.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::failure::{Failure, Outcome};
use crate::place;
use crate::program::{Program, Running};

/// Time it has to start.
const START: Duration = Duration::from_secs(10);

/// Starts it with its storage in `folder`; it ends when the handle is dropped.
pub(super) fn start(program: &Path, folder: &Path) -> Outcome<(SocketAddr, Running)> {
    let failed = |source| Failure::Start {
        program: program.display().to_string(),
        source,
    };
    // The port is free again when the listener is dropped; nobody else is likely to take it in between.
    let address = TcpListener::bind("127.0.0.1:0")
        .and_then(|port| port.local_addr())
        .map_err(failed)?;
    let config = format!(
        "version: 0.1\nlog: {{level: error}}\nstorage:\n  filesystem: {{rootdirectory: '{}'}}\nhttp: {{addr: '{address}'}}\n",
        folder.join("registry").display()
    );
    let path = folder.join("registry.yml");
    place::write(&path, &config)?;
    let running = Program::new(program)
        .args(["serve".as_ref(), path.as_os_str()])
        .start()?;
    let begun = Instant::now();
    while TcpStream::connect(address).is_err() {
        if begun.elapsed() > START {
            return Err(Failure::Found(format!(
                "`{}` does not answer at {address}",
                program.display()
            )));
        }
        thread::sleep(Duration::from_millis(50));
    }
    Ok((address, running))
}
