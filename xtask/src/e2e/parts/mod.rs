//! Programs that others made, had once and kept in the user's cache folder by name and version.

mod cache;
mod debian;
mod go;
mod kubernetes;

use std::path::PathBuf;

use crate::failure::Outcome;

pub(super) use kubernetes::{Kubernetes, NEWEST, kubernetes};

/// The cosign that images are signed and verified with.
pub(super) fn cosign() -> Outcome<PathBuf> {
    let module = "github.com/sigstore/cosign/v3/cmd/cosign";
    go::install("cosign", module, "v3.1.3", "about ten minutes")
}

/// The helm that lints, renders and installs our chart.
pub(super) fn helm() -> Outcome<PathBuf> {
    go::install("helm", "helm.sh/helm/v3/cmd/helm", "v3.22.0", "about two minutes")
}

/// The runner of Kyverno's conformance tests, the first release that builds with Go 1.26.
pub(super) fn chainsaw() -> Outcome<PathBuf> {
    let module = "github.com/kyverno/chainsaw";
    go::install("chainsaw", module, "v0.2.15", "about five minutes")
}

/// Debian's docker-registry.
pub(super) fn docker_registry() -> Outcome<PathBuf> {
    debian::program("docker-registry", "/usr/bin/docker-registry")
}

/// Debian's etcd.
pub(super) fn etcd() -> Outcome<PathBuf> {
    debian::program("etcd-server", "/usr/bin/etcd")
}

/// A server of Sigstore's.
pub(super) fn sigstore(name: &str, module: &str, version: &str) -> Outcome<PathBuf> {
    go::install(name, module, version, "about three minutes")
}
