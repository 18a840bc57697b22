//! What commands read: policies, resources, and the files that stand in for a cluster.

mod files;
mod kinds;
mod policies;
mod key_files;
mod given_images;
mod packed;
mod resources;
mod values;
mod context;
mod user;
mod object_store;
mod file_cluster;
mod cluster_resources;

pub(crate) use crate::input_error::InputError;
pub(crate) use cluster_resources::{ClusterArguments, ClusterSession, FoundInCluster};
pub(crate) use context::load_context;
pub(crate) use file_cluster::{FileCluster, RecordedAnswer};
pub(crate) use files::{STANDARD_INPUT, entries, files_of, read_file, read_text};
pub(crate) use given_images::GivenImages;
pub(crate) use key_files::unusable_keys;
pub(crate) use object_store::ObjectStore;
pub(crate) use policies::{PolicyInput, RefusedPolicy, load_exceptions, load_policies};
pub(crate) use resources::{
    Resource, StoredResource, load_payloads, load_resources, load_stored, resources_of,
};
pub(crate) use user::load_user;
pub(crate) use values::{ValuesInput, load_one};
