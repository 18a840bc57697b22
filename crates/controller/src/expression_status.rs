//! What the status of a policy of `policies.kyverno.io` says, in Kyverno's shape and words (`pkg/controllers/policystatus`).
//!
//! Two conditions: `WebhookConfigured`, true where requests are judged by the policy, and `RBACPermissionsGranted`, true
//! where scans may read what it matches. `autogen` shows what was generated for Pod controllers.

use policy_engine::policy::{CompiledPolicy, PolicyKind};
use serde_json::{Value, json};

use crate::policy_id::PolicyId;
use crate::policy_view::SeenPolicy;
use crate::read_access::{MOST_ASKED, name_more_than_asked};
use crate::status_condition::{Condition, with_condition};

const WEBHOOK: &str = "WebhookConfigured";
const ACCESS: &str = "RBACPermissionsGranted";

/// The status that `seen` should have beside what is `there`; `unreadable`: what scans may not read.
pub(crate) fn status(id: &PolicyId, seen: &SeenPolicy, unreadable: &[String], there: &Value) -> Value {
    let document = seen.object.document(&id.name.name).value;
    let complaints = seen.complaints();
    let mut conditions = there.pointer("/conditionStatus/conditions").cloned();
    for condition in [
        webhook(seen, &document, &complaints),
        access(&document, unreadable),
    ]
    .into_iter()
    .flatten()
    {
        conditions = Some(with_condition(
            conditions.as_ref(),
            condition.to_json(),
            seen.object.generation,
        ));
    }
    let conditions = kept(conditions.unwrap_or_else(|| json!([])));
    let is_ready = conditions
        .as_array()
        .into_iter()
        .flatten()
        .filter(|condition| {
            let kind = condition.get("type").and_then(Value::as_str);
            kind == Some(WEBHOOK) || kind == Some(ACCESS)
        })
        .all(|condition| condition.get("status").and_then(Value::as_str) == Some("True"));
    let generated = if seen.prepared.policy.is_some() {
        CompiledPolicy::generated_configs(&document)
    } else {
        serde_json::Map::new()
    };
    let autogen = if generated.is_empty() {
        json!({})
    } else {
        json!({"configs": generated})
    };
    let mut status = json!({
        "conditionStatus": {"ready": is_ready, "message": complaints.join("; "), "conditions": conditions},
        "autogen": autogen,
    });
    let validates = matches!(
        id.kind,
        PolicyKind::ValidatingPolicy | PolicyKind::NamespacedValidatingPolicy
    );
    if let (true, Some(fields)) = (validates, status.as_object_mut()) {
        fields.insert("generated".to_owned(), false.into());
    }
    status
}

/// Without the condition that earlier releases wrote.
fn kept(mut conditions: Value) -> Value {
    if let Some(list) = conditions.as_array_mut() {
        list.retain(|one| one.get("type").and_then(Value::as_str) != Some("Ready"));
    }
    conditions
}

fn switched_on(document: &Value, what: &str) -> bool {
    let switch = document.pointer(&format!("/spec/evaluation/{what}/enabled"));
    switch.and_then(Value::as_bool) != Some(false)
}

/// Whether scans look at what the policy matches, so that rights to read are needed.
pub(crate) fn is_scanned(document: &Value) -> bool {
    switched_on(document, "background")
}

/// None where the policy has no say in admission.
fn webhook(seen: &SeenPolicy, document: &Value, complaints: &[String]) -> Option<Condition> {
    if !complaints.is_empty() {
        let reason = if seen.is_in_force() {
            "UnsupportedRule"
        } else {
            "Failed"
        };
        return Some(Condition::new(WEBHOOK, false, reason, complaints.join("; ")));
    }
    switched_on(document, "admission")
        .then(|| Condition::new(WEBHOOK, true, "Succeeded", "Webhook configured.".to_owned()))
}

fn access(document: &Value, unreadable: &[String]) -> Option<Condition> {
    let rules = document.pointer("/spec/matchConstraints/resourceRules");
    let unasked = if rules.is_some_and(name_more_than_asked) {
        format!(" Only the first {MOST_ASKED} of the resources that it names were asked about.")
    } else {
        String::new()
    };
    let (is_granted, reason, message) = if !is_scanned(document) {
        let unneeded = "Background scanning disabled; reporting permissions not required.";
        (true, "Succeeded", unneeded.to_owned())
    } else if unreadable.is_empty() {
        let message = format!("Policy is ready for reporting.{unasked}");
        (true, "Succeeded", message)
    } else {
        let missing = unreadable.join("; ");
        let message = format!("Policy is not ready for reporting, missing permissions: {missing}.{unasked}");
        (false, "Failed", message)
    };
    Some(Condition::new(ACCESS, is_granted, reason, message))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use cluster::ObjectName;

    use super::*;
    use crate::policy_object::PolicyObject;
    use crate::prepared::Prepared;

    fn told(spec_more: &Value, unreadable: &[String]) -> Value {
        let mut object = json!({"apiVersion": "policies.kyverno.io/v1", "kind": "ValidatingPolicy",
            "metadata": {"name": "p", "uid": "u-1", "generation": 1}, "spec": {
                "matchConstraints": {"resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"],
                    "operations": ["CREATE"], "resources": ["pods"]}]},
                "validations": [{"expression": "object.spec.hostNetwork != true", "message": "no"}]}});
        if let (Some(spec), Some(more)) = (object["spec"].as_object_mut(), spec_more.as_object()) {
            spec.extend(more.clone());
        }
        let object = Arc::new(PolicyObject::of(object).unwrap());
        let seen = SeenPolicy {
            prepared: Arc::new(Prepared::of(&object, "p")),
            object,
            lacks: None,
        };
        let id = PolicyId {
            kind: PolicyKind::ValidatingPolicy,
            name: ObjectName {
                namespace: String::new(),
                name: "p".to_owned(),
            },
        };
        let before = json!({"conditionStatus": {"conditions": [{"type": "Ready", "status": "False"}]}});
        status(&id, &seen, unreadable, &before)
    }

    #[test]
    fn both_conditions_are_kyvernos_and_autogen_shows_targets() {
        let told = told(&json!({}), &[]);
        let conditions = &told["conditionStatus"]["conditions"];
        assert_eq!(conditions.as_array().unwrap().len(), 2, "{conditions}");
        assert_eq!(conditions[0]["type"], "WebhookConfigured");
        assert_eq!(conditions[0]["message"], "Webhook configured.");
        assert_eq!(conditions[1]["type"], "RBACPermissionsGranted");
        assert_eq!(conditions[1]["message"], "Policy is ready for reporting.");
        assert_eq!(told["conditionStatus"]["ready"], true);
        assert_eq!(
            told["autogen"]["configs"]["cronjobs"]["targets"],
            json!([{"group": "batch", "version": "v1", "resource": "cronjobs", "kind": "CronJob"}])
        );
    }

    #[test]
    fn who_names_many_resources_hears_which_were_not_asked_about() {
        let resources: Vec<String> = (0..=MOST_ASKED).map(|number| format!("r{number}")).collect();
        let rules = json!({"matchConstraints": {"resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"],
            "operations": ["CREATE"], "resources": resources}]}});
        assert_eq!(
            told(&rules, &[])["conditionStatus"]["conditions"][1]["message"],
            "Policy is ready for reporting. Only the first 10 of the resources that it names were asked about."
        );
    }

    #[test]
    fn missing_rights_make_a_policy_unready_unless_it_is_not_scanned() {
        let missing = ["get /v1, Resource=pods: ".to_owned()];
        let unready = told(&json!({}), &missing);
        assert_eq!(unready["conditionStatus"]["ready"], false);
        assert_eq!(
            unready["conditionStatus"]["conditions"][1]["message"],
            "Policy is not ready for reporting, missing permissions: get /v1, Resource=pods: ."
        );
        let unscanned = told(
            &json!({"evaluation": {"background": {"enabled": false}}}),
            &missing,
        );
        assert_eq!(unscanned["conditionStatus"]["ready"], true);
    }
}
