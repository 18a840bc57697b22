//! How far the policy of a tenant reaches, by the advisories that Kyverno had.

use serde_json::json;

use super::pod;
use super::test::{Test, tests};
use super::town::Town;
use crate::failure::Outcome;

pub(super) const TESTS: &[Test] = tests![
    cve_2026_41068_a_tenants_policy_reads_no_config_map_of_another_namespace,
    cve_2026_22039_a_tenants_policy_calls_no_api_of_another_namespace,
    cve_2024_48921_an_exception_of_a_namespace_that_was_not_named_excuses_nothing,
    a_tenants_policy_speaks_of_its_own_namespace_alone,
];

fn governed(town: &mut Town, context: &str) -> Outcome {
    town.start_controller()?;
    town.without_policies()?;
    let kubectl = town.admin();
    kubectl.namespace("tenant")?;
    kubectl.namespace("neighbour")?;
    for namespace in ["tenant", "neighbour"] {
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "known", "namespace": namespace}, "data": {"word": "open"}});
        kubectl.apply(&map.to_string())?;
    }
    kubectl.apply(&POLICY.replace("CONTEXT", context))?;
    kubectl.eventually("Ready in the status of the tenant's policy", || {
        let condition = "--output=jsonpath={.status.conditions[?(@.type=='Ready')].status}";
        let asked = ["get", "pol", "known-word", "--namespace=tenant", condition];
        Ok(kubectl.run(asked)? == "True")
    })
}

fn cve_2026_41068_a_tenants_policy_reads_no_config_map_of_another_namespace(town: &mut Town) -> Outcome {
    let own = "{name: words, configMap: {name: known, namespace: tenant}}";
    governed(town, own)?;
    town.admin().accepts(&pod::of("tenant", "own-map", "nginx"))?;
    governed(town, &own.replace("tenant", "neighbour"))?;
    town.admin()
        .rejects(
            &pod::of("tenant", "foreign-map", "nginx"),
            &["known-word", "neighbour"],
        )
        .map(drop)
}

fn cve_2026_22039_a_tenants_policy_calls_no_api_of_another_namespace(town: &mut Town) -> Outcome {
    let own = "{name: words, apiCall: {urlPath: /api/v1/namespaces/tenant/configmaps/known}}";
    governed(town, own)?;
    town.admin().accepts(&pod::of("tenant", "own-call", "nginx"))?;
    governed(town, &own.replace("tenant", "neighbour"))?;
    town.admin()
        .rejects(
            &pod::of("tenant", "foreign-call", "nginx"),
            &["known-word", "neighbour"],
        )
        .map(drop)
}

fn cve_2024_48921_an_exception_of_a_namespace_that_was_not_named_excuses_nothing(town: &mut Town) -> Outcome {
    let kubectl = town.governed_by("restrict-image-registries", "tenant")?;
    kubectl.apply(EXCEPTION)?;
    kubectl.rejects(&pod::of("tenant", "excused", "nginx"), &["approved registries"])?;
    kubectl.run(["delete", "polex", "--all", "--namespace=tenant"])?;
    Ok(())
}

fn a_tenants_policy_speaks_of_its_own_namespace_alone(town: &mut Town) -> Outcome {
    governed(town, "{name: words, variable: {value: {data: {word: closed}}}}")?;
    let kubectl = town.admin();
    kubectl.rejects(&pod::of("tenant", "spoken-of", "nginx"), &["the word is closed"])?;
    kubectl
        .accepts(&pod::of("neighbour", "not-spoken-of", "nginx"))
        .map(drop)
}

const POLICY: &str = "apiVersion: kyverno.io/v1
kind: Policy
metadata: {name: known-word, namespace: tenant}
spec:
  background: false
  rules:
    - name: known-word
      match: {any: [{resources: {kinds: [Pod]}}]}
      context: [CONTEXT]
      validate:
        failureAction: Enforce
        message: the word is {{ words.data.word }}
        deny: {conditions: {any: [{key: '{{ words.data.word }}', operator: NotEquals, value: open}]}}
";

const EXCEPTION: &str = "apiVersion: kyverno.io/v2
kind: PolicyException
metadata: {name: excused, namespace: tenant}
spec:
  exceptions: [{policyName: restrict-image-registries, ruleNames: [validate-registries]}]
  match: {any: [{resources: {kinds: [Pod], namespaces: [tenant], names: [excused]}}]}
";
