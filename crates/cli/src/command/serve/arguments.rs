//! The flags of `serve`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::runtime::RegistryArguments;

#[derive(Debug, Clone, Args)]
pub(crate) struct Arguments {
    /// Policy files and folders; changes are taken all or none, and the last good set is kept
    #[arg(long = "policies", required = true, value_name = "DIR")]
    pub(crate) policies: Vec<String>,
    /// Where to listen
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:9443")]
    pub(crate) listen: SocketAddr,
    /// Certificate chain, PEM, leaf first; re-read when it changes. Without it one is made at start
    #[arg(long = "tls-cert", value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// Private key of the certificate, PEM
    #[arg(long = "tls-key", value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Names that the certificate made at start is good for, beside `localhost` and the address
    #[arg(
        long = "tls-name",
        value_name = "NAME",
        value_delimiter = ',',
        conflicts_with = "tls_cert"
    )]
    pub(crate) tls_names: Vec<String>,
    /// Files of Secrets: public keys (`k8s://namespace/name`) and credentials for registries
    #[arg(long = "secrets", value_name = "FILE")]
    pub(crate) secrets: Vec<String>,
    /// How log lines are written, on standard error
    #[arg(long = "log", value_enum, default_value_t)]
    pub(crate) log: LogFormat,
    /// Least severe lines that are logged
    #[arg(long = "log-level", value_enum, default_value_t)]
    pub(crate) log_level: LogLevel,
    #[command(flatten)]
    pub(crate) registries: RegistryArguments,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people
    #[default]
    Text,
    /// For machines: one object a line
    Json,
}

/// What is logged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogLevel {
    /// What needs somebody
    Error,
    /// Denials and what is not as it should be
    Warn,
    /// Changes too
    #[default]
    Info,
    /// Everything
    Debug,
}
