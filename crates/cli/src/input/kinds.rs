//! Which kinds stand in no namespace, for objects judged without a cluster. Spec: engine-and-cli §9.1.

/// Cluster-wide kinds of Kubernetes' own groups, and Kyverno's. A kind of another group is taken to stand in namespaces,
/// whatever its name: the `ClusterRole` of `authorization.openshift.io` is not Kubernetes'.
const CLUSTER_WIDE: [(&str, &[&str]); 16] = [
    ("", &["ComponentStatus", "Namespace", "Node", "PersistentVolume"]),
    (
        "admissionregistration.k8s.io",
        &[
            "MutatingAdmissionPolicy",
            "MutatingAdmissionPolicyBinding",
            "MutatingWebhookConfiguration",
            "ValidatingAdmissionPolicy",
            "ValidatingAdmissionPolicyBinding",
            "ValidatingWebhookConfiguration",
        ],
    ),
    ("apiextensions.k8s.io", &["CustomResourceDefinition"]),
    ("apiregistration.k8s.io", &["APIService"]),
    ("authentication.k8s.io", &["SelfSubjectReview", "TokenReview"]),
    (
        "authorization.k8s.io",
        &[
            "SelfSubjectAccessReview",
            "SelfSubjectRulesReview",
            "SubjectAccessReview",
        ],
    ),
    ("certificates.k8s.io", &["CertificateSigningRequest"]),
    (
        "flowcontrol.apiserver.k8s.io",
        &["FlowSchema", "PriorityLevelConfiguration"],
    ),
    ("internal.apiserver.k8s.io", &["StorageVersion"]),
    (
        "kyverno.io",
        &["ClusterCleanupPolicy", "ClusterPolicy", "GlobalContextEntry"],
    ),
    ("networking.k8s.io", &["IPAddress", "IngressClass", "ServiceCIDR"]),
    ("node.k8s.io", &["RuntimeClass"]),
    (
        "rbac.authorization.k8s.io",
        &["ClusterRole", "ClusterRoleBinding"],
    ),
    ("resource.k8s.io", &["DeviceClass", "ResourceSlice"]),
    ("scheduling.k8s.io", &["PriorityClass"]),
    (
        "storage.k8s.io",
        &["CSIDriver", "CSINode", "StorageClass", "VolumeAttachment"],
    ),
];

/// Whether objects of a kind stand in a namespace.
pub(crate) fn is_namespaced(api_version: &str, kind: &str) -> bool {
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    !CLUSTER_WIDE
        .iter()
        .any(|(known, kinds)| *known == group && kinds.contains(&kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_wide_name_of_a_foreign_group_stands_in_namespaces() {
        assert!(!is_namespaced("rbac.authorization.k8s.io/v1", "ClusterRole"));
        assert!(is_namespaced("authorization.openshift.io/v1", "ClusterRole"));
    }
}
