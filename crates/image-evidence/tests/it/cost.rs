//! What a question costs: requests, round trips, and nothing at all from memory.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use image_trust::Layouts;
use oci_registry::{Access, Call, Credential, ExplicitCredential, Keychain, Secret};
use rehearsal::registry::Options;
use serde_json::json;

use crate::image_evidence::{CacheOptions, EvidenceGatherer, Freshness, Question};
use crate::{Stage, call, with_attestations};

#[tokio::test]
async fn a_signature_costs_at_most_five_requests_and_an_attestation_two_more() {
    let stage = Stage::new().await;
    let signed = stage.repository.image("signed", &json!({})).unwrap();
    stage
        .repository
        .sign(&signed, &stage.key, &BTreeMap::new())
        .unwrap();
    let bundled = stage.repository.image("bundled", &json!({ "n": 1 })).unwrap();
    stage
        .repository
        .sign_bundle(&bundled, &stage.key, &BTreeMap::new())
        .unwrap();
    let attested = stage.repository.image("attested", &json!({ "n": 2 })).unwrap();
    stage
        .repository
        .sign(&attested, &stage.key, &BTreeMap::new())
        .unwrap();
    stage
        .repository
        .attest(&attested, &stage.key, "vuln", json!({}))
        .unwrap();

    let signatures = Question::signatures(Layouts::Sigstore);
    for (tag, question, most) in [
        ("signed", &signatures, 4),
        ("bundled", &signatures, 5),
        ("attested", &signatures, 4),
        ("attested", &with_attestations(Layouts::Sigstore, "vuln"), 6),
    ] {
        let (gathered, requests) = stage.gather(tag, question).await;
        let asked = stage.registry.take_requests();
        assert!(gathered.unwrap().gaps.is_empty());
        assert_eq!(requests, most, "{tag}: {asked:#?}");
        assert_eq!(asked.len() as u64, most, "{tag}: {asked:#?}");
    }
}

#[tokio::test]
async fn evidence_is_there_three_round_trips_after_the_tag() {
    let latency = Duration::from_millis(100);
    let stage = Stage::with(Options {
        latency,
        ..Options::default()
    })
    .await;
    let image = stage.repository.image("1", &json!({})).unwrap();
    for number in 0..4 {
        let annotations = BTreeMap::from([("n".to_owned(), number.to_string())]);
        stage.repository.sign(&image, &stage.key, &annotations).unwrap();
        stage
            .repository
            .attest(&image, &stage.key, "vuln", json!({ "n": number }))
            .unwrap();
    }
    stage
        .repository
        .sign_bundle(&image, &stage.key, &BTreeMap::new())
        .unwrap();
    let began = Instant::now();
    let (gathered, _) = stage
        .gather("1", &with_attestations(Layouts::Sigstore, "vuln"))
        .await;
    assert_eq!(gathered.unwrap().evidence.artifacts.len(), 9);
    let took = began.elapsed();
    assert!(took >= latency * 4 && took < latency * 7, "{took:?}");
}

#[tokio::test]
async fn evidence_is_gathered_once_and_its_absence_is_soon_forgotten() {
    let stage = Stage::new().await;
    let image = stage.repository.image("1", &json!({})).unwrap();
    let options = CacheOptions {
        absence_life: Duration::from_millis(50),
        ..CacheOptions::default()
    };
    let gatherer = EvidenceGatherer::new(stage.client.clone(), options);
    let question = Question::signatures(Layouts::Sigstore);
    let reference = stage.reference("1");
    let gather = async |call: &Call, freshness| {
        gatherer
            .gather(call, &reference, &question, freshness)
            .await
            .unwrap()
    };
    assert!(
        gather(&call(), Freshness::Recent)
            .await
            .evidence
            .artifacts
            .is_empty()
    );
    stage
        .repository
        .sign(&image, &stage.key, &BTreeMap::new())
        .unwrap();
    assert_eq!(
        gather(&call(), Freshness::Now).await.evidence.artifacts.len(),
        1,
        "just signed"
    );

    let warm = call();
    let again = gather(&warm, Freshness::Recent).await;
    assert!(again.is_from_cache);
    assert_eq!(
        (again.evidence.artifacts.len(), warm.requests.get()),
        (1, 1),
        "the tag alone is asked again"
    );

    let unsigned = stage.repository.image("2", &json!({ "n": 2 })).unwrap();
    let second = stage.reference("2");
    let absent = gatherer
        .gather(&call(), &second, &question, Freshness::Recent)
        .await
        .unwrap();
    assert!(absent.evidence.artifacts.is_empty());
    stage
        .repository
        .sign(&unsigned, &stage.key, &BTreeMap::new())
        .unwrap();
    tokio::time::sleep(Duration::from_millis(120)).await;
    let present = gatherer
        .gather(&call(), &second, &question, Freshness::Recent)
        .await
        .unwrap();
    assert_eq!(present.evidence.artifacts.len(), 1);
}

#[tokio::test]
async fn one_tenant_s_evidence_is_not_another_s() {
    let stage = Stage::new().await;
    let image = stage.repository.image("1", &json!({})).unwrap();
    stage
        .repository
        .sign(&image, &stage.key, &BTreeMap::new())
        .unwrap();
    let gatherer = EvidenceGatherer::new(stage.client.clone(), CacheOptions::default());
    let question = Question::signatures(Layouts::Sigstore);
    let credential = Credential::RegistryToken(Secret::new("t"));
    let source = ExplicitCredential::new(&stage.registry.host(), credential);
    let keychain = Keychain::new(vec![std::sync::Arc::new(source)]);
    let other = Call {
        access: Access {
            keychain,
            allow_insecure: false,
        },
        ..call()
    };
    for (call, is_from_cache) in [(&call(), false), (&call(), true), (&other, false), (&other, true)] {
        let gathered = gatherer
            .gather(call, &stage.reference("1"), &question, Freshness::Recent)
            .await
            .unwrap();
        assert_eq!(gathered.is_from_cache, is_from_cache);
    }
}

#[tokio::test]
async fn a_burst_of_questions_about_one_image_costs_as_much_as_one() {
    let stage = Stage::with(Options {
        latency: Duration::from_millis(20),
        ..Options::default()
    })
    .await;
    let image = stage.repository.image("1", &json!({})).unwrap();
    stage
        .repository
        .sign(&image, &stage.key, &BTreeMap::new())
        .unwrap();
    let question = Question::signatures(Layouts::Sigstore);
    let all = (0..20).map(|_| stage.gather("1", &question));
    let all = futures_util::future::join_all(all).await;
    assert!(
        all.iter()
            .all(|(gathered, _)| gathered.as_ref().is_ok_and(|found| found.gaps.is_empty()))
    );
    assert_eq!(stage.registry.requests().len(), 4);
}
