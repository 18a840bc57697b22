//! What Kyverno's webhook answered about thirty images under ten policies, and what ours answers.
//!
//! Runs where `VOUCHSAFE_CORPUS=1` is set, on the recordings in `$VOUCHSAFE_SHARED`; missing or empty recordings then fail.
//! Compared: admitted or not, the denial with its envelope, warnings, the image in the patch. Left out: annotations that
//! claim a verification (we write none), our own sentence behind Kyverno's message, and the images whose right answer
//! differs from Kyverno's (`kyverno` in `fixtures/acme/expected.json`). An image that lies in a layout which Kyverno does not
//! look for is denied by both where it must be, in other words; so is one about which Kyverno asked a network in vain.

use std::path::{Path, PathBuf};

use http::StatusCode;
use policy_engine::decision::yaml_text;
use rehearsal::registry::Options;
use rehearsal::{Content, Registry, layout};
use serde::Deserialize;
use serde_json::{Value, json};
use vouchsafe_admission_server::Webhook;

use crate::house::{Setup, patch, post};

/// The registry that the recordings name.
const RECORDED_HOST: &str = "127.0.0.1:5012";

/// Answers that are not given yet, by policy and image. May only shrink: one that is given must be struck out.
const KNOWN_GAPS: [(&str, &str); 0] = [];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Recording {
    policy: Value,
    answers: Vec<Recorded>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Recorded {
    image: String,
    mutate: Answer,
    validate: Option<Answer>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    allowed: bool,
    status: Option<Value>,
    #[serde(default)]
    warnings: Vec<String>,
    #[serde(default)]
    patch: Vec<Value>,
}

fn read(path: &Path) -> Value {
    let text = std::fs::read(path).unwrap_or_else(|cause| panic!("{}: {cause}", path.display()));
    serde_json::from_slice(&text).unwrap_or_else(|cause| panic!("{}: {cause}", path.display()))
}

/// Whether the right answer about `image` under `policy` differs from Kyverno's. A variant of a policy (`key-audit`) that
/// has no expectations of its own has those of what it varies (`key`).
fn is_known_difference(expected: &Value, policy: &str, image: &str) -> bool {
    let own = expected
        .get(policy)
        .or_else(|| expected.get(policy.split('-').next()?));
    own.and_then(|images| images.get(image))
        .is_some_and(|verdict| verdict.get("kyverno").is_some())
}

/// Whether Kyverno saw other evidence beside `image` than we do: then the verdict is compared, not its words.
fn is_seen_differently(expected: &Value, recorded: &Recorded) -> bool {
    let policies = expected.as_object().into_iter().flatten();
    let mut verdicts = policies.filter_map(|(_, images)| images.get(&recorded.image));
    let status = recorded
        .mutate
        .status
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    verdicts.any(|verdict| verdict.get("kyverno").is_some()) || status.contains("dial tcp")
}

/// Kyverno's part of a message: without our sentence in brackets, which begins with a reason code.
fn without_our_sentence(message: &str) -> &str {
    let is_code = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    let begins_with_code = |rest: &str| rest.split_once(": ").is_some_and(|(code, _)| is_code(code));
    let mut brackets = message.match_indices(" (").map(|(at, _)| message.split_at(at));
    let ours = brackets.find(|(_, rest)| rest.strip_prefix(" (").is_some_and(begins_with_code));
    ours.map_or(message, |(kyvernos, _)| kyvernos)
}

/// A denial without our sentences, written anew.
fn kyvernos_part(denial: &str) -> String {
    let Some((envelope, policies)) = denial.split_once("policies \n\n") else {
        return denial.to_owned();
    };
    let policies = manifest::read_value(policies).unwrap_or_else(|cause| panic!("{denial}: {cause}"));
    let mut text = format!("{envelope}policies \n\n");
    for (policy, rules) in policies.as_object().unwrap() {
        text += &format!("{}:\n", yaml_text(policy, 0));
        for (rule, message) in rules.as_object().unwrap() {
            let message = without_our_sentence(message.as_str().unwrap());
            text += &format!("  {}: {}\n", yaml_text(rule, 0), yaml_text(message, 4));
        }
    }
    text
}

fn image_operations(patch: &[Value]) -> Vec<Value> {
    let is_image = |operation: &&Value| {
        operation["path"]
            .as_str()
            .is_some_and(|path| path.ends_with("/image"))
    };
    patch.iter().filter(is_image).cloned().collect()
}

async fn call(webhook: &Webhook, path: &str, review: &Value) -> Value {
    let (status, body) = post(webhook, path, review.to_string()).await;
    assert_eq!(status, StatusCode::OK, "{}", String::from_utf8_lossy(&body));
    serde_json::from_slice::<Value>(&body).unwrap()["response"].clone()
}

fn differences(call: &str, ours: &Value, recorded: &Answer, words: bool) -> Vec<String> {
    let mut found = Vec::new();
    let mut compare = |what: &str, ours: String, theirs: String| {
        if ours != theirs {
            found.push(format!(
                "{call} {what}:\n    ours:    {ours:?}\n    kyverno: {theirs:?}"
            ));
        }
    };
    let message = |status: &Value| status["message"].as_str().unwrap_or_default().to_owned();
    let warnings = ours["warnings"].as_array().cloned().unwrap_or_default();
    let warnings: Vec<&str> = warnings
        .iter()
        .map(|text| without_our_sentence(text.as_str().unwrap()))
        .collect();
    compare(
        "allowed",
        ours["allowed"].to_string(),
        recorded.allowed.to_string(),
    );
    let operations = |patch: &[Value]| serde_json::to_string(&image_operations(patch)).unwrap();
    compare("patch", operations(&patch(ours)), operations(&recorded.patch));
    if !words {
        return found;
    }
    compare(
        "denial",
        kyvernos_part(&message(&ours["status"])),
        recorded.status.as_ref().map(message).unwrap_or_default(),
    );
    compare(
        "warnings",
        format!("{warnings:?}"),
        format!("{:?}", recorded.warnings),
    );
    found
}

async fn judge(webhook: &Webhook, body: &Value, recorded: &Recorded, words: bool) -> Vec<String> {
    let mut review = body.clone();
    let image = format!("{RECORDED_HOST}/acme:{}", recorded.image);
    review["request"]["object"]["spec"]["containers"][0]["image"] = json!(image);
    let mutated = call(webhook, "/mutate/fail?timeout=30s", &review).await;
    let mut found = differences("mutate", &mutated, &recorded.mutate, words);
    for operation in image_operations(&patch(&mutated)) {
        let pointer = operation["path"].as_str().unwrap();
        *review["request"]["object"].pointer_mut(pointer).unwrap() = operation["value"].clone();
    }
    if let Some(recorded) = &recorded.validate
        && mutated["allowed"] == true
    {
        let validated = call(webhook, "/validate/fail?timeout=30s", &review).await;
        found.extend(differences("validate", &validated, recorded, words));
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn recorded_answers_are_given_again() {
    if std::env::var("VOUCHSAFE_CORPUS").as_deref() != Ok("1") {
        return;
    }
    let shared =
        PathBuf::from(std::env::var_os("VOUCHSAFE_SHARED").unwrap_or_else(|| "../../../shared".into()));
    let content = Content::new();
    layout::load_layout(&content, &shared.join("fixtures/acme/layout"), "acme").unwrap();
    let registry = Registry::start(content, Options::default()).await.unwrap();
    let expected = read(&shared.join("fixtures/acme/expected.json"));
    let body = read(&shared.join("bench/bodies/create-pod-signed-dry.json"));
    let folder = shared.join("corpus/admission");
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let (mut same, mut aside, mut gaps, mut failed) = (0, 0, 0, Vec::new());
    for file in files
        .iter()
        .filter(|file| file.extension().is_some_and(|ending| ending == "json"))
    {
        let name = file.file_stem().unwrap().to_str().unwrap();
        let recording: Recording = serde_json::from_value(read(file)).unwrap();
        let setup = Setup {
            mirrors: vec![format!("{RECORDED_HOST}={}", registry.url())],
            ..Setup::default()
        };
        let webhook = setup.webhook(&recording.policy.to_string());
        for recorded in &recording.answers {
            if is_known_difference(&expected, name, &recorded.image) {
                aside += 1;
                continue;
            }
            let words = !is_seen_differently(&expected, recorded);
            let is_gap = KNOWN_GAPS.contains(&(name, recorded.image.as_str()));
            match judge(&webhook, &body, recorded, words).await.as_slice() {
                [] if is_gap => failed.push(format!(
                    "{name} {}: is given now; strike it from the gaps",
                    recorded.image
                )),
                [] => same += 1,
                _ if is_gap => gaps += 1,
                found => failed.push(format!("{name} {}\n  {}", recorded.image, found.join("\n  "))),
            }
        }
    }
    println!(
        "recorded answers: {same} given again, {} not, {gaps} known gaps, {aside} known differences aside",
        failed.len()
    );
    assert!(same > 0, "no recordings in {}", folder.display());
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
