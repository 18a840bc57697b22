//! `ClusterResource`: objects of a cluster that a suite stands for.

use serde::Deserialize;
use serde_json::{Map, Value};

/// Objects of a cluster.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct ClusterResource {
    /// What it says.
    pub spec: ClusterResourceSpec,
}

/// Objects and definitions.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct ClusterResourceSpec {
    /// Files of `CustomResourceDefinition`s.
    pub crds: Vec<String>,
    /// Objects.
    pub resources: Vec<Map<String, Value>>,
}
