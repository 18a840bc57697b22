//! Which kinds stand in no namespace, for objects judged without a cluster. Spec: engine-and-cli §9.1.

/// Cluster-wide kinds of Kubernetes' own groups. Kinds of custom resources are taken to stand in namespaces.
const CLUSTER_WIDE: [&str; 34] = [
    "APIService",
    "CSIDriver",
    "CSINode",
    "CertificateSigningRequest",
    "ClusterPolicy",
    "ClusterRole",
    "ClusterRoleBinding",
    "ComponentStatus",
    "CustomResourceDefinition",
    "DeviceClass",
    "FlowSchema",
    "IPAddress",
    "IngressClass",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
    "MutatingWebhookConfiguration",
    "Namespace",
    "Node",
    "PersistentVolume",
    "PriorityClass",
    "PriorityLevelConfiguration",
    "ResourceSlice",
    "RuntimeClass",
    "SelfSubjectAccessReview",
    "SelfSubjectReview",
    "SelfSubjectRulesReview",
    "ServiceCIDR",
    "StorageClass",
    "StorageVersion",
    "SubjectAccessReview",
    "TokenReview",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "VolumeAttachment",
];

/// Whether objects of `kind` stand in a namespace. `ValidatingWebhookConfiguration` and its like do not.
pub(crate) fn is_namespaced(kind: &str) -> bool {
    !CLUSTER_WIDE.contains(&kind) && kind != "ValidatingWebhookConfiguration"
}
