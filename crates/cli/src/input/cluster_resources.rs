//! Resources that run in a cluster (`--cluster`): every object of the kinds that policies match, or none at all.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use cluster::{
    Client, ClusterError, Discovery, KubeconfigChoice, ListOptions, LiveCluster, ServedKind, Settings, list,
};
use futures_util::stream;
use futures_util::{StreamExt, TryStreamExt};
use policy_engine::policy::RuleOrigin;
use policy_engine::request::GroupVersionKind;
use policy_engine::selection::{KindSelector, Reach};
use policy_engine::{LoadedPolicies, PolicySet};
use policy_types::kyverno_io::global_context_entry::GlobalContextEntry;
use serde_json::Value;
use tokio::runtime::Runtime;

use super::resources::StoredResource;
use crate::host::{async_runtime, now_ns};
use crate::input_error::InputError;

/// Objects judged in one run at most.
const MOST_OBJECTS: usize = 2_000_000;
/// How long answers to policies are remembered: longer than a run takes, for all of it is judged as of one time.
const FRESH_FOR: Duration = Duration::from_secs(3600);

/// Which cluster, and what of it.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ClusterArguments {
    /// Judge what runs in a cluster; `--resource` then names objects
    #[arg(short = 'c', long = "cluster", help_heading = "Cluster")]
    pub(crate) is_asked: bool,
    /// Only objects of this namespace
    #[arg(
        short,
        long,
        value_name = "NAME",
        requires = "is_asked",
        help_heading = "Cluster"
    )]
    namespace: Option<String>,
    /// With `--namespace`: objects that stand in no namespace too
    #[arg(long, requires = "is_asked", help_heading = "Cluster")]
    cluster_wide_resources: bool,
    /// Kubeconfig; else KUBECONFIG, ~/.kube/config or the service account
    #[arg(long, value_name = "FILE", requires = "is_asked", help_heading = "Cluster")]
    kubeconfig: Option<String>,
    /// Context of the kubeconfig; else the current one
    #[arg(long, value_name = "NAME", requires = "is_asked", help_heading = "Cluster")]
    context: Option<String>,
    /// Lists read at the same time
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=32), help_heading = "Cluster")]
    concurrent: u8,
    /// Objects asked for in one page of a list
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u16).range(1..=500), help_heading = "Cluster")]
    batch_size: u16,
}

/// An open way to a cluster. Its runtime drives the connections as long as anything is asked over them.
#[derive(Debug)]
pub(crate) struct ClusterSession {
    client: Client,
    runtime: Runtime,
}

/// What was found in a cluster.
#[derive(Debug, Default)]
pub(crate) struct FoundInCluster {
    pub(crate) resources: Vec<Arc<StoredResource>>,
    /// Entries of the global context that the cluster has.
    pub(crate) entries: Vec<GlobalContextEntry>,
    /// What the user should hear, one line each.
    pub(crate) notes: Vec<String>,
}

/// The kinds that policies match.
#[derive(Debug, Default)]
struct WantedKinds<'s> {
    selectors: Vec<&'s KindSelector>,
    /// Plural names of resources
    resources: BTreeSet<&'s str>,
    /// Kinds that authors wrote out; those of generated rules need not be there.
    written: BTreeSet<&'s str>,
    /// Some rule leaves the kind open.
    is_any: bool,
}

impl From<ClusterError> for InputError {
    fn from(error: ClusterError) -> Self {
        Self::Malformed(error.to_string())
    }
}

impl ClusterSession {
    /// Reads the kubeconfig. Nothing is called yet.
    ///
    /// # Errors
    /// [`InputError`] where no cluster is configured or its settings can't be used.
    pub(crate) fn open(arguments: &ClusterArguments) -> Result<Self, InputError> {
        let choice = KubeconfigChoice {
            file: arguments.kubeconfig.clone(),
            context: arguments.context.clone(),
        };
        Ok(Self {
            client: Client::new(Settings::load(&choice)?)?,
            runtime: async_runtime()?,
        })
    }

    /// Every object of the kinds that the policies of `set` match; with `names` only those so named.
    ///
    /// # Errors
    /// [`InputError`] where anything that could hold such an object can't be read, or a name is nowhere.
    pub(crate) fn find(
        &self,
        arguments: &ClusterArguments,
        set: &PolicySet,
        names: &[String],
    ) -> Result<FoundInCluster, InputError> {
        let wanted = WantedKinds::of(set);
        self.runtime.block_on(async {
            let discovery = Discovery::of(&self.client).await?;
            let mut found = FoundInCluster::default();
            wanted.check(&discovery, &mut found.notes)?;
            let kinds = discovery.preferred(|kind| wanted.means(kind) && arguments.covers(kind));
            found.resources = self.objects(arguments, kinds, names).await?;
            self.add_entries(&discovery, &mut found).await;
            Ok(found)
        })
    }

    /// Answers for policies from the cluster; entries of `files` stand before those of the cluster.
    pub(crate) fn facts(
        &self,
        files: Vec<GlobalContextEntry>,
        of_cluster: Vec<GlobalContextEntry>,
    ) -> LiveCluster {
        let entries = files.into_iter().chain(of_cluster).collect();
        LiveCluster::new(self.client.clone(), entries, FRESH_FOR, now_ns())
    }

    async fn objects(
        &self,
        arguments: &ClusterArguments,
        kinds: Vec<&ServedKind>,
        names: &[String],
    ) -> Result<Vec<Arc<StoredResource>>, InputError> {
        let options = ListOptions {
            namespace: arguments.namespace.as_deref(),
            page_objects: usize::from(arguments.batch_size),
        };
        let reading = kinds.into_iter().map(|kind| async move {
            let read = list(&self.client, kind, options).await;
            read.map_err(|cause| {
                let api_version = kind.api_version();
                InputError::Malformed(format!("can't list {} of {api_version}: {cause}", kind.plural))
            })
        });
        let mut lists = stream::iter(reading).buffered(usize::from(arguments.concurrent));
        let nowhere: Arc<str> = "".into();
        let mut resources: Vec<Arc<StoredResource>> = Vec::new();
        while let Some(objects) = lists.try_next().await? {
            let read = objects
                .into_iter()
                .map(|object| StoredResource::of(&object, Arc::clone(&nowhere), 1));
            let is_named = |resource: &StoredResource| {
                names.is_empty() || names.iter().any(|wanted| **wanted == *resource.name)
            };
            resources.extend(read.filter(is_named).map(Arc::new));
            if resources.len() > MOST_OBJECTS {
                return Err(InputError::TooMuch {
                    path: "cluster".to_owned(),
                    what: format!("more than {MOST_OBJECTS} objects: choose a `--namespace`"),
                });
            }
        }
        let is_found = |name: &&String| {
            let mut all = resources.iter();
            all.any(|resource| *resource.name == **name)
        };
        match names.iter().find(|name| !is_found(name)) {
            None => Ok(resources),
            Some(name) => Err(InputError::Malformed(format!(
                "`--resource {name}`: the cluster has no such object of a kind that the policies match"
            ))),
        }
    }

    /// Takes the entries of the global context. Where they can't be read, rules that ask for them fail by themselves.
    async fn add_entries(&self, discovery: &Discovery, found: &mut FoundInCluster) {
        let is_entry = |kind: &ServedKind| kind.group == "kyverno.io" && kind.kind == "GlobalContextEntry";
        for kind in discovery.preferred(is_entry) {
            match list(&self.client, kind, ListOptions::default()).await {
                Ok(objects) => found.entries.extend(entries_of(objects, &mut found.notes)),
                Err(cause) => found
                    .notes
                    .push(format!("global context of the cluster: {cause}")),
            }
        }
    }
}

fn entries_of(objects: Vec<Value>, notes: &mut Vec<String>) -> Vec<GlobalContextEntry> {
    let documents = objects
        .into_iter()
        .map(|object| manifest::Document::without_text(object, "cluster"));
    let loaded = LoadedPolicies::load(documents);
    notes.extend(loaded.faults.iter().map(ToString::to_string));
    let entries = loaded.global_context_entries.into_iter();
    entries.map(|entry| entry.object).collect()
}

impl ClusterArguments {
    fn covers(&self, kind: &ServedKind) -> bool {
        kind.is_namespaced || self.namespace.is_none() || self.cluster_wide_resources
    }
}

impl<'s> WantedKinds<'s> {
    fn of(set: &'s PolicySet) -> Self {
        let mut wanted = Self::default();
        for rule in set.policies().iter().flat_map(|policy| &policy.rules) {
            match rule.selector.reach() {
                Reach::Anything => wanted.is_any = true,
                Reach::Resources(names) => wanted.resources.extend(names),
                Reach::Kinds(kinds) => {
                    if rule.origin == RuleOrigin::Written {
                        let exact = kinds.iter().filter_map(|selector| selector.exact_kind());
                        wanted.written.extend(exact);
                    }
                    wanted.selectors.extend(kinds);
                }
            }
        }
        wanted
    }

    fn means(&self, kind: &ServedKind) -> bool {
        let own = GroupVersionKind::new(&kind.api_version(), &kind.kind);
        self.is_any
            || self.resources.contains(&*kind.plural)
            || self.selectors.iter().any(|selector| selector.matches(&own, ""))
    }

    /// Notes kinds that the cluster doesn't have.
    ///
    /// # Errors
    /// [`InputError`] where a group that can't be read may have a kind that is wanted and found nowhere else.
    fn check(&self, discovery: &Discovery, notes: &mut Vec<String>) -> Result<(), InputError> {
        let is_served = |exact: &str| !discovery.preferred(|kind| kind.kind == exact).is_empty();
        for group in discovery.unavailable() {
            let api_version = format!("{}/{}", group.group, group.version);
            let may_be_there = |selector: &&KindSelector| match selector.exact_kind() {
                Some(exact) => {
                    selector.matches(&GroupVersionKind::new(&api_version, exact), "") && !is_served(exact)
                }
                None => true,
            };
            let told = format!(
                "the cluster can't tell the kinds of {api_version}: {}",
                group.cause
            );
            if self.is_any || self.selectors.iter().any(may_be_there) {
                return Err(InputError::Malformed(told));
            }
            notes.push(told);
        }
        let absent = self.written.iter().filter(|exact| !is_served(exact));
        notes.extend(absent.map(|exact| format!("the cluster has no kind `{exact}`, which policies match")));
        Ok(())
    }
}
