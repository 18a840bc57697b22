//! Keeps the webhook configurations as the policies in force demand: created, kept and removed.
//!
//! Every replica does this, none leads: what is added is added at once, what is too much goes after
//! [`NARROWING_DELAY`], so that a replica that is behind never takes away what another just added. Writes build on the
//! version that was read.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use cluster::{
    Backoff, Client, ClusterError, ObjectName, Preconditions, ServedKind, ServedResources, Store, Subject,
    reflect,
};
use policy_engine::policy::PolicyKind;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::certificates::CaBundle;
use crate::identity::{
    Identity, MANAGED_BY, MUTATING_CONFIGURATION, OURSELVES, POLICY_CONFIGURATION, VALIDATING_CONFIGURATION,
};
use crate::limits::{
    CONFLICT_PAUSE, MOST_REFUSALS_AT_ONCE, MOST_WEBHOOKS_BYTES, NARROWING_DELAY, WEBHOOKS_INTERVAL,
};
use crate::owner;
use crate::policy_id::PolicyId;
use crate::policy_view::PolicyView;
use crate::settings::WebhookSettings;
use crate::webhook_configuration::{Call, Demanded, Frame, change, metadata, policy_webhooks};
use crate::webhook_demand::WebhookDemand;
use crate::webhook_refusals::{Bisection, Refusals, is_of_content, least_suspect_first};

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
    /// What the API server refuses.
    pub(crate) refusals: Refusals,
}

/// Whether something is written, or only asked whether it could be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Write,
    Try,
}

/// Since when a configuration is wider than it need be.
#[derive(Debug, Default, Clone)]
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
            let view = self.refusals.marked(view);
            self.registered.send_modify(|registered| registered.view = view);
            return Ok(false);
        }
        let resources = Arc::clone(&self.resources.borrow_and_update());
        let bundle = Arc::clone(&self.bundle.borrow_and_update());
        let identity = self.identity.clone();
        let exempt_namespaces = self.exempt_namespaces.clone();
        let frame = Frame {
            identity: &identity,
            exempt_namespaces: &exempt_namespaces,
            settings: &view.settings.webhooks,
            ca_bundle: &bundle,
        };
        self.refusals.look_at(&view, Instant::now());
        let mut marked = self.refusals.marked(Arc::clone(&view));
        let mut missing = self.register(&marked, &resources, frame, widths).await;
        if missing.as_ref().is_err_and(is_of_content) {
            let usual = WebhookSettings::default();
            let with_usual = Frame {
                settings: &usual,
                ..frame
            };
            if self.refuses_even_harmless(&resources, with_usual, widths).await? {
                // No policy's fault: what is registered stays, and this is tried again.
                missing?;
            }
            let frame = self
                .find_refusals(&view, &resources, frame, &usual, widths)
                .await?;
            marked = self.refusals.marked(Arc::clone(&view));
            missing = self.register(&marked, &resources, frame, widths).await;
        }
        let missing = missing?;
        self.is_missed.send_replace(!missing.is_empty());
        self.registered.send_replace(Registered {
            view: marked,
            missing: Arc::new(missing),
        });
        let checks = policy_webhooks(&self.identity, &bundle, &self.policy_selector);
        // Nothing else is ever called about there: it may always be narrowed.
        let any = &mut Width::default();
        self.write(&policy_configuration(), checks, frame, any, Purpose::Write)
            .await?;
        Ok(true)
    }

    /// Registers what `view` has in force; gives the kinds that the API server does not have.
    async fn register(
        &self,
        view: &PolicyView,
        resources: &ServedResources,
        frame: Frame<'_>,
        widths: &mut [Width; 2],
    ) -> Result<BTreeMap<PolicyId, Vec<String>>, ClusterError> {
        let demands = view
            .in_force()
            .map(|(id, seen)| (id.clone(), &seen.prepared.demand));
        let demanded = Demanded::of(demands, resources);
        self.write_both(&demanded, frame, widths, Purpose::Write).await?;
        Ok(demanded.missing)
    }

    async fn write_both(
        &self,
        demanded: &Demanded,
        frame: Frame<'_>,
        [mutating, validating]: &mut [Width; 2],
        purpose: Purpose,
    ) -> Result<(), ClusterError> {
        // What is mutated is validated too: first the webhook that refuses, then the one that changes.
        let webhooks = demanded.validating.to_json(Call::Validating, frame);
        self.write(&validating_configuration(), webhooks, frame, validating, purpose)
            .await?;
        let webhooks = demanded.mutating.to_json(Call::Mutating, frame);
        self.write(&mutating_configuration(), webhooks, frame, mutating, purpose)
            .await
    }

    /// Finds out whose webhooks the API server refuses, and remembers it; gives the frame to write the others in: with
    /// the `usual` settings, where those of the ConfigMap are what is refused.
    async fn find_refusals<'f>(
        &mut self,
        view: &PolicyView,
        resources: &ServedResources,
        frame: Frame<'f>,
        usual: &'f WebhookSettings,
        widths: &[Width; 2],
    ) -> Result<Frame<'f>, ClusterError> {
        let marked = self.refusals.marked(Arc::new(view.clone()));
        let registered = Arc::clone(&self.registered.borrow().view);
        let mut suspects = least_suspect_first(&marked, &registered);
        let with_usual = Frame {
            settings: usual,
            ..frame
        };
        for _ in 0..MOST_REFUSALS_AT_ONCE {
            let tried = self
                .refused(&suspects, view, resources, with_usual, widths)
                .await?;
            let Some(mut why) = tried else { break };
            let mut search = Bisection::of(suspects.len());
            while let Some(count) = search.next() {
                let some = suspects.get(..count).unwrap_or_default();
                let refused = self.refused(some, view, resources, with_usual, widths).await?;
                search.told(count, refused.is_none());
                why = refused.unwrap_or(why);
            }
            let at = search.culprit();
            let Some(culprit) = suspects.get(at).copied() else {
                break;
            };
            tracing::warn!(
                policy = culprit.key(),
                why,
                "the API server refuses the webhook of a policy; the others are registered"
            );
            self.refusals.remember(view, culprit, why, Instant::now());
            suspects.remove(at);
        }
        // Of the settings last: policies that are refused anyway would be taken for theirs.
        if self
            .refused(&suspects, view, resources, frame, widths)
            .await?
            .is_some()
        {
            tracing::error!(
                "the API server refuses webhooks with the settings of the ConfigMap: they are registered without"
            );
            return Ok(with_usual);
        }
        Ok(frame)
    }

    /// Why the API server would refuse the webhooks of `policies`; none: it would take them.
    async fn refused(
        &self,
        policies: &[&PolicyId],
        view: &PolicyView,
        resources: &ServedResources,
        frame: Frame<'_>,
        widths: &[Width; 2],
    ) -> Result<Option<String>, ClusterError> {
        let demands = policies
            .iter()
            .filter_map(|id| Some(((*id).clone(), &view.policies.get(id)?.prepared.demand)));
        self.why_refused(&Demanded::of(demands, resources), frame, widths)
            .await
    }

    /// Whether webhooks are refused that no policy could be blamed for.
    async fn refuses_even_harmless(
        &self,
        resources: &ServedResources,
        frame: Frame<'_>,
        widths: &[Width; 2],
    ) -> Result<bool, ClusterError> {
        let nobody = PolicyId {
            kind: PolicyKind::ClusterPolicy,
            name: ObjectName {
                namespace: String::new(),
                name: "harmless".to_owned(),
            },
        };
        let demanded = Demanded::of([(nobody, &WebhookDemand::harmless())], resources);
        Ok(self.why_refused(&demanded, frame, widths).await?.is_some())
    }

    async fn why_refused(
        &self,
        demanded: &Demanded,
        frame: Frame<'_>,
        widths: &[Width; 2],
    ) -> Result<Option<String>, ClusterError> {
        let mut widths = widths.clone();
        match self.write_both(demanded, frame, &mut widths, Purpose::Try).await {
            Ok(()) => Ok(None),
            Err(cause) if is_of_content(&cause) => Ok(Some(cause.to_string())),
            Err(cause) => Err(cause),
        }
    }

    async fn write(
        &self,
        (kind, name): &(ServedKind, &'static str),
        wanted: Vec<Value>,
        frame: Frame<'_>,
        width: &mut Width,
        purpose: Purpose,
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
        // What is refused may be nobody's fault: what is called about already still is.
        let narrow = self.refusals.is_empty() && width.may_narrow(now);
        let change = change(existing, wanted, narrow);
        *width = Width {
            is_known: true,
            since: change.is_wider.then(|| width.since.unwrap_or(now)),
        };
        let bytes = serde_json::to_vec(&change.webhooks).map_or(usize::MAX, |text| text.len());
        if bytes > MOST_WEBHOOKS_BYTES {
            // The API server answers as if it were at fault itself, and not at all to a dry run.
            return Err(ClusterError::Refused {
                method: "PUT",
                path,
                status: 413,
                message: format!("webhooks of {bytes} bytes: at most {MOST_WEBHOOKS_BYTES} can be stored"),
            });
        }
        let text = |pointer: &str| there.as_ref().and_then(|there| there.pointer(pointer)?.as_str());
        let query = match purpose {
            Purpose::Write => "",
            Purpose::Try => "?dryRun=All",
        };
        let is_written = match &there {
            Some(_) if change.webhooks.is_empty() => {
                let only_if = Preconditions {
                    uid: text("/metadata/uid"),
                    resource_version: text("/metadata/resourceVersion"),
                };
                if purpose == Purpose::Write {
                    self.client.delete(&path, only_if).await?;
                    tracing::info!(name, "no policy needs the webhooks, they are removed");
                }
                false
            }
            Some(there) if change.is_needed || !owner::has(there, self.owner.as_ref()) => {
                let mut wanted = self.object(kind, name, frame, &change.webhooks);
                if let (Some(version), Some(fields)) = (
                    text("/metadata/resourceVersion"),
                    wanted.get_mut("metadata").and_then(Value::as_object_mut),
                ) {
                    fields.insert("resourceVersion".to_owned(), version.into());
                }
                self.client.update(&format!("{path}{query}"), &wanted).await?;
                true
            }
            None if !change.webhooks.is_empty() => {
                let wanted = self.object(kind, name, frame, &change.webhooks);
                let path = format!("{}{query}", kind.list_path(None));
                self.client.create(&path, &wanted).await?;
                true
            }
            Some(_) | None => false,
        };
        if is_written && purpose == Purpose::Write {
            tracing::info!(name, webhooks = change.webhooks.len(), "webhooks are registered");
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
