//! Policies are replaced as a whole or not at all.

use http::StatusCode;
use vouchsafe_admission_server::Webhook;

use crate::house::{Texts, ask, get, pod_review, webhook};

fn denying(name: &str) -> String {
    format!(
        "---
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {{name: {name}}}
spec:
  validationFailureAction: Enforce
  background: false
  rules:
  - name: never
    match: {{any: [{{resources: {{kinds: [Pod]}}}}]}}
    validate: {{message: never, deny: {{}}}}
"
    )
}

async fn denied_by(webhook: &Webhook) -> Vec<String> {
    let response = ask(webhook, "/validate", &pod_review("d", "a")).await;
    let text = crate::house::denial(&response).to_owned();
    let lines = text.lines().skip(4).filter(|line| !line.starts_with(' '));
    lines.map(|line| line.trim_end_matches(':').to_owned()).collect()
}

#[tokio::test]
async fn a_set_with_one_fault_changes_nothing_and_every_fault_is_told() {
    let webhook = webhook(&denying("old"));
    let faulty = denying("new")
        + &denying("other").replace("validate:", "validat:")
        + &denying("last").replace("kinds:", "kind:");
    let refused = webhook.policies().take(&*Texts::new(&faulty)).unwrap_err();
    assert!(refused.faults.len() >= 2, "{refused}");
    assert!(refused.to_string().contains("policies.yaml:"), "{refused}");
    assert_eq!(denied_by(&webhook).await, ["old"]);
    assert_eq!(get(&webhook, "/readyz").await.0, StatusCode::OK);
    let counted = get(&webhook, "/metrics").await.1;
    assert!(
        counted.contains("vouchsafe_policy_reloads_total{result=\"refused\"} 1"),
        "{counted}"
    );

    webhook
        .policies()
        .take(&*Texts::new(&(denying("new") + &denying("other"))))
        .unwrap();
    assert_eq!(denied_by(&webhook).await, ["new", "other"]);
}

#[tokio::test]
async fn changes_of_policies_are_counted_and_what_stays_is_none() {
    let webhook = webhook(&(denying("stays") + &denying("grows") + &denying("goes")));
    let texts =
        denying("stays") + &denying("grows").replace("message:", "message: longer") + &denying("comes");
    let taken = webhook.policies().take(&*Texts::new(&texts));
    assert!(taken.is_ok(), "{taken:?}");
    let counted = get(&webhook, "/metrics").await.1;
    let of = |policy: &str, change: &str| {
        let ends = format!("policy_name=\"{policy}\",policy_change_type=\"{change}\"}} ");
        let line = counted
            .lines()
            .find(|line| line.contains("kyverno_policy_changes_total") && line.contains(&ends));
        line.map_or(0, |line| line.rsplit(' ').next().unwrap().parse::<u32>().unwrap())
    };
    let changes = ["created", "updated", "deleted"];
    for (policy, expected) in [
        ("stays", [1, 0, 0]),
        ("grows", [1, 1, 0]),
        ("goes", [1, 0, 1]),
        ("comes", [1, 0, 0]),
    ] {
        assert_eq!(
            changes.map(|change| of(policy, change)),
            expected,
            "{policy}: {counted}"
        );
    }
}

/// Whoever can empty the folder of policies for a moment must not open the cluster with it.
#[tokio::test]
async fn a_set_without_policies_is_no_set() {
    let webhook = webhook(&denying("old"));
    for nothing in [
        "",
        "---\n",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n",
    ] {
        let refused = webhook.policies().take(&*Texts::new(nothing)).unwrap_err();
        assert!(refused.to_string().contains("no policy"), "{refused}");
    }
    assert_eq!(denied_by(&webhook).await, ["old"]);
}

pub(crate) const POD_RULES: &str =
    "resourceRules: [{apiGroups: [''], apiVersions: [v1], resources: [pods], operations: ['*']}]";

/// Nobody would notice that such a policy is not enforced here.
#[tokio::test]
async fn a_policy_that_is_not_judged_here_is_refused_aloud() {
    let webhook = webhook(&denying("old"));
    let of_api_server = format!(
        "---\napiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\nmetadata: {{name: v}}\n\
         spec: {{matchConstraints: {{{POD_RULES}}}, validations: [{{expression: 'true'}}]}}\n"
    );
    let of_json = "---\napiVersion: policies.kyverno.io/v1\nkind: ValidatingPolicy\nmetadata: {name: v}\n\
                   spec: {evaluation: {mode: JSON}, validations: [{expression: 'true'}]}\n";
    let of_nobody =
        "---\napiVersion: policies.kyverno.io/v1\nkind: MutatingPolicy\nmetadata: {name: v}\nspec: {}\n";
    for (policy, words) in [
        (
            of_api_server.as_str(),
            "ValidatingAdmissionPolicy v is judged by the API server itself",
        ),
        (of_json, "ValidatingPolicy v is about JSON"),
        (of_nobody, "MutatingPolicy"),
    ] {
        let set = Texts::new(&(denying("new") + policy));
        let refused = webhook.policies().take(&*set).unwrap_err();
        assert!(refused.to_string().contains(words), "{refused}");
    }
    assert_eq!(denied_by(&webhook).await, ["old"]);
}

#[tokio::test]
async fn a_policy_in_expressions_refuses_in_the_words_of_its_kind() {
    let policy = format!(
        "apiVersion: policies.kyverno.io/v1\nkind: ValidatingPolicy\nmetadata: {{name: named}}\n\
         spec: {{matchConstraints: {{{POD_RULES}}}, validations: [{{expression: object.metadata.name == 'other', \
         messageExpression: '\"not \" + request.operation'}}]}}\n"
    );
    let webhook = webhook(&policy);
    let response = ask(&webhook, "/validate", &pod_review("d", "a")).await;
    assert_eq!(
        crate::house::denial(&response),
        "Policy named failed: not CREATE\n"
    );
}
