//! One rule on one request, from selection to its one outcome.

use std::sync::Arc;

use super::result::RuleResult;
use super::{excuse, failure_action};
use crate::checks::image_validating::ImageEvidence;
use crate::checks::images::{ImagePin, RuleNames};
use crate::checks::validate::AppliedException;
use crate::checks::{Pending, UpdatePolicy};
use crate::context::{RequestDocument, RuleIdentity, Scope};
use crate::facts::{Asker, FactView, Halt};
use crate::outcome::{FailureAction, RuleOutcome, Verdict};
use crate::policy::{CompiledException, CompiledPolicy, CompiledRule, PolicySet, RuleBody};
use crate::request::Request;
use crate::selection::Selection;

/// What one rule gives beside its result.
#[derive(Debug, Default)]
pub(super) struct RuleEffect {
    /// The result; none where the rule has nothing to say (not selected, or no response as in Kyverno).
    pub(super) result: Option<RuleResult>,
    /// The object as a mutate rule left it.
    pub(super) object: Option<serde_json::Value>,
    /// Digests to pin.
    pub(super) pins: Vec<ImagePin>,
    /// What an `ImageValidatingPolicy` found of its images.
    pub(super) evidence: ImageEvidence,
}

impl RuleEffect {
    /// The same effect, reported under the name `rule`.
    pub(super) fn named(mut self, rule: &str) -> Self {
        if let Some(result) = &mut self.result {
            result.rule = rule.into();
        }
        self
    }
}

/// What every rule of a run is judged with.
pub(super) struct Bench<'b> {
    pub(super) set: &'b PolicySet,
    pub(super) document: &'b RequestDocument<'b>,
    pub(super) view: &'b FactView<'b>,
}

impl Bench<'_> {
    pub(super) fn request(&self) -> &Request {
        self.document.request()
    }

    /// Judges `rule`; a rule that is not selected gives nothing.
    ///
    /// # Errors
    /// [`Pending`] where facts are missing.
    pub(super) fn judge(
        &self,
        policy: &Arc<CompiledPolicy>,
        rule: &CompiledRule,
    ) -> Result<RuleEffect, Pending> {
        let (clause, unjudgeable) = match rule.selector.select(self.request(), self.view) {
            Selection::NotSelected => return Ok(RuleEffect::default()),
            Selection::Pending => return Err(Pending),
            Selection::Selected { clause } => (clause, None),
            Selection::Unjudgeable { cause } => ("match (could not be judged)".to_owned(), Some(cause)),
        };
        let action = match failure_action::resolve(policy, rule, self.request(), self.view) {
            Ok(action) => action,
            Err(Halt::Pending) => return Err(Pending),
            Err(Halt::Failed(_)) => FailureAction::Enforce,
        };
        let seat = Seat {
            bench: self,
            policy,
            rule,
            action,
            clause,
        };
        if let Some(settled) = seat.settled_by_conditions()? {
            return Ok(settled);
        }
        if let Some(cause) = unjudgeable {
            return Ok(seat.unselectable(cause));
        }
        seat.judge_selected()
    }
}

/// A selected rule.
pub(super) struct Seat<'s> {
    pub(super) bench: &'s Bench<'s>,
    pub(super) policy: &'s Arc<CompiledPolicy>,
    pub(super) rule: &'s CompiledRule,
    action: FailureAction,
    clause: String,
}

impl Seat<'_> {
    fn judge_selected(&self) -> Result<RuleEffect, Pending> {
        let (bench, rule) = (self.bench, self.rule);
        if let RuleBody::VerifyImages(images) = &rule.body
            && !images.concerns(bench.request(), bench.document.registry())
        {
            return Ok(RuleEffect::default());
        }
        let scope = Scope::new(bench.document, bench.view, &rule.context, self.identity());
        let effect = self.judge_in(&scope)?;
        Ok(match scope.bound() {
            Some(bound) => self.held_to_bound(effect, bound),
            None => effect,
        })
    }

    /// What becomes of a rule that ran into a bound of ours: a failure stands, all else is an error that refuses.
    fn held_to_bound(&self, mut effect: RuleEffect, bound: &str) -> RuleEffect {
        let verdict = effect.result.as_mut().map(|result| &mut result.verdict);
        match verdict {
            Some(verdict) if verdict.outcome == RuleOutcome::Fail => effect,
            Some(verdict) if verdict.outcome == RuleOutcome::Error => {
                verdict.is_bounded = true;
                effect
            }
            Some(_) | None => {
                let message = format!("the rule was not judged whole: {bound}");
                self.effect(Verdict {
                    is_bounded: true,
                    ..Verdict::new(RuleOutcome::Error, message)
                })
            }
        }
    }

    fn judge_in(&self, scope: &Scope<'_>) -> Result<RuleEffect, Pending> {
        let (bench, policy, rule) = (self.bench, self.policy, self.rule);
        if let Some(preconditions) = &rule.preconditions {
            match preconditions.evaluate(scope) {
                Ok(outcome) if outcome.met => {}
                Ok(outcome) => {
                    let detail = if outcome.message.is_empty() {
                        String::new()
                    } else {
                        format!("; {}", outcome.message)
                    };
                    return Ok(self.effect(Verdict::new(
                        RuleOutcome::Skip,
                        format!("preconditions not met{detail}"),
                    )));
                }
                Err(Halt::Pending) => return Err(Pending),
                Err(Halt::Failed(cause)) => {
                    let message = format!("failed to evaluate preconditions: {cause}");
                    return Ok(self.effect(Verdict::new(RuleOutcome::Error, message)));
                }
            }
        }
        let exceptions = excuse::applicable(bench.set, policy, rule, scope)?;
        let mut effect = self.judge_body(scope, &exceptions)?;
        self.add_report_properties(scope, &mut effect)?;
        Ok(effect)
    }

    fn judge_body(
        &self,
        scope: &Scope<'_>,
        exceptions: &[Arc<CompiledException>],
    ) -> Result<RuleEffect, Pending> {
        let rule = self.rule;
        if let RuleBody::Validate(validate) = &rule.body
            && validate.is_pod_security()
        {
            let applied: Vec<AppliedException<'_>> = exceptions
                .iter()
                .map(|exception| (exception.key.as_str(), exception.pod_security()))
                .collect();
            let excused =
                self.updating(|update| validate.check_pod_security(scope, &rule.name, &applied, update))?;
            let Some((verdict, used)) = excused else {
                return Ok(RuleEffect::default());
            };
            let mut effect = self.effect(verdict);
            if let Some(result) = &mut effect.result {
                result.exceptions = used;
            }
            return Ok(effect);
        }
        if !exceptions.is_empty() {
            let keys: Vec<String> = exceptions.iter().map(|exception| exception.key.clone()).collect();
            let message = format!("rule is skipped due to policy exceptions{}", keys.join(", "));
            let mut effect = self.effect(Verdict::new(RuleOutcome::Skip, message));
            if let Some(result) = &mut effect.result {
                result.exceptions = keys;
            }
            return Ok(effect);
        }
        match &rule.body {
            RuleBody::Validate(validate) => {
                let verdict = self.updating(|update| validate.check(scope, &rule.name, update))?;
                Ok(verdict.map(|verdict| self.effect(verdict)).unwrap_or_default())
            }
            RuleBody::Mutate(mutate) => {
                let Some(done) = mutate.apply(scope)? else {
                    return Ok(RuleEffect::default());
                };
                let mut effect = RuleEffect {
                    object: done.object,
                    ..self.effect(done.verdict)
                };
                if let Some(result) = &mut effect.result {
                    result.targets = done.targets;
                }
                Ok(effect)
            }
            RuleBody::VerifyImages(images) => {
                let names = RuleNames {
                    policy: &self.policy.key.name,
                    rule: &rule.name,
                };
                let Some(found) = images.check(scope, names)? else {
                    return Ok(RuleEffect::default());
                };
                let mut effect = RuleEffect {
                    pins: found.pins,
                    ..self.effect(found.verdict)
                };
                if let Some(result) = &mut effect.result {
                    result.skip_warns = found.warns;
                }
                Ok(effect)
            }
            RuleBody::Expressions(expressions) => self.judge_expressions(expressions),
            RuleBody::ImageValidating(images) => self.judge_image_validating(images),
            RuleBody::Unsupported { field } => {
                let message = format!("rules with `{field}` are not supported; this rule was not judged");
                Ok(self.effect(Verdict::new(RuleOutcome::Error, message)))
            }
        }
    }

    /// Gives `judge` what judging an update needs: the rule once more, on the object as it was.
    fn updating<T>(&self, judge: impl FnOnce(&UpdatePolicy<'_>) -> T) -> T {
        let selects = |request: &Request| match self.rule.selector.select(request, self.bench.view) {
            Selection::Selected { .. } => Ok(true),
            Selection::NotSelected => Ok(false),
            Selection::Pending => Err(Halt::Pending),
            Selection::Unjudgeable { cause } => Err(Halt::Failed(cause)),
        };
        judge(&UpdatePolicy {
            action: self.action,
            identity: self.identity(),
            entries: &self.rule.context,
            preconditions: self.rule.preconditions.as_ref(),
            selects: &selects,
        })
    }

    pub(super) fn identity(&self) -> RuleIdentity<'_> {
        let asker = Asker {
            policy_namespace: self.policy.key.namespace.as_deref().map(ToOwned::to_owned),
            object_namespace: self.bench.request().namespace.to_string(),
        };
        RuleIdentity {
            policy: &self.policy.key.name,
            rule: self.rule.written_name(),
            asker,
        }
    }

    /// Fills in `reportProperties`; what can't be resolved is left out, as in Kyverno.
    fn add_report_properties(&self, scope: &Scope<'_>, effect: &mut RuleEffect) -> Result<(), Pending> {
        let (Some(template), Some(result)) = (&self.rule.report_properties, &mut effect.result) else {
            return Ok(());
        };
        match template.substitute(scope, &crate::context::JsonPath::root()) {
            Ok(properties) => {
                let fields = properties.as_object().into_iter().flatten();
                let text = |value: &serde_json::Value| {
                    value
                        .as_str()
                        .map_or_else(|| value.to_string(), ToOwned::to_owned)
                };
                result
                    .verdict
                    .properties
                    .extend(fields.map(|(key, value)| (key.clone(), text(value))));
                Ok(())
            }
            Err(Halt::Pending) => Err(Pending),
            Err(Halt::Failed(_)) => Ok(()),
        }
    }

    /// Whether the rule speaks can't be told.
    pub(super) fn unselectable(&self, cause: String) -> RuleEffect {
        if self.policy.kind.is_classic() {
            return self.effect(Verdict::new(RuleOutcome::Error, cause));
        }
        let message = format!("failed to execute matching: {cause}");
        self.effect(Verdict::new(RuleOutcome::Error, message))
            .named("match")
    }

    pub(super) fn effect(&self, verdict: Verdict) -> RuleEffect {
        let result = RuleResult {
            policy: Arc::clone(self.policy),
            rule: Arc::clone(&self.rule.name),
            written_rule: self.rule.written_name().into(),
            kind: self.rule.body.kind(),
            verdict,
            action: self.action,
            exceptions: Vec::new(),
            selected_by: self.clause.clone(),
            skip_warns: false,
            object: None,
            targets: Vec::new(),
        };
        RuleEffect {
            result: Some(result),
            ..RuleEffect::default()
        }
    }
}
