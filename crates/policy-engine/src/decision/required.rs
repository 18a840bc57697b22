//! `required` of `ImageValidatingPolicies`: settled when every policy of a request has spoken.
//!
//! In: the results of a stage, and the evidence each rests on. Out: a policy that passed fails where an image it means was
//! proven by no policy of the request. Only what was found counts, never what an expression made of it. What the policies of
//! a namespace found counts in their namespace alone: who may write one must not answer for the cluster.

use std::collections::BTreeMap;
use std::sync::Arc;

use image_trust::ReasonCode;

use super::result::RuleResult;
use crate::checks::image_validating::{ImageEvidence, RequiredImage, Standing};
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
        let mut demands = Vec::new();
        for (place, evidence) in self.0 {
            let Some(result) = results.get(place) else {
                continue;
            };
            let namespace = result.policy.key.namespace.clone();
            for (image, found) in evidence.standings {
                let standing = standings.entry((namespace.clone(), image)).or_default();
                standing.is_proven |= found.is_proven;
                standing.refusal = standing.refusal.take().or(found.refusal);
            }
            demands.push((place, namespace, evidence.required));
        }
        for (place, namespace, images) in demands {
            let unproven = images.into_iter().find_map(|image| {
                let standing = image
                    .canonical
                    .as_ref()
                    .and_then(|name| standings.get(&(namespace.clone(), name.clone())));
                match standing {
                    Some(standing) if standing.is_proven => None,
                    standing => Some((image, standing)),
                }
            });
            if let (Some((image, standing)), Some(result)) = (unproven, results.get_mut(place)) {
                refuse(result, &image, standing);
            }
        }
    }
}

fn refuse(result: &mut RuleResult, image: &RequiredImage, standing: Option<&Standing>) {
    let text = &image.text;
    let message = match standing {
        Some(_) => format!("image {text} failed signature or attestation verification"),
        None => format!(
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
