//! Cosign's tags `sha256-<hex>.sig` and `sha256-<hex>.att`, and the layers of cosign's manifests wherever they lie.
//!
//! In: a manifest. Out: one artifact for each layer whose media type is one of cosign's.
//! Never: the tag's name as a word on what a layer is: an attestation under `.sig` stays an attestation.
//! Source: cosign `specs/SIGNATURE_SPEC.md`, `pkg/oci/static`.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use image_trust::{ArtifactKind, LogEntry, SignedMaterial};
use oci_registry::{Descriptor, Document, ImageManifest, Registry};

use crate::error::EvidenceError;
use crate::findings::{Findings, quoted};
use crate::limits;
use crate::search::Search;

const SIMPLE_SIGNING: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
const DSSE: &str = "application/vnd.dsse.envelope.v1+json";

/// Which of cosign's two tags
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tag {
    /// `sha256-<hex>.sig`
    Signatures,
    /// `sha256-<hex>.att`
    Attestations,
}

/// The tag about the searched image.
pub(crate) fn name<R>(search: &Search<'_, R>, tag: Tag) -> String {
    let suffix = match tag {
        Tag::Signatures => "sig",
        Tag::Attestations => "att",
    };
    format!("{}.{suffix}", search.subject.as_tag())
}

/// What lies under one of cosign's tags.
pub(crate) async fn under_tag<R: Registry>(search: &Search<'_, R>, tag: Tag) -> Findings {
    let tag = name(search, tag);
    let mut findings = Findings::default();
    match search.tagged(&tag).await {
        Ok(None) => findings.skip(&tag, "there is no such tag"),
        Ok(Some(fetched)) => match &fetched.document {
            Document::Manifest(manifest) => findings.append(of_layers(search, manifest, &tag).await),
            Document::Index(_) => findings.skip(&tag, "it is an image index, where cosign writes a manifest"),
        },
        Err(error) => findings.miss(&tag, error),
    }
    findings
}

/// The artifacts in the layers of `manifest`, which is called `name`.
pub(crate) async fn of_layers<R: Registry>(
    search: &Search<'_, R>,
    manifest: &ImageManifest,
    name: &str,
) -> Findings {
    let mut findings = Findings::default();
    let layers = manifest.layers.len();
    if layers > limits::MAX_LAYERS {
        findings.miss(
            name,
            EvidenceError::TooManyLayers {
                tag: name.to_owned(),
                layers,
            },
        );
        return findings;
    }
    let origins = (0..layers).map(|number| format!("{name} layer {number}"));
    let read = origins
        .zip(&manifest.layers)
        .map(|(origin, layer)| of_layer(search, layer, origin));
    for found in join_all(read).await {
        findings.append(found);
    }
    findings
}

async fn of_layer<R: Registry>(search: &Search<'_, R>, layer: &Descriptor, origin: String) -> Findings {
    let mut findings = Findings::default();
    let media_type = layer.media_type.as_str();
    if media_type != SIMPLE_SIGNING && media_type != DSSE {
        findings.skip(
            &origin,
            format_args!("media type `{}` is not cosign's", quoted(media_type)),
        );
        return findings;
    }
    match search.blob(layer, &origin).await {
        Err(gap) => findings.miss(&origin, gap),
        Ok(bytes) => {
            let material = material(&layer.annotations);
            let bytes = bytes.to_vec();
            let kind = if media_type == DSSE {
                ArtifactKind::Dsse {
                    envelope: bytes,
                    material,
                }
            } else {
                ArtifactKind::SimpleSigning {
                    payload: bytes,
                    material,
                }
            };
            findings.keep(origin, kind);
        }
    }
    findings
}

/// What a layer's annotations carry; cosign writes an empty chain where there is none.
fn material(annotations: &BTreeMap<String, String>) -> SignedMaterial {
    let filled = |key: &str| {
        annotations
            .get(key)
            .filter(|text| !text.trim().is_empty())
            .cloned()
    };
    SignedMaterial {
        signature: annotations
            .get("dev.cosignproject.cosign/signature")
            .cloned()
            .unwrap_or_default(),
        certificate: filled("dev.sigstore.cosign/certificate"),
        chain: filled("dev.sigstore.cosign/chain"),
        log_entry: filled("dev.sigstore.cosign/bundle").map(LogEntry),
        timestamp: filled("dev.sigstore.cosign/rfc3161timestamp"),
        annotations: annotations.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_annotation_is_no_certificate() {
        let annotations = BTreeMap::from(
            [
                ("dev.cosignproject.cosign/signature", "MEUC"),
                ("dev.sigstore.cosign/certificate", "PEM"),
                ("dev.sigstore.cosign/chain", ""),
                ("dev.sigstore.cosign/bundle", "{}"),
                ("predicateType", "x"),
            ]
            .map(|(key, value)| (key.to_owned(), value.to_owned())),
        );
        let material = material(&annotations);
        assert_eq!(material.signature, "MEUC");
        assert_eq!(
            (material.certificate.as_deref(), material.chain),
            (Some("PEM"), None)
        );
        assert_eq!(material.log_entry, Some(LogEntry("{}".into())));
        assert_eq!(material.annotations, annotations);
    }
}
