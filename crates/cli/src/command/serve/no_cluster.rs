//! The cluster of a server that is connected to none: Secrets from files, and a failure for everything else.
//!
//! On the command line a context entry that needs a cluster is absent; where admission is decided that would be an answer
//! nobody gave, so here it is an error, and `failurePolicy` decides.

use std::collections::BTreeMap;

use fact_loading::{Cluster, ClusterFuture};
use policy_engine::FactError;
use serde_json::Value;

use crate::input::FileCluster;

/// Answers from files, or fails.
#[derive(Debug)]
pub(super) struct Unconnected {
    pub(super) files: FileCluster,
}

fn failed<'a, T: Send + 'a>(what: &str) -> ClusterFuture<'a, T> {
    let cause = format!("this server is not connected to a cluster: it cannot read {what}");
    Box::pin(std::future::ready(Err(FactError::Failed(cause))))
}

impl Cluster for Unconnected {
    fn namespace_labels<'a>(&'a self, name: &'a str) -> ClusterFuture<'a, Value> {
        failed(&format!("the labels of namespace `{name}`"))
    }

    fn config_map<'a>(&'a self, namespace: &'a str, name: &'a str) -> ClusterFuture<'a, Value> {
        failed(&format!("ConfigMap `{namespace}/{name}`"))
    }

    fn call<'a>(&'a self, _: &'a str, url_path: &'a str, _: Option<&'a str>) -> ClusterFuture<'a, Value> {
        failed(&format!("`{url_path}`"))
    }

    fn secret<'a>(
        &'a self,
        namespace: &'a str,
        name: &'a str,
    ) -> ClusterFuture<'a, BTreeMap<String, Vec<u8>>> {
        self.files.secret(namespace, name)
    }

    fn global_context<'a>(&'a self, name: &'a str) -> ClusterFuture<'a, Value> {
        failed(&format!("global context entry `{name}`"))
    }

    fn service_call<'a>(&'a self, _: &'a str, _: &'a str) -> Option<ClusterFuture<'a, Value>> {
        None
    }
}
