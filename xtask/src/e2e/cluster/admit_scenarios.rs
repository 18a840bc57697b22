//! The three policies that must always work, through a real API server.

use serde_json::{Value, json};

use super::gateway::{Answer, Gateway};
use super::test::{Test, tests, wants};
use super::town::Town;
use super::{pod, shop};
use crate::failure::{Failure, Outcome};

pub(super) const TESTS: &[Test] = tests![
    an_image_of_another_registry_is_refused_with_the_policys_message,
    an_image_that_is_not_signed_by_the_key_is_refused_and_a_signed_one_is_pinned,
    an_image_without_a_scan_of_the_last_week_is_refused,
    an_ephemeral_container_is_held_to_the_same_policy,
    a_forged_annotation_proves_nothing,
    a_policy_that_only_audits_never_refuses,
    webhooks_go_with_the_last_policy,
];

fn an_image_of_another_registry_is_refused_with_the_policys_message(town: &mut Town) -> Outcome {
    let kubectl = town.governed_by("restrict-image-registries", "shop")?;
    let refusal = [
        "admission webhook \"validate.vouchsafe.svc-fail\" denied the request",
        "resource Pod/shop/bad was blocked due to the following policies",
        "Images must be pulled from approved registries (gcr.io or my.private.registry)",
        "failed at path /spec/containers/0/image/",
    ];
    kubectl.rejects(&pod::of("shop", "bad", "nginx"), &refusal)?;
    kubectl.accepts(&pod::of("shop", "good", "gcr.io/shop/web:1"))?;
    let changed = kubectl.call(["set", "image", "pod/good", "main=nginx", "--namespace", "shop"])?;
    wants(&changed.stderr, "Images must be pulled from approved registries")?;
    let asked = [
        "run",
        "dry",
        "--image=nginx",
        "--namespace=shop",
        "--dry-run=server",
    ];
    wants(&kubectl.call(asked)?.stderr, "resource Pod/shop/dry was blocked")?;
    // As under Kyverno: the pattern has no path in a Deployment.
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "b"}},
            "spec": {"containers": [{"name": "main", "image": "gcr.io/shop/web:1"}]}}},
    });
    kubectl
        .rejects(&deployment, &["failed at path /spec/containers/"])
        .map(drop)
}

fn an_image_that_is_not_signed_by_the_key_is_refused_and_a_signed_one_is_pinned(town: &mut Town) -> Outcome {
    let kubectl = town.governed_by("check-image-signatures", "production")?;
    for (tag, reason) in [("unsigned", "UNSIGNED"), ("signed-by-a-stranger", "WRONG_SIGNER")] {
        let refusal = [
            reason,
            "admission webhook \"mutate.vouchsafe.svc-fail",
            "check-image-signatures",
        ];
        kubectl.rejects(&pod::of("production", tag, &shop::image(tag)), &refusal)?;
    }
    let admitted = kubectl.accepts(&pod::of("production", "signed", &shop::image("signed")))?;
    let image = admitted
        .pointer("/spec/containers/0/image")
        .and_then(Value::as_str);
    wants(
        image.unwrap_or_default(),
        &format!("{}@sha256:", shop::image("signed")),
    )?;
    // The policy speaks of one namespace.
    kubectl.namespace("staging")?;
    kubectl
        .accepts(&pod::of("staging", "unsigned", &shop::image("unsigned")))
        .map(drop)
}

fn an_image_without_a_scan_of_the_last_week_is_refused(town: &mut Town) -> Outcome {
    let kubectl = town.governed_by("check-vulnerabilities", "scans")?;
    kubectl.accepts(&pod::of("scans", "today", &shop::image("scanned-today")))?;
    let old = pod::of("scans", "long-ago", &shop::image("scanned-long-ago"));
    kubectl.rejects(&old, &["check-vulnerabilities", "attestation checks failed"])?;
    let none = pod::of("scans", "signed", &shop::image("signed"));
    kubectl.rejects(&none, &["ATTESTATION_MISSING"]).map(drop)
}

/// K#16275: an ephemeral container's image was never looked at.
fn an_ephemeral_container_is_held_to_the_same_policy(town: &mut Town) -> Outcome {
    let kubectl = town.governed_by("restrict-image-registries", "debug")?;
    kubectl.accepts(&pod::of("debug", "web", "gcr.io/shop/web:1"))?;
    let own = SIGNED_EVERYWHERE.replace("NAMESPACE", "debug");
    town.apply_policy(&town.with_key(&own), "signed-everywhere")?;
    // Older kubectl can't patch this subresource.
    let gateway = Gateway::open(&kubectl)?;
    let add = |image: &str| {
        let container = json!({"spec": {"ephemeralContainers": [{"name": "debug", "image": image}]}});
        let path = "/api/v1/namespaces/debug/pods/web/ephemeralcontainers";
        gateway.caller().merge(path, &container)
    };
    wants(&add(&shop::image("unsigned"))?.body, "UNSIGNED")?;
    match add(&shop::image("signed"))? {
        Answer { status: 200, .. } => Ok(()),
        Answer { status, body } => Err(Failure::Found(format!("{status}: {body}"))),
    }
}

/// K#16336: whoever wrote Kyverno's annotation on an object had it taken for verified.
fn a_forged_annotation_proves_nothing(town: &mut Town) -> Outcome {
    let kubectl = town.governed_by("check-image-signatures", "forged")?;
    let image = shop::image("unsigned");
    town.apply_policy(
        &town.with_key(&SIGNED_EVERYWHERE.replace("NAMESPACE", "forged")),
        "signed-everywhere",
    )?;
    let mut forged = pod::of("forged", "forged", &image);
    let proof = json!({ image: "pass" }).to_string();
    if let Some(metadata) = forged.pointer_mut("/metadata").and_then(Value::as_object_mut) {
        metadata.insert(
            "annotations".to_owned(),
            json!({"kyverno.io/verify-images": proof}),
        );
    }
    kubectl.rejects(&forged, &["UNSIGNED"]).map(drop)
}

fn a_policy_that_only_audits_never_refuses(town: &mut Town) -> Outcome {
    town.start_controller()?;
    town.without_policies()?;
    town.admin().namespace("audited")?;
    let audit = SIGNED_EVERYWHERE
        .replace("NAMESPACE", "audited")
        .replace("Enforce", "Audit")
        .replace("mutateDigest: true", "mutateDigest: false");
    town.apply_policy(&town.with_key(&audit), "signed-everywhere")?;
    let kubectl = town.admin();
    kubectl.accepts(&pod::of("audited", "unsigned", &shop::image("unsigned")))?;
    let nowhere = pod::of("audited", "nowhere", "registry.example.com/shop:not-there");
    kubectl.accepts(&nowhere).map(drop)
}

fn webhooks_go_with_the_last_policy(town: &mut Town) -> Outcome {
    town.without_policies()?;
    town.admin()
        .eventually("no webhook that calls about objects", || {
            let kinds = "validatingwebhookconfigurations,mutatingwebhookconfigurations";
            let left = town.admin().run(["get", kinds, "--output=name"])?;
            Ok(!left.contains("vouchsafe-resource"))
        })?;
    let anything = pod::of("shop", "anything", "nginx");
    if town.admin().accepts(&anything).is_err() {
        return Err(Failure::Found("a Pod is refused without a policy".to_owned()));
    }
    Ok(())
}

/// Every image of the shop in one namespace must be signed by the key.
pub(super) const SIGNED_EVERYWHERE: &str = "apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: signed-everywhere}
spec:
  rules:
    - name: signed
      match: {any: [{resources: {kinds: [Pod], namespaces: [NAMESPACE]}}]}
      verifyImages:
        - imageReferences: ['registry.example.com/*']
          failureAction: Enforce
          mutateDigest: true
          attestors:
            - entries:
                - keys:
                    publicKeys: |-
                      KEY
";
