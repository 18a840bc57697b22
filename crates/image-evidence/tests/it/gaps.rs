//! What cannot be read is told, not passed over; and it never takes long.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use image_trust::{Layouts, ReasonCode};
use rehearsal::registry::{Fault, Misbehaviour, Target};
use rehearsal::repository::Shelf;
use serde_json::json;

use crate::image_evidence::{EvidenceError, Question, limits};
use crate::{Stage, call, image_evidence};

fn signatures() -> Question {
    Question::signatures(Layouts::Sigstore)
}

#[tokio::test]
async fn a_missing_image_is_an_error_in_kyverno_s_words() {
    let stage = Stage::new().await;
    stage.repository.image("1", &json!({})).unwrap();
    let (gathered, _) = stage.gather("nope", &signatures()).await;
    let error = gathered.unwrap_err();
    assert_eq!(error.code(), ReasonCode::ImageNotFound);
    let text = error.to_string();
    assert!(
        text.starts_with("image tag not found: GET http://127.0.0.1:"),
        "{text}"
    );
    assert!(
        text.contains("/v2/acme/api/manifests/nope: MANIFEST_UNKNOWN: "),
        "{text}"
    );
}

/// The tag moves between two questions: to the signed image when the digest is asked for, to another afterwards.
#[tokio::test]
async fn a_tag_that_moves_is_resolved_once_and_everything_is_about_that() {
    let stage = Stage::new().await;
    let signed = stage.repository.image("1", &json!({})).unwrap();
    let evil = stage.repository.image("evil", &json!({ "evil": true })).unwrap();
    stage
        .repository
        .sign(&signed, &stage.key, &BTreeMap::new())
        .unwrap();
    let moves = Misbehaviour::MoveTo(vec![evil.digest().to_owned(), signed.digest().to_owned()]);
    stage
        .registry
        .misbehave(Fault::new(Target::Manifest("1".to_owned()), moves));
    let (gathered, _) = stage.gather("1", &signatures()).await;
    let gathered = gathered.unwrap();
    assert_eq!(gathered.evidence.digest.to_string(), evil.digest());
    assert!(gathered.evidence.artifacts.is_empty());
}

#[tokio::test]
async fn each_failure_beside_the_image_is_a_gap_with_its_reason() {
    let stage = Stage::new().await;
    let image = stage.repository.image("1", &json!({})).unwrap();
    stage
        .repository
        .sign(&image, &stage.key, &BTreeMap::new())
        .unwrap();
    stage
        .repository
        .sign_bundle(&image, &stage.key, &BTreeMap::new())
        .unwrap();
    let tag = Target::Manifest(Shelf::Signatures.tag(image.digest()));
    for (target, misbehaviour, code, left) in [
        (
            Target::Referrers,
            Misbehaviour::Status(403),
            ReasonCode::RegistryAuth,
            1,
        ),
        (
            tag.clone(),
            Misbehaviour::Status(403),
            ReasonCode::RegistryAuth,
            1,
        ),
        (tag, Misbehaviour::HangUp, ReasonCode::RegistryUnreachable, 1),
        (
            Target::Blobs,
            Misbehaviour::ServeOtherBytes(Bytes::from_static(b"{}")),
            ReasonCode::RegistryProtocol,
            0,
        ),
        (
            Target::Blobs,
            Misbehaviour::EndlessBody,
            ReasonCode::LimitExceeded,
            0,
        ),
    ] {
        stage
            .registry
            .misbehave(Fault::new(target.clone(), misbehaviour.clone()));
        let (gathered, _) = stage.gather("1", &signatures()).await;
        stage.registry.behave();
        let gathered = gathered.unwrap();
        assert_eq!(
            gathered.evidence.artifacts.len(),
            left,
            "{target:?} {misbehaviour:?}"
        );
        assert!(!gathered.gaps.is_empty(), "{target:?} {misbehaviour:?}");
        assert!(
            gathered.gaps.iter().all(|gap| gap.code() == code),
            "{:?}",
            gathered.gaps
        );
        assert!(gathered.complete().is_err());
    }
}

#[tokio::test]
async fn a_registry_that_stalls_is_left_at_the_deadline() {
    let stage = Stage::new().await;
    let image = stage.repository.image("1", &json!({})).unwrap();
    stage
        .repository
        .sign(&image, &stage.key, &BTreeMap::new())
        .unwrap();
    stage
        .registry
        .misbehave(Fault::new(Target::Blobs, Misbehaviour::StallBody));
    let mut call = call();
    call.deadline = oci_registry::Deadline::after(Duration::from_millis(400));
    let began = Instant::now();
    let reference = stage.reference("1");
    let gathered = image_evidence::gather(&stage.client, &call, &reference, &signatures())
        .await
        .unwrap();
    assert!(began.elapsed() < Duration::from_secs(3));
    assert!(
        gathered
            .gaps
            .iter()
            .any(|gap| gap.code() == ReasonCode::RegistryTimeout),
        "{:?}",
        gathered.gaps
    );
}

/// CVE-2024-29903: so many signatures that reading them is the attack.
#[tokio::test]
async fn too_many_layers_are_a_gap_and_none_is_read() {
    let stage = Stage::new().await;
    let image = stage.repository.image("1", &json!({})).unwrap();
    let layer = rehearsal::oci::Descriptor::of("application/vnd.dev.cosign.simplesigning.v1+json", b"{}");
    let layers: Vec<_> = (0..=limits::MAX_LAYERS).map(|_| layer.clone()).collect();
    let config = rehearsal::oci::Descriptor::of("application/vnd.oci.image.config.v1+json", b"{}");
    let manifest = serde_json::to_vec(&rehearsal::oci::Manifest::new(config, layers)).unwrap();
    let content = stage.registry.content();
    let digest = content.put_manifest("acme/api", "application/vnd.oci.image.manifest.v1+json", manifest);
    content.tag("acme/api", &Shelf::Signatures.tag(image.digest()), &digest);
    let (gathered, requests) = stage.gather("1", &signatures()).await;
    let gathered = gathered.unwrap();
    assert!(matches!(
        gathered.gaps.as_slice(),
        [EvidenceError::TooManyLayers { layers: 1001, .. }]
    ));
    assert_eq!(requests, 3);
}

/// CVE-2024-29902: one enormous layer.
#[tokio::test]
async fn an_enormous_layer_is_a_gap_and_is_not_read() {
    let stage = Stage::new().await;
    let image = stage.repository.image("1", &json!({})).unwrap();
    let mut layer = rehearsal::oci::Descriptor::of("application/vnd.dev.cosign.simplesigning.v1+json", b"{}");
    layer.size = limits::MAX_ARTIFACT_BYTES + 1;
    let config = rehearsal::oci::Descriptor::of("application/vnd.oci.image.config.v1+json", b"{}");
    let manifest = serde_json::to_vec(&rehearsal::oci::Manifest::new(config, vec![layer])).unwrap();
    let content = stage.registry.content();
    let digest = content.put_manifest("acme/api", "application/vnd.oci.image.manifest.v1+json", manifest);
    content.tag("acme/api", &Shelf::Signatures.tag(image.digest()), &digest);
    let (gathered, requests) = stage.gather("1", &signatures()).await;
    assert!(matches!(
        gathered.unwrap().gaps.as_slice(),
        [EvidenceError::TooLarge { .. }]
    ));
    assert_eq!(requests, 3);
}

#[tokio::test]
async fn evidence_with_gaps_is_not_kept() {
    let stage = Stage::new().await;
    let image = stage.repository.image("1", &json!({})).unwrap();
    stage
        .repository
        .sign(&image, &stage.key, &BTreeMap::new())
        .unwrap();
    let gatherer =
        image_evidence::EvidenceGatherer::new(stage.client.clone(), image_evidence::CacheOptions::default());
    stage
        .registry
        .misbehave(Fault::new(Target::Referrers, Misbehaviour::Status(403)));
    let reference = stage.reference("1");
    let recent = image_evidence::Freshness::Recent;
    let first = gatherer
        .gather(&call(), &reference, &signatures(), recent)
        .await
        .unwrap();
    assert_eq!(first.gaps.len(), 1);
    stage.registry.behave();
    let second = gatherer
        .gather(&call(), &reference, &signatures(), recent)
        .await
        .unwrap();
    assert!(second.gaps.is_empty() && !second.is_from_cache);
}
