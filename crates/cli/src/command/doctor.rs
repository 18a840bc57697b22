//! `vouchsafe doctor`: what keeps a cluster from being protected, or from working, and what to do.

use clap::Args;
use cluster::ClusterError;
use controller::{DoctorOptions, Finding, Grade, examine};

use crate::command::own_cluster::OwnCluster;
use crate::console::Console;
use crate::exit_code::{EXIT_AGAINST, EXIT_OK};
use crate::host::async_runtime;
use crate::input::InputError;

#[derive(Debug, Clone, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    cluster: OwnCluster,
    /// Service account of the controller
    #[arg(long = "service-account", value_name = "NAME", default_value = "vouchsafe")]
    pub(crate) service_account: String,
    /// ConfigMap with the controller's settings
    #[arg(long = "config-map", value_name = "NAME", default_value = "kyverno")]
    pub(crate) config_map: String,
}

/// Why nothing can be looked at.
#[derive(Debug, thiserror::Error)]
enum DoctorError {
    #[error(transparent)]
    Input(#[from] InputError),
    #[error(transparent)]
    Cluster(#[from] ClusterError),
}

/// Runs `doctor`: exit code 1 where something does not work.
pub(crate) fn run(arguments: &Arguments, console: &mut Console) -> u8 {
    match findings(arguments) {
        Ok(findings) => tell(&findings, console),
        Err(error) => {
            console.note(&format!("Error: {error}"));
            EXIT_AGAINST
        }
    }
}

fn findings(arguments: &Arguments) -> Result<Vec<Finding>, DoctorError> {
    let client = arguments.cluster.client()?;
    let options = DoctorOptions {
        namespace: arguments.cluster.namespace.clone(),
        service_account: arguments.service_account.clone(),
        config_map: arguments.config_map.clone(),
    };
    Ok(async_runtime()?.block_on(examine(&client, &options)))
}

fn tell(findings: &[Finding], console: &mut Console) -> u8 {
    for finding in findings {
        let mark = match finding.grade {
            Grade::Good => "ok   ",
            Grade::Doubtful => "look ",
            Grade::Bad => "BAD  ",
        };
        console.line(&format!("{mark}{}", finding.what));
        if !finding.fix.is_empty() {
            console.line(&format!("     → {}", finding.fix));
        }
    }
    let is_bad = findings.iter().any(|finding| finding.grade == Grade::Bad);
    if is_bad { EXIT_AGAINST } else { EXIT_OK }
}
