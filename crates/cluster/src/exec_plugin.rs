//! Credential plugins: a program that prints a token or a client certificate.
//!
//! In: the `exec` of a kubeconfig's user. Out: what it printed, read and checked. Never: a plugin that runs on, that
//! prints without end, or that asks on our standard input.
//!
//! Source: client.authentication.k8s.io/v1 and v1beta1.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;

use crate::error::{ClusterError, quoted};
use crate::limits::{MOST_PLUGIN_BYTES, PLUGIN_TIMEOUT};
use crate::secret::Secret;

const VERSIONS: [&str; 2] = [
    "client.authentication.k8s.io/v1",
    "client.authentication.k8s.io/v1beta1",
];

/// `users[].user.exec`
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExecConfig {
    #[serde(default)]
    api_version: String,
    #[serde(default)]
    command: String,
    args: Option<Vec<String>>,
    env: Option<Vec<EnvironmentVariable>>,
    install_hint: Option<String>,
    #[serde(default)]
    provide_cluster_info: bool,
    interactive_mode: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct EnvironmentVariable {
    name: String,
    value: Secret,
}

/// A plugin, ready to run.
#[derive(Debug, Clone)]
pub(crate) struct ExecPlugin {
    config: ExecConfig,
    program: PathBuf,
    /// `spec.cluster` of what the plugin is told, if it asked for it.
    cluster: Option<Value>,
}

/// What a plugin printed.
#[derive(Debug, Clone)]
pub(crate) struct ExecCredential {
    pub(crate) token: Option<Secret>,
    /// Certificate chain and key, PEM.
    pub(crate) certificate: Option<Secret>,
    pub(crate) expires: Option<Timestamp>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Printed {
    api_version: String,
    kind: String,
    status: Option<PrintedStatus>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PrintedStatus {
    expiration_timestamp: Option<String>,
    token: Option<Secret>,
    client_certificate_data: Option<String>,
    client_key_data: Option<Secret>,
}

impl ExecPlugin {
    /// The plugin that `config` of a kubeconfig in `folder` names.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn new(config: ExecConfig, folder: &Path, cluster: &Value) -> Result<Self, String> {
        if !VERSIONS.contains(&config.api_version.as_str()) {
            return Err(format!(
                "exec: apiVersion `{}` is not supported: expected {}",
                config.api_version,
                VERSIONS.join(" or ")
            ));
        }
        if config.command.is_empty() {
            return Err("exec: command is empty".to_owned());
        }
        if config.interactive_mode.as_deref() == Some("Always") {
            return Err(
                "exec: the plugin wants to ask on standard input (interactiveMode Always), which is not given to it"
                    .to_owned(),
            );
        }
        let written = Path::new(&config.command);
        // Bare names are looked up in PATH; others are relative to the kubeconfig.
        let program = if written.components().count() > 1 && written.is_relative() {
            folder.join(written)
        } else {
            written.to_owned()
        };
        let cluster = config.provide_cluster_info.then(|| cluster.clone());
        Ok(Self {
            config,
            program,
            cluster,
        })
    }

    /// Runs the plugin.
    ///
    /// # Errors
    /// [`ClusterError::Credentials`] where it can't be run, fails, takes too long or prints something else.
    pub(crate) async fn run(&self) -> Result<ExecCredential, ClusterError> {
        let name = &self.config.command;
        let failed = |what: String| ClusterError::Credentials(format!("plugin `{name}`: {what}"));
        match tokio::time::timeout(PLUGIN_TIMEOUT, self.output()).await {
            Ok(Ok(printed)) => self.read(&printed).map_err(failed),
            Ok(Err(what)) => Err(failed(what)),
            Err(_) => Err(failed(format!(
                "no credential within {} s",
                PLUGIN_TIMEOUT.as_secs()
            ))),
        }
    }

    async fn output(&self) -> Result<Vec<u8>, String> {
        let mut spec = json!({"interactive": false});
        if let (Some(cluster), Some(fields)) = (&self.cluster, spec.as_object_mut()) {
            fields.insert("cluster".to_owned(), cluster.clone());
        }
        let told = json!({"apiVersion": self.config.api_version, "kind": "ExecCredential", "spec": spec});
        let mut command = Command::new(&self.program);
        command
            .args(self.config.args.iter().flatten())
            .env("KUBERNETES_EXEC_INFO", told.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        for variable in self.config.env.iter().flatten() {
            command.env(&variable.name, variable.value.reveal());
        }
        let mut child = command.spawn().map_err(|cause| match &self.config.install_hint {
            Some(hint) => format!("{cause}: {}", quoted(hint)),
            None => cause.to_string(),
        })?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let (printed, told) = tokio::join!(bounded(stdout), bounded(stderr));
        let (printed, told) = (printed?, told?);
        let status = child.wait().await.map_err(|cause| cause.to_string())?;
        if status.success() {
            return Ok(printed);
        }
        let why = quoted(&String::from_utf8_lossy(&told));
        Err(format!("{status}: {why}"))
    }

    fn read(&self, printed: &[u8]) -> Result<ExecCredential, String> {
        // The text may hold a token: the parser's message, which may quote it, is not repeated.
        let printed: Printed =
            serde_json::from_slice(printed).map_err(|_| "printed no ExecCredential".to_owned())?;
        if printed.kind != "ExecCredential" || printed.api_version != self.config.api_version {
            return Err(format!(
                "printed `{}` of `{}`: expected `ExecCredential` of `{}`",
                quoted(&printed.kind),
                quoted(&printed.api_version),
                self.config.api_version
            ));
        }
        let status = printed.status.ok_or("printed an ExecCredential without status")?;
        let certificate = match (status.client_certificate_data, status.client_key_data) {
            (Some(certificate), Some(key)) => Some(Secret::new(format!("{certificate}\n{}", key.reveal()))),
            (None, None) => None,
            (Some(_), None) | (None, Some(_)) => {
                return Err(
                    "printed a certificate without its key, or a key without its certificate".to_owned(),
                );
            }
        };
        let token = status.token.filter(|token| !token.is_empty());
        if token.is_none() && certificate.is_none() {
            return Err("printed neither a token nor a certificate".to_owned());
        }
        let expires = status
            .expiration_timestamp
            .map(|text| {
                text.parse()
                    .map_err(|_| format!("expirationTimestamp `{}` is no time", quoted(&text)))
            })
            .transpose()?;
        Ok(ExecCredential {
            token,
            certificate,
            expires,
        })
    }
}

/// Everything a stream gives, if it is not too much.
async fn bounded(stream: Option<impl AsyncRead + Unpin>) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let Some(stream) = stream else {
        return Ok(bytes);
    };
    let read = stream.take(MOST_PLUGIN_BYTES).read_to_end(&mut bytes).await;
    read.map_err(|cause| cause.to_string())?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) >= MOST_PLUGIN_BYTES {
        return Err(format!("printed more than {MOST_PLUGIN_BYTES} bytes"));
    }
    Ok(bytes)
}
