//! The chart on a real API server: what it makes, what it may, and what it leaves behind.

use super::chart::{self, RELEASE};
use super::kubectl::Kubectl;
use super::pod;
use super::test::{Test, tests, wants};
use super::town::Town;
use crate::failure::{Failure, Outcome};

pub(super) const TESTS: &[Test] = tests![
    a_value_that_nobody_knows_is_refused,
    values_that_add_objects_are_taken_by_the_api_server_and_removed_again,
    policies_are_stored_and_shown_as_under_kyverno,
    replicas_start_in_a_namespace_that_enforces_the_restricted_standard,
    the_controller_may_do_what_it_needs_and_no_more,
    uninstalling_leaves_policies_and_their_kinds_and_nothing_of_the_release,
];

/// Values beside the defaults, each of which adds objects.
const EVERYTHING: &[&str] = &[
    "secrets.namespaces={default}",
    "configMaps.namespaces={default}",
    "extraCAs.pem=none",
    "trustedRoot=none",
    "grafana.enabled=true",
    "proxy.https=http://proxy.example.com:3128",
    "rbac.readableKinds[0].apiGroups={example.com}",
    "rbac.readableKinds[0].resources={widgets}",
];

fn a_value_that_nobody_knows_is_refused(town: &mut Town) -> Outcome {
    let linted = chart::run(town, &["lint", "--strict"], &[])?.expect_success()?;
    wants(&linted.stdout, "0 chart(s) failed")?;
    let refused = chart::run(town, &["lint"], &["replica=2"])?;
    wants(
        &format!("{}{}", refused.stdout, refused.stderr),
        "'replica' not allowed",
    )
}

fn values_that_add_objects_are_taken_by_the_api_server_and_removed_again(town: &mut Town) -> Outcome {
    let roles = ["get", "role", "--namespace", "default", "--output=name"];
    chart::install(town, &[])?;
    chart::install(town, EVERYTHING)?;
    wants(&town.admin().run(roles)?, "vouchsafe-secrets")?;
    chart::install(town, &[])?;
    if town.admin().run(roles)?.contains("vouchsafe-secrets") {
        return Err(Failure::Found(
            "a Role outlives the value it came from".to_owned(),
        ));
    }
    Ok(())
}

fn policies_are_stored_and_shown_as_under_kyverno(town: &mut Town) -> Outcome {
    let kubectl = town.admin();
    for scenario in [
        "restrict-image-registries",
        "check-image-signatures",
        "check-vulnerabilities",
    ] {
        kubectl.apply(&town.scenario(scenario)?)?;
    }
    kubectl.apply(EXCEPTION)?;
    let shown = kubectl.run(["get", "cpol"])?;
    wants(&shown, "ADMISSION   BACKGROUND   READY")?;
    wants(&shown, "check-image-signatures      true        false")?;
    let all = kubectl.run(["get", "kyverno", "--all-namespaces"])?;
    wants(&all, "policyexception.kyverno.io/legacy")?;
    let stored = kubectl.raw("/apis/kyverno.io/v2beta1/clusterpolicies/check-vulnerabilities")?;
    let kept = stored.pointer("/spec/rules/0/verifyImages/0/attestations/0/predicateType");
    if kept.is_none() {
        return Err(Failure::Found(format!("a field of the policy is lost: {stored}")));
    }
    kubectl.run(["delete", "cpol", "--all"])?;
    Ok(())
}

fn replicas_start_in_a_namespace_that_enforces_the_restricted_standard(town: &mut Town) -> Outcome {
    let kubectl = town.admin();
    let label = "pod-security.kubernetes.io/enforce=restricted";
    kubectl.run(["label", "namespace", RELEASE, label])?;
    kubectl.run(["delete", "pods", "--all", "--namespace", RELEASE, "--wait=false"])?;
    kubectl.eventually("Pods of the new standard", || {
        let pods = kubectl.run(["get", "pods", "--namespace", RELEASE, "--output=name"])?;
        Ok(pods.lines().count() >= 3)
    })
}

fn the_controller_may_do_what_it_needs_and_no_more(town: &mut Town) -> Outcome {
    let kubectl = town.admin();
    let account = "--as=system:serviceaccount:vouchsafe:vouchsafe";
    // The controller manager grows the aggregated role a moment after it is made.
    kubectl.eventually("the role of readable kinds", || {
        let asked = ["auth", "can-i", "list", "pods", "--all-namespaces", account];
        Ok(kubectl.call(asked)?.succeeded())
    })?;
    for (questions, expected) in [(MAY, true), (MAY_NOT, false)] {
        for question in questions {
            let words = ["auth", "can-i", account].into_iter().chain(question.split(' '));
            if kubectl.call(words)?.succeeded() != expected {
                let may = if expected { "may not" } else { "may" };
                return Err(Failure::Found(format!("the controller {may}: {question}")));
            }
        }
    }
    Ok(())
}

const MAY: &[&str] = &[
    "watch clusterpolicies.kyverno.io",
    "patch clusterpolicies.kyverno.io --subresource=status",
    "create validatingwebhookconfigurations.admissionregistration.k8s.io",
    "update validatingwebhookconfigurations.admissionregistration.k8s.io/vouchsafe-resource-validating-webhook-cfg",
    "list pods --all-namespaces",
    "patch policyreports.wgpolicyk8s.io --all-namespaces",
    "update secrets/vouchsafe-tls --namespace=vouchsafe",
    "get secrets --namespace=vouchsafe",
    "create pods --namespace=vouchsafe-proof",
    "update leases.coordination.k8s.io --namespace=vouchsafe",
];

const MAY_NOT: &[&str] = &[
    "get secrets --namespace=default",
    "list secrets --namespace=vouchsafe",
    "delete secrets/vouchsafe-tls --namespace=vouchsafe",
    "list configmaps --namespace=default",
    "create pods --namespace=default",
    "update clusterpolicies.kyverno.io",
    "update validatingwebhookconfigurations.admissionregistration.k8s.io/kyverno-resource-validating-webhook-cfg",
    "create rolebindings.rbac.authorization.k8s.io --namespace=vouchsafe",
    "update leases.coordination.k8s.io --namespace=kube-system",
];

fn uninstalling_leaves_policies_and_their_kinds_and_nothing_of_the_release(town: &mut Town) -> Outcome {
    town.start_controller()?;
    let kubectl = town.admin();
    town.apply_policy(
        &town.scenario("restrict-image-registries")?,
        "restrict-image-registries",
    )?;
    kubectl.rejects(&pod::of("default", "before", "nginx"), &["approved registries"])?;
    chart::uninstall(town)?;
    let kinds = "validatingwebhookconfigurations,mutatingwebhookconfigurations,clusterroles,clusterrolebindings,roles,\
                 rolebindings,deployments,replicasets,services,configmaps,serviceaccounts,networkpolicies,\
                 poddisruptionbudgets";
    kubectl.eventually("nothing left of the release", || {
        let labels =
            ["part-of", "managed-by"].map(|label| format!("--selector=app.kubernetes.io/{label}=vouchsafe"));
        for label in &labels {
            let left = kubectl.run(["get", kinds, "--all-namespaces", "--output=name", label])?;
            if !left.trim().is_empty() {
                return Ok(false);
            }
        }
        Ok(true)
    })?;
    town.controller = None;
    let kubectl = town.admin();
    wants(
        &kubectl.run(["get", "cpol", "--output=name"])?,
        "restrict-image-registries",
    )?;
    kubectl.accepts(&pod::of("default", "after", "nginx"))?;
    kubectl.run(["delete", "namespace", RELEASE])?;
    kubectl.run(["delete", "cpol", "--all"])?;
    nothing_of_ours_is_left(kubectl)
}

/// Objects of any kind that bear our label, when the guide's three lines were followed.
fn nothing_of_ours_is_left(kubectl: &Kubectl) -> Outcome {
    let ours = "--selector=app.kubernetes.io/managed-by=vouchsafe";
    let reports = [
        "delete",
        "policyreports,clusterpolicyreports",
        "--all-namespaces",
        ours,
    ];
    kubectl.run(reports)?;
    let kinds = kubectl.run(["api-resources", "--verbs=list", "--output=name"])?;
    let kinds = kinds.lines().collect::<Vec<_>>().join(",");
    let left = kubectl.run(["get", &kinds, "--all-namespaces", "--output=name", ours])?;
    if left.trim().is_empty() {
        return Ok(());
    }
    Err(Failure::Found(format!("left behind: {left}")))
}

const EXCEPTION: &str = "apiVersion: kyverno.io/v2
kind: PolicyException
metadata: {name: legacy, namespace: default}
spec:
  exceptions: [{policyName: restrict-image-registries, ruleNames: [validate-registries]}]
  match: {any: [{resources: {kinds: [Pod], namespaces: [default], names: [legacy-*]}}]}
";
