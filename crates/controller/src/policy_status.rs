//! What policies' statuses say: whether they are in force, why not, what was generated. Written by the replica that holds
//! the Lease.
//!
//! `Ready` is true when the policy is judged by and its webhooks are registered. Shape and words are Kyverno's
//! (`api/kyverno/v1/policy_status.go`); a reason of ours, `UnsupportedRule`, says that some rules do nothing.

use cluster::{Backoff, Client, ClusterError, ObjectName, PatchKind};
use futures_util::StreamExt;
use policy_engine::policy::CompiledPolicy;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::clock;
use crate::identity::kyverno_kind;
use crate::limits::{MOST_MESSAGE_CHARS, MOST_STATUS_WRITES};
use crate::policy_view::{SeenPolicy, key};
use crate::webhook_writer::Registered;

/// Writes statuses.
#[derive(Debug)]
pub(crate) struct StatusWriter {
    pub(crate) client: Client,
    pub(crate) registered: watch::Receiver<Registered>,
    pub(crate) leads: watch::Receiver<bool>,
}

impl StatusWriter {
    /// Keeps statuses true while we lead, for ever.
    pub(crate) async fn keep(mut self) {
        let mut backoff = Backoff::default();
        loop {
            let leads = *self.leads.borrow_and_update();
            let mut pause = None;
            if leads {
                let registered = self.registered.borrow_and_update().clone();
                if self.write_all(&registered).await {
                    backoff.reset();
                } else {
                    pause = Some(backoff.wait());
                }
            }
            let waiting = async {
                match pause {
                    Some(pause) => tokio::time::sleep(pause).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = waiting => {}
                _ = self.registered.changed() => {}
                _ = self.leads.changed() => {}
            }
        }
    }

    /// Writes every status that is not as it should be; whether all are now.
    async fn write_all(&self, registered: &Registered) -> bool {
        let outdated = registered.view.policies.iter().filter_map(|(name, seen)| {
            let missing = registered
                .missing
                .get(&key(name))
                .map(Vec::as_slice)
                .unwrap_or_default();
            Some((name.clone(), patch(name, seen, missing)?))
        });
        let outdated: Vec<(ObjectName, Value)> = outdated.collect();
        let writes = outdated.into_iter().map(|(name, patch)| self.write(name, patch));
        let written: Vec<bool> = futures_util::stream::iter(writes)
            .buffer_unordered(MOST_STATUS_WRITES)
            .collect()
            .await;
        written.into_iter().all(|written| written)
    }

    async fn write(&self, name: ObjectName, patch: Value) -> bool {
        if !*self.leads.borrow() {
            return true;
        }
        let kind = if name.namespace.is_empty() {
            kyverno_kind("v1", "ClusterPolicy", "clusterpolicies", false)
        } else {
            kyverno_kind("v1", "Policy", "policies", true)
        };
        let path = format!("{}/status", kind.object_path(&name.namespace, &name.name));
        match self.client.patch(&path, PatchKind::Merge, &patch).await {
            // Gone, or another object of this name by now: its own event is on the way.
            Ok(_) | Err(ClusterError::NotFound { .. } | ClusterError::Conflict { .. }) => true,
            Err(cause) => {
                tracing::warn!(policy = key(&name), %cause, "a status could not be written; trying again");
                false
            }
        }
    }
}

/// The patch that makes the status of a policy true; none where it is.
fn patch(name: &ObjectName, seen: &SeenPolicy, missing: &[String]) -> Option<Value> {
    let counts = seen.prepared.counts;
    let document = seen.object.document(&name.name);
    let generated = if seen.prepared.policy.is_some() {
        CompiledPolicy::generated_rules(&document.value)
    } else {
        Vec::new()
    };
    let autogen = if generated.is_empty() {
        json!({})
    } else {
        json!({"rules": generated})
    };
    let there = &seen.object.status;
    let ready = ready(seen, missing);
    let wanted = json!({
        "autogen": autogen,
        "rulecount": {
            "validate": counts.validate,
            "generate": counts.generate,
            "mutate": counts.mutate,
            "verifyimages": counts.verify_images,
        },
        "validatingadmissionpolicy": {"generated": false, "message": ""},
    });
    let conditions = there.get("conditions").and_then(Value::as_array);
    let last = conditions
        .into_iter()
        .flatten()
        .find(|condition| condition.get("type").and_then(Value::as_str) == Some("Ready"));
    let is_same = |field: &str| last.and_then(|last| last.get(field)) == ready.get(field);
    let conditions_hold = ["status", "reason", "message"].into_iter().all(is_same);
    let rest_holds = wanted
        .as_object()
        .into_iter()
        .flatten()
        .all(|(field, value)| there.get(field) == Some(value));
    if conditions_hold && rest_holds {
        return None;
    }
    let changed_at = match last.and_then(|last| last.get("lastTransitionTime")) {
        Some(before) if is_same("status") => before.clone(),
        Some(_) | None => clock::kubernetes_time(clock::now()).into(),
    };
    let mut condition = ready;
    if let Some(fields) = condition.as_object_mut() {
        fields.insert("lastTransitionTime".to_owned(), changed_at);
        fields.insert("observedGeneration".to_owned(), seen.object.generation.into());
    }
    let others = conditions
        .into_iter()
        .flatten()
        .filter(|condition| condition.get("type").and_then(Value::as_str) != Some("Ready"));
    let all: Vec<Value> = others.cloned().chain([condition]).collect();
    let mut status = wanted;
    if let Some(fields) = status.as_object_mut() {
        fields.insert("conditions".to_owned(), Value::Array(all));
    }
    // The uid is a precondition: a policy of the same name that came since is another.
    Some(json!({"metadata": {"uid": seen.object.uid}, "status": status}))
}

/// The condition, without its time.
fn ready(seen: &SeenPolicy, missing: &[String]) -> Value {
    let complaints = seen.complaints();
    let (status, reason, message) = if !seen.is_in_force() {
        ("False", "Failed", complaints.join("; "))
    } else if !complaints.is_empty() {
        ("False", "UnsupportedRule", complaints.join("; "))
    } else if missing.is_empty() {
        ("True", "Succeeded", "Ready".to_owned())
    } else {
        let kinds = missing.join(", ");
        (
            "True",
            "Succeeded",
            format!("Ready; the API server does not have: {kinds}"),
        )
    };
    let message: String = message.chars().take(MOST_MESSAGE_CHARS).collect();
    json!({"type": "Ready", "status": status, "reason": reason, "message": message})
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::policy_object::PolicyObject;
    use crate::prepared::Prepared;

    fn seen(rule: &Value, status: &Value) -> SeenPolicy {
        let object = json!({"apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy",
            "metadata": {"name": "p", "uid": "u-1", "generation": 4}, "spec": {"rules": [rule]}, "status": status});
        let object = Arc::new(PolicyObject::of(object).unwrap());
        SeenPolicy {
            prepared: Arc::new(Prepared::of(&object, "p")),
            object,
            lacks: None,
        }
    }

    fn name() -> ObjectName {
        ObjectName {
            namespace: String::new(),
            name: "p".to_owned(),
        }
    }

    fn good_rule() -> Value {
        json!({"name": "r", "match": {"any": [{"resources": {"kinds": ["Pod"]}}]},
            "validate": {"message": "m", "pattern": {"spec": {"hostNetwork": "false"}}}})
    }

    #[test]
    fn a_policy_in_force_is_ready_and_shows_what_was_generated() {
        let patch = patch(&name(), &seen(&good_rule(), &Value::Null), &[]).unwrap();
        let condition = &patch["status"]["conditions"][0];
        assert_eq!(
            (
                &condition["type"],
                &condition["status"],
                &condition["reason"],
                &condition["message"]
            ),
            (
                &json!("Ready"),
                &json!("True"),
                &json!("Succeeded"),
                &json!("Ready")
            )
        );
        assert_eq!(condition["observedGeneration"], 4);
        assert_eq!(patch["status"]["rulecount"]["validate"], 1);
        assert_eq!(patch["status"]["autogen"]["rules"][0]["name"], "autogen-r");
        assert_eq!(patch["metadata"]["uid"], "u-1");
    }

    #[test]
    fn a_status_that_is_true_is_not_written_again() {
        let first = patch(&name(), &seen(&good_rule(), &Value::Null), &[]).unwrap();
        assert_eq!(patch(&name(), &seen(&good_rule(), &first["status"]), &[]), None);
    }

    #[test]
    fn a_policy_with_a_fault_or_an_unsupported_rule_says_which() {
        let mut faulty = good_rule();
        faulty["validate"] = json!({"patern": {}});
        let faulty = patch(&name(), &seen(&faulty, &Value::Null), &[]).unwrap();
        let condition = &faulty["status"]["conditions"][0];
        assert_eq!(
            (&condition["status"], &condition["reason"]),
            (&json!("False"), &json!("Failed"))
        );
        assert!(
            condition["message"]
                .as_str()
                .unwrap()
                .contains("spec.rules[0].validate")
        );
        let generate = json!({"name": "makes", "match": {"any": [{"resources": {"kinds": ["Namespace"]}}]},
            "generate": {"apiVersion": "v1", "kind": "ConfigMap", "name": "c", "namespace": "a", "data": {"data": {}}}});
        let unsupported = patch(&name(), &seen(&generate, &Value::Null), &[]).unwrap();
        let condition = &unsupported["status"]["conditions"][0];
        assert_eq!(
            (&condition["status"], &condition["reason"]),
            (&json!("False"), &json!("UnsupportedRule"))
        );
        assert!(condition["message"].as_str().unwrap().contains("`makes`"));
    }

    #[test]
    fn other_conditions_and_the_time_of_the_last_change_are_kept() {
        let before = json!({"conditions": [{"type": "Other", "status": "True"},
            {"type": "Ready", "status": "True", "reason": "Succeeded", "message": "old", "lastTransitionTime": "2020-01-01T00:00:00Z"}]});
        let patch = patch(&name(), &seen(&good_rule(), &before), &[]).unwrap();
        let conditions = &patch["status"]["conditions"];
        assert_eq!(conditions[0]["type"], "Other");
        assert_eq!(conditions[1]["lastTransitionTime"], "2020-01-01T00:00:00Z");
    }
}
