//! The crate through its public face, against a small API server behind TLS.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "in a test a panic is the failure"
)]

mod server;
mod configuration;
mod lists;
mod credentials;
mod facts;
mod watches;
mod writes;

use std::path::{Path, PathBuf};

// Names as other crates of the workspace have them.
use vouchsafe_cluster as cluster;

use crate::cluster::{Client, ClusterError, KubeconfigChoice, Settings};
use crate::server::Server;

/// A folder with a kubeconfig for `server`, whose one user is `user` (YAML in braces).
pub(crate) fn kubeconfig(server: &Server, user: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ca.pem"), &server.authority).unwrap();
    let path = folder.path().join("config");
    std::fs::write(&path, text(&server.address(), user)).unwrap();
    (folder, path)
}

pub(crate) fn text(address: &str, user: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: here\n\
         clusters: [{{name: c, cluster: {{server: '{address}', certificate-authority: ca.pem}}}}]\n\
         contexts: [{{name: here, context: {{cluster: c, user: u, namespace: shop}}}}]\n\
         users:\n- name: u\n  user: {user}\n"
    )
}

pub(crate) fn load(path: &Path) -> Result<Settings, ClusterError> {
    Settings::load(&KubeconfigChoice {
        file: Some(path.to_string_lossy().into_owned()),
        context: None,
    })
}

/// A client of `server` that shows the token `s3cret`.
pub(crate) fn client(server: &Server) -> Client {
    let (_folder, path) = kubeconfig(server, "{token: s3cret}");
    Client::new(load(&path).unwrap()).unwrap()
}
