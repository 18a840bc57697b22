//! A whole `verifyImages` rule: every entry, every image, one verdict.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use image_reference::{DefaultRegistry, Digest, ImageReference};
use image_trust::{ReasonCode, RegistryAccess};
use jmespath::Environment;
use serde_json::{Map, Value, json};

use super::entry::Entry;
use super::extract::ImageExtractors;
use super::image::{ImageOutcome, OutcomeKind, judge, line};
use crate::checks::Pending;
use crate::checks::conditions::Conditions;
use crate::compile_error::{CompileError, collect};
use crate::context::{JsonPath, Scope, Template};
use crate::facts::{Fact, FactError, FactRequest, Halt};
use crate::outcome::{ExplainLine, FailureAction, RuleOutcome, Verdict};
use crate::request::images::{self, ImageAt, MOST_IMAGES};
use crate::request::{Operation, Origin, Request, Stage};

/// A compiled `verifyImages` rule.
#[derive(Debug, Clone)]
pub struct VerifyImagesRule {
    entries: Vec<RuleEntry>,
    extractors: Option<ImageExtractors>,
}

#[derive(Debug, Clone)]
struct RuleEntry {
    form: EntryForm,
    conditions: Vec<Option<Conditions>>,
    deny: Option<Deny>,
    failure_action: Option<FailureAction>,
}

/// An entry is compiled at load unless variables stand in it.
#[derive(Debug, Clone)]
enum EntryForm {
    Ready(Box<Entry>),
    Variable(Template),
}

#[derive(Debug, Clone)]
struct Deny {
    message: String,
    conditions: Conditions,
}

/// What became of a rule, and which images to pin.
#[derive(Debug)]
pub struct ImagesVerdict {
    /// The one verdict.
    pub verdict: Verdict,
    /// Digests to write into the object, in the order of its images.
    pub pins: Vec<ImagePin>,
    /// Whether a skipped image is to be warned of (`skipImageReferences`).
    pub warns: bool,
}

/// One image to pin to its digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImagePin {
    /// JSON pointer of the image's text.
    pub pointer: String,
    /// `registry/path:tag@digest`.
    pub image: String,
}

/// What a rule is called in messages.
#[derive(Debug, Clone, Copy)]
pub struct RuleNames<'n> {
    /// Name of the policy.
    pub policy: &'n str,
    /// Name of the rule.
    pub rule: &'n str,
}

impl VerifyImagesRule {
    /// Compiles `verifyImages` and `imageExtractors` of a rule.
    ///
    /// # Errors
    /// Every fault, with its path in the rule.
    pub fn compile(rule: &Value) -> Result<Self, Vec<CompileError>> {
        let mut errors = Vec::new();
        let mut entries = Vec::new();
        let listed = rule.get("verifyImages").and_then(Value::as_array);
        for (index, entry) in listed.into_iter().flatten().enumerate() {
            let place = format!("verifyImages[{index}]");
            entries.extend(collect(RuleEntry::compile(entry), &place, &mut errors));
        }
        let extractors = rule
            .get("imageExtractors")
            .filter(|extractors| !extractors.is_null());
        let extractors = extractors
            .and_then(|written| collect(ImageExtractors::compile(written), "imageExtractors", &mut errors));
        if errors.is_empty() {
            Ok(Self { entries, extractors })
        } else {
            Err(errors)
        }
    }

    /// The action the entries set: `Enforce` if any does, else the first that is set.
    #[must_use]
    pub fn failure_action(&self) -> Option<FailureAction> {
        let actions = || self.entries.iter().filter_map(|entry| entry.failure_action);
        actions()
            .find(|action| *action == FailureAction::Enforce)
            .or_else(|| actions().next())
    }

    /// Whether the request holds an image that the rule means, or one that can't be parsed: without any, the rule has
    /// nothing to say. An entry with variables is taken to mean every image.
    #[must_use]
    pub fn concerns(&self, request: &Request, registry: &DefaultRegistry) -> bool {
        let Some(object) = request.object.as_deref() else {
            return false;
        };
        match self.extract(object, request, registry) {
            Err(_) => true,
            Ok(images) => images.iter().any(|image| match &image.reference {
                Err(_) => true,
                Ok(reference) => self.entries.iter().any(|entry| match &entry.form {
                    EntryForm::Ready(entry) => entry.means(reference),
                    EntryForm::Variable(_) => true,
                }),
            }),
        }
    }

    /// Judges every image of the request; `None` where the rule means none of them.
    ///
    /// # Errors
    /// [`Pending`] where facts are missing; all of them have been noted as wanted.
    pub fn check(&self, scope: &Scope<'_>, names: RuleNames<'_>) -> Result<Option<ImagesVerdict>, Pending> {
        let document = scope.request();
        let (request, registry) = (document.request(), document.registry());
        if request.operation == Operation::Delete || request.object.is_none() {
            return Ok(None);
        }
        let object = request.object.as_deref().unwrap_or(&Value::Null);
        let extracted = match self.extract(object, request, registry) {
            Ok(images) => images,
            Err(cause) => {
                let message = format!("failed to instantiate handler: failed to extract images: {cause}");
                return Ok(Some(ImagesVerdict::plain(RuleOutcome::Error, message)));
            }
        };
        if let Some(refused) = refuse_unparsable(&extracted) {
            return Ok(Some(refused));
        }
        let entries = match self.ready_entries(scope) {
            Ok(entries) => entries,
            Err(Halt::Pending) => return Err(Pending),
            Err(Halt::Failed(cause)) => {
                return Ok(Some(ImagesVerdict::plain(RuleOutcome::Error, cause)));
            }
        };
        let listed: Vec<(&ImageAt, &ImageReference)> = extracted
            .iter()
            .filter_map(|image| Some((image, image.reference.as_ref().ok()?)))
            .filter(|(_, reference)| entries.iter().any(|entry| entry.means(reference)))
            .collect();
        if listed.is_empty() {
            return Ok(None);
        }
        let secrets = pull_secrets(object, request);
        let run = Run {
            rule: self,
            entries: &entries,
            listed: &listed,
            scope,
            names,
            pull_secrets: secrets,
        };
        if request.stage == Stage::Validate {
            run.validate()
        } else {
            run.verify()
        }
    }

    fn extract(
        &self,
        object: &Value,
        request: &Request,
        registry: &DefaultRegistry,
    ) -> Result<Vec<ImageAt>, String> {
        let kind = &request.kind.kind;
        let custom = self.extractors.as_ref().and_then(|extractors| {
            let now = jiff::Timestamp::from_nanosecond(request.at_ns).unwrap_or_default();
            let environment = Environment {
                default_registry: registry,
                ..Environment::at(now, request.random_seed)
            };
            extractors.extract(object, kind, &environment)
        });
        let images = custom.unwrap_or_else(|| Ok(images::of_pod_kinds(object, kind, registry)))?;
        if images.len() > MOST_IMAGES {
            return Err(format!("more than {MOST_IMAGES} images"));
        }
        Ok(images)
    }

    fn ready_entries(&self, scope: &Scope<'_>) -> Result<Vec<Cow<'_, Entry>>, Halt> {
        self.entries
            .iter()
            .enumerate()
            .map(|(index, entry)| entry.ready(index, scope))
            .collect()
    }
}

impl RuleEntry {
    fn compile(entry: &Value) -> Result<Self, Vec<CompileError>> {
        let mut errors = Vec::new();
        let mut fixed = entry.clone();
        let failure_action = entry
            .get("failureAction")
            .and_then(Value::as_str)
            .map(FailureAction::parse);
        let mut conditions = Vec::new();
        let attestations = fixed.get_mut("attestations").and_then(Value::as_array_mut);
        for (index, attestation) in attestations.into_iter().flatten().enumerate() {
            let written = attestation
                .as_object_mut()
                .and_then(|fields| fields.remove("conditions"));
            let written =
                written.filter(|written| written.as_array().is_none_or(|blocks| !blocks.is_empty()));
            conditions.push(written.and_then(|written| {
                let place = format!("attestations[{index}].conditions");
                collect(Conditions::compile(&written), &place, &mut errors)
            }));
        }
        let validate = fixed.as_object_mut().and_then(|fields| fields.remove("validate"));
        let deny = validate.and_then(|validate| {
            let written = validate
                .pointer("/deny/conditions")
                .cloned()
                .unwrap_or(Value::Null);
            let conditions = collect(
                Conditions::compile(&written),
                "validate.deny.conditions",
                &mut errors,
            )?;
            let message = validate
                .get("message")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned();
            Some(Deny { message, conditions })
        });
        let template = collect(Template::compile(&fixed), "", &mut errors);
        let form = template.and_then(|template| match template.as_static() {
            Some(entry) => {
                collect(Entry::compile(entry), "", &mut errors).map(|entry| EntryForm::Ready(Box::new(entry)))
            }
            None => Some(EntryForm::Variable(template)),
        });
        match form {
            Some(form) if errors.is_empty() => Ok(Self {
                form,
                conditions,
                deny,
                failure_action,
            }),
            Some(_) | None => Err(errors),
        }
    }

    fn ready(&self, index: usize, scope: &Scope<'_>) -> Result<Cow<'_, Entry>, Halt> {
        match &self.form {
            EntryForm::Ready(entry) => Ok(Cow::Borrowed(entry)),
            EntryForm::Variable(template) => {
                let place = JsonPath::root().field("verifyImages").index(index);
                let written = template
                    .substitute(scope, &place)
                    .map_err(|halt| halt.within("failed to substitute variables"))?;
                Entry::compile(&written).map(Cow::Owned).map_err(|errors| {
                    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
                    Halt::Failed(format!("failed to substitute variables: {}", texts.join("; ")))
                })
            }
        }
    }
}

impl ImagesVerdict {
    fn plain(outcome: RuleOutcome, message: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::new(outcome, message),
            pins: Vec::new(),
            warns: false,
        }
    }
}

/// An image that can't be parsed is refused: Kyverno then sees no image at all, and lets the others run unverified.
fn refuse_unparsable(images: &[ImageAt]) -> Option<ImagesVerdict> {
    let bad: Vec<String> = images
        .iter()
        .filter_map(|image| image.reference.as_ref().err())
        .map(ToString::to_string)
        .collect();
    if bad.is_empty() {
        return None;
    }
    let mut refused = ImagesVerdict::plain(RuleOutcome::Fail, bad.join("; "));
    refused.verdict.reason = Some((
        ReasonCode::BadReference,
        ReasonCode::BadReference.next_step().to_owned(),
    ));
    Some(refused)
}

fn pull_secrets(object: &Value, request: &Request) -> Vec<String> {
    let names = images::pull_secrets(object, &request.kind.kind);
    names
        .into_iter()
        .map(|name| format!("{}/{name}", request.namespace))
        .collect()
}

/// One run of a rule over its images.
struct Run<'r> {
    rule: &'r VerifyImagesRule,
    entries: &'r [Cow<'r, Entry>],
    listed: &'r [(&'r ImageAt, &'r ImageReference)],
    scope: &'r Scope<'r>,
    names: RuleNames<'r>,
    pull_secrets: Vec<String>,
}

impl Run<'_> {
    /// The mutating half, and on the command line the validating half on its result.
    fn verify(&self) -> Result<Option<ImagesVerdict>, Pending> {
        let mut outcomes = Vec::new();
        let mut digests: BTreeMap<String, Digest> = BTreeMap::new();
        let mut pending = false;
        for (index, entry) in self.entries.iter().enumerate() {
            for (_, reference) in self.listed {
                match self.judge(index, entry, reference) {
                    Ok(Some(outcome)) => {
                        if let Some(conflict) = note_digest(&mut digests, reference, &outcome) {
                            outcomes.push(conflict);
                        }
                        outcomes.push(outcome);
                    }
                    Ok(None) => {}
                    Err(Halt::Pending) => pending = true,
                    Err(Halt::Failed(cause)) => outcomes.push(ImageOutcome::new(OutcomeKind::Error, cause)),
                }
            }
        }
        if pending {
            return Err(Pending);
        }
        let pins = if outcomes.iter().any(|outcome| outcome.kind >= OutcomeKind::Error) {
            Vec::new()
        } else {
            self.pins(&digests, &mut outcomes)?
        };
        if self.scope.request().request().origin == Origin::CommandLine {
            outcomes.extend(self.shortcomings(&pins));
        }
        if outcomes.is_empty() {
            if pins.is_empty() {
                return Ok(None);
            }
            outcomes.push(ImageOutcome::new(
                OutcomeKind::Pass,
                "mutated image digest".to_owned(),
            ));
        }
        Ok(Some(summed_up(outcomes, pins)))
    }

    /// The validating half: what will be stored is judged again, whatever the object says about itself.
    fn validate(&self) -> Result<Option<ImagesVerdict>, Pending> {
        if !self
            .entries
            .iter()
            .any(|entry| entry.verify_digest || entry.required)
        {
            return Ok(None);
        }
        let mut outcomes: Vec<ImageOutcome> = Vec::new();
        let (mut skipped, mut passed, mut pending) = (Vec::new(), false, false);
        for (index, entry) in self.entries.iter().enumerate() {
            for (_, reference) in self.listed.iter().filter(|(_, reference)| entry.means(reference)) {
                let canonical = reference.canonical();
                if entry.verify_digest && reference.digest().is_none() {
                    outcomes.push(missing_digest(&canonical));
                } else if entry.skips(reference) {
                    skipped.push(canonical);
                } else if entry.required {
                    match self.judge(index, entry, reference) {
                        Ok(Some(outcome)) if outcome.kind == OutcomeKind::Pass => passed = true,
                        Ok(Some(outcome)) => {
                            let message = format!("unverified image {canonical}: {}", outcome.message);
                            outcomes.push(ImageOutcome { message, ..outcome });
                        }
                        Ok(None) => outcomes.push(unproven(&canonical)),
                        Err(Halt::Pending) => pending = true,
                        Err(Halt::Failed(cause)) => {
                            outcomes.push(ImageOutcome::new(OutcomeKind::Error, cause))
                        }
                    }
                }
            }
        }
        if pending {
            return Err(Pending);
        }
        if outcomes.is_empty() {
            let listed = if skipped.is_empty() {
                String::new()
            } else {
                format!(", skipped images: {}", skipped.join(" "))
            };
            let (kind, word) = if passed || skipped.is_empty() {
                (OutcomeKind::Pass, "verified")
            } else {
                (OutcomeKind::Skip, "skipped")
            };
            outcomes.push(ImageOutcome::new(kind, format!("image {word}{listed}")));
        }
        Ok(Some(summed_up(outcomes, Vec::new())))
    }

    /// One image under one entry; `None` where the entry demands no proof.
    fn judge(
        &self,
        index: usize,
        entry: &Entry,
        image: &ImageReference,
    ) -> Result<Option<ImageOutcome>, Halt> {
        if !entry.demands_proof() {
            return self.denied(index, image, &[]);
        }
        let canonical = image.canonical();
        let aloud = entry.skips(image);
        if aloud || !entry.means(image) {
            let RuleNames { policy, rule } = self.names;
            let message =
                format!("skipping image reference image {canonical}, policy {policy} ruleName {rule}");
            let kind = if aloud {
                OutcomeKind::SkipAloud
            } else {
                OutcomeKind::Skip
            };
            return Ok(Some(ImageOutcome::new(kind, message)));
        }
        let question = FactRequest::ImageFindings {
            asker: self.scope.asker().clone(),
            image: canonical,
            demand: self.demand_of(entry),
        };
        let Some(answer) = self.scope.facts().ask(&question) else {
            return Err(Halt::Pending);
        };
        let variables = image_variable(image);
        let scope = self.scope.merged(&variables);
        let mut named = Vec::new();
        let conditions = self
            .rule
            .entries
            .get(index)
            .map(|entry| entry.conditions.as_slice())
            .unwrap_or_default();
        let outcome = judge(entry, conditions, image, answer, &scope, &mut named)?;
        if outcome.kind != OutcomeKind::Pass {
            return Ok(Some(outcome));
        }
        Ok(self.denied(index, image, &named)?.or(Some(outcome)))
    }

    /// The demand with the Pod's pull secrets; shared as it is where there are none.
    fn demand_of(&self, entry: &Entry) -> Arc<image_trust::ImageDemand> {
        if self.pull_secrets.is_empty() {
            return Arc::clone(&entry.demand);
        }
        let mut demand = (*entry.demand).clone();
        demand.access = self.access_of(entry);
        Arc::new(demand)
    }

    fn access_of(&self, entry: &Entry) -> RegistryAccess {
        RegistryAccess {
            pull_secrets: self.pull_secrets.clone(),
            ..entry.demand.access.clone()
        }
    }

    /// `validate.deny` of the entry, over the named attestations.
    fn denied(
        &self,
        index: usize,
        image: &ImageReference,
        named: &[(String, Arc<Value>)],
    ) -> Result<Option<ImageOutcome>, Halt> {
        let Some(deny) = self.rule.entries.get(index).and_then(|entry| entry.deny.as_ref()) else {
            return Ok(None);
        };
        let mut variables = image_variable(image);
        variables.extend(
            named
                .iter()
                .map(|(name, value)| (name.clone(), (**value).clone())),
        );
        let outcome = deny.conditions.evaluate(&self.scope.merged(&variables));
        let outcome = outcome.map_err(|halt| halt.within("failed to validate in verifyImages"))?;
        let (kind, message) = if outcome.met {
            let parts = [deny.message.as_str(), outcome.message.as_str()];
            let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
            let message = if deny.message.is_empty() {
                "validation error: imageVerify  failed".to_owned()
            } else {
                parts.join("; ")
            };
            (
                OutcomeKind::Fail,
                format!("validation in verifyImages failed: {message}"),
            )
        } else {
            (
                OutcomeKind::Pass,
                format!("verifyImages validation is passed in {} rule", self.names.rule),
            )
        };
        Ok(Some(ImageOutcome::new(kind, message)))
    }

    /// Digests for every listed image that has none, if some entry pins.
    fn pins(
        &self,
        digests: &BTreeMap<String, Digest>,
        outcomes: &mut Vec<ImageOutcome>,
    ) -> Result<Vec<ImagePin>, Pending> {
        let Some(pinning) = self.entries.iter().find(|entry| entry.mutate_digest) else {
            return Ok(Vec::new());
        };
        let mut pins = Vec::new();
        let mut pending = false;
        for (image, reference) in self
            .listed
            .iter()
            .filter(|(_, reference)| reference.digest().is_none())
        {
            let canonical = reference.canonical();
            let known = digests.get(&canonical).cloned().map(Ok);
            let digest = match known.or_else(|| self.ask_digest(pinning, &canonical)) {
                None => {
                    pending = true;
                    continue;
                }
                Some(digest) => digest,
            };
            match digest {
                Ok(digest) => {
                    let pinned = (*reference).clone().with_digest(digest).pinned();
                    pins.push(ImagePin {
                        pointer: image.pointer.clone(),
                        image: pinned,
                    });
                }
                Err(cause) => {
                    outcomes.push(ImageOutcome::new(
                        OutcomeKind::Error,
                        format!("failed to update digest: {cause}"),
                    ));
                }
            }
        }
        if pending { Err(Pending) } else { Ok(pins) }
    }

    fn ask_digest(&self, entry: &Entry, canonical: &str) -> Option<Result<Digest, String>> {
        let question = FactRequest::ImageDigest {
            asker: self.scope.asker().clone(),
            image: canonical.to_owned(),
            access: self.access_of(entry),
        };
        Some(match self.scope.facts().ask(&question)? {
            Ok(Fact::Digest(digest)) => Ok(digest.clone()),
            Ok(Fact::Json(_) | Fact::Findings(_)) => Err("the answer is no digest".to_owned()),
            Err(FactError::Failed(cause) | FactError::NoLoader(cause)) => Err(cause.clone()),
            Err(FactError::Image { refusal, .. }) => Err(refusal.message.clone()),
        })
    }

    /// What the validating half would refuse of the pinned object (command line).
    fn shortcomings(&self, pins: &[ImagePin]) -> Vec<ImageOutcome> {
        let mut found = Vec::new();
        for entry in self.entries {
            for (image, reference) in self.listed.iter().filter(|(_, reference)| entry.means(reference)) {
                let pinned =
                    reference.digest().is_some() || pins.iter().any(|pin| pin.pointer == image.pointer);
                if entry.verify_digest && !pinned {
                    found.push(missing_digest(&reference.canonical()));
                } else if entry.required && !entry.demands_proof() {
                    found.push(unproven(&reference.canonical()));
                }
            }
        }
        found
    }
}

fn missing_digest(canonical: &str) -> ImageOutcome {
    let message = format!("missing digest for {canonical}");
    let reason = Some((
        ReasonCode::BadReference,
        ReasonCode::BadReference.next_step().to_owned(),
    ));
    ImageOutcome {
        reason,
        ..ImageOutcome::new(OutcomeKind::Fail, message)
    }
}

fn unproven(canonical: &str) -> ImageOutcome {
    let reason = Some((
        ReasonCode::PolicyError,
        "the rule requires a proof and names no attestor or attestation".to_owned(),
    ));
    ImageOutcome {
        reason,
        ..ImageOutcome::new(OutcomeKind::Fail, format!("unverified image {canonical}"))
    }
}

/// Remembers the digest an image was judged by; a second one for the same tag is an error (CVE-2022-47633).
fn note_digest(
    digests: &mut BTreeMap<String, Digest>,
    image: &ImageReference,
    outcome: &ImageOutcome,
) -> Option<ImageOutcome> {
    let digest = outcome.digest.clone()?;
    let canonical = image.canonical();
    let known = digests.entry(canonical.clone()).or_insert_with(|| digest.clone());
    let moved = *known != digest;
    moved.then(|| {
        let message = format!(
            "failed to verify image {canonical}: its tag moved from {known} to {digest} while it was judged"
        );
        ImageOutcome::new(OutcomeKind::Error, message)
    })
}

/// One verdict of all outcomes: the worst kind, with the messages of that kind.
fn summed_up(outcomes: Vec<ImageOutcome>, pins: Vec<ImagePin>) -> ImagesVerdict {
    let worst = outcomes
        .iter()
        .map(|outcome| outcome.kind)
        .max()
        .unwrap_or(OutcomeKind::Skip);
    let warns = outcomes
        .iter()
        .any(|outcome| outcome.kind == OutcomeKind::SkipAloud);
    let outcome = match worst {
        OutcomeKind::Skip | OutcomeKind::SkipAloud => RuleOutcome::Skip,
        OutcomeKind::Pass => RuleOutcome::Pass,
        OutcomeKind::Error => RuleOutcome::Error,
        OutcomeKind::Fail => RuleOutcome::Fail,
    };
    let mut messages: Vec<String> = Vec::new();
    let mut reason = None;
    let mut explanation: Vec<ExplainLine> = Vec::new();
    for found in outcomes {
        if found.kind == worst && !messages.contains(&found.message) {
            explanation.push(line(0, found.message.clone()));
            messages.push(found.message);
            reason = reason.or(found.reason);
        }
        explanation.extend(found.explanation);
    }
    let verdict = Verdict {
        reason,
        explanation,
        ..Verdict::new(outcome, messages.join("; "))
    };
    ImagesVerdict { verdict, pins, warns }
}

/// The variable `image` in conditions. Empty fields are left out, as Kyverno does.
fn image_variable(image: &ImageReference) -> Map<String, Value> {
    let mut fields = json!({"name": image.name(), "path": image.path(), "reference": image.canonical(),
        "referenceWithTag": image.reference_with_tag()});
    if let Some(fields) = fields.as_object_mut() {
        if !image.registry().is_empty() {
            fields.insert("registry".to_owned(), image.registry().into());
        }
        fields.extend(image.tag().map(|tag| ("tag".to_owned(), tag.into())));
        fields.extend(
            image
                .digest()
                .map(|digest| ("digest".to_owned(), digest.to_string().into())),
        );
    }
    Map::from_iter([("image".to_owned(), fields)])
}
