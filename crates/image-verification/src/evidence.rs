//! Evidence, decoded once for an image and judged once for each demand.

use std::sync::Arc;

use image_trust::{ArtifactKind, Evidence, Statement};

use crate::bundle;
use crate::candidate::{Candidate, Content};
use crate::limits::{MOST_ARTIFACT_BYTES, MOST_ARTIFACTS, MOST_SIGNATURES};
use crate::quoted::quoted;
use crate::rejection::Rejection;

/// Predicate types that findings list.
const MOST_TYPES_SHOWN: usize = 50;

/// Evidence whose artifacts are decoded.
#[derive(Debug)]
pub struct PreparedEvidence<'e> {
    pub(crate) evidence: &'e Evidence,
    pub(crate) decoded: Vec<Decoded>,
    /// Set where there is more than this crate judges: then nothing is judged.
    pub(crate) limit: Option<Rejection>,
}

/// One artifact of the Sigstore layouts, decoded, or why it can't be.
#[derive(Debug)]
pub(crate) struct Decoded {
    pub(crate) origin: String,
    pub(crate) is_bundle: bool,
    /// Whether its layout can hold image signatures, and attestations.
    pub(crate) holds: Holds,
    pub(crate) outcome: Result<Candidate, Rejection>,
    /// The statement as findings hand it out.
    pub(crate) statement: Option<Arc<Statement>>,
}

/// What a layout can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    Signatures,
    Attestations,
    Both,
}

impl<'e> PreparedEvidence<'e> {
    /// Decodes the artifacts; what can't be decoded is kept with the reason, as it may be all there is.
    #[must_use]
    pub fn new(evidence: &'e Evidence) -> Self {
        let mut limit = (evidence.artifacts.len() > MOST_ARTIFACTS)
            .then(|| Rejection::limit("artifacts about one image", MOST_ARTIFACTS));
        let artifacts = if limit.is_some() {
            &[]
        } else {
            evidence.artifacts.as_slice()
        };
        let decoded: Vec<Decoded> = artifacts
            .iter()
            .filter_map(|artifact| decode(&artifact.origin, &artifact.kind))
            .collect();
        let candidates = decoded.iter().filter_map(|decoded| decoded.outcome.as_ref().ok());
        if candidates.map(Candidate::signatures).sum::<usize>() > MOST_SIGNATURES {
            limit = Some(Rejection::limit("signatures about one image", MOST_SIGNATURES));
        }
        Self {
            evidence,
            decoded,
            limit,
        }
    }

    /// The predicate types on the image, each once, in registry order, for people.
    pub(crate) fn predicate_types(&self) -> Vec<String> {
        let mut types: Vec<String> = Vec::new();
        for statement in self
            .decoded
            .iter()
            .filter_map(|decoded| decoded.statement.as_ref())
        {
            let shown = quoted(&statement.predicate_type);
            if !types.contains(&shown) {
                types.push(shown);
            }
            if types.len() == MOST_TYPES_SHOWN {
                break;
            }
        }
        types
    }
}

fn decode(origin: &str, kind: &ArtifactKind) -> Option<Decoded> {
    let (is_bundle, holds, bytes) = match kind {
        ArtifactKind::SimpleSigning { payload, .. } => (false, Holds::Signatures, payload),
        ArtifactKind::Dsse { envelope, .. } => (false, Holds::Attestations, envelope),
        ArtifactKind::Bundle { json } => (true, Holds::Both, json),
        ArtifactKind::Notary { .. } | ArtifactKind::NotaryAttestation { .. } => return None,
    };
    let mut outcome = if bytes.len() > MOST_ARTIFACT_BYTES {
        Err(Rejection::limit("bytes in one artifact", MOST_ARTIFACT_BYTES))
    } else {
        match kind {
            ArtifactKind::SimpleSigning { payload, material } => {
                Candidate::simple_signing(origin, payload, material)
            }
            ArtifactKind::Dsse { envelope, material } => Candidate::dsse(origin, envelope, material),
            ArtifactKind::Bundle { json } => bundle::candidate(origin, json),
            ArtifactKind::Notary { .. } | ArtifactKind::NotaryAttestation { .. } => return None,
        }
    };
    let statement = match &mut outcome {
        Ok(candidate) if !candidate.is_signature() => statement(candidate),
        Ok(_) | Err(_) => None,
    };
    Some(Decoded {
        origin: origin.to_owned(),
        is_bundle,
        holds,
        outcome,
        statement,
    })
}

fn statement(candidate: &mut Candidate) -> Option<Arc<Statement>> {
    let Content::Envelope(envelope) = &mut candidate.content else {
        return None;
    };
    Some(Arc::new(Statement {
        predicate_type: envelope.statement.predicate_type.clone(),
        predicate: std::mem::take(&mut envelope.statement.predicate),
        subject: std::mem::take(&mut envelope.statement.subject),
        origin: candidate.origin.clone(),
        annotations: candidate.annotations.clone(),
    }))
}
