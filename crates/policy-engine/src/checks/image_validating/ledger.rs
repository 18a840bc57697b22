//! What was found out about the images of one policy while its expressions ran.
//!
//! In: the outcome of each call that verifies. Out: which images were proven, for `required`; which statements
//! `extractPayload` may hand out: verified ones alone. A policy is evaluated from the start in every round, so its ledger
//! says what this run saw, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use image_reference::Digest;
use image_trust::{Refusal, Statement};

use crate::outcome::ExplainLine;

/// What the calls of one run found.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    images: BTreeMap<String, Standing>,
    payloads: BTreeMap<(String, String), Payload>,
    explanation: Vec<ExplainLine>,
    explained: BTreeSet<String>,
}

/// How an image stands.
#[derive(Debug, Clone, Default)]
pub struct Standing {
    /// What its name meant; none where nothing was found out.
    pub digest: Option<Digest>,
    /// Whether at least one attestor was proven to have signed or attested.
    pub is_proven: bool,
    /// Why not: the refusal that came furthest.
    pub refusal: Option<Refusal>,
}

/// Two answers about one tag spoke of different content: nothing that was found holds for what will run (CVE-2022-47633).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("its tag moved from {known} to {found} while it was judged")]
pub struct TagMovedError {
    known: Digest,
    found: Digest,
}

/// What `extractPayload` may hand out.
#[derive(Debug, Clone)]
pub(super) enum Payload {
    /// It is not known yet.
    Pending,
    /// Nobody who was asked for attested.
    Refused,
    /// Every statement of the type by those who did.
    Verified(Vec<Arc<Statement>>),
}

impl Standing {
    /// Adds what others found of the same image.
    ///
    /// # Errors
    /// [`TagMovedError`] where they saw other content.
    pub fn add(&mut self, other: Self) -> Result<(), TagMovedError> {
        match (&self.digest, other.digest) {
            (Some(known), Some(found)) if *known != found => {
                return Err(TagMovedError {
                    known: known.clone(),
                    found,
                });
            }
            (None, found) => self.digest = found,
            (Some(_), _) => {}
        }
        self.is_proven |= other.is_proven;
        self.refusal = self.refusal.take().or(other.refusal);
        Ok(())
    }
}

impl Ledger {
    /// Notes how a call about `image` ended.
    ///
    /// # Errors
    /// [`TagMovedError`] where another call saw other content.
    pub(super) fn note(
        &mut self,
        image: &str,
        digest: Option<Digest>,
        is_proven: bool,
        refusals: &[Refusal],
    ) -> Result<(), TagMovedError> {
        let nearest = refusals
            .iter()
            .find(|refusal| !refusal.found.is_empty())
            .or_else(|| refusals.first());
        let standing = Standing {
            digest,
            is_proven,
            refusal: nearest.cloned(),
        };
        self.images.entry(image.to_owned()).or_default().add(standing)
    }

    /// Notes what a call found of an attestation. What several calls verified adds up; a statement that stands there twice
    /// is one.
    pub(super) fn note_payload(&mut self, image: &str, attestation: &str, found: Payload) {
        let key = (image.to_owned(), attestation.to_owned());
        let known = self.payloads.remove(&key);
        let noted = match (known, found) {
            (Some(Payload::Verified(known)), Payload::Verified(more)) => {
                Payload::Verified(known.into_iter().chain(more).collect())
            }
            (Some(known @ Payload::Verified(_)), Payload::Pending | Payload::Refused)
            | (Some(known @ Payload::Pending), Payload::Refused) => known,
            (_, found) => found,
        };
        let noted = match noted {
            Payload::Verified(statements) => Payload::Verified(distinct(statements)),
            Payload::Pending | Payload::Refused => noted,
        };
        self.payloads.insert(key, noted);
    }

    /// What may be handed out of an attestation; none where nobody asked whether it holds.
    pub(super) fn payload(&self, image: &str, attestation: &str) -> Option<&Payload> {
        self.payloads.get(&(image.to_owned(), attestation.to_owned()))
    }

    /// Whether `place` is explained for the first time.
    pub(super) fn begins(&mut self, place: &str) -> bool {
        self.explained.insert(place.to_owned())
    }

    /// Adds a line to the decision tree.
    pub(super) fn explain(&mut self, depth: usize, text: String) {
        self.explanation.push(ExplainLine { depth, text });
    }

    /// The refusal that came furthest of any image that is not proven, and which image that is.
    pub(super) fn nearest_refusal(&self) -> Option<(&str, &Refusal)> {
        let refusals = || {
            self.images
                .iter()
                .filter(|(_, standing)| !standing.is_proven)
                .filter_map(|(image, standing)| Some((image.as_str(), standing.refusal.as_ref()?)))
        };
        refusals()
            .find(|(_, refusal)| !refusal.found.is_empty())
            .or_else(|| refusals().next())
    }

    /// Its lines and its images.
    pub(super) fn into_parts(self) -> (Vec<ExplainLine>, BTreeMap<String, Standing>) {
        (self.explanation, self.images)
    }
}

fn distinct(statements: Vec<Arc<Statement>>) -> Vec<Arc<Statement>> {
    let mut kept: Vec<Arc<Statement>> = Vec::new();
    for statement in statements {
        let is_known = kept.iter().any(|known| {
            known.predicate_type == statement.predicate_type && known.predicate == statement.predicate
        });
        if !is_known {
            kept.push(statement);
        }
    }
    kept
}
