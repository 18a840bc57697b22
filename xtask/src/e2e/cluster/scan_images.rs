//! Which image a scan judges, and how often it asks a registry for it.

use serde_json::{Value, json};

use super::admit_scenarios::SIGNED_EVERYWHERE;
use super::test::{Test, tests, wants};
use super::town::Town;
use super::{pod, shop};
use crate::failure::{Failure, Outcome};

pub(super) const TESTS: &[Test] = tests![
    one_image_of_many_pods_is_looked_up_once,
    a_running_image_is_judged_by_the_digest_that_runs,
];

/// Pods of one image.
const PODS: usize = 60;
/// Requests that they may cost: eight for the image, and its tag is looked up again every five seconds.
const MOST_REQUESTS: usize = 12;

fn one_image_of_many_pods_is_looked_up_once(town: &mut Town) -> Outcome {
    town.start_controller()?;
    town.without_policies()?;
    let kubectl = town.admin();
    kubectl.namespace("many")?;
    let image = town.shop.push_signed("popular")?;
    let pods: Vec<Value> = (0..PODS)
        .map(|number| pod::of("many", &format!("pod-{number}"), &image))
        .collect();
    let list = json!({"apiVersion": "v1", "kind": "List", "items": pods});
    kubectl.with_file("create", &list.to_string())?.expect_success()?;
    let before = town.shop.registry().requests().len();
    govern(town, "many")?;
    let path = "/apis/wgpolicyk8s.io/v1alpha2/namespaces/many/policyreports";
    kubectl.eventually("a report that passes on each Pod", || {
        let reports = kubectl.raw(path)?;
        let items = reports.get("items").and_then(Value::as_array);
        let passing = items
            .into_iter()
            .flatten()
            .filter(|report| report.pointer("/results/0/result").and_then(Value::as_str) == Some("pass"));
        Ok(passing.count() == PODS)
    })?;
    let asked = town.shop.registry().requests().len().saturating_sub(before);
    if asked <= MOST_REQUESTS {
        return Ok(());
    }
    Err(Failure::Found(format!(
        "{asked} requests for one image of {PODS} Pods"
    )))
}

fn a_running_image_is_judged_by_the_digest_that_runs(town: &mut Town) -> Outcome {
    town.start_controller()?;
    town.without_policies()?;
    let kubectl = town.admin();
    kubectl.namespace("moved")?;
    kubectl.accepts(&pod::of("moved", "web", &shop::image("signed")))?;
    // The kubelet pulled the tag when it meant another image.
    let running = format!("{}/shop@{}", shop::HOST, town.shop.digest("unsigned")?);
    let status = json!({"status": {"containerStatuses": [{
        "name": "main", "image": shop::image("signed"), "imageID": running,
        "ready": true, "restartCount": 0, "state": {"running": {}},
    }]}});
    let patch = format!("--patch={status}");
    kubectl.run([
        "patch",
        "pod/web",
        "--namespace=moved",
        "--subresource=status",
        &patch,
    ])?;
    govern(town, "moved")?;
    let mut said = String::new();
    kubectl.eventually("a report that fails", || {
        let reports = kubectl.raw("/apis/wgpolicyk8s.io/v1alpha2/namespaces/moved/policyreports")?;
        said = reports.to_string();
        Ok(reports
            .pointer("/items/0/results/0/result")
            .and_then(Value::as_str)
            == Some("fail"))
    })?;
    wants(&said, "UNSIGNED")
}

fn govern(town: &Town, namespace: &str) -> Outcome {
    let policy = SIGNED_EVERYWHERE.replace("NAMESPACE", namespace);
    town.apply_policy(&town.with_key(&policy), "signed-everywhere")
}
