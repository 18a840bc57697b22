//! Which lists of the built-in kinds are merged, and by which keys.
//!
//! A compact table of `x-kubernetes-patch-merge-key` and `x-kubernetes-list-map-keys` from the Kubernetes v1.21.2
//! `OpenAPI` document, the one kustomize kyaml v0.21.1 carries and Kyverno 1.19 therefore patches by. Lists not named
//! here are replaced, and so are all lists of kinds not named here, custom resources among them.

/// What a value of a resource is, as far as it leads to lists that are merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// A whole object of one of the kinds below
    Object(Kind),
    ObjectMeta,
    PodTemplateSpec,
    PodSpec,
    Container,
    EphemeralContainer,
    Volume,
    EphemeralVolume,
    ClaimTemplate,
    /// The spec of Deployment, DaemonSet, ReplicaSet, StatefulSet, ReplicationController or Job
    TemplatedSpec,
    CronJobSpec,
    JobTemplateSpec,
    ServiceSpec,
    NodeSpec,
    CsiNodeSpec,
    /// A status with conditions
    Status,
    NodeStatus,
    PodStatus,
}

/// Kinds whose objects have lists to merge besides those of their metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Pod,
    PodTemplate,
    Templated,
    CronJob,
    Service,
    ServiceAccount,
    Node,
    ComponentStatus,
    WebhookConfiguration,
    CsiNode,
    WithConditions,
    Other,
}

/// How a list is merged: by these keys of its elements; no keys: a set of scalars.
pub(super) type MergeKeys = &'static [&'static str];

/// Every kind of the document, by version; those that only have metadata are read for it alone.
const KINDS: &[(&str, Kind, &[&str])] = &[
    ("v1", Kind::Pod, &["Pod"]),
    ("v1", Kind::PodTemplate, &["PodTemplate"]),
    ("v1", Kind::Templated, &["ReplicationController"]),
    ("v1", Kind::Service, &["Service"]),
    ("v1", Kind::ServiceAccount, &["ServiceAccount"]),
    ("v1", Kind::Node, &["Node"]),
    ("v1", Kind::ComponentStatus, &["ComponentStatus"]),
    (
        "v1",
        Kind::WithConditions,
        &["Namespace", "PersistentVolumeClaim"],
    ),
    (
        "v1",
        Kind::Other,
        &[
            "Binding",
            "ConfigMap",
            "Endpoints",
            "Event",
            "LimitRange",
            "PersistentVolume",
            "ResourceQuota",
            "Secret",
        ],
    ),
    (
        "apps/v1",
        Kind::Templated,
        &["DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"],
    ),
    ("apps/v1", Kind::Other, &["ControllerRevision"]),
    ("batch/v1", Kind::Templated, &["Job"]),
    ("batch/v1", Kind::CronJob, &["CronJob"]),
    ("batch/v1beta1", Kind::CronJob, &["CronJob"]),
    (
        "admissionregistration.k8s.io/v1",
        Kind::WebhookConfiguration,
        WEBHOOKS,
    ),
    (
        "admissionregistration.k8s.io/v1beta1",
        Kind::WebhookConfiguration,
        WEBHOOKS,
    ),
    (
        "apiextensions.k8s.io/v1",
        Kind::Other,
        &["CustomResourceDefinition"],
    ),
    (
        "apiextensions.k8s.io/v1beta1",
        Kind::Other,
        &["CustomResourceDefinition"],
    ),
    ("apiregistration.k8s.io/v1", Kind::WithConditions, &["APIService"]),
    (
        "apiregistration.k8s.io/v1beta1",
        Kind::WithConditions,
        &["APIService"],
    ),
    (
        "authentication.k8s.io/v1",
        Kind::Other,
        &["TokenRequest", "TokenReview"],
    ),
    ("authentication.k8s.io/v1beta1", Kind::Other, &["TokenReview"]),
    ("authorization.k8s.io/v1", Kind::Other, ACCESS_REVIEWS),
    ("authorization.k8s.io/v1beta1", Kind::Other, ACCESS_REVIEWS),
    (
        "autoscaling/v1",
        Kind::Other,
        &["HorizontalPodAutoscaler", "Scale"],
    ),
    ("autoscaling/v2beta1", Kind::Other, &["HorizontalPodAutoscaler"]),
    ("autoscaling/v2beta2", Kind::Other, &["HorizontalPodAutoscaler"]),
    (
        "certificates.k8s.io/v1",
        Kind::Other,
        &["CertificateSigningRequest"],
    ),
    (
        "certificates.k8s.io/v1beta1",
        Kind::Other,
        &["CertificateSigningRequest"],
    ),
    ("coordination.k8s.io/v1", Kind::Other, &["Lease"]),
    ("coordination.k8s.io/v1beta1", Kind::Other, &["Lease"]),
    ("discovery.k8s.io/v1", Kind::Other, &["EndpointSlice"]),
    ("discovery.k8s.io/v1beta1", Kind::Other, &["EndpointSlice"]),
    ("events.k8s.io/v1", Kind::Other, &["Event"]),
    ("events.k8s.io/v1beta1", Kind::Other, &["Event"]),
    ("extensions/v1beta1", Kind::Other, &["Ingress"]),
    (
        "flowcontrol.apiserver.k8s.io/v1beta1",
        Kind::Other,
        &["FlowSchema", "PriorityLevelConfiguration"],
    ),
    (
        "networking.k8s.io/v1",
        Kind::Other,
        &["Ingress", "IngressClass", "NetworkPolicy"],
    ),
    (
        "networking.k8s.io/v1beta1",
        Kind::Other,
        &["Ingress", "IngressClass"],
    ),
    ("node.k8s.io/v1", Kind::Other, &["RuntimeClass"]),
    ("node.k8s.io/v1beta1", Kind::Other, &["RuntimeClass"]),
    ("policy/v1", Kind::WithConditions, &["PodDisruptionBudget"]),
    ("policy/v1beta1", Kind::WithConditions, &["PodDisruptionBudget"]),
    ("policy/v1beta1", Kind::Other, &["Eviction", "PodSecurityPolicy"]),
    ("rbac.authorization.k8s.io/v1", Kind::Other, RBAC),
    ("rbac.authorization.k8s.io/v1beta1", Kind::Other, RBAC),
    ("scheduling.k8s.io/v1", Kind::Other, &["PriorityClass"]),
    ("scheduling.k8s.io/v1beta1", Kind::Other, &["PriorityClass"]),
    ("storage.k8s.io/v1", Kind::CsiNode, &["CSINode"]),
    (
        "storage.k8s.io/v1",
        Kind::Other,
        &["CSIDriver", "StorageClass", "VolumeAttachment"],
    ),
    ("storage.k8s.io/v1beta1", Kind::CsiNode, &["CSINode"]),
    (
        "storage.k8s.io/v1beta1",
        Kind::Other,
        &[
            "CSIDriver",
            "CSIStorageCapacity",
            "StorageClass",
            "VolumeAttachment",
        ],
    ),
];

const WEBHOOKS: &[&str] = &["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];
const ACCESS_REVIEWS: &[&str] = &[
    "LocalSubjectAccessReview",
    "SelfSubjectAccessReview",
    "SelfSubjectRulesReview",
    "SubjectAccessReview",
];
const RBAC: &[&str] = &["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"];

const BY_NAME: MergeKeys = &["name"];
const BY_TYPE: MergeKeys = &["type"];
const SCALARS: MergeKeys = &[];

impl Shape {
    /// The shape of an object by its `apiVersion` and `kind`; nothing for kinds the document lacks.
    pub(super) fn of_object(api_version: &str, kind: &str) -> Option<Self> {
        let found = KINDS
            .iter()
            .find(|(version, _, kinds)| *version == api_version && kinds.contains(&kind));
        found.map(|(_, shape, _)| Self::Object(*shape))
    }

    /// The shape of a map's field.
    pub(super) fn field(self, name: &str) -> Option<Self> {
        match (self, name) {
            (Self::Object(_) | Self::PodTemplateSpec | Self::JobTemplateSpec, "metadata") => {
                Some(Self::ObjectMeta)
            }
            (Self::ClaimTemplate, "metadata") => Some(Self::ObjectMeta),
            (Self::Volume, "ephemeral") => Some(Self::EphemeralVolume),
            (Self::EphemeralVolume, "volumeClaimTemplate") => Some(Self::ClaimTemplate),
            (Self::Object(Kind::Pod) | Self::PodTemplateSpec, "spec") => Some(Self::PodSpec),
            (Self::Object(Kind::PodTemplate) | Self::TemplatedSpec, "template") => {
                Some(Self::PodTemplateSpec)
            }
            (Self::Object(Kind::Templated) | Self::JobTemplateSpec, "spec") => Some(Self::TemplatedSpec),
            (Self::Object(Kind::CronJob), "spec") => Some(Self::CronJobSpec),
            (Self::CronJobSpec, "jobTemplate") => Some(Self::JobTemplateSpec),
            (Self::Object(Kind::Service), "spec") => Some(Self::ServiceSpec),
            (Self::Object(Kind::Node), "spec") => Some(Self::NodeSpec),
            (Self::Object(Kind::CsiNode), "spec") => Some(Self::CsiNodeSpec),
            (Self::Object(Kind::Pod), "status") => Some(Self::PodStatus),
            (Self::Object(Kind::Node), "status") => Some(Self::NodeStatus),
            (Self::Object(Kind::Templated | Kind::Service | Kind::WithConditions), "status") => {
                Some(Self::Status)
            }
            _ => None,
        }
    }

    /// How the list in a map's field is merged, and the shape of its elements; nothing for a list that is replaced.
    pub(super) fn list(self, name: &str) -> Option<(MergeKeys, Option<Self>)> {
        match (self, name) {
            (Self::ObjectMeta, "finalizers") => Some((SCALARS, None)),
            (Self::ObjectMeta, "ownerReferences") => Some((&["uid"], None)),
            (Self::PodSpec, "containers" | "initContainers") => Some((BY_NAME, Some(Self::Container))),
            (Self::PodSpec, "ephemeralContainers") => Some((BY_NAME, Some(Self::EphemeralContainer))),
            (Self::PodSpec, "volumes") => Some((BY_NAME, Some(Self::Volume))),
            (Self::PodSpec, "imagePullSecrets") => Some((BY_NAME, None)),
            (Self::PodSpec, "hostAliases") => Some((&["ip"], None)),
            (Self::PodSpec, "topologySpreadConstraints") => {
                Some((&["topologyKey", "whenUnsatisfiable"], None))
            }
            (Self::Container, "ports") => Some((&["containerPort", "protocol"], None)),
            (Self::Container | Self::EphemeralContainer, "env") => Some((BY_NAME, None)),
            (Self::Container | Self::EphemeralContainer, "volumeMounts") => Some((&["mountPath"], None)),
            (Self::Container | Self::EphemeralContainer, "volumeDevices") => Some((&["devicePath"], None)),
            (Self::ServiceSpec, "ports") => Some((&["port", "protocol"], None)),
            (Self::Object(Kind::ServiceAccount), "secrets") => Some((BY_NAME, None)),
            (Self::Object(Kind::WebhookConfiguration), "webhooks") => Some((BY_NAME, None)),
            (Self::CsiNodeSpec, "drivers") => Some((BY_NAME, None)),
            (Self::NodeSpec, "podCIDRs") => Some((SCALARS, None)),
            (Self::Object(Kind::ComponentStatus), "conditions") => Some((BY_TYPE, None)),
            (Self::Status | Self::PodStatus | Self::NodeStatus, "conditions") => Some((BY_TYPE, None)),
            (Self::NodeStatus, "addresses") => Some((BY_TYPE, None)),
            (Self::PodStatus, "podIPs") => Some((&["ip"], None)),
            _ => None,
        }
    }
}
