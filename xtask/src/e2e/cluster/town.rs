//! All that tests of a class share: a cluster, a registry, the binary, our chart's helm.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::chart;
use super::control_plane::ControlPlane;
use super::controller::Controller;
use super::kubectl::Kubectl;
use super::shop::Shop;
use crate::e2e::{parts, port};
use crate::failure::{Failure, Outcome};
use crate::place;
use crate::program::Program;
use crate::report::say;

/// What stands in the signature policy where a key belongs.
const PLACEHOLDER: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEyourPublicKeyContentHere...";

/// The cluster and what surrounds it; all of it is gone when this is dropped.
pub(super) struct Town {
    /// The cluster.
    pub(super) plane: ControlPlane,
    /// The registry.
    pub(super) shop: Shop,
    /// The first replica; none before a test needed it.
    pub(super) controller: Option<Controller>,
    /// Where the API server calls us.
    webhook: SocketAddr,
    helm: PathBuf,
    binary: PathBuf,
    // Last: it is removed when nothing runs in it any more.
    folder: Folder,
}

struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        if std::env::var_os("VOUCHSAFE_E2E_KEEP").is_some() {
            say(format!("  kept: {}", self.0.display()));
            return;
        }
        // What can't be removed now is removed by the system with its other temporary files.
        drop(std::fs::remove_dir_all(&self.0));
    }
}

impl Town {
    /// Starts it with the API server of `release`.
    pub(super) fn open(binary: &Path, release: &str) -> Outcome<Self> {
        let programs = parts::kubernetes(release)?;
        let helm = parts::helm()?;
        let folder =
            Folder(std::env::temp_dir().join(format!("vouchsafe-e2e-cluster-{}", std::process::id())));
        std::fs::create_dir_all(&folder.0).map_err(|source| Failure::File {
            path: folder.0.clone(),
            source,
        })?;
        Ok(Self {
            plane: ControlPlane::start(&folder.0, programs)?,
            shop: Shop::open()?,
            controller: None,
            webhook: port::free()?,
            helm,
            binary: binary.to_owned(),
            folder,
        })
    }

    /// kubectl of somebody who may do all.
    pub(super) fn admin(&self) -> &Kubectl {
        self.plane.admin()
    }

    /// A file of the town's folder.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.0.join(name)
    }

    /// Our binary, told of the shop's registry and trust, as whoever owns `kubeconfig`.
    pub(super) fn vouchsafe(&self, task: &[&str], kubeconfig: &Path) -> Outcome<Program> {
        let root = self.file("trusted-root.json");
        place::write(&root, &self.shop.trusted_root)?;
        Ok(Program::new(&self.binary)
            .args(task)
            .args(["--kubeconfig".as_ref(), kubeconfig.as_os_str()])
            .args(["--trusted-root".as_ref(), root.as_os_str()])
            .args([
                "--registry-mirror",
                &self.shop.mirror(),
                "--allow-insecure-registry",
            ])
            .folder(&self.folder.0))
    }

    /// helm, as somebody who may do all.
    pub(super) fn helm(&self) -> Program {
        Program::new(&self.helm)
            .env("KUBECONFIG", self.admin().kubeconfig())
            .env("HOME", &self.folder.0)
    }

    /// A policy of the scenarios, with the shop's key where the text has a placeholder.
    pub(super) fn scenario(&self, name: &str) -> Outcome<String> {
        let folder = place::root().join("crates/cli/src/command/demo");
        let policy = place::read(&folder.join(format!("{name}.yaml")))?;
        let lines: Vec<&str> = self.shop.key.lines().collect();
        let key: Vec<&str> = lines
            .into_iter()
            .filter(|line| !line.starts_with("-----"))
            .collect();
        Ok(policy.replace(PLACEHOLDER, &key.join("\n                ")))
    }

    /// Where the API server calls us.
    pub(super) fn webhook(&self) -> SocketAddr {
        self.webhook
    }

    /// Installs the chart and starts the first replica, where that was not done yet.
    pub(super) fn start_controller(&mut self) -> Outcome {
        if self.controller.is_none() {
            chart::install(self, &[])?;
            self.controller = Some(Controller::start(self, "first", self.webhook)?);
        }
        Ok(())
    }

    /// A namespace that one policy of the scenarios and no other governs; gives kubectl when the policy is in force.
    pub(super) fn governed_by(&mut self, scenario: &str, namespace: &str) -> Outcome<Kubectl> {
        self.start_controller()?;
        self.without_policies()?;
        self.admin().namespace(namespace)?;
        self.apply_policy(&self.scenario(scenario)?, scenario)?;
        Ok(self.admin().clone())
    }

    /// Applies a policy and waits until its status says that it is in force.
    pub(super) fn apply_policy(&self, policy: &str, name: &str) -> Outcome {
        let kubectl = self.admin();
        kubectl.apply(policy)?;
        let condition =
            "--output=jsonpath={.status.conditions[?(@.type=='Ready')].status} {.metadata.generation}";
        kubectl.eventually(&format!("Ready in the status of `{name}`"), || {
            Ok(kubectl.run(["get", "cpol", name, condition])?.starts_with("True"))
        })
    }

    /// Takes all policies away.
    pub(super) fn without_policies(&self) -> Outcome {
        self.admin()
            .run(["delete", "cpol,pol", "--all", "--all-namespaces"])?;
        Ok(())
    }

    /// A policy with the shop's key where it says `KEY`.
    pub(super) fn with_key(&self, policy: &str) -> String {
        with_key(policy, &self.shop.key)
    }

    /// Whole rounds of the scan that the first replica has done.
    pub(super) fn scans_done(&self) -> Outcome<usize> {
        self.times_logged("scanned what runs")
    }

    /// How often the first replica's log holds `text`.
    pub(super) fn times_logged(&self, text: &str) -> Outcome<usize> {
        let log = self.controller.as_ref().map(Controller::log);
        let said = log.map(place::read).transpose()?.unwrap_or_default();
        Ok(said.matches(text).count())
    }
}

/// `policy` with `key`, PEM, where it says `KEY`.
pub(super) fn with_key(policy: &str, key: &str) -> String {
    let lines: Vec<&str> = key.lines().collect();
    policy.replace("KEY", &lines.join("\n                      "))
}
