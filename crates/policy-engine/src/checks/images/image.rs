//! One image under one entry: asked about, judged, described.

use image_reference::{Digest, ImageReference};
use image_trust::{ImageFindings, ReasonCode, Refusal, SignerFinding};

use super::entry::Entry;
use super::signatures;
use super::statements::{Named, Question, told};
use crate::checks::conditions::Conditions;
use crate::context::Scope;
use crate::facts::{Fact, FactError, Halt};
use crate::outcome::ExplainLine;

/// What became of one image under one entry.
#[derive(Debug)]
pub(super) struct ImageOutcome {
    pub(super) kind: OutcomeKind,
    pub(super) message: String,
    pub(super) reason: Option<(ReasonCode, String)>,
    pub(super) digest: Option<Digest>,
    pub(super) explanation: Vec<ExplainLine>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum OutcomeKind {
    Skip,
    SkipAloud,
    Pass,
    Error,
    Fail,
}

impl ImageOutcome {
    pub(super) fn new(kind: OutcomeKind, message: String) -> Self {
        Self {
            kind,
            message,
            reason: None,
            digest: None,
            explanation: Vec::new(),
        }
    }

    pub(super) fn refused(kind: OutcomeKind, message: String, refusal: &Refusal) -> Self {
        Self {
            reason: Some((refusal.code, sentence(refusal))),
            ..Self::new(kind, message)
        }
    }
}

/// What was demanded, what was found, and what to do: the sentence that Kyverno's text lacks.
pub(crate) fn sentence(refusal: &Refusal) -> String {
    let mut parts = Vec::new();
    if !refusal.demanded.is_empty() {
        parts.push(format!("demanded {}", refusal.demanded));
    }
    match refusal.found.split_first() {
        None => {}
        Some((nearest, [])) => parts.push(format!("found {nearest}")),
        Some((nearest, others)) => parts.push(format!("found {nearest} and {} more", others.len())),
    }
    parts.push(refusal.code.next_step().to_owned());
    parts.join("; ")
}

/// Judges what was found about `image`, or the reason why nothing could be.
pub(super) fn judge(
    entry: &Entry,
    conditions: &[Option<Conditions>],
    image: &ImageReference,
    answer: &Result<Fact, FactError>,
    scope: &Scope<'_>,
    named: &mut Vec<(String, std::sync::Arc<serde_json::Value>)>,
) -> Result<ImageOutcome, Halt> {
    let canonical = image.canonical();
    match answer {
        Ok(Fact::Findings(findings)) => judge_findings(entry, conditions, &canonical, findings, scope, named),
        Ok(Fact::Json(_) | Fact::Digest(_)) => Ok(unreachable_image(
            entry,
            &canonical,
            &Refusal::new(ReasonCode::PolicyError, "the answer is no finding"),
            true,
        )),
        Err(FactError::Image { refusal, network }) => {
            Ok(unreachable_image(entry, &canonical, refusal, *network))
        }
        Err(FactError::Failed(cause) | FactError::Absent(cause)) => Ok(unreachable_image(
            entry,
            &canonical,
            &Refusal::new(ReasonCode::RegistryUnreachable, cause.clone()),
            true,
        )),
        Err(FactError::NoLoader(cause)) => Ok(unreachable_image(
            entry,
            &canonical,
            &Refusal::new(ReasonCode::Offline, cause.clone()),
            true,
        )),
    }
}

/// The image could not be looked at at all. A network error is status `error`, as in Kyverno.
fn unreachable_image(entry: &Entry, canonical: &str, refusal: &Refusal, network: bool) -> ImageOutcome {
    let is_error = network && (!entry.attestors.is_empty() || refusal.code == ReasonCode::Offline);
    let kind = if is_error {
        OutcomeKind::Error
    } else {
        OutcomeKind::Fail
    };
    let message = if entry.attestors.is_empty() {
        let required = entry
            .attestations
            .first()
            .and_then(|a| a.sets.first())
            .map_or(1, |set| set.required);
        format!(
            "image attestations verification failed, verifiedCount: 0, requiredCount: {required}, error: {}",
            refusal.message
        )
    } else {
        let place = signatures::first_place(&entry.attestors, ".attestors");
        format!("failed to verify image {canonical}: {place}: {}", refusal.message)
    };
    ImageOutcome::refused(kind, message, refusal)
}

fn judge_findings(
    entry: &Entry,
    conditions: &[Option<Conditions>],
    canonical: &str,
    findings: &ImageFindings,
    scope: &Scope<'_>,
    named: &mut Vec<(String, std::sync::Arc<serde_json::Value>)>,
) -> Result<ImageOutcome, Halt> {
    let mut explanation = examined(canonical, findings);
    for (index, set) in entry.attestors.iter().enumerate() {
        match signatures::meet(set, &findings.signers, &format!(".attestors[{index}]")) {
            Ok(proofs) => {
                let by = proofs
                    .iter()
                    .map(|proof| format!("{} ({})", proof.signed_by(), proof.origin()));
                explanation.extend(by.map(|text| line(1, format!("attestors[{index}]: signed by {text}"))));
            }
            Err(unmet) => {
                let message = format!("failed to verify image {canonical}: {}", unmet.text);
                explanation.extend(
                    unmet
                        .refusals
                        .iter()
                        .flat_map(|refusal| refused_lines(index, refusal)),
                );
                let outcome = match nearest(&unmet.refusals) {
                    Some(refusal) => ImageOutcome::refused(kind_of(refusal), message, refusal),
                    None => ImageOutcome::new(OutcomeKind::Fail, message),
                };
                return Ok(ImageOutcome {
                    explanation,
                    digest: Some(findings.digest.clone()),
                    ..outcome
                });
            }
        }
    }
    let none = Vec::new();
    for (index, attestation) in entry.attestations.iter().enumerate() {
        let question = Question {
            image: canonical,
            index,
            attestation,
            conditions: conditions.get(index).and_then(Option::as_ref),
            findings: findings.attestations.get(index).unwrap_or(&none),
        };
        let verified = verified_lines(question.findings);
        let judged: Result<Named, _> = question.judge(scope)?;
        match judged {
            Ok(bound) => {
                let kind = &attestation.predicate_type;
                explanation.push(line(1, format!("attestations[{index}]: {kind} holds")));
                explanation.extend(verified);
                named.extend(bound);
            }
            Err(unattested) => {
                explanation.push(line(1, format!("attestations[{index}]: {}", unattested.text)));
                explanation.extend(verified);
                let outcome = match &unattested.refusal {
                    Some(refusal) => {
                        let refusal = with_types(refusal, findings);
                        ImageOutcome::refused(kind_of(&refusal), unattested.text, &refusal)
                    }
                    None => ImageOutcome::new(OutcomeKind::Fail, unattested.text),
                };
                return Ok(ImageOutcome {
                    explanation,
                    digest: Some(findings.digest.clone()),
                    ..outcome
                });
            }
        }
    }
    let proven = if entry.attestations.is_empty() {
        "signatures"
    } else {
        "attestations"
    };
    let outcome = ImageOutcome::new(
        OutcomeKind::Pass,
        format!("verified image {proven} for {canonical}"),
    );
    Ok(ImageOutcome {
        explanation,
        digest: Some(findings.digest.clone()),
        ..outcome
    })
}

/// Every statement that a demanded signer made, and what it says.
fn verified_lines(findings: &[SignerFinding]) -> Vec<ExplainLine> {
    let statements = findings.iter().flatten().flat_map(|proof| {
        let by = proof.signed_by();
        proof.statements().iter().map(move |statement| (statement, by))
    });
    statements
        .map(|(statement, by)| line(2, format!("{}, attested by {by}", told(statement))))
        .collect()
}

/// Evidence that was not looked at because nothing may be asked is no verdict about the image.
fn kind_of(refusal: &Refusal) -> OutcomeKind {
    if refusal.code == ReasonCode::Offline {
        OutcomeKind::Error
    } else {
        OutcomeKind::Fail
    }
}

/// A refusal for a missing type lists the types that the image does have.
fn with_types(refusal: &Refusal, findings: &ImageFindings) -> Refusal {
    let mut refusal = refusal.clone();
    if refusal.code == ReasonCode::AttestationMissing
        && refusal.found.is_empty()
        && !findings.predicate_types.is_empty()
    {
        refusal.found = vec![format!(
            "attestations of type {}",
            findings.predicate_types.join(", ")
        )];
    }
    refusal
}

/// The refusal that came furthest: one with candidates over one without.
fn nearest<'r>(refusals: &[&'r Refusal]) -> Option<&'r Refusal> {
    refusals
        .iter()
        .find(|refusal| !refusal.found.is_empty())
        .or_else(|| refusals.first())
        .copied()
}

fn examined(canonical: &str, findings: &ImageFindings) -> Vec<ExplainLine> {
    let mut lines = vec![line(0, format!("image {canonical} is {}", findings.digest))];
    lines.extend(findings.examined.iter().map(|examined| match &examined.outcome {
        Ok(kept) => line(1, format!("{}: {kept}", examined.what)),
        Err(skipped) => line(1, format!("{}: skipped, {skipped}", examined.what)),
    }));
    lines
}

fn refused_lines(index: usize, refusal: &Refusal) -> Vec<ExplainLine> {
    let mut lines = vec![line(
        1,
        format!(
            "attestors[{index}]: {} [{}]",
            refusal.message,
            refusal.code.as_str()
        ),
    )];
    if !refusal.demanded.is_empty() {
        lines.push(line(2, format!("demanded: {}", refusal.demanded)));
    }
    lines.extend(
        refusal
            .found
            .iter()
            .map(|found| line(2, format!("found: {found}"))),
    );
    lines
}

pub(super) fn line(depth: usize, text: String) -> ExplainLine {
    ExplainLine { depth, text }
}
