//! That a policy is enforced is shown, not believed: a dry run of a Pod that must be refused.

use serde_json::Value;

use super::admit_scenarios::SIGNED_EVERYWHERE;
use super::test::{Test, tests, wants};
use super::town::Town;
use crate::failure::{Failure, Outcome};

pub(super) const TESTS: &[Test] = tests![
    an_image_policy_is_proven_to_demand_a_signature,
    a_policy_that_reaches_no_place_to_try_it_is_not_called_proven,
];

fn proven(town: &Town) -> Outcome<Value> {
    let kubectl = town.admin();
    let mut found = None;
    kubectl.eventually("EnforcementProven in the status", || {
        let policy = kubectl.raw("/apis/kyverno.io/v1/clusterpolicies/signed-everywhere")?;
        let conditions = policy.pointer("/status/conditions").and_then(Value::as_array);
        let is_wanted = |condition: &&Value| {
            condition.get("type").and_then(Value::as_str) == Some("EnforcementProven")
                && condition.get("reason").and_then(Value::as_str) != Some("NotTried")
        };
        found = conditions.and_then(|conditions| conditions.iter().find(is_wanted).cloned());
        Ok(found.is_some())
    })?;
    found.ok_or_else(|| Failure::Found("the condition is gone".to_owned()))
}

fn an_image_policy_is_proven_to_demand_a_signature(town: &mut Town) -> Outcome {
    town.start_controller()?;
    town.without_policies()?;
    let everywhere = SIGNED_EVERYWHERE.replace(", namespaces: [NAMESPACE]", "");
    town.apply_policy(&town.with_key(&everywhere), "signed-everywhere")?;
    let condition = proven(town)?;
    wants(&condition.to_string(), "\"status\":\"True\"")?;
    wants(&condition.to_string(), "SignatureDemanded")?;
    // Nothing was made of it.
    let pods = town
        .admin()
        .run(["get", "pods", "--namespace=vouchsafe-proof", "--output=name"])?;
    if pods.trim().is_empty() {
        return Ok(());
    }
    Err(Failure::Found(format!("the proof left {pods}")))
}

fn a_policy_that_reaches_no_place_to_try_it_is_not_called_proven(town: &mut Town) -> Outcome {
    town.start_controller()?;
    town.without_policies()?;
    let elsewhere = SIGNED_EVERYWHERE.replace("NAMESPACE", "elsewhere");
    town.apply_policy(&town.with_key(&elsewhere), "signed-everywhere")?;
    wants(&proven(town)?.to_string(), "\"status\":\"Unknown\"")
}
