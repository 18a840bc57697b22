//! The cluster that files make: labels of namespaces, Secrets, recorded answers.

use std::collections::BTreeMap;
use std::sync::Arc;

use fact_loading::{Cluster, ClusterFuture, NoCluster};
use policy_engine::FactError;
use serde_json::{Value, json};

use super::object_store::ObjectStore;
use super::resources::StoredResource;

/// Answers from files; what they don't hold has no loader.
#[derive(Debug, Default)]
pub(crate) struct FileCluster {
    /// Namespaces, by name.
    pub(crate) namespaces: BTreeMap<String, Value>,
    /// Secrets by `(namespace, name)`, data decoded.
    pub(crate) secrets: BTreeMap<(String, String), BTreeMap<String, Vec<u8>>>,
    /// Contents of the global context, by entry and `entry.projection`.
    pub(crate) global_context: BTreeMap<String, Value>,
    /// Objects that stand in for those of a cluster; none: the API has no loader.
    pub(crate) objects: Option<ObjectStore>,
    /// Answers of services and of the API server, by URL or path, with the method if one was recorded.
    pub(crate) answers: Vec<RecordedAnswer>,
}

/// A recorded answer.
#[derive(Debug, Clone)]
pub(crate) struct RecordedAnswer {
    /// `GET` or `POST`; empty: any.
    pub(crate) method: String,
    /// URL of a service, or path at the API server.
    pub(crate) address: String,
    /// HTTP status.
    pub(crate) status: u16,
    /// JSON body.
    pub(crate) body: Value,
}

impl FileCluster {
    /// Takes the Secrets among `resources`.
    pub(crate) fn add_secrets(&mut self, resources: &[Arc<StoredResource>]) {
        for secret in resources.iter().filter(|resource| &*resource.kind == "Secret") {
            let object = secret.object();
            let field = |field: &str| object.get(field).and_then(Value::as_object);
            let encoded = field("data")
                .into_iter()
                .flatten()
                .filter_map(|(key, value)| Some((key.clone(), decode_base64(value.as_str()?)?)));
            let plain = field("stringData")
                .into_iter()
                .flatten()
                .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.as_bytes().to_vec())));
            let name = (secret.namespace.to_string(), secret.name.to_string());
            self.secrets.insert(name, encoded.chain(plain).collect());
        }
    }

    fn recorded(&self, method: &str, address: &str) -> Option<&RecordedAnswer> {
        let fits = |answer: &&RecordedAnswer| {
            answer.address == address
                && (answer.method.is_empty() || answer.method.eq_ignore_ascii_case(method))
        };
        self.answers.iter().find(fits)
    }

    fn answer(&self, method: &str, address: &str) -> Option<Result<Value, FactError>> {
        let answer = self.recorded(method, address)?;
        Some(if (200..300).contains(&answer.status) {
            Ok(answer.body.clone())
        } else {
            Err(FactError::Failed(format!(
                "HTTP {}: {}",
                answer.status, answer.body
            )))
        })
    }
}

fn decode_base64(text: &str) -> Option<Vec<u8>> {
    use base64::Engine as _;
    let compact: String = text.split_whitespace().collect();
    base64::engine::general_purpose::STANDARD.decode(compact).ok()
}

fn ready<'a, T: Send + 'a>(answer: Result<T, FactError>) -> ClusterFuture<'a, T> {
    Box::pin(std::future::ready(answer))
}

impl Cluster for FileCluster {
    fn namespace<'a>(&'a self, name: &'a str) -> ClusterFuture<'a, Value> {
        match self.namespaces.get(name) {
            Some(namespace) => ready(Ok(namespace.clone())),
            None => NoCluster.namespace(name),
        }
    }

    fn namespace_labels<'a>(&'a self, name: &'a str) -> ClusterFuture<'a, Value> {
        let Some(namespace) = self.namespaces.get(name) else {
            return NoCluster.namespace_labels(name);
        };
        let labels = namespace.pointer("/metadata/labels").cloned();
        ready(Ok(labels.unwrap_or_else(|| json!({}))))
    }

    fn config_map<'a>(&'a self, namespace: &'a str, name: &'a str) -> ClusterFuture<'a, Value> {
        let objects = self.objects.as_ref();
        let path = format!("/api/v1/namespaces/{namespace}/configmaps/{name}");
        match objects.and_then(|objects| objects.get(&path).ok()) {
            Some(found) => ready(Ok(
                json!({ "data": found.get("data"), "metadata": found.get("metadata") }),
            )),
            None => NoCluster.config_map(namespace, name),
        }
    }

    fn call<'a>(
        &'a self,
        method: &'a str,
        url_path: &'a str,
        body: Option<&'a str>,
    ) -> ClusterFuture<'a, Value> {
        match (self.answer(method, url_path), &self.objects) {
            (Some(answer), _) => ready(answer),
            (None, Some(objects)) if method == "GET" => ready(objects.get(url_path)),
            (None, _) => NoCluster.call(method, url_path, body),
        }
    }

    fn secret<'a>(
        &'a self,
        namespace: &'a str,
        name: &'a str,
    ) -> ClusterFuture<'a, BTreeMap<String, Vec<u8>>> {
        match self.secrets.get(&(namespace.to_owned(), name.to_owned())) {
            Some(data) => ready(Ok(data.clone())),
            None => {
                let cause = format!("Secret `{namespace}/{name}` is in no file given (`--secrets FILE`)");
                ready(Err(FactError::Failed(cause)))
            }
        }
    }

    fn global_context<'a>(&'a self, name: &'a str) -> ClusterFuture<'a, Value> {
        match self.global_context.get(name) {
            Some(value) => ready(Ok(value.clone())),
            None => NoCluster.global_context(name),
        }
    }

    fn recorded_exchange(&self, method: &str, url: &str) -> Option<(u16, Value)> {
        let answer = self.recorded(method, url)?;
        Some((answer.status, answer.body.clone()))
    }

    fn service_call<'a>(&'a self, method: &'a str, url: &'a str) -> Option<ClusterFuture<'a, Value>> {
        self.answer(method, url).map(ready)
    }
}
