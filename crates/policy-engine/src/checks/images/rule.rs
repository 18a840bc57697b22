//! A whole `verifyImages` rule: every entry, every image, one verdict.

use std::borrow::Cow;

use image_reference::{DefaultRegistry, ImageReference};
use image_trust::ReasonCode;
use jmespath::Environment;
use serde_json::Value;

use super::entry::Entry;
use super::extract::ImageExtractors;
use super::run::{Deny, EntryChecks, ImagesVerdict, RuleNames, Run};
use crate::checks::Pending;
use crate::checks::conditions::Conditions;
use crate::compile_error::{CompileError, collect};
use crate::context::{JsonPath, Scope, Template};
use crate::facts::Halt;
use crate::outcome::{FailureAction, RuleOutcome};
use crate::request::images::{self, ImageAt, MOST_IMAGES};
use crate::request::{Operation, Request, Stage};

/// A compiled `verifyImages` rule.
#[derive(Debug, Clone)]
pub struct VerifyImagesRule {
    entries: Vec<RuleEntry>,
    extractors: Option<ImageExtractors>,
}

#[derive(Debug, Clone)]
struct RuleEntry {
    form: EntryForm,
    checks: EntryChecks,
    failure_action: Option<FailureAction>,
}

/// An entry is compiled at load unless variables stand in it.
#[derive(Debug, Clone)]
enum EntryForm {
    Ready(Box<Entry>),
    Variable(Template),
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
        let secrets = images::pull_secrets(object, &request.kind.kind, &request.namespace);
        let run = Run {
            checks: self.entries.iter().map(|entry| &entry.checks).collect(),
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
                checks: EntryChecks { conditions, deny },
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
