//! What a search brings home.

use std::fmt::Display;
use std::sync::Arc;

use image_trust::{Artifact, ArtifactKind, Evidence, Examined};

use crate::error::EvidenceError;
use crate::limits;

/// Evidence, and what is missing from it
#[derive(Debug, Clone)]
pub struct Gathered {
    /// What was found.
    pub evidence: Evidence,
    /// What could not be read, in the order it was met. A demand that the evidence meets by a *signature* is met all
    /// the same; where a demand is refused, or every statement must hold a condition, a gap is the reason to give:
    /// what is missing may be what decides.
    pub gaps: Vec<EvidenceError>,
    /// Whether this was gathered for an earlier request.
    pub is_from_cache: bool,
    /// Whether something was left alone that could only help, to spare the registry a request.
    pub is_partial: bool,
}

impl Gathered {
    /// The evidence, if nothing is missing.
    ///
    /// # Errors
    /// The first gap.
    pub fn complete(self) -> Result<Evidence, EvidenceError> {
        match self.gaps.into_iter().next() {
            None => Ok(self.evidence),
            Some(gap) => Err(gap),
        }
    }
}

/// What one part of a search found
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) artifacts: Vec<Arc<Artifact>>,
    pub(crate) examined: Vec<Examined>,
    pub(crate) gaps: Vec<EvidenceError>,
    /// Whether something was left alone.
    pub(crate) is_partial: bool,
}

impl Findings {
    pub(crate) fn keep(&mut self, origin: String, kind: ArtifactKind) {
        self.note(&origin, Ok(kind_name(&kind).to_owned()));
        self.artifacts.push(Arc::new(Artifact { origin, kind }));
    }

    pub(crate) fn skip(&mut self, what: &str, why: impl Display) {
        self.note(what, Err(quoted(&why.to_string())));
    }

    /// Notes that something was left alone: it could only have helped.
    pub(crate) fn leave(&mut self, what: &str, why: &str) {
        self.skip(what, format_args!("not looked at: {why}"));
        self.is_partial = true;
    }

    pub(crate) fn miss(&mut self, what: &str, gap: impl Into<EvidenceError>) {
        let gap = gap.into();
        self.note(what, Err(gap.to_string()));
        self.gaps.push(gap);
    }

    pub(crate) fn append(&mut self, mut other: Self) {
        self.artifacts.append(&mut other.artifacts);
        self.gaps.append(&mut other.gaps);
        self.is_partial |= other.is_partial;
        for examined in other.examined {
            self.note(&examined.what, examined.outcome);
        }
    }

    fn note(&mut self, what: &str, outcome: Result<String, String>) {
        if self.examined.len() < limits::MAX_EXAMINED {
            self.examined.push(Examined {
                what: what.to_owned(),
                outcome,
            });
        }
    }
}

/// `text` on one line and short: it is foreign.
pub(crate) fn quoted(text: &str) -> String {
    text.chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .take(limits::MAX_QUOTED_CHARS)
        .collect()
}

fn kind_name(kind: &ArtifactKind) -> &'static str {
    match kind {
        ArtifactKind::SimpleSigning { .. } => "cosign signature",
        ArtifactKind::Dsse { .. } => "cosign attestation",
        ArtifactKind::Bundle { .. } => "Sigstore bundle",
        ArtifactKind::Notary { .. } => "Notary signature",
        ArtifactKind::NotaryAttestation { .. } => "Notary attestation",
    }
}
