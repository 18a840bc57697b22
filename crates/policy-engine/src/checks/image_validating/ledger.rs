//! What was found out about the images of one policy while its expressions ran.
//!
//! In: the outcome of each call that verifies. Out: which images were proven, for `required`; which statements
//! `extractPayload` may hand out: verified ones alone. A policy is evaluated from the start in every round, so its ledger
//! says what this run saw, and nothing else.

use std::collections::BTreeMap;
use std::sync::Arc;

use image_trust::{Refusal, Statement};

use crate::outcome::ExplainLine;

/// What the calls of one run found.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    images: BTreeMap<String, Standing>,
    payloads: BTreeMap<(String, String), Payload>,
    explanation: Vec<ExplainLine>,
}

/// How an image stands, by its canonical name.
#[derive(Debug, Clone, Default)]
pub struct Standing {
    /// Whether at least one attestor was proven to have signed or attested.
    pub is_proven: bool,
    /// The refusal that came furthest.
    pub refusal: Option<Refusal>,
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

impl Ledger {
    /// Notes how a call about `image` ended.
    pub(super) fn note(&mut self, image: &str, is_proven: bool, refusals: &[Refusal]) {
        let standing = self.images.entry(image.to_owned()).or_default();
        standing.is_proven |= is_proven;
        let nearest = refusals
            .iter()
            .find(|refusal| !refusal.found.is_empty())
            .or_else(|| refusals.first());
        if standing.refusal.is_none() {
            standing.refusal = nearest.cloned();
        }
    }

    /// Notes what a call found of an attestation. What several calls verified adds up.
    pub(super) fn note_payload(&mut self, image: &str, attestation: &str, found: Payload) {
        let key = (image.to_owned(), attestation.to_owned());
        match (self.payloads.get_mut(&key), found) {
            (Some(Payload::Verified(known)), Payload::Verified(more)) => {
                for statement in more {
                    if !known.iter().any(|one| **one == *statement) {
                        known.push(statement);
                    }
                }
            }
            (Some(Payload::Pending | Payload::Verified(_)), Payload::Refused)
            | (Some(Payload::Verified(_)), Payload::Pending) => {}
            (_, found) => {
                self.payloads.insert(key, found);
            }
        }
    }

    /// What may be handed out of an attestation; none where nobody asked whether it holds.
    pub(super) fn payload(&self, image: &str, attestation: &str) -> Option<&Payload> {
        self.payloads.get(&(image.to_owned(), attestation.to_owned()))
    }

    /// Adds a line to the decision tree, once.
    pub(super) fn explain(&mut self, depth: usize, text: String) {
        let line = ExplainLine { depth, text };
        if !self.explanation.contains(&line) {
            self.explanation.push(line);
        }
    }

    /// The refusal that came furthest of any image that is not proven.
    pub(super) fn nearest_refusal(&self) -> Option<&Refusal> {
        let refusals = || {
            self.images
                .values()
                .filter(|standing| !standing.is_proven)
                .filter_map(|standing| standing.refusal.as_ref())
        };
        refusals()
            .find(|refusal| !refusal.found.is_empty())
            .or_else(|| refusals().next())
    }

    /// Its lines and its images.
    pub(super) fn into_parts(self) -> (Vec<ExplainLine>, BTreeMap<String, Standing>) {
        (self.explanation, self.images)
    }
}
