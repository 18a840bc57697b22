//! Notary Project signatures (JWS and COSE envelopes) and attestations signed with them.
//!
//! In: evidence, trust stores out of the policy, what revocation sources answered. Out: findings, with Kyverno's texts. A
//! signature must be about the image's own digest; an attestation is an artifact that refers to the image, of the demanded
//! type, itself signed. Level strict, every identity.
//!
//!     envelope ─▶ about the digest ─▶ chain in a store ─▶ valid when it counts ─▶ not expired ─▶ not revoked

mod algorithm;
mod envelope;
mod jws;
mod cose;
mod chain;
mod countersignature;
mod stores;
mod signed;
mod standing;
mod attestation;

use std::collections::BTreeSet;
use std::sync::Arc;

use image_trust::{
    Artifact, ArtifactKind, Evidence, Examined, ImageDemand, Layouts, Proof, ReasonCode, Refusal,
    SignerDemand, SignerFinding,
};
use jiff::Timestamp;

use crate::limits::{MOST_NOTARY_SIGNATURES, MOST_REVOCATION_SOURCES};
use crate::rejection::{Rejection, Rejections};
use crate::revocation::{RevocationAnswers, RevocationSource};

use self::signed::{Signed, Subject};
use self::stores::Stores;

/// What envelopes are judged by, beside the evidence.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bench<'b> {
    pub(crate) evidence: &'b Evidence,
    pub(crate) answers: &'b RevocationAnswers,
    pub(crate) at: Timestamp,
}

/// Envelopes that must be about one thing, each with where it was found.
struct Envelopes<'e> {
    subject: Subject<'e>,
    found: Vec<(&'e str, (&'e str, &'e [u8]))>,
}

/// Judges the image's own Notary signatures. What the policy only wants told goes into `remarks`.
pub(crate) fn signature(
    bench: Bench<'_>,
    demand: &SignerDemand,
    remarks: &mut Vec<Examined>,
) -> SignerFinding {
    let stores = Stores::of(demand)?;
    let evidence = bench.evidence;
    match first_that_counts(&of_image(evidence), &stores, bench, remarks) {
        Ok((signed_by, origin)) => Ok(Proof::minted(
            evidence.digest.clone(),
            signed_by,
            origin,
            Vec::new(),
        )),
        Err(rejections) => Err(unsigned(evidence, rejections)),
    }
}

/// Judges artifacts of the demanded type that refer to the image, by their own Notary signatures.
pub(crate) fn attestation(
    bench: Bench<'_>,
    artifact_type: &str,
    demand: &SignerDemand,
    remarks: &mut Vec<Examined>,
) -> SignerFinding {
    let stores = Stores::of(demand)?;
    let evidence = bench.evidence;
    let mut rejections = Rejections::default();
    let mut statements = Vec::new();
    let mut proven = None;
    for artifact in &evidence.artifacts {
        let Some((attested, predicate)) = of_attestation(artifact, artifact_type, evidence) else {
            continue;
        };
        let outcome = attested
            .and_then(|envelopes| {
                first_that_counts(&envelopes, &stores, bench, remarks)
                    .map_err(|rejections| unsigned_artifact(&rejections))
            })
            .and_then(|signer| {
                let statement = attestation::statement(artifact_type, &artifact.origin, predicate)?;
                Ok((signer, statement))
            });
        match outcome {
            Ok((signer, statement)) => {
                statements.push(Arc::new(statement));
                proven.get_or_insert(signer);
            }
            Err(rejection) => rejections.push(&artifact.origin, rejection),
        }
    }
    match proven {
        Some((signed_by, origin)) => Ok(Proof::minted(
            evidence.digest.clone(),
            signed_by,
            origin,
            statements,
        )),
        None => {
            let code = rejections.nearest().unwrap_or(ReasonCode::AttestationMissing);
            let image = evidence.image.canonical();
            let message =
                format!("no matching attestations found for image {image} with type {artifact_type}");
            Err(rejections.into_refusal(code, message, format!("attestation of type {artifact_type}")))
        }
    }
}

/// Whom to ask for revocation before `demand` is judged: places that certificates of otherwise valid signatures name.
///
/// A stranger's certificate names nothing that is asked: its chain ends in no store of the policy.
#[must_use]
pub fn revocation_sources(
    evidence: &Evidence,
    demand: &ImageDemand,
    at: Timestamp,
) -> BTreeSet<RevocationSource> {
    let mut sources = BTreeSet::new();
    if demand.layouts != Layouts::Notary {
        return sources;
    }
    let mut take = |envelopes: &Envelopes<'_>, signer: &SignerDemand| {
        let Ok(stores) = Stores::of(signer) else { return };
        for (_, envelope) in envelopes.found.iter().take(MOST_NOTARY_SIGNATURES) {
            if let Ok(signed) = signed::verify(*envelope, envelopes.subject, &stores, at) {
                standing::sources(&signed, stores.revocation, &mut sources);
            }
        }
    };
    let image = of_image(evidence);
    for signer in &demand.signers {
        take(&image, signer);
    }
    for attested in &demand.attestations {
        for artifact in &evidence.artifacts {
            if let Some((Ok(envelopes), _)) = of_attestation(artifact, &attested.predicate_type, evidence) {
                attested
                    .signers
                    .iter()
                    .for_each(|signer| take(&envelopes, signer));
            }
        }
    }
    sources.into_iter().take(MOST_REVOCATION_SOURCES).collect()
}

fn of_image(evidence: &Evidence) -> Envelopes<'_> {
    let found = evidence
        .artifacts
        .iter()
        .filter_map(|artifact| match &artifact.kind {
            ArtifactKind::Notary { media_type, envelope } => Some((
                artifact.origin.as_str(),
                (media_type.as_str(), envelope.as_slice()),
            )),
            ArtifactKind::SimpleSigning { .. }
            | ArtifactKind::Dsse { .. }
            | ArtifactKind::Bundle { .. }
            | ArtifactKind::NotaryAttestation { .. } => None,
        });
    Envelopes {
        subject: Subject {
            digest: &evidence.digest,
            descriptor: None,
        },
        found: found.collect(),
    }
}

/// The envelopes of an attestation of this type, or why it is none of this image; and its predicate.
fn of_attestation<'e>(
    artifact: &'e Artifact,
    wanted_type: &str,
    evidence: &Evidence,
) -> Option<(Result<Envelopes<'e>, Rejection>, &'e [u8])> {
    let ArtifactKind::NotaryAttestation {
        artifact_type,
        digest,
        size,
        media_type,
        manifest,
        predicate,
        signatures,
    } = &artifact.kind
    else {
        return None;
    };
    if artifact_type != wanted_type {
        return None;
    }
    let envelopes = signatures.iter().map(|(media_type, envelope)| {
        let envelope = (media_type.as_str(), envelope.as_slice());
        (artifact.origin.as_str(), envelope)
    });
    let about = attestation::refers_to(manifest, digest, evidence).map(|()| Envelopes {
        subject: Subject {
            digest,
            descriptor: Some((*size, media_type)),
        },
        found: envelopes.collect(),
    });
    Some((about, predicate))
}

/// The first envelope that counts: who signed, and where.
fn first_that_counts(
    envelopes: &Envelopes<'_>,
    stores: &Stores,
    bench: Bench<'_>,
    remarks: &mut Vec<Examined>,
) -> Result<(String, String), Rejections> {
    let mut rejections = Rejections::default();
    for (number, (origin, envelope)) in envelopes.found.iter().enumerate() {
        if number == MOST_NOTARY_SIGNATURES {
            let limit = Rejection::limit("Notary signatures", MOST_NOTARY_SIGNATURES);
            rejections.push(origin, limit);
            break;
        }
        let standing = |signed: Signed| {
            let told = standing::judge(&signed, stores.revocation, bench.answers, bench.at)?;
            Ok((signed.signer(), told))
        };
        match signed::verify(*envelope, envelopes.subject, stores, bench.at).and_then(standing) {
            Ok((signed_by, told)) => {
                remarks.extend(told.into_iter().map(|rejection| Examined {
                    what: (*origin).to_owned(),
                    outcome: Err(format!("{}; the policy only wants it told", rejection.text)),
                }));
                return Ok((signed_by, (*origin).to_owned()));
            }
            Err(rejection) => rejections.push(origin, rejection),
        }
    }
    Err(rejections)
}

/// Kyverno's texts for an image without a Notary signature that counts.
fn unsigned(evidence: &Evidence, rejections: Rejections) -> Refusal {
    let name = evidence
        .image
        .clone()
        .with_digest(evidence.digest.clone())
        .canonical();
    let demanded = "a signature of the policy's certificates".to_owned();
    let Some(code) = rejections.nearest() else {
        let message = format!(
            "failed to verify {name}: no signature is associated with \"{name}\", make sure the artifact was signed \
             successfully"
        );
        return rejections.into_refusal(ReasonCode::Unsigned, message, demanded);
    };
    let causes: String = rejections
        .with_origins()
        .map(|(origin, text)| {
            format!(
                "\nfailed to verify signature with digest {}, {text}",
                digest_in(origin)
            )
        })
        .collect();
    let message = format!("failed to verify {name}: signature verification failed{causes}");
    rejections.into_refusal(code, message, demanded)
}

/// The signature's own digest, which its origin names.
fn digest_in(origin: &str) -> &str {
    origin
        .split_whitespace()
        .find(|word| word.starts_with("sha256:"))
        .unwrap_or(origin)
}

fn unsigned_artifact(rejections: &Rejections) -> Rejection {
    let code = rejections.nearest().unwrap_or(ReasonCode::WrongSigner);
    let text = rejections
        .told("; ")
        .unwrap_or_else(|| "it is not signed".to_owned());
    Rejection::new(code, text)
}
