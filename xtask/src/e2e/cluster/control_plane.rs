//! etcd, API server and controller manager of one release, on loopback; stopped when the handle is dropped.
//!
//! There is no kubelet: Pods stay `Pending`, which is enough for admission, reports and scans.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::certificates::Certificates;
use super::kubectl::Kubectl;
use crate::e2e::{parts, port};
use crate::failure::{Failure, Outcome};
use crate::place;
use crate::program::{Program, Running};

/// Time each of them has to be ready; a busy machine takes ten times the quiet one's.
const START: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(100);

/// What runs. Fields are dropped in their order: the API server ends before its etcd.
pub(super) struct ControlPlane {
    controllers: Option<Running>,
    api_server: Option<Running>,
    _etcd: Running,
    programs: parts::Kubernetes,
    folder: PathBuf,
    certificates: Certificates,
    etcd_url: String,
    address: std::net::SocketAddr,
    admin: Kubectl,
}

impl ControlPlane {
    /// Starts it with all its state in `folder`; gives it when it is ready.
    pub(super) fn start(folder: &Path, programs: parts::Kubernetes) -> Outcome<Self> {
        let certificates = Certificates::make(folder)?;
        let (etcd_url, etcd) = start_etcd(folder)?;
        let address = port::free()?;
        let server = format!("https://{address}");
        let kubeconfig = certificates.user("admin", Some("system:masters"), &server)?;
        let admin = Kubectl::new(programs.kubectl(), kubeconfig, folder);
        let mut plane = Self {
            controllers: None,
            api_server: None,
            _etcd: etcd,
            programs,
            folder: folder.to_owned(),
            certificates,
            etcd_url,
            address,
            admin,
        };
        plane.start_api_server()?;
        plane.start_controllers()?;
        plane.admin.await_default_account("default")?;
        Ok(plane)
    }

    /// kubectl of somebody who may do all.
    pub(super) fn admin(&self) -> &Kubectl {
        &self.admin
    }

    /// Where the API server answers.
    pub(super) fn server(&self) -> String {
        format!("https://{}", self.address)
    }

    /// The files of its authority.
    pub(super) fn certificates(&self) -> &Certificates {
        &self.certificates
    }

    /// Ends the API server at once, as a crash would; etcd keeps its state.
    pub(super) fn stop_api_server(&mut self) {
        self.api_server = None;
    }

    /// Starts the API server where it was, and waits until it is ready.
    pub(super) fn start_api_server(&mut self) -> Outcome {
        let file = |name: &str| self.certificates.file(name).display().to_string();
        let flags = [
            ("etcd-servers", self.etcd_url.clone()),
            ("bind-address", "127.0.0.1".to_owned()),
            ("secure-port", self.address.port().to_string()),
            ("advertise-address", "127.0.0.1".to_owned()),
            ("endpoint-reconciler-type", "none".to_owned()),
            ("tls-cert-file", file("server.crt")),
            ("tls-private-key-file", file("server.key")),
            ("client-ca-file", file("ca.crt")),
            ("authorization-mode", "RBAC".to_owned()),
            (
                "service-account-issuer",
                "https://kubernetes.default.svc".to_owned(),
            ),
            ("service-account-signing-key-file", file("accounts.key")),
            ("service-account-key-file", file("accounts.pub")),
            ("service-cluster-ip-range", "10.0.0.0/24".to_owned()),
            ("allow-privileged", "true".to_owned()),
        ];
        let log = self.folder.join("kube-apiserver.log");
        let mut running = Program::new(self.programs.api_server())
            .args(flags.map(|(name, value)| format!("--{name}={value}")))
            .start_logged(&log)?;
        let ready = || {
            self.admin
                .call(["get", "--raw=/readyz", "--request-timeout=2s"])
                .is_ok_and(|answer| answer.stdout == "ok")
        };
        wait_for("kube-apiserver", &mut running, &log, ready)?;
        self.api_server = Some(running);
        Ok(())
    }

    fn start_controllers(&mut self) -> Outcome {
        let kubeconfig = self
            .certificates
            .user("system:kube-controller-manager", None, &self.server())?;
        let file = |name: &str| self.certificates.file(name).display().to_string();
        let flags = [
            ("kubeconfig", kubeconfig.display().to_string()),
            ("bind-address", "127.0.0.1".to_owned()),
            ("secure-port", port::free()?.port().to_string()),
            ("leader-elect", "false".to_owned()),
            // There are no nodes: what tests bind to one stays.
            ("controllers", "*,-podgc".to_owned()),
            ("use-service-account-credentials", "true".to_owned()),
            ("service-account-private-key-file", file("accounts.key")),
            ("root-ca-file", file("ca.crt")),
        ];
        let running = Program::new(self.programs.controller_manager())
            .args(flags.map(|(name, value)| format!("--{name}={value}")))
            .start_logged(&self.folder.join("kube-controller-manager.log"))?;
        self.controllers = Some(running);
        Ok(())
    }
}

fn start_etcd(folder: &Path) -> Outcome<(String, Running)> {
    let url = format!("http://{}", port::free()?);
    let peers = format!("http://{}", port::free()?);
    let flags = [
        ("name", "one"),
        ("data-dir", &*folder.join("etcd").to_string_lossy()),
        ("listen-client-urls", &url),
        ("advertise-client-urls", &url),
        ("listen-peer-urls", &peers),
        ("initial-advertise-peer-urls", &peers),
        ("initial-cluster", &format!("one={peers}")),
        // 8 GiB: `e2e scale` needs more than the usual two.
        ("quota-backend-bytes", "8589934592"),
    ]
    .map(|(name, value)| format!("--{name}={value}"));
    let running = Program::new(parts::etcd()?)
        .args(flags)
        // What it holds dies with the test.
        .args(["--unsafe-no-fsync"])
        .start_logged(&folder.join("etcd.log"))?;
    Ok((url, running))
}

/// Waits until `is_ready`; says the end of the log where it is not in time, or has ended.
pub(super) fn wait_for(
    name: &str,
    running: &mut Running,
    log: &Path,
    is_ready: impl Fn() -> bool,
) -> Outcome {
    let begun = Instant::now();
    while !is_ready() {
        let ended = running.has_ended();
        if ended || begun.elapsed() > START {
            let fault = if ended {
                "has ended"
            } else {
                "is not ready in time"
            };
            let log = place::read(log)?;
            let lines: Vec<&str> = log.lines().collect();
            let end = lines.get(lines.len().saturating_sub(15)..).unwrap_or_default();
            return Err(Failure::Found(format!("{name} {fault}:\n{}", end.join("\n"))));
        }
        thread::sleep(PAUSE);
    }
    Ok(())
}
