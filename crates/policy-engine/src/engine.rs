//! Request in, decision out.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;

use crate::decision::{Decision, Undecided};
use crate::facts::{Fact, FactError, FactRequest, Facts};
use crate::policy::PolicySet;
use crate::request::Request;

/// What every request is judged by beside its policies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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

    /// What every request is judged by beside them.
    #[must_use]
    pub fn options(&self) -> &EngineOptions {
        &self.options
    }

    /// Judges `request` by the facts at hand.
    #[must_use]
    pub fn evaluate(&self, request: &Request, facts: &Facts) -> Evaluation {
        // No expression, nor all of them, can cost as much.
        self.evaluate_within(u64::MAX, request, facts)
            .unwrap_or_else(|| Evaluation::Needs(BTreeSet::new()))
    }

    /// The same, broken off where the expressions of all policies together cost more than `allowance`, counted as
    /// Kubernetes counts it: a caller may then evaluate where nobody waits for the thread.
    #[must_use]
    pub fn evaluate_within(&self, allowance: u64, request: &Request, facts: &Facts) -> Option<Evaluation> {
        let registry = &self.options.default_registry;
        match crate::decision::decide(&self.policies, registry, request, facts, allowance) {
            Ok(decision) => Some(Evaluation::Complete(Box::new(decision))),
            Err(Undecided::Needs(wanted)) => Some(Evaluation::Needs(wanted)),
            Err(Undecided::Overspent) => None,
        }
    }

    /// Evaluates, loads what was asked for, and evaluates again until a decision stands. Infallible: errors are outcomes.
    pub async fn decide<S: FactSource + Sync>(&self, request: &Request, source: &S) -> Decision {
        let evaluate = |facts: Facts| {
            let evaluation = self.evaluate(request, &facts);
            std::future::ready(Ok::<_, Infallible>((facts, evaluation)))
        };
        match self.decide_by(source, evaluate).await {
            Ok(decision) => decision,
            Err(never) => match never {},
        }
    }

    /// The same, where `evaluate` says where each evaluation runs; it hands the facts back.
    ///
    /// # Errors
    /// Those of `evaluate`.
    pub async fn decide_by<S, E, F>(
        &self,
        source: &S,
        evaluate: impl Fn(Facts) -> F + Send,
    ) -> Result<Decision, E>
    where
        S: FactSource + Sync,
        F: Future<Output = Result<(Facts, Evaluation), E>> + Send,
    {
        let mut facts = Facts::default();
        let mut rounds = 0;
        loop {
            let (known, evaluation) = evaluate(facts).await?;
            facts = known;
            let wanted = match evaluation {
                Evaluation::Complete(decision) => return Ok(*decision),
                Evaluation::Needs(wanted) => wanted,
            };
            let missing = if rounds < MAX_FACT_ROUNDS {
                facts.extend(source.load(&wanted).await);
                "no answer was given".to_owned()
            } else {
                format!("facts were still missing after {MAX_FACT_ROUNDS} rounds")
            };
            rounds = rounds.saturating_add(1);
            for question in wanted {
                if facts.get(&question).is_none() {
                    facts.insert(question, Err(FactError::Failed(missing.clone())));
                }
            }
        }
    }
}
