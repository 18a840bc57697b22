//! What a controller reads, and what it never does.

use std::sync::Arc;
use std::time::Duration;

use cluster::Client;
use fact_loading::{LoaderOptions, NoCluster, Tenancy};
use tokio::sync::oneshot;

use crate::controller::{CertificateSource, ControllerOptions, Identity, LeaseDurations, ProofOptions, run};
use crate::stand_in::{self, Asked};

fn options(client: Client) -> ControllerOptions {
    ControllerOptions {
        client,
        identity: Identity {
            namespace: "guards".to_owned(),
            service: "vouchsafe-svc".to_owned(),
            service_port: 443,
            replica: "a".to_owned(),
            webhook_url: None,
        },
        listen: "127.0.0.1:0".parse().unwrap(),
        certificates: CertificateSource::Own,
        loader: LoaderOptions {
            cluster: Arc::new(NoCluster),
            tenancy: Tenancy::Shared,
            offline: true,
            ..LoaderOptions::default()
        },
        longest_review: Duration::from_secs(10),
        policy_selector: "engine=ours".to_owned(),
        exception_namespace: Some("excuses".to_owned()),
        exempt_namespaces: Vec::new(),
        config_map: ("guards".to_owned(), "kyverno".to_owned()),
        leases: LeaseDurations::default(),
        proofs: ProofOptions::default(),
        owned_by: None,
        reports: None,
        plain_denials: false,
        traces: None,
    }
}

/// Everything that was asked until the webhook that checks policies was registered, which is done last.
async fn asked_until_registered(options: ControllerOptions, asked: &Asked) -> Vec<String> {
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(run(options, |_| {}, async {
        stopped.await.ok();
    }));
    let registered = |line: &String| line.starts_with("POST") && line.contains("webhookconfigurations");
    for _ in 0..400 {
        if asked.lock().unwrap().iter().any(registered) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let lines = asked.lock().unwrap().clone();
    stop.send(()).ok();
    tokio::time::timeout(Duration::from_secs(30), running)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert!(lines.iter().any(registered), "never registered: {lines:#?}");
    lines
}

/// Whoever may list Secrets has them all; a controller that is broken into must not.
#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_ever_listed_and_of_config_maps_one_by_name() {
    let (client, asked) = stand_in::start().await;
    let lines = asked_until_registered(options(client), &asked).await;
    for read in ["/secrets/vouchsafe-tls", "/configmaps?"] {
        assert!(lines.iter().any(|line| line.contains(read)), "{read}: {lines:#?}");
    }
    for line in &lines {
        let is_of = |word: &str| line.contains(&format!("/{word}"));
        if is_of("secrets") {
            assert!(
                line.starts_with("POST ") || line.ends_with("/secrets/vouchsafe-tls"),
                "{line}"
            );
            assert!(line.contains("/namespaces/guards/"), "{line}");
        }
        if is_of("configmaps") {
            assert!(
                line.contains("/namespaces/guards/") && line.contains("metadata.name%3Dkyverno"),
                "{line}"
            );
        }
    }
}

/// CVE-2024-48921: an exception that a tenant writes into the tenant's own namespace excuses nothing.
#[tokio::test(flavor = "multi_thread")]
async fn exceptions_are_read_in_the_one_namespace_that_was_named() {
    let (client, asked) = stand_in::start().await;
    let lines = asked_until_registered(options(client), &asked).await;
    let of_exceptions: Vec<&String> = lines
        .iter()
        .filter(|line| line.contains("policyexceptions"))
        .collect();
    assert!(!of_exceptions.is_empty());
    for line in of_exceptions {
        assert!(line.contains("/namespaces/excuses/policyexceptions"), "{line}");
    }
    let (client, asked) = stand_in::start().await;
    let without = ControllerOptions {
        exception_namespace: None,
        ..options(client)
    };
    let lines = asked_until_registered(without, &asked).await;
    assert!(
        !lines.iter().any(|line| line.contains("policyexceptions")),
        "{lines:#?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn only_policies_with_our_labels_are_read() {
    let (client, asked) = stand_in::start().await;
    let lines = asked_until_registered(options(client), &asked).await;
    let kinds = ["clusterpolicies?", "/policies?", "validatingpolicies?"];
    let of_policies: Vec<&String> = lines
        .iter()
        .filter(|line| kinds.iter().any(|kind| line.contains(kind)))
        .collect();
    assert!(of_policies.len() >= kinds.len(), "{lines:#?}");
    for line in of_policies {
        assert!(line.contains("labelSelector=engine%3Dours"), "{line}");
    }
}
