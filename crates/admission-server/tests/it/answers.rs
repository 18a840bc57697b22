//! Warnings, patches, shares of the policies, and what is counted.

use http::StatusCode;
use serde_json::{Value, json};

use crate::house::{ask, denial, denial_and_id, get, patch, pod_review, review_of, webhook};
use crate::reload::POD_RULES;

/// A policy that refuses the image `bad`.
fn refusing(name: &str, action: &str, more: &str) -> String {
    format!(
        "---
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {{name: {name}}}
spec:
  validationFailureAction: {action}
  {more}
  rules:
  - name: no-bad
    match: {{any: [{{resources: {{kinds: [Pod]}}}}]}}
    validate:
      message: 'bad: image'
      pattern: {{spec: {{containers: [{{image: '!bad'}}]}}}}
"
    )
}

const LABELLING: &str = "
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: label}
spec:
  rules:
  - name: label
    match: {any: [{resources: {kinds: [Pod]}}]}
    mutate:
      patchStrategicMerge: {metadata: {labels: {team: blue}}}
";

#[tokio::test]
async fn an_audit_policy_that_warns_admits_with_its_message() {
    let response = ask(
        &webhook(&refusing("warns", "Audit", "emitWarning: true")),
        "/validate",
        &pod_review("d", "bad"),
    )
    .await;
    let warning = "policy warns.no-bad: validation error: bad: image. rule no-bad failed at path /spec/containers/0/image/";
    assert_eq!(
        response,
        json!({"uid": "uid-1", "allowed": true, "warnings": [warning]})
    );
}

#[tokio::test]
async fn a_denial_names_every_policy_that_does_not_hold() {
    let both =
        refusing("one", "Enforce", "background: true") + &refusing("two", "Enforce", "background: true");
    let response = ask(&webhook(&both), "/validate", &pod_review("d", "bad")).await;
    let message = "'validation error: bad: image. rule no-bad failed at path /spec/containers/0/image/'";
    let expected = format!(
        "\n\nresource Pod/d/p was blocked due to the following policies \n\none:\n  no-bad: {message}\ntwo:\n  no-bad: {message}\n"
    );
    assert_eq!(denial(&response), expected);
}

#[tokio::test]
async fn mutate_rules_answer_the_mutating_call_with_a_patch_and_the_validating_call_with_none() {
    let webhook = webhook(LABELLING);
    let response = ask(&webhook, "/mutate", &pod_review("d", "a")).await;
    assert_eq!(
        patch(&response),
        [json!({"op": "add", "path": "/metadata/labels", "value": {"team": "blue"}})]
    );
    let response = ask(&webhook, "/validate", &pod_review("d", "a")).await;
    assert_eq!(response, json!({"uid": "uid-1", "allowed": true}));
}

#[tokio::test]
async fn each_path_judges_by_the_policies_with_its_failure_policy() {
    let webhook = webhook(
        &(refusing("f", "Enforce", "failurePolicy: Fail")
            + &refusing("i", "Enforce", "failurePolicy: Ignore")),
    );
    for (path, policies) in [
        ("/validate", ["f:", "i:"].as_slice()),
        ("/validate/fail", &["f:"]),
        ("/validate/ignore", &["i:"]),
    ] {
        let response = ask(&webhook, path, &pod_review("d", "bad")).await;
        let lines: Vec<&str> = denial(&response).lines().filter(|line| line.len() == 2).collect();
        assert_eq!(lines, policies, "{path}");
    }
}

#[tokio::test]
async fn the_object_of_a_deletion_is_the_old_one() {
    let policy = "
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: keep}
spec:
  validationFailureAction: Enforce
  background: false
  rules:
  - name: keep
    match: {any: [{resources: {kinds: [Pod], operations: [DELETE]}}]}
    validate: {message: 'stays', deny: {}}
";
    let mut review = pod_review("d", "a");
    review["request"]["operation"] = json!("DELETE");
    review["request"]["oldObject"] = review["request"]["object"].take();
    let response = ask(&webhook(policy), "/validate", &review).await;
    assert!(
        denial(&response).starts_with("\n\nresource Pod/d/p was blocked"),
        "{response}"
    );
}

#[tokio::test]
async fn what_no_rule_selects_is_admitted() {
    let webhook = webhook(&refusing("p", "Enforce", "background: true"));
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s", "namespace": "d"}});
    assert_eq!(
        ask(&webhook, "/validate", &review_of(&service)).await,
        json!({"uid": "uid-1", "allowed": true})
    );
}

#[tokio::test]
async fn reviews_and_rules_are_counted_under_kyvernos_names() {
    let webhook = webhook(&refusing("p", "Enforce", "background: true"));
    ask(&webhook, "/validate/fail", &pod_review("d", "bad")).await;
    ask(&webhook, "/validate/fail", &pod_review("d", "bad")).await;
    let (status, text) = get(&webhook, "/metrics").await;
    assert_eq!(status, StatusCode::OK);
    for line in [
        "kyverno_admission_requests_total{resource_kind=\"Pod\",resource_namespace=\"d\",resource_request_operation=\"create\",\
         request_allowed=\"false\",request_webhook=\"ValidatingWebhookConfiguration\"} 2",
        "kyverno_policy_results_total{policy_validation_mode=\"enforce\",policy_type=\"cluster\",\
         policy_background_mode=\"true\",policy_namespace=\"-\",policy_name=\"p\",resource_kind=\"Pod\",\
         resource_namespace=\"d\",resource_request_operation=\"create\",rule_name=\"no-bad\",rule_result=\"fail\",\
         rule_type=\"validate\",rule_execution_cause=\"admission_request\",dry_run=\"false\"} 2",
        "kyverno_policy_rule_info_total{policy_validation_mode=\"enforce\",policy_type=\"cluster\",\
         policy_background_mode=\"true\",policy_namespace=\"-\",policy_name=\"p\",rule_name=\"no-bad\",\
         rule_type=\"validate\",status_ready=\"true\"} 1",
        "kyverno_http_requests_total{http_method=\"POST\",http_url=\"/validate/fail\"} 2",
    ] {
        assert!(
            text.lines().any(|found| found == line),
            "{line}\nis not in\n{text}"
        );
    }
    assert!(
        text.contains("kyverno_admission_review_duration_seconds_count"),
        "{text}"
    );
    assert!(text.contains("kyverno_info{version="), "{text}");
    let timed =
        "kyverno_http_requests_duration_seconds_count{http_method=\"POST\",http_url=\"/validate/fail\"} 2";
    assert!(text.contains(timed), "{text}");
}

#[tokio::test]
async fn a_review_keeps_no_secret_of_the_answer_to_another() {
    let webhook = webhook(&refusing("p", "Enforce", "background: true"));
    let denied = ask(&webhook, "/validate", &pod_review("d", "bad")).await;
    let admitted = ask(&webhook, "/validate", &pod_review("d", "good")).await;
    assert_eq!(
        (denied["allowed"].clone(), admitted["allowed"].clone()),
        (Value::Bool(false), Value::Bool(true))
    );
}

#[tokio::test]
async fn policies_in_expressions_are_counted_under_the_names_that_kyverno_has_for_their_kinds() {
    let of_kind = |kind: &str, more: &str| {
        format!(
            "apiVersion: policies.kyverno.io/v1\nkind: {kind}\nmetadata: {{name: p-{}}}\nspec:\n  matchConstraints: {{{POD_RULES}}}\n  \
             validations: [{{expression: 'false'}}]\n{more}---\n",
            kind.to_lowercase()
        )
    };
    let images = "  attestors: [{name: a, cosign: {key: {kms: 'awskms:///alias/a'}}}]\n  \
                  matchImageReferences: [{glob: 'ghcr.io/*'}]\n  validationActions: [Audit]\n";
    let webhook = webhook(&(of_kind("ValidatingPolicy", "") + &of_kind("ImageValidatingPolicy", images)));
    ask(&webhook, "/validate/fail", &pod_review("d", "bad")).await;
    let (_, text) = get(&webhook, "/metrics").await;
    let line = |kind: &str, name: &str, action: &str| {
        format!(
            "kyverno_{kind}_policy_results_total{{policy_validation_mode=\"{action}\",policy_background_mode=\"true\",\
             policy_name=\"{name}\",policy_namespace=\"\",resource_kind=\"Pod\",resource_namespace=\"d\",\
             resource_request_operation=\"create\",execution_cause=\"admission_request\",result=\"fail\"}} 1"
        )
    };
    for line in [
        line("validating", "p-validatingpolicy", "Deny"),
        line("image_validating", "p-imagevalidatingpolicy", "Audit"),
    ] {
        assert!(
            text.lines().any(|found| found == line),
            "{line}\nis not in\n{text}"
        );
    }
    assert!(!text.contains("kyverno_policy_results_total{"), "{text}");
}

#[tokio::test]
async fn every_denial_ends_with_an_id_under_which_it_is_explained() {
    let webhook = webhook(&refusing("one", "Enforce", "background: true"));
    let response = ask(&webhook, "/validate", &pod_review("d", "bad")).await;
    let id = denial_and_id(&response).1;
    assert_eq!(response["auditAnnotations"], json!({"explain": id}));
    let (status, body) = get(&webhook, &format!("/explain/{id}")).await;
    assert_eq!(status, StatusCode::OK);
    let explained: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        (&explained["uid"], &explained["operation"], &explained["resource"]),
        (&json!("uid-1"), &json!("CREATE"), &json!("Pod/d/p"))
    );
    assert_eq!(explained["rules"][0]["rule"], "no-bad");
    assert_eq!(explained["rules"][0]["blocks"], true);
    let again = ask(&webhook, "/validate", &pod_review("d", "bad")).await;
    assert_ne!(denial_and_id(&again).1, id, "an id is never used twice");
}

#[tokio::test]
async fn what_was_denied_unjudged_is_explained_too() {
    let webhook = webhook(&refusing("one", "Enforce", "background: true"));
    let review = json!({"apiVersion": "admission.k8s.io/v1beta1", "kind": "AdmissionReview", "request": {"uid": "uid-1"}});
    let response = ask(&webhook, "/validate", &review).await;
    let (_, body) = get(&webhook, &format!("/explain/{}", denial_and_id(&response).1)).await;
    let explained: Value = serde_json::from_str(&body).unwrap();
    assert!(
        explained["unjudged"].as_str().unwrap().contains("v1beta1"),
        "{explained}"
    );
}

/// Whoever reaches the port without having been denied: nothing is listed, and no part of an id opens anything.
#[tokio::test]
async fn nobody_is_shown_an_explanation_who_was_not_told_its_id() {
    let webhook = webhook(&refusing("one", "Enforce", "background: true"));
    let response = ask(&webhook, "/validate", &pod_review("d", "bad")).await;
    let id = denial_and_id(&response).1;
    let guessed = format!(
        "{}{}",
        id.split_at(id.len() - 1).0,
        if id.ends_with('0') { '1' } else { '0' }
    );
    for tried in [
        "",
        "*",
        id.split_at(id.len() - 1).0,
        id.split_at(8).0,
        &format!("{id}0"),
        &format!("{id}?"),
        &guessed,
    ] {
        let (status, body) = get(&webhook, &format!("/explain/{}", tried.replace('?', "%3F"))).await;
        assert!(
            status == StatusCode::NOT_FOUND || status == StatusCode::GONE,
            "{tried}"
        );
        assert!(!body.contains("no-bad"), "{tried}");
    }
    let (status, _) = get(&webhook, "/explain").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}
