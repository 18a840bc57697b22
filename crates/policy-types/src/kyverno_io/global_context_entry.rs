//! `GlobalContextEntry`: data kept for all policies.

use serde::Deserialize;

use super::context::ApiCall;
use crate::metadata::ObjectMeta;

/// A `GlobalContextEntry` of `kyverno.io/v2`, `v2beta1` or `v2alpha1`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct GlobalContextEntry {
    /// Name, labels, annotations.
    #[serde(default)]
    pub metadata: ObjectMeta,
    /// What it says.
    pub spec: GlobalContextEntrySpec,
}

/// Where the data comes from: objects of the cluster, or a call.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GlobalContextEntrySpec {
    /// Objects of one kind.
    pub kubernetes_resource: Option<KubernetesResource>,
    /// A call, made again and again.
    pub api_call: Option<ExternalApiCall>,
    /// Parts of the data under their own names.
    pub projections: Vec<Projection>,
}

/// Objects of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct KubernetesResource {
    /// API group; empty for the core.
    pub group: String,
    /// API version.
    pub version: String,
    /// Plural name, such as `deployments`.
    pub resource: String,
    /// Namespace; empty means all.
    pub namespace: String,
}

/// A call that is made again and again.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ExternalApiCall {
    /// The call.
    #[serde(flatten)]
    pub call: ApiCall,
    /// Time between calls, as a Go duration; loading sets `10m` if absent.
    pub refresh_interval: String,
    /// Tries before the entry is told to be broken; loading sets 3 if absent.
    pub retry_limit: Option<i64>,
}

/// A part of the data under its own name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Projection {
    /// Name.
    pub name: String,
    /// Expression that gives the part.
    pub jmes_path: String,
}
