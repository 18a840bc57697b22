//! What the API server refuses of our webhooks keeps no policy out of force.

use std::thread;
use std::time::Duration;

use serde_json::json;

use super::pod;
use super::test::{Test, tests};
use super::town::Town;
use crate::failure::{Failure, Outcome};

pub(super) const TESTS: &[Test] = tests![
    settings_that_the_api_server_refuses_keep_no_policy_out_of_force,
    what_no_policy_is_to_blame_for_takes_no_webhook_away,
];

fn settings_that_the_api_server_refuses_keep_no_policy_out_of_force(town: &mut Town) -> Outcome {
    town.start_controller()?;
    town.without_policies()?;
    let kubectl = town.admin();
    kubectl.namespace("refused-settings")?;
    let conditions = json!([{"name": "which", "expression": "request.nosuchfield == 'a'"}]).to_string();
    let set = |conditions: &str| {
        let patch = json!({"data": {"matchConditions": conditions}}).to_string();
        let patching = [
            "patch",
            "configmap",
            "vouchsafe",
            "--namespace=vouchsafe",
            "--type=merge",
            "--patch",
        ];
        kubectl
            .run(patching.into_iter().chain([patch.as_str()]))
            .map(drop)
    };
    set(&conditions)?;
    let kept = town.apply_policy(POLICY, "none-here").and_then(|()| {
        kubectl.rejects(&pod::of("refused-settings", "met", "nginx"), &["none here"])?;
        kubectl.eventually("the controller tells that the settings are refused", || {
            Ok(town.times_logged("refuses webhooks with the settings of the ConfigMap")? > 0)
        })
    });
    set("")?;
    kept
}

/// Somebody's admission policy refuses every change of webhooks while a new policy asks for one.
fn what_no_policy_is_to_blame_for_takes_no_webhook_away(town: &mut Town) -> Outcome {
    town.start_controller()?;
    town.without_policies()?;
    let kubectl = town.admin();
    kubectl.namespace("refused-settings")?;
    town.apply_policy(POLICY, "none-here")?;
    kubectl.apply(NO_CHANGES)?;
    let annotating = [
        "annotate",
        "--dry-run=server",
        "validatingwebhookconfigurations/vouchsafe-resource-validating-webhook-cfg",
        "tried=yes",
    ];
    kubectl.eventually("a refusal of changes of webhooks", || {
        Ok(!kubectl.call(annotating)?.succeeded())
    })?;
    let other = POLICY
        .replace("none-here", "no-services")
        .replace("kinds: [Pod]", "kinds: [Service]");
    let kept = kubectl.apply(&other).and_then(|()| {
        kubectl.eventually("a warning that webhooks can't be registered", || {
            Ok(town.times_logged("webhooks could not be registered")? > 0)
        })?;
        // Longer than the delay after which webhooks are narrowed.
        thread::sleep(Duration::from_secs(15));
        kubectl.rejects(&pod::of("refused-settings", "met", "nginx"), &["none here"])?;
        match town.times_logged("refuses the webhook of a policy")? {
            0 => Ok(()),
            _ => Err(Failure::Found("a policy is blamed".to_owned())),
        }
    });
    kubectl.run([
        "delete",
        "validatingadmissionpolicies,validatingadmissionpolicybindings",
        "no-changes",
    ])?;
    kept?;
    town.apply_policy(&other, "no-services")
}

const NO_CHANGES: &str = "apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: no-changes}
spec:
  matchConstraints:
    resourceRules:
      - apiGroups: [admissionregistration.k8s.io]
        apiVersions: ['*']
        operations: [CREATE, UPDATE]
        resources: [validatingwebhookconfigurations, mutatingwebhookconfigurations]
  validations: [{expression: 'false', message: no changes today}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: no-changes}
spec: {policyName: no-changes, validationActions: [Deny]}
";

const POLICY: &str = "apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: none-here}
spec:
  background: false
  rules:
    - name: none
      match: {any: [{resources: {kinds: [Pod], namespaces: [refused-settings]}}]}
      validate: {failureAction: Enforce, message: none here, deny: {}}
";
