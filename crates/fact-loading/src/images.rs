//! Whether an image meets a demand: keys resolved, evidence gathered, judged, remembered.
//!
//! In: a canonical reference and a demand. Out: findings about one digest. The tag is resolved once for a request and that
//! digest serves every demand on the image, so no two rules can speak of different content (CVE-2022-47633).

use std::collections::BTreeSet;
use std::sync::Arc;

use image_evidence::{EvidenceError, EvidenceGatherer, Freshness, Gathered, Question};
use image_reference::{DefaultRegistry, Digest, ImageReference};
use image_trust::{
    Authority, ImageDemand, ImageFindings, KeySource, Permanence, ReasonCode, Refusal, RegistryAccess,
    RootRepository, RootSource,
};
use image_verification::{PreparedEvidence, ResolvedKeys, judge_with_revocation, revocation_sources};
use jiff::Timestamp;
use moka::future::Cache;
use oci_registry::{Access, Call, Identity, ManifestName, Registry as _, RegistryClient};
use policy_engine::FactError;
use policy_engine::facts::Asker;

use crate::keychains::Keychains;
use crate::keys::Keys;
use crate::memory::Memory;
use crate::platforms::{self, Platforms};
use crate::refusals::Refusals;
use crate::revocation::Revocations;
use crate::trust::{Trust, TrustSource};
use crate::trust_roots::TrustRoots;
use crate::verdicts::{self, Verdicts, has_proof, has_refusal};

/// Bytes of tags remembered at most, about.
const MOST_TAG_BYTES: u64 = 8 * 1024 * 1024;
/// Bytes that a tag takes beside its image's name, about.
const TAG_BYTES: usize = 384;

/// What images are judged with.
#[derive(Debug, Clone)]
pub(crate) struct ImageMeans {
    pub(crate) keychains: Keychains,
    pub(crate) keys: Keys,
    pub(crate) roots: TrustRoots,
    pub(crate) revocations: Revocations,
    pub(crate) trust: TrustSource,
    pub(crate) allow_insecure: bool,
    pub(crate) platforms: Platforms,
}

/// How images are judged. Cheap to clone; clones share what is remembered.
#[derive(Debug, Clone)]
pub(crate) struct Images {
    gatherer: EvidenceGatherer<RegistryClient>,
    means: ImageMeans,
    tags: Cache<TagKey, Digest>,
    verdicts: Verdicts,
    refusals: Refusals,
    memory: Memory,
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

/// One judgement: by which keys and which trust root, for whom.
#[derive(Debug, Clone, Copy)]
struct Bench<'b> {
    demand: &'b Arc<ImageDemand>,
    keys: &'b ResolvedKeys,
    trust: &'b Trust,
    errand: Errand<'b>,
}

impl Images {
    pub(crate) fn new(registry: RegistryClient, means: ImageMeans, memory: Memory) -> Self {
        let tags = Cache::builder()
            .max_capacity(MOST_TAG_BYTES)
            .weigher(|key: &TagKey, _: &Digest| {
                u32::try_from(key.image.len().saturating_add(TAG_BYTES)).unwrap_or(u32::MAX)
            })
            .time_to_live(memory.of_tags());
        Self {
            gatherer: EvidenceGatherer::new(registry, memory.of_evidence()),
            means,
            tags: tags.build(),
            verdicts: Verdicts::new(memory.of_findings()),
            refusals: Refusals::new(memory.of_refusals()),
            memory,
        }
    }

    /// The same, that remembers nothing of any image.
    pub(crate) fn anew(&self) -> Self {
        Self::new(self.registry().clone(), self.means.clone(), self.memory)
    }

    /// The registry client, for questions about images that are no demands.
    pub(crate) fn registry(&self) -> &RegistryClient {
        self.gatherer.registry()
    }

    /// Why the trust root is not a fresh one, if a mirror was asked in vain.
    pub(crate) fn trust_failure(&self) -> Option<String> {
        self.means.trust.failure()
    }

    /// A call on behalf of `errand`.
    pub(crate) async fn call(&self, errand: Errand<'_>) -> Call {
        let keychain = self.means.keychains.of(errand.asker, errand.access).await;
        let allow_insecure = self.means.allow_insecure || errand.access.allow_insecure;
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
        let demand = &self.means.revocations.of_operator(demand);
        let reference = parse(image)?;
        let call = self.call(errand).await;
        let keys = self.resolve_keys(errand, demand).await;
        let digest = self
            .resolve(&call, &reference)
            .await
            .map_err(|error| of_image(&error))?;
        let trust = self.means.trust.for_demand(demand).await;
        let trust = trust.map_err(|cause| FactError::Image {
            refusal: Refusal::new(ReasonCode::KeyUnavailable, cause),
            network: false,
        })?;
        let question = verdicts::Question {
            identity: call.access.keychain.identity(),
            image: reference.repository(),
            digest: digest.clone(),
            demand: Arc::clone(demand),
            keys,
            trust: trust.revision,
        };
        if let Some(known) = self.verdicts.get(&question).await {
            return Ok(known);
        }
        if let Some(standing) = self.refusals.standing(&question).await {
            return Ok(standing);
        }
        let bench = Bench {
            demand,
            keys: &question.keys,
            trust: &trust,
            errand,
        };
        let mut judged = self.gather_and_judge(&call, &reference, &digest, bench).await?;
        if self.means.platforms == Platforms::Each && has_proof(&judged) {
            judged = self.judge_platforms(&call, &reference, judged, bench).await?;
        }
        let judged = Arc::new(judged);
        self.refusals.note(&question, &judged).await;
        self.verdicts.keep(question, &judged).await;
        Ok(judged)
    }

    /// Judges each platform of an index too; an image that is none stays as it was judged. Not before every proof has
    /// fallen is one platform enough to know: one signer of several may be all that a policy demands.
    async fn judge_platforms(
        &self,
        call: &Call,
        reference: &ImageReference,
        mut judged: ImageFindings,
        bench: Bench<'_>,
    ) -> Result<ImageFindings, FactError> {
        let of_registry = |error| of_image(&EvidenceError::from(error));
        let location = reference.location().map_err(|error| FactError::Image {
            refusal: Refusal::new(ReasonCode::BadReference, error.to_string()),
            network: false,
        })?;
        let name = ManifestName::Digest(judged.digest.clone());
        let registry = self.gatherer.registry();
        let top = registry
            .manifest(call, &location, &name)
            .await
            .map_err(of_registry)?;
        for digest in platforms::of(&top.document).map_err(|refusal| FactError::Image {
            refusal,
            network: false,
        })? {
            let platform = self.gather_and_judge(call, reference, &digest, bench).await?;
            platforms::hold(&mut judged, &digest, platform);
            if !has_proof(&judged) {
                break;
            }
        }
        Ok(judged)
    }

    /// Judges recent evidence; what would refuse by it is judged once more by all evidence of now, so that nobody who has
    /// just signed is refused by an old answer, nor anybody by half of one.
    async fn gather_and_judge(
        &self,
        call: &Call,
        reference: &ImageReference,
        digest: &Digest,
        bench: Bench<'_>,
    ) -> Result<ImageFindings, FactError> {
        let question = Question::of(bench.demand);
        let mut freshness = Freshness::Recent;
        loop {
            let gathered = self
                .gatherer
                .gather_about(call, reference, digest.clone(), &question, freshness)
                .await;
            let gathered = gathered.map_err(|error| of_image(&error))?;
            let is_old = gathered.is_from_cache && self.memory.looks_twice();
            let may_be_more = is_old || gathered.is_partial;
            let findings = self.judge(&gathered, bench).await;
            if !may_be_more || !has_refusal(&findings) {
                return Ok(findings);
            }
            freshness = Freshness::Now;
        }
    }

    async fn judge(&self, gathered: &Gathered, bench: Bench<'_>) -> ImageFindings {
        let (evidence, demand, at) = (&gathered.evidence, bench.demand, bench.errand.at);
        let sources = revocation_sources(evidence, demand, at);
        let revocations = &self.means.revocations;
        let answers = revocations.ask(bench.errand.asker, sources, at).await;
        let prepared = PreparedEvidence::new(evidence);
        let trust = &bench.trust.material;
        let findings = judge_with_revocation(&prepared, demand, bench.keys, trust, &answers, at);
        // One that may go by itself is told before one that stays, so that the refusal is not remembered.
        let gaps = gathered.gaps.iter().map(EvidenceError::refusal);
        let gap = gaps.min_by_key(|gap| gap.code.permanence() == Permanence::Permanent);
        match gap {
            None => findings,
            Some(gap) => with_gap(findings, &gap),
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
        let resolve = || self.gatherer.resolve(call, reference);
        match self.tags.try_get_with(key.clone(), resolve()).await {
            Ok(digest) => Ok(digest),
            // It may be another request's deadline that passed, which this one waited with: asked again until its own.
            Err(error) if error.code() == ReasonCode::RegistryTimeout && !call.deadline.has_passed() => {
                let digest = resolve().await?;
                self.tags.insert(key, digest.clone()).await;
                Ok(digest)
            }
            Err(error) => Err((*error).clone()),
        }
    }

    /// Every key and trust root that the demand refers to.
    async fn resolve_keys(&self, errand: Errand<'_>, demand: &ImageDemand) -> ResolvedKeys {
        let signers = demand
            .signers
            .iter()
            .chain(demand.attestations.iter().flat_map(|one| &one.signers));
        let mut references: BTreeSet<&Arc<str>> = BTreeSet::new();
        let mut repositories: BTreeSet<&RootRepository> = BTreeSet::new();
        for signer in signers {
            references.extend(key_reference(&signer.authority));
            repositories.extend(root_repository(&signer.authority));
        }
        let mut keys = ResolvedKeys::new();
        for reference in references {
            let key = self.means.keys.resolve(errand.asker, reference).await;
            keys.insert(Arc::clone(reference), key);
        }
        for repository in repositories {
            let root = self.means.roots.resolve(errand.asker, repository, errand.at);
            keys.insert(repository.reference(), root.await);
        }
        keys
    }
}

/// The repository of an authority's own trust root.
fn root_repository(authority: &Authority) -> Option<&RootRepository> {
    match authority {
        Authority::Rooted {
            root: RootSource::Repository(repository),
            ..
        } => Some(repository),
        Authority::Rooted {
            root: RootSource::Json(_),
            ..
        }
        | Authority::Key { .. }
        | Authority::Certificate { .. }
        | Authority::Keyless { .. }
        | Authority::Notary(_) => None,
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
