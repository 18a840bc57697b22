//! What fails around us: nothing is admitted unverified, and everything comes back without a hand.

use rehearsal::registry::{Fault, Misbehaviour, Target};

use super::admit_scenarios::SIGNED_EVERYWHERE;
use super::controller::Controller;
use super::kubectl::Kubectl;
use super::test::{Test, tests};
use super::town::Town;
use super::{pod, shop};
use crate::failure::{Failure, Outcome};

pub(super) const TESTS: &[Test] = tests![
    a_registry_that_hangs_up_refuses_the_image_and_is_named,
    an_api_server_that_restarts_finds_its_webhooks_answered,
    webhooks_that_somebody_deletes_come_back,
    a_controller_that_dies_leaves_fail_webhooks_that_refuse_and_can_start_again,
];

const NAMESPACE: &str = "outages";

fn governed(town: &mut Town) -> Outcome<Kubectl> {
    town.start_controller()?;
    town.without_policies()?;
    town.admin().namespace(NAMESPACE)?;
    let policy = SIGNED_EVERYWHERE.replace("NAMESPACE", NAMESPACE);
    town.apply_policy(&town.with_key(&policy), "signed-everywhere")?;
    Ok(town.admin().clone())
}

fn a_registry_that_hangs_up_refuses_the_image_and_is_named(town: &mut Town) -> Outcome {
    let kubectl = governed(town)?;
    let image = town.shop.push_signed("during-an-outage")?;
    let registry = town.shop.registry();
    registry.misbehave(Fault::new(Target::Everything, Misbehaviour::HangUp));
    let refused = kubectl.rejects(
        &pod::of(NAMESPACE, "down", &image),
        &["REGISTRY_UNREACHABLE", "registry.example.com"],
    );
    registry.behave();
    refused?;
    // An outage is no verdict that is remembered.
    kubectl.accepts(&pod::of(NAMESPACE, "up", &image)).map(drop)
}

fn an_api_server_that_restarts_finds_its_webhooks_answered(town: &mut Town) -> Outcome {
    governed(town)?;
    town.plane.stop_api_server();
    town.plane.start_api_server()?;
    let kubectl = town.admin();
    kubectl.rejects(
        &pod::of(NAMESPACE, "after-a-restart", &shop::image("unsigned")),
        &["UNSIGNED"],
    )?;
    // Watches go on too: what is applied now counts.
    town.apply_policy(
        &town.scenario("restrict-image-registries")?,
        "restrict-image-registries",
    )?;
    kubectl
        .rejects(
            &pod::of(NAMESPACE, "elsewhere", "nginx"),
            &["approved registries"],
        )
        .map(drop)
}

fn webhooks_that_somebody_deletes_come_back(town: &mut Town) -> Outcome {
    let kubectl = governed(town)?;
    let names = ["validating", "mutating"].map(|kind| {
        let own = format!("vouchsafe-resource-{kind}-webhook-cfg");
        (format!("{kind}webhookconfiguration/{own}"), own)
    });
    for (object, _) in &names {
        kubectl.run(["delete", object])?;
    }
    for (object, own) in &names {
        kubectl.eventually(&format!("{own} again"), || {
            Ok(kubectl.call(["get", object])?.succeeded())
        })?;
    }
    kubectl
        .rejects(
            &pod::of(NAMESPACE, "back", &shop::image("unsigned")),
            &["UNSIGNED"],
        )
        .map(drop)
}

fn a_controller_that_dies_leaves_fail_webhooks_that_refuse_and_can_start_again(town: &mut Town) -> Outcome {
    let kubectl = governed(town)?;
    let signed = shop::image("signed");
    town.controller = None;
    kubectl.rejects(
        &pod::of(NAMESPACE, "nobody-answers", &signed),
        &["failed calling webhook"],
    )?;
    // Our own Pods and those of the network can start, or the cluster would never come up again.
    for (namespace, name) in [("vouchsafe", "replica"), ("kube-system", "network")] {
        kubectl.accepts(&pod::of(namespace, name, &shop::image("unsigned")))?;
        kubectl.run([
            "delete",
            "pod",
            name,
            "--namespace",
            namespace,
            "--grace-period=0",
            "--force",
        ])?;
    }
    town.controller = Some(Controller::start(town, "first", town.webhook())?);
    kubectl.eventually("admission again", || {
        let asked = kubectl.with_file("create", &pod::of(NAMESPACE, "answered", &signed).to_string())?;
        Ok(asked.succeeded())
    })?;
    match kubectl.rejects(
        &pod::of(NAMESPACE, "still", &shop::image("unsigned")),
        &["UNSIGNED"],
    ) {
        Ok(_) => Ok(()),
        Err(fault) => Err(Failure::Found(format!("after the start: {fault}"))),
    }
}
