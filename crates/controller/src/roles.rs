//! Which roles a user has, from the bindings of the cluster: reviews don't say.
//!
//! Behaviour: Kyverno 1.19 `pkg/userinfo`: a Role counts wherever it is bound, as `namespace:name`; a cluster role bound in a
//! namespace counts for requests in that namespace alone.

use cluster::{ServedKind, Store, Sync};
use policy_engine::request::User;
use serde_json::Value;

/// `rbac.authorization.k8s.io`
const GROUP: &str = "rbac.authorization.k8s.io";

/// What is kept of a `RoleBinding` or `ClusterRoleBinding`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Binding {
    /// Namespace of the binding; empty for those of the whole cluster.
    namespace: Box<str>,
    is_cluster_role: bool,
    role: Box<str>,
    subjects: Box<[BoundSubject]>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum BoundSubject {
    /// A user, service accounts by the name that the API server gives them.
    User(Box<str>),
    Group(Box<str>),
}

impl Binding {
    /// What is kept of `binding`; none where nobody is bound.
    pub(crate) fn of(binding: &Value) -> Option<Self> {
        let text = |pointer: &str| {
            binding
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let namespace = text("/metadata/namespace");
        let listed = binding.get("subjects").and_then(Value::as_array)?;
        let subjects: Box<[BoundSubject]> = listed
            .iter()
            .filter_map(|subject| BoundSubject::of(subject, namespace))
            .collect();
        (!subjects.is_empty()).then(|| Self {
            namespace: namespace.into(),
            is_cluster_role: text("/roleRef/kind") == "ClusterRole",
            role: text("/roleRef/name").into(),
            subjects,
        })
    }
}

impl BoundSubject {
    fn of(subject: &Value, binding_namespace: &str) -> Option<Self> {
        let text = |field: &str| subject.get(field).and_then(Value::as_str).unwrap_or_default();
        match text("kind") {
            "User" => Some(Self::User(text("name").into())),
            "Group" => Some(Self::Group(text("name").into())),
            "ServiceAccount" => {
                let namespace = match text("namespace") {
                    "" => binding_namespace,
                    named => named,
                };
                let name = format!("system:serviceaccount:{namespace}:{}", text("name"));
                (!namespace.is_empty()).then(|| Self::User(name.into()))
            }
            _ => None,
        }
    }

    fn is(&self, name: &str, groups: &[&str]) -> bool {
        match self {
            Self::User(bound) => **bound == *name,
            Self::Group(bound) => groups.contains(&&**bound),
        }
    }
}

/// All bindings of the cluster.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bindings {
    pub(crate) in_namespaces: Store<Binding>,
    pub(crate) cluster_wide: Store<Binding>,
}

impl Bindings {
    /// The kind of `RoleBinding`s.
    pub(crate) fn namespaced_kind() -> ServedKind {
        ServedKind::known(GROUP, "v1", "RoleBinding", "rolebindings", true)
    }

    /// The kind of `ClusterRoleBinding`s.
    pub(crate) fn cluster_kind() -> ServedKind {
        ServedKind::known(GROUP, "v1", "ClusterRoleBinding", "clusterrolebindings", false)
    }

    /// Whether all bindings are known.
    pub(crate) fn is_synced(&self) -> bool {
        self.in_namespaces.is_synced() && self.cluster_wide.is_synced()
    }

    /// Why they are not known, as far as that was found out.
    pub(crate) fn why_unknown(&self) -> Option<String> {
        let why = |state: Sync| match state {
            Sync::Unread(why) => why,
            Sync::Whole | Sync::NoSuchKind => None,
        };
        why(self.in_namespaces.state()).or_else(|| why(self.cluster_wide.state()))
    }

    /// `user` with its roles, for a request in `namespace`.
    pub(crate) fn complete(&self, user: &User, namespace: &str) -> User {
        let name = user
            .info
            .get("username")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let groups = user.info.get("groups").and_then(Value::as_array);
        let groups: Vec<&str> = groups.into_iter().flatten().filter_map(Value::as_str).collect();
        let mut completed = User {
            info: user.info.clone(),
            roles: Vec::new(),
            cluster_roles: Vec::new(),
        };
        for bindings in [&self.in_namespaces, &self.cluster_wide] {
            bindings.each(|_, binding| {
                if !binding.subjects.iter().any(|subject| subject.is(name, &groups)) {
                    return;
                }
                if !binding.is_cluster_role {
                    completed
                        .roles
                        .push(format!("{}:{}", binding.namespace, binding.role));
                } else if binding.namespace.is_empty() || *binding.namespace == *namespace {
                    completed.cluster_roles.push(binding.role.to_string());
                }
            });
        }
        for roles in [&mut completed.roles, &mut completed.cluster_roles] {
            roles.sort();
            roles.dedup();
        }
        completed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cluster::ObjectName;
    use serde_json::json;

    fn bindings(all: &[Value]) -> Bindings {
        let bindings = Bindings::default();
        for (at, binding) in all.iter().enumerate() {
            let name = ObjectName {
                namespace: String::new(),
                name: at.to_string(),
            };
            let kept = Binding::of(binding).unwrap();
            bindings.in_namespaces.put(name, kept);
        }
        bindings
    }

    fn binding(namespace: &str, role: (&str, &str), subject: &Value) -> Value {
        json!({"metadata": {"namespace": namespace}, "roleRef": {"kind": role.0, "name": role.1}, "subjects": [subject]})
    }

    #[test]
    fn a_cluster_role_bound_in_a_namespace_counts_there_alone() {
        let ann = json!({"kind": "User", "name": "ann"});
        let all = bindings(&[
            binding("shop", ("ClusterRole", "edit"), &ann),
            binding(
                "",
                ("ClusterRole", "view"),
                &json!({"kind": "Group", "name": "devs"}),
            ),
            binding("bank", ("Role", "teller"), &ann),
            binding("shop", ("Role", "other"), &json!({"kind": "User", "name": "bob"})),
        ]);
        let user = User {
            info: json!({"username": "ann", "groups": ["devs"]}),
            ..User::default()
        };
        let in_shop = all.complete(&user, "shop");
        assert_eq!(in_shop.cluster_roles, ["edit", "view"]);
        assert_eq!(in_shop.roles, ["bank:teller"]);
        assert_eq!(all.complete(&user, "bank").cluster_roles, ["view"]);
    }

    #[test]
    fn a_service_account_is_known_by_its_user_name() {
        let all = bindings(&[
            binding(
                "shop",
                ("Role", "own"),
                &json!({"kind": "ServiceAccount", "name": "bot"}),
            ),
            binding(
                "shop",
                ("Role", "far"),
                &json!({"kind": "ServiceAccount", "name": "bot", "namespace": "ci"}),
            ),
        ]);
        let roles = |name: &str| {
            let info = json!({"username": name});
            all.complete(
                &User {
                    info,
                    ..User::default()
                },
                "shop",
            )
            .roles
        };
        assert_eq!(roles("system:serviceaccount:shop:bot"), ["shop:own"]);
        assert_eq!(roles("system:serviceaccount:ci:bot"), ["shop:far"]);
        assert!(roles("bot").is_empty());
    }
}
