//! The cluster that a controller runs in, and its place there: the flags that `controller`, `doctor` and `explain` share.

use clap::Args;
use cluster::{Client, ClusterError, KubeconfigChoice, Settings};

#[derive(Debug, Clone, Args)]
pub(crate) struct OwnCluster {
    /// Kubeconfig file; without it KUBECONFIG, or the service account of this Pod
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<String>,
    /// Context of the kubeconfig
    #[arg(long, value_name = "NAME")]
    context: Option<String>,
    /// Namespace of the controller: its Secret, Leases and settings stand there, and nothing in it is judged
    #[arg(
        short = 'n',
        long,
        value_name = "NAME",
        env = "VOUCHSAFE_NAMESPACE",
        default_value = "vouchsafe"
    )]
    pub(crate) namespace: String,
}

impl OwnCluster {
    /// Who asks the API server that is meant; nothing is asked yet.
    ///
    /// # Errors
    /// [`ClusterError`] where no cluster is configured, or its configuration can't be used.
    pub(crate) fn client(&self) -> Result<Client, ClusterError> {
        let choice = KubeconfigChoice {
            file: self.kubeconfig.clone(),
            context: self.context.clone(),
        };
        Client::new(Settings::load(&choice)?)
    }
}
