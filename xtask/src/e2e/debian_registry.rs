//! Debian's docker-registry on a free port: a registry without referrers API, as GHCR and Docker Hub are.

use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::port;
use crate::failure::{Failure, Outcome};
use crate::place;
use crate::program::{Program, Running};

/// Time it has to start.
const START: Duration = Duration::from_secs(10);

/// Starts it with its storage in `folder`; it ends when the handle is dropped.
pub(super) fn start(program: &Path, folder: &Path) -> Outcome<(SocketAddr, Running)> {
    let address = port::free()?;
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
