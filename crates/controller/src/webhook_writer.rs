//! Keeps the webhook configurations as the policies in force demand: created, kept and removed.
//!
//! Every replica does this, none leads: what is added is added at once, what is too much goes after
//! [`NARROWING_DELAY`], so that a replica that is behind never takes away what another just added. Writes build on the
//! version that was read.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use cluster::{
    Backoff, Client, ClusterError, Preconditions, ServedKind, ServedResources, Store, Subject, reflect,
};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::certificates::CaBundle;
use crate::identity::{
    Identity, MANAGED_BY, MUTATING_CONFIGURATION, OURSELVES, POLICY_CONFIGURATION, VALIDATING_CONFIGURATION,
};
use crate::limits::{CONFLICT_PAUSE, NARROWING_DELAY, WEBHOOKS_INTERVAL};
use crate::owner;
use crate::policy_id::PolicyId;
use crate::policy_view::PolicyView;
use crate::webhook_configuration::{Call, Demanded, Frame, change, metadata, policy_webhooks};

/// What became of a view: which webhooks are in place.
#[derive(Debug, Clone, Default)]
pub(crate) struct Registered {
    /// The view whose webhooks are all in place.
    pub(crate) view: Arc<PolicyView>,
    /// Kinds that the API server does not have, by policy.
    pub(crate) missing: Arc<BTreeMap<PolicyId, Vec<String>>>,
}

/// Writes them.
#[derive(Debug)]
pub(crate) struct WebhookWriter {
    pub(crate) client: Client,
    pub(crate) identity: Identity,
    /// Whom the configurations belong to.
    pub(crate) owner: Option<Value>,
    pub(crate) exempt_namespaces: Vec<String>,
    /// The policies that are ours, as a label selector of webhooks.
    pub(crate) policy_selector: Value,
    pub(crate) seen: watch::Receiver<Arc<PolicyView>>,
    pub(crate) resources: watch::Receiver<Arc<ServedResources>>,
    pub(crate) bundle: watch::Receiver<CaBundle>,
    pub(crate) registered: watch::Sender<Registered>,
    pub(crate) is_missed: watch::Sender<bool>,
}

/// Since when a configuration is wider than it need be.
#[derive(Debug, Default)]
struct Width {
    since: Option<Instant>,
    /// Whether it was looked at before: what was there when we came is judged by policies that were just read.
    is_known: bool,
}

impl Width {
    fn may_narrow(&self, now: Instant) -> bool {
        !self.is_known
            || self
                .since
                .is_some_and(|since| now.duration_since(since) >= NARROWING_DELAY)
    }
}

impl WebhookWriter {
    /// Keeps them, for ever. What somebody else does to them is seen at once.
    pub(crate) async fn keep(self) {
        let (validating, mutating): (Store<()>, Store<()>) = (Store::default(), Store::default());
        let changes = [validating.changes(), mutating.changes()];
        let ours = |kind: ServedKind| Subject {
            labels: format!("{MANAGED_BY}={OURSELVES}"),
            metadata_only: true,
            ..Subject::all(kind)
        };
        let client = self.client.clone();
        let following_validating = reflect(client.clone(), ours(validating_kind()), validating, |_| Some(()));
        let following_mutating = reflect(client, ours(mutating_configuration().0), mutating, |_| Some(()));
        tokio::select! {
            () = following_validating => {}
            () = following_mutating => {}
            () = self.write_on_changes(changes) => {}
        }
    }

    async fn write_on_changes(mut self, [mut validating, mut mutating]: [watch::Receiver<u64>; 2]) {
        let mut widths = [Width::default(), Width::default()];
        let mut backoff = Backoff::default();
        let mut only_seen = false;
        let mut due = Instant::now();
        loop {
            let pause = match self.reconcile(only_seen, &mut widths).await {
                // Views that differ in statuses alone don't put off the next look at the configurations.
                Ok(false) => None,
                Ok(true) => {
                    backoff.reset();
                    let is_wide = widths.iter().any(|width| width.since.is_some());
                    Some(if is_wide {
                        NARROWING_DELAY
                    } else {
                        WEBHOOKS_INTERVAL
                    })
                }
                Err(ClusterError::Conflict { .. } | ClusterError::AlreadyExists { .. }) => {
                    Some(CONFLICT_PAUSE)
                }
                Err(cause) => {
                    tracing::warn!(%cause, "webhooks could not be registered; trying again");
                    Some(backoff.wait())
                }
            };
            if let Some(pause) = pause {
                due = Instant::now() + pause;
            }
            only_seen = tokio::select! {
                () = tokio::time::sleep_until(due.into()) => false,
                _ = self.resources.changed() => false,
                _ = self.bundle.changed() => false,
                _ = validating.changed() => false,
                _ = mutating.changed() => false,
                _ = self.seen.changed() => true,
            };
        }
    }

    async fn reconcile(&mut self, only_seen: bool, widths: &mut [Width; 2]) -> Result<bool, ClusterError> {
        let view = Arc::clone(&self.seen.borrow_and_update());
        let is_known = self.registered.borrow().view.revision == view.revision;
        if only_seen && is_known {
            self.registered.send_modify(|registered| registered.view = view);
            return Ok(false);
        }
        let resources = Arc::clone(&self.resources.borrow_and_update());
        let bundle = Arc::clone(&self.bundle.borrow_and_update());
        let demands = view
            .in_force()
            .map(|(id, seen)| (id.clone(), &seen.prepared.demand));
        let demanded = Demanded::of(demands, &resources);
        self.is_missed.send_replace(!demanded.missing.is_empty());
        let frame = Frame {
            identity: &self.identity,
            exempt_namespaces: &self.exempt_namespaces,
            settings: &view.settings.webhooks,
            ca_bundle: &bundle,
        };
        let [mutating, validating] = widths;
        // What is mutated is validated too: first the webhook that refuses, then the one that changes.
        let webhooks = demanded.validating.to_json(Call::Validating, frame);
        self.write(&validating_configuration(), webhooks, frame, validating)
            .await?;
        let webhooks = demanded.mutating.to_json(Call::Mutating, frame);
        self.write(&mutating_configuration(), webhooks, frame, mutating)
            .await?;
        self.registered.send_replace(Registered {
            view: Arc::clone(&view),
            missing: Arc::new(demanded.missing),
        });
        let checks = policy_webhooks(&self.identity, &bundle, &self.policy_selector);
        // Nothing else is ever called about there: it may always be narrowed.
        self.write(&policy_configuration(), checks, frame, &mut Width::default())
            .await?;
        Ok(true)
    }

    async fn write(
        &self,
        (kind, name): &(ServedKind, &'static str),
        wanted: Vec<Value>,
        frame: Frame<'_>,
        width: &mut Width,
    ) -> Result<(), ClusterError> {
        let path = kind.object_path("", name);
        let there = match self.client.get(&path).await {
            Ok(there) => Some(there),
            Err(ClusterError::NotFound { .. }) => None,
            Err(cause) => return Err(cause),
        };
        let webhooks = there.as_ref().and_then(|there| there.get("webhooks")?.as_array());
        let existing = webhooks.map(Vec::as_slice).unwrap_or_default();
        let now = Instant::now();
        let narrow = width.may_narrow(now);
        let change = change(existing, wanted, narrow);
        width.is_known = true;
        width.since = match (change.is_wider, width.since) {
            (false, _) => None,
            (true, Some(since)) => Some(since),
            (true, None) => Some(now),
        };
        let text = |pointer: &str| there.as_ref().and_then(|there| there.pointer(pointer)?.as_str());
        match &there {
            Some(_) if change.webhooks.is_empty() => {
                let only_if = Preconditions {
                    uid: text("/metadata/uid"),
                    resource_version: text("/metadata/resourceVersion"),
                };
                self.client.delete(&path, only_if).await?;
                tracing::info!(name, "no policy needs the webhooks, they are removed");
            }
            Some(there) if change.is_needed || !owner::has(there, self.owner.as_ref()) => {
                let mut wanted = self.object(kind, name, frame, &change.webhooks);
                if let (Some(version), Some(fields)) = (
                    text("/metadata/resourceVersion"),
                    wanted.get_mut("metadata").and_then(Value::as_object_mut),
                ) {
                    fields.insert("resourceVersion".to_owned(), version.into());
                }
                self.client.update(&path, &wanted).await?;
                tracing::info!(name, webhooks = change.webhooks.len(), "webhooks are registered");
            }
            None if !change.webhooks.is_empty() => {
                let wanted = self.object(kind, name, frame, &change.webhooks);
                self.client.create(&kind.list_path(None), &wanted).await?;
                tracing::info!(name, webhooks = change.webhooks.len(), "webhooks are registered");
            }
            Some(_) | None => {}
        }
        Ok(())
    }

    fn object(&self, kind: &ServedKind, name: &str, frame: Frame<'_>, webhooks: &[Value]) -> Value {
        let mut object = json!({
            "apiVersion": kind.api_version(),
            "kind": kind.kind,
            "metadata": metadata(name, frame.settings),
            "webhooks": webhooks,
        });
        owner::give(&mut object, self.owner.as_ref());
        object
    }
}

fn kind(kind: &str, plural: &str) -> ServedKind {
    ServedKind::known("admissionregistration.k8s.io", "v1", kind, plural, false)
}

fn mutating_configuration() -> (ServedKind, &'static str) {
    let kind = kind("MutatingWebhookConfiguration", "mutatingwebhookconfigurations");
    (kind, MUTATING_CONFIGURATION)
}

fn validating_kind() -> ServedKind {
    kind(
        "ValidatingWebhookConfiguration",
        "validatingwebhookconfigurations",
    )
}

fn validating_configuration() -> (ServedKind, &'static str) {
    (validating_kind(), VALIDATING_CONFIGURATION)
}

fn policy_configuration() -> (ServedKind, &'static str) {
    (validating_kind(), POLICY_CONFIGURATION)
}

/// Removes the configurations: for an uninstall, after which nobody would answer.
///
/// # Errors
/// [`ClusterError`] where one is still there.
pub async fn remove_webhooks(client: &Client) -> Result<(), ClusterError> {
    for (kind, name) in [
        mutating_configuration(),
        validating_configuration(),
        policy_configuration(),
    ] {
        client
            .delete(&kind.object_path("", name), Preconditions::default())
            .await?;
    }
    Ok(())
}
