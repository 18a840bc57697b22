//! What is judged, and who answers what policies ask of a cluster: files, or a cluster.

use std::sync::Arc;

use fact_loading::Cluster;
use policy_engine::PolicySet;
use policy_types::Loaded;
use policy_types::kyverno_io::global_context_entry::GlobalContextEntry;

use super::Arguments;
use super::global_context;
use crate::input::{
    self, ClusterSession, FileCluster, FoundInCluster, GivenImages, InputError, ObjectStore, StoredResource,
    ValuesInput,
};

/// Resources, and the cluster they stand in.
#[derive(Debug)]
pub(super) struct World {
    /// What is judged.
    pub(super) resources: Vec<Arc<StoredResource>>,
    /// Who answers what policies ask.
    pub(super) cluster: Arc<dyn Cluster>,
    /// What a registry would tell of images.
    pub(super) images: GivenImages,
    /// Keeps the connections of `cluster` alive.
    _session: Option<ClusterSession>,
}

impl World {
    /// Every object of a cluster that the policies of `set` may speak about; the cluster answers.
    ///
    /// # Errors
    /// [`InputError`] where any list can't be read to its end.
    pub(super) fn of_cluster(
        arguments: &Arguments,
        set: &PolicySet,
        entries: Vec<Loaded<GlobalContextEntry>>,
        notes: &mut Vec<String>,
    ) -> Result<Self, InputError> {
        let session = ClusterSession::open(&arguments.cluster)?;
        let FoundInCluster {
            resources,
            entries: of_cluster,
            notes: told,
        } = session.find(&arguments.cluster, set, &arguments.resources)?;
        notes.extend(told);
        let of_files = entries.into_iter().map(|entry| entry.object).collect();
        Ok(Self {
            resources,
            cluster: Arc::new(session.facts(of_files, of_cluster)),
            images: GivenImages::default(),
            _session: Some(session),
        })
    }

    /// Resources of files; they stand in for a cluster, too.
    ///
    /// # Errors
    /// [`InputError`] where a file can't be read.
    pub(super) fn of_files(
        arguments: &Arguments,
        values: &ValuesInput,
        mut entries: Vec<Loaded<GlobalContextEntry>>,
        targets: &[Arc<StoredResource>],
    ) -> Result<Self, InputError> {
        let mut resources = input::load_stored(&arguments.resources)?;
        entries.extend(global_context::taken_out_of(&mut resources)?);
        let mut cluster = FileCluster {
            namespaces: values.namespaces(),
            ..FileCluster::default()
        };
        cluster.add_secrets(&input::load_stored(&arguments.secrets)?);
        cluster.add_secrets(&resources);
        let mut objects: Vec<_> = resources.iter().chain(targets).cloned().collect();
        let context = arguments
            .context_file
            .as_deref()
            .map(input::load_context)
            .transpose()?;
        let (given, images) = context.unwrap_or_default();
        objects.extend(given);
        objects.extend(input::load_stored(&arguments.parameters)?);
        resources.extend(input::load_payloads(&arguments.json)?);
        let store = ObjectStore::of(objects);
        cluster.global_context = global_context::contents(&entries, &store);
        cluster.objects = Some(store);
        Ok(Self {
            resources,
            cluster: Arc::new(cluster),
            images,
            _session: None,
        })
    }
}
