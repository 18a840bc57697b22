//! Several rules, entries, images, attestors: all of what is demanded holds, in whatever order it stands.

use image_trust::ReasonCode;
use serde_json::{Value, json};

use crate::policies::{cluster_policy, images_policy, key, pod, signed_by};
use crate::stage::{Ruling, Stage};
use crate::workshop::{NAME, fresh_key};

/// Two entries of one rule mean the same image and demand different keys. Kyverno's cache has no place for the entry, so
/// the first that passes makes the second pass too (verify-images §8.4): "and" became "or". Asked twice here, so that
/// our own caches get their chance.
#[tokio::test]
async fn two_entries_of_one_rule_on_one_image_must_both_hold() {
    let stage = Stage::new().await;
    let other = fresh_key();
    let image = stage.signed_image("1");
    for entries in [[key(&stage.key), key(&other)], [key(&other), key(&stage.key)]] {
        let entries: Vec<Value> = entries
            .into_iter()
            .map(|attestor| signed_by(&[attestor]))
            .collect();
        let policies = [images_policy("p", &entries)];
        for _ in 0..2 {
            stage
                .run(&policies, &["1"])
                .await
                .refused_for(ReasonCode::WrongSigner);
        }
    }
    stage
        .repository
        .sign(&image, &other, &Default::default())
        .unwrap();
    let entries = [signed_by(&[key(&stage.key)]), signed_by(&[key(&other)])];
    stage
        .run(&[images_policy("p", &entries)], &["1"])
        .await
        .pinned_to(image.digest());
}

/// The same over two policies: each has its say, the one that is met does not answer for the other, in either order.
#[tokio::test]
async fn two_policies_on_one_image_must_both_hold() {
    let stage = Stage::new().await;
    stage.signed_image("1");
    let met = images_policy("met", &[signed_by(&[key(&stage.key)])]);
    let unmet = images_policy("unmet", &[signed_by(&[key(&fresh_key())])]);
    for policies in [[met.clone(), unmet.clone()], [unmet, met]] {
        let ruling = stage.run(&policies, &["1"]).await;
        ruling.refused_for(ReasonCode::WrongSigner);
        let passed = ruling
            .words()
            .iter()
            .filter(|words| words.starts_with("met/images Pass"))
            .count();
        assert_eq!(passed, 1, "{:#?}", ruling.words());
    }
}

/// Entries without `count` are all demanded, several keys under one `publicKeys` too; with `count` so many as it says.
#[tokio::test]
async fn entries_without_a_count_are_all_demanded() {
    let stage = Stage::new().await;
    let other = fresh_key();
    stage.signed_image("1");
    let both = signed_by(&[key(&stage.key), key(&other)]);
    let joined = format!("{}{}", stage.key.public_pem(), other.public_pem());
    let blocks = signed_by(&[json!({ "keys": { "publicKeys": joined, "rekor": { "ignoreTlog": true } } })]);
    let mut either = both.clone();
    either["attestors"][0]["count"] = 1.into();
    for entry in [both, blocks] {
        stage
            .run(&[images_policy("p", &[entry])], &["1"])
            .await
            .refused_for(ReasonCode::WrongSigner);
    }
    stage
        .run(&[images_policy("p", &[either])], &["1"])
        .await
        .admitted();
}

/// A custom resource names two steps alike. Kyverno keys the images it found by that name and checks the last alone
/// (verify-images §8.21); the first is unsigned.
#[tokio::test]
async fn images_under_one_extractor_key_are_all_checked() {
    let stage = Stage::new().await;
    stage.signed_image("1");
    stage.image("unsigned");
    let rule = json!({
        "name": "images", "match": { "any": [{ "resources": { "kinds": ["Task"] } }] },
        "imageExtractors": { "Task": [{ "path": "/spec/steps/*", "value": "image", "key": "name" }] },
        "verifyImages": [signed_by(&[key(&stage.key)])],
    });
    let policies = [cluster_policy("p", &rule)];
    let task = |tags: [&str; 2]| {
        let steps = tags.map(|tag| json!({ "name": "step", "image": format!("{NAME}:{tag}") }));
        json!({ "apiVersion": "tekton.dev/v1", "kind": "Task", "metadata": { "name": "t", "namespace": "prod" },
            "spec": { "steps": steps } })
    };
    for tags in [["unsigned", "1"], ["1", "unsigned"]] {
        stage
            .create(&policies, &task(tags))
            .await
            .refused_for(ReasonCode::Unsigned);
    }
    stage.create(&policies, &task(["1", "1"])).await.admitted();
}

/// A pattern of tags does not mean a reference by digest in Kyverno (verify-images §8.2), so `repo@sha256:…` went by. And
/// another spelling of the same registry or repository is the same image.
#[tokio::test]
async fn another_spelling_of_an_image_is_still_meant() {
    let stage = Stage::new().await;
    let unsigned = stage.image("unsigned");
    let mut entry = signed_by(&[key(&stage.key)]);
    entry["imageReferences"] = json!(["registry.example.com/app:*"]);
    let policies = [images_policy("p", &[entry])];
    for image in [
        format!("{NAME}@{}", unsigned.digest()),
        format!("{NAME}:unsigned@{}", unsigned.digest()),
    ] {
        stage
            .create(&policies, &pod(&[&image]))
            .await
            .refused_for(ReasonCode::Unsigned);
    }
}

/// Policies, containers and attestors in every order: the same rules refuse for the same reasons. Kyverno words a denial
/// in the random order of a map (verify-images §8.25).
#[tokio::test]
async fn no_order_of_policies_containers_or_attestors_changes_the_decision() {
    let stage = Stage::new().await;
    let other = fresh_key();
    let both = stage.signed_image("both");
    stage.repository.sign(&both, &other, &Default::default()).unwrap();
    stage.signed_image("one");
    stage.image("none");
    let attestors = [key(&stage.key), key(&other)];
    let summary = |ruling: &Ruling| {
        let mut found: Vec<String> = ruling
            .decisions
            .iter()
            .flat_map(|decision| &decision.results)
            .map(|result| {
                let code = result.verdict.reason.as_ref().map(|(code, _)| *code);
                format!("{} {:?} {code:?}", result.policy.key, result.verdict.outcome)
            })
            .collect();
        found.sort();
        found
    };
    for tags in [
        ["both", "both", "both"],
        ["both", "one", "both"],
        ["both", "none", "both"],
    ] {
        let mut seen: Option<Vec<String>> = None;
        for turn in 0..6 {
            let mut tags = tags;
            tags.rotate_left(turn % 3);
            let mut attestors = attestors.to_vec();
            attestors.rotate_left(turn % 2);
            let mut policies = vec![
                images_policy("all", &[signed_by(&attestors)]),
                images_policy("first", &[signed_by(&attestors[..1])]),
                images_policy("second", &[signed_by(&attestors[1..])]),
            ];
            // Names stay with their keys; only places change.
            if turn % 2 == 1 {
                policies[1] = images_policy("first", &[signed_by(&attestors[1..])]);
                policies[2] = images_policy("second", &[signed_by(&attestors[..1])]);
            }
            policies.rotate_left(turn % 3);
            let found = summary(&stage.run(&policies, &tags).await);
            assert_eq!(
                seen.get_or_insert_with(|| found.clone()),
                &found,
                "turn {turn} of {tags:?}"
            );
        }
    }
}
