//! The cluster as policies may ask it, from a running API server.
//!
//! Successful `GET`s are remembered for a time the caller chooses; failures and `POST`s never.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fact_loading::{Cluster, ClusterFuture};
use jiff::Timestamp;
use jmespath::{Environment, Expression, Limits};
use moka::future::Cache;
use policy_engine::FactError;
use policy_types::kyverno_io::global_context_entry::GlobalContextEntry;
use serde_json::{Map, Value, json};

use crate::client::{Client, WithSize};
use crate::error::{ClusterError, quoted};
use crate::global_context::{self, Source};
use crate::limits::{MOST_ANSWER_BYTES, MOST_REMEMBERED_BYTES};
use crate::list::{ListOptions, list};

/// Answers policies from an API server.
#[derive(Debug)]
pub struct LiveCluster {
    client: Client,
    entries: RwLock<Arc<[GlobalContextEntry]>>,
    remembered: Cache<String, Arc<WithSize<Value>>>,
    clock: Clock,
}

/// When expressions of projections are evaluated.
#[derive(Debug, Clone, Copy)]
enum Clock {
    /// Always at this time: commands judge as of their start.
    Stopped(Timestamp),
    /// At the time of the call: servers live long.
    Running,
}

impl Clock {
    fn now(self) -> Timestamp {
        match self {
            Self::Stopped(at) => at,
            Self::Running => {
                #[expect(
                    clippy::disallowed_methods,
                    reason = "this crate is an edge; what it fetches is of now"
                )]
                let now = Timestamp::now();
                now
            }
        }
    }
}

impl LiveCluster {
    /// Facts from the server of `client`. `entries` are the global context; answers are remembered for `fresh_for`.
    /// Expressions of projections are evaluated as of `at_ns`, nanoseconds since the Unix epoch.
    #[must_use]
    pub fn new(client: Client, entries: Vec<GlobalContextEntry>, fresh_for: Duration, at_ns: i128) -> Self {
        let at = Timestamp::from_nanosecond(at_ns).unwrap_or(Timestamp::UNIX_EPOCH);
        Self::with_clock(client, entries, fresh_for, Clock::Stopped(at))
    }

    /// The same for a process that lives long: projections are evaluated at the time of the call.
    #[must_use]
    pub fn for_server(client: Client, fresh_for: Duration) -> Self {
        Self::with_clock(client, Vec::new(), fresh_for, Clock::Running)
    }

    /// From now on `entries` are the global context.
    pub fn set_global_context(&self, entries: Vec<GlobalContextEntry>) {
        *self.entries.write().unwrap_or_else(PoisonError::into_inner) = entries.into();
    }

    fn with_clock(
        client: Client,
        entries: Vec<GlobalContextEntry>,
        fresh_for: Duration,
        clock: Clock,
    ) -> Self {
        let remembered = Cache::builder()
            .max_capacity(MOST_REMEMBERED_BYTES)
            .weigher(|path: &String, answer: &Arc<WithSize<Value>>| {
                u32::try_from(answer.1.saturating_add(path.len())).unwrap_or(u32::MAX)
            })
            .time_to_live(fresh_for)
            .build();
        Self {
            client,
            entries: RwLock::new(entries.into()),
            remembered,
            clock,
        }
    }

    async fn get(&self, path: &str) -> Result<Arc<WithSize<Value>>, ClusterError> {
        let asked = async {
            let answer = self.client.get_within(path, MOST_ANSWER_BYTES).await?;
            Ok(Arc::new(answer))
        };
        let answer = self.remembered.try_get_with(path.to_owned(), asked).await;
        answer.map_err(|cause: Arc<ClusterError>| (*cause).clone())
    }

    async fn object(&self, path: String) -> Result<Value, FactError> {
        Ok(self.get(&path).await?.0.clone())
    }

    async fn entry(&self, name: &str) -> Result<Value, FactError> {
        let failed = |cause: String| FactError::Failed(format!("global context entry `{name}`: {cause}"));
        let entries = Arc::clone(&self.entries.read().unwrap_or_else(PoisonError::into_inner));
        let (entry, projection) =
            global_context::named(&entries, name).ok_or_else(|| failed("is not there".to_owned()))?;
        let source = global_context::source(&entry.spec).map_err(failed)?;
        let data = match &source {
            Source::Objects { kind, namespace } => {
                let options = ListOptions {
                    namespace: namespace.as_deref(),
                    page_objects: 0,
                };
                let key = format!("objects {}", kind.list_path(namespace.as_deref()));
                let listed = async {
                    let objects = Value::Array(list(&self.client, kind, options).await?);
                    let size = objects.to_string().len();
                    Ok::<_, ClusterError>(Arc::new((objects, size)))
                };
                let listed = self.remembered.try_get_with(key, listed).await;
                listed.map_err(|cause| failed(cause.to_string()))?
            }
            Source::Call { path, body: None } => {
                self.get(path).await.map_err(|cause| failed(cause.to_string()))?
            }
            Source::Call {
                path,
                body: Some(body),
            } => {
                let answer = self.client.post(path, body).await;
                Arc::new((answer.map_err(|cause| failed(cause.to_string()))?, 0))
            }
        };
        let Some(projection) = projection else {
            return Ok(data.0.clone());
        };
        let expression = entry
            .spec
            .projections
            .iter()
            .find(|known| known.name == projection);
        let expression = expression.ok_or_else(|| failed("has no such projection".to_owned()))?;
        project(&expression.jmes_path, &data.0, self.clock.now()).map_err(failed)
    }
}

fn project(expression: &str, data: &Value, at: Timestamp) -> Result<Value, String> {
    let expression = Expression::compile(expression).map_err(|cause| cause.to_string())?;
    let found = expression
        .evaluate(data, &Environment::at(at, 0), Limits::default())
        .map_err(|cause| cause.to_string())?;
    found.to_json().map_err(|cause| cause.to_string())
}

/// A name of a namespace or object, safe to stand in a path.
fn segment(name: &str) -> Result<&str, FactError> {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "-_.:".contains(character);
    if name.is_empty() || name == "." || name == ".." || !name.chars().all(is_plain) {
        return Err(FactError::Failed(format!(
            "`{}` is no name of an object",
            quoted(name)
        )));
    }
    Ok(name)
}

impl Cluster for LiveCluster {
    fn namespace_labels<'a>(&'a self, name: &'a str) -> ClusterFuture<'a, Value> {
        Box::pin(async move {
            let namespace = self
                .object(format!("/api/v1/namespaces/{}", segment(name)?))
                .await?;
            let labels = namespace
                .pointer("/metadata/labels")
                .filter(|labels| labels.is_object());
            Ok(labels.cloned().unwrap_or_else(|| Value::Object(Map::new())))
        })
    }

    fn config_map<'a>(&'a self, namespace: &'a str, name: &'a str) -> ClusterFuture<'a, Value> {
        Box::pin(async move {
            let (namespace, name) = (segment(namespace)?, segment(name)?);
            let path = format!("/api/v1/namespaces/{namespace}/configmaps/{name}");
            let mut object = self.object(path).await?;
            let mut part = |field: &str| object.get_mut(field).map(Value::take).unwrap_or_default();
            Ok(json!({"data": part("data"), "metadata": part("metadata")}))
        })
    }

    fn call<'a>(
        &'a self,
        method: &'a str,
        url_path: &'a str,
        body: Option<&'a str>,
    ) -> ClusterFuture<'a, Value> {
        Box::pin(async move {
            match method {
                "GET" | "" => self.object(url_path.to_owned()).await,
                "POST" => Ok(self.client.post(url_path, body.unwrap_or("{}")).await?),
                other => {
                    let cause = format!(
                        "method `{}` is not supported: expected GET or POST",
                        quoted(other)
                    );
                    Err(FactError::Failed(cause))
                }
            }
        })
    }

    fn secret<'a>(
        &'a self,
        namespace: &'a str,
        name: &'a str,
    ) -> ClusterFuture<'a, BTreeMap<String, Vec<u8>>> {
        Box::pin(async move {
            let (namespace, name) = (segment(namespace)?, segment(name)?);
            let path = format!("/api/v1/namespaces/{namespace}/secrets/{name}");
            let secret = self.get(&path).await?;
            let data = secret.0.get("data").and_then(Value::as_object);
            let decoded = data.into_iter().flatten().map(|(key, value)| {
                let bytes = value.as_str().and_then(|text| STANDARD.decode(text).ok());
                let bytes = bytes.ok_or_else(|| {
                    FactError::Failed(format!(
                        "Secret `{namespace}/{name}`: `{}` is no base64",
                        quoted(key)
                    ))
                })?;
                Ok((key.clone(), bytes))
            });
            decoded.collect()
        })
    }

    fn global_context<'a>(&'a self, name: &'a str) -> ClusterFuture<'a, Value> {
        Box::pin(self.entry(name))
    }

    fn service_call<'a>(&'a self, _: &'a str, _: &'a str) -> Option<ClusterFuture<'a, Value>> {
        None
    }
}
