//! The flags of `controller`. Those that Kyverno has too are understood in its spelling.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use scalars::duration::GoDuration;

use crate::command::own_cluster::OwnCluster;
use crate::command::serve::{LogFormat, LogLevel};
use crate::runtime::RegistryArguments;

#[derive(Debug, Clone, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) cluster: OwnCluster,
    /// Service before the replicas, by which the API server calls
    #[arg(
        long,
        value_name = "NAME",
        env = "VOUCHSAFE_SERVICE",
        default_value = "vouchsafe-svc"
    )]
    pub(crate) service: String,
    /// Port of the service
    #[arg(
        long = "service-port",
        alias = "servicePort",
        value_name = "PORT",
        default_value_t = 443
    )]
    pub(crate) service_port: u16,
    /// Name of this replica, unlike all others; the host's name where it is not said
    #[arg(long, value_name = "NAME", env = "POD_NAME")]
    pub(crate) replica: Option<String>,
    /// Address that the API server calls instead of the service: for controllers outside the cluster
    #[arg(long = "webhook-url", value_name = "https://HOST:PORT")]
    pub(crate) webhook_url: Option<String>,
    /// Where to listen
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "[::]:9443")]
    pub(crate) listen: SocketAddr,
    /// Certificate chain, PEM, leaf first; re-read when it changes. Without it one is made and kept in a Secret
    #[arg(long = "tls-cert", value_name = "FILE", requires_all = ["tls_key", "tls_ca"])]
    pub(crate) tls_cert: Option<PathBuf>,
    /// Private key of the certificate, PEM
    #[arg(long = "tls-key", value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Authorities that the API server is to trust for the certificate, PEM
    #[arg(long = "tls-ca", value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_ca: Option<PathBuf>,
    /// Label selector of the policies that are ours; the others are another engine's
    #[arg(long = "policy-selector", value_name = "SELECTOR", default_value = "")]
    pub(crate) policy_selector: String,
    /// Namespace whose PolicyExceptions count, `*` for all; without it none do
    #[arg(
        long = "exception-namespace",
        alias = "exceptionNamespace",
        value_name = "NAME"
    )]
    pub(crate) exception_namespace: Option<String>,
    /// Namespaces that nothing is called about, beside our own
    #[arg(long = "exempt-namespace", value_name = "NAME", value_delimiter = ',')]
    pub(crate) exempt_namespaces: Vec<String>,
    /// ConfigMap with the settings, in our namespace unless it says another
    #[arg(
        long = "config-map",
        value_name = "[NAMESPACE/]NAME",
        default_value = "kyverno"
    )]
    pub(crate) config_map: String,
    /// Namespace in which a Pod with an unsigned image is tried, dry, to prove that image policies are enforced
    #[arg(long = "proof-namespace", value_name = "NAME")]
    pub(crate) proof_namespace: Option<String>,
    /// An image that exists and that nobody signed, for such a Pod; else one that does not exist is used
    #[arg(long = "proof-image", value_name = "IMAGE", requires = "proof_namespace")]
    pub(crate) proof_image: Option<String>,
    /// Seconds after the last sign of life of a Lease's holder until another takes over
    #[arg(long = "lease-duration", value_name = "SECONDS", default_value_t = 15, value_parser = clap::value_parser!(u64).range(2..=3600))]
    pub(crate) lease_seconds: u64,
    /// Seconds that a holder tries to renew its Lease before it stops its work; fewer than the duration
    #[arg(long = "lease-renew-deadline", value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) renew_seconds: u64,
    /// Seconds between tries
    #[arg(long = "lease-retry", alias = "leaderElectionRetryPeriod", value_name = "SECONDS", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub(crate) retry_seconds: u64,
    /// Where the reports on what already runs are written
    #[arg(long, value_enum, default_value_t)]
    pub(crate) reports: Reports,
    /// How often everything that runs is judged again, as Go writes durations; at least ten seconds
    #[arg(long = "scan-interval", alias = "backgroundScanInterval", value_name = "DURATION", default_value = "1h", value_parser = GoDuration::parse)]
    pub(crate) scan_interval: GoDuration,
    /// Leave denials in Kyverno's words alone, without the line that names their explanation; logs still have its id
    #[arg(long = "plain-denials", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_value_t = false, default_missing_value = "true")]
    pub(crate) plain_denials: bool,
    /// `ClusterRole` that our webhooks belong to: they go when it goes, as the chart's does at an uninstall
    #[arg(long = "owned-by", value_name = "NAME")]
    pub(crate) owned_by: Option<String>,
    /// Take our webhooks away and end: before an uninstall
    #[arg(long = "remove-webhooks")]
    pub(crate) remove_webhooks: bool,
    /// How log lines are written, on standard error
    #[arg(long = "log", value_enum, default_value_t)]
    pub(crate) log: LogFormat,
    /// Least severe lines that are logged
    #[arg(long = "log-level", value_enum, default_value_t)]
    pub(crate) log_level: LogLevel,
    #[command(flatten)]
    pub(crate) registries: RegistryArguments,
}

/// Where reports are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Reports {
    /// `PolicyReport` and `ClusterPolicyReport`, wgpolicyk8s.io/v1alpha2
    #[default]
    #[value(name = "wgpolicyk8s.io")]
    PolicyGroup,
    /// `Report` and `ClusterReport`, openreports.io/v1alpha1
    #[value(name = "openreports.io")]
    OpenReporting,
    /// Nowhere: what already runs is not judged
    #[value(name = "none")]
    Nowhere,
}
