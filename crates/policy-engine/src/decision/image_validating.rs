//! A selected `ImageValidatingPolicy`: digests in the mutating call, a verdict in every other.

use super::rule::{RuleEffect, Seat};
use crate::checks::Pending;
use crate::checks::image_validating::{ImageOccasion, ImageValidatingRule, ImageValidatingVerdict};
use crate::outcome::RuleOutcome;
use crate::request::Stage;

impl Seat<'_> {
    /// Judges the rule. The mutating call verifies nothing: it writes digests, and speaks only where one can't be had.
    pub(super) fn judge_image_validating(&self, rule: &ImageValidatingRule) -> Result<RuleEffect, Pending> {
        let request = self.bench.request();
        let occasion = ImageOccasion {
            request,
            view: self.bench.view,
            registry: self.bench.document.registry(),
            asker: self.identity().asker,
            exemptions: self.exemptions(),
        };
        if request.stage == Stage::Mutate {
            let Some(pinned) = rule.pin(&occasion)? else {
                return Ok(RuleEffect::default());
            };
            let speaks = pinned.verdict.outcome == RuleOutcome::Error;
            let mut effect = self.reported_images(pinned);
            if !speaks {
                effect.result = None;
            }
            return Ok(effect);
        }
        let judged = rule.judge(&occasion)?;
        Ok(judged
            .map(|judged| self.reported_images(judged))
            .unwrap_or_default())
    }

    fn reported_images(&self, judged: ImageValidatingVerdict) -> RuleEffect {
        let mut effect = RuleEffect {
            pins: judged.pins,
            evidence: judged.evidence,
            ..self.effect(judged.verdict)
        };
        if let Some(result) = &mut effect.result {
            result.exceptions = judged.exceptions;
        }
        match judged.rule {
            Some(rule) => effect.named(rule),
            None => effect,
        }
    }
}
