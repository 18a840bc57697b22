//! The answer comes while the caller still listens, with the server's own reason.

use std::time::{Duration, Instant};

use rehearsal::registry::{Fault, Misbehaviour, Options, Target};
use rehearsal::{Algorithm, Content, Registry, Repository, SigningKey};
use serde_json::json;

use crate::house::{Moody, MoodyCluster, Setup, ask, denial, pod_review, policy_that_asks};

#[tokio::test]
async fn a_cluster_that_does_not_answer_denies_under_fail_and_admits_under_ignore() {
    for (failure_policy, allowed) in [("Fail", false), ("Ignore", true)] {
        let setup = Setup {
            cluster: MoodyCluster::new(Moody::Silent),
            ..Setup::default()
        };
        let webhook = setup.webhook(&policy_that_asks(failure_policy));
        let started = Instant::now();
        let response = ask(&webhook, "/validate?timeout=1s", &pod_review("d", "a")).await;
        assert!(
            started.elapsed() < Duration::from_secs(1),
            "{failure_policy}: {:?}",
            started.elapsed()
        );
        assert_eq!(response["allowed"], allowed, "{failure_policy}: {response}");
        if !allowed {
            assert!(denial(&response).contains("deadline"), "{response}");
        }
    }
}

#[tokio::test]
async fn a_registry_that_does_not_answer_denies_before_the_caller_gives_up() {
    let content = Content::new();
    let repository = Repository::new(
        &content,
        "app",
        "registry.example.com/app",
        std::time::SystemTime::UNIX_EPOCH,
    );
    repository.image("v1", &json!({})).unwrap();
    let registry = Registry::start(content, Options::default()).await.unwrap();
    registry.misbehave(Fault::new(Target::Everything, Misbehaviour::Stall));
    let mirrors = vec![format!("registry.example.com={}", registry.url())];
    let key = SigningKey::generate(Algorithm::P256)
        .unwrap()
        .public_pem()
        .replace('\n', "\\n");
    let webhook = Setup {
        mirrors,
        ..Setup::default()
    }
    .webhook(&format!(
        "apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {{name: signed}}
spec:
  validationFailureAction: Enforce
  background: false
  rules:
  - name: signed
    match: {{any: [{{resources: {{kinds: [Pod]}}}}]}}
    verifyImages:
    - imageReferences: ['registry.example.com/*']
      attestors: [{{entries: [{{keys: {{publicKeys: \"{key}\"}}}}]}}]
"
    ));
    let started = Instant::now();
    let response = ask(
        &webhook,
        "/mutate?timeout=1s",
        &pod_review("d", "registry.example.com/app:v1"),
    )
    .await;
    assert!(
        started.elapsed() < Duration::from_secs(1),
        "{:?}",
        started.elapsed()
    );
    assert!(
        denial(&response).contains("registry.example.com/app:v1"),
        "{response}"
    );
}
