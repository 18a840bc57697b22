//! Attestations against their conditions.
//!
//! Every verified statement of the demanded type must meet every condition; a statement that nobody verified is never
//! looked at. Spec: verify-images §3.6–3.8.

use std::sync::Arc;

use image_trust::{Proof, ReasonCode, Refusal, SignerFinding, Statement};
use serde_json::Value;

use super::attestors::{Attestor, AttestorSet};
use super::entry::Attestation;
use crate::checks::conditions::Conditions;
use crate::context::Scope;
use crate::facts::Halt;

/// How Kyverno says, in these letters, that what is attested is of other types only; it names the attestor then, as it
/// does for failed conditions, and for nothing else.
const OTHER_TYPES_ONLY: &str = "attestions not found for predicate type";

/// Why an attestation is not met.
#[derive(Debug)]
pub(super) struct Unattested {
    /// Kyverno's text.
    pub(super) text: String,
    /// The refusal nearest to being met.
    pub(super) refusal: Option<Refusal>,
}

/// What one attestation adds to the rule: its predicate, under the name it has.
pub(super) type Named = Option<(String, Arc<Value>)>;

/// The attestation at `index` of an entry, its conditions, and what was found for it.
pub(super) struct Question<'q> {
    pub(super) image: &'q str,
    pub(super) index: usize,
    pub(super) attestation: &'q Attestation,
    pub(super) conditions: Option<&'q Conditions>,
    pub(super) findings: &'q [SignerFinding],
}

impl Question<'_> {
    /// Judges every attestor set of the attestation.
    ///
    /// # Errors
    /// `Ok(Err(_))` where a set is not met; `Err(Pending)` as [`Halt::Pending`] where a condition needs a fact.
    pub(super) fn judge(&self, scope: &Scope<'_>) -> Result<Result<Named, Unattested>, Halt> {
        let mut first: Option<Arc<Statement>> = None;
        for (at, set) in self.attestation.sets.iter().enumerate() {
            let path = format!(".attestations[{}].attestors[{at}]", self.index);
            let mut tally = Tally::default();
            self.count(set, &path, scope, &mut tally)?;
            if tally.met < set.required {
                let text = format!(
                    "image attestations verification failed, verifiedCount: {}, requiredCount: {}, error: {}",
                    tally.met,
                    set.required,
                    tally.texts.join("; ")
                );
                return Ok(Err(Unattested {
                    text,
                    refusal: tally.refusal,
                }));
            }
            first = first.or(tally.first);
        }
        let name = self.attestation.name.clone();
        Ok(Ok(name.zip(
            first.map(|statement| Arc::new(statement.predicate.clone())),
        )))
    }

    fn count(&self, set: &AttestorSet, path: &str, scope: &Scope<'_>, tally: &mut Tally) -> Result<(), Halt> {
        for (index, attestor) in set.entries.iter().enumerate() {
            if tally.met >= set.required {
                break;
            }
            let place = format!("{path}.entries[{index}]");
            match attestor {
                Attestor::Nested(nested) => {
                    let mut inner = Tally::default();
                    self.count(nested, &format!("{place}.attestor"), scope, &mut inner)?;
                    let met = inner.met >= nested.required;
                    tally.absorb(inner, met);
                }
                Attestor::Leaf { signer, suffix } => match self.findings.get(*signer) {
                    Some(Ok(proof)) => match self.statements_hold(proof, scope)? {
                        Ok(()) => {
                            tally.met = tally.met.saturating_add(1);
                            tally.first = tally.first.take().or_else(|| proof.statements().first().cloned());
                        }
                        Err(refusal) => {
                            tally.refuse(format!("{place}{suffix}: {}", refusal.message), refusal)
                        }
                    },
                    Some(Err(refusal)) if refusal.message.starts_with(OTHER_TYPES_ONLY) => {
                        tally.refuse(format!("{place}{suffix}: {}", refusal.message), refusal.clone());
                    }
                    Some(Err(refusal)) => tally.refuse(refusal.message.clone(), refusal.clone()),
                    None => tally.texts.push(format!("{place}{suffix}: no answer was found")),
                },
            }
        }
        Ok(())
    }

    /// All statements of the type, against all conditions.
    fn statements_hold(&self, proof: &Proof, scope: &Scope<'_>) -> Result<Result<(), Refusal>, Halt> {
        let wanted = &self.attestation.predicate_type;
        if proof.statements().is_empty() {
            let message = format!("{OTHER_TYPES_ONLY} {wanted}");
            return Ok(Err(Refusal::new(ReasonCode::AttestationMissing, message)));
        }
        let Some(conditions) = self.conditions else {
            return Ok(Ok(()));
        };
        let mut pending = false;
        for statement in proof.statements() {
            let refused = |message: String| Refusal {
                code: ReasonCode::AttestationConditions,
                message,
                demanded: format!("conditions over every {wanted} statement"),
                found: vec![format!("{} does not meet them", told(statement))],
            };
            let Some(predicate) = statement.predicate.as_object() else {
                return Ok(Err(refused(
                    "failed to extract predicate from statement: expected an object".to_owned(),
                )));
            };
            match conditions.evaluate(&scope.merged(predicate)) {
                Ok(outcome) if outcome.met => {}
                Ok(outcome) => {
                    let image = self.image;
                    let message = format!(
                        "attestation checks failed for {image} and predicate {wanted}: {}",
                        outcome.message
                    );
                    return Ok(Err(refused(message)));
                }
                Err(Halt::Pending) => pending = true,
                Err(Halt::Failed(cause)) => {
                    return Ok(Err(refused(format!("failed to check attestations: {cause}"))));
                }
            }
        }
        if pending { Err(Halt::Pending) } else { Ok(Ok(())) }
    }
}

/// A statement for people: where it was found, and what it says where its type is well known.
pub(super) fn told(statement: &Statement) -> String {
    match statement.summary() {
        None => statement.origin.clone(),
        Some(summary) => format!("{} ({summary})", statement.origin),
    }
}

#[derive(Debug, Default)]
struct Tally {
    met: usize,
    texts: Vec<String>,
    refusal: Option<Refusal>,
    first: Option<Arc<Statement>>,
}

impl Tally {
    fn refuse(&mut self, text: String, refusal: Refusal) {
        self.texts.push(text);
        // The refusal nearest to being met says most: conditions failed over nothing found.
        let nearer = |kept: &Refusal| kept.code != ReasonCode::AttestationConditions;
        if self.refusal.as_ref().is_none_or(nearer) {
            self.refusal = Some(refusal);
        }
    }

    fn absorb(&mut self, inner: Self, met: bool) {
        if met {
            self.met = self.met.saturating_add(1);
            self.first = self.first.take().or(inner.first);
        } else {
            self.texts.extend(inner.texts);
            if let Some(refusal) = inner.refusal {
                self.refusal = self.refusal.take().or(Some(refusal));
            }
        }
    }
}
