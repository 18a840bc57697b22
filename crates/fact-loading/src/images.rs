//! Whether an image meets a demand: keys resolved, evidence gathered, judged, remembered.
//!
//! In: a canonical reference and a demand. Out: findings about one digest. The tag is resolved once for a request and that
//! digest serves every demand on the image, so no two rules can speak of different content (CVE-2022-47633).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use image_evidence::{CacheOptions, EvidenceError, EvidenceGatherer, Freshness, Gathered, Question};
use image_reference::{DefaultRegistry, Digest, ImageReference};
use image_trust::{Authority, ImageDemand, ImageFindings, KeySource, ReasonCode, Refusal, RegistryAccess};
use image_verification::{
    PreparedEvidence, ResolvedKeys, TrustMaterial, judge_with_revocation, revocation_sources,
};
use jiff::Timestamp;
use moka::future::Cache;
use oci_registry::{Access, Call, Identity, RegistryClient};
use policy_engine::FactError;
use policy_engine::facts::Asker;

use crate::keychains::Keychains;
use crate::keys::Keys;
use crate::revocation::Revocations;

/// How long a tag's digest serves further requests. Short: a tag pushed anew is seen after it.
const TAG_LIFE: Duration = Duration::from_secs(5);
/// How long findings without a refusal serve further requests.
const FINDINGS_LIFE: Duration = Duration::from_secs(60);
/// Tags remembered at most.
const MOST_TAGS: u64 = 20_000;
/// Findings remembered at most.
const MOST_FINDINGS: u64 = 20_000;

/// How images are judged.
#[derive(Debug, Clone)]
pub(crate) struct Images {
    gatherer: EvidenceGatherer<RegistryClient>,
    keychains: Keychains,
    keys: Keys,
    revocations: Revocations,
    trust: Arc<TrustMaterial>,
    allow_insecure: bool,
    tags: Cache<TagKey, Digest>,
    findings: Cache<FindingsKey, Arc<ImageFindings>>,
}

/// One request's way to a registry: who asks, until when, as of when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Errand<'e> {
    pub(crate) asker: &'e Asker,
    pub(crate) access: &'e RegistryAccess,
    pub(crate) deadline: oci_registry::Deadline,
    pub(crate) at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct TagKey {
    identity: Identity,
    allow_insecure: bool,
    image: String,
}

/// What findings depend on: who may see the image, which content, what is demanded, by which keys.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct FindingsKey {
    identity: Identity,
    image: String,
    digest: Digest,
    demand: Arc<ImageDemand>,
    keys: ResolvedKeys,
}

impl Images {
    pub(crate) fn new(
        registry: RegistryClient,
        keychains: Keychains,
        keys: Keys,
        revocations: Revocations,
        trust: Arc<TrustMaterial>,
        allow_insecure: bool,
    ) -> Self {
        Self {
            gatherer: EvidenceGatherer::new(registry, CacheOptions::default()),
            keychains,
            keys,
            revocations,
            trust,
            allow_insecure,
            tags: Cache::builder()
                .max_capacity(MOST_TAGS)
                .time_to_live(TAG_LIFE)
                .build(),
            findings: Cache::builder()
                .max_capacity(MOST_FINDINGS)
                .time_to_live(FINDINGS_LIFE)
                .build(),
        }
    }

    /// The registry client, for questions about images that are no demands.
    pub(crate) fn registry(&self) -> &RegistryClient {
        self.gatherer.registry()
    }

    /// A call on behalf of `errand`.
    pub(crate) async fn call(&self, errand: Errand<'_>) -> Call {
        let keychain = self.keychains.of(errand.asker, errand.access).await;
        let allow_insecure = self.allow_insecure || errand.access.allow_insecure;
        Call::new(
            Access {
                keychain,
                allow_insecure,
            },
            errand.deadline,
        )
    }

    /// What the tag of `image` points to.
    pub(crate) async fn digest(&self, errand: Errand<'_>, image: &str) -> Result<Digest, FactError> {
        let reference = parse(image)?;
        let call = self.call(errand).await;
        self.resolve(&call, &reference)
            .await
            .map_err(|error| of_image(&error))
    }

    /// What `demand` finds about `image`.
    pub(crate) async fn findings(
        &self,
        errand: Errand<'_>,
        image: &str,
        demand: &Arc<ImageDemand>,
    ) -> Result<Arc<ImageFindings>, FactError> {
        let reference = parse(image)?;
        let call = self.call(errand).await;
        let keys = self.resolve_keys(errand.asker, demand).await;
        let digest = self
            .resolve(&call, &reference)
            .await
            .map_err(|error| of_image(&error))?;
        let key = FindingsKey {
            identity: call.access.keychain.identity(),
            image: reference.repository(),
            digest: digest.clone(),
            demand: Arc::clone(demand),
            keys,
        };
        if let Some(known) = self.findings.get(&key).await {
            return Ok(known);
        }
        let question = Question::of(demand);
        let judged = self
            .gather_and_judge(&call, &reference, &digest, &question, &key, errand)
            .await?;
        if !has_refusal(&judged) {
            self.findings.insert(key, Arc::clone(&judged)).await;
        }
        Ok(judged)
    }

    /// Judges recent evidence; what would refuse by it is judged once more by evidence of now, so that nobody who has just
    /// signed is refused by an old answer.
    async fn gather_and_judge(
        &self,
        call: &Call,
        reference: &ImageReference,
        digest: &Digest,
        question: &Question,
        key: &FindingsKey,
        errand: Errand<'_>,
    ) -> Result<Arc<ImageFindings>, FactError> {
        let mut freshness = Freshness::Recent;
        loop {
            let gathered = self
                .gatherer
                .gather_about(call, reference, digest.clone(), question, freshness)
                .await;
            let gathered = gathered.map_err(|error| of_image(&error))?;
            let is_old = gathered.is_from_cache;
            let findings = self.judge(&gathered, key, errand).await;
            if !is_old || !has_refusal(&findings) {
                return Ok(Arc::new(findings));
            }
            freshness = Freshness::Now;
        }
    }

    async fn judge(&self, gathered: &Gathered, key: &FindingsKey, errand: Errand<'_>) -> ImageFindings {
        let (evidence, at) = (&gathered.evidence, errand.at);
        let sources = revocation_sources(evidence, &key.demand, at);
        let answers = self.revocations.ask(errand.asker, sources, at).await;
        let prepared = PreparedEvidence::new(evidence);
        let findings = judge_with_revocation(&prepared, &key.demand, &key.keys, &self.trust, &answers, at);
        match gathered.gaps.first() {
            None => findings,
            Some(gap) => with_gap(findings, &gap.refusal()),
        }
    }

    async fn resolve(&self, call: &Call, reference: &ImageReference) -> Result<Digest, EvidenceError> {
        if let Some(digest) = reference.digest() {
            return Ok(digest.clone());
        }
        let key = TagKey {
            identity: call.access.keychain.identity(),
            allow_insecure: call.access.allow_insecure,
            image: reference.canonical(),
        };
        let resolved = self
            .tags
            .try_get_with(key, self.gatherer.resolve(call, reference))
            .await;
        resolved.map_err(|error: Arc<EvidenceError>| (*error).clone())
    }

    /// The PEM of every key that the demand refers to.
    async fn resolve_keys(&self, asker: &Asker, demand: &ImageDemand) -> ResolvedKeys {
        let signers = demand
            .signers
            .iter()
            .chain(demand.attestations.iter().flat_map(|one| &one.signers));
        let references: BTreeSet<&Arc<str>> = signers
            .filter_map(|signer| key_reference(&signer.authority))
            .collect();
        let mut keys = ResolvedKeys::new();
        for reference in references {
            keys.insert(Arc::clone(reference), self.keys.resolve(asker, reference).await);
        }
        keys
    }
}

/// The key that an authority refers to.
fn key_reference(authority: &Authority) -> Option<&Arc<str>> {
    match authority {
        Authority::Key {
            source: KeySource::Reference(reference),
            ..
        } => Some(reference),
        Authority::Rooted { authority, .. } => key_reference(authority),
        Authority::Key {
            source: KeySource::Pem(_),
            ..
        }
        | Authority::Certificate { .. }
        | Authority::Keyless { .. }
        | Authority::Notary(_) => None,
    }
}

fn parse(image: &str) -> Result<ImageReference, FactError> {
    ImageReference::parse(image, &DefaultRegistry::default()).map_err(|error| FactError::Image {
        refusal: Refusal::new(ReasonCode::BadReference, error.to_string()),
        network: false,
    })
}

fn of_image(error: &EvidenceError) -> FactError {
    FactError::Image {
        refusal: error.refusal(),
        network: error.is_network() || error.code() == ReasonCode::Offline,
    }
}

fn has_refusal(findings: &ImageFindings) -> bool {
    findings
        .signers
        .iter()
        .chain(findings.attestations.iter().flatten())
        .any(Result::is_err)
}

/// What could not be read may have been what refuses: with a gap no attestation holds, as every statement must, and a
/// missing signature is not called missing.
fn with_gap(mut findings: ImageFindings, gap: &Refusal) -> ImageFindings {
    for finding in findings.signers.iter_mut().filter(|finding| finding.is_err()) {
        *finding = Err(gap.clone());
    }
    for finding in findings.attestations.iter_mut().flatten() {
        *finding = Err(gap.clone());
    }
    findings
}
