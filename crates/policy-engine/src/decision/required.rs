//! `required` of `ImageValidatingPolicies`: settled when every policy of a request has spoken.
//!
//! In: the results of a stage, and the evidence each rests on. Out: a policy that passed fails where an image it means was
//! proven by no policy of the request. Only what was found counts, never what an expression made of it. What the policies of
//! a namespace found counts in their namespace alone: who may write one must not answer for the cluster.

use std::collections::BTreeMap;
use std::sync::Arc;

use image_trust::ReasonCode;

use super::result::RuleResult;
use crate::checks::image_validating::{ImageEvidence, RequiredImage, Standing, TagMovedError};
use crate::checks::images::sentence;
use crate::outcome::RuleOutcome;

/// The evidence of a stage, each with the place of the result that rests on it.
#[derive(Debug, Default)]
pub(super) struct Evidence(Vec<(usize, ImageEvidence)>);

type Namespace = Option<Arc<str>>;

impl Evidence {
    /// Adds what the result at `place` rests on.
    pub(super) fn add(&mut self, place: usize, evidence: ImageEvidence) {
        if !evidence.required.is_empty() || !evidence.standings.is_empty() {
            self.0.push((place, evidence));
        }
    }

    /// Fails results whose images nobody proved.
    pub(super) fn settle(self, results: &mut [RuleResult]) {
        let mut standings: BTreeMap<(Namespace, String), Standing> = BTreeMap::new();
        let mut moved: BTreeMap<(Namespace, String), TagMovedError> = BTreeMap::new();
        let mut demands = Vec::new();
        for (place, evidence) in self.0 {
            let Some(result) = results.get(place) else {
                continue;
            };
            let namespace = result.policy.key.namespace.clone();
            for (image, found) in evidence.standings {
                let key = (namespace.clone(), image);
                if let Err(error) = standings.entry(key.clone()).or_default().add(found) {
                    moved.insert(key, error);
                }
            }
            demands.push((place, namespace, evidence.required));
        }
        for (place, namespace, images) in demands {
            let unproven = images.into_iter().find_map(|image| {
                let key = image
                    .canonical
                    .as_ref()
                    .map(|name| (namespace.clone(), name.clone()));
                let key = key.as_ref();
                let (standing, moved) = (
                    key.and_then(|key| standings.get(key)),
                    key.and_then(|key| moved.get(key)),
                );
                let is_proven = moved.is_none() && standing.is_some_and(|standing| standing.is_proven);
                (!is_proven).then_some((image, standing, moved))
            });
            if let (Some((image, standing, moved)), Some(result)) = (unproven, results.get_mut(place)) {
                refuse(result, &image, standing, moved);
            }
        }
    }
}

fn refuse(
    result: &mut RuleResult,
    image: &RequiredImage,
    standing: Option<&Standing>,
    moved: Option<&TagMovedError>,
) {
    let text = &image.text;
    let message = match (moved, standing) {
        (Some(moved), _) => format!("image {text} failed verification: {moved}"),
        (None, Some(_)) => format!("image {text} failed signature or attestation verification"),
        (None, None) => format!(
            "image {text} is not verified: no policy performed a signature or attestation check on it"
        ),
    };
    let unasked = || {
        let next = "let a policy ask who signed it (`verifyImageSignatures`), or set `required: false`";
        (ReasonCode::PolicyError, next.to_owned())
    };
    let refusal = standing.and_then(|standing| standing.refusal.as_ref());
    let verdict = &mut result.verdict;
    verdict.outcome = RuleOutcome::Fail;
    verdict.message = message;
    verdict.reason = Some(refusal.map_or_else(unasked, |refusal| (refusal.code, sentence(refusal))));
}
