//! What every Kubernetes object says about itself.

use std::collections::BTreeMap;

use serde::Deserialize;

/// `metadata` of an object, as far as policies use it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ObjectMeta {
    /// Name of the object.
    pub name: String,
    /// Namespace of the object; empty for objects that have none.
    pub namespace: String,
    /// Labels, all text.
    pub labels: BTreeMap<String, String>,
    /// Annotations, all text.
    pub annotations: BTreeMap<String, String>,
    /// `metadata.uid` as the API server gave it.
    pub uid: String,
    /// `metadata.resourceVersion` as the API server gave it.
    pub resource_version: String,
    /// `metadata.generation` as the API server gave it.
    pub generation: i64,
}
