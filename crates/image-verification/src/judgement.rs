//! Judgement: every demand's signers held against every candidate.
//!
//! In: decoded evidence, a demand. Out: one finding for each signer of the demand, in order. A stranger's artifact
//! beside a valid one never refuses the valid one; an attestation is never a signature; a statement counts for a signer
//! only where that signer made it, and then every one of its type does.

use std::sync::Arc;

use image_trust::{
    AttestationDemand, Authority, Examined, ImageDemand, ImageFindings, Layouts, Proof, ReasonCode, Refusal,
    RootSource, SignerDemand, SignerFinding,
};
use jiff::Timestamp;

use crate::authentication::{Bench, NO_CERTIFICATE, NO_KEY, authenticate};
use crate::evidence::{Decoded, Holds, PreparedEvidence};
use crate::notary;
use crate::predicate_type::is_same_predicate_type;
use crate::rejection::{Rejection, Rejections};
use crate::revocation::RevocationAnswers;
use crate::signer::{ResolvedKeys, Signer};
use crate::trust_material::TrustMaterial;

/// Kyverno's text for an image without signatures that it would read.
const NO_SIGNATURE: &str = "no signatures found";

/// Kyverno's text for everything that can be wrong with bundles.
const NO_MATCHING_BUNDLE: &str = "sigstore bundle verification failed: no matching signatures found";

/// Kyverno's text for an envelope that no demanded key signed.
const BELOW_THRESHOLD: &str = "accepted signatures do not match threshold, Found: 0, Expected 1";

/// Judges prepared evidence against one demand as of `at`, when no revocation source was asked: a Notary signature whose
/// certificate names one is refused, unless the demand waives it.
///
/// Pure: the same arguments give the same findings, always. Every signer of the demand gets an answer, and an answer
/// without a [`Proof`] is a refusal with its reason.
#[must_use]
pub fn judge(
    prepared: &PreparedEvidence<'_>,
    demand: &ImageDemand,
    keys: &ResolvedKeys,
    trust: &TrustMaterial,
    at: Timestamp,
) -> ImageFindings {
    judge_with_revocation(prepared, demand, keys, trust, &RevocationAnswers::new(), at)
}

/// As [`judge`], with what the sources of [`crate::revocation_sources`] answered.
#[must_use]
pub fn judge_with_revocation(
    prepared: &PreparedEvidence<'_>,
    demand: &ImageDemand,
    keys: &ResolvedKeys,
    trust: &TrustMaterial,
    answers: &RevocationAnswers,
    at: Timestamp,
) -> ImageFindings {
    let evidence = prepared.evidence;
    let judge = Judge {
        prepared,
        layouts: demand.layouts,
        keys,
        bench: Bench {
            digest: &evidence.digest,
            trust,
            at,
        },
        notary: notary::Bench {
            evidence,
            answers,
            at,
        },
    };
    let mut remarks = Vec::new();
    let signers = demand
        .signers
        .iter()
        .map(|signer| judge.signature(signer, &mut remarks))
        .collect();
    let mut attestations = Vec::new();
    for attested in &demand.attestations {
        let signers = attested.signers.iter();
        attestations.push(
            signers
                .map(|signer| judge.attestation(attested, signer, &mut remarks))
                .collect(),
        );
    }
    ImageFindings {
        image: evidence.image.clone(),
        digest: evidence.digest.clone(),
        signers,
        attestations,
        predicate_types: prepared.predicate_types(),
        examined: evidence.examined.iter().cloned().chain(remarks).collect(),
    }
}

struct Judge<'j> {
    prepared: &'j PreparedEvidence<'j>,
    layouts: Layouts,
    keys: &'j ResolvedKeys,
    bench: Bench<'j>,
    notary: notary::Bench<'j>,
}

impl Judge<'_> {
    /// Judges a demand by the trust root that it brings, and by nothing of the program's own.
    fn under_own_root(
        &self,
        root: &RootSource,
        demand: &SignerDemand,
        judged: impl FnOnce(&Judge<'_>, &SignerDemand) -> SignerFinding,
    ) -> SignerFinding {
        let trust = TrustMaterial::from_trusted_root(self.root_json(root)?).map_err(|error| {
            let message = format!("failed to resolve trusted material: {error}");
            Refusal::new(ReasonCode::PolicyError, message)
        })?;
        let judge = Judge {
            bench: Bench {
                trust: &trust,
                ..self.bench
            },
            ..*self
        };
        judged(&judge, demand)
    }

    /// The root itself; one that was not fetched is a refusal, never the program's own.
    fn root_json<'r>(&'r self, root: &'r RootSource) -> Result<&'r str, Refusal> {
        let repository = match root {
            RootSource::Json(json) => return Ok(json),
            RootSource::Repository(repository) => repository,
        };
        let unavailable = |cause: &str| {
            let message = format!("failed to fetch the trust root: {cause}");
            Refusal::new(ReasonCode::KeyUnavailable, message)
        };
        match self.keys.get(&repository.reference()) {
            Some(Ok(json)) => Ok(json),
            Some(Err(cause)) => Err(unavailable(cause)),
            None => Err(unavailable("it was not asked for")),
        }
    }

    fn signature(&self, demand: &SignerDemand, remarks: &mut Vec<Examined>) -> SignerFinding {
        if let Some((root, demand)) = rooted(demand) {
            return self.under_own_root(root, &demand, |judge, demand| judge.signature(demand, remarks));
        }
        self.within_limits()?;
        if self.layouts == Layouts::Notary {
            return notary::signature(self.notary, demand, remarks);
        }
        let signer = Signer::new(demand, self.keys, self.bench.trust).map_err(|refusal| *refusal)?;
        let mut rejections = Rejections::default();
        for decoded in self.candidates(Holds::Signatures) {
            let outcome = match &decoded.outcome {
                Ok(candidate) if !candidate.is_signature() => continue,
                Ok(candidate) => authenticate(candidate, &signer, self.bench),
                Err(rejection) => Err(rejection.clone()),
            };
            match outcome {
                Ok(signed_by) => return Ok(self.proof(signed_by, decoded.origin.clone(), Vec::new())),
                Err(rejection) => take(&mut rejections, decoded, rejection),
            }
        }
        Err(self.unsigned(rejections, signer.shown()))
    }

    fn attestation(
        &self,
        demand: &AttestationDemand,
        signer: &SignerDemand,
        remarks: &mut Vec<Examined>,
    ) -> SignerFinding {
        if let Some((root, signer)) = rooted(signer) {
            return self.under_own_root(root, &signer, |judge, signer| {
                judge.attestation(demand, signer, remarks)
            });
        }
        self.within_limits()?;
        if self.layouts == Layouts::Notary {
            return notary::attestation(self.notary, &demand.predicate_type, signer, remarks);
        }
        let signer = Signer::new(signer, self.keys, self.bench.trust).map_err(|refusal| *refusal)?;
        let mut rejections = Rejections::default();
        let mut statements = Vec::new();
        let mut proven: Option<(String, String)> = None;
        let mut others = Vec::new();
        for decoded in self.candidates(Holds::Attestations) {
            let candidate = match &decoded.outcome {
                Ok(candidate) => candidate,
                Err(rejection) => {
                    take(&mut rejections, decoded, rejection.clone());
                    continue;
                }
            };
            let Some(statement) = &decoded.statement else {
                continue;
            };
            if !is_same_predicate_type(&statement.predicate_type, &demand.predicate_type) {
                others.push(decoded);
                continue;
            }
            match authenticate(candidate, &signer, self.bench) {
                Ok(signed_by) => {
                    statements.push(Arc::clone(statement));
                    proven.get_or_insert((signed_by, decoded.origin.clone()));
                }
                Err(rejection) => take(&mut rejections, decoded, as_attestation(rejection)),
            }
        }
        match proven {
            Some((signed_by, origin)) => Ok(self.proof(signed_by, origin, statements)),
            None => Err(self.unattested(demand, &signer, rejections, &others)),
        }
    }

    fn within_limits(&self) -> Result<(), Refusal> {
        match &self.prepared.limit {
            Some(limit) => Err(Refusal::new(limit.code, limit.text.clone())),
            None => Ok(()),
        }
    }

    fn candidates(&self, wanted: Holds) -> impl Iterator<Item = &Decoded> {
        let only_bundles = self.layouts == Layouts::BundlesOnly;
        self.prepared.decoded.iter().filter(move |decoded| {
            (decoded.holds == wanted || decoded.holds == Holds::Both) && (decoded.is_bundle || !only_bundles)
        })
    }

    fn proof(
        &self,
        signed_by: String,
        origin: String,
        statements: Vec<Arc<image_trust::Statement>>,
    ) -> Proof {
        Proof::minted(self.bench.digest.clone(), signed_by, origin, statements)
    }

    /// Kyverno's texts for a signature that is not there, or is not right.
    fn unsigned(&self, rejections: Rejections, demanded: String) -> Refusal {
        let Some(code) = rejections.nearest() else {
            let message = match self.layouts {
                Layouts::BundlesOnly => NO_MATCHING_BUNDLE,
                Layouts::Sigstore | Layouts::Notary => NO_SIGNATURE,
            };
            return rejections.into_refusal(ReasonCode::Unsigned, message.to_owned(), demanded);
        };
        let message = if self.layouts == Layouts::BundlesOnly {
            NO_MATCHING_BUNDLE.to_owned()
        } else {
            rejections
                .text_of_the_right_signer(code)
                .unwrap_or_else(|| match rejections.told("\n ") {
                    None => NO_SIGNATURE.to_owned(),
                    Some(texts) => format!("no matching signatures: {texts}"),
                })
        };
        rejections.into_refusal(code, message, demanded)
    }

    /// Kyverno's texts for an attestation that is not there, or is not right.
    fn unattested(
        &self,
        demand: &AttestationDemand,
        signer: &Signer<'_>,
        mut rejections: Rejections,
        others: &[&Decoded],
    ) -> Refusal {
        let demanded = format!(
            "attestation of type {} by {}",
            demand.predicate_type,
            signer.shown()
        );
        let code = rejections.nearest();
        // Attestations of another type decide between "none of this type" and "none of this signer".
        let mut has_others = false;
        for decoded in others {
            if let Ok(candidate) = &decoded.outcome {
                match authenticate(candidate, signer, self.bench) {
                    Ok(_) => has_others |= !decoded.is_bundle,
                    Err(rejection) => take(&mut rejections, decoded, as_attestation(rejection)),
                }
            }
        }
        let message = if self.layouts == Layouts::BundlesOnly {
            NO_MATCHING_BUNDLE.to_owned()
        } else if let Some(text) = code.and_then(|code| rejections.text_of_the_right_signer(code)) {
            text
        } else if has_others {
            format!(
                "attestions not found for predicate type {}",
                demand.predicate_type
            )
        } else {
            format!(
                "no matching attestations: {}",
                rejections.told("\n ").unwrap_or_default()
            )
        };
        rejections.into_refusal(code.unwrap_or(ReasonCode::AttestationMissing), message, demanded)
    }
}

/// The trust root that a demand brings, and what it demands under it.
fn rooted(demand: &SignerDemand) -> Option<(&RootSource, SignerDemand)> {
    let Authority::Rooted { root, authority } = &demand.authority else {
        return None;
    };
    let demand = SignerDemand {
        authority: (**authority).clone(),
        ..demand.clone()
    };
    Some((root, demand))
}

fn take(rejections: &mut Rejections, decoded: &Decoded, rejection: Rejection) {
    if decoded.is_bundle {
        rejections.push_bundle(&decoded.origin, rejection);
    } else {
        rejections.push(&decoded.origin, rejection);
    }
}

/// Of an envelope that nobody demanded signed, Kyverno says how many it found rather than why.
fn as_attestation(rejection: Rejection) -> Rejection {
    if rejection.code == ReasonCode::WrongSigner
        && ![NO_CERTIFICATE, NO_KEY].contains(&rejection.text.as_str())
    {
        return Rejection::new(ReasonCode::WrongSigner, BELOW_THRESHOLD);
    }
    rejection
}
