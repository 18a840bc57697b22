//! What already runs, judged and reported: a policy is applied to a cluster that is not empty.

use serde_json::Value;

use super::admit_scenarios::SIGNED_EVERYWHERE;
use super::controller::Controller;
use super::test::{Test, tests, wants};
use super::town::Town;
use super::{pod, shop};
use crate::e2e::port;
use crate::failure::{Failure, Outcome};

pub(super) const TESTS: &[Test] = tests![
    what_ran_before_the_policy_is_reported_beside_it,
    a_report_that_says_the_same_is_not_written_again,
    a_signature_that_disappears_turns_the_report_to_fail,
    replicas_share_the_objects_and_take_over_from_one_that_dies,
    reports_go_with_their_objects_and_with_their_policy,
    what_admission_alone_knows_is_reported_and_outlives_scans,
];

const NAMESPACE: &str = "running";

fn what_ran_before_the_policy_is_reported_beside_it(town: &mut Town) -> Outcome {
    town.start_controller()?;
    town.without_policies()?;
    let kubectl = town.admin();
    kubectl.namespace(NAMESPACE)?;
    kubectl.accepts(&pod::of(NAMESPACE, "unsigned", &shop::image("unsigned")))?;
    let vanishing = town.shop.push_signed("vanishing")?;
    kubectl.accepts(&pod::of(NAMESPACE, "vanishing", &vanishing))?;
    let policy = SIGNED_EVERYWHERE.replace("NAMESPACE", NAMESPACE);
    town.apply_policy(&town.with_key(&policy), "signed-everywhere")?;
    let report = await_result(town, "unsigned", "fail")?;
    let text = |pointer: &str| {
        report
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    wants(text("/results/0/message"), "UNSIGNED")?;
    wants(text("/results/0/source"), "vouchsafe")?;
    wants(text("/results/0/policy"), "signed-everywhere")?;
    wants(text("/scope/name"), "unsigned")?;
    wants(text("/metadata/ownerReferences/0/kind"), "Pod")?;
    await_result(town, "vanishing", "pass").map(drop)
}

fn a_report_that_says_the_same_is_not_written_again(town: &mut Town) -> Outcome {
    let version = |town: &Town| -> Outcome<String> {
        let report = await_result(town, "unsigned", "fail")?;
        let version = report
            .pointer("/metadata/resourceVersion")
            .and_then(Value::as_str);
        Ok(version.unwrap_or_default().to_owned())
    };
    let before = version(town)?;
    let rounds = town.scans_done()?;
    town.admin().eventually("two more rounds of the scan", || {
        Ok(town.scans_done()? >= rounds + 2)
    })?;
    if version(town)? == before {
        return Ok(());
    }
    Err(Failure::Found("an unchanged report was written again".to_owned()))
}

fn a_signature_that_disappears_turns_the_report_to_fail(town: &mut Town) -> Outcome {
    town.shop.forget_signature("vanishing")?;
    let report = await_result(town, "vanishing", "fail")?;
    let message = report.pointer("/results/0/message").and_then(Value::as_str);
    wants(message.unwrap_or_default(), "UNSIGNED")
}

fn replicas_share_the_objects_and_take_over_from_one_that_dies(town: &mut Town) -> Outcome {
    let mut second = Controller::start(town, "second", port::free()?)?;
    town.admin().eventually("two replicas that share the scan", || {
        let leases = ["get", "leases", "--namespace=vouchsafe", "--output=name"];
        let leases = town.admin().run(leases)?;
        Ok(leases.matches("vouchsafe-scan-").count() == 2)
    })?;
    for number in 0..8 {
        let name = format!("shared-{number}");
        town.admin()
            .accepts(&pod::of(NAMESPACE, &name, &shop::image("signed")))?;
    }
    for number in 0..8 {
        await_result(town, &format!("shared-{number}"), "pass")?;
    }
    second.kill();
    for number in 0..8 {
        let name = format!("alone-{number}");
        town.admin()
            .accepts(&pod::of(NAMESPACE, &name, &shop::image("signed")))?;
    }
    for number in 0..8 {
        await_result(town, &format!("alone-{number}"), "pass")?;
    }
    Ok(())
}

fn reports_go_with_their_objects_and_with_their_policy(town: &mut Town) -> Outcome {
    let kubectl = town.admin();
    kubectl.run([
        "delete",
        "pod/unsigned",
        "--namespace",
        NAMESPACE,
        "--grace-period=0",
        "--force",
    ])?;
    kubectl.eventually("no report of a Pod that is gone", || {
        Ok(result_of(town, "unsigned")?.is_none())
    })?;
    town.without_policies()?;
    kubectl.eventually("no report when no policy asks for one", || {
        let all = kubectl.run(["get", "policyreports", "--all-namespaces", "--output=name"])?;
        Ok(all.trim().is_empty())
    })
}

fn what_admission_alone_knows_is_reported_and_outlives_scans(town: &mut Town) -> Outcome {
    town.start_controller()?;
    town.without_policies()?;
    let kubectl = town.admin();
    kubectl.namespace("asked")?;
    kubectl.accepts(&pod::of("asked", "before", "nginx"))?;
    town.apply_policy(ASKED_OF_WHOM, "asked-of-whom")?;
    kubectl.accepts(&pod::of("asked", "after", "nginx"))?;
    let results = || -> Outcome<Vec<String>> {
        let listed = ["get", "polr", "--namespace=asked"];
        let told = "--output=jsonpath={range .items[*]}{.scope.name}={.results[*].result} {end}";
        let said = kubectl.run(listed.into_iter().chain([told]))?;
        Ok(said.split_whitespace().map(ToOwned::to_owned).collect())
    };
    kubectl.eventually("a report of what admission said", || {
        Ok(results()? == ["after=fail"])
    })?;
    let rounds = town.scans_done()?;
    kubectl.eventually("two more rounds of the scan", || {
        Ok(town.scans_done()? >= rounds + 2)
    })?;
    if results()? != ["after=fail"] {
        return Err(Failure::Found(format!("a scan left {:?} of it", results()?)));
    }
    town.without_policies()?;
    kubectl.eventually("no report without its policy", || Ok(results()?.is_empty()))
}

const ASKED_OF_WHOM: &str = "apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: asked-of-whom}
spec:
  background: false
  rules:
    - name: of-nobody
      match: {any: [{resources: {kinds: [Pod], namespaces: [asked]}}]}
      validate:
        failureAction: Audit
        message: not by {{ request.userInfo.username }}
        deny: {conditions: {any: [{key: '{{ request.userInfo.username }}', operator: NotEquals, value: nobody}]}}
";

/// Waits for the report on a Pod whose first result is `result`.
fn await_result(town: &Town, pod: &str, result: &str) -> Outcome<Value> {
    let mut found = None;
    town.admin()
        .eventually(&format!("`{result}` in the report on `{pod}`"), || {
            found = result_of(town, pod)?;
            let said = found
                .as_ref()
                .and_then(|report| report.pointer("/results/0/result")?.as_str());
            Ok(said == Some(result))
        })?;
    found.ok_or_else(|| Failure::Found(format!("the report on `{pod}` is gone")))
}

fn result_of(town: &Town, pod: &str) -> Outcome<Option<Value>> {
    let path = format!("/apis/wgpolicyk8s.io/v1alpha2/namespaces/{NAMESPACE}/policyreports");
    let reports = town.admin().raw(&path)?;
    let items = reports.get("items").and_then(Value::as_array);
    let is_wanted = |report: &&Value| report.pointer("/scope/name").and_then(Value::as_str) == Some(pod);
    Ok(items.and_then(|items| items.iter().find(is_wanted).cloned()))
}
