//! An `ImageValidatingPolicy` on one request.
//!
//! In: a request that the policy selects. Out: the digests to write in the mutating call; in the validating call one
//! verdict, and what it rests on, so that `required` can be settled when every policy of the request has spoken.
//!
//!     conditions ─▶ exceptions ─▶ extraction ─▶ verifyDigest ─▶ validations ⇄ verification ─▶ verdict ─▶ (required)
//!
//! Spec: cel-policies §1.6, §1.7.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use image_reference::{DefaultRegistry, ImageReference};
use image_trust::{ReasonCode, RegistryAccess};
use policy_cel::{Budget, Scope};
use serde_json::Value as Json;

use super::choices::{Choices, MOST_RUNS};
use super::compiled::CompiledImages;
use super::extraction::{Extraction, MeantImage, MeantImages};
use super::ledger::{Ledger, Standing};
use super::pinning::Pinning;
use super::references::ImageReferences;
use super::verification::{ResolvedAttestors, Verification};
use crate::checks::Pending;
use crate::checks::images::{ImagePin, sentence};
use crate::compile_error::CompileError;
use crate::expressions::{Exempted, Exemption, Finding, Met, Wording, World, exempted};
use crate::facts::{Asker, FactView, Halt};
use crate::outcome::{RuleOutcome, Verdict};
use crate::request::{Request, images};

/// A compiled `ImageValidatingPolicy`, but for what it matches.
#[derive(Debug, Clone)]
pub struct ImageValidatingRule(CompiledImages);

/// What the rule is judged with.
#[derive(Debug)]
pub struct ImageOccasion<'b> {
    /// The request.
    pub request: &'b Request,
    /// The facts at hand.
    pub view: &'b FactView<'b>,
    /// What short image names mean.
    pub registry: &'b DefaultRegistry,
    /// On whose behalf facts are asked.
    pub asker: Asker,
    /// What exceptions grant, each with its key.
    pub exemptions: Vec<(&'b str, &'b Exemption)>,
}

/// What a rule says, and what that rests on.
#[derive(Debug)]
pub struct ImageValidatingVerdict {
    /// The verdict, `required` not yet settled.
    pub verdict: Verdict,
    /// The name it is reported under, where that is not the policy's own.
    pub rule: Option<&'static str>,
    /// Exceptions that made it skip.
    pub exceptions: Vec<String>,
    /// Digests to write, in the mutating call.
    pub pins: Vec<ImagePin>,
    /// What the calls of the policy found.
    pub evidence: ImageEvidence,
}

/// What one policy found of the images it means.
#[derive(Debug, Default)]
pub struct ImageEvidence {
    /// Images that need a proof by any policy of the request; empty where none is required.
    pub required: Vec<RequiredImage>,
    /// How the images stand that the policy asked about, by canonical name.
    pub standings: BTreeMap<String, Standing>,
}

/// An image that needs a proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequiredImage {
    /// Its canonical name; one that can't be parsed has none, and can't be proven.
    pub canonical: Option<String>,
    /// As it stands in the object.
    pub text: String,
}

/// What one run gives, and the choices it made.
enum Run {
    Done(Box<ImageValidatingVerdict>, Choices),
    /// Expressions of these attestors must run first.
    Unresolved(BTreeSet<String>, Choices),
}

/// Whether a policy speaks about a request.
enum Applies {
    Yes {
        excused: Option<ImageReferences>,
    },
    /// An exception exempts from it.
    Exempted(Vec<String>),
    /// A condition is false.
    No,
}

impl ImageValidatingRule {
    /// Compiles `spec`.
    ///
    /// # Errors
    /// Every fault, with its path in `spec`.
    pub fn compile(spec: &Json, scope: Scope) -> Result<Self, Vec<CompileError>> {
        CompiledImages::compile(spec, scope).map(Self)
    }

    /// The mutating half: digests for the images that have none, and an error where one can't be had.
    ///
    /// # Errors
    /// [`Pending`] where facts are missing; all of them have been noted as wanted.
    pub fn pin(&self, occasion: &ImageOccasion<'_>) -> Result<Option<ImageValidatingVerdict>, Pending> {
        if !self.0.configurations.mutate_digest || occasion.request.object.is_none() {
            return Ok(None);
        }
        let (pins, failures) = match self.try_pin(occasion) {
            Ok(found) => found,
            Err(Halt::Pending) => return Err(Pending),
            Err(Halt::Failed(cause)) => (Vec::new(), vec![cause]),
        };
        if failures.is_empty() && pins.is_empty() {
            return Ok(None);
        }
        let mut verdict = if failures.is_empty() {
            plain(RuleOutcome::Pass, "mutated image digest")
        } else {
            let message = format!("failed to update digest: {}", failures.join("; "));
            plain(RuleOutcome::Error, message)
        };
        verdict.rule = Some("mutateDigest");
        verdict.pins = pins;
        Ok(Some(verdict))
    }

    fn try_pin(&self, occasion: &ImageOccasion<'_>) -> Result<(Vec<ImagePin>, Vec<String>), Halt> {
        let budget = Rc::<Budget>::default();
        let Applies::Yes { excused } = self.applies(occasion, &budget)? else {
            return Ok((Vec::new(), Vec::new()));
        };
        let extraction = self.extraction(occasion, excused.as_ref(), &budget);
        let before = budget.left();
        let images = extraction.of_pods(occasion.request);
        occasion.view.spend(before.saturating_sub(budget.left()));
        let images = images?;
        let pinning = Pinning {
            facts: occasion.view,
            asker: &occasion.asker,
            access: &self.access(occasion),
        };
        pinning.pins(&images)
    }

    /// The validating half; none where a condition is false.
    ///
    /// # Errors
    /// [`Pending`] where facts are missing; all of them have been noted as wanted.
    pub fn judge(&self, occasion: &ImageOccasion<'_>) -> Result<Option<ImageValidatingVerdict>, Pending> {
        match self.try_judge(occasion) {
            Ok(verdict) => Ok(verdict),
            Err(Halt::Pending) => Err(Pending),
            Err(Halt::Failed(cause)) => {
                let mut broken = plain(RuleOutcome::Error, format!("failed to evaluate policy: {cause}"));
                broken.rule = Some("evaluation");
                Ok(Some(broken))
            }
        }
    }

    fn try_judge(&self, occasion: &ImageOccasion<'_>) -> Result<Option<ImageValidatingVerdict>, Halt> {
        // One allowance for all that the policy evaluates on this request, however often it runs.
        let budget = Rc::<Budget>::default();
        let excused = match self.applies(occasion, &budget)? {
            Applies::Yes { excused } => excused,
            Applies::Exempted(keys) => return Ok(Some(exempt(keys))),
            Applies::No => return Ok(None),
        };
        let extraction = self.extraction(occasion, excused.as_ref(), &budget);
        let scene = self.0.scene(world_of(occasion)).spending(&budget);
        let meant = extraction.all(occasion.request, &scene);
        scene.tell_cost();
        let meant = meant?;
        if self.0.configurations.verify_digest
            && let Some(refused) = without_digest(&meant)?
        {
            return Ok(Some(refused));
        }
        let mut resolved = ResolvedAttestors::new();
        let mut choices = Choices::default();
        for _ in 0..MOST_RUNS {
            let (verdict, made) = self.run_resolved(occasion, &meant, choices, &mut resolved, &budget)?;
            match (verdict.verdict.outcome, made.advance()) {
                (RuleOutcome::Pass, Some(next)) => choices = next,
                (_, _) => return Ok(Some(verdict)),
            }
        }
        let cause = format!(
            "more than {MOST_RUNS} combinations of verified statements: renew attestations with `cosign attest --replace`"
        );
        Err(Halt::Failed(cause))
    }

    /// One run to its end: again for each attestor that is first named and whose expressions must run.
    fn run_resolved(
        &self,
        occasion: &ImageOccasion<'_>,
        meant: &MeantImages,
        mut choices: Choices,
        resolved: &mut ResolvedAttestors,
        budget: &Rc<Budget>,
    ) -> Result<(ImageValidatingVerdict, Choices), Halt> {
        loop {
            match self.run(occasion, meant, choices, resolved, budget)? {
                Run::Done(verdict, made) => return Ok((*verdict, made)),
                Run::Unresolved(names, same) => {
                    choices = same;
                    self.resolve(occasion, meant, names, resolved, budget)?;
                }
            }
        }
    }

    /// Runs the expressions of attestors. They see what validations see, but can't verify: that would go round in circles.
    fn resolve(
        &self,
        occasion: &ImageOccasion<'_>,
        meant: &MeantImages,
        names: BTreeSet<String>,
        resolved: &mut ResolvedAttestors,
        budget: &Rc<Budget>,
    ) -> Result<(), Halt> {
        let images = meant.variable();
        let scene = self.0.scene_of_images(world_of(occasion), &images);
        let scene = scene.spending(budget);
        let mut pending = false;
        for name in names {
            let Some(attestor) = self.0.attestors.get(&name) else {
                continue;
            };
            match attestor.signers(|program| scene.evaluate(program)) {
                Err(Halt::Pending) => pending = true,
                found => {
                    resolved.insert(name, found);
                }
            }
        }
        if pending { Err(Halt::Pending) } else { Ok(()) }
    }

    /// Conditions first, then exceptions, as Kyverno has it for this kind.
    fn applies(&self, occasion: &ImageOccasion<'_>, budget: &Rc<Budget>) -> Result<Applies, Halt> {
        let scene = self.0.scene(world_of(occasion)).spending(budget);
        match self.0.conditions.met(&scene) {
            Ok(Met::All) => {}
            Ok(Met::Not(_)) => return Ok(Applies::No),
            Err(Halt::Failed(_)) if self.0.errors_are_passed_over && !scene.ran_into_bound() => {
                return Ok(Applies::No);
            }
            Err(halt) => return Err(halt),
        }
        match exempted(&occasion.exemptions, &scene, self.0.errors_are_passed_over)? {
            Exempted::Wholly { keys, .. } => Ok(Applies::Exempted(keys)),
            Exempted::Partly { images, .. } => Ok(Applies::Yes {
                excused: ImageReferences::of_globs(&images),
            }),
        }
    }

    /// One run of the validations, with one choice among the statements they look at.
    fn run(
        &self,
        occasion: &ImageOccasion<'_>,
        meant: &MeantImages,
        choices: Choices,
        resolved: &ResolvedAttestors,
        budget: &Rc<Budget>,
    ) -> Result<Run, Halt> {
        let verification = Verification {
            policy: &self.0,
            facts: occasion.view,
            asker: occasion.asker.clone(),
            access: self.access(occasion),
            registry: occasion.registry,
            budget: Rc::clone(budget),
            resolved,
            unresolved: RefCell::default(),
            ledger: RefCell::default(),
            choices: RefCell::new(choices),
        };
        let images = meant.variable();
        let judged = {
            let world = world_of(occasion).with_images(&verification);
            let scene = self.0.scene_of_images(world, &images).spending(budget);
            let finding = self.0.validations.judge(&scene, Wording::Kyverno);
            let annotations = self.0.annotations.evaluate(&scene);
            finding.and_then(|finding| Ok((finding, annotations?)))
        };
        let choices = verification.choices.into_inner();
        let unresolved = verification.unresolved.into_inner();
        let (finding, annotations) = match judged {
            Err(Halt::Pending) if !unresolved.is_empty() => return Ok(Run::Unresolved(unresolved, choices)),
            judged => judged?,
        };
        let mut judged = told(finding, verification.ledger.into_inner());
        judged.verdict.properties = annotations;
        if self.0.configurations.required && judged.verdict.outcome == RuleOutcome::Pass {
            judged.evidence.required = required(meant);
        }
        Ok(Run::Done(Box::new(judged), choices))
    }

    fn extraction<'x>(
        &'x self,
        occasion: &ImageOccasion<'x>,
        excused: Option<&'x ImageReferences>,
        budget: &'x Budget,
    ) -> Extraction<'x> {
        Extraction {
            extractors: &self.0.extractors,
            references: &self.0.references,
            excused,
            registry: occasion.registry,
            budget,
        }
    }

    /// How registries are reached: as the policy says, and with the Pod's pull secrets.
    fn access(&self, occasion: &ImageOccasion<'_>) -> RegistryAccess {
        let subject = occasion.request.subject();
        let (kind, namespace) = (&occasion.request.kind.kind, &occasion.request.namespace);
        subject
            .map(|object| images::pull_secrets(object, kind, namespace))
            .unwrap_or_default()
            .added_to(&self.0.access)
    }
}

fn world_of<'o>(occasion: &ImageOccasion<'o>) -> World<'o> {
    World::new(occasion.request, occasion.view, occasion.asker.clone())
}

fn plain(outcome: RuleOutcome, message: impl Into<String>) -> ImageValidatingVerdict {
    ImageValidatingVerdict {
        verdict: Verdict::new(outcome, message),
        rule: None,
        exceptions: Vec::new(),
        pins: Vec::new(),
        evidence: ImageEvidence::default(),
    }
}

fn exempt(keys: Vec<String>) -> ImageValidatingVerdict {
    let message = format!("rule is skipped due to policy exception: {}", keys.join(", "));
    ImageValidatingVerdict {
        rule: Some("exception"),
        exceptions: keys,
        ..plain(RuleOutcome::Skip, message)
    }
}

/// `verifyDigest`: the refusal of the first image without a digest.
fn without_digest(meant: &MeantImages) -> Result<Option<ImageValidatingVerdict>, Halt> {
    for image in meant.iter() {
        let reference = image.reference.as_ref().map_err(|cause| {
            Halt::Failed(format!("failed to parse image reference {}: {cause}", image.text))
        })?;
        if reference.digest().is_none() {
            let message = format!("image {} does not have a digest", image.text);
            let mut refused = plain(RuleOutcome::Fail, message);
            let code = ReasonCode::BadReference;
            refused.verdict.reason = Some((code, code.next_step().to_owned()));
            return Ok(Some(refused));
        }
    }
    Ok(None)
}

/// The images as `required` speaks of them.
fn required(meant: &MeantImages) -> Vec<RequiredImage> {
    let image = |image: &MeantImage| RequiredImage {
        canonical: image.reference.as_ref().ok().map(ImageReference::canonical),
        text: image.text.clone(),
    };
    meant.iter().map(image).collect()
}

/// The verdict of one run, with the refusal that explains it.
fn told(finding: Finding, ledger: Ledger) -> ImageValidatingVerdict {
    // The author's message seldom says which image it is about.
    let reason = ledger.nearest_refusal().map(|(image, refusal)| {
        let told = format!("image {image}: {}", sentence(refusal));
        (refusal.code, told)
    });
    let (explanation, standings) = ledger.into_parts();
    let (outcome, rule, message) = match finding {
        Finding::Holds => (RuleOutcome::Pass, None, "success".to_owned()),
        Finding::Violated { message, .. } => (RuleOutcome::Fail, None, message),
        Finding::Broken { cause, .. } => (
            RuleOutcome::Error,
            Some("evaluation"),
            format!("failed to evaluate policy: {cause}"),
        ),
    };
    let verdict = Verdict {
        reason: reason.filter(|_| outcome != RuleOutcome::Pass),
        explanation,
        ..Verdict::new(outcome, message)
    };
    let evidence = ImageEvidence {
        required: Vec::new(),
        standings,
    };
    ImageValidatingVerdict {
        verdict,
        rule,
        evidence,
        ..plain(outcome, "")
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
