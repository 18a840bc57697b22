//! `vouchsafe controller` outside of the cluster, with the rights that the chart gives its ServiceAccount.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::chart::RELEASE;
use super::control_plane::wait_for;
use super::shop;
use super::town::Town;
use crate::failure::Outcome;
use crate::place;
use crate::program::Running;

/// One replica; it ends at once when this is dropped.
pub(super) struct Controller {
    running: Option<Running>,
    log: PathBuf,
}

impl Controller {
    /// Starts a replica that listens at `address`; gives it when it listens. The API server calls the town's one address,
    /// as it would call a Service.
    pub(super) fn start(town: &Town, replica: &str, address: SocketAddr) -> Outcome<Self> {
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
        let flags = [
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
        ]
        .map(|(name, value)| format!("--{name}={value}"));
        let mut running = town
            .vouchsafe(&["controller"], &kubeconfig)?
            .args(flags)
            .start_logged(&log)?;
        let listens = || place::read(&log).is_ok_and(|said| said.contains("listening on"));
        wait_for("vouchsafe controller", &mut running, &log, listens)?;
        Ok(Self {
            running: Some(running),
            log,
        })
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
