//! Refusals remembered briefly, so that a flood of requests for one refused image hammers neither its registry nor the
//! processor.
//!
//! In: what was asked, and what was found. Out: the last answer, after as many looks that found a lasting
//! refusal, no acceptance between.
//! Never: a refusal whose reason may go by itself (a registry in the way, a key out of reach), though of several signatures
//! the nearest one's reason is told, and a responder may have been out of reach for another; one kept for longer than
//! [`Memory::of_refusals`](crate::memory::Memory::of_refusals) says since it was looked for.

use std::sync::Arc;

use image_trust::{ImageFindings, Permanence};
use moka::future::Cache;
use moka::ops::compute::Op;

use crate::memory::RefusalMemory;
use crate::verdicts::{Question, has_refusal, refusals, weight};

/// Bytes of findings kept at most, about.
const MOST_BYTES: u64 = 8 * 1024 * 1024;

/// Refusals of late. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Refusals {
    of_late: Cache<Question, Refused>,
    looks: u32,
}

#[derive(Debug, Clone)]
struct Refused {
    findings: Arc<ImageFindings>,
    /// How often a lasting refusal was found, no acceptance between, each before the one before was forgotten.
    looks: u32,
}

impl Refusals {
    /// Knows of none yet.
    pub(crate) fn new(memory: RefusalMemory) -> Self {
        let of_late = Cache::builder()
            .max_capacity(MOST_BYTES)
            .weigher(|question, refused: &Refused| weight(question, &refused.findings))
            .time_to_live(memory.life);
        Self {
            of_late: of_late.build(),
            looks: memory.looks,
        }
    }

    /// The refusal that stands for now.
    pub(crate) async fn standing(&self, question: &Question) -> Option<Arc<ImageFindings>> {
        let refused = self.of_late.get(question).await?;
        (refused.looks >= self.looks).then_some(refused.findings)
    }

    /// Counts a look that found `findings`.
    pub(crate) async fn note(&self, question: &Question, findings: &Arc<ImageFindings>) {
        if !has_refusal(findings) {
            self.of_late.invalidate(question).await;
            return;
        }
        if refusals(findings).any(|refusal| refusal.code.permanence() == Permanence::Transient) {
            return;
        }
        let counted = self.of_late.entry_by_ref(question).and_compute_with(|known| {
            let looks = known.map_or(0, |known| known.into_value().looks);
            let refused = Refused {
                findings: Arc::clone(findings),
                looks: looks.saturating_add(1),
            };
            std::future::ready(Op::Put(refused))
        });
        counted.await;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use image_trust::{ReasonCode, Refusal};

    use super::*;
    use crate::verdicts::sample;

    const MEMORY: RefusalMemory = RefusalMemory {
        looks: 2,
        life: Duration::from_secs(600),
    };

    fn refused_for(code: ReasonCode) -> (Question, Arc<ImageFindings>) {
        let (question, findings) = sample(1);
        let mut findings = (*findings).clone();
        findings.signers = vec![Err(Refusal::new(code, "no"))];
        (question, Arc::new(findings))
    }

    /// What is remembered after `looks` looks that found `code`.
    async fn after(
        looks: u32,
        code: ReasonCode,
        memory: RefusalMemory,
    ) -> (Refusals, Question, Arc<ImageFindings>) {
        let refusals = Refusals::new(memory);
        let (question, findings) = refused_for(code);
        for _ in 0..looks {
            refusals.note(&question, &findings).await;
        }
        (refusals, question, findings)
    }

    #[tokio::test]
    async fn a_refusal_stands_once_it_was_looked_for_often_enough() {
        let (refusals, question, findings) = after(1, ReasonCode::WrongSigner, MEMORY).await;
        assert!(refusals.standing(&question).await.is_none());
        refusals.note(&question, &findings).await;
        assert!(Arc::ptr_eq(
            &refusals.standing(&question).await.unwrap(),
            &findings
        ));
    }

    #[tokio::test]
    async fn a_refusal_is_forgotten_with_its_life_and_counted_anew() {
        let life = Duration::from_millis(20);
        let memory = RefusalMemory { life, ..MEMORY };
        let (refusals, question, findings) = after(2, ReasonCode::Unsigned, memory).await;
        tokio::time::sleep(life * 2).await;
        assert!(refusals.standing(&question).await.is_none());
        refusals.note(&question, &findings).await;
        assert!(refusals.standing(&question).await.is_none());
    }

    /// An outage must not go on after it is over.
    #[tokio::test]
    async fn a_reason_that_may_go_by_itself_is_never_remembered() {
        let (refusals, question, _) = after(9, ReasonCode::RegistryTimeout, MEMORY).await;
        assert!(refusals.standing(&question).await.is_none());
    }

    #[tokio::test]
    async fn an_image_that_was_signed_meanwhile_starts_afresh() {
        let (refusals, question, findings) = after(1, ReasonCode::Unsigned, MEMORY).await;
        refusals.note(&question, &sample(1).1).await;
        refusals.note(&question, &findings).await;
        assert!(refusals.standing(&question).await.is_none());
    }

    /// Trust is part of the question.
    #[tokio::test]
    async fn a_refusal_under_an_older_trust_root_does_not_stand_under_a_new_one() {
        let (refusals, question, _) = after(2, ReasonCode::UntrustedCertificate, MEMORY).await;
        assert!(refusals.standing(&question).await.is_some());
        let renewed = Question {
            trust: [1; 32],
            ..question
        };
        assert!(refusals.standing(&renewed).await.is_none());
    }
}
