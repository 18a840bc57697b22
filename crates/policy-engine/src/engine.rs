//! Request in, decision out.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;

use crate::decision::Decision;
use crate::facts::{Fact, FactError, FactRequest, Facts};
use crate::policy::PolicySet;
use crate::request::Request;

/// What every request is judged by beside its policies.
#[derive(Debug, Clone, Default)]
pub struct EngineOptions {
    /// Registry that short image names mean.
    pub default_registry: image_reference::DefaultRegistry,
}

/// Compiled policies, ready to judge. Immutable; a clone is a reference count.
#[derive(Debug, Clone)]
pub struct Engine {
    policies: Arc<PolicySet>,
    options: Arc<EngineOptions>,
}

/// What one pure evaluation gives.
#[derive(Debug)]
pub enum Evaluation {
    /// Every selected rule has its outcome.
    Complete(Box<Decision>),
    /// These facts are needed first; never empty.
    Needs(BTreeSet<FactRequest>),
}

/// Where facts come from: the cluster and registries in the server, files in `test`.
pub trait FactSource {
    /// Answers every question in `wanted`, concurrently; a failure is an answer too.
    fn load(
        &self,
        wanted: &BTreeSet<FactRequest>,
    ) -> impl Future<Output = Vec<(FactRequest, Result<Fact, FactError>)>> + Send;
}

/// Most rounds of asking for facts before what is still missing counts as failed.
pub const MAX_FACT_ROUNDS: u32 = 16;

impl Engine {
    /// An engine over `policies`.
    #[must_use]
    pub fn new(policies: PolicySet, options: EngineOptions) -> Self {
        Self {
            policies: Arc::new(policies),
            options: Arc::new(options),
        }
    }

    /// The policies it judges by.
    #[must_use]
    pub fn policies(&self) -> &PolicySet {
        &self.policies
    }

    /// Judges `request` by the facts at hand.
    #[must_use]
    pub fn evaluate(&self, request: &Request, facts: &Facts) -> Evaluation {
        match crate::decision::decide(&self.policies, &self.options.default_registry, request, facts) {
            Ok(decision) => Evaluation::Complete(Box::new(decision)),
            Err(wanted) => Evaluation::Needs(wanted),
        }
    }

    /// Evaluates, loads what was asked for, and evaluates again until a decision stands. Infallible: errors are outcomes.
    pub async fn decide<S: FactSource + Sync>(&self, request: &Request, source: &S) -> Decision {
        let mut facts = Facts::default();
        for _ in 0..MAX_FACT_ROUNDS {
            match self.evaluate(request, &facts) {
                Evaluation::Complete(decision) => return *decision,
                Evaluation::Needs(wanted) => {
                    facts.extend(source.load(&wanted).await);
                    for question in wanted {
                        if facts.get(&question).is_none() {
                            facts.insert(question, Err(FactError::Failed("no answer was given".to_owned())));
                        }
                    }
                }
            }
        }
        self.evaluate_without_more(request, facts)
    }

    /// Evaluates with every further question answered as failed.
    fn evaluate_without_more(&self, request: &Request, mut facts: Facts) -> Decision {
        loop {
            match self.evaluate(request, &facts) {
                Evaluation::Complete(decision) => return *decision,
                Evaluation::Needs(wanted) => {
                    for question in wanted {
                        let why = format!("facts were still missing after {MAX_FACT_ROUNDS} rounds");
                        facts.insert(question, Err(FactError::Failed(why)));
                    }
                }
            }
        }
    }
}
