//! `vouchsafe doctor`: what keeps a cluster from being protected, or from working, and what to do.

use clap::Args;
use cluster::{Client, ClusterError, KubeconfigChoice, Settings};
use controller::{DoctorOptions, Finding, Grade, examine};

use crate::console::Console;
use crate::exit_code::{EXIT_AGAINST, EXIT_OK};
use crate::host::async_runtime;
use crate::input::InputError;

#[derive(Debug, Clone, Args)]
pub(crate) struct Arguments {
    /// Kubeconfig file; without it KUBECONFIG, or the service account of this Pod
    #[arg(long, value_name = "FILE")]
    pub(crate) kubeconfig: Option<String>,
    /// Context of the kubeconfig
    #[arg(long, value_name = "NAME")]
    pub(crate) context: Option<String>,
    /// Namespace of the controller
    #[arg(
        long,
        value_name = "NAME",
        env = "VOUCHSAFE_NAMESPACE",
        default_value = "vouchsafe"
    )]
    pub(crate) namespace: String,
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
    let choice = KubeconfigChoice {
        file: arguments.kubeconfig.clone(),
        context: arguments.context.clone(),
    };
    let client = Client::new(Settings::load(&choice)?)?;
    let options = DoctorOptions {
        namespace: arguments.namespace.clone(),
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
