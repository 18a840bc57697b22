//! The kinds, and what a kind selector means among them.

use policy_engine::request::{GroupVersionKind, plural_of};
use policy_engine::selection::KindSelector;

use super::shape::Shape;

/// Greatest number of letters by which a misspelt kind differs from the one that was meant.
const MOST_LETTERS_APART: usize = 1;
/// Shortest kind that may be misspelt, in bytes: shorter names are too near to each other.
const SHORTEST_MISSPELT: usize = 6;

/// Whether objects of a kind stand in a namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// They do.
    Namespace,
    /// They do not.
    Cluster,
}

/// A kind that every cluster serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind {
    /// `v1`, `apps/v1`.
    pub(crate) api_version: &'static str,
    /// `Deployment`; also the name of its type.
    pub(crate) name: &'static str,
    pub(crate) reach: Reach,
}

const fn namespaced(api_version: &'static str, name: &'static str) -> Kind {
    Kind {
        api_version,
        name,
        reach: Reach::Namespace,
    }
}

const fn cluster(api_version: &'static str, name: &'static str) -> Kind {
    Kind {
        api_version,
        name,
        reach: Reach::Cluster,
    }
}

static KINDS: [Kind; 34] = [
    namespaced("v1", "Pod"),
    namespaced("v1", "ReplicationController"),
    namespaced("v1", "Service"),
    namespaced("v1", "ConfigMap"),
    namespaced("v1", "Secret"),
    cluster("v1", "Namespace"),
    namespaced("v1", "PersistentVolumeClaim"),
    cluster("v1", "PersistentVolume"),
    namespaced("v1", "ServiceAccount"),
    cluster("v1", "Node"),
    namespaced("v1", "Endpoints"),
    namespaced("v1", "LimitRange"),
    namespaced("v1", "ResourceQuota"),
    namespaced("v1", "Event"),
    namespaced("v1", "PodTemplate"),
    namespaced("apps/v1", "Deployment"),
    namespaced("apps/v1", "StatefulSet"),
    namespaced("apps/v1", "DaemonSet"),
    namespaced("apps/v1", "ReplicaSet"),
    namespaced("batch/v1", "Job"),
    namespaced("batch/v1", "CronJob"),
    namespaced("networking.k8s.io/v1", "Ingress"),
    cluster("networking.k8s.io/v1", "IngressClass"),
    namespaced("networking.k8s.io/v1", "NetworkPolicy"),
    namespaced("rbac.authorization.k8s.io/v1", "Role"),
    cluster("rbac.authorization.k8s.io/v1", "ClusterRole"),
    namespaced("rbac.authorization.k8s.io/v1", "RoleBinding"),
    cluster("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"),
    namespaced("autoscaling/v2", "HorizontalPodAutoscaler"),
    namespaced("policy/v1", "PodDisruptionBudget"),
    cluster("storage.k8s.io/v1", "StorageClass"),
    cluster("scheduling.k8s.io/v1", "PriorityClass"),
    namespaced("discovery.k8s.io/v1", "EndpointSlice"),
    namespaced("coordination.k8s.io/v1", "Lease"),
];

/// Versions that clusters serve beside those of the table.
const ALSO_SERVED: [(&str, &str); 2] = [
    ("autoscaling/v1", "HorizontalPodAutoscaler"),
    ("events.k8s.io/v1", "Event"),
];

/// Groups in which no custom resource stands.
const OWN_GROUPS: [&str; 6] = ["", "*", "apps", "batch", "extensions", "policy"];

/// What a kind selector means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Named {
    /// Kinds of the table; several only if the selector holds wildcards.
    Known(Vec<Kind>),
    /// A kind of Kubernetes, in a version that no cluster serves any more, or ever did.
    NotServed(Kind),
    /// No kind, but nearly this one.
    Misspelt(Kind),
    /// Something else: a custom resource, a subresource, a kind that is not in the table.
    Other,
}

/// What `selector` (`Pod`, `apps/v1/Deployment`, `*/*`) means.
pub(crate) fn named(selector: &str) -> Named {
    let parsed = KindSelector::parse(selector);
    let served =
        |api_version: &str, name: &str| parsed.matches(&GroupVersionKind::new(api_version, name), "");
    let known: Vec<Kind> = KINDS
        .iter()
        .filter(|kind| served(kind.api_version, kind.name))
        .copied()
        .collect();
    if !known.is_empty() {
        return Named::Known(known);
    }
    let Some(written) = parsed.exact_kind().filter(|kind| !kind.is_empty()) else {
        return Named::Other;
    };
    if selector.contains('.') && !selector.contains('/')
        || ALSO_SERVED.iter().any(|(version, kind)| served(version, kind))
    {
        return Named::Other;
    }
    let parts: Vec<&str> = selector.split('/').collect();
    // A subresource stands last and in lower case: `Pod/exec`.
    if parts.len() > 1
        && parts
            .last()
            .is_some_and(|last| last.starts_with(char::is_lowercase))
    {
        return Named::Other;
    }
    let group = if let [group, _, _] = parts.as_slice() {
        group
    } else {
        ""
    };
    let is_own = OWN_GROUPS.contains(&group) || group.ends_with(".k8s.io");
    if !is_own {
        return Named::Other;
    }
    if let Some(kind) = KINDS.iter().find(|kind| kind.name == written) {
        return Named::NotServed(*kind);
    }
    KINDS
        .iter()
        .find(|kind| is_nearly(written, kind.name))
        .map_or(Named::Other, |kind| Named::Misspelt(*kind))
}

/// Whether `written` is `kind` in other case, in the plural, or with a letter wrong.
fn is_nearly(written: &str, kind: &str) -> bool {
    let (lower, wanted) = (written.to_ascii_lowercase(), kind.to_ascii_lowercase());
    lower == wanted
        || [format!("{wanted}s"), format!("{wanted}es")].contains(&lower)
        || wanted
            .strip_suffix('y')
            .is_some_and(|stem| lower == format!("{stem}ies"))
        || (written.len() >= SHORTEST_MISSPELT && strsim::osa_distance(&lower, &wanted) <= MOST_LETTERS_APART)
}

/// All kinds of the table.
pub(crate) fn kinds() -> &'static [Kind] {
    &KINDS
}

impl Kind {
    /// The plural, lower-case name that the API has for it.
    pub(crate) fn plural(&self) -> String {
        plural_of(self.name)
    }

    /// The group it stands in; empty for the core group.
    pub(crate) fn group(&self) -> &'static str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }

    /// The object itself.
    pub(crate) fn shape(&self) -> Shape {
        Shape::Object(self.name)
    }

    /// The way to the Pod that the kind makes; nothing for kinds that make none, and for Pods.
    pub(crate) fn pod_template(&self) -> Option<&'static [&'static str]> {
        match self.name {
            "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "ReplicationController" | "Job" => {
                Some(&["spec", "template"])
            }
            "CronJob" => Some(&["spec", "jobTemplate", "spec", "template"]),
            _ => None,
        }
    }

    /// Whether the engine finds images in it without being told where.
    pub(crate) fn holds_images(&self) -> bool {
        self.name == "Pod" || self.pod_template().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meant(selector: &str) -> Vec<&'static str> {
        match named(selector) {
            Named::Known(kinds) => kinds.iter().map(|kind| kind.name).collect(),
            Named::NotServed(_) | Named::Misspelt(_) | Named::Other => Vec::new(),
        }
    }

    #[test]
    fn a_selector_means_the_kinds_it_matches() {
        assert_eq!(meant("Pod"), ["Pod"]);
        assert_eq!(meant("apps/v1/Deployment"), ["Deployment"]);
        assert_eq!(meant("*/Cron?ob"), ["CronJob"]);
        assert_eq!(meant("Pod/exec"), [] as [&str; 0]);
        assert_eq!(meant("*").len(), KINDS.len());
    }

    #[test]
    fn kinds_that_no_cluster_serves_are_told_from_custom_resources() {
        for selector in [
            "extensions/v1beta1/Ingress",
            "v1beta1/CronJob",
            "policy/v1beta1/PodDisruptionBudget",
        ] {
            assert!(matches!(named(selector), Named::NotServed(_)), "{selector}");
        }
        for selector in ["pod", "Pods", "NetworkPolicies", "StatefullSet"] {
            assert!(matches!(named(selector), Named::Misspelt(_)), "{selector}");
        }
        for selector in [
            "serving.knative.dev/v1/Service",
            "IngressRoute",
            "ServiceMonitor",
            "autoscaling/v1/HorizontalPodAutoscaler",
            "Pod.status",
            "Deployment/scale",
            "CustomResourceDefinition",
            "Application",
        ] {
            assert_eq!(named(selector), Named::Other, "{selector}");
        }
    }

    #[test]
    fn every_kind_has_its_type() {
        for kind in &KINDS {
            assert!(
                matches!(kind.shape().field("metadata"), super::super::Step::Found { .. }),
                "{}",
                kind.name
            );
        }
    }
}
