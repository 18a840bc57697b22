//! Every resource and subresource that an API server has: what webhooks are registered for.
//!
//! Asks for aggregated discovery (`apidiscovery.k8s.io/v2`, Kubernetes 1.30 and later): two calls, however many groups.

use serde_json::Value;

use crate::client::{Call, Client};
use crate::error::ClusterError;
use crate::limits::{MOST_GROUP_VERSIONS, MOST_PAGE_BYTES};

/// Aggregated discovery, or nothing.
const ACCEPT: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// A resource in one version, or one of its subresources.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServedResource {
    /// API group; empty for the core.
    pub group: String,
    /// Version.
    pub version: String,
    /// Name in paths, such as `pods`.
    pub resource: String,
    /// Subresource, such as `exec`; empty for the resource itself.
    pub subresource: String,
    /// Kind of the resource, such as `Pod`; that of the resource for subresources too.
    pub kind: String,
    /// Whether its objects stand in namespaces.
    pub is_namespaced: bool,
    /// Whether the version is the one that its group prefers.
    pub is_preferred: bool,
}

/// What an API server has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServedResources {
    resources: Vec<ServedResource>,
}

impl ServedResources {
    /// Asks the server of `client`.
    ///
    /// # Errors
    /// [`ClusterError`]; a server that has no aggregated discovery is one.
    pub async fn of(client: &Client) -> Result<Self, ClusterError> {
        let mut found = Self::default();
        for path in ["/api", "/apis"] {
            let call = Call {
                accept: ACCEPT,
                most_bytes: MOST_PAGE_BYTES,
                ..Call::get(path)
            };
            let (answer, _) = client.exchange(call).await?;
            found.add(path, &answer)?;
        }
        Ok(found)
    }

    /// What there is, in the server's order.
    #[must_use]
    pub fn all(&self) -> &[ServedResource] {
        &self.resources
    }

    /// The kind of a resource by its name in paths.
    #[must_use]
    pub fn kind_of(&self, group: &str, version: &str, resource: &str) -> Option<&str> {
        let found = self
            .resources
            .iter()
            .find(|one| one.resource == resource && one.group == group && one.version == version);
        found.map(|one| one.kind.as_str())
    }

    fn add(&mut self, path: &str, answer: &Value) -> Result<(), ClusterError> {
        let groups = answer
            .get("items")
            .and_then(Value::as_array)
            .filter(|_| answer.get("kind").and_then(Value::as_str) == Some("APIGroupDiscoveryList"));
        let groups = groups.ok_or_else(|| {
            ClusterError::malformed(
                path,
                "no aggregated discovery: Kubernetes 1.30 or later is needed",
            )
        })?;
        let versions = groups.iter().flat_map(|group| {
            let name = text(group, "/metadata/name");
            let versions = list(group, "versions").iter().enumerate();
            versions.map(move |(at, version)| (name, at == 0, version))
        });
        for (count, (group, is_preferred, version)) in versions.enumerate() {
            if count >= MOST_GROUP_VERSIONS {
                let fault = format!("more than {MOST_GROUP_VERSIONS} groups and versions");
                return Err(ClusterError::malformed(path, fault));
            }
            for resource in list(version, "resources") {
                let whole = ServedResource {
                    group: group.to_owned(),
                    version: text(version, "/version").to_owned(),
                    resource: text(resource, "/resource").to_owned(),
                    subresource: String::new(),
                    kind: text(resource, "/responseKind/kind").to_owned(),
                    is_namespaced: text(resource, "/scope") == "Namespaced",
                    is_preferred,
                };
                let parts = list(resource, "subresources").iter().map(|part| ServedResource {
                    subresource: text(part, "/subresource").to_owned(),
                    ..whole.clone()
                });
                self.resources.extend(parts);
                self.resources.push(whole);
            }
        }
        Ok(())
    }
}

impl FromIterator<ServedResource> for ServedResources {
    fn from_iter<I: IntoIterator<Item = ServedResource>>(resources: I) -> Self {
        Self {
            resources: resources.into_iter().collect(),
        }
    }
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn list<'v>(value: &'v Value, field: &str) -> &'v [Value] {
    value
        .get(field)
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn subresources_carry_the_kind_of_their_resource() {
        let answer = json!({"kind": "APIGroupDiscoveryList", "items": [{"metadata": {}, "versions": [{
            "version": "v1", "resources": [{"resource": "pods", "scope": "Namespaced",
                "responseKind": {"group": "", "version": "v1", "kind": "Pod"},
                "subresources": [{"subresource": "exec", "responseKind": {"kind": "PodExecOptions"}}]}]}]}]});
        let mut found = ServedResources::default();
        found.add("/api", &answer).unwrap();
        let shown: Vec<_> = found
            .all()
            .iter()
            .map(|one| (one.resource.as_str(), one.subresource.as_str(), one.kind.as_str()))
            .collect();
        assert_eq!(shown, [("pods", "exec", "Pod"), ("pods", "", "Pod")]);
        assert_eq!(found.kind_of("", "v1", "pods"), Some("Pod"));
        assert_eq!(found.kind_of("apps", "v1", "pods"), None);
    }

    #[test]
    fn a_server_without_aggregated_discovery_is_an_error_and_not_an_empty_server() {
        let mut found = ServedResources::default();
        assert!(
            found
                .add("/apis", &json!({"kind": "APIGroupList", "groups": []}))
                .is_err()
        );
    }
}
