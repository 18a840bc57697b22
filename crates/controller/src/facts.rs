//! The cluster as policies may ask it: labels of namespaces from the copy that is followed, everything else on demand.
//!
//! Secrets and ConfigMaps are never listed or watched: what a policy names is got by name, and remembered for moments.

use std::collections::BTreeMap;
use std::sync::Arc;

use cluster::{LiveCluster, ObjectName, ServedKind, Store, Subject};
use fact_loading::{Cluster, ClusterFuture};
use serde_json::{Map, Value};

/// Labels of a namespace, as a JSON object.
pub(crate) type NamespaceLabels = Value;

/// Which objects tell the labels of namespaces: `metadata` is enough.
pub(crate) fn namespaces() -> Subject {
    Subject {
        metadata_only: true,
        ..Subject::all(ServedKind::known("", "v1", "Namespace", "namespaces", false))
    }
}

/// What is kept of a namespace.
pub(crate) fn labels_of(mut namespace: Value) -> Option<NamespaceLabels> {
    let labels = namespace.pointer_mut("/metadata/labels").map(Value::take);
    Some(
        labels
            .filter(Value::is_object)
            .unwrap_or_else(|| Value::Object(Map::new())),
    )
}

/// The cluster.
#[derive(Debug)]
pub(crate) struct ClusterFacts {
    pub(crate) live: Arc<LiveCluster>,
    pub(crate) namespaces: Store<NamespaceLabels>,
}

impl Cluster for ClusterFacts {
    fn namespace_labels<'a>(&'a self, name: &'a str) -> ClusterFuture<'a, Value> {
        let known = self.namespaces.get(&ObjectName {
            namespace: String::new(),
            name: name.to_owned(),
        });
        match known {
            Some(labels) => Box::pin(std::future::ready(Ok((*labels).clone()))),
            // A namespace so new that its event has not arrived.
            None => self.live.namespace_labels(name),
        }
    }

    fn config_map<'a>(&'a self, namespace: &'a str, name: &'a str) -> ClusterFuture<'a, Value> {
        self.live.config_map(namespace, name)
    }

    fn call<'a>(
        &'a self,
        method: &'a str,
        url_path: &'a str,
        body: Option<&'a str>,
    ) -> ClusterFuture<'a, Value> {
        self.live.call(method, url_path, body)
    }

    fn secret<'a>(
        &'a self,
        namespace: &'a str,
        name: &'a str,
    ) -> ClusterFuture<'a, BTreeMap<String, Vec<u8>>> {
        self.live.secret(namespace, name)
    }

    fn global_context<'a>(&'a self, name: &'a str) -> ClusterFuture<'a, Value> {
        self.live.global_context(name)
    }

    fn service_call<'a>(&'a self, _: &'a str, _: &'a str) -> Option<ClusterFuture<'a, Value>> {
        None
    }
}
