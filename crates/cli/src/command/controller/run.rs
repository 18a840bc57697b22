//! What `controller` does: arguments into options, and then until it is told to stop.

use std::time::Duration;

use cluster::{Client, ClusterError};
use controller::{
    CertificateSource, ControllerError, ControllerOptions, Identity, LeaseDurations, ProofOptions,
    ReportOptions,
};
use fact_loading::{LoaderOptions, NoCluster, Tenancy};
use policy_reports::ReportFormat;
use trace_export::TraceCounts;

use super::Arguments;
use super::arguments::Reports;
use crate::command::serve::{TracesError, start_log, stop_signal, traces_of_environment};
use crate::console::Console;
use crate::exit_code::{EXIT_AGAINST, EXIT_OK};
use crate::host::async_runtime;
use crate::input::InputError;

/// Why the controller does not start.
#[derive(Debug, thiserror::Error)]
enum StartError {
    #[error(transparent)]
    Input(#[from] InputError),
    #[error(transparent)]
    Traces(#[from] TracesError),
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    #[error(transparent)]
    Controller(#[from] ControllerError),
    #[error(
        "`--lease-renew-deadline` must be shorter than `--lease-duration`, and `--lease-retry` shorter than that"
    )]
    Leases,
    #[error("`--webhook-url` must begin with https://")]
    WebhookUrl,
    #[error("signals can't be heard: {0}")]
    Signals(#[source] std::io::Error),
}

/// Runs `controller` until it is told to stop.
pub(crate) fn run(arguments: &Arguments, console: &mut Console) -> u8 {
    match start(arguments, console) {
        Ok(()) => EXIT_OK,
        Err(error) => {
            console.note(&format!("Error: {error}"));
            EXIT_AGAINST
        }
    }
}

fn start(arguments: &Arguments, console: &mut Console) -> Result<(), StartError> {
    if arguments.remove_webhooks {
        // The way out of a cluster that is stuck: no setting of anything else stands in it.
        start_log(arguments.log, arguments.log_level, None);
        let client = arguments.cluster.client()?;
        async_runtime()?.block_on(controller::remove_webhooks(&client))?;
        console.line("the webhooks are removed");
        return Ok(());
    }
    let (layer, traces) = traces_of_environment()?;
    start_log(arguments.log, arguments.log_level, layer);
    let client = arguments.cluster.client()?;
    let options = options(arguments, client, traces.counts())?;
    async_runtime()?.block_on(async {
        let stopped = stop_signal().map_err(StartError::Signals)?;
        let listening = |address| {
            console.line(&format!("listening on https://{address}"));
            console.flush();
        };
        traces
            .beside(controller::run(options, listening, stopped))
            .await?;
        Ok(())
    })
}

fn options(
    arguments: &Arguments,
    client: Client,
    traces: Option<TraceCounts>,
) -> Result<ControllerOptions, StartError> {
    let leases = LeaseDurations {
        lease: Duration::from_secs(arguments.lease_seconds),
        renew_deadline: Duration::from_secs(arguments.renew_seconds),
        retry: Duration::from_secs(arguments.retry_seconds),
    };
    if leases.renew_deadline >= leases.lease || leases.retry >= leases.renew_deadline {
        return Err(StartError::Leases);
    }
    let is_https = |url: &String| url.starts_with("https://");
    if !arguments.webhook_url.iter().all(is_https) {
        return Err(StartError::WebhookUrl);
    }
    let certificates = match (&arguments.tls_cert, &arguments.tls_key, &arguments.tls_ca) {
        (Some(certificate), Some(key), Some(authorities)) => CertificateSource::Files {
            certificate: certificate.clone(),
            key: key.clone(),
            authorities: authorities.clone(),
        },
        _ => CertificateSource::Own,
    };
    let config_map = match arguments.config_map.split_once('/') {
        Some((namespace, name)) => (namespace.to_owned(), name.to_owned()),
        None => (arguments.cluster.namespace.clone(), arguments.config_map.clone()),
    };
    Ok(ControllerOptions {
        client,
        identity: Identity {
            namespace: arguments.cluster.namespace.clone(),
            service: arguments.service.clone(),
            service_port: arguments.service_port,
            replica: replica(arguments),
            webhook_url: arguments.webhook_url.clone(),
        },
        listen: arguments.listen,
        certificates,
        loader: LoaderOptions {
            // Tenants write policies: a namespaced one reaches nothing outside its namespace.
            tenancy: Tenancy::Shared,
            own_namespace: arguments.cluster.namespace.clone(),
            allow_loopback: false,
            reads_image_metadata: true,
            ..arguments.registries.options(std::sync::Arc::new(NoCluster))?
        },
        longest_review: arguments.registries.timeout(),
        policy_selector: arguments.policy_selector.clone(),
        exception_namespace: arguments.exception_namespace.clone(),
        exempt_namespaces: arguments.exempt_namespaces.clone(),
        config_map,
        leases,
        proofs: ProofOptions {
            namespace: arguments.proof_namespace.clone(),
            image: arguments.proof_image.clone(),
        },
        owned_by: arguments.owned_by.clone(),
        reports: reports(arguments),
        plain_denials: arguments.plain_denials,
        traces,
    })
}

fn reports(arguments: &Arguments) -> Option<ReportOptions> {
    let format = match arguments.reports {
        Reports::PolicyGroup => ReportFormat::PolicyReport,
        Reports::OpenReporting => ReportFormat::OpenReports,
        Reports::Nowhere => return None,
    };
    let interval = Duration::try_from_secs_f64(arguments.scan_interval.seconds()).unwrap_or_default();
    Some(ReportOptions { format, interval })
}

/// This replica's name: given, the host's, or one that no other process on this host has.
fn replica(arguments: &Arguments) -> String {
    let host = || std::fs::read_to_string("/etc/hostname").ok();
    let name = arguments.replica.clone().or_else(host);
    let name = name.as_deref().map(str::trim).filter(|name| !name.is_empty());
    match (name, &arguments.replica) {
        (Some(name), Some(_)) => name.to_owned(),
        (Some(name), None) => format!("{name}-{}", std::process::id()),
        (None, _) => format!("vouchsafe-{}", std::process::id()),
    }
}
