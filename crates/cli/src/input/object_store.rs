//! Objects of files, served under the paths that an API server has for them (`apiCall.urlPath`).

use std::collections::BTreeMap;
use std::sync::Arc;

use policy_engine::FactError;
use policy_engine::request::plural_of;
use serde_json::{Value, json};

use super::resources::StoredResource;

/// Objects, in the order they were given.
#[derive(Debug, Default)]
pub(crate) struct ObjectStore(Vec<Arc<StoredResource>>);

/// A path of the API, read.
#[derive(Debug, Default, PartialEq, Eq)]
struct ApiPath<'p> {
    api_version: String,
    namespace: Option<&'p str>,
    plural: &'p str,
    name: Option<&'p str>,
    labels: Vec<(&'p str, &'p str)>,
}

impl ObjectStore {
    /// The objects of `resources`.
    pub(crate) fn of(resources: Vec<Arc<StoredResource>>) -> Self {
        Self(resources)
    }

    /// What the API would answer to a `GET`.
    pub(crate) fn get(&self, url_path: &str) -> Result<Value, FactError> {
        if let Some(api_version) = version_of(url_path) {
            return Ok(self.resources_of(&api_version));
        }
        let path = ApiPath::read(url_path)
            .ok_or_else(|| FactError::Failed(format!("`{url_path}` is no path of the Kubernetes API")))?;
        let mut found = self.0.iter().filter(|resource| path.may_mean(resource));
        match path.name {
            Some(name) => found
                .map(|resource| resource.object())
                .find(|object| path.has_labels(object))
                .ok_or_else(|| FactError::Absent(format!("{} \"{name}\" not found", path.plural))),
            None => {
                let kind = found.clone().next().map_or("", |first| &*first.kind);
                let list = format!("{kind}List");
                let items: Vec<Value> = found
                    .by_ref()
                    .map(|resource| resource.object())
                    .filter(|object| path.has_labels(object))
                    .collect();
                Ok(json!({"apiVersion": path.api_version, "kind": list, "metadata": {}, "items": items}))
            }
        }
    }
}

/// The version that a path lists the resources of.
fn version_of(url_path: &str) -> Option<String> {
    let parts: Vec<&str> = url_path.split('/').filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        ["api", version] => Some((*version).to_owned()),
        ["apis", group, version] => Some(format!("{group}/{version}")),
        _ => None,
    }
}

impl ObjectStore {
    /// What a version of the API has: the kinds of all objects that are there.
    fn resources_of(&self, api_version: &str) -> Value {
        let mut kinds: BTreeMap<&str, bool> = BTreeMap::new();
        let own = self
            .0
            .iter()
            .filter(|resource| *resource.api_version == *api_version);
        for resource in own {
            *kinds.entry(&resource.kind).or_default() |= !resource.namespace.is_empty();
        }
        let resources = kinds.into_iter().map(
            |(kind, namespaced)| json!({"name": plural_of(kind), "kind": kind, "namespaced": namespaced}),
        );
        let resources: Vec<Value> = resources.collect();
        json!({"kind": "APIResourceList", "groupVersion": api_version, "resources": resources})
    }
}

impl<'p> ApiPath<'p> {
    fn read(url_path: &'p str) -> Option<Self> {
        let (path, query) = url_path.split_once('?').unwrap_or((url_path, ""));
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let (api_version, rest) = match parts.as_slice() {
            ["api", version, rest @ ..] => ((*version).to_owned(), rest),
            ["apis", group, version, rest @ ..] => (format!("{group}/{version}"), rest),
            _ => return None,
        };
        let selectors = query
            .split('&')
            .filter_map(|pair| pair.strip_prefix("labelSelector="));
        let labels = selectors
            .flat_map(|selector| selector.split(','))
            .filter_map(|pair| pair.split_once('='));
        let labels = labels
            .map(|(key, value)| (key, value.trim_start_matches('=')))
            .collect();
        let (namespace, plural, name) = match rest {
            [plural] => (None, *plural, None),
            ["namespaces", name] => (None, "namespaces", Some(*name)),
            [plural, name] => (None, *plural, Some(*name)),
            ["namespaces", namespace, plural] => (Some(*namespace), *plural, None),
            ["namespaces", namespace, plural, name] => (Some(*namespace), *plural, Some(*name)),
            _ => return None,
        };
        Some(Self {
            api_version,
            namespace,
            plural,
            name,
            labels,
        })
    }

    /// Whether the path means the object, its labels apart.
    fn may_mean(&self, resource: &StoredResource) -> bool {
        *resource.api_version == *self.api_version
            && plural_of(&resource.kind) == self.plural
            && self
                .namespace
                .is_none_or(|namespace| &*resource.namespace == namespace)
            && self.name.is_none_or(|name| &*resource.name == name)
    }

    fn has_labels(&self, object: &Value) -> bool {
        let labels = object.pointer("/metadata/labels");
        let has_label = |(key, value): &(&str, &str)| {
            let label = labels.and_then(|labels| labels.get(*key));
            label.and_then(Value::as_str) == Some(*value)
        };
        self.labels.iter().all(has_label)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> ObjectStore {
        let pod = |namespace: &str, name: &str| {
            let metadata = json!({"namespace": namespace, "name": name, "labels": {"app": name}});
            let object = json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata});
            Arc::new(StoredResource::of(&object, "".into(), 1))
        };
        ObjectStore(vec![pod("a", "x"), pod("a", "y"), pod("b", "x")])
    }

    #[test]
    fn a_list_holds_what_the_path_means() {
        let count = |path: &str| store().get(path).unwrap()["items"].as_array().unwrap().len();
        assert_eq!(count("/api/v1/pods"), 3);
        assert_eq!(count("/api/v1/namespaces/a/pods"), 2);
        assert_eq!(count("/api/v1/pods?labelSelector=app=x"), 2);
        assert_eq!(count("/apis/apps/v1/deployments"), 0);
    }

    #[test]
    fn an_object_that_is_not_there_is_an_error_and_not_an_empty_answer() {
        assert!(store().get("/api/v1/namespaces/b/pods/y").is_err());
        assert!(store().get("/healthz").is_err());
        assert_eq!(
            store().get("/api/v1/namespaces/b/pods/x").unwrap()["metadata"]["namespace"],
            "b"
        );
    }
}
