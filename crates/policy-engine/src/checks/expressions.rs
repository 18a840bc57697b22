//! Rules in Common Expression Language: `ValidatingPolicy`, `validate.cel`, `ValidatingAdmissionPolicy`.
//!
//! In: a compiled rule, a request, facts, exemptions, params. Out: one verdict, with the name that Kyverno gives the rule
//! where it has none of its own. An expression that can't be evaluated is an error, or a failure where Kyverno has it so;
//! it is never a pass.
//!
//!     exemptions ─▶ matchConditions ─▶ params* ─▶ validations ─▶ auditAnnotations ─▶ Verdict
//!
//! Behaviour: Kyverno 1.19 `pkg/cel/policies/vpol/engine`, `pkg/engine/handlers/validation/validate_cel.go`,
//! `pkg/admissionpolicy/validate.go`; Kubernetes 1.36 `apiserver/pkg/admission/plugin/policy/validating`.

mod compile;

use super::validate::Pending;
use crate::expressions::{
    AuditAnnotations, Exempted, Exemption, Finding, MatchConditions, Met, ParamKind, ParamRef, Scene,
    Validations, Variables, Wording, World, exceptions_value, exempted, params,
};
use crate::facts::{Asker, FactView, Halt};
use crate::outcome::{ExplainLine, RuleOutcome, Verdict};
use crate::request::Request;

/// A compiled rule.
#[derive(Debug)]
pub struct ExpressionRule {
    manner: Manner,
    /// Whether the object is all that expressions see (`evaluation.mode: JSON`)
    of_object_alone: bool,
    /// `failurePolicy: Ignore`: conditions that can't be judged do not hold
    errors_are_passed_over: bool,
    conditions: MatchConditions,
    variables: Variables,
    validations: Validations,
    annotations: AuditAnnotations,
    param_kind: Option<ParamKind>,
    /// The rule's own; admission policies have it in their bindings
    param_ref: Option<ParamRef>,
}

/// Whose rule it is: what errors mean, and in whose words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// `ValidatingPolicy` and its namespaced form.
    Policy,
    /// `validate.cel` of a classic rule.
    Rule,
    /// Kubernetes' `ValidatingAdmissionPolicy`.
    AdmissionPolicy,
}

/// One request for a rule to judge.
#[derive(Debug)]
pub struct Occasion<'o> {
    /// The request.
    pub request: &'o Request,
    /// The facts at hand.
    pub view: &'o FactView<'o>,
    /// On whose behalf facts are asked.
    pub asker: Asker,
    /// Name of the policy.
    pub policy: &'o str,
    /// Name of the rule.
    pub rule: &'o str,
    /// What exceptions grant, each with its key.
    pub exemptions: Vec<(&'o str, &'o Exemption)>,
    /// The params that a binding names.
    pub param_ref: Option<&'o ParamRef>,
}

/// What a rule says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpressionVerdict {
    /// The verdict.
    pub verdict: Verdict,
    /// The name it is reported under, where that is not the rule's own.
    pub rule: Option<String>,
    /// Exceptions that made it skip or pass.
    pub exceptions: Vec<String>,
}

impl ExpressionRule {
    /// Judges the rule, which selects the request.
    ///
    /// # Errors
    /// [`Pending`]: a fact is missing and has been asked for.
    pub fn check(&self, occasion: &Occasion<'_>) -> Result<ExpressionVerdict, Pending> {
        match self.judge(occasion) {
            Ok(verdict) => Ok(verdict),
            Err(Halt::Pending) => Err(Pending),
            Err(Halt::Failed(cause)) => Ok(self.unjudgeable(occasion, cause)),
        }
    }

    fn judge(&self, occasion: &Occasion<'_>) -> Result<ExpressionVerdict, Halt> {
        let scene = self.scene(occasion);
        let (images, values) = match exempted(&occasion.exemptions, &scene, self.errors_are_passed_over)? {
            Exempted::Wholly { keys, reports_pass } => return Ok(excused(keys, reports_pass)),
            Exempted::Partly { images, values } => (images, values),
        };
        let Some(kind) = &self.param_kind else {
            let mut scene = scene;
            if self.manner == Manner::Policy {
                scene.bind("exceptions", exceptions_value(images, values));
            }
            return self.judge_scene(&scene, occasion);
        };
        let Some(reference) = self.param_ref.as_ref().or(occasion.param_ref) else {
            return Err(Halt::Failed("params are declared and none are named".to_owned()));
        };
        let found = params(scene.world(), kind, reference)
            .map_err(|halt| halt.within("error in parameterized resource"))?;
        // Every object of params has its say; the first that refuses decides, whichever of them conditions leave aside.
        let mut verdict = self.holds(occasion, Vec::new());
        let mut pending = false;
        for object in found {
            let mut scene = self.scene(occasion).sharing(&scene);
            scene.bind("params", object);
            match self.judge_scene(&scene, occasion) {
                Ok(judged) if pending => drop(judged),
                Ok(judged) => match judged.verdict.outcome {
                    RuleOutcome::Pass if verdict.verdict.outcome == RuleOutcome::Skip => {}
                    RuleOutcome::Pass | RuleOutcome::Skip => verdict = judged,
                    RuleOutcome::Warn | RuleOutcome::Error | RuleOutcome::Fail => return Ok(judged),
                },
                Err(Halt::Pending) => pending = true,
                Err(Halt::Failed(_)) if pending => {}
                Err(failed @ Halt::Failed(_)) => return Err(failed),
            }
        }
        if pending { Err(Halt::Pending) } else { Ok(verdict) }
    }

    fn scene<'o>(&'o self, occasion: &Occasion<'o>) -> Scene<'o> {
        let world = World::new(occasion.request, occasion.view, occasion.asker.clone());
        let scene = Scene::new(world, &self.variables);
        match self.manner {
            Manner::Policy if self.of_object_alone => scene.of_object_alone(),
            Manner::Policy => scene,
            Manner::Rule | Manner::AdmissionPolicy => scene.naming_namespaces(),
        }
    }

    fn judge_scene(&self, scene: &Scene<'_>, occasion: &Occasion<'_>) -> Result<ExpressionVerdict, Halt> {
        match self.conditions.met(scene) {
            Ok(Met::All) => {}
            Ok(Met::Not(name)) => return Ok(self.skipped(occasion, Some(&name))),
            Err(Halt::Failed(_))
                if self.errors_are_passed_over
                    && self.manner == Manner::Policy
                    && !scene.ran_into_bound() =>
            {
                return Ok(self.skipped(occasion, None));
            }
            // Kyverno's classic rules fail then, as they do where a validation can't be evaluated.
            Err(Halt::Failed(cause)) if self.manner == Manner::Rule => {
                return Ok(self.named(occasion, Verdict::new(RuleOutcome::Fail, cause)));
            }
            Err(halt) => return Err(halt),
        }
        let wording = match self.manner {
            Manner::Policy => Wording::Kyverno,
            Manner::Rule | Manner::AdmissionPolicy => Wording::Kubernetes,
        };
        match self.validations.judge(scene, wording)? {
            Finding::Broken { index, cause } => Ok(self.broken(occasion, index, cause)),
            Finding::Holds => {
                let annotations = self.annotations.evaluate(scene)?;
                Ok(self.holds(occasion, annotations))
            }
            Finding::Violated { index, message } => match self.annotations.evaluate(scene) {
                Ok(annotations) => Ok(self.violated(occasion, index, message, annotations)),
                Err(Halt::Failed(cause)) if self.manner == Manner::Policy => {
                    Ok(self.broken(occasion, index, cause))
                }
                Err(Halt::Failed(_)) => Ok(self.violated(occasion, index, message, Vec::new())),
                Err(Halt::Pending) => Err(Halt::Pending),
            },
        }
    }

    fn skipped(&self, occasion: &Occasion<'_>, condition: Option<&str>) -> ExpressionVerdict {
        let message = match self.manner {
            Manner::Policy => "skip",
            Manner::Rule => "cel preconditions not met",
            Manner::AdmissionPolicy => "match conditions aren't met",
        };
        let mut verdict = Verdict::new(RuleOutcome::Skip, message);
        verdict.explanation.extend(condition.map(|name| ExplainLine {
            depth: 0,
            text: format!("condition `{name}` is false"),
        }));
        self.named(occasion, verdict)
    }

    fn holds(&self, occasion: &Occasion<'_>, annotations: Vec<(String, String)>) -> ExpressionVerdict {
        let message = match self.manner {
            Manner::Policy => "success".to_owned(),
            Manner::Rule => format!("Validation rule '{}' passed.", occasion.rule),
            Manner::AdmissionPolicy => String::new(),
        };
        let mut verdict = Verdict::new(RuleOutcome::Pass, message);
        verdict.properties = annotations;
        self.named(occasion, verdict)
    }

    fn violated(
        &self,
        occasion: &Occasion<'_>,
        index: usize,
        message: String,
        annotations: Vec<(String, String)>,
    ) -> ExpressionVerdict {
        let mut verdict = Verdict::new(RuleOutcome::Fail, message);
        verdict.properties = annotations;
        self.indexed(&mut verdict, index);
        self.named(occasion, verdict)
    }

    /// A validation that can't be evaluated. Kyverno's rules fail then, whatever the failure policy.
    fn broken(&self, occasion: &Occasion<'_>, index: usize, cause: String) -> ExpressionVerdict {
        let (outcome, message) = match self.manner {
            Manner::Policy => (RuleOutcome::Error, format!("error: {cause}")),
            Manner::Rule => (RuleOutcome::Fail, cause),
            Manner::AdmissionPolicy => (RuleOutcome::Error, cause),
        };
        let mut verdict = Verdict::new(outcome, message);
        self.indexed(&mut verdict, index);
        self.named(occasion, verdict)
    }

    /// What stands around the validations can't be judged.
    fn unjudgeable(&self, occasion: &Occasion<'_>, cause: String) -> ExpressionVerdict {
        match self.manner {
            Manner::Policy => ExpressionVerdict {
                verdict: Verdict::new(RuleOutcome::Error, format!("failed to load context: {cause}")),
                rule: Some("evaluation".to_owned()),
                exceptions: Vec::new(),
            },
            Manner::Rule | Manner::AdmissionPolicy => {
                self.named(occasion, Verdict::new(RuleOutcome::Error, cause))
            }
        }
    }

    /// Which validation it was.
    fn indexed(&self, verdict: &mut Verdict, index: usize) {
        let text: Vec<&str> = self.validations.text(index).split_whitespace().collect();
        verdict.explanation.push(ExplainLine {
            depth: 0,
            text: format!("validation {index}: {}", text.join(" ")),
        });
        if self.manner == Manner::Policy {
            let property = ("cel.validationIndex".to_owned(), index.to_string());
            verdict.properties.push(property);
        }
    }

    fn named(&self, occasion: &Occasion<'_>, verdict: Verdict) -> ExpressionVerdict {
        ExpressionVerdict {
            verdict,
            rule: (self.manner == Manner::AdmissionPolicy).then(|| occasion.policy.to_owned()),
            exceptions: Vec::new(),
        }
    }
}

fn excused(keys: Vec<String>, reports_pass: bool) -> ExpressionVerdict {
    let (outcome, done) = if reports_pass {
        (RuleOutcome::Pass, "passed")
    } else {
        (RuleOutcome::Skip, "skipped")
    };
    let message = format!("rule is {done} due to policy exception: {}", keys.join(", "));
    ExpressionVerdict {
        verdict: Verdict::new(outcome, message),
        rule: Some("exception".to_owned()),
        exceptions: keys,
    }
}
