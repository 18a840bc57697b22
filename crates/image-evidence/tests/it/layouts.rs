//! Each layout is found, and becomes what its media type says.

use std::collections::BTreeMap;

use image_trust::{ArtifactKind, Layouts};
use rehearsal::layer::Layer;
use rehearsal::oci::{Descriptor, Manifest};
use rehearsal::repository::Shelf;
use serde_json::json;

use crate::image_evidence::{EvidenceError, Gathered, Question};
use crate::{Stage, with_attestations};

fn kinds(gathered: &Gathered) -> Vec<&'static str> {
    let kinds = gathered
        .evidence
        .artifacts
        .iter()
        .map(|artifact| match artifact.kind {
            ArtifactKind::SimpleSigning { .. } => "signature",
            ArtifactKind::Dsse { .. } => "attestation",
            ArtifactKind::Bundle { .. } => "bundle",
            ArtifactKind::Notary { .. } => "notary",
            ArtifactKind::NotaryAttestation { .. } => "notary attestation",
        });
    kinds.collect()
}

#[tokio::test]
async fn every_sigstore_layout_is_found_in_registry_order() {
    let stage = Stage::new().await;
    let image = stage.repository.image("1", &json!({})).unwrap();
    stage
        .repository
        .sign(&image, &stage.key, &BTreeMap::new())
        .unwrap();
    stage
        .repository
        .sign(&image, &stage.key, &BTreeMap::from([("a".into(), "b".into())]))
        .unwrap();
    stage
        .repository
        .attest(&image, &stage.key, "vuln", json!({}))
        .unwrap();
    stage
        .repository
        .sign_bundle(&image, &stage.key, &BTreeMap::new())
        .unwrap();
    stage
        .repository
        .attest_bundle(&image, &stage.key, "vuln", json!({}))
        .unwrap();
    stage
        .repository
        .sign_oci11(&image, &stage.key, &BTreeMap::new())
        .unwrap();

    let (gathered, _) = stage
        .gather("1", &with_attestations(Layouts::Sigstore, "vuln"))
        .await;
    let gathered = gathered.unwrap();
    assert_eq!(gathered.evidence.digest.to_string(), image.digest());
    let mut found = kinds(&gathered);
    assert_eq!(
        found.get(..3),
        Some(["signature", "signature", "attestation"].as_slice())
    );
    found.sort_unstable();
    assert_eq!(
        found,
        [
            "attestation",
            "bundle",
            "bundle",
            "signature",
            "signature",
            "signature"
        ]
    );
    assert!(gathered.gaps.is_empty());

    let (signatures, _) = stage.gather("1", &Question::signatures(Layouts::Sigstore)).await;
    let mut found = kinds(&signatures.unwrap());
    found.sort_unstable();
    assert_eq!(found, ["bundle", "signature", "signature", "signature"]);
    let (bundles, _) = stage
        .gather("1", &Question::signatures(Layouts::BundlesOnly))
        .await;
    assert_eq!(kinds(&bundles.unwrap()), ["bundle"]);
    let (notary, _) = stage.gather("1", &Question::signatures(Layouts::Notary)).await;
    assert!(kinds(&notary.unwrap()).is_empty());
}

#[tokio::test]
async fn without_the_referrers_api_bundles_are_found_by_tag() {
    let options = rehearsal::registry::Options {
        referrers_api: false,
        ..Default::default()
    };
    let stage = Stage::with(options).await;
    let image = stage.repository.image("1", &json!({})).unwrap();
    stage
        .repository
        .sign_bundle(&image, &stage.key, &BTreeMap::new())
        .unwrap();
    let (gathered, _) = stage.gather("1", &Question::signatures(Layouts::Sigstore)).await;
    assert_eq!(kinds(&gathered.unwrap()), ["bundle"]);
}

/// An attacker who may push tags puts an attestation where signatures are looked for.
#[tokio::test]
async fn an_artifact_is_what_its_media_type_says_whatever_tag_it_lies_under() {
    let stage = Stage::new().await;
    let image = stage.repository.image("1", &json!({})).unwrap();
    let attested = stage.repository.image("2", &json!({ "other": true })).unwrap();
    stage
        .repository
        .attest(&attested, &stage.key, "vuln", json!({}))
        .unwrap();
    let content = stage.registry.content();
    let stolen = content
        .manifest("acme/api", &Shelf::Attestations.tag(attested.digest()))
        .unwrap();
    content.tag("acme/api", &Shelf::Signatures.tag(image.digest()), &stolen.digest);
    let (gathered, _) = stage.gather("1", &Question::signatures(Layouts::Sigstore)).await;
    assert_eq!(kinds(&gathered.unwrap()), ["attestation"]);
}

#[tokio::test]
async fn a_layer_of_another_media_type_is_skipped_and_told() {
    let stage = Stage::new().await;
    let image = stage.repository.image("1", &json!({})).unwrap();
    let mut layer = Layer::signed(b"x".to_vec(), b"y");
    layer.media_type = "text/plain".to_owned();
    stage.repository.attach(&image, Shelf::Signatures, layer).unwrap();
    let (gathered, _) = stage.gather("1", &Question::signatures(Layouts::Sigstore)).await;
    let evidence = gathered.unwrap().complete().unwrap();
    assert!(evidence.artifacts.is_empty());
    let told = evidence
        .examined
        .iter()
        .filter_map(|examined| examined.outcome.as_ref().err());
    assert!(
        told.clone()
            .any(|why| why == "media type `text/plain` is not cosign's"),
        "{:?}",
        told.collect::<Vec<_>>()
    );
}

fn artifact(stage: &Stage, artifact_type: &str, layer_type: &str, bytes: &[u8]) -> Manifest {
    let content = stage.registry.content();
    content.put_blob(b"{}".to_vec());
    content.put_blob(bytes.to_vec());
    let config = Descriptor::of("application/vnd.oci.empty.v1+json", b"{}");
    let mut manifest = Manifest::new(config, vec![Descriptor::of(layer_type, bytes)]);
    manifest.artifact_type = Some(artifact_type.to_owned());
    manifest
}

const NOTARY: &str = "application/vnd.cncf.notary.signature";

#[tokio::test]
async fn notary_attestations_come_with_their_own_signatures() {
    let stage = Stage::new().await;
    let image = stage.repository.image("1", &json!({})).unwrap();
    let signature = artifact(&stage, NOTARY, "application/jose+json", b"on the image");
    stage.repository.refer(&image, signature).unwrap();
    let sbom = artifact(&stage, "application/spdx+json", "application/json", b"{\"a\":1}");
    let sbom = stage.repository.refer(&image, sbom).unwrap();
    let stored = stage.registry.content().manifest("acme/api", &sbom).unwrap();
    let mut on_sbom = artifact(&stage, NOTARY, "application/cose", b"on the sbom");
    on_sbom.subject = Some(Descriptor::of(
        "application/vnd.oci.image.manifest.v1+json",
        &stored.bytes,
    ));
    stage.registry.content().put_manifest(
        "acme/api",
        "application/vnd.oci.image.manifest.v1+json",
        serde_json::to_vec(&on_sbom).unwrap(),
    );

    let (gathered, requests) = stage
        .gather("1", &with_attestations(Layouts::Notary, "application/spdx+json"))
        .await;
    let evidence = gathered.unwrap().complete().unwrap();
    let attestations: Vec<_> = evidence
        .artifacts
        .iter()
        .filter_map(|artifact| match &artifact.kind {
            ArtifactKind::NotaryAttestation {
                digest,
                manifest,
                predicate,
                signatures,
                ..
            } => Some((
                digest.to_string(),
                manifest.clone(),
                predicate.clone(),
                signatures.clone(),
            )),
            ArtifactKind::Notary { .. }
            | ArtifactKind::SimpleSigning { .. }
            | ArtifactKind::Dsse { .. }
            | ArtifactKind::Bundle { .. } => None,
        })
        .collect();
    let signatures = vec![("application/cose".to_owned(), b"on the sbom".to_vec())];
    assert_eq!(
        attestations,
        [(sbom, stored.bytes.to_vec(), b"{\"a\":1}".to_vec(), signatures)]
    );
    assert_eq!(evidence.artifacts.len(), 2);
    assert_eq!(
        requests, 9,
        "tag, list, 2 manifests, the attestation's list, manifest, 3 contents"
    );
}

/// A registry, or whoever writes the index under the fallback tag, lists an artifact of another image.
#[tokio::test]
async fn a_referrer_of_another_image_is_not_evidence_about_this_one() {
    let options = rehearsal::registry::Options {
        referrers_api: false,
        ..Default::default()
    };
    let stage = Stage::with(options).await;
    let image = stage.repository.image("1", &json!({})).unwrap();
    let other = stage.repository.image("2", &json!({ "other": true })).unwrap();
    let bundle = stage
        .repository
        .sign_bundle(&other, &stage.key, &BTreeMap::new())
        .unwrap();
    let stored = stage.registry.content().manifest("acme/api", &bundle).unwrap();
    let mut listed = Descriptor::of("application/vnd.oci.image.manifest.v1+json", &stored.bytes);
    listed.artifact_type = Some("application/vnd.dev.sigstore.bundle.v0.3+json".to_owned());
    let index = json!({ "schemaVersion": 2, "manifests": [listed] }).to_string();
    let content = stage.registry.content();
    let index = content.put_manifest("acme/api", "application/vnd.oci.image.index.v1+json", index);
    content.tag("acme/api", &image.digest().replace(':', "-"), &index);
    let (gathered, _) = stage.gather("1", &Question::signatures(Layouts::Sigstore)).await;
    let evidence = gathered.unwrap().complete().unwrap();
    assert!(evidence.artifacts.is_empty());
    let told = format!("it refers to another image, {}", other.digest());
    assert!(
        evidence
            .examined
            .iter()
            .any(|examined| examined.outcome.as_ref() == Err(&told)),
        "{evidence:?}"
    );
}

#[tokio::test]
async fn a_signer_s_own_repository_is_searched_instead() {
    let stage = Stage::new().await;
    let image = stage.repository.image("1", &json!({})).unwrap();
    let at = std::time::UNIX_EPOCH;
    let apart = rehearsal::Repository::new(stage.registry.content(), "acme/signatures", "x", at);
    apart.sign(&image, &stage.key, &BTreeMap::new()).unwrap();
    let mut question = Question::signatures(Layouts::Sigstore);
    let (beside, _) = stage.gather("1", &question).await;
    assert!(kinds(&beside.unwrap()).is_empty());
    question.repositories = [Some(format!("{}/acme/signatures", stage.registry.host()))].into();
    let (apart, _) = stage.gather("1", &question).await;
    assert_eq!(kinds(&apart.unwrap()), ["signature"]);
    question.repositories = [Some("../../etc".to_owned())].into();
    let (refused, _) = stage.gather("1", &question).await;
    assert!(matches!(refused, Err(EvidenceError::Location(_))));
}
