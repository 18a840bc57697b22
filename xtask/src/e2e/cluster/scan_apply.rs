//! `vouchsafe apply --cluster` against a real API server: pages, facts, and the caller's own rights.

use serde_json::json;

use super::test::{Test, tests, wants};
use super::town::Town;
use super::{pod, shop};
use crate::failure::{Failure, Outcome};
use crate::place;

pub(super) const TESTS: &[Test] = tests![
    every_page_of_a_kind_is_judged,
    running_images_are_verified_and_named_with_their_reason,
    who_may_not_list_a_kind_is_told_so_and_gets_no_verdict,
];

/// More than one page of 500.
const CONFIG_MAPS: usize = 1_203;

fn every_page_of_a_kind_is_judged(town: &mut Town) -> Outcome {
    let kubectl = town.admin();
    kubectl.namespace("pages")?;
    let map = |number: usize| {
        let labels = if number == CONFIG_MAPS - 1 {
            json!({})
        } else {
            json!({"team": "a"})
        };
        json!({"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": format!("map-{number}"), "namespace": "pages", "labels": labels}})
    };
    let items: Vec<_> = (0..CONFIG_MAPS).map(map).collect();
    kubectl
        .with_file(
            "create",
            &json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string(),
        )?
        .expect_success()?;
    let policy = town.file("labelled.yaml");
    place::write(&policy, LABELLED)?;
    let said = town
        .vouchsafe(&["apply"], kubectl.kubeconfig())?
        .args([
            policy.as_os_str(),
            "--cluster".as_ref(),
            "--namespace".as_ref(),
            "pages".as_ref(),
        ])
        .capture()?;
    // One that Kubernetes itself puts into each namespace has no team either.
    wants(&said.stdout, &format!("pass: {}, fail: 2,", CONFIG_MAPS - 1))?;
    wants(
        &said.stdout,
        &format!("resource pages/ConfigMap/map-{} failed", CONFIG_MAPS - 1),
    )
}

fn running_images_are_verified_and_named_with_their_reason(town: &mut Town) -> Outcome {
    let kubectl = town.admin();
    kubectl.namespace("production")?;
    for tag in ["signed", "unsigned", "signed-by-a-stranger"] {
        kubectl.accepts(&pod::of("production", tag, &shop::image(tag)))?;
    }
    let policy = town.file("signatures.yaml");
    place::write(&policy, &town.scenario("check-image-signatures")?)?;
    let said = town
        .vouchsafe(&["apply"], kubectl.kubeconfig())?
        .args([policy.as_os_str(), "--cluster".as_ref()])
        .capture()?;
    wants(&said.stdout, "pass: 1, fail: 2, warn: 0, error: 0, skip: 0")?;
    for refused in ["unsigned", "signed-by-a-stranger"] {
        wants(&said.stdout, &format!("resource production/Pod/{refused} failed"))?;
    }
    for reason in ["UNSIGNED", "WRONG_SIGNER"] {
        wants(&said.stdout, reason)?;
    }
    kubectl.run([
        "delete",
        "pods",
        "--all",
        "--namespace",
        "production",
        "--grace-period=0",
        "--force",
    ])?;
    Ok(())
}

fn who_may_not_list_a_kind_is_told_so_and_gets_no_verdict(town: &mut Town) -> Outcome {
    let plane = &town.plane;
    let nobody = plane.certificates().user("nobody", None, &plane.server())?;
    let policy = town.file("labelled.yaml");
    place::write(&policy, LABELLED)?;
    let said = town
        .vouchsafe(&["apply"], &nobody)?
        .args([policy.as_os_str(), "--cluster".as_ref()])
        .capture()?;
    if said.succeeded() || !said.stdout.is_empty() {
        return Err(Failure::Found(format!(
            "a verdict without a list: {}",
            said.stdout
        )));
    }
    wants(&said.stderr, "configmaps is forbidden")
}

const LABELLED: &str = "apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: labelled}
spec:
  rules:
    - name: team
      match: {any: [{resources: {kinds: [ConfigMap]}}]}
      validate:
        message: a team is missing
        pattern: {metadata: {labels: {team: '?*'}}}
";
