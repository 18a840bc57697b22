//! `Values`: variables of a run, and what is known of namespaces and subresources.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::metadata::ObjectMeta;

/// A file of values.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Values {
    /// Name of the file, for people.
    pub metadata: ObjectMeta,
    /// What it says.
    #[serde(flatten)]
    pub spec: ValuesSpec,
}

/// The values, in a file of their own or within a `Test`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ValuesSpec {
    /// Variables for every policy and resource, by dotted path.
    pub global_values: Map<String, Value>,
    /// Variables for some policies.
    pub policies: Vec<PolicyValues>,
    /// Labels of namespaces.
    pub namespace_selector: Vec<NamespaceLabels>,
    /// Namespace objects; they go before `namespace_selector`.
    pub namespaces: Vec<Value>,
    /// Subresources and their parents.
    pub subresources: Vec<Subresource>,
}

/// Variables for one policy.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct PolicyValues {
    /// Name of the policy.
    pub name: String,
    /// Variables for some resources.
    pub resources: Vec<ResourceValues>,
    /// Variables for some rules.
    pub rules: Vec<RuleValues>,
}

/// Variables for one resource.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct ResourceValues {
    /// Name of the resource.
    pub name: String,
    /// The variables, by dotted path.
    pub values: Map<String, Value>,
}

/// Variables for one rule.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RuleValues {
    /// Name of the rule.
    pub name: String,
    /// The variables, by dotted path.
    pub values: Map<String, Value>,
    /// Variables within loops, each a list of which the first is taken.
    pub foreach_values: BTreeMap<String, Vec<Value>>,
}

/// Labels of one namespace.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct NamespaceLabels {
    /// Name of the namespace.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
}

/// A subresource and its parent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Subresource {
    /// The subresource.
    pub subresource: ApiResource,
    /// Its parent.
    pub parent_resource: ApiResource,
}

/// A resource as the API server's discovery tells of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ApiResource {
    /// Plural name, such as `deployments/scale`.
    pub name: String,
    /// Singular name.
    pub singular_name: String,
    /// Whether its objects stand in namespaces.
    pub namespaced: bool,
    /// API group.
    pub group: String,
    /// API version.
    pub version: String,
    /// Kind.
    pub kind: String,
}
