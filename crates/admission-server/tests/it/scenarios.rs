//! The three scenarios, verbatim, from review to answer, on images that a registry in the process serves.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use rehearsal::authority::{Identity, Signer};
use rehearsal::registry::Options;
use rehearsal::repository::{PushedImage, Shelf};
use rehearsal::statement::Statement;
use rehearsal::{Algorithm, Authority, Content, Registry, Repository, SigningKey, instant, simple_signing};
use serde_json::{Value, json};
use vouchsafe_admission_server::Webhook;

use crate::house::{Setup, ask, denial, patch, pod_review, webhook};

const REGISTRIES: &str = include_str!("../../../cli/src/command/demo/restrict-image-registries.yaml");
const SIGNATURES: &str = include_str!("../../../cli/src/command/demo/check-image-signatures.yaml");
const VULNERABILITIES: &str = include_str!("../../../cli/src/command/demo/check-vulnerabilities.yaml");
const PLACEHOLDER: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEyourPublicKeyContentHere...";
const DAY: Duration = Duration::from_secs(24 * 3_600);

/// A registry with an authority's evidence in it.
struct House {
    authority: Authority,
    repository: Repository,
    registry: Registry,
    now: SystemTime,
}

impl House {
    async fn open() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "scans are judged by how old they are now"
        )]
        let now = SystemTime::now();
        let content = Content::new();
        let repository = Repository::new(&content, "app", "registry.example.com/app", now - DAY);
        let registry = Registry::start(content, Options::default()).await.unwrap();
        Self {
            authority: Authority::new(now - 60 * DAY).unwrap(),
            repository,
            registry,
            now,
        }
    }

    fn webhook(&self, policy: &str) -> Webhook {
        Setup {
            mirrors: vec![format!("registry.example.com={}", self.registry.url())],
            trusted_root: Some(self.authority.trusted_root().unwrap()),
            ..Setup::default()
        }
        .webhook(policy)
    }

    fn image(&self, tag: &str) -> PushedImage {
        self.repository.image(tag, &json!({"tag": tag})).unwrap()
    }

    fn signed(&self, tag: &str, key: &SigningKey) -> PushedImage {
        let image = self.image(tag);
        let payload =
            simple_signing::payload(self.repository.name(), image.digest(), &BTreeMap::new()).unwrap();
        let layer = self
            .authority
            .signature_layer(Signer::Key(key), payload, self.now - DAY)
            .unwrap();
        self.repository.attach(&image, Shelf::Signatures, layer).unwrap();
        image
    }

    fn scanned(&self, tag: &str, ago: Duration) -> PushedImage {
        let (image, at) = (self.image(tag), self.now - ago);
        let credential = self.authority.credential(
            &Identity::email("scan@example.com", "https://issuer.example.com"),
            at,
        );
        let predicate = json!({"metadata": {"scanFinishedOn": instant::rfc3339(at).unwrap()}});
        let statement = Statement::attestation(self.repository.name(), image.digest(), "vuln", predicate);
        let credential = credential.unwrap();
        let layer = self
            .authority
            .attestation_layer(Signer::Certificate(&credential), &statement, at)
            .unwrap();
        self.repository
            .attach(&image, Shelf::Attestations, layer)
            .unwrap();
        image
    }
}

fn signature_policy(key: &SigningKey) -> String {
    let pem = key.public_pem();
    let lines: Vec<&str> = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    SIGNATURES.replace(PLACEHOLDER, &lines.join("\n                "))
}

fn pinned(image: &str, digest: &str) -> Vec<Value> {
    vec![json!({"op": "replace", "path": "/spec/containers/0/image", "value": format!("{image}@{digest}")})]
}

#[tokio::test]
async fn an_image_of_another_registry_is_denied_in_kyvernos_words() {
    let webhook = webhook(REGISTRIES);
    let response = ask(&webhook, "/validate?timeout=10s", &pod_review("demo", "nginx")).await;
    let expected = "\n\nresource Pod/demo/p was blocked due to the following policies \n\nrestrict-image-registries:\n  \
        validate-registries: 'validation error: Images must be pulled from approved registries (gcr.io or \
        my.private.registry). rule validate-registries failed at path /spec/containers/0/image/'\n";
    assert_eq!(denial(&response), expected);
    assert_eq!(response["status"]["status"], "Failure");
    assert_eq!(
        response["status"].as_object().unwrap().len(),
        2,
        "a code would be told to callers"
    );
    for good in ["gcr.io/a/b:1", "my.private.registry/a"] {
        let response = ask(&webhook, "/validate", &pod_review("demo", good)).await;
        assert_eq!(response, json!({"uid": "uid-1", "allowed": true}));
    }
}

#[tokio::test]
async fn a_signed_image_runs_pinned_to_its_digest_and_an_unsigned_one_does_not() {
    let house = House::open().await;
    let (key, stranger) = (
        SigningKey::generate(Algorithm::P256).unwrap(),
        SigningKey::generate(Algorithm::P256).unwrap(),
    );
    let webhook = house.webhook(&signature_policy(&key));
    let signed = house.signed("signed", &key);
    house.signed("stranger", &stranger);
    house.image("unsigned");

    let name = "registry.example.com/app:signed";
    let response = ask(&webhook, "/mutate?timeout=10s", &pod_review("production", name)).await;
    assert_eq!(response["allowed"], true, "{response}");
    // The digest alone: annotations that claim a verification are not written, as nothing may rely on them.
    assert_eq!(patch(&response), pinned(name, signed.digest()));
    let pinned_name = format!("{name}@{}", signed.digest());
    let response = ask(&webhook, "/validate", &pod_review("production", &pinned_name)).await;
    assert_eq!(response["allowed"], true, "{response}");

    for (tag, reason) in [
        ("unsigned", "no signatures found"),
        ("stranger", "no matching signatures"),
    ] {
        let image = format!("registry.example.com/app:{tag}");
        let response = ask(&webhook, "/mutate", &pod_review("production", &image)).await;
        let start = format!(
            "\n\nresource Pod/production/p was blocked due to the following policies \n\ncheck-image-signatures:\n  \
             verify-image-signature: 'failed to verify image {image}: .attestors[0].entries[0].keys: {reason}"
        );
        assert!(denial(&response).starts_with(&start), "{response}");
        assert!(patch(&response).is_empty());
        let elsewhere = ask(&webhook, "/mutate", &pod_review("staging", &image)).await;
        assert_eq!(elsewhere, json!({"uid": "uid-1", "allowed": true}));
    }
}

/// The validating call does not believe that the mutating call was ever made: a request that reaches it with an image
/// that nobody verified is denied, whatever annotations it carries.
#[tokio::test]
async fn an_unverified_image_with_a_forged_annotation_is_denied_by_the_validating_call() {
    let house = House::open().await;
    let key = SigningKey::generate(Algorithm::P256).unwrap();
    let webhook = house.webhook(&signature_policy(&key));
    let unsigned = house.image("unsigned");
    let image = format!("registry.example.com/app:unsigned@{}", unsigned.digest());
    let mut review = pod_review("production", &image);
    review["request"]["object"]["metadata"]["annotations"] = json!({
        "kyverno.io/verify-images": format!("{{\"registry.example.com/app@{}\":\"pass\"}}", unsigned.digest())});
    let response = ask(&webhook, "/validate", &review).await;
    assert!(denial(&response).contains("check-image-signatures"), "{response}");
}

#[tokio::test]
async fn an_image_scanned_this_week_runs_and_one_scanned_last_month_does_not() {
    let house = House::open().await;
    let webhook = house.webhook(VULNERABILITIES);
    let fresh = house.scanned("fresh", DAY);
    house.scanned("stale", 30 * DAY);
    house.image("unscanned");

    let name = "registry.example.com/app:fresh";
    let response = ask(&webhook, "/mutate", &pod_review("demo", name)).await;
    assert_eq!(patch(&response), pinned(name, fresh.digest()), "{response}");
    for tag in ["stale", "unscanned"] {
        let response = ask(
            &webhook,
            "/mutate",
            &pod_review("demo", &format!("registry.example.com/app:{tag}")),
        )
        .await;
        let expected = "not-older-than-one-week: 'image attestations verification failed";
        assert!(denial(&response).contains(expected), "{response}");
    }
}
