//! Notary Project signatures, and attestations that carry such signatures themselves.
//!
//! In: manifests of referrers. Out: envelopes with the media type that says how to read them; for an attestation also
//! its manifest's very bytes, since the signatures are about their digest.
//! Source: Notary Project `specs/signature-specification.md`; Kyverno 1.19 `pkg/notary`.

use futures_util::future::join_all;
use image_reference::Digest;
use image_trust::ArtifactKind;
use oci_registry::{Descriptor, Document, FetchedManifest, ImageManifest, ManifestName, Registry};

use crate::error::EvidenceError;
use crate::findings::{Findings, quoted};
use crate::limits;
use crate::search::Search;

const SIGNATURE: &str = "application/vnd.cncf.notary.signature";
const ENVELOPES: [&str; 2] = ["application/jose+json", "application/cose"];

/// The envelope of a signature's manifest.
pub(crate) async fn signature<R: Registry>(
    search: &Search<'_, R>,
    manifest: &ImageManifest,
    origin: String,
) -> Findings {
    let mut findings = Findings::default();
    match envelope(search, manifest, &origin).await {
        Ok(Ok((media_type, envelope))) => {
            findings.keep(origin, ArtifactKind::Notary { media_type, envelope })
        }
        Ok(Err(why)) => findings.skip(&origin, why),
        Err(gap) => findings.miss(&origin, gap),
    }
    findings
}

/// The one envelope, or why it is not one; the outer error is a gap.
async fn envelope<R: Registry>(
    search: &Search<'_, R>,
    manifest: &ImageManifest,
    what: &str,
) -> Result<Result<(String, Vec<u8>), String>, EvidenceError> {
    let [layer] = manifest.layers.as_slice() else {
        return Ok(Err("a signature has exactly one layer".to_owned()));
    };
    if !ENVELOPES.contains(&layer.media_type.as_str()) {
        return Ok(Err(format!(
            "media type `{}` is no signature envelope",
            quoted(&layer.media_type)
        )));
    }
    let bytes = search.blob(layer, what).await?;
    Ok(Ok((layer.media_type.clone(), bytes.to_vec())))
}

/// The signatures that refer to the attestation `digest`.
pub(crate) async fn signature_list<R: Registry>(
    search: &Search<'_, R>,
    digest: &Digest,
) -> Result<Vec<Descriptor>, EvidenceError> {
    let mut listed = search.referrers(digest).await?;
    listed.retain(|descriptor| descriptor.artifact_type.as_deref() == Some(SIGNATURE));
    if listed.len() > limits::MAX_REFERRERS_OF_ONE_KIND {
        return Err(EvidenceError::TooManyReferrers);
    }
    Ok(listed)
}

/// An attestation: its predicate and its signatures.
pub(crate) async fn attestation<R: Registry>(
    search: &Search<'_, R>,
    fetched: &FetchedManifest,
    manifest: &ImageManifest,
    signatures: Result<Vec<Descriptor>, EvidenceError>,
    origin: String,
) -> Findings {
    let mut findings = Findings::default();
    let [layer] = manifest.layers.as_slice() else {
        findings.skip(&origin, "an attestation has exactly one layer");
        return findings;
    };
    let signed = async {
        let listed = signatures?;
        let read = listed
            .iter()
            .map(|descriptor| signature_about(search, descriptor, &fetched.digest));
        join_all(read).await.into_iter().collect::<Result<Vec<_>, _>>()
    };
    let (predicate, signatures) = futures_util::join!(search.blob(layer, &origin), signed);
    match predicate.and_then(|predicate| signatures.map(|signatures| (predicate, signatures))) {
        Err(gap) => findings.miss(&origin, gap),
        Ok((predicate, signatures)) => {
            let kind = ArtifactKind::NotaryAttestation {
                artifact_type: manifest.artifact_type.clone(),
                digest: fetched.digest.clone(),
                size: fetched.bytes.len() as u64,
                media_type: fetched.media_type.clone(),
                manifest: fetched.bytes.to_vec(),
                predicate: predicate.to_vec(),
                signatures: signatures.into_iter().flatten().collect(),
            };
            findings.keep(origin, kind);
        }
    }
    findings
}

/// The envelope under `descriptor`, if it is one about `subject`.
async fn signature_about<R: Registry>(
    search: &Search<'_, R>,
    descriptor: &Descriptor,
    subject: &Digest,
) -> Result<Option<(String, Vec<u8>)>, EvidenceError> {
    let fetched = search
        .manifest(&ManifestName::Digest(descriptor.digest.clone()))
        .await?;
    let Document::Manifest(manifest) = &fetched.document else {
        return Ok(None);
    };
    let is_about = manifest
        .subject
        .as_ref()
        .is_some_and(|found| found.digest == *subject);
    if !is_about || manifest.artifact_type != SIGNATURE {
        return Ok(None);
    }
    Ok(
        envelope(search, manifest, &format!("referrer {}", descriptor.digest))
            .await?
            .ok(),
    )
}
