//! The environments of Kubernetes and of Kyverno's policy kinds.
//!
//! Each says what its kind may name in 1.19; a caller adds what depends on the policy (`variables.*`) and builds. Sources: Kubernetes
//! `apiserver/pkg/cel/environment/base.go`, `pkg/admission/plugin/cel/compile.go`; Kyverno `pkg/cel/compiler`, `pkg/cel/policies/vpol`,
//! `pkg/image/verification/evaluator`.

use std::sync::Arc;

use crate::environment::{Environment, EnvironmentBuilder};
use crate::libraries::Library;
use crate::types::{ObjectType, Type};

/// What every environment of Kubernetes has
const KUBERNETES: &[Library] = &[
    Library::Optionals,
    Library::TwoVariables,
    Library::Strings,
    Library::Sets,
    Library::Lists,
    Library::KubernetesLists,
    Library::KubernetesRegex,
    Library::Urls,
    Library::Quantity,
    Library::Network,
    Library::Formats,
    Library::Semver,
    Library::Authorization,
];

/// What Kyverno adds everywhere
const KYVERNO: &[Library] = &[
    Library::Bindings,
    Library::Encoders,
    Library::Math,
    Library::Regex,
];

/// Kyverno's own functions, but for `resource`, which depends on the scope
const KYVERNO_FUNCTIONS: &[Library] = &[
    Library::Http,
    Library::GlobalContext,
    Library::Image,
    Library::ImageData,
    Library::Json,
    Library::Yaml,
    Library::Hash,
    Library::MathRound,
    Library::User,
    Library::Time,
    Library::Transform,
    Library::Random,
    Library::Gzip,
];

/// Whether a policy is for the cluster or for its namespace
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// `resource` functions name a namespace
    Cluster,
    /// `resource` functions are confined to the policy's namespace and do not name it
    Namespaced,
}

/// What a policy is evaluated over
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload {
    /// An admission request
    Kubernetes,
    /// Any JSON, as `object`
    Json,
}

impl Environment {
    /// What Kubernetes' own admission policies and `validate.cel` may name, but for `params` and `authorizer`, which depend on the policy
    #[must_use]
    pub fn admission() -> EnvironmentBuilder {
        admission_variables(Self::builder().libraries(KUBERNETES)).homogeneous_literals(true)
    }

    /// What `ValidatingPolicy` may name, but for `variables.*`
    #[must_use]
    pub fn validating_policy(scope: Scope) -> EnvironmentBuilder {
        let exceptions = ["allowedImages", "allowedValues"].map(|name| (name, Type::list(Type::String)));
        admission_variables(kyverno(scope))
            .library(Library::TolerantOrValue)
            .library(Library::Certificates)
            .object_type(object("compiler.Exception", exceptions))
            .variable("exceptions", Type::object("compiler.Exception"))
    }

    /// What `ImageValidatingPolicy` may name, but for `variables.*`
    #[must_use]
    pub fn image_validating_policy(scope: Scope, payload: Payload) -> EnvironmentBuilder {
        let builder = kyverno(scope)
            .library(Library::ImageVerification)
            .variable("images", Type::map(Type::String, Type::list(Type::String)))
            .variable("attestors", Type::map(Type::String, Type::Dyn))
            .variable("attestations", Type::map(Type::String, Type::String));
        match payload {
            Payload::Kubernetes => admission_variables(builder),
            Payload::Json => builder.variable("object", Type::Dyn),
        }
    }

    /// What `matchImageReferences` may name: `ref` and the functions on image references
    #[must_use]
    pub fn image_reference() -> EnvironmentBuilder {
        Self::builder()
            .libraries(KUBERNETES)
            .libraries(KYVERNO)
            .library(Library::Image)
            .homogeneous_literals(true)
            .variable("ref", Type::String)
    }
}

fn kyverno(scope: Scope) -> EnvironmentBuilder {
    let resource = match scope {
        Scope::Cluster => Library::Resource,
        Scope::Namespaced => Library::NamespacedResource,
    };
    Environment::builder()
        .libraries(KUBERNETES)
        .libraries(KYVERNO)
        .libraries(KYVERNO_FUNCTIONS)
        .library(resource)
        .homogeneous_literals(true)
}

fn object<const N: usize>(name: &str, fields: [(&str, Type); N]) -> ObjectType {
    let fields = fields
        .into_iter()
        .map(|(field, of)| (Arc::from(field), of))
        .collect();
    ObjectType {
        name: name.into(),
        fields,
        wraps: None,
    }
}

/// `object`, `oldObject`, `request` and `namespaceObject`
fn admission_variables(builder: EnvironmentBuilder) -> EnvironmentBuilder {
    let builder = request_types()
        .into_iter()
        .chain(namespace_types())
        .fold(builder, EnvironmentBuilder::object_type);
    builder
        .variable("object", Type::Dyn)
        .variable("oldObject", Type::Dyn)
        .variable("request", Type::object("kubernetes.AdmissionRequest"))
        .variable("namespaceObject", Type::object("kubernetes.Namespace"))
}

fn request_types() -> [ObjectType; 4] {
    let strings = || Type::list(Type::String);
    let kind = || Type::object("kubernetes.GroupVersionKind");
    let resource = || Type::object("kubernetes.GroupVersionResource");
    [
        object(
            "kubernetes.GroupVersionKind",
            ["group", "version", "kind"].map(|name| (name, Type::String)),
        ),
        object(
            "kubernetes.GroupVersionResource",
            ["group", "version", "resource"].map(|name| (name, Type::String)),
        ),
        object(
            "kubernetes.UserInfo",
            [
                ("username", Type::String),
                ("uid", Type::String),
                ("groups", strings()),
                ("extra", Type::map(Type::String, strings())),
            ],
        ),
        object(
            "kubernetes.AdmissionRequest",
            [
                ("kind", kind()),
                ("resource", resource()),
                ("subResource", Type::String),
                ("requestKind", kind()),
                ("requestResource", resource()),
                ("requestSubResource", Type::String),
                ("name", Type::String),
                ("namespace", Type::String),
                ("operation", Type::String),
                ("userInfo", Type::object("kubernetes.UserInfo")),
                ("dryRun", Type::Bool),
                ("options", Type::Dyn),
                ("object", Type::Dyn),
                ("oldObject", Type::Dyn),
            ],
        ),
    ]
}

fn namespace_types() -> [ObjectType; 5] {
    let strings = || Type::list(Type::String);
    let labels = || Type::map(Type::String, Type::String);
    [
        object("kubernetes.NamespaceSpec", [("finalizers", strings())]),
        object(
            "kubernetes.NamespaceCondition",
            [
                ("status", Type::String),
                ("type", Type::String),
                ("lastTransitionTime", Type::Timestamp),
                ("message", Type::String),
                ("reason", Type::String),
            ],
        ),
        object(
            "kubernetes.NamespaceStatus",
            [
                (
                    "conditions",
                    Type::list(Type::object("kubernetes.NamespaceCondition")),
                ),
                ("phase", Type::String),
            ],
        ),
        object(
            "kubernetes.NamespaceMetadata",
            [
                ("name", Type::String),
                ("generateName", Type::String),
                ("namespace", Type::String),
                ("labels", labels()),
                ("annotations", labels()),
                ("UID", Type::String),
                ("creationTimestamp", Type::Timestamp),
                ("deletionGracePeriodSeconds", Type::Int),
                ("deletionTimestamp", Type::Timestamp),
                ("generation", Type::Int),
                ("resourceVersion", Type::String),
                ("finalizers", strings()),
            ],
        ),
        object(
            "kubernetes.Namespace",
            [
                ("metadata", Type::object("kubernetes.NamespaceMetadata")),
                ("spec", Type::object("kubernetes.NamespaceSpec")),
                ("status", Type::object("kubernetes.NamespaceStatus")),
            ],
        ),
    ]
}
