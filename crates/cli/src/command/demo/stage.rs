//! The stage: the registry in the process, and one webhook for each scenario, on free ports of loopback.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use admission_server::{
    CallError, Caller, OwnAuthority, PolicySource, Protocol, Refused, Server, ServerError, ServerOptions,
    Tls, TlsError, Webhook, WebhookOptions,
};
use fact_loading::{Loader, LoaderOptions, SetupError, Tenancy};
use policy_engine::{EngineOptions, LoadedPolicies};
use rehearsal::registry::Options;
use rehearsal::{Registry, RehearsalError};
use tokio::task::JoinHandle;

use super::images::{Evidence, HOST};
use super::scenarios::Scenario;

/// Longest time one review may take.
const LONGEST_REVIEW: Duration = Duration::from_secs(10);

/// Why the demo can't be staged.
#[derive(Debug, thiserror::Error)]
pub(super) enum StageError {
    #[error(transparent)]
    Rehearsal(#[from] RehearsalError),
    #[error(transparent)]
    Loader(#[from] SetupError),
    #[error("a scenario can't be loaded:\n{0}")]
    Policy(#[from] Refused),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error(transparent)]
    Server(#[from] ServerError),
    #[error(transparent)]
    Caller(#[from] CallError),
}

/// Everything that runs while the demo does.
#[derive(Debug)]
pub(super) struct Stage {
    loader: Loader,
    authority: OwnAuthority,
    _registry: Registry,
}

/// A webhook that serves one scenario.
#[derive(Debug)]
pub(super) struct Scene {
    pub(super) address: SocketAddr,
    pub(super) caller: Caller,
    _serving: JoinHandle<()>,
}

/// A policy that stands in the program.
#[derive(Debug)]
struct Embedded<'s>(&'s Scenario);

impl PolicySource for Embedded<'_> {
    fn stamp(&self) -> u64 {
        0
    }

    fn load(&self) -> Result<LoadedPolicies, Refused> {
        let documents = manifest::read(self.0.policy.as_bytes(), self.0.name);
        let documents = documents.map_err(|faults| Refused {
            faults: faults.iter().map(ToString::to_string).collect(),
        })?;
        Ok(LoadedPolicies::load(documents))
    }
}

impl Stage {
    /// Opens the registry over `evidence`.
    pub(super) async fn open(evidence: &Evidence) -> Result<Self, StageError> {
        let registry = Registry::start(evidence.content.clone(), Options::default()).await?;
        let loader = Loader::new(LoaderOptions {
            mirrors: vec![format!("{HOST}={}", registry.url())],
            trusted_root: Some(evidence.trusted_root.clone()),
            tenancy: Tenancy::Shared,
            reads_image_metadata: true,
            ..LoaderOptions::default()
        })?;
        let authority = OwnAuthority::new(&[Ipv4Addr::LOCALHOST.into()], &[])?;
        Ok(Self {
            loader,
            authority,
            _registry: registry,
        })
    }

    /// Serves `scenario` from now on.
    pub(super) async fn serve(&self, scenario: &Scenario) -> Result<Scene, StageError> {
        let webhook = Arc::new(Webhook::new(WebhookOptions {
            loader: self.loader.clone(),
            engine: EngineOptions::default(),
            longest_review: LONGEST_REVIEW,
            traces: None,
        }));
        webhook.policies().take(&Embedded(scenario))?;
        let server = Server::bind(ServerOptions {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            tls: Tls::from_authority(&self.authority)?,
            webhook,
            source: None,
        });
        let server = server.await?;
        let address = server.address();
        let caller = Caller::new(address, self.authority.pem(), Protocol::Http2)?;
        let serving = tokio::spawn(server.run(std::future::pending()));
        Ok(Scene {
            address,
            caller,
            _serving: serving,
        })
    }
}
