//! One replica from its start to its end: what runs beside what.
//!
//!     copies ─▶ policy_store ─▶ webhook (answers)          lease ─▶ policy_status
//!                    └─▶ seen ─▶ webhook_writer ─▶ registered ─────────┘
//!
//! The server listens from the first moment on and is ready when all policies are loaded; webhooks are registered after
//! that, so that the API server never calls a replica that can't answer.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use admission_server::{Server, ServerOptions, Webhook, WebhookOptions};
use cluster::{Backoff, Client, LiveCluster, ServedKind, Store, Subject, reflect};
use fact_loading::{Cluster, Loader, LoaderOptions, Memory};
use policy_engine::{Engine, EngineOptions};
use policy_reports::ReportFormat;
use serde_json::Value;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use trace_export::TraceCounts;

use crate::admitted_rows::{self, AdmittedQueue};
use crate::background_scan::BackgroundScan;
use crate::certificates::{CertificateSource, Certificates};
use crate::enforcement_proof::{ProofOptions, Proofs, Prover};
use crate::error::ControllerError;
use crate::events;
use crate::facts::{ClusterFacts, labels_of, namespaces};
use crate::gate::ClusterGate;
use crate::identity::{Identity, STATUS_LEASE, core_kind, kyverno_kind};
use crate::label_selector::label_selector;
use crate::lease::{self, Candidacy, LeaseDurations};
use crate::limits::{FACTS_FRESH_FOR, LONGEST_ROUND_MEMORY, SHORTEST_ROUND_MEMORY};
use crate::owner;
use crate::policy_id::{KINDS, served};
use crate::policy_object::PolicyObject;
use crate::policy_status::StatusWriter;
use crate::policy_store::{Copies, PolicyStore, Remembered};
use crate::policy_view::PolicyView;
use crate::read_access::ReadAccess;
use crate::report_writer::ReportWriter;
use crate::scan_policies::ScanPolicies;
use crate::scan_share::{self, Share};
use crate::served_resources;
use crate::webhook_refusals::Refusals;
use crate::webhook_writer::{Registered, WebhookWriter};

/// What a controller is made of.
#[derive(Debug)]
pub struct ControllerOptions {
    /// The API server.
    pub client: Client,
    /// Who we are.
    pub identity: Identity,
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where the certificate comes from.
    pub certificates: CertificateSource,
    /// How questions of policies are answered; the cluster is put in here.
    pub loader: LoaderOptions,
    /// Longest time one review may take, whatever its caller says.
    pub longest_review: Duration,
    /// Which policies are ours: a label selector; empty: all.
    pub policy_selector: String,
    /// Whose exceptions count: one namespace, `*` for all; none: there are none.
    pub exception_namespace: Option<String>,
    /// Namespaces that nothing is called about, beside our own.
    pub exempt_namespaces: Vec<String>,
    /// Namespace and name of the ConfigMap with the settings.
    pub config_map: (String, String),
    /// The three durations of Leases.
    pub leases: LeaseDurations,
    /// How it is proven that image policies are enforced.
    pub proofs: ProofOptions,
    /// The `ClusterRole` that our webhooks belong to: they go when it goes.
    pub owned_by: Option<String>,
    /// What becomes of what already runs; none: it is not judged.
    pub reports: Option<ReportOptions>,
    /// Whether denials are left without the line that names their explanation.
    pub plain_denials: bool,
    /// What becomes of spans, for the metrics; none: traces are not exported.
    pub traces: Option<TraceCounts>,
}

/// How what already runs is judged and reported.
#[derive(Debug, Clone, Copy)]
pub struct ReportOptions {
    /// In which API.
    pub format: ReportFormat,
    /// How often all of it is judged again; at least ten seconds.
    pub interval: Duration,
}

impl ReportOptions {
    /// How long a round remembers images: so that the next one looks anew.
    fn memory_life(self) -> Duration {
        (self.interval / 2).clamp(SHORTEST_ROUND_MEMORY, LONGEST_ROUND_MEMORY)
    }
}

/// Runs until `stopped`, then lets requests end. `listening` is told where, once that is known.
///
/// # Errors
/// [`ControllerError`] where it can't start.
pub async fn run(
    options: ControllerOptions,
    listening: impl FnOnce(SocketAddr),
    stopped: impl Future<Output = ()>,
) -> Result<(), ControllerError> {
    let client = options.client.clone();
    let mut tasks = JoinSet::new();
    let copies = Copies::default();
    follow(&options, &copies, &mut tasks);

    let live = Arc::new(LiveCluster::for_server(client.clone(), FACTS_FRESH_FOR));
    let cluster: Arc<dyn Cluster> = Arc::new(ClusterFacts {
        live: Arc::clone(&live),
        namespaces: copies.namespaces.clone(),
    });
    let (scanned, policies) = ScanPolicies::new();
    let loader = loader(&options, &cluster, Memory::Admissions)?;
    scan(&options, &cluster, &loader, policies, &mut tasks)?;
    let (told, violations) = mpsc::channel(events::MOST_WAITING);
    let reported = report_admitted(&options, &mut tasks);
    let gate = Arc::new(ClusterGate::new(told, reported));
    let webhook = Webhook::new(WebhookOptions {
        loader,
        engine: EngineOptions::default(),
        longest_review: options.longest_review,
        traces: options.traces.clone(),
    });
    let webhook = webhook.behind(Arc::<ClusterGate>::clone(&gate));
    let webhook = Arc::new(webhook.with_plain_denials(options.plain_denials));

    let mut stopped = pin!(stopped);
    let (owner, certificates) = tokio::select! {
        obtained = patiently(|| obtain(&options)) => obtained?,
        () = &mut stopped => return Ok(()),
    };
    let (tls, bundle, keeper) = certificates.into_parts();
    let server = Server::bind(ServerOptions {
        listen: options.listen,
        tls,
        webhook: Arc::clone(&webhook),
        source: None,
    })
    .await?;
    listening(server.address());

    let (found, resources) = watch::channel(Arc::default());
    let (is_missed, missed) = watch::channel(false);
    let (seen, view) = watch::channel(Arc::new(PolicyView::default()));
    let (registered, registrations) = watch::channel(Registered::default());
    tasks.spawn(served_resources::keep(client.clone(), found, missed));
    tasks.spawn(keeper.keep());
    let identity = options.identity.clone();
    tasks.spawn(events::write(client.clone(), identity, violations));
    let store = PolicyStore {
        client: client.clone(),
        copies,
        webhook: Arc::clone(&webhook),
        gate,
        live,
        resources: resources.clone(),
        seen,
        scanned,
        state: Remembered::default(),
    };
    tasks.spawn(store.keep());
    let writer = WebhookWriter {
        client: client.clone(),
        identity: options.identity.clone(),
        owner,
        exempt_namespaces: options.exempt_namespaces.clone(),
        policy_selector: label_selector(&options.policy_selector),
        seen: view.clone(),
        resources,
        bundle,
        registered,
        is_missed,
        refusals: Refusals::default(),
    };
    tasks.spawn(after_first(view, writer.keep()));
    lead(&options, registrations, &mut tasks);
    server.run(stopped).await;
    // First our own work ends, then another may begin it.
    tasks.shutdown().await;
    lease::release(&client, &options.identity, STATUS_LEASE).await;
    Ok(())
}

fn loader(
    options: &ControllerOptions,
    cluster: &Arc<dyn Cluster>,
    memory: Memory,
) -> Result<Loader, ControllerError> {
    let options = LoaderOptions {
        memory,
        cluster: Arc::clone(cluster),
        ..options.loader.clone()
    };
    Ok(Loader::new(options)?)
}

/// Begins to judge what already runs, if that is wanted.
fn scan(
    options: &ControllerOptions,
    cluster: &Arc<dyn Cluster>,
    admissions: &Loader,
    policies: watch::Receiver<Option<Engine>>,
    tasks: &mut JoinSet<()>,
) -> Result<(), ControllerError> {
    let Some(reports) = options.reports else {
        return Ok(());
    };
    let (client, identity) = (options.client.clone(), options.identity.clone());
    let (share, shared) = watch::channel(Share::default());
    let scan = BackgroundScan {
        client: client.clone(),
        // A loader of its own: a scan of many images leaves what admissions remember alone, and remembers longer.
        rounds: loader(options, cluster, Memory::Round(reports.memory_life()))?,
        changes: admissions.clone(),
        writer: ReportWriter::new(client.clone(), reports.format),
        interval: reports.interval,
    };
    tasks.spawn(scan_share::keep(client, identity, options.leases, share));
    tasks.spawn(scan.run(policies, shared));
    Ok(())
}

/// Begins to report what no scan finds, if reports are wanted; gives where it is told.
fn report_admitted(options: &ControllerOptions, tasks: &mut JoinSet<()>) -> Option<AdmittedQueue> {
    let writer = ReportWriter::new(options.client.clone(), options.reports?.format);
    let (told, waiting) = AdmittedQueue::new();
    tasks.spawn(admitted_rows::write(writer, waiting));
    Some(told)
}

/// What has to be had of the API server before anything can be answered.
async fn obtain(options: &ControllerOptions) -> Result<(Option<Value>, Certificates), ControllerError> {
    let ControllerOptions { client, identity, .. } = options;
    let owner = owner::reference(client, options.owned_by.as_deref()).await?;
    let certificates = Certificates::obtain(client, identity, &options.certificates).await?;
    Ok((owner, certificates))
}

/// Tries again while the API server is not there: a cluster that starts from cold has it a moment later.
async fn patiently<T, F>(mut attempt: impl FnMut() -> F) -> Result<T, ControllerError>
where
    F: Future<Output = Result<T, ControllerError>>,
{
    let mut backoff = Backoff::default();
    loop {
        match attempt().await {
            Err(ControllerError::Cluster(cause)) => {
                tracing::warn!(%cause, "the controller can't start yet; trying again");
                tokio::time::sleep(backoff.wait()).await;
            }
            done => return done,
        }
    }
}

/// Begins what one replica alone does.
fn lead(options: &ControllerOptions, registered: watch::Receiver<Registered>, tasks: &mut JoinSet<()>) {
    let (client, identity) = (options.client.clone(), options.identity.clone());
    let (holds, leads) = watch::channel(false);
    let (told, proven) = watch::channel(Proofs::default());
    let prover = Prover {
        client: client.clone(),
        options: options.proofs.clone(),
        registered: registered.clone(),
        leads: leads.clone(),
        proofs: told,
        made: BTreeMap::new(),
    };
    tasks.spawn(prover.keep());
    let status = StatusWriter {
        client: client.clone(),
        registered,
        leads,
        proofs: proven,
        access: ReadAccess::new(client.clone()),
        lacks_access: false,
        settled: BTreeMap::new(),
    };
    tasks.spawn(status.keep());
    let candidacy = Candidacy {
        client,
        identity,
        name: STATUS_LEASE,
        durations: options.leases,
        holds,
    };
    tasks.spawn(candidacy.keep());
}

/// Begins `work` when the first view is there: before that nothing is known of any policy.
async fn after_first(mut view: watch::Receiver<Arc<PolicyView>>, work: impl Future<Output = ()>) {
    if view.changed().await.is_ok() {
        work.await;
    }
}

/// Follows everything that policies are made of.
fn follow(options: &ControllerOptions, copies: &Copies, tasks: &mut JoinSet<()>) {
    let client = &options.client;
    let ours = |kind: ServedKind| Subject {
        labels: options.policy_selector.clone(),
        ..Subject::all(kind)
    };
    let mut policies = |subject: Subject, store: &Store<PolicyObject>| {
        tasks.spawn(reflect(client.clone(), subject, store.clone(), PolicyObject::of));
    };
    for (kind, copy) in KINDS.into_iter().zip(&copies.policies) {
        policies(ours(served(kind)), copy);
    }
    policies(
        Subject::all(kyverno_kind(
            "v2",
            "GlobalContextEntry",
            "globalcontextentries",
            false,
        )),
        &copies.global_context,
    );
    let exceptions = [("kyverno.io", "v2"), ("policies.kyverno.io", "v1")];
    for ((group, version), copy) in exceptions.into_iter().zip(&copies.exceptions) {
        let kind = ServedKind::known(group, version, "PolicyException", "policyexceptions", true);
        let named = options.exception_namespace.as_deref();
        let namespace = named.filter(|name| *name != "*").map(ToOwned::to_owned);
        match named {
            Some(_) => policies(
                Subject {
                    namespace,
                    ..Subject::all(kind)
                },
                copy,
            ),
            None => copy.leave_empty(),
        }
    }
    let (namespace, name) = &options.config_map;
    let settings = Subject {
        namespace: Some(namespace.clone()),
        fields: format!("metadata.name={name}"),
        ..Subject::all(core_kind("ConfigMap", "configmaps"))
    };
    let data = |mut object: Value| object.get_mut("data").map(Value::take);
    tasks.spawn(reflect(client.clone(), settings, copies.settings.clone(), data));
    tasks.spawn(reflect(
        client.clone(),
        namespaces(),
        copies.namespaces.clone(),
        labels_of,
    ));
}
