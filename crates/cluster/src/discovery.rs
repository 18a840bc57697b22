//! Which kinds an API server has, and under which of their versions each is asked for.
//!
//!     /api, /apis ─▶ groups, versions (preferred first) ─▶ their kinds that can be listed
//!
//! Behaviour: client-go `ServerPreferredResources`: a kind is taken in its group's preferred version if it stands there.

use futures_util::StreamExt;
use futures_util::stream;
use serde_json::Value;

use crate::client::Client;
use crate::error::ClusterError;
use crate::limits::{MOST_DISCOVERING, MOST_GROUP_VERSIONS};

/// A kind in one version, which can be listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServedKind {
    /// API group; empty for the core.
    pub group: String,
    /// Version.
    pub version: String,
    /// Kind, such as `Pod`.
    pub kind: String,
    /// Name in paths, such as `pods`.
    pub plural: String,
    /// Whether its objects stand in namespaces.
    pub is_namespaced: bool,
}

/// A group and version that the server names but can't tell the kinds of: an aggregated API that is down.
#[derive(Debug, Clone)]
pub struct UnavailableGroup {
    /// API group.
    pub group: String,
    /// Version.
    pub version: String,
    /// Why.
    pub cause: ClusterError,
}

/// What an API server has.
#[derive(Debug, Clone, Default)]
pub struct Discovery {
    kinds: Vec<ServedKind>,
    unavailable: Vec<UnavailableGroup>,
}

#[derive(Debug, Clone)]
struct GroupVersion {
    group: String,
    version: String,
}

impl GroupVersion {
    fn path(&self) -> String {
        if self.group.is_empty() {
            format!("/api/{}", self.version)
        } else {
            format!("/apis/{}/{}", self.group, self.version)
        }
    }
}

impl ServedKind {
    /// `apiVersion` of its objects.
    #[must_use]
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.clone()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// A kind as the program knows it, without asking a server.
    #[must_use]
    pub fn known(group: &str, version: &str, kind: &str, plural: &str, is_namespaced: bool) -> Self {
        Self {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: kind.to_owned(),
            plural: plural.to_owned(),
            is_namespaced,
        }
    }

    /// Path of one object; `namespace` is empty for kinds that stand in none.
    #[must_use]
    pub fn object_path(&self, namespace: &str, name: &str) -> String {
        let namespace = Some(namespace).filter(|namespace| !namespace.is_empty());
        format!("{}/{name}", self.list_path(namespace))
    }

    /// Path of the list, in one namespace or all.
    #[must_use]
    pub fn list_path(&self, namespace: Option<&str>) -> String {
        let own = GroupVersion {
            group: self.group.clone(),
            version: self.version.clone(),
        };
        match namespace {
            Some(namespace) => format!("{}/namespaces/{namespace}/{}", own.path(), self.plural),
            None => format!("{}/{}", own.path(), self.plural),
        }
    }
}

impl Discovery {
    /// Asks the server of `client` for all it has.
    ///
    /// # Errors
    /// [`ClusterError`] where its groups can't be read. A group that the server itself can't reach is no error here; it
    /// stands in [`Discovery::unavailable`].
    pub async fn of(client: &Client) -> Result<Self, ClusterError> {
        let core = client.get("/api").await?;
        let groups = client.get("/apis").await?;
        let wanted = group_versions(&core, &groups)?;
        let asking = wanted.into_iter().map(|wanted| async move {
            let found = match client.get(&wanted.path()).await {
                Ok(list) => listable(&wanted, &list),
                Err(cause) => Err(cause),
            };
            (wanted, found)
        });
        let answers: Vec<_> = stream::iter(asking).buffered(MOST_DISCOVERING).collect().await;
        let mut discovery = Self::default();
        for (GroupVersion { group, version }, found) in answers {
            match found {
                Ok(kinds) => discovery.kinds.extend(kinds),
                // Without leave to look, what is there is not known: nothing may be judged as if it were not.
                Err(ClusterError::Denied { message }) => return Err(ClusterError::Denied { message }),
                Err(cause) => discovery.unavailable.push(UnavailableGroup {
                    group,
                    version,
                    cause,
                }),
            }
        }
        Ok(discovery)
    }

    /// The kinds for which `is_wanted` holds, each once: in the first of its versions that is wanted, preferred ones first.
    pub fn preferred(&self, is_wanted: impl Fn(&ServedKind) -> bool) -> Vec<&ServedKind> {
        let mut chosen: Vec<&ServedKind> = Vec::new();
        for kind in self.kinds.iter().filter(|kind| is_wanted(kind)) {
            let is_there = |other: &&ServedKind| other.group == kind.group && other.kind == kind.kind;
            if !chosen.iter().any(is_there) {
                chosen.push(kind);
            }
        }
        chosen
    }

    /// Groups that the server can't tell the kinds of.
    #[must_use]
    pub fn unavailable(&self) -> &[UnavailableGroup] {
        &self.unavailable
    }
}

/// The core's versions, then those of each group, the preferred one first.
fn group_versions(core: &Value, groups: &Value) -> Result<Vec<GroupVersion>, ClusterError> {
    let mut found = Vec::new();
    let versions = core.get("versions").and_then(Value::as_array);
    let versions = versions.ok_or_else(|| ClusterError::malformed("/api", "no list of versions"))?;
    for version in versions.iter().filter_map(Value::as_str) {
        found.push(GroupVersion {
            group: String::new(),
            version: version.to_owned(),
        });
    }
    let listed = groups.get("groups").and_then(Value::as_array);
    let listed = listed.ok_or_else(|| ClusterError::malformed("/apis", "no list of groups"))?;
    for group in listed {
        let text = |pointer: &str| group.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let name = text("/name");
        let preferred = text("/preferredVersion/version");
        let others = group
            .get("versions")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        let others = others
            .filter_map(|version| version.get("version")?.as_str())
            .filter(|version| *version != preferred);
        let all = std::iter::once(preferred)
            .filter(|version| !version.is_empty())
            .chain(others);
        found.extend(all.map(|version| GroupVersion {
            group: name.to_owned(),
            version: version.to_owned(),
        }));
    }
    if found.len() > MOST_GROUP_VERSIONS {
        let fault = format!("more than {MOST_GROUP_VERSIONS} groups and versions");
        return Err(ClusterError::malformed("/apis", fault));
    }
    Ok(found)
}

fn listable(own: &GroupVersion, list: &Value) -> Result<Vec<ServedKind>, ClusterError> {
    let resources = list.get("resources").and_then(Value::as_array);
    let resources = resources.ok_or_else(|| ClusterError::malformed(&own.path(), "no list of resources"))?;
    let text = |resource: &Value, field: &str| {
        let text = resource.get(field).and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    };
    let can_be_listed = |resource: &Value| {
        let verbs = resource
            .get("verbs")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        verbs.filter_map(Value::as_str).any(|verb| verb == "list")
    };
    let kinds = resources
        .iter()
        .filter(|resource| can_be_listed(resource) && !text(resource, "name").contains('/'))
        .map(|resource| ServedKind {
            group: own.group.clone(),
            version: own.version.clone(),
            kind: text(resource, "kind"),
            plural: text(resource, "name"),
            is_namespaced: resource
                .get("namespaced")
                .and_then(Value::as_bool)
                .unwrap_or_default(),
        });
    Ok(kinds.collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_kind_is_taken_once_in_its_preferred_version_unless_another_is_asked_for() {
        let groups = json!({"groups": [{"name": "apps", "preferredVersion": {"version": "v1"},
            "versions": [{"version": "v1beta1"}, {"version": "v1"}]}]});
        let found = group_versions(&json!({"versions": ["v1"]}), &groups).unwrap();
        let list = json!({"resources": [
            {"name": "deployments", "kind": "Deployment", "namespaced": true, "verbs": ["list", "get"]},
            {"name": "deployments/scale", "kind": "Scale", "namespaced": true, "verbs": ["list"]},
            {"name": "reviews", "kind": "Review", "verbs": ["create"]}]});
        let kinds = found.iter().skip(1).flat_map(|own| listable(own, &list).unwrap());
        let discovery = Discovery {
            kinds: kinds.collect(),
            unavailable: Vec::new(),
        };
        let versions = |version: Option<&str>| -> Vec<String> {
            let wanted = |kind: &ServedKind| version.is_none_or(|version| kind.version == version);
            let chosen = discovery.preferred(wanted);
            chosen.into_iter().map(|kind| kind.list_path(Some("a"))).collect()
        };
        assert_eq!(versions(None), ["/apis/apps/v1/namespaces/a/deployments"]);
        assert_eq!(
            versions(Some("v1beta1")),
            ["/apis/apps/v1beta1/namespaces/a/deployments"]
        );
    }

    #[test]
    fn an_answer_without_its_lists_is_an_error_and_not_an_empty_server() {
        assert!(group_versions(&json!({}), &json!({"groups": []})).is_err());
        assert!(group_versions(&json!({"versions": []}), &json!({})).is_err());
        let core = GroupVersion {
            group: String::new(),
            version: "v1".to_owned(),
        };
        assert!(listable(&core, &json!({"kind": "Status"})).is_err());
    }
}
