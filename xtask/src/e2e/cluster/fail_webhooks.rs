//! What the API server refuses of our webhooks keeps no policy out of force.

use serde_json::json;

use super::pod;
use super::test::{Test, tests};
use super::town::Town;
use crate::failure::Outcome;

pub(super) const TESTS: &[Test] = tests![settings_that_the_api_server_refuses_keep_no_policy_out_of_force,];

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
    town.apply_policy(POLICY, "none-here")?;
    let refused = kubectl.rejects(&pod::of("refused-settings", "met", "nginx"), &["none here"]);
    set("")?;
    refused.map(drop)
}

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
