//! Mutate rules run first, and what they leave is verified.

use serde_json::Value;

use super::admit_scenarios::SIGNED_EVERYWHERE;
use super::test::{Test, tests, wants};
use super::town::Town;
use super::{pod, shop};
use crate::failure::Outcome;

pub(super) const TESTS: &[Test] = tests![
    a_mutate_rule_changes_what_is_stored,
    an_image_that_a_mutate_rule_puts_in_is_verified,
];

fn a_mutate_rule_changes_what_is_stored(town: &mut Town) -> Outcome {
    town.start_controller()?;
    town.without_policies()?;
    town.admin().namespace("mutated")?;
    town.apply_policy(LABEL, "labelled")?;
    let stored = town.admin().accepts(&pod::of("mutated", "web", "nginx"))?;
    let label = stored.pointer("/metadata/labels/team").and_then(Value::as_str);
    wants(label.unwrap_or_default(), "mutated")
}

fn an_image_that_a_mutate_rule_puts_in_is_verified(town: &mut Town) -> Outcome {
    town.start_controller()?;
    town.without_policies()?;
    let kubectl = town.admin();
    kubectl.namespace("swapped")?;
    let policy = SIGNED_EVERYWHERE.replace("NAMESPACE", "swapped");
    town.apply_policy(&town.with_key(&policy), "signed-everywhere")?;
    kubectl.accepts(&pod::of("swapped", "before", &shop::image("signed")))?;
    town.apply_policy(SWAP, "swapping")?;
    kubectl
        .rejects(
            &pod::of("swapped", "after", &shop::image("signed")),
            &["UNSIGNED", "shop:unsigned"],
        )
        .map(drop)
}

const LABEL: &str = "apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: labelled}
spec:
  rules:
    - name: label
      match: {any: [{resources: {kinds: [Pod], namespaces: [mutated]}}]}
      mutate:
        patchStrategicMerge: {metadata: {labels: {+(team): '{{ request.namespace }}'}}}
";

const SWAP: &str = "apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: swapping}
spec:
  rules:
    - name: swap
      match: {any: [{resources: {kinds: [Pod], namespaces: [swapped]}}]}
      mutate:
        patchStrategicMerge: {spec: {containers: [{(name): main, image: 'registry.example.com/shop:unsigned'}]}}
";
