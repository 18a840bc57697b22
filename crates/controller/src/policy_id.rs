//! Which policy: its kind and its name. Policies of different kinds may have the same name.

use cluster::{ObjectName, ServedKind};
use policy_engine::policy::PolicyKind;
use sha2::{Digest, Sha256};

/// Longest name of a policy that stands in its webhook's name as it is, in bytes; those of `kyverno.io` are never longer.
const MOST_NAME_BYTES: usize = 63;

/// One policy of the cluster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PolicyId {
    pub(crate) kind: PolicyKind,
    pub(crate) name: ObjectName,
}

/// The kinds that are watched. Kubernetes' own admission policies are the API server's business.
pub(crate) const KINDS: [PolicyKind; 6] = [
    PolicyKind::ClusterPolicy,
    PolicyKind::Policy,
    PolicyKind::ValidatingPolicy,
    PolicyKind::NamespacedValidatingPolicy,
    PolicyKind::ImageValidatingPolicy,
    PolicyKind::NamespacedImageValidatingPolicy,
];

/// A kind as the API server has it.
pub(crate) fn served(kind: PolicyKind) -> ServedKind {
    let (group, plural) = match kind {
        PolicyKind::ClusterPolicy => ("kyverno.io", "clusterpolicies"),
        PolicyKind::Policy => ("kyverno.io", "policies"),
        PolicyKind::ValidatingPolicy => ("policies.kyverno.io", "validatingpolicies"),
        PolicyKind::NamespacedValidatingPolicy => ("policies.kyverno.io", "namespacedvalidatingpolicies"),
        PolicyKind::ImageValidatingPolicy => ("policies.kyverno.io", "imagevalidatingpolicies"),
        PolicyKind::NamespacedImageValidatingPolicy => {
            ("policies.kyverno.io", "namespacedimagevalidatingpolicies")
        }
        PolicyKind::ValidatingAdmissionPolicy => {
            ("admissionregistration.k8s.io", "validatingadmissionpolicies")
        }
    };
    ServedKind::known(group, "v1", kind.name(), plural, kind.is_namespaced())
}

impl PolicyId {
    /// The policy's name in messages and reports: `name` or `namespace/name`.
    pub(crate) fn key(&self) -> String {
        let ObjectName { namespace, name } = &self.name;
        if namespace.is_empty() {
            name.clone()
        } else {
            format!("{namespace}/{name}")
        }
    }

    /// What the path of its own webhook ends in: Kyverno's for `kyverno.io`, else the kind's resource before the name, which
    /// no namespace can be mistaken for: it holds dots. The API server takes lower case alone between slashes.
    pub(crate) fn path(&self) -> String {
        if self.kind.is_classic() {
            self.key()
        } else {
            let kind = served(self.kind);
            format!("{}.{}/{}", kind.plural, kind.group, self.key())
        }
    }

    /// What the name of its own webhook ends in. Two policies never have the same: the first word is the kind's, and no
    /// namespace holds a dot. Together with what stands before, no longer than the 253 bytes that the API server takes: of a
    /// long name, its hash, which is itself longer than any name that stands as it is.
    pub(crate) fn webhook_suffix(&self) -> String {
        let ObjectName { namespace, name } = &self.name;
        let name = if name.len() > MOST_NAME_BYTES {
            &format!("{:x}", Sha256::digest(name))
        } else {
            name
        };
        match self.kind {
            PolicyKind::ClusterPolicy => format!("finegrained-{name}"),
            PolicyKind::ValidatingPolicy
            | PolicyKind::ImageValidatingPolicy
            | PolicyKind::ValidatingAdmissionPolicy => {
                format!("{}-{name}", self.kind.name().to_ascii_lowercase())
            }
            PolicyKind::Policy
            | PolicyKind::NamespacedValidatingPolicy
            | PolicyKind::NamespacedImageValidatingPolicy => {
                format!("{}-{namespace}.{name}", self.kind.name().to_ascii_lowercase())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(kind: PolicyKind, namespace: &str, name: &str) -> PolicyId {
        let (namespace, name) = (namespace.to_owned(), name.to_owned());
        PolicyId {
            kind,
            name: ObjectName { namespace, name },
        }
    }

    /// A tenant who could choose a name that takes another policy's webhook would take that policy out of force.
    #[test]
    fn no_name_takes_the_webhook_of_another_policy() {
        let all = [
            id(PolicyKind::ClusterPolicy, "", "a.b-c"),
            id(PolicyKind::Policy, "a", "b-c"),
            id(PolicyKind::Policy, "a-b", "c"),
            id(PolicyKind::Policy, "a", "b.c"),
            id(PolicyKind::ClusterPolicy, "", "policy-a.b-c"),
            id(PolicyKind::ValidatingPolicy, "", "a.b-c"),
            id(PolicyKind::NamespacedValidatingPolicy, "a", "b-c"),
            id(PolicyKind::Policy, "validatingpolicies", "a.b-c"),
            id(PolicyKind::Policy, "validatingpolicy", "a.b-c"),
            id(PolicyKind::ValidatingPolicy, "", &"n".repeat(64)),
            id(PolicyKind::ValidatingPolicy, "", &"n".repeat(65)),
        ];
        for (at, one) in all.iter().enumerate() {
            for other in all.iter().skip(at + 1) {
                assert_ne!(one.webhook_suffix(), other.webhook_suffix());
                assert_ne!(one.path(), other.path());
            }
        }
    }
    /// One name or path that the API server does not take, and it takes none of the webhooks of all policies.
    #[test]
    fn the_api_server_takes_every_webhooks_name_and_path() {
        let long = "n".repeat(253);
        for kind in KINDS {
            let namespace = if kind.is_namespaced() {
                "s".repeat(63)
            } else {
                String::new()
            };
            let policy = id(kind, &namespace, &long);
            let name = format!("validate.vouchsafe.svc-ignore-{}", policy.webhook_suffix());
            assert!(name.len() <= 253, "{name}");
            let is_taken = |letter: char| matches!(letter, 'a'..='z' | '0'..='9' | '-' | '.');
            for part in policy.path().split('/').chain([name.as_str()]) {
                assert!(part.len() <= 253 && part.chars().all(is_taken), "{part}");
            }
        }
    }
}
