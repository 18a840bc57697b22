//! The whole search about one image.
//!
//! In: a registry, a reference, a [`Question`]. Out: [`Gathered`].

use futures_util::future::{OptionFuture, join_all};
use image_reference::{Digest, ImageReference, RepositoryLocation};
use image_trust::{Evidence, Layouts};
use oci_registry::{Call, Registry};

use crate::cosign_tags::{self, Tag};
use crate::error::EvidenceError;
use crate::findings::{Findings, Gathered};
use crate::question::Question;
use crate::referrers;
use crate::search::{Budget, Search};

/// The digest of `image`: its own, or what its tag points to now.
///
/// # Errors
/// [`EvidenceError`] when no registry can hold the image, or the tag cannot be resolved.
pub async fn resolve<R: Registry>(
    registry: &R,
    call: &Call,
    image: &ImageReference,
) -> Result<Digest, EvidenceError> {
    if let Some(digest) = image.digest() {
        return Ok(digest.clone());
    }
    let location = image.location()?;
    let tag = image.tag().unwrap_or_default();
    registry.resolve(call, &location, tag).await.map_err(|error| {
        if error.is_not_found() {
            EvidenceError::ImageNotFound(error)
        } else {
            error.into()
        }
    })
}

/// Everything the registry holds about `image` that `question` asks for.
///
/// # Errors
/// [`EvidenceError`] when the image itself cannot be found or its place is no repository. What is missing beside it
/// is a gap of the answer.
pub async fn gather<R: Registry>(
    registry: &R,
    call: &Call,
    image: &ImageReference,
    question: &Question,
) -> Result<Gathered, EvidenceError> {
    let digest = resolve(registry, call, image).await?;
    let findings = about(registry, call, image, &digest, question, Depth::Everything).await?;
    Ok(gathered(image, digest, findings))
}

pub(crate) fn gathered(image: &ImageReference, digest: Digest, findings: Findings) -> Gathered {
    let Findings {
        artifacts,
        examined,
        gaps,
        is_partial,
    } = findings;
    let evidence = Evidence {
        image: image.clone(),
        digest,
        artifacts,
        examined,
    };
    Gathered {
        evidence,
        gaps,
        is_from_cache: false,
        is_partial,
    }
}

/// How much is looked at
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// Where attestations are wanted too and the list of referrers tells of a signature, cosign's own tag for signatures is
    /// left alone: one request less. A signature more could only help, so what is met without it is met.
    Thrifty,
    /// Everything.
    Everything,
}

/// What lies about `digest` in each of the question's repositories, in their order.
pub(crate) async fn about<R: Registry>(
    registry: &R,
    call: &Call,
    image: &ImageReference,
    digest: &Digest,
    question: &Question,
    depth: Depth,
) -> Result<Findings, EvidenceError> {
    let locations = question.repositories.iter().map(|repository| match repository {
        None => image.location(),
        Some(repository) => RepositoryLocation::parse(repository),
    });
    let locations = locations.collect::<Result<Vec<_>, _>>()?;
    let budget = Budget::new();
    let searches: Vec<_> = locations
        .iter()
        .map(|location| Search {
            registry,
            call,
            location,
            subject: digest,
            budget: &budget,
        })
        .collect();
    let mut findings = Findings::default();
    let found = searches
        .iter()
        .map(|search| in_one_repository(search, question, depth));
    for found in join_all(found).await {
        findings.append(found);
    }
    Ok(findings)
}

async fn in_one_repository<R: Registry>(
    search: &Search<'_, R>,
    question: &Question,
    depth: Depth,
) -> Findings {
    let has_tags = match question.layouts {
        Layouts::Sigstore => true,
        Layouts::BundlesOnly | Layouts::Notary => false,
    };
    let wants_attestations = has_tags && question.wants_attestations();
    let waits_for_list = wants_attestations && depth == Depth::Thrifty;
    let signatures = || cosign_tags::under_tag(search, Tag::Signatures);
    let at_once = OptionFuture::from((has_tags && !waits_for_list).then(signatures));
    let attestations =
        OptionFuture::from(wants_attestations.then(|| cosign_tags::under_tag(search, Tag::Attestations)));
    let listed = async {
        let list = referrers::list(search).await;
        let is_told = list.tells_of_signature();
        let behind_list = OptionFuture::from((waits_for_list && !is_told).then(signatures));
        let (signatures, mut read) = futures_util::join!(behind_list, list.read(search, question));
        if waits_for_list && is_told {
            read.leave(
                &cosign_tags::name(search, Tag::Signatures),
                "a referrer is a signature",
            );
        }
        (signatures, read)
    };
    let (at_once, attestations, (behind_list, referrers)) =
        futures_util::join!(at_once, attestations, listed);
    let mut findings = Findings::default();
    let signatures = at_once.into_iter().chain(behind_list);
    for found in signatures.chain(attestations).chain([referrers]) {
        findings.append(found);
    }
    findings
}
