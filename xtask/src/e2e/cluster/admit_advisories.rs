//! Advisories against Kyverno's admission, each as the attack that it was.

use rehearsal::registry::{Fault, Misbehaviour, Target};
use serde_json::{Value, json};

use super::admit_scenarios::SIGNED_EVERYWHERE;
use super::test::{Test, tests, wants};
use super::town::Town;
use super::{pod, shop};
use crate::failure::Outcome;

pub(super) const TESTS: &[Test] = tests![
    cve_2022_47633_a_tag_that_moves_while_it_is_judged_gains_nothing,
    cve_2023_34091_an_object_that_is_being_deleted_is_still_judged,
    cve_2025_46342_a_namespace_selector_holds_for_the_first_pod_of_a_new_namespace,
];

fn governed(town: &mut Town, namespace: &str) -> Outcome {
    town.start_controller()?;
    town.without_policies()?;
    town.admin().namespace(namespace)?;
    let policy = SIGNED_EVERYWHERE.replace("NAMESPACE", namespace);
    town.apply_policy(&town.with_key(&policy), "signed-everywhere")
}

/// A registry shows the signed image when it is first asked for the tag, and another one from then on. What was verified,
/// what is pinned and what will be pulled must be the same: the tag is resolved once.
fn cve_2022_47633_a_tag_that_moves_while_it_is_judged_gains_nothing(town: &mut Town) -> Outcome {
    governed(town, "moving")?;
    let image = town.shop.push_signed("moving")?;
    let (signed, other) = (town.shop.digest("moving")?, town.shop.digest("unsigned")?);
    let moves = Misbehaviour::MoveTo(vec![signed.clone(), other]);
    let registry = town.shop.registry();
    registry.misbehave(Fault::new(Target::Manifest("moving".to_owned()), moves));
    let admitted = town.admin().accepts(&pod::of("moving", "web", &image));
    registry.behave();
    let admitted = admitted?;
    let stored = admitted
        .pointer("/spec/containers/0/image")
        .and_then(Value::as_str);
    wants(stored.unwrap_or_default(), &format!("{image}@{signed}"))
}

/// An object with a `deletionTimestamp` was passed over, so that its image could be changed to any other until it was gone.
fn cve_2023_34091_an_object_that_is_being_deleted_is_still_judged(town: &mut Town) -> Outcome {
    governed(town, "leaving")?;
    let kubectl = town.admin();
    let mut held = pod::of("leaving", "held", &shop::image("signed"));
    if let Some(metadata) = held.pointer_mut("/metadata").and_then(Value::as_object_mut) {
        metadata.insert("finalizers".to_owned(), json!(["example.com/held"]));
    }
    kubectl.accepts(&held)?;
    kubectl.run(["delete", "pod/held", "--namespace=leaving", "--wait=false"])?;
    let image = format!("main={}", shop::image("unsigned"));
    let changed = kubectl.call(["set", "image", "pod/held", "--namespace=leaving", &image])?;
    wants(&changed.stderr, "UNSIGNED")?;
    let release = "--patch={\"metadata\":{\"finalizers\":null}}";
    kubectl.run([
        "patch",
        "pod/held",
        "--namespace=leaving",
        "--type=merge",
        release,
    ])?;
    Ok(())
}

/// Where the labels of a namespace could not be had, its selector was taken not to match and the rule was left out.
fn cve_2025_46342_a_namespace_selector_holds_for_the_first_pod_of_a_new_namespace(
    town: &mut Town,
) -> Outcome {
    town.start_controller()?;
    town.without_policies()?;
    let by_label = "namespaceSelector: {matchLabels: {guarded: 'yes'}}";
    let policy = SIGNED_EVERYWHERE.replace("namespaces: [NAMESPACE]", by_label);
    town.apply_policy(&town.with_key(&policy), "signed-everywhere")?;
    let kubectl = town.admin();
    for number in 0..5 {
        let name = format!("guarded-{number}");
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": name, "labels": {"guarded": "yes"}}});
        kubectl.accepts(&namespace)?;
        kubectl.await_default_account(&name)?;
        let unsigned = pod::of(&name, "unsigned", &shop::image("unsigned"));
        kubectl.rejects(&unsigned, &["UNSIGNED"])?;
    }
    Ok(())
}
