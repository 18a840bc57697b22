//! One registry, one cluster, one loader; what is asked of them, and what they decide.

use std::sync::Arc;
use std::time::Duration;

use image_trust::ReasonCode;
use policy_engine::request::Stage as Call;
use policy_engine::{Decision, Engine, EngineOptions, LoadedPolicies, Request, RuleResult};
use rehearsal::registry::Options;
use rehearsal::repository::PushedImage;
use rehearsal::{Content, Registry, Repository, SigningKey};
use serde_json::{Value, json};
use vouchsafe_fact_loading::{Environment, Loader, LoaderOptions, Tenancy};

use crate::town::Town;
use crate::workshop::{AUTHORITY, NAME, fresh_key, judging_ns, signing_time};

/// Time of a request that nobody delays.
pub(crate) const AMPLE: Duration = Duration::from_secs(20);

/// A stage.
pub(crate) struct Stage {
    pub(crate) registry: Arc<Registry>,
    pub(crate) repository: Repository,
    pub(crate) key: Arc<SigningKey>,
    pub(crate) town: Arc<Town>,
    pub(crate) loader: Loader,
}

impl Stage {
    /// An honest registry, an empty cluster.
    pub(crate) async fn new() -> Self {
        Self::with(Options::default(), Town::default(), false).await
    }

    /// `allow_loopback` is for services and keys; the registry is always reached.
    pub(crate) async fn with(options: Options, town: Town, allow_loopback: bool) -> Self {
        let content = Content::new();
        let registry = Arc::new(Registry::start(content.clone(), options).await.unwrap());
        let town = Arc::new(town);
        Self {
            loader: Loader::new(loader_options(&registry, &town, allow_loopback)).unwrap(),
            registry,
            repository: Repository::new(&content, "app", NAME, signing_time()),
            key: Arc::new(fresh_key()),
            town,
        }
    }

    /// The same registry, key and cluster, and a loader that remembers nothing.
    pub(crate) fn beside(other: &Self) -> Self {
        Self {
            loader: Loader::new(loader_options(&other.registry, &other.town, false)).unwrap(),
            registry: Arc::clone(&other.registry),
            repository: other.repository.clone(),
            key: Arc::clone(&other.key),
            town: Arc::clone(&other.town),
        }
    }

    /// The same with a loader that remembers nothing, calls loopback addresses, and finds clouds as `environment` says.
    pub(crate) fn in_environment(self, environment: &[(&str, &str)]) -> Self {
        let environment = Environment::of(environment.iter().copied());
        self.set_up(|options| options.environment = environment)
    }

    /// The same with a loader that remembers nothing, calls loopback addresses, and is set up otherwise.
    pub(crate) fn set_up(mut self, change: impl FnOnce(&mut LoaderOptions)) -> Self {
        let mut options = loader_options(&self.registry, &self.town, true);
        change(&mut options);
        self.loader = Loader::new(options).unwrap();
        self
    }

    /// An image of its own content under `tag`.
    pub(crate) fn image(&self, tag: &str) -> PushedImage {
        self.repository
            .image(tag, &json!({ "config": { "Labels": { "tag": tag } } }))
            .unwrap()
    }

    /// An image that the stage's key signed classically.
    pub(crate) fn signed_image(&self, tag: &str) -> PushedImage {
        let image = self.image(tag);
        self.repository
            .sign(&image, &self.key, &Default::default())
            .unwrap();
        image
    }

    /// What becomes of creating `object`.
    pub(crate) async fn create(&self, policies: &[String], object: &Value) -> Ruling {
        self.judge(&engine(policies), &Review::create(object), AMPLE)
            .await
    }

    /// What becomes of creating a Pod of these images of [`NAME`], by tag.
    pub(crate) async fn run(&self, policies: &[String], tags: &[&str]) -> Ruling {
        let images: Vec<String> = tags.iter().map(|tag| format!("{NAME}:{tag}")).collect();
        let images: Vec<&str> = images.iter().map(String::as_str).collect();
        self.create(policies, &crate::policies::pod(&images)).await
    }

    /// The mutating call, and where it admits the validating call on what it made, as the API server does.
    pub(crate) async fn judge(&self, engine: &Engine, review: &Review, time: Duration) -> Ruling {
        let mut object = review.object.clone();
        let mut decisions = Vec::new();
        for call in [Call::Mutate, Call::Validate] {
            let request = review.request(&object, call);
            let source = self.loader.for_request(time, judging_ns());
            let decision = engine.decide(&request, &source).await;
            if let Some(changed) = &decision.changed {
                object = (**changed).clone();
            }
            let goes_on = decision.is_allowed();
            decisions.push(decision);
            if !goes_on {
                break;
            }
        }
        Ruling { decisions, object }
    }
}

fn loader_options(registry: &Registry, town: &Arc<Town>, allow_loopback: bool) -> LoaderOptions {
    LoaderOptions {
        cluster: Arc::<Town>::clone(town),
        mirrors: vec![format!("registry.example.com={}", registry.url())],
        trusted_root: Some(AUTHORITY.trusted_root().unwrap()),
        tenancy: Tenancy::Shared,
        reads_image_metadata: true,
        allow_loopback,
        ..LoaderOptions::default()
    }
}

/// An engine over policies that have no fault.
pub(crate) fn engine(policies: &[String]) -> Engine {
    let text = policies.join("\n---\n");
    let loaded = LoadedPolicies::load(manifest::read(text.as_bytes(), "policies").unwrap());
    assert!(loaded.faults.is_empty(), "{:#?}", loaded.faults);
    assert!(!loaded.policies.is_empty());
    Engine::new(loaded.to_set(), EngineOptions::default())
}

/// What the API server asks about.
#[derive(Debug, Clone)]
pub(crate) struct Review {
    operation: &'static str,
    object: Value,
    old: Value,
}

impl Review {
    /// A new object.
    pub(crate) fn create(object: &Value) -> Self {
        Self {
            operation: "CREATE",
            object: object.clone(),
            old: Value::Null,
        }
    }

    /// An object in the stead of another.
    pub(crate) fn update(object: &Value, old: &Value) -> Self {
        Self {
            operation: "UPDATE",
            object: object.clone(),
            old: old.clone(),
        }
    }

    /// The request as a webhook reads it.
    pub(crate) fn request(&self, object: &Value, call: Call) -> Request {
        let text = |pointer: &str| {
            object
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let (group, version) = text("/apiVersion")
            .split_once('/')
            .unwrap_or(("", text("/apiVersion")));
        let body = json!({ "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
            "uid": "7", "operation": self.operation, "name": text("/metadata/name"),
            "namespace": text("/metadata/namespace"), "userInfo": { "username": "mallory" },
            "kind": { "group": group, "version": version, "kind": text("/kind") },
            "resource": { "group": group, "version": version, "resource": "" },
            "object": object, "oldObject": self.old,
        }});
        Request::from_admission_review(body.to_string().as_bytes(), call, judging_ns()).unwrap()
    }
}

/// What became of one object.
pub(crate) struct Ruling {
    /// The mutating call's, and where it admitted the validating call's.
    pub(crate) decisions: Vec<Decision>,
    /// The object as it would be stored.
    pub(crate) object: Value,
}

impl Ruling {
    /// Whether both calls admitted it.
    pub(crate) fn is_admitted(&self) -> bool {
        self.decisions.iter().all(Decision::is_allowed)
    }

    fn results(&self) -> impl Iterator<Item = &RuleResult> {
        self.decisions.iter().flat_map(|decision| &decision.results)
    }

    /// The results that refuse.
    pub(crate) fn refusals(&self) -> Vec<&RuleResult> {
        self.results().filter(|result| result.blocks()).collect()
    }

    /// All results in words, for failing tests and for comparing rulings.
    pub(crate) fn words(&self) -> Vec<String> {
        let words = |result: &RuleResult| {
            let policy = &result.policy.key;
            format!(
                "{policy}/{} {:?}: {}",
                result.rule,
                result.verdict.outcome,
                result.message()
            )
        };
        self.results().map(words).collect()
    }

    /// Holds that it was refused, by every rule that refused for this reason.
    #[track_caller]
    pub(crate) fn refused_for(&self, code: ReasonCode) {
        assert!(!self.is_admitted(), "admitted: {:#?}", self.words());
        for refusal in self.refusals() {
            let found = refusal.verdict.reason.as_ref().map(|(code, _)| *code);
            assert_eq!(found, Some(code), "{:#?}", self.words());
        }
    }

    /// Holds that it was refused with these words.
    #[track_caller]
    pub(crate) fn refused_with(&self, part: &str) {
        assert!(!self.is_admitted(), "admitted: {:#?}", self.words());
        let says_so = self
            .refusals()
            .iter()
            .any(|refusal| refusal.message().contains(part));
        assert!(says_so, "no `{part}` in {:#?}", self.words());
    }

    /// Holds that it was admitted because a rule passed, not because none spoke.
    #[track_caller]
    pub(crate) fn admitted(&self) {
        assert!(self.is_admitted(), "{:#?}", self.words());
        let passed = self
            .results()
            .any(|result| result.verdict.outcome == policy_engine::RuleOutcome::Pass);
        assert!(passed, "nothing passed: {:#?}", self.words());
    }

    /// The image of the first container, as it would be stored.
    pub(crate) fn image(&self) -> &str {
        self.object
            .pointer("/spec/containers/0/image")
            .and_then(Value::as_str)
            .unwrap()
    }

    /// Holds that the first container is pinned to this digest.
    #[track_caller]
    pub(crate) fn pinned_to(&self, digest: &str) {
        self.admitted();
        assert!(
            self.image().ends_with(&format!("@{digest}")),
            "{} is not {digest}",
            self.image()
        );
    }
}
