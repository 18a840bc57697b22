//! `apply --cluster` against an API server of a few lines.

use crate::api_server;
use crate::terminal::{Folder, Said, vouchsafe};

const POLICY: &str = r#"
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: labelled, annotations: {pod-policies.kyverno.io/autogen-controllers: none}}
spec:
  rules:
  - name: team-is-known
    match: {any: [{resources: {kinds: [Pod]}}]}
    context: [{name: teams, configMap: {name: teams, namespace: shop}}]
    validate:
      message: unknown team
      deny: {conditions: {any: [{key: "{{ request.object.metadata.labels.team || '' }}", operator: AnyNotIn, value: "{{ teams.data.known }}"}]}}
"#;

/// Three pages with a Pod each; the second one's team is not known.
fn town(path: &str) -> (u16, String) {
    let pod = |name: &str, team: &str, next: &str| {
        format!(
            r#"{{"kind":"PodList","metadata":{{"continue":"{next}"}},"items":[
            {{"metadata":{{"name":"{name}","namespace":"shop","labels":{{"team":"{team}"}}}},"spec":{{"containers":[]}}}}]}}"#
        )
    };
    let body = match path {
        "/api" => r#"{"versions":["v1"]}"#.to_owned(),
        "/apis" => r#"{"groups":[]}"#.to_owned(),
        "/api/v1" => r#"{"resources":[{"name":"pods","kind":"Pod","namespaced":true,"verbs":["list"]},
            {"name":"nodes","kind":"Node","namespaced":false,"verbs":["list"]}]}"#
            .to_owned(),
        "/api/v1/namespaces/shop/configmaps/teams" => r#"{"data":{"known":"[\"a\"]"}}"#.to_owned(),
        path if path.ends_with("continue=2") => pod("second", "b", "3"),
        path if path.ends_with("continue=3") => pod("third", "a", ""),
        path if path.ends_with("pods?limit=500") => pod("first", "a", "2"),
        _ => return (404, r#"{"kind":"Status","message":"not there"}"#.to_owned()),
    };
    (200, body)
}

/// The town, beside an aggregated API that is down.
fn town_without_metrics(path: &str) -> (u16, String) {
    match path {
        "/apis" => (
            200,
            r#"{"groups":[{"name":"metrics.k8s.io","versions":[{"version":"v1"}]}]}"#.to_owned(),
        ),
        "/apis/metrics.k8s.io/v1" => (503, String::new()),
        path => town(path),
    }
}

/// Runs `apply POLICY --cluster EXTRA…` against `answer`; gives the exit code, both streams and the paths asked.
fn apply(answer: fn(&str) -> (u16, String), extra: &[&str]) -> (u8, String, String, Vec<String>) {
    apply_policy(POLICY, answer, extra)
}

fn apply_policy(
    policy: &str,
    answer: fn(&str) -> (u16, String),
    extra: &[&str],
) -> (u8, String, String, Vec<String>) {
    let folder = Folder::new();
    let policy = folder.file("policy.yaml", policy);
    let (config, asked) = api_server::start(&folder, answer);
    let mut words = vec!["apply", &policy, "--cluster", "--kubeconfig", &config];
    words.extend(extra);
    let Said { code, out, err } = vouchsafe(&words);
    let asked = asked.lock().unwrap().clone();
    (code, out, err, asked)
}

#[test]
fn every_object_of_the_kinds_that_policies_match_is_judged_with_facts_of_the_cluster() {
    let (code, out, err, asked) = apply(town, &[]);
    assert_eq!(code, 1, "{out}{err}");
    assert!(
        out.contains("pass: 2, fail: 1, warn: 0, error: 0, skip: 0"),
        "{out}{err}"
    );
    assert!(out.contains("shop/Pod/second"), "{out}");
    assert!(
        asked
            .iter()
            .any(|path| path == "/api/v1/pods?limit=500&continue=3"),
        "{asked:?}"
    );
    assert!(!asked.iter().any(|path| path.contains("nodes")), "{asked:?}");
}

#[test]
fn a_cluster_of_which_one_page_cannot_be_read_is_not_judged_at_all() {
    let forbidden = |path: &str| match path {
        path if path.ends_with("continue=3") => (
            403,
            r#"{"kind":"Status","message":"pods is forbidden"}"#.to_owned(),
        ),
        path => town(path),
    };
    let (code, out, err, _) = apply(forbidden, &[]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert_eq!(
        err,
        "Error: can't list pods of v1: permission denied: pods is forbidden\n"
    );
}

#[test]
fn a_name_chooses_objects_and_one_that_is_nowhere_is_an_error() {
    let (code, out, err, asked) = apply(town, &["--resource", "first", "-n", "shop"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("pass: 1, fail: 0"), "{out}{err}");
    assert!(
        asked
            .iter()
            .any(|path| path == "/api/v1/namespaces/shop/pods?limit=500"),
        "{asked:?}"
    );
    let (code, out, err, _) = apply(town, &["--resource", "first,other"]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(
        err.contains("`--resource other`: the cluster has no such object"),
        "{err}"
    );
}

#[test]
fn a_cluster_that_does_not_answer_is_an_error() {
    let (code, out, err, _) = apply(|_| (500, String::new()), &[]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert_eq!(err, "Error: GET /api: HTTP 500: no reason given\n");
}

#[test]
fn an_api_that_is_down_is_told_and_fails_the_run_where_it_may_have_what_policies_match() {
    let (code, out, err, _) = apply(town_without_metrics, &[]);
    assert!(out.contains("pass: 2, fail: 1"), "{code}{out}{err}");
    assert!(
        err.contains("the cluster can't tell the kinds of metrics.k8s.io/v1"),
        "{err}"
    );
    for kinds in ["[Pod, PodMetrics]", "['*']"] {
        let policy = POLICY
            .replace("[Pod]", kinds)
            .replace("spec:", "spec:\n  background: false");
        let (code, out, err, _) = apply_policy(&policy, town_without_metrics, &[]);
        assert_eq!((code, out.as_str()), (1, ""), "{err}");
        assert!(
            err.contains("Error: the cluster can't tell the kinds of metrics.k8s.io/v1"),
            "{err}"
        );
    }
}

#[test]
fn a_kind_that_the_cluster_does_not_have_is_told() {
    let (_, out, err, _) = apply_policy(&POLICY.replace("[Pod]", "[Pod, Gateway]"), town, &[]);
    assert!(out.contains("pass: 2, fail: 1"), "{out}{err}");
    assert!(err.contains("the cluster has no kind `Gateway`"), "{err}");
}
