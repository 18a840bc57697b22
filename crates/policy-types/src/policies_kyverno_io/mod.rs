//! `policies.kyverno.io`, and Kubernetes' own admission policies: everything that is written in Common Expression Language.
//!
//! Versions v1, v1beta1 and v1alpha1 of a kind are one schema. What stands in `spec` is compiled by the engine from the
//! checked document; here is what tells the objects apart.

pub mod image_validating_policy;

use serde::Deserialize;

use crate::metadata::ObjectMeta;

/// A policy, an exception or a binding; its `spec` stands in its document.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ExpressionObject {
    /// Kind.
    pub kind: String,
    /// Metadata.
    pub metadata: ObjectMeta,
}
