//! Kinds of a classic rule as resource rules, and as a condition on a request.
//!
//! Classic rules name kinds, the API names resources. Kinds of Kubernetes have known resources; any other kind is looked for
//! among all resources of its group by a condition, since a wrong guess would leave the policy silent.

use scalars::wildcard::has_wildcard;
use serde_json::{Value, json};

use crate::cel_text::wildcard;
use crate::formula::Formula;
use crate::translation::{Said, Unsaid};

/// Kinds whose resources are known.
const KNOWN: [&str; 47] = [
    "APIService",
    "ClusterRole",
    "ClusterRoleBinding",
    "ConfigMap",
    "ControllerRevision",
    "CronJob",
    "CSIDriver",
    "CustomResourceDefinition",
    "DaemonSet",
    "Deployment",
    "Endpoints",
    "EndpointSlice",
    "Event",
    "HorizontalPodAutoscaler",
    "Ingress",
    "IngressClass",
    "Job",
    "Lease",
    "LimitRange",
    "MutatingWebhookConfiguration",
    "Namespace",
    "NetworkPolicy",
    "Node",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Pod",
    "PodDisruptionBudget",
    "PodTemplate",
    "PriorityClass",
    "ReplicaSet",
    "ReplicationController",
    "ResourceQuota",
    "Role",
    "RoleBinding",
    "RuntimeClass",
    "Secret",
    "Service",
    "ServiceAccount",
    "StatefulSet",
    "StorageClass",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
    "VolumeAttachment",
    "CSINode",
    "CertificateSigningRequest",
    "CSIStorageCapacity",
];

/// A kind as a rule names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kind {
    group: String,
    version: String,
    kind: String,
    subresource: String,
}

impl Kind {
    /// Reads `Pod`, `apps/v1/Deployment`, `Pod/exec`, `*`.
    pub(crate) fn parse(text: &str, path: &str) -> Said<Self> {
        let is_version = |part: &str| {
            part == "*" || (part.starts_with('v') && part.chars().nth(1).is_some_and(|c| c.is_ascii_digit()))
        };
        let parts: Vec<&str> = text.split('/').collect();
        let (group, version, kind, subresource) = match parts.as_slice() {
            ["*", "*"] => ("*", "*", "*", "*"),
            [kind] => ("*", "*", *kind, ""),
            [version, kind] if is_version(version) && kind.starts_with(char::is_uppercase) => {
                ("*", *version, *kind, "")
            }
            [kind, subresource] if !is_version(kind) => ("*", "*", *kind, *subresource),
            [version, kind, subresource] if is_version(version) => ("*", *version, *kind, *subresource),
            [group, version, kind] => (*group, *version, *kind, ""),
            [group, version, kind, subresource] => (*group, *version, *kind, *subresource),
            _ => {
                return Err(Unsaid::new(
                    path,
                    format!("`{text}` names no kind that can be said"),
                ));
            }
        };
        if kind.contains('.') || (group != "*" && has_wildcard(group)) {
            return Err(Unsaid::new(
                path,
                format!("`{text}`: wildcards in groups can't be said"),
            ));
        }
        let own = ToOwned::to_owned;
        Ok(Self {
            group: own(group),
            version: own(version),
            kind: own(kind),
            subresource: own(subresource),
        })
    }

    /// Whether it is Pods, and nothing but Pods.
    pub(crate) fn is_pod(&self) -> bool {
        self.kind == "Pod" && self.subresource.is_empty()
    }

    /// Whether it is, or may be, `kind`.
    pub(crate) fn may_be(&self, kind: &str) -> bool {
        scalars::wildcard::matches(&self.kind, kind)
    }

    /// Whether it is exactly `kind`.
    pub(crate) fn is_called(&self, kind: &str) -> bool {
        self.kind == kind
    }

    fn is_known(&self) -> bool {
        KNOWN.contains(&self.kind.as_str())
    }

    /// Whether the resource rule alone would also speak of other kinds.
    pub(crate) fn needs_condition(&self) -> bool {
        !self.is_known() && self.kind != "*"
    }

    /// Whether requests of it may be connections.
    pub(crate) fn may_connect(&self) -> bool {
        !self.is_known() || !self.subresource.is_empty()
    }

    /// The rule that speaks of the kind under `operations`. `alone`: only of Pods, so that rules for controllers are written.
    pub(crate) fn resource_rule(&self, operations: &[&str], alone: bool) -> Value {
        let (mut group, mut version) = (self.group.as_str(), self.version.as_str());
        let mut resources = if self.is_known() {
            vec![policy_engine::request::plural_of(&self.kind)]
        } else {
            vec!["*".to_owned()]
        };
        if !self.subresource.is_empty() {
            resources = resources
                .into_iter()
                .map(|resource| format!("{resource}/{}", self.subresource))
                .collect();
        }
        if self.is_pod() {
            (group, version) = ("", "v1");
            if !alone {
                resources.push("pods/ephemeralcontainers".to_owned());
            }
        }
        json!({
            "apiGroups": [group],
            "apiVersions": [version],
            "resources": resources,
            "operations": operations,
        })
    }

    /// Whether a request is of the kind.
    pub(crate) fn condition(&self) -> Formula {
        let part = |field: &str, pattern: &str| {
            if pattern == "*" {
                Formula::TRUE
            } else {
                wildcard(&format!("request.kind.{field}"), pattern)
            }
        };
        let subresource = match self.subresource.as_str() {
            "*" | "" => Formula::TRUE,
            other => Formula::test(format!("request.subResource == '{other}'")),
        };
        Formula::all([
            part("group", &self.group),
            part("version", &self.version),
            part("kind", &self.kind),
            subresource,
        ])
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.kind)
    }
}
