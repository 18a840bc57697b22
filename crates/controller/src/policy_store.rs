//! Keeps the policies of the cluster in force: watched, compiled once, replaced as a whole.
//!
//! In: copies of policies, exceptions, global context, settings. Out: a snapshot for the webhook and a [`PolicyView`] for
//! whoever registers webhooks and writes statuses. Never: a snapshot before everything was read; a policy that keeps
//! another from being judged by.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use admission_server::Webhook;
use cluster::{Client, LiveCluster, ObjectName, ServedResources, Store, Subject, Sync, reflect};
use futures_util::future::select_all;
use policy_engine::LoadedPolicies;
use policy_engine::policy::CompiledException;
use policy_types::kyverno_io::global_context_entry::GlobalContextEntry;
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::gate::{ClusterGate, Known};
use crate::limits::{LONGEST_QUIET_WAIT, MOST_RETIRED, QUIET_TIME, RETIREMENT};
use crate::policy_id::{KINDS, PolicyId};
use crate::policy_object::PolicyObject;
use crate::policy_view::{PolicyView, SeenPolicy};
use crate::prepared::{Prepared, fault_text};
use crate::roles::{Binding, Bindings};
use crate::scan_policies::ScanPolicies;
use crate::settings::Settings;

/// Longest wait for the bindings of roles when they are first needed; policies that need them wait longer, the others don't.
const LONGEST_WAIT_FOR_BINDINGS: Duration = Duration::from_secs(10);

/// How often it is looked whether the bindings are known by now.
const UNKNOWN_ROLES_INTERVAL: Duration = Duration::from_secs(3);

/// Copies of what is watched.
#[derive(Debug, Clone, Default)]
pub(crate) struct Copies {
    /// Policies, in the order of [`KINDS`].
    pub(crate) policies: [Store<PolicyObject>; KINDS.len()],
    /// Exceptions of `kyverno.io` and of `policies.kyverno.io`.
    pub(crate) exceptions: [Store<PolicyObject>; 2],
    pub(crate) global_context: Store<PolicyObject>,
    pub(crate) settings: Store<Value>,
    pub(crate) namespaces: Store<Value>,
}

/// Who is told of what is in force.
#[derive(Debug)]
pub(crate) struct PolicyStore {
    pub(crate) client: Client,
    pub(crate) copies: Copies,
    pub(crate) webhook: Arc<Webhook>,
    pub(crate) gate: Arc<ClusterGate>,
    pub(crate) live: Arc<LiveCluster>,
    pub(crate) resources: watch::Receiver<Arc<ServedResources>>,
    pub(crate) seen: watch::Sender<Arc<PolicyView>>,
    pub(crate) scanned: ScanPolicies,
    pub(crate) state: Remembered,
}

/// An exception's fingerprint, and what was compiled of it if it has no fault.
type KnownException = (u64, Option<Arc<CompiledException>>);

/// What is remembered from one snapshot to the next.
#[derive(Debug, Default)]
pub(crate) struct Remembered {
    prepared: BTreeMap<PolicyId, Arc<Prepared>>,
    exceptions: BTreeMap<(usize, ObjectName), KnownException>,
    settings: Option<(Value, Arc<Settings>)>,
    bindings: Option<Bindings>,
    retired: BTreeMap<String, Instant>,
    /// What the last snapshot was made of.
    made_of: u64,
    tasks: JoinSet<()>,
}

impl PolicyStore {
    /// Keeps policies in force, for ever; the first snapshot is taken when everything has been read.
    pub(crate) async fn keep(mut self) {
        let copies = self.copies.clone();
        copies.synced().await;
        self.resources
            .wait_for(|found| !found.all().is_empty())
            .await
            .ok();
        let mut changes = copies.changes(&self.resources);
        loop {
            if self.refresh().await {
                changes.quiet().await;
            } else {
                tokio::time::timeout(UNKNOWN_ROLES_INTERVAL, changes.quiet())
                    .await
                    .ok();
            }
        }
    }

    /// Takes a new snapshot where there is one; whether nothing that it needs is unknown.
    async fn refresh(&mut self) -> bool {
        let mut objects = Vec::new();
        for (kind, copy) in KINDS.into_iter().zip(&self.copies.policies) {
            copy.each(|name, object| {
                let name = name.clone();
                objects.push((PolicyId { kind, name }, Arc::clone(object)));
            });
        }
        let settings = self.settings();
        let known = std::mem::take(&mut self.state.prepared);
        // Policies are compiled off the threads that answer reviews.
        let compiled = tokio::task::spawn_blocking(move || prepare(objects, &known)).await;
        let prepared = match compiled {
            Ok(prepared) => prepared,
            Err(cause) => {
                tracing::error!(%cause, "policies could not be compiled; the last snapshot is kept");
                return false;
            }
        };
        self.state.prepared = prepared
            .iter()
            .map(|(name, _, prepared)| (name.clone(), Arc::clone(prepared)))
            .collect();
        let needs_roles =
            settings.names_roles() || prepared.iter().any(|(_, _, prepared)| prepared.names_roles);
        let roles_unknown = if needs_roles {
            self.learn_bindings().await
        } else {
            None
        };
        let is_complete = roles_unknown.is_none();
        let policies = prepared.into_iter().map(|(name, object, prepared)| {
            let lacks = roles_unknown.clone().filter(|_| prepared.names_roles);
            let seen = SeenPolicy {
                object,
                prepared,
                lacks,
            };
            (name, seen)
        });
        let mut view = PolicyView {
            policies: policies.collect(),
            settings: Arc::clone(&settings),
            revision: self.seen.borrow().revision,
        };
        let made_of = self.ingredients(&view);
        if made_of != self.state.made_of || view.revision == 0 {
            self.state.made_of = made_of;
            view.revision = view.revision.wrapping_add(1);
            self.put_in_force(&view);
        }
        self.seen.send_replace(Arc::new(view));
        is_complete
    }

    /// Equal for equal snapshots: a change of statuses, ours among them, is no change of what is judged by.
    fn ingredients(&self, view: &PolicyView) -> u64 {
        let mut all = DefaultHasher::new();
        for (id, seen) in &view.policies {
            (&id.name, seen.object.fingerprint, &seen.lacks).hash(&mut all);
        }
        for copy in self.copies.exceptions.iter().chain([&self.copies.global_context]) {
            copy.each(|name, object| (name, object.fingerprint).hash(&mut all));
        }
        (
            Arc::as_ptr(&view.settings).addr(),
            Arc::as_ptr(&*self.resources.borrow()).addr(),
        )
            .hash(&mut all);
        self.state.bindings.is_some().hash(&mut all);
        all.finish()
    }

    fn put_in_force(&mut self, view: &PolicyView) {
        self.live.set_global_context(self.global_context());
        self.gate.learn(Known {
            settings: Arc::clone(&view.settings),
            resources: Arc::clone(&self.resources.borrow()),
            bindings: self.state.bindings.clone(),
        });
        let mut placed = view.placed();
        placed.exceptions = self.exceptions();
        placed.retired = self.retired(view);
        self.webhook.policies().put_in_force(&placed);
        self.scanned.tell(&placed);
        let (in_force, all) = (placed.policies.len(), view.policies.len());
        tracing::debug!(in_force, all, "policies are in force");
    }

    fn settings(&mut self) -> Arc<Settings> {
        let data = self.copies.settings.all().into_iter().next();
        let data = data.map(|(_, data)| (*data).clone()).unwrap_or_default();
        if let Some((seen, settings)) = &self.state.settings
            && *seen == data
        {
            return Arc::clone(settings);
        }
        let (settings, faults) = Settings::parse(&data);
        for fault in faults {
            tracing::warn!(fault, "a setting has no effect");
        }
        let settings = Arc::new(settings);
        self.state.settings = Some((data, Arc::clone(&settings)));
        settings
    }

    /// Knows the bindings of roles from now on; why it does not, where they can't be read.
    async fn learn_bindings(&mut self) -> Option<String> {
        let is_first = self.state.bindings.is_none();
        let bindings = match &self.state.bindings {
            Some(bindings) => bindings.clone(),
            None => {
                let bindings = Bindings::default();
                for (kind, store) in [
                    (Bindings::namespaced_kind(), &bindings.in_namespaces),
                    (Bindings::cluster_kind(), &bindings.cluster_wide),
                ] {
                    let (client, store) = (self.client.clone(), store.clone());
                    self.state
                        .tasks
                        .spawn(reflect(client, Subject::all(kind), store, |binding| {
                            Binding::of(&binding)
                        }));
                }
                self.state.bindings.insert(bindings).clone()
            }
        };
        let waiting = async {
            bindings.in_namespaces.synced().await;
            bindings.cluster_wide.synced().await;
        };
        // Once: policies that need no roles must not wait for those that do, again and again.
        if is_first {
            tokio::time::timeout(LONGEST_WAIT_FOR_BINDINGS, waiting)
                .await
                .ok();
        }
        if bindings.is_synced() {
            return None;
        }
        let why = bindings
            .why_unknown()
            .unwrap_or_else(|| "no answer yet".to_owned());
        Some(format!("roles of users are not known: {why}"))
    }

    fn exceptions(&mut self) -> Vec<Arc<CompiledException>> {
        let known = std::mem::take(&mut self.state.exceptions);
        let all = self.copies.exceptions.iter().enumerate();
        let all = all.flat_map(|(group, copy)| {
            copy.all()
                .into_iter()
                .map(move |(name, object)| ((group, name), object))
        });
        for (name, object) in all {
            let compiled = match known.get(&name) {
                Some((fingerprint, compiled)) if *fingerprint == object.fingerprint => compiled.clone(),
                Some(_) | None => {
                    let exception = format!("{}/{}", name.1.namespace, name.1.name);
                    let mut loaded = LoadedPolicies::load([object.document(&exception)]);
                    for fault in &loaded.faults {
                        let fault = fault_text(fault);
                        tracing::warn!(exception, fault, "a faulty exception excuses nothing");
                    }
                    loaded.exceptions.pop()
                }
            };
            self.state.exceptions.insert(name, (object.fingerprint, compiled));
        }
        let compiled = self.state.exceptions.values();
        compiled.filter_map(|(_, compiled)| compiled.clone()).collect()
    }

    fn global_context(&self) -> Vec<GlobalContextEntry> {
        let entries = self.copies.global_context.all().into_iter();
        let documents = entries.map(|(name, object)| object.document(&name.name));
        let loaded = LoadedPolicies::load(documents);
        for fault in &loaded.faults {
            let (entry, fault) = (fault.source.to_string(), fault_text(fault));
            tracing::warn!(entry, fault, "a faulty global context entry holds nothing");
        }
        let entries = loaded.global_context_entries.into_iter();
        entries.map(|loaded| loaded.object).collect()
    }

    /// Policies whose own webhook may still be called although they are gone.
    fn retired(&mut self, view: &PolicyView) -> Vec<String> {
        let now = Instant::now();
        let before = self.seen.borrow().alone().collect::<Vec<_>>();
        let alone: std::collections::BTreeSet<String> = view.alone().collect();
        let retired = &mut self.state.retired;
        for name in before {
            if !alone.contains(&name) && retired.len() < MOST_RETIRED {
                retired.insert(name, now);
            }
        }
        retired.retain(|name, since| !alone.contains(name) && now.duration_since(*since) < RETIREMENT);
        retired.keys().cloned().collect()
    }
}

type PreparedPolicies = Vec<(PolicyId, Arc<PolicyObject>, Arc<Prepared>)>;

/// Makes ready what was not made ready before.
fn prepare(
    objects: Vec<(PolicyId, Arc<PolicyObject>)>,
    known: &BTreeMap<PolicyId, Arc<Prepared>>,
) -> PreparedPolicies {
    let prepared = objects.into_iter().map(|(id, object)| {
        let before = known
            .get(&id)
            .filter(|before| before.fingerprint == object.fingerprint);
        let prepared = match before {
            Some(before) => Arc::clone(before),
            None => Arc::new(made_ready(&id, &object)),
        };
        (id, object, prepared)
    });
    prepared.collect()
}

/// Makes one policy ready, whatever becomes of it: what goes wrong with one is never the others' matter.
fn made_ready(id: &PolicyId, object: &PolicyObject) -> Prepared {
    let making = AssertUnwindSafe(|| Prepared::of(object, &id.key()));
    let prepared = std::panic::catch_unwind(making).unwrap_or_else(|_| {
        let fault = "making this policy ready failed in an unforeseen way";
        Prepared::unusable(object, fault.to_owned())
    });
    if prepared.policy.is_none() {
        let (policy, faults) = (id.key(), prepared.faults.join("; "));
        tracing::warn!(policy, faults, "a policy can't be used: nothing is judged by it");
    }
    prepared
}

impl Copies {
    /// Waits until everything was read.
    async fn synced(&self) {
        // `kyverno.io` must be served; of the newer kinds there are none where they are not.
        for policies in self.policies.iter().take(2) {
            let mut changes = policies.changes();
            // Without the kind itself this is no cluster to start in: that there is no policy would be a guess.
            while policies.state() != Sync::Whole {
                if changes.changed().await.is_err() {
                    return;
                }
            }
        }
        for others in self.policies.iter().skip(2).chain(&self.exceptions) {
            others.synced().await;
        }
        self.global_context.synced().await;
        self.settings.synced().await;
        self.namespaces.synced().await;
    }

    fn changes(&self, resources: &watch::Receiver<Arc<ServedResources>>) -> Changes {
        let objects = self.policies.iter().chain(&self.exceptions);
        let objects = objects.chain([&self.global_context]).map(Store::changes);
        Changes {
            copies: objects.chain([self.settings.changes()]).collect(),
            resources: resources.clone(),
        }
    }
}

/// Wakes when anything changed that a snapshot is made of.
#[derive(Debug)]
struct Changes {
    copies: Vec<watch::Receiver<u64>>,
    resources: watch::Receiver<Arc<ServedResources>>,
}

impl Changes {
    /// Waits for a change, and then for a moment without one.
    async fn quiet(&mut self) {
        self.any().await;
        let until = tokio::time::Instant::now() + LONGEST_QUIET_WAIT;
        loop {
            let pause = tokio::time::Instant::now() + QUIET_TIME;
            match tokio::time::timeout_at(pause.min(until), self.any()).await {
                Ok(()) if tokio::time::Instant::now() < until => {}
                Ok(()) | Err(_) => return,
            }
        }
    }

    async fn any(&mut self) {
        let copies = self.copies.iter_mut().map(|copy| Box::pin(copy.changed()));
        // Senders live as long as the stores, which this task holds.
        let ended = tokio::select! {
            (ended, _, _) = select_all(copies) => ended,
            ended = self.resources.changed() => ended,
        };
        if ended.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
