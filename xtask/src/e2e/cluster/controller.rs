//! `vouchsafe controller` outside of the cluster, with the rights that the chart gives its ServiceAccount.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::chart::RELEASE;
use super::control_plane::wait_for;
use super::shop;
use super::town::Town;
use crate::failure::{Failure, Outcome};
use crate::place;
use crate::program::Running;

/// One replica; it ends at once when this is dropped.
pub(super) struct Controller {
    running: Option<Running>,
    address: SocketAddr,
    log: PathBuf,
}

impl Controller {
    /// Starts a replica that listens at `address`; gives it when it listens. The API server calls the town's one address,
    /// as it would call a Service.
    pub(super) fn start(town: &Town, replica: &str, address: SocketAddr) -> Outcome<Self> {
        Self::start_with(town, replica, address, &[])
    }

    /// The same with further flags, or with other values for those that every replica gets; an empty value takes one away.
    pub(super) fn start_with(
        town: &Town,
        replica: &str,
        address: SocketAddr,
        further: &[(&str, &str)],
    ) -> Outcome<Self> {
        let token = town.admin().run([
            "create",
            "token",
            RELEASE,
            "--namespace",
            RELEASE,
            "--duration=8h",
        ])?;
        let plane = &town.plane;
        let kubeconfig = plane
            .certificates()
            .bearer(replica, token.trim(), &plane.server())?;
        let log = town.file(&format!("{replica}.log"));
        let usual = [
            ("namespace", RELEASE),
            ("service", RELEASE),
            ("config-map", RELEASE),
            ("owned-by", RELEASE),
            ("replica", replica),
            ("listen", &address.to_string()),
            ("webhook-url", &format!("https://{}", town.webhook())),
            ("exempt-namespace", "kube-system"),
            ("proof-namespace", "vouchsafe-proof"),
            ("proof-image", &shop::image("unsigned")),
            ("scan-interval", "10s"),
            ("lease-duration", "5"),
            ("lease-renew-deadline", "3"),
            ("lease-retry", "1"),
            ("log-level", "debug"),
        ];
        let is_kept = |(name, _): &(&str, &str)| further.iter().all(|(other, _)| other != name);
        let flags = usual.into_iter().filter(is_kept).chain(further.iter().copied());
        let flags = flags.filter(|(_, value)| !value.is_empty());
        let flags = flags.map(|(name, value)| format!("--{name}={value}"));
        let mut running = town
            .vouchsafe(&["controller"], &kubeconfig)?
            .args(flags)
            .start_logged(&log)?;
        let listens = || place::read(&log).is_ok_and(|said| said.contains("listening on"));
        wait_for("vouchsafe controller", &mut running, &log, listens)?;
        Ok(Self {
            running: Some(running),
            address,
            log,
        })
    }

    /// Where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process.
    pub(super) fn process(&self) -> Outcome<u32> {
        let ended = || Failure::Found("the replica has ended".to_owned());
        self.running.as_ref().map(Running::id).ok_or_else(ended)
    }

    /// Ends it as a kubelet does; gives its exit code.
    pub(super) fn end(mut self, patience: Duration) -> Outcome<Option<i32>> {
        match self.running.take() {
            Some(running) => running.end(patience),
            None => Ok(None),
        }
    }

    /// Ends it as a crash would.
    pub(super) fn kill(&mut self) {
        self.running = None;
    }

    /// What it said so far.
    pub(super) fn log(&self) -> &Path {
        &self.log
    }
}
