//! The kinds of policies that are judged here.

use serde_json::Value;

/// A kind of policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PolicyKind {
    /// `ClusterPolicy` of `kyverno.io`.
    ClusterPolicy,
    /// `Policy` of `kyverno.io`.
    Policy,
    /// `ValidatingPolicy` of `policies.kyverno.io`.
    ValidatingPolicy,
    /// `NamespacedValidatingPolicy` of `policies.kyverno.io`.
    NamespacedValidatingPolicy,
    /// `ImageValidatingPolicy` of `policies.kyverno.io`.
    ImageValidatingPolicy,
    /// `NamespacedImageValidatingPolicy` of `policies.kyverno.io`.
    NamespacedImageValidatingPolicy,
    /// Kubernetes' `ValidatingAdmissionPolicy`: judged where no API server does it, on the command line.
    ValidatingAdmissionPolicy,
}

const ALL: [PolicyKind; 7] = [
    PolicyKind::ClusterPolicy,
    PolicyKind::Policy,
    PolicyKind::ValidatingPolicy,
    PolicyKind::NamespacedValidatingPolicy,
    PolicyKind::ImageValidatingPolicy,
    PolicyKind::NamespacedImageValidatingPolicy,
    PolicyKind::ValidatingAdmissionPolicy,
];

impl PolicyKind {
    /// The kind of a document; none for any other.
    #[must_use]
    pub fn of(document: &Value) -> Option<Self> {
        let written = document.get("kind").and_then(Value::as_str)?;
        ALL.into_iter().find(|kind| kind.name() == written)
    }

    /// The name of the kind.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ClusterPolicy => "ClusterPolicy",
            Self::Policy => "Policy",
            Self::ValidatingPolicy => "ValidatingPolicy",
            Self::NamespacedValidatingPolicy => "NamespacedValidatingPolicy",
            Self::ImageValidatingPolicy => "ImageValidatingPolicy",
            Self::NamespacedImageValidatingPolicy => "NamespacedImageValidatingPolicy",
            Self::ValidatingAdmissionPolicy => "ValidatingAdmissionPolicy",
        }
    }

    /// Whether it is one of `kyverno.io`, with rules.
    #[must_use]
    pub fn is_classic(self) -> bool {
        matches!(self, Self::ClusterPolicy | Self::Policy)
    }

    /// Whether its policies stand in a namespace and speak of nothing else.
    #[must_use]
    pub fn is_namespaced(self) -> bool {
        match self {
            Self::Policy | Self::NamespacedValidatingPolicy | Self::NamespacedImageValidatingPolicy => true,
            Self::ClusterPolicy
            | Self::ValidatingPolicy
            | Self::ImageValidatingPolicy
            | Self::ValidatingAdmissionPolicy => false,
        }
    }
}
