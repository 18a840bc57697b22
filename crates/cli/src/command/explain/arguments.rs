//! Flags of `explain`.

use clap::{Args, ValueEnum};

use crate::command::own_cluster::OwnCluster;

/// Flags of `explain`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Arguments {
    /// What stands at the end of the denial
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    /// Log with JSON lines (`--log json`) to look in instead of asking the replicas; `-` for standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["kubeconfig", "context", "selector"])]
    pub(crate) log: Option<String>,
    #[command(flatten)]
    pub(crate) cluster: OwnCluster,
    /// Labels of the replicas
    #[arg(
        long,
        value_name = "SELECTOR",
        default_value = "app.kubernetes.io/name=vouchsafe"
    )]
    pub(crate) selector: String,
    /// How the explanation is printed
    #[arg(short, long, value_enum, default_value_t)]
    pub(crate) output: Form,
}

/// How an explanation is printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
}
