//! `webhookConfiguration.matchConditions` of a classic policy: in Kyverno the API server judges them before it asks.
//!
//! Only in admission: the command line and scans have no requests of an API server, and Kyverno's pass them over.

use super::rule::{RuleEffect, Seat};
use crate::checks::Pending;
use crate::expressions::{Met, Scene, Variables, World};
use crate::facts::Halt;
use crate::outcome::{FailureAction, RuleOutcome, Verdict};
use crate::request::Origin;

impl Seat<'_> {
    /// What the conditions settle: nothing where they hold; a rule without a result where one is false, or can't be judged
    /// and errors admit; else the error, which refuses as the API server would. A bound of ours, which the API server has not,
    /// refuses whatever errors do.
    pub(super) fn settled_by_conditions(&self) -> Result<Option<RuleEffect>, Pending> {
        let conditions = &self.policy.match_conditions;
        let request = self.bench.request();
        if conditions.is_empty() || request.origin != Origin::Admission {
            return Ok(None);
        }
        let variables = Variables::default();
        let world = World::new(request, self.bench.view, self.identity().asker);
        let scene = Scene::new(world, &variables);
        match conditions.met(&scene) {
            Ok(Met::All) => Ok(None),
            Ok(Met::Not(_)) => Ok(Some(RuleEffect::default())),
            Err(Halt::Pending) => Err(Pending),
            Err(Halt::Failed(_)) if !self.policy.error_blocks && !scene.ran_into_bound() => {
                Ok(Some(RuleEffect::default()))
            }
            Err(Halt::Failed(cause)) => {
                let message = format!("failed to evaluate match conditions: {cause}");
                let mut verdict = Verdict::new(RuleOutcome::Error, message);
                verdict.is_bounded = scene.ran_into_bound();
                let mut effect = self.effect(verdict);
                if let Some(result) = &mut effect.result {
                    result.action = FailureAction::Enforce;
                }
                Ok(Some(effect))
            }
        }
    }
}
