//! Referrers of an image: which of them count, and their manifests.
//!
//! In: the list of referrers, a [`Question`]. Out: manifests of the kinds asked for, each about this very image.
//! Never: a referrer whose own manifest calls it another kind, or names another subject, than the list says.
//! Source: OCI distribution-spec 1.1 §listing referrers; cosign bundle and OCI 1.1 layouts.

use std::sync::Arc;

use futures_util::future::join_all;
use image_trust::{ArtifactKind, Layouts};
use oci_registry::{Descriptor, Document, FetchedManifest, ImageManifest, ManifestName, Registry};

use crate::cosign_tags;
use crate::error::EvidenceError;
use crate::findings::{Findings, quoted};
use crate::limits;
use crate::notary;
use crate::question::Question;
use crate::search::Search;

const BUNDLE_PREFIX: &str = "application/vnd.dev.sigstore.bundle";
const COSIGN_SIGNATURE: &str = "application/vnd.dev.cosign.artifact.sig.v1+json";
const NOTARY_SIGNATURE: &str = "application/vnd.cncf.notary.signature";

/// Annotation in which cosign repeats a bundle's predicate type, and the type that means a signature
const PREDICATE_TYPE: &str = "dev.sigstore.bundle.predicateType";
const SIGNATURE_PREDICATE: &str = "https://sigstore.dev/cosign/sign/v1";

/// What a referrer is, by its artifact type
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Bundle,
    CosignSignature,
    NotarySignature,
    NotaryAttestation,
}

/// The kind of `artifact_type`, if `question` looks for it.
fn kind_of(artifact_type: &str, question: &Question) -> Option<Kind> {
    match question.layouts {
        Layouts::Sigstore | Layouts::BundlesOnly if artifact_type.starts_with(BUNDLE_PREFIX) => {
            Some(Kind::Bundle)
        }
        Layouts::Sigstore if artifact_type == COSIGN_SIGNATURE => Some(Kind::CosignSignature),
        Layouts::Notary if artifact_type == NOTARY_SIGNATURE => Some(Kind::NotarySignature),
        Layouts::Notary if question.attestations.contains(artifact_type) => Some(Kind::NotaryAttestation),
        Layouts::Sigstore | Layouts::BundlesOnly | Layouts::Notary => None,
    }
}

/// The referrers of the searched image, none of them opened yet.
#[derive(Debug)]
pub(crate) struct List {
    listed: Vec<Descriptor>,
    /// What listing them gave to tell.
    findings: Findings,
}

/// Lists the referrers of the searched image.
pub(crate) async fn list<R: Registry>(search: &Search<'_, R>) -> List {
    let mut findings = Findings::default();
    let listed = match search.referrers(search.subject).await {
        Ok(listed) => {
            if listed.is_empty() {
                findings.skip("referrers", "there are none");
            }
            listed
        }
        Err(error) => {
            findings.miss("referrers", error);
            Vec::new()
        }
    };
    List { listed, findings }
}

impl List {
    /// Whether the list says of a bundle that it is a signature. The word is unproven.
    pub(crate) fn tells_of_signature(&self) -> bool {
        let says_so = |descriptor: &Descriptor| {
            let artifact_type = descriptor.artifact_type.as_deref().unwrap_or_default();
            let predicate_type = descriptor.annotations.get(PREDICATE_TYPE);
            artifact_type.starts_with(BUNDLE_PREFIX)
                && predicate_type.is_some_and(|text| text == SIGNATURE_PREDICATE)
        };
        self.listed.iter().any(says_so)
    }

    /// What those hold that `question` looks for.
    pub(crate) async fn read<R: Registry>(self, search: &Search<'_, R>, question: &Question) -> Findings {
        let Self { listed, mut findings } = self;
        let wanted = select(&listed, question, &mut findings);
        let read = wanted
            .into_iter()
            .map(|descriptor| of_referrer(search, descriptor, question));
        for found in join_all(read).await {
            findings.append(found);
        }
        findings
    }
}

/// The referrers worth opening: of a kind looked for, or of none that the list tells.
fn select<'l>(listed: &'l [Descriptor], question: &Question, findings: &mut Findings) -> Vec<&'l Descriptor> {
    let mut wanted: Vec<(Option<Kind>, &Descriptor)> = Vec::new();
    for descriptor in listed {
        let artifact_type = descriptor.artifact_type.as_deref();
        let kind = artifact_type.and_then(|artifact_type| kind_of(artifact_type, question));
        let origin = origin(descriptor);
        match (artifact_type, kind) {
            (Some(artifact_type), None) => {
                findings.skip(
                    &origin,
                    format_args!("artifact type `{}` is not looked for", quoted(artifact_type)),
                );
            }
            (_, Some(Kind::Bundle)) if is_needless_attestation(descriptor, question) => {
                findings.skip(&origin, "it is an attestation, and none is demanded");
            }
            (_, kind) => wanted.push((kind, descriptor)),
        }
    }
    let mut kinds: Vec<_> = wanted.iter().map(|(kind, _)| *kind).collect();
    kinds.sort_unstable();
    let largest = kinds
        .chunk_by(PartialEq::eq)
        .map(<[_]>::len)
        .max()
        .unwrap_or_default();
    if largest > limits::MAX_REFERRERS_OF_ONE_KIND {
        findings.miss("referrers", EvidenceError::TooManyReferrers);
        return Vec::new();
    }
    wanted.into_iter().map(|(_, descriptor)| descriptor).collect()
}

/// Whether the list itself says that a bundle is an attestation while none is demanded. The word is unproven, but
/// believing it can only lose evidence, never add any.
fn is_needless_attestation(descriptor: &Descriptor, question: &Question) -> bool {
    let predicate_type = descriptor.annotations.get(PREDICATE_TYPE);
    !question.wants_attestations() && predicate_type.is_some_and(|text| text != SIGNATURE_PREDICATE)
}

async fn of_referrer<R: Registry>(
    search: &Search<'_, R>,
    descriptor: &Descriptor,
    question: &Question,
) -> Findings {
    let mut findings = Findings::default();
    let origin = origin(descriptor);
    let may_be_attestation = descriptor
        .artifact_type
        .as_deref()
        .and_then(|text| kind_of(text, question));
    let name = ManifestName::Digest(descriptor.digest.clone());
    // A Notary attestation's own signatures are asked for together with its manifest.
    let (fetched, signatures) = futures_util::join!(search.manifest(&name), async {
        match may_be_attestation {
            Some(Kind::NotaryAttestation) => Some(notary::signature_list(search, &descriptor.digest).await),
            Some(Kind::Bundle | Kind::CosignSignature | Kind::NotarySignature) | None => None,
        }
    });
    let fetched = match fetched {
        Ok(fetched) => fetched,
        Err(error) => {
            findings.miss(&origin, error);
            return findings;
        }
    };
    let manifest = match about_the_subject(search, &fetched) {
        Ok(manifest) => manifest,
        Err(why) => {
            findings.skip(&origin, why);
            return findings;
        }
    };
    let found = match kind_of(&manifest.artifact_type, question) {
        None => {
            let why = format!(
                "artifact type `{}` is not looked for",
                quoted(&manifest.artifact_type)
            );
            findings.skip(&origin, why);
            return findings;
        }
        Some(Kind::Bundle) => bundle(search, manifest, origin).await,
        Some(Kind::CosignSignature) => cosign_tags::of_layers(search, manifest, &origin).await,
        Some(Kind::NotarySignature) => notary::signature(search, manifest, origin).await,
        Some(Kind::NotaryAttestation) => {
            let signatures = match signatures {
                Some(signatures) => signatures,
                None => notary::signature_list(search, &descriptor.digest).await,
            };
            notary::attestation(search, &fetched, manifest, signatures, origin).await
        }
    };
    findings.append(found);
    findings
}

/// The manifest, if it is one and refers to the searched image.
fn about_the_subject<'f, R>(
    search: &Search<'_, R>,
    fetched: &'f Arc<FetchedManifest>,
) -> Result<&'f ImageManifest, String> {
    let Document::Manifest(manifest) = &fetched.document else {
        return Err("it is an image index".to_owned());
    };
    match &manifest.subject {
        Some(subject) if subject.digest == *search.subject => Ok(manifest),
        Some(subject) => Err(format!("it refers to another image, {}", subject.digest)),
        None => Err("it names no subject".to_owned()),
    }
}

async fn bundle<R: Registry>(search: &Search<'_, R>, manifest: &ImageManifest, origin: String) -> Findings {
    let mut findings = Findings::default();
    // As Kyverno and cosign: the bundle is the first layer, whatever else there is.
    let Some(layer) = manifest.layers.first() else {
        findings.skip(&origin, "it has no layer");
        return findings;
    };
    match search.blob(layer, &origin).await {
        Err(gap) => findings.miss(&origin, gap),
        Ok(json) => findings.keep(origin, ArtifactKind::Bundle { json: json.to_vec() }),
    }
    findings
}

/// What a referrer is called in explanations.
pub(crate) fn origin(descriptor: &Descriptor) -> String {
    format!("referrer {}", descriptor.digest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image_reference::Digest;
    use std::collections::{BTreeMap, BTreeSet};

    fn descriptor(number: usize, artifact_type: Option<&str>, predicate_type: Option<&str>) -> Descriptor {
        Descriptor {
            media_type: String::new(),
            digest: Digest::sha256_of(&number.to_le_bytes()),
            size: 1,
            artifact_type: artifact_type.map(ToOwned::to_owned),
            annotations: predicate_type
                .map(|text| BTreeMap::from([(PREDICATE_TYPE.to_owned(), text.to_owned())]))
                .unwrap_or_default(),
        }
    }

    fn selected(listed: &[Descriptor], question: &Question) -> (usize, Findings) {
        let mut findings = Findings::default();
        let count = select(listed, question, &mut findings).len();
        (count, findings)
    }

    #[test]
    fn only_kinds_of_the_layouts_asked_for_are_opened() {
        let listed = [
            descriptor(0, Some("application/vnd.dev.sigstore.bundle.v0.3+json"), None),
            descriptor(1, Some(COSIGN_SIGNATURE), None),
            descriptor(2, Some(NOTARY_SIGNATURE), None),
            descriptor(3, Some("application/spdx+json"), None),
            descriptor(4, None, None),
        ];
        let count = |layouts| selected(&listed, &Question::signatures(layouts)).0;
        assert_eq!(
            (
                count(Layouts::Sigstore),
                count(Layouts::BundlesOnly),
                count(Layouts::Notary)
            ),
            (3, 2, 2)
        );
        let mut question = Question::signatures(Layouts::Notary);
        question.attestations = BTreeSet::from(["application/spdx+json".to_owned()]);
        assert_eq!(selected(&listed, &question).0, 3);
    }

    #[test]
    fn an_attestation_bundle_is_opened_only_where_attestations_are_demanded() {
        let bundle = Some("application/vnd.dev.sigstore.bundle.v0.3+json");
        let listed = [
            descriptor(0, bundle, Some(SIGNATURE_PREDICATE)),
            descriptor(1, bundle, Some("https://slsa.dev/provenance/v1")),
            descriptor(2, bundle, None),
        ];
        let mut question = Question::signatures(Layouts::BundlesOnly);
        assert_eq!(selected(&listed, &question).0, 2);
        question.attestations = BTreeSet::from(["https://slsa.dev/provenance/v1".to_owned()]);
        assert_eq!(selected(&listed, &question).0, 3);
    }

    /// CVE-2023-33958 and its kin: so many referrers that reading them is the attack.
    #[test]
    fn more_than_fifty_of_one_kind_are_a_gap_and_none_is_opened() {
        let many = |count: usize| -> Vec<Descriptor> {
            (0..count)
                .map(|number| descriptor(number, Some(NOTARY_SIGNATURE), None))
                .collect()
        };
        let question = Question::signatures(Layouts::Notary);
        assert_eq!(selected(&many(50), &question).0, 50);
        let (count, findings) = selected(&many(51), &question);
        assert_eq!(
            (count, findings.gaps.as_slice()),
            (0, [EvidenceError::TooManyReferrers].as_slice())
        );
        assert_eq!(
            findings.gaps[0].to_string(),
            "failed to fetch referrers: too many referrers found, max limit is 50"
        );
    }
}
