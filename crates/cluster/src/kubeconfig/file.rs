//! The file: its entries as they are written, and several files taken as one.
//!
//! The first file that names an entry has it; files of KUBECONFIG that don't exist are passed over.

use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::error::ClusterError;
use crate::exec_plugin::ExecConfig;
use crate::limits::MOST_KUBECONFIG_BYTES;
use crate::secret::Secret;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Written {
    current_context: Option<String>,
    clusters: Option<Vec<NamedCluster>>,
    contexts: Option<Vec<NamedContext>>,
    users: Option<Vec<NamedUser>>,
}

#[derive(Debug, Deserialize)]
struct NamedCluster {
    name: String,
    #[serde(default)]
    cluster: Option<ClusterEntry>,
}

#[derive(Debug, Deserialize)]
struct NamedContext {
    name: String,
    #[serde(default)]
    context: Option<ContextEntry>,
}

#[derive(Debug, Deserialize)]
struct NamedUser {
    name: String,
    #[serde(default)]
    user: Option<UserEntry>,
}

/// `clusters[].cluster`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(super) struct ClusterEntry {
    pub(super) server: String,
    pub(super) certificate_authority: Option<String>,
    pub(super) certificate_authority_data: Option<String>,
    pub(super) insecure_skip_tls_verify: Option<bool>,
    pub(super) tls_server_name: Option<String>,
    pub(super) proxy_url: Option<String>,
    pub(super) extensions: Option<Vec<Extension>>,
}

/// `extensions[]`
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Extension {
    pub(super) name: String,
    #[serde(default)]
    pub(super) extension: Value,
}

/// `contexts[].context`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct ContextEntry {
    pub(super) cluster: String,
    pub(super) user: String,
    pub(super) namespace: Option<String>,
}

/// `users[].user`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(super) struct UserEntry {
    pub(super) token: Option<Secret>,
    #[serde(rename = "tokenFile")]
    pub(super) token_file: Option<String>,
    pub(super) client_certificate: Option<String>,
    pub(super) client_certificate_data: Option<String>,
    pub(super) client_key: Option<String>,
    pub(super) client_key_data: Option<Secret>,
    pub(super) username: Option<String>,
    pub(super) password: Option<Secret>,
    #[serde(rename = "as")]
    pub(super) acts_as: Option<String>,
    pub(super) as_uid: Option<String>,
    pub(super) as_groups: Option<Vec<String>>,
    pub(super) as_user_extra: Option<Map<String, Value>>,
    pub(super) auth_provider: Option<Value>,
    pub(super) exec: Option<ExecConfig>,
}

/// An entry, and the folder that its relative paths start from.
#[derive(Debug, Clone)]
pub(super) struct Entry<T> {
    pub(super) name: String,
    pub(super) folder: Arc<Path>,
    pub(super) content: T,
}

/// Several files taken as one.
#[derive(Debug, Default)]
pub(super) struct Kubeconfig {
    pub(super) current_context: Option<String>,
    clusters: Vec<Entry<ClusterEntry>>,
    contexts: Vec<Entry<ContextEntry>>,
    users: Vec<Entry<UserEntry>>,
}

/// Whether a file that isn't there is a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Absence {
    Fault,
    PassedOver,
}

impl Kubeconfig {
    /// Reads `paths` in order.
    pub(super) fn read(paths: &[PathBuf], absence: Absence) -> Result<Self, ClusterError> {
        let mut all = Self::default();
        for path in paths {
            if let Some(bytes) = bytes_of(path, absence)? {
                all.add(&bytes, path)?;
            }
        }
        Ok(all)
    }

    fn add(&mut self, bytes: &[u8], path: &Path) -> Result<(), ClusterError> {
        let place = path.display().to_string();
        let documents = manifest::read(bytes, &place)
            // The fault names a line and a key; values, which may be tokens, are not repeated here.
            .map_err(|faults| {
                let first = faults.first().map(ToString::to_string).unwrap_or_default();
                ClusterError::kubeconfig(format!("`{place}`"), first)
            })?;
        let folder: Arc<Path> = path.parent().unwrap_or(Path::new("")).into();
        for document in documents {
            let written: Written = serde_json::from_value(document.value).map_err(|_| {
                ClusterError::kubeconfig(format!("`{place}`"), "is not of the form of a kubeconfig")
            })?;
            if self.current_context.is_none() {
                self.current_context = written.current_context.filter(|name| !name.is_empty());
            }
            for named in written.clusters.into_iter().flatten() {
                let content = named.cluster.unwrap_or_default();
                enter(&mut self.clusters, named.name, &folder, content);
            }
            for named in written.contexts.into_iter().flatten() {
                let content = named.context.unwrap_or_default();
                enter(&mut self.contexts, named.name, &folder, content);
            }
            for named in written.users.into_iter().flatten() {
                let content = named.user.unwrap_or_default();
                enter(&mut self.users, named.name, &folder, content);
            }
        }
        Ok(())
    }

    pub(super) fn cluster(&self, name: &str) -> Result<&Entry<ClusterEntry>, ClusterError> {
        find(&self.clusters, "cluster", name)
    }

    pub(super) fn context(&self, name: &str) -> Result<&Entry<ContextEntry>, ClusterError> {
        find(&self.contexts, "context", name)
    }

    pub(super) fn user(&self, name: &str) -> Result<&Entry<UserEntry>, ClusterError> {
        find(&self.users, "user", name)
    }
}

fn enter<T>(entries: &mut Vec<Entry<T>>, name: String, folder: &Arc<Path>, content: T) {
    if !entries.iter().any(|entry| entry.name == name) {
        entries.push(Entry {
            name,
            folder: Arc::clone(folder),
            content,
        });
    }
}

fn find<'e, T>(entries: &'e [Entry<T>], what: &str, name: &str) -> Result<&'e Entry<T>, ClusterError> {
    let found = entries.iter().find(|entry| entry.name == name);
    found.ok_or_else(|| ClusterError::kubeconfig(format!("{what} `{name}`"), "is not there"))
}

fn bytes_of(path: &Path, absence: Absence) -> Result<Option<Vec<u8>>, ClusterError> {
    let place = || format!("`{}`", path.display());
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(cause) if cause.kind() == ErrorKind::NotFound && absence == Absence::PassedOver => {
            return Ok(None);
        }
        Err(cause) => return Err(ClusterError::kubeconfig(place(), cause.to_string())),
    };
    let mut bytes = Vec::new();
    file.take(MOST_KUBECONFIG_BYTES)
        .read_to_end(&mut bytes)
        .map_err(|cause| ClusterError::kubeconfig(place(), cause.to_string()))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) >= MOST_KUBECONFIG_BYTES {
        return Err(ClusterError::kubeconfig(
            place(),
            format!("larger than {MOST_KUBECONFIG_BYTES} bytes"),
        ));
    }
    Ok(Some(bytes))
}
