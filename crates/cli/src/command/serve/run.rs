//! What `serve` does, step by step.

use std::sync::Arc;

use admission_server::{
    OwnAuthority, PolicySource, Refused, Server, ServerError, ServerOptions, Tls, TlsError,
};
use admission_server::{Webhook, WebhookOptions};
use fact_loading::{Loader, LoaderOptions, SetupError, Tenancy};
use policy_engine::{EngineOptions, LoadedPolicies};

use super::no_cluster::Unconnected;
use super::policy_folder::PolicyFolder;
use super::traces::{self, TracesError};
use super::{Arguments, log};
use crate::console::Console;
use crate::exit_code::{EXIT_AGAINST, EXIT_OK};
use crate::host::async_runtime;
use crate::input::{self, FileCluster, InputError};

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
enum ServeError {
    #[error(transparent)]
    Input(#[from] InputError),
    #[error("the policies can't be used:\n{0}")]
    Policies(#[from] Refused),
    #[error(transparent)]
    Loader(#[from] SetupError),
    #[error(transparent)]
    Traces(#[from] TracesError),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error(transparent)]
    Server(#[from] ServerError),
    #[error("signals can't be heard: {0}")]
    Signals(#[source] std::io::Error),
}

/// Runs `serve` until it is told to stop.
pub(crate) fn run(arguments: &Arguments, console: &mut Console) -> u8 {
    match serve(arguments, console) {
        Ok(()) => EXIT_OK,
        Err(error) => {
            console.note(&format!("Error: {error}"));
            EXIT_AGAINST
        }
    }
}

fn serve(arguments: &Arguments, console: &mut Console) -> Result<(), ServeError> {
    let (layer, traces) = traces::of_environment()?;
    log::start(arguments.log, arguments.log_level, layer);
    let source = Arc::new(PolicyFolder {
        paths: arguments.policies.clone(),
    });
    let webhook = Arc::new(Webhook::new(WebhookOptions {
        loader: loader(arguments)?,
        engine: EngineOptions::default(),
        longest_review: arguments.registries.timeout(),
        traces: traces.counts(),
    }));
    let stamp = source.stamp();
    let loaded = webhook.policies().take(&*source)?;
    tell_warnings(&loaded, console);
    let (tls, authority) = tls(arguments)?;
    let rules: usize = loaded.policies.iter().map(|policy| policy.rules.len()).sum();
    let policies = loaded.policies.len();
    drop(loaded);
    async_runtime()?.block_on(async {
        let server = Server::bind(ServerOptions {
            listen: arguments.listen,
            tls,
            webhook,
            source: Some((source, stamp)),
        });
        let server = server.await?;
        let stopped = stop_signal().map_err(ServeError::Signals)?;
        let address = server.address();
        console.line(&format!(
            "serving {policies} policies ({rules} rules) on https://{address}/validate and /mutate"
        ));
        if let Some(authority) = authority {
            tell_authority(&authority, console);
        }
        console.flush();
        traces.beside(server.run(stopped)).await;
        Ok(())
    })
}

fn loader(arguments: &Arguments) -> Result<Loader, ServeError> {
    let mut files = FileCluster::default();
    files.add_secrets(&input::load_stored(&arguments.secrets)?);
    let cluster = Arc::new(Unconnected { files });
    let options = LoaderOptions {
        // Policies of a server may come from many hands: a namespaced one reaches nothing outside its namespace.
        tenancy: Tenancy::Shared,
        allow_loopback: false,
        reads_image_metadata: true,
        ..arguments.registries.options(cluster)?
    };
    Ok(Loader::new(options)?)
}

/// The certificate that was brought, or one made now with the authority to trust.
fn tls(arguments: &Arguments) -> Result<(Tls, Option<OwnAuthority>), TlsError> {
    if let (Some(certificate), Some(key)) = (&arguments.tls_cert, &arguments.tls_key) {
        return Ok((Tls::from_files(certificate, key)?, None));
    }
    let authority = OwnAuthority::new(&[arguments.listen.ip()], &arguments.tls_names)?;
    Ok((Tls::from_authority(&authority)?, Some(authority)))
}

fn tell_warnings(loaded: &LoadedPolicies, console: &mut Console) {
    let unreadable = input::unusable_keys(&loaded.sources);
    for line in policy_lint::told_at_load(loaded).into_iter().chain(unreadable) {
        console.note(&line);
    }
    for other in &loaded.others {
        console.note(&format!("{}: skipped: {}", other.document.source, other.reason()));
    }
}

fn tell_authority(authority: &OwnAuthority, console: &mut Console) {
    console.line("the certificate comes from an authority made at start, to be trusted by callers:");
    console.print(authority.pem());
    console.line(&format!("caBundle: {}", authority.ca_bundle()));
}

/// Ends when the process is told to stop: SIGTERM or SIGINT.
pub(crate) fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let (mut terminate, mut interrupt) =
            (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        Ok(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        })
    }
    #[cfg(not(unix))]
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
