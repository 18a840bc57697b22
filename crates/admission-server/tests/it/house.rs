//! What the tests stand on: a webhook over given policies, a registry in the process, clusters that misbehave.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use fact_loading::{Cluster, ClusterFuture, Loader, LoaderOptions, NoCluster, Tenancy};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use policy_engine::{EngineOptions, FactError, LoadedPolicies};
use serde_json::{Value, json};
use vouchsafe_admission_server::{PolicySource, Refused, Webhook, WebhookOptions};

/// Policies as text, to be replaced as files are.
#[derive(Debug, Default)]
pub(crate) struct Texts(Mutex<(u64, String)>);

impl Texts {
    pub(crate) fn new(text: &str) -> Arc<Self> {
        Arc::new(Self(Mutex::new((0, text.to_owned()))))
    }

    pub(crate) fn set(&self, text: &str) {
        let mut held = self.0.lock().unwrap();
        *held = (held.0 + 1, text.to_owned());
    }
}

impl PolicySource for Texts {
    fn stamp(&self) -> u64 {
        self.0.lock().unwrap().0
    }

    fn load(&self) -> Result<LoadedPolicies, Refused> {
        let text = self.0.lock().unwrap().1.clone();
        let documents = manifest::read(text.as_bytes(), "policies.yaml");
        let documents = documents.map_err(|faults| Refused {
            faults: faults.iter().map(ToString::to_string).collect(),
        })?;
        Ok(LoadedPolicies::load(documents))
    }
}

/// How a webhook for a test is set up.
pub(crate) struct Setup {
    pub(crate) cluster: Arc<dyn Cluster>,
    pub(crate) mirrors: Vec<String>,
    pub(crate) trusted_root: Option<String>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            cluster: Arc::new(NoCluster),
            mirrors: Vec::new(),
            trusted_root: None,
        }
    }
}

impl Setup {
    /// A webhook without policies.
    pub(crate) fn bare(self) -> Webhook {
        let loader = Loader::new(LoaderOptions {
            cluster: self.cluster,
            mirrors: self.mirrors,
            trusted_root: self.trusted_root,
            tenancy: Tenancy::Shared,
            reads_image_metadata: true,
            ..LoaderOptions::default()
        });
        Webhook::new(WebhookOptions {
            loader: loader.unwrap(),
            engine: EngineOptions::default(),
            longest_review: Duration::from_secs(30),
            traces: None,
        })
    }

    /// A webhook that judges by `policies`.
    pub(crate) fn webhook(self, policies: &str) -> Webhook {
        let webhook = self.bare();
        webhook.policies().take(&*Texts::new(policies)).unwrap();
        webhook
    }
}

/// A webhook that judges by `policies` alone.
pub(crate) fn webhook(policies: &str) -> Webhook {
    Setup::default().webhook(policies)
}

/// The review of a new Pod with one container.
pub(crate) fn pod_review(namespace: &str, image: &str) -> Value {
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": namespace},
        "spec": {"containers": [{"name": "c", "image": image}]},
    });
    review_of(&pod)
}

/// The review of a new object.
pub(crate) fn review_of(object: &Value) -> Value {
    let namespace = object.pointer("/metadata/namespace").cloned().unwrap_or_default();
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "uid-1", "operation": "CREATE", "namespace": namespace, "name": object["metadata"]["name"],
        "kind": {"group": "", "version": "v1", "kind": object["kind"]},
        "resource": {"group": "", "version": "v1", "resource": "pods"},
        "userInfo": {"username": "ann", "groups": ["system:authenticated"]},
        "object": object, "oldObject": null, "dryRun": false, "options": null}})
}

/// Posts `body` to `path`.
pub(crate) async fn post(webhook: &Webhook, path: &str, body: impl Into<Bytes>) -> (StatusCode, Bytes) {
    let request = Request::post(path)
        .header("content-type", "application/json")
        .body(Full::new(body.into()));
    whole(webhook.respond(request.unwrap()).await).await
}

/// Gets `path`.
pub(crate) async fn get(webhook: &Webhook, path: &str) -> (StatusCode, String) {
    let request = Request::get(path).body(Full::new(Bytes::new())).unwrap();
    let (status, body) = whole(webhook.respond(request).await).await;
    (status, String::from_utf8(body.to_vec()).unwrap())
}

pub(crate) async fn whole(response: Response<Full<Bytes>>) -> (StatusCode, Bytes) {
    let status = response.status();
    (status, response.into_body().collect().await.unwrap().to_bytes())
}

/// The `response` of the review that answers `review`.
pub(crate) async fn ask(webhook: &Webhook, path: &str, review: &Value) -> Value {
    let (status, body) = post(webhook, path, review.to_string()).await;
    assert_eq!(status, StatusCode::OK, "{}", String::from_utf8_lossy(&body));
    response_in(&body)
}

/// The `response` in the body of an answer, checked for what every answer has.
pub(crate) fn response_in(body: &[u8]) -> Value {
    let answer: Value = serde_json::from_slice(body).unwrap();
    assert_eq!(
        (&answer["apiVersion"], &answer["kind"]),
        (&json!("admission.k8s.io/v1"), &json!("AdmissionReview"))
    );
    assert_eq!(answer["response"]["uid"], "uid-1");
    answer["response"].clone()
}

/// Why a request was denied, and the id at the end of the denial, which every one has.
pub(crate) fn denial_and_id(response: &Value) -> (&str, &str) {
    assert_eq!(response["allowed"], false, "{response}");
    let whole = response["status"]["message"].as_str().unwrap();
    let (denial, id) = whole.rsplit_once("# why: vouchsafe explain ").unwrap();
    (denial, id.strip_suffix('\n').unwrap())
}

/// Why a request was denied.
pub(crate) fn denial(response: &Value) -> &str {
    denial_and_id(response).0
}

/// The JSON patch of a response; empty for none.
pub(crate) fn patch(response: &Value) -> Vec<Value> {
    let Some(patch) = response["patch"].as_str() else {
        return Vec::new();
    };
    assert_eq!(response["patchType"], "JSONPatch");
    serde_json::from_slice(&STANDARD.decode(patch).unwrap()).unwrap()
}

/// A policy whose rule reads a ConfigMap, so that the cluster is asked; the rule then holds for every Pod.
pub(crate) fn policy_that_asks(failure_policy: &str) -> String {
    format!(
        "apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {{name: asks}}
spec:
  validationFailureAction: Enforce
  failurePolicy: {failure_policy}
  background: false
  rules:
  - name: asks
    match: {{any: [{{resources: {{kinds: [Pod]}}}}]}}
    context:
    - name: known
      configMap: {{name: known, namespace: default}}
    validate:
      message: 'unknown'
      deny:
        conditions:
          any:
          - {{key: '{{{{ known.data.x }}}}', operator: NotEquals, value: 'y'}}
"
    )
}

/// What a cluster of a test does when it is asked for a ConfigMap.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Moody {
    /// Answers that `x` is `y`, after a while.
    Slow(Duration),
    /// Never answers.
    Silent,
    /// Panics the first time and answers from then on.
    Panicking,
}

/// A cluster with a mood.
#[derive(Debug)]
pub(crate) struct MoodyCluster {
    mood: Moody,
    asked: Mutex<u32>,
}

impl MoodyCluster {
    pub(crate) fn new(mood: Moody) -> Arc<Self> {
        Arc::new(Self {
            mood,
            asked: Mutex::new(0),
        })
    }
}

impl Cluster for MoodyCluster {
    fn namespace_labels<'a>(&'a self, name: &'a str) -> ClusterFuture<'a, Value> {
        NoCluster.namespace_labels(name)
    }

    fn config_map<'a>(&'a self, _: &'a str, _: &'a str) -> ClusterFuture<'a, Value> {
        let asked = {
            let mut asked = self.asked.lock().unwrap();
            *asked += 1;
            *asked
        };
        let known: Result<Value, FactError> = Ok(json!({"data": {"x": "y"}, "metadata": {}}));
        match self.mood {
            Moody::Slow(time) => Box::pin(async move {
                tokio::time::sleep(time).await;
                known
            }),
            Moody::Silent => Box::pin(pending()),
            Moody::Panicking if asked == 1 => panic!("the cluster of this test panics"),
            Moody::Panicking => Box::pin(std::future::ready(known)),
        }
    }

    fn call<'a>(
        &'a self,
        method: &'a str,
        url_path: &'a str,
        body: Option<&'a str>,
    ) -> ClusterFuture<'a, Value> {
        NoCluster.call(method, url_path, body)
    }

    fn secret<'a>(
        &'a self,
        namespace: &'a str,
        name: &'a str,
    ) -> ClusterFuture<'a, BTreeMap<String, Vec<u8>>> {
        NoCluster.secret(namespace, name)
    }

    fn global_context<'a>(&'a self, name: &'a str) -> ClusterFuture<'a, Value> {
        NoCluster.global_context(name)
    }

    fn service_call<'a>(&'a self, _: &'a str, _: &'a str) -> Option<ClusterFuture<'a, Value>> {
        None
    }
}
