//! A selected rule in Common Expression Language: exceptions that name its policy, bindings that say where it applies.

use super::rule::{RuleEffect, Seat};
use crate::checks::Pending;
use crate::checks::expressions::{ExpressionRule, ExpressionVerdict, Occasion};
use crate::expressions::{Exemption, ParamRef};
use crate::outcome::{FailureAction, RuleOutcome};
use crate::policy::{CompiledBinding, PolicyKind};
use crate::selection::Selection;

impl Seat<'_> {
    /// Judges the rule; an admission policy that is bound, once for each binding that applies.
    pub(super) fn judge_expressions(&self, rule: &ExpressionRule) -> Result<RuleEffect, Pending> {
        let bindings: Vec<&CompiledBinding> = self.bindings().collect();
        if bindings.is_empty() {
            return Ok(self.reported(rule.check(&self.occasion(None))?));
        }
        let mut decided: Option<RuleEffect> = None;
        let mut pending = false;
        for binding in bindings {
            match self.judge_binding(rule, binding) {
                Ok(Some(effect)) => {
                    let is_worse = decided
                        .as_ref()
                        .is_none_or(|decided| rank(&effect) > rank(decided));
                    if is_worse {
                        decided = Some(effect);
                    }
                }
                Ok(None) => {}
                Err(Pending) => pending = true,
            }
        }
        if pending {
            Err(Pending)
        } else {
            Ok(decided.unwrap_or_default())
        }
    }

    fn judge_binding(
        &self,
        rule: &ExpressionRule,
        binding: &CompiledBinding,
    ) -> Result<Option<RuleEffect>, Pending> {
        let verdict = match binding.constraints.select(self.bench.request(), self.bench.view) {
            Selection::NotSelected => return Ok(None),
            Selection::Pending => return Err(Pending),
            Selection::Unjudgeable { cause } => return Ok(Some(self.unselectable(cause))),
            Selection::Selected { .. } => rule.check(&self.occasion(binding.param_ref.as_ref()))?,
        };
        let mut effect = self.reported(verdict);
        if let Some(result) = &mut effect.result {
            result.action = binding.action;
        }
        Ok(Some(effect))
    }

    fn bindings(&self) -> impl Iterator<Item = &CompiledBinding> {
        let name = &*self.policy.key.name;
        let is_bound = self.policy.kind == PolicyKind::ValidatingAdmissionPolicy;
        let bindings = self.bench.set.bindings().iter().map(|binding| &**binding);
        bindings.filter(move |binding| is_bound && binding.policy == name)
    }

    fn occasion<'o>(&'o self, param_ref: Option<&'o ParamRef>) -> Occasion<'o> {
        Occasion {
            request: self.bench.request(),
            view: self.bench.view,
            asker: self.identity().asker,
            policy: &self.policy.key.name,
            rule: &self.rule.name,
            exemptions: self.exemptions(),
            param_ref,
        }
    }

    /// What exceptions in force grant the policy, each with its key.
    pub(super) fn exemptions(&self) -> Vec<(&str, &Exemption)> {
        let at_ns = self.bench.request().at_ns;
        let exceptions = self.bench.set.exceptions().iter();
        exceptions
            .filter(|exception| !exception.has_expired(at_ns))
            .filter_map(|exception| {
                let exemption = exception.exemption_of(self.policy.kind, &self.policy.key.name)?;
                Some((exception.key.as_str(), exemption))
            })
            .collect()
    }

    fn reported(&self, judged: ExpressionVerdict) -> RuleEffect {
        let mut effect = self.effect(judged.verdict);
        if let Some(result) = &mut effect.result {
            result.exceptions = judged.exceptions;
        }
        match judged.rule {
            Some(rule) => effect.named(&rule),
            None => effect,
        }
    }
}

/// Of several results of one policy the worst is told; of equal ones, one that blocks.
fn rank(effect: &RuleEffect) -> (u8, bool) {
    let Some(result) = &effect.result else {
        return (0, false);
    };
    let outcome = match result.verdict.outcome {
        RuleOutcome::Skip => 1,
        RuleOutcome::Pass => 2,
        RuleOutcome::Warn => 3,
        RuleOutcome::Error => 4,
        RuleOutcome::Fail => 5,
    };
    (outcome, result.action == FailureAction::Enforce)
}
