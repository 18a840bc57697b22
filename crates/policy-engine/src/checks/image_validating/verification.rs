//! The functions that verify: who of the attestors signed, who attested, and what.
//!
//! In: an image and attestors by name. Out: how many of them were proven, as Kyverno counts; facts that are missing are asked for
//! and unwind. What could not be looked at is an error unless somebody was proven: a count of nobody says that nobody
//! signed, and an expression may build on that. Never: an attestation counted as a signature, or a payload that nobody
//! verified. Spec: cel-policies §1.9.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use image_reference::{DefaultRegistry, Digest, ImageReference};
use image_trust::{
    AttestationDemand, ImageDemand, ImageFindings, Layouts, Permanence, ReasonCode, Refusal, RegistryAccess,
    SignerFinding, Statement,
};
use policy_cel::{Answer, Budget, Question, Value};
use serde_json::json;

use super::attestations::Attestation;
use super::attestors::Attestor;
use super::choices::Choices;
use super::compiled::CompiledImages;
use super::ledger::{Ledger, Payload};
use super::references::ImageNames;
use super::signers::Signers;
use crate::expressions::{ImageAnswers, World, image_metadata_of};
use crate::facts::{Asker, Fact, FactError, FactRequest, FactView, Halt};

/// Kyverno's text for a payload that nobody verified.
const UNVERIFIED_PAYLOAD: &str =
    "failed to get payload: intoto attestation payload cannot be fetch before verifying intoto attestation";
/// The type that statements had when cosign shows them to policies.
const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v0.1";

/// Whom attestors stand for whose expressions have run, by name.
///
/// They run between runs of the validations and not inside one: a call stands at the bottom of an expression, and another
/// one on top of that might use up the stack.
pub(super) type ResolvedAttestors = BTreeMap<String, Result<Arc<Signers>, Halt>>;

/// What verifies for one run of a policy's expressions.
pub(super) struct Verification<'r> {
    pub(super) policy: &'r CompiledImages,
    pub(super) facts: &'r FactView<'r>,
    pub(super) asker: Asker,
    pub(super) access: RegistryAccess,
    pub(super) registry: &'r DefaultRegistry,
    pub(super) budget: Rc<Budget>,
    /// Whom attestors stand for whose expressions have run.
    pub(super) resolved: &'r ResolvedAttestors,
    /// Attestors whose expressions must run first.
    pub(super) unresolved: RefCell<BTreeSet<String>>,
    pub(super) ledger: RefCell<Ledger>,
    pub(super) choices: RefCell<Choices>,
}

/// An attestor that is asked about, and its place among the signers of a demand.
struct Asked<'a> {
    name: &'a str,
    places: Range<usize>,
}

/// What one call found so far.
#[derive(Default)]
struct Tally {
    /// How many attestors were proven.
    proven: i64,
    /// What they attested.
    statements: Vec<Arc<Statement>>,
    /// Whether an answer is missing.
    is_pending: bool,
    /// Why somebody could not be judged.
    unknown: Option<String>,
}

/// What a call asks of an image.
#[derive(Clone, Copy)]
enum Wanted<'w> {
    Signatures,
    Attestation(&'w str, &'w Attestation),
}

impl<'r> ImageAnswers<'r> for Verification<'r> {
    fn answer(&self, question: &Question<'_>, world: &World<'r>) -> Answer<'r> {
        let answered = match question {
            Question::VerifyImageSignatures { image, attestors } => {
                self.verified(image, Wanted::Signatures, attestors)
            }
            Question::VerifyAttestationSignatures {
                image,
                attestation,
                attestors,
            } => self
                .attestation(attestation)
                .and_then(|found| self.verified(image, Wanted::Attestation(attestation, found), attestors)),
            Question::ExtractPayload { image, attestation } => self.payload(image, attestation),
            Question::ImageData { image } | Question::ImageMetadata { image } => {
                return image_metadata_of(world, image, self.access.clone()).unwrap_or_else(|answer| answer);
            }
            Question::ResourceGet { .. }
            | Question::ResourceList { .. }
            | Question::ResourcePost { .. }
            | Question::ResourceName { .. }
            | Question::GlobalContext { .. }
            | Question::Http { .. }
            | Question::Authorize(_)
            | Question::Now
            | Question::Random => Err(Halt::Failed("this is not known of an image".to_owned())),
        };
        match answered {
            Ok(value) => Answer::Ready(value),
            Err(Halt::Pending) => Answer::Pending,
            Err(Halt::Failed(cause)) => Answer::Failed(cause.into()),
        }
    }
}

impl<'r> Verification<'r> {
    /// How many of `attestors` signed `image`, or attested to it; none of one that the policy does not mean.
    fn verified(
        &self,
        image: &str,
        wanted: Wanted<'_>,
        attestors: &[String],
    ) -> Result<Value<'static>, Halt> {
        let reference = ImageReference::parse(image, self.registry).ok();
        let names = ImageNames::of(image, reference.as_ref());
        if !self.policy.references.mean(&names, &self.budget)? {
            return Ok(Value::Int(0));
        }
        let mut found = Vec::new();
        let mut pending = false;
        for name in attestors {
            match self.signers(name) {
                Ok(signers) => found.push((name.clone(), signers)),
                Err(Halt::Pending) => pending = true,
                Err(failed @ Halt::Failed(_)) => return Err(failed),
            }
        }
        if pending {
            return Err(Halt::Pending);
        }
        if let Wanted::Attestation(_, attestation) = wanted {
            let mut kinds = found.iter().map(|(_, signers)| signers.layouts);
            if attestation.layouts != Layouts::Notary && kinds.any(|layouts| layouts == Layouts::Notary) {
                let message = "notary verifier only supports oci 1.1 referrers as attestations";
                return Err(Halt::Failed(message.to_owned()));
            }
        }
        self.count(image, wanted, &found)
    }

    /// Whom an attestor stands for.
    fn signers(&self, name: &str) -> Result<Arc<Signers>, Halt> {
        match self.policy.attestors.get(name) {
            None => Err(Halt::Failed(format!("attestor not found in policy: {name}"))),
            Some(Attestor::Ready(signers)) => Ok(Arc::clone(signers)),
            Some(Attestor::Open(_)) => match self.resolved.get(name) {
                Some(known) => known.clone(),
                None => {
                    self.unresolved.borrow_mut().insert(name.to_owned());
                    Err(Halt::Pending)
                }
            },
        }
    }

    /// `extractPayload`: a verified statement.
    fn payload(&self, image: &str, name: &str) -> Result<Value<'static>, Halt> {
        let attestation = self.attestation(name)?;
        let image = self.parse(image)?.canonical();
        let ledger = self.ledger.borrow();
        let statements = match ledger.payload(&image, name) {
            Some(Payload::Pending) => return Err(Halt::Pending),
            Some(Payload::Verified(statements)) if !statements.is_empty() => statements,
            Some(Payload::Verified(_) | Payload::Refused) | None => {
                return Err(Halt::Failed(UNVERIFIED_PAYLOAD.to_owned()));
            }
        };
        let at = self.choices.borrow_mut().choose(&image, name, statements.len());
        let Some(statement) = statements.get(at) else {
            return Err(Halt::Failed(UNVERIFIED_PAYLOAD.to_owned()));
        };
        let payload = match attestation.layouts {
            Layouts::Notary => statement.predicate.clone(),
            Layouts::Sigstore | Layouts::BundlesOnly => json!({
                "_type": STATEMENT_TYPE,
                "predicateType": statement.predicate_type,
                "subject": statement.subject,
                "predicate": statement.predicate,
            }),
        };
        Ok(Value::from_decoded(payload))
    }

    fn attestation(&self, name: &str) -> Result<&Attestation, Halt> {
        let unknown = || Halt::Failed(format!("attestation not found in policy: {name}"));
        self.policy.attestations.get(name).ok_or_else(unknown)
    }

    /// What `image` means.
    fn parse(&self, image: &str) -> Result<ImageReference, Halt> {
        ImageReference::parse(image, self.registry)
            .map_err(|error| Halt::Failed(format!("failed to get imagedata: {error}")))
    }

    fn count(
        &self,
        image: &str,
        wanted: Wanted<'_>,
        attestors: &[(String, Arc<Signers>)],
    ) -> Result<Value<'static>, Halt> {
        let canonical = self.parse(image)?.canonical();
        let mut tally = Tally::default();
        for layouts in [Layouts::Sigstore, Layouts::Notary] {
            let Some((question, asked)) = self.question(&canonical, layouts, wanted, attestors) else {
                continue;
            };
            match self.facts.ask(&question) {
                None => tally.is_pending = true,
                Some(answer) => self.take(&canonical, wanted, findings(answer)?, &asked, &mut tally)?,
            }
        }
        if let Wanted::Attestation(name, attestation) = wanted {
            let refusals = mismatched(attestation, attestors);
            if !refusals.is_empty() {
                self.note(&canonical, None, false, &refusals)?;
            }
            let payload = match (tally.is_pending, tally.proven) {
                (true, _) => Payload::Pending,
                (false, 0) => Payload::Refused,
                (false, _) => Payload::Verified(std::mem::take(&mut tally.statements)),
            };
            self.ledger.borrow_mut().note_payload(&canonical, name, payload);
        }
        match (tally.is_pending, tally.unknown) {
            (true, _) => Err(Halt::Pending),
            (false, Some(cause)) if tally.proven == 0 => Err(Halt::Failed(cause)),
            (false, _) => Ok(Value::Int(tally.proven)),
        }
    }

    /// Adds to `tally` what was found of those who were `asked` about.
    fn take(
        &self,
        canonical: &str,
        wanted: Wanted<'_>,
        findings: &ImageFindings,
        asked: &[Asked<'_>],
        tally: &mut Tally,
    ) -> Result<(), Halt> {
        let mut refusals = Vec::new();
        let before = tally.proven;
        for one in asked {
            let found = answers(findings, wanted).get(one.places.clone()).unwrap_or(&[]);
            tally.proven = tally
                .proven
                .saturating_add(i64::from(found.iter().any(Result::is_ok)));
            self.explain(canonical, findings, wanted, one, found);
            for finding in found {
                match finding {
                    Ok(proof) => tally.statements.extend(proof.statements().iter().cloned()),
                    Err(refusal) => refusals.push(refusal.clone()),
                }
            }
        }
        let unknown = refusals
            .iter()
            .find(|refusal| refusal.code.permanence() == Permanence::Transient);
        tally.unknown = tally
            .unknown
            .take()
            .or(unknown.map(|refusal| refusal.message.clone()));
        self.note(
            canonical,
            Some(&findings.digest),
            tally.proven > before,
            &refusals,
        )
    }

    fn note(
        &self,
        canonical: &str,
        digest: Option<&Digest>,
        is_proven: bool,
        refusals: &[Refusal],
    ) -> Result<(), Halt> {
        let noted = self
            .ledger
            .borrow_mut()
            .note(canonical, digest.cloned(), is_proven, refusals);
        noted.map_err(|moved| Halt::Failed(format!("failed to verify image {canonical}: {moved}")))
    }

    /// The question about everyone of `attestors` whose signatures have these layouts.
    fn question<'a>(
        &self,
        canonical: &str,
        layouts: Layouts,
        wanted: Wanted<'_>,
        attestors: &'a [(String, Arc<Signers>)],
    ) -> Option<(FactRequest, Vec<Asked<'a>>)> {
        if matches!(wanted, Wanted::Attestation(_, attestation) if attestation.layouts != layouts) {
            return None;
        }
        let mut demanded = Vec::new();
        let mut access = self.access.clone();
        let mut asked = Vec::new();
        for (name, signers) in attestors.iter().filter(|(_, signers)| signers.layouts == layouts) {
            let start = demanded.len();
            demanded.extend(signers.any_of.iter().cloned());
            asked.push(Asked {
                name,
                places: start..demanded.len(),
            });
            for secret in &signers.secrets {
                if !access.secrets.contains(secret) {
                    access.secrets.push(secret.clone());
                }
            }
        }
        if asked.is_empty() {
            return None;
        }
        let mut demand = ImageDemand {
            layouts,
            signers: Vec::new(),
            attestations: Vec::new(),
            access,
        };
        match wanted {
            Wanted::Signatures => demand.signers = demanded,
            Wanted::Attestation(_, attestation) => demand.attestations.push(AttestationDemand {
                predicate_type: attestation.kind.clone(),
                signers: demanded,
            }),
        }
        let question = FactRequest::ImageFindings {
            asker: self.asker.clone(),
            image: canonical.to_owned(),
            demand: Arc::new(demand),
        };
        Some((question, asked))
    }

    fn explain(
        &self,
        canonical: &str,
        findings: &ImageFindings,
        wanted: Wanted<'_>,
        asked: &Asked<'_>,
        found: &[SignerFinding],
    ) {
        let mut ledger = self.ledger.borrow_mut();
        if ledger.begins(canonical) {
            ledger.explain(0, format!("image {canonical} is {}", findings.digest));
        }
        for examined in &findings.examined {
            if ledger.begins(&format!("{canonical} {}", examined.what)) {
                let text = match &examined.outcome {
                    Ok(kept) => format!("{}: {kept}", examined.what),
                    Err(skipped) => format!("{}: skipped, {skipped}", examined.what),
                };
                ledger.explain(1, text);
            }
        }
        let what = match wanted {
            Wanted::Signatures => "signed",
            Wanted::Attestation(..) => "attested",
        };
        let place = match wanted {
            Wanted::Signatures => format!("{canonical}, attestors.{}", asked.name),
            Wanted::Attestation(name, _) => {
                format!("{canonical}, attestations.{name}, attestors.{}", asked.name)
            }
        };
        if !ledger.begins(&place) {
            return;
        }
        for finding in found {
            match finding {
                Ok(proof) => ledger.explain(
                    1,
                    format!("{place}: {what} by {} ({})", proof.signed_by(), proof.origin()),
                ),
                Err(refusal) => {
                    let code = refusal.code.as_str();
                    ledger.explain(1, format!("{place}: {} [{code}]", refusal.message));
                    if !refusal.demanded.is_empty() {
                        ledger.explain(2, format!("demanded: {}", refusal.demanded));
                    }
                    for found in &refusal.found {
                        ledger.explain(2, format!("found: {found}"));
                    }
                }
            }
        }
    }
}

/// What was found of what a call asks.
fn answers<'f>(findings: &'f ImageFindings, wanted: Wanted<'_>) -> &'f [SignerFinding] {
    match wanted {
        Wanted::Signatures => &findings.signers,
        Wanted::Attestation(..) => findings.attestations.first().map_or(&[], Vec::as_slice),
    }
}

/// Attestors that can't attest this: they count as having refused, as in Kyverno.
fn mismatched(attestation: &Attestation, attestors: &[(String, Arc<Signers>)]) -> Vec<Refusal> {
    let others = attestors
        .iter()
        .filter(|(_, signers)| signers.layouts != attestation.layouts);
    others
        .map(|(name, _)| {
            let message =
                format!("attestor {name}: cosign verifier only supports intoto referrers as attestations");
            Refusal::new(ReasonCode::PolicyError, message)
        })
        .collect()
}

/// The findings, or why the image could not be looked at.
fn findings(answer: &Result<Fact, FactError>) -> Result<&ImageFindings, Halt> {
    let failed = |cause: &str| Err(Halt::Failed(format!("failed to get imagedata: {cause}")));
    match answer {
        Ok(Fact::Findings(findings)) => Ok(findings),
        Ok(Fact::Json(_) | Fact::Digest(_)) => failed("the answer is no finding"),
        Err(error) => failed(error.cause()),
    }
}
