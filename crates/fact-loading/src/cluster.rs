//! The cluster as policies may ask it: a real one, one made of files, or none.

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;
use policy_engine::FactError;
use serde_json::Value;

/// An answer of the cluster.
pub type ClusterFuture<'a, T> = BoxFuture<'a, Result<T, FactError>>;

/// Answers what policies ask of a cluster. Every method may fail; none waits longer than its caller does.
pub trait Cluster: Send + Sync + std::fmt::Debug {
    /// A namespace, whole.
    fn namespace<'a>(&'a self, name: &'a str) -> ClusterFuture<'a, Value> {
        if !is_object_name(name) {
            let cause = format!("`{name}` is no name of a namespace");
            return Box::pin(std::future::ready(Err(FactError::Failed(cause))));
        }
        let path = format!("/api/v1/namespaces/{name}");
        Box::pin(async move { self.call("GET", &path, None).await })
    }

    /// Names of the pull secrets of a ServiceAccount, in order.
    fn pull_secrets_of<'a>(&'a self, namespace: &'a str, account: &'a str) -> ClusterFuture<'a, Vec<String>> {
        if let Some(odd) = [namespace, account]
            .into_iter()
            .find(|name| !is_object_name(name))
        {
            let cause = format!("`{odd}` is no name of an object");
            return Box::pin(std::future::ready(Err(FactError::Failed(cause))));
        }
        let path = format!("/api/v1/namespaces/{namespace}/serviceaccounts/{account}");
        Box::pin(async move {
            let account = self.call("GET", &path, None).await?;
            let secrets = account.get("imagePullSecrets").and_then(Value::as_array);
            let names = secrets.into_iter().flatten();
            Ok(names
                .filter_map(|secret| secret.get("name").and_then(Value::as_str))
                .map(str::to_owned)
                .collect())
        })
    }

    /// Labels of a namespace, a JSON object of strings.
    fn namespace_labels<'a>(&'a self, name: &'a str) -> ClusterFuture<'a, Value>;

    /// A ConfigMap as `{data, metadata}`.
    fn config_map<'a>(&'a self, namespace: &'a str, name: &'a str) -> ClusterFuture<'a, Value>;

    /// A call to the API: `method`, path with query, JSON body.
    fn call<'a>(
        &'a self,
        method: &'a str,
        url_path: &'a str,
        body: Option<&'a str>,
    ) -> ClusterFuture<'a, Value>;

    /// The `data` of a Secret, decoded.
    fn secret<'a>(
        &'a self,
        namespace: &'a str,
        name: &'a str,
    ) -> ClusterFuture<'a, BTreeMap<String, Vec<u8>>>;

    /// An entry of the global context, with its projection.
    fn global_context<'a>(&'a self, name: &'a str) -> ClusterFuture<'a, Value>;

    /// A call to a service that answers in the cluster's stead (recorded answers); `None`: the network is asked.
    fn service_call<'a>(&'a self, method: &'a str, url: &'a str) -> Option<ClusterFuture<'a, Value>>;

    /// Status and body that a service was recorded to answer; `None`: the network is asked.
    fn recorded_exchange(&self, _method: &str, _url: &str) -> Option<(u16, Value)> {
        None
    }
}

/// Whether a name can stand in a path as it is: a DNS subdomain (RFC 1123).
fn is_object_name(name: &str) -> bool {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '.';
    name.starts_with(|first: char| first.is_ascii_alphanumeric()) && name.chars().all(is_plain)
}

/// No cluster: what needs one has no loader.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoCluster;

fn absent<'a, T: Send + 'a>(what: String) -> ClusterFuture<'a, T> {
    Box::pin(std::future::ready(Err(FactError::NoLoader(what))))
}

impl Cluster for NoCluster {
    fn namespace_labels<'a>(&'a self, name: &'a str) -> ClusterFuture<'a, Value> {
        absent(format!("no cluster to ask for namespace `{name}`"))
    }

    fn config_map<'a>(&'a self, namespace: &'a str, name: &'a str) -> ClusterFuture<'a, Value> {
        absent(format!("no cluster to ask for ConfigMap `{namespace}/{name}`"))
    }

    fn call<'a>(&'a self, _: &'a str, url_path: &'a str, _: Option<&'a str>) -> ClusterFuture<'a, Value> {
        absent(format!("no cluster to call `{url_path}`"))
    }

    fn secret<'a>(
        &'a self,
        namespace: &'a str,
        name: &'a str,
    ) -> ClusterFuture<'a, BTreeMap<String, Vec<u8>>> {
        absent(format!("no cluster to ask for Secret `{namespace}/{name}`"))
    }

    fn global_context<'a>(&'a self, name: &'a str) -> ClusterFuture<'a, Value> {
        absent(format!("no cluster to ask for global context entry `{name}`"))
    }

    fn service_call<'a>(&'a self, _: &'a str, _: &'a str) -> Option<ClusterFuture<'a, Value>> {
        None
    }
}
