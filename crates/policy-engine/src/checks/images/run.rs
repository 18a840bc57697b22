//! One run of a `verifyImages` rule over its images: the mutating half, the validating half.
//!
//! In: ready entries, the images they mean, a scope. Out: one verdict for the rule, and the digests to pin.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use image_reference::{Digest, ImageReference};
use image_trust::{ReasonCode, RegistryAccess};
use serde_json::{Map, Value, json};

use super::entry::Entry;
use super::image::{ImageOutcome, OutcomeKind, judge, line};
use crate::checks::Pending;
use crate::checks::conditions::Conditions;
use crate::context::Scope;
use crate::facts::{FactRequest, Halt};
use crate::outcome::{ExplainLine, RuleOutcome, Verdict};
use crate::request::Origin;
use crate::request::images::{ImageAt, PullSecrets};

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

/// What an entry checks beside its demand.
#[derive(Debug, Clone)]
pub(super) struct EntryChecks {
    /// Conditions of each attestation, in order.
    pub(super) conditions: Vec<Option<Conditions>>,
    /// `validate.deny`
    pub(super) deny: Option<Deny>,
}

/// `validate.deny` of an entry.
#[derive(Debug, Clone)]
pub(super) struct Deny {
    pub(super) message: String,
    pub(super) conditions: Conditions,
}

impl ImagesVerdict {
    pub(super) fn plain(outcome: RuleOutcome, message: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::new(outcome, message),
            pins: Vec::new(),
            warns: false,
        }
    }
}

/// One run of a rule over its images.
pub(super) struct Run<'r> {
    pub(super) checks: Vec<&'r EntryChecks>,
    pub(super) entries: &'r [Cow<'r, Entry>],
    pub(super) listed: &'r [(&'r ImageAt, &'r ImageReference)],
    pub(super) scope: &'r Scope<'r>,
    pub(super) names: RuleNames<'r>,
    pub(super) pull_secrets: PullSecrets,
}

impl Run<'_> {
    /// The mutating half, and on the command line the validating half on its result.
    pub(super) fn verify(&self) -> Result<Option<ImagesVerdict>, Pending> {
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
        // An image that was refused or could not be asked about is not pinned: that it lacks a digest must not hide why.
        let is_unjudged = outcomes.iter().any(|outcome| outcome.kind >= OutcomeKind::Error);
        if self.scope.request().request().origin == Origin::CommandLine && !is_unjudged {
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
    pub(super) fn validate(&self) -> Result<Option<ImagesVerdict>, Pending> {
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
                    continue;
                }
                match self.skips(entry, reference) {
                    Ok(false) => {}
                    Ok(true) => {
                        skipped.push(canonical);
                        continue;
                    }
                    Err(Pending) => {
                        pending = true;
                        continue;
                    }
                }
                if entry.required {
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
        let aloud = self.skips(entry, image).map_err(|Pending| Halt::Pending)?;
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
            .checks
            .get(index)
            .map(|checks| checks.conditions.as_slice())
            .unwrap_or_default();
        let outcome = judge(entry, conditions, image, answer, &scope, &mut named)?;
        if outcome.kind != OutcomeKind::Pass {
            return Ok(Some(outcome));
        }
        Ok(self.denied(index, image, &named)?.or(Some(outcome)))
    }

    /// Whether the entry skips the image. One pinned beside a skipped tag is skipped while the tag means that digest.
    fn skips(&self, entry: &Entry, image: &ImageReference) -> Result<bool, Pending> {
        if entry.skips(image) {
            return Ok(true);
        }
        if !entry.skips_tag_of(image) {
            return Ok(false);
        }
        match self.ask_digest(entry, &image.reference_with_tag()) {
            None => Err(Pending),
            Some(Ok(digest)) => Ok(image.digest() == Some(&digest)),
            Some(Err(_)) => Ok(false),
        }
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
        self.pull_secrets.added_to(&entry.demand.access)
    }

    /// `validate.deny` of the entry, over the named attestations.
    fn denied(
        &self,
        index: usize,
        image: &ImageReference,
        named: &[(String, Arc<Value>)],
    ) -> Result<Option<ImageOutcome>, Halt> {
        let Some(deny) = self.checks.get(index).and_then(|checks| checks.deny.as_ref()) else {
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
        let found = self.scope.facts().digest(&question)?;
        Some(found.cloned().map_err(ToOwned::to_owned))
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
