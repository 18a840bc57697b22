//! What a Pod costs a registry: requests, round trips, and nothing at all the second time.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use policy_engine::{Fact, FactError, FactRequest, FactSource};
use rehearsal::authority::Signer;
use rehearsal::registry::Options;
use rehearsal::repository::Shelf;
use serde_json::{Value, json};
use vouchsafe_fact_loading::{Memory, RequestLoader};

use crate::policies::{attested_by, clean, cluster_policy, images_policy, key, keyless, pod, signed_by};
use crate::stage::{AMPLE, Review, Stage, engine};
use crate::town::Town;
use crate::workshop::{ISSUER, NAME, REVIEW, SUBJECT, credential, fresh_key, judging_ns, logged_signature};

/// Tokens apart, both admission calls together: a signature costs at most five requests, an attestation seven, whatever
/// the layout; the same image again costs none. Where signature and attestation are bundles both, each a manifest and a
/// blob, cosign's tag for signatures is left alone.
#[tokio::test]
async fn a_cold_image_costs_few_requests_and_a_warm_one_none() {
    let stage = Stage::new().await;
    let ci = credential(SUBJECT);
    let signed = [images_policy("p", &[signed_by(&[key(&stage.key)])])];
    let logged = [images_policy("p", &[signed_by(&[keyless(SUBJECT, ISSUER)])])];
    let mut both = attested_by(REVIEW, &key(&stage.key), &clean());
    both["attestors"] = signed_by(&[key(&stage.key)])["attestors"].clone();
    let attested = [images_policy("p", &[both])];
    let report = || json!({ "clean": true });
    stage.signed_image("sig");
    stage
        .repository
        .sign_bundle(&stage.image("bundle"), &stage.key, &Default::default())
        .unwrap();
    stage
        .repository
        .sign_oci11(&stage.image("oci11"), &stage.key, &Default::default())
        .unwrap();
    let image = stage.image("keyless");
    let layer = logged_signature(Signer::Certificate(&ci), &image, &[]);
    stage.repository.attach(&image, Shelf::Signatures, layer).unwrap();
    let image = stage.signed_image("att");
    stage
        .repository
        .attest(&image, &stage.key, REVIEW, report())
        .unwrap();
    let image = stage.image("both-bundles");
    stage
        .repository
        .sign_bundle(&image, &stage.key, &Default::default())
        .unwrap();
    stage
        .repository
        .attest_bundle(&image, &stage.key, REVIEW, report())
        .unwrap();
    let image = stage.image("att-bundle");
    stage
        .repository
        .attest_bundle(&image, &stage.key, REVIEW, report())
        .unwrap();
    let reviewed = [images_policy(
        "p",
        &[attested_by(REVIEW, &key(&stage.key), &clean())],
    )];
    for (tag, policies, most) in [
        ("sig", &signed, 5),
        ("bundle", &signed, 5),
        ("oci11", &signed, 5),
        ("keyless", &logged, 5),
        ("att", &attested, 7),
        ("both-bundles", &attested, 7),
        ("att-bundle", &reviewed, 7),
    ] {
        drop(stage.registry.take_requests());
        stage.run(policies, &[tag]).await.admitted();
        let cold = stage.registry.take_requests();
        assert!(cold.len() <= most, "{tag}: {cold:#?}");
        stage.run(policies, &[tag]).await.admitted();
        let warm = stage.registry.take_requests();
        assert!(warm.is_empty(), "{tag}: {warm:#?}");
    }
}

/// A round over all that runs asks for an unsigned image once, however many run it; an admission asks each time that it
/// would refuse by memory.
#[tokio::test]
async fn a_round_looks_at_an_unsigned_image_once() {
    for (memory, is_once) in [
        (Memory::Round(Duration::from_secs(600)), true),
        (Memory::Admissions, false),
    ] {
        let stage = Stage::new().await.set_up(|options| options.memory = memory);
        let signed = [images_policy("p", &[signed_by(&[key(&stage.key)])])];
        stage.image("unsigned");
        assert!(!stage.run(&signed, &["unsigned"]).await.is_admitted());
        drop(stage.registry.take_requests());
        assert!(!stage.run(&signed, &["unsigned"]).await.is_admitted());
        assert_eq!(stage.registry.take_requests().is_empty(), is_once, "{memory:?}");
    }
}

/// A round that begins anew does not judge by what the one before has seen: a tag may have moved, somebody have signed.
#[tokio::test]
async fn a_new_round_sees_where_a_tag_has_moved_and_what_was_signed_since() {
    let memory = Memory::Round(Duration::from_secs(600));
    let stage = Stage::new().await.set_up(|options| options.memory = memory);
    let signed = [images_policy("p", &[signed_by(&[key(&stage.key)])])];
    stage.signed_image("moves");
    let image = stage.image("later");
    stage.run(&signed, &["moves"]).await.admitted();
    assert!(!stage.run(&signed, &["later"]).await.is_admitted());
    let content = json!({ "config": { "Labels": { "tag": "moved" } } });
    stage.repository.image("moves", &content).unwrap();
    stage
        .repository
        .sign(&image, &stage.key, &Default::default())
        .unwrap();
    stage.run(&signed, &["moves"]).await.admitted();
    assert!(!stage.run(&signed, &["later"]).await.is_admitted());
    stage.loader.clone().forget_images();
    assert!(!stage.run(&signed, &["moves"]).await.is_admitted());
    stage.run(&signed, &["later"]).await.admitted();
}

/// Latency makes dependent round trips visible: the tag, then at most three more.
#[tokio::test]
async fn evidence_is_judged_three_round_trips_after_the_tag() {
    let latency = Duration::from_millis(400);
    let stage = Stage::with(
        Options {
            latency,
            ..Options::default()
        },
        Town::default(),
        false,
    )
    .await;
    let image = stage.signed_image("1");
    stage
        .repository
        .attest(&image, &stage.key, REVIEW, json!({ "clean": true }))
        .unwrap();
    stage
        .repository
        .sign_bundle(&image, &stage.key, &Default::default())
        .unwrap();
    let mut both = attested_by(REVIEW, &key(&stage.key), &clean());
    both["attestors"] = signed_by(&[key(&stage.key)])["attestors"].clone();
    let began = Instant::now();
    stage.run(&[images_policy("p", &[both])], &["1"]).await.admitted();
    let trips = began.elapsed().as_secs_f64() / latency.as_secs_f64();
    assert!(trips < 5.0, "{trips} round trips, the tag's included");
}

/// Eight images, five attestors each, as in K#16657 (21 s with Kyverno): the time of the slowest image, not the sum.
#[tokio::test]
async fn eight_images_with_five_attestors_take_the_time_of_the_slowest() {
    let latency = Duration::from_millis(200);
    let stage = Stage::with(
        Options {
            latency,
            ..Options::default()
        },
        Town::default(),
        false,
    )
    .await;
    let keys: Vec<_> = (0..4).map(|_| fresh_key()).collect();
    let tags: Vec<String> = (0..9).map(|number| format!("t{number}")).collect();
    for tag in &tags {
        let image = stage.signed_image(tag);
        for key in &keys {
            stage.repository.sign(&image, key, &Default::default()).unwrap();
        }
    }
    let attestors: Vec<Value> = keys.iter().chain([&*stage.key]).map(key).collect();
    let policies = [images_policy("p", &[signed_by(&attestors)])];
    let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
    let began = Instant::now();
    stage.run(&policies, &tags[..1]).await.admitted();
    let one = began.elapsed();
    let began = Instant::now();
    stage.run(&policies, &tags[1..]).await.admitted();
    let eight = began.elapsed();
    assert!(eight < one * 3, "one image took {one:?}, eight {eight:?}");
}

/// A source that notes how many questions came in each round.
struct Counting {
    inner: RequestLoader,
    rounds: Mutex<Vec<usize>>,
}

impl FactSource for Counting {
    fn load(
        &self,
        wanted: &BTreeSet<FactRequest>,
    ) -> impl Future<Output = Vec<(FactRequest, Result<Fact, FactError>)>> + Send {
        self.rounds.lock().unwrap().push(wanted.len());
        self.inner.load(wanted)
    }
}

/// Everything that is missing is asked for in one round, over all policies, entries, images and context entries that do
/// not depend on one another.
#[tokio::test]
async fn all_facts_of_one_round_are_asked_at_once() {
    let stage = Stage::new().await;
    let tags: Vec<String> = (0..8).map(|number| format!("t{number}")).collect();
    for tag in &tags {
        stage.signed_image(tag);
    }
    let images: Vec<String> = tags.iter().map(|tag| format!("{NAME}:{tag}")).collect();
    let images: Vec<&str> = images.iter().map(String::as_str).collect();
    let two_keys = |name| {
        images_policy(
            name,
            &[signed_by(&[key(&stage.key)]), signed_by(&[key(&stage.key)])],
        )
    };
    let mut other = signed_by(&[key(&stage.key)]);
    other["required"] = false.into();
    other["attestors"][0]["entries"][0]["keys"]["rekor"] =
        json!({ "ignoreTlog": true, "url": "https://x.example" });
    let policies = [two_keys("a"), two_keys("b"), images_policy("c", &[other])];
    let request = Review::create(&pod(&images)).request(&pod(&images), policy_engine::request::Stage::Mutate);
    let inner = stage.loader.for_request(AMPLE, judging_ns());
    let source = Counting {
        inner,
        rounds: Mutex::default(),
    };
    let decision = engine(&policies).decide(&request, &source).await;
    assert!(decision.is_allowed());
    // Two different demands on eight images; entries and policies that demand the same ask the same question.
    assert_eq!(*source.rounds.lock().unwrap(), [16]);
}

/// The same for what rules read of the cluster: two rules, two entries each, one round.
#[tokio::test]
async fn context_entries_of_all_rules_are_asked_in_one_round() {
    let stage = Stage::new().await;
    let rule = |name: &str| {
        let entries: Vec<Value> = ["one", "two"]
            .iter()
            .map(|entry| json!({ "name": entry, "configMap": { "name": format!("{name}-{entry}"), "namespace": "prod" } }))
            .collect();
        json!({ "name": name, "context": entries, "validate": { "message": "no", "deny": { "conditions": { "any": [
            { "key": "{{ one.data.refuse }}", "operator": "Equals", "value": "yes" },
            { "key": "{{ two.data.refuse }}", "operator": "Equals", "value": "yes" },
        ]}}}})
    };
    let policies = [cluster_policy("a", &rule("a")), cluster_policy("b", &rule("b"))];
    let object = pod(&[&format!("{NAME}:1")]);
    let request = Review::create(&object).request(&object, policy_engine::request::Stage::Validate);
    let inner = stage.loader.for_request(AMPLE, judging_ns());
    let source = Counting {
        inner,
        rounds: Mutex::default(),
    };
    assert!(engine(&policies).decide(&request, &source).await.is_allowed());
    assert_eq!(*source.rounds.lock().unwrap(), [4]);
}
