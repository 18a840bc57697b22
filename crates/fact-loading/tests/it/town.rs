//! A cluster made of maps that remembers what it was asked, or that never answers.

use std::collections::BTreeMap;
use std::sync::Mutex;

use policy_engine::FactError;
use serde_json::{Value, json};
use vouchsafe_fact_loading::{Cluster, ClusterFuture};

/// The cluster.
#[derive(Debug, Default)]
pub(crate) struct Town {
    /// By `namespace/name`: one field and its bytes.
    secrets: BTreeMap<String, (String, Vec<u8>)>,
    /// Paths of service accounts, each with its one pull secret.
    accounts: BTreeMap<String, String>,
    is_silent: bool,
    asked: Mutex<Vec<String>>,
}

impl Town {
    /// With one secret.
    pub(crate) fn with_secret(name: &str, field: &str, bytes: impl Into<Vec<u8>>) -> Self {
        let secrets = BTreeMap::from([(name.to_owned(), (field.to_owned(), bytes.into()))]);
        Self {
            secrets,
            ..Self::default()
        }
    }

    /// And with a ServiceAccount that has one pull secret.
    pub(crate) fn and_account(mut self, namespace: &str, name: &str, secret: &str) -> Self {
        let path = format!("/api/v1/namespaces/{namespace}/serviceaccounts/{name}");
        self.accounts.insert(path, secret.to_owned());
        self
    }

    /// That never answers.
    pub(crate) fn silent() -> Self {
        Self {
            is_silent: true,
            ..Self::default()
        }
    }

    /// Everything that was asked so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    fn answer<'a, T: Send + 'a>(
        &self,
        question: String,
        answer: Result<T, FactError>,
    ) -> ClusterFuture<'a, T> {
        self.asked.lock().unwrap().push(question);
        if self.is_silent {
            return Box::pin(std::future::pending());
        }
        Box::pin(std::future::ready(answer))
    }
}

impl Cluster for Town {
    fn namespace_labels<'a>(&'a self, name: &'a str) -> ClusterFuture<'a, Value> {
        self.answer(format!("labels {name}"), Ok(json!({ "team": name })))
    }

    fn config_map<'a>(&'a self, namespace: &'a str, name: &'a str) -> ClusterFuture<'a, Value> {
        let found = json!({ "data": { "refuse": "no" }, "metadata": { "name": name } });
        self.answer(format!("configmap {namespace}/{name}"), Ok(found))
    }

    fn call<'a>(
        &'a self,
        method: &'a str,
        url_path: &'a str,
        _: Option<&'a str>,
    ) -> ClusterFuture<'a, Value> {
        let found = match self.accounts.get(url_path) {
            Some(secret) => json!({ "imagePullSecrets": [{ "name": secret }] }),
            None => json!({ "data": { "refuse": "no" } }),
        };
        self.answer(format!("{method} {url_path}"), Ok(found))
    }

    fn secret<'a>(
        &'a self,
        namespace: &'a str,
        name: &'a str,
    ) -> ClusterFuture<'a, BTreeMap<String, Vec<u8>>> {
        let place = format!("{namespace}/{name}");
        let missing = || FactError::Failed(format!("secrets \"{name}\" not found"));
        let found = self.secrets.get(&place).cloned().ok_or_else(missing);
        self.answer(
            format!("secret {place}"),
            found.map(|field| BTreeMap::from([field])),
        )
    }

    fn global_context<'a>(&'a self, name: &'a str) -> ClusterFuture<'a, Value> {
        self.answer(
            format!("global {name}"),
            Ok(json!({ "data": { "refuse": "no" } })),
        )
    }

    fn service_call<'a>(&'a self, _: &'a str, _: &'a str) -> Option<ClusterFuture<'a, Value>> {
        None
    }
}
