//! Questions about the world outside the request, and what was found out.
//!
//! A [`FactRequest`] is data that orders, so one set of them is one round of loading; [`Facts`] remembers the answers for
//! the rest of the request. [`FactView`] is how a check asks: an answer that is not there yet is noted as wanted and
//! unwinds as [`Halt::Pending`], so that one evaluation collects everything that is missing.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use image_reference::Digest;
use image_trust::{ImageDemand, ImageFindings, Refusal, RegistryAccess};
use serde_json::Value;

/// One question about the world outside the request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FactRequest {
    /// A namespace. Answer: [`Fact::Json`], the object.
    Namespace {
        /// Name of the namespace.
        name: String,
    },
    /// The labels of a namespace. Answer: [`Fact::Json`], an object of strings.
    NamespaceLabels {
        /// Name of the namespace.
        name: String,
    },
    /// A ConfigMap. Answer: [`Fact::Json`] `{data, metadata}`.
    ConfigMap {
        /// Who asks.
        asker: Asker,
        /// Namespace of the ConfigMap.
        namespace: String,
        /// Name of the ConfigMap.
        name: String,
    },
    /// A call to the Kubernetes API. Answer: [`Fact::Json`].
    KubernetesCall {
        /// Who asks.
        asker: Asker,
        /// `GET` or `POST`.
        method: String,
        /// Path with query, as the policy writes it after substitution.
        url_path: String,
        /// JSON body of a `POST`, compact, keys sorted.
        body: Option<String>,
    },
    /// A call to a service. Answer: [`Fact::Json`].
    ServiceCall {
        /// Who asks.
        asker: Asker,
        /// `GET` or `POST`.
        method: String,
        /// The address.
        url: String,
        /// Headers in order.
        headers: Vec<(String, String)>,
        /// Certificate authorities to trust for this call, PEM.
        ca_bundle: Option<String>,
        /// JSON body of a `POST`, compact, keys sorted.
        body: Option<String>,
    },
    /// A call to a service whose status is part of the answer. Answer: [`Fact::Json`] `{status, body}`, and
    /// `wrapped` where the body stays under `body` even if it is an object.
    HttpCall {
        /// Who asks.
        asker: Asker,
        /// `GET` or `POST`.
        method: String,
        /// The address.
        url: String,
        /// Headers in order.
        headers: Vec<(String, String)>,
        /// Certificate authorities to trust for this call, PEM.
        ca_bundle: Option<String>,
        /// JSON body of a `POST`, compact, keys sorted.
        body: Option<String>,
    },
    /// Manifest and configuration of an image. Answer: [`Fact::Json`] as `context[].imageRegistry` shows it.
    ImageMetadata {
        /// Who asks.
        asker: Asker,
        /// Reference as written.
        reference: String,
        /// How the registry may be reached.
        access: RegistryAccess,
    },
    /// An entry of the global context, projection after a dot. Answer: [`Fact::Json`].
    GlobalContext {
        /// `entry` or `entry.projection`.
        name: String,
    },
    /// Whether an image meets a demand. Answer: [`Fact::Findings`].
    ImageFindings {
        /// Who asks.
        asker: Asker,
        /// Canonical reference: `registry/path:tag` or `registry/path@digest`.
        image: String,
        /// What is demanded.
        demand: Arc<ImageDemand>,
    },
    /// What a tag points to. Answer: [`Fact::Digest`].
    ImageDigest {
        /// Who asks.
        asker: Asker,
        /// Canonical reference with a tag.
        image: String,
        /// How the registry may be reached.
        access: RegistryAccess,
    },
    /// Addresses of a host name (`is_external_url`). Answer: [`Fact::Json`], a list of strings.
    HostAddresses {
        /// The host name.
        host: String,
    },
}

/// On whose behalf a fact is asked: what a namespaced policy may reach depends on it.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Asker {
    /// Namespace of the policy, if it is a namespaced one.
    pub policy_namespace: Option<String>,
    /// Namespace of the object under admission, for pull secrets.
    pub object_namespace: String,
}

/// What was found out.
#[derive(Debug, Clone)]
pub enum Fact {
    /// JSON of any shape.
    Json(Arc<Value>),
    /// The findings about one image.
    Findings(Arc<ImageFindings>),
    /// A digest.
    Digest(Digest),
}

/// Why a fact could not be found out. A failure is an answer too.
#[derive(Debug, Clone)]
pub enum FactError {
    /// Nothing here answers such questions (`apply` and `test` without a cluster): a context entry that needs it is
    /// absent, as if it had not been declared.
    NoLoader(String),
    /// The world was asked and has no such thing; the text completes Kyverno's sentence. A failure to all but those who
    /// ask whether there is one.
    Absent(String),
    /// The world was asked and failed; the text completes Kyverno's sentence.
    Failed(String),
    /// An image could not be judged at all: not found, registry unreachable, …
    Image {
        /// Why.
        refusal: Refusal,
        /// Whether Kyverno would call this a network error (status `error` instead of `fail`).
        network: bool,
    },
}

impl FactError {
    /// Why, in words.
    #[must_use]
    pub fn cause(&self) -> &str {
        match self {
            Self::NoLoader(cause) | Self::Absent(cause) | Self::Failed(cause) => cause,
            Self::Image { refusal, .. } => &refusal.message,
        }
    }
}

/// Everything found out for one request so far.
#[derive(Debug, Default, Clone)]
pub struct Facts(BTreeMap<FactRequest, Result<Fact, FactError>>);

impl Facts {
    /// The answer to `wanted`, if there is one.
    #[must_use]
    pub fn get(&self, wanted: &FactRequest) -> Option<&Result<Fact, FactError>> {
        self.0.get(wanted)
    }

    /// Remembers an answer.
    pub fn insert(&mut self, request: FactRequest, answer: Result<Fact, FactError>) {
        self.0.insert(request, answer);
    }

    /// How many answers there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing was found out yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All questions answered so far, for explanations and recordings.
    pub fn iter(&self) -> impl Iterator<Item = (&FactRequest, &Result<Fact, FactError>)> {
        self.0.iter()
    }
}

impl Extend<(FactRequest, Result<Fact, FactError>)> for Facts {
    fn extend<T: IntoIterator<Item = (FactRequest, Result<Fact, FactError>)>>(&mut self, answers: T) {
        self.0.extend(answers);
    }
}

/// Why an evaluation stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Halt {
    /// A fact is missing; it has been noted as wanted.
    Pending,
    /// It can't be evaluated, and more facts won't help.
    Failed(String),
}

impl Halt {
    /// Puts `context: ` before the text of a failure.
    #[must_use]
    pub fn within(self, context: &str) -> Self {
        match self {
            Self::Pending => Self::Pending,
            Self::Failed(cause) => Self::Failed(format!("{context}: {cause}")),
        }
    }
}

/// The facts at hand, the questions that were asked in vain, and what expressions may still cost.
#[derive(Debug)]
pub struct FactView<'f> {
    facts: &'f Facts,
    wanted: RefCell<BTreeSet<FactRequest>>,
    /// Cost left; none once more was spent than was allowed
    allowance: Cell<Option<u64>>,
}

impl<'f> FactView<'f> {
    /// A view of `facts` in which nothing is wanted yet, and expressions of all policies together may cost anything.
    #[must_use]
    pub fn new(facts: &'f Facts) -> Self {
        Self::with_allowance(facts, u64::MAX)
    }

    /// The same, where all expressions together may cost so much, counted as Kubernetes counts it.
    #[must_use]
    pub fn with_allowance(facts: &'f Facts, cost: u64) -> Self {
        Self {
            facts,
            wanted: RefCell::default(),
            allowance: Cell::new(Some(cost)),
        }
    }

    /// Takes `cost` out of the allowance.
    pub fn spend(&self, cost: u64) {
        let left = self.allowance.get().and_then(|left| left.checked_sub(cost));
        self.allowance.set(left);
    }

    /// Whether more was spent than was allowed: nothing that is found from then on counts.
    #[must_use]
    pub fn is_overspent(&self) -> bool {
        self.allowance.get().is_none()
    }

    /// The answer, or `None` after noting the question as wanted.
    pub fn ask(&self, request: &FactRequest) -> Option<&'f Result<Fact, FactError>> {
        let answer = self.facts.get(request);
        if answer.is_none() {
            self.wanted.borrow_mut().insert(request.clone());
        }
        answer
    }

    /// The digest that answers the question for one, or why there is none; `None` after noting it as wanted.
    pub fn digest(&self, wanted: &FactRequest) -> Option<Result<&'f Digest, &'f str>> {
        self.ask(wanted).map(|answer| match answer {
            Ok(Fact::Digest(digest)) => Ok(digest),
            Ok(Fact::Json(_) | Fact::Findings(_)) => Err("the answer is no digest"),
            Err(error) => Err(error.cause()),
        })
    }

    /// The questions asked in vain.
    #[must_use]
    pub fn into_wanted(self) -> BTreeSet<FactRequest> {
        self.wanted.into_inner()
    }
}
