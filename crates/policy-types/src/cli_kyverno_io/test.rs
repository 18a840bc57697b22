//! `Test`: what a suite loads and what it expects.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::values::ValuesSpec;
use crate::metadata::ObjectMeta;

/// A suite. Paths are relative to the file it stands in.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Test {
    /// `cli.kyverno.io/v1alpha1`; empty in the old shape.
    pub api_version: String,
    /// `Test`; empty in the old shape.
    pub kind: String,
    /// Name of the suite.
    pub metadata: ObjectMeta,
    /// Name of the suite in the old shape, which Kyverno refuses.
    pub name: String,
    /// Files and folders of policies.
    pub policies: Vec<String>,
    /// Files and folders of resources.
    pub resources: Vec<String>,
    /// Files of JSON payloads.
    pub json_payloads: Vec<String>,
    /// One file of a JSON payload.
    pub json_payload: String,
    /// Files of HTTP payloads.
    pub http_payloads: Vec<String>,
    /// Files of Envoy payloads.
    pub envoy_payloads: Vec<String>,
    /// Files of objects that exist already.
    pub target_resources: Vec<String>,
    /// Files of parameter objects.
    pub param_resources: Vec<String>,
    /// Files of exceptions.
    pub exceptions: Vec<String>,
    /// Files of `ClusterResource`.
    pub cluster_resources: Vec<String>,
    /// File of `Values`.
    pub variables: String,
    /// Values in place.
    pub values: Option<ValuesSpec>,
    /// File of `UserInfo`.
    pub userinfo: String,
    /// File of `Context`.
    pub context: String,
    /// Answers of services.
    pub api_call_responses: Vec<ApiCallResponse>,
    /// Contents of global context entries.
    pub global_context_entries: Vec<GlobalContextEntryValue>,
    /// What is expected.
    pub results: Vec<TestResult>,
}

/// What is expected of some rule on some resources.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TestResult {
    /// `name` or `namespace/name` of the policy.
    pub policy: String,
    /// Name of the rule; empty means all.
    pub rule: String,
    /// `pass`, `fail`, `skip`, `error` or `warn`.
    pub result: String,
    /// The same in the old shape.
    pub status: String,
    /// Kind of the resources.
    pub kind: String,
    /// `name` or `namespace/name` of the resources.
    pub resources: Vec<String>,
    /// The same in the old shape, one only.
    pub resource: String,
    /// Namespace in the old shape.
    pub namespace: String,
    /// Resources by group, version, kind and name.
    pub resource_specs: Vec<TestResourceSpec>,
    /// File of the resources after mutation.
    pub patched_resources: String,
    /// The same in the old shape, one only.
    pub patched_resource: String,
    /// File of the resource that is generated.
    pub generated_resource: String,
    /// Files of the resources that are generated.
    pub generated_resources: Vec<String>,
    /// File of the resource that is cloned.
    pub clone_source_resource: String,
    /// `CREATE`, `UPDATE` or `DELETE`.
    pub operation: String,
    /// Whether a resource that the file of mutated resources does not hold is a failure.
    pub fail_on_missing_resources: bool,
    /// Told only: the loaded policy decides.
    pub is_validating_admission_policy: bool,
    /// Told only: the loaded policy decides.
    pub is_mutating_admission_policy: bool,
    /// Told only: the loaded policy decides.
    pub is_validating_policy: bool,
    /// Told only: the loaded policy decides.
    pub is_image_validating_policy: bool,
    /// Told only: the loaded policy decides.
    pub is_mutating_policy: bool,
    /// Told only: the loaded policy decides.
    pub is_generating_policy: bool,
    /// Told only: the loaded policy decides.
    pub is_deleting_policy: bool,
}

/// A resource by group, version, kind and name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct TestResourceSpec {
    /// API group.
    pub group: String,
    /// API version.
    pub version: String,
    /// Kind.
    pub kind: String,
    /// Namespace.
    pub namespace: String,
    /// Subresource.
    pub subresource: String,
    /// Name.
    pub name: String,
}

/// The answer of a service.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ApiCallResponse {
    /// URL of the service.
    pub url: String,
    /// Path on the API server.
    pub url_path: String,
    /// `GET` or `POST`; empty means any.
    pub method: String,
    /// What it answers.
    pub response: ApiCallAnswer,
}

/// What a service answers.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ApiCallAnswer {
    /// HTTP status; absent or 0 means 200.
    pub status_code: Option<u16>,
    /// JSON body.
    pub body: Value,
}

/// Content of a global context entry.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GlobalContextEntryValue {
    /// Name of the entry.
    pub name: String,
    /// The content itself; null if absent.
    pub data: Value,
    /// Objects that make the content.
    pub resources: Vec<Map<String, Value>>,
    /// Files of objects that make the content.
    pub resource_files: Vec<String>,
    /// Part of the content to take.
    pub field_path: String,
    /// Parts of the content under their own names.
    pub projections: Vec<GlobalContextProjection>,
}

/// A part of the content under its own name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct GlobalContextProjection {
    /// Name.
    pub name: String,
    /// Expression that gives the part.
    pub path: String,
}

impl Test {
    /// Whether it is written in the shape from before `cli.kyverno.io`, which Kyverno 1.19 refuses.
    #[must_use]
    pub fn is_old_shape(&self) -> bool {
        self.api_version.is_empty() || self.kind.is_empty() || !self.name.is_empty()
    }
}
