//! What policies' statuses say: whether they are in force, why not, what was generated. Written by the replica that holds
//! the Lease.
//!
//! `Ready` is true when the policy is judged by and its webhooks are registered. Shape and words are Kyverno's
//! (`api/kyverno/v1/policy_status.go`); a reason of ours, `UnsupportedRule`, says that some rules do nothing.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use cluster::{Backoff, Client, ClusterError, PatchKind};
use futures_util::StreamExt;
use policy_engine::policy::CompiledPolicy;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::clock;
use crate::enforcement_proof::{CONDITION, Proofs};
use crate::limits::{MOST_MESSAGE_CHARS, MOST_STATUS_WRITES};
use crate::policy_id::{PolicyId, served};
use crate::policy_view::SeenPolicy;
use crate::webhook_writer::Registered;

/// Writes statuses.
#[derive(Debug)]
pub(crate) struct StatusWriter {
    pub(crate) client: Client,
    pub(crate) registered: watch::Receiver<Registered>,
    pub(crate) leads: watch::Receiver<bool>,
    /// What was proven of policies.
    pub(crate) proofs: watch::Receiver<Proofs>,
    /// Policies whose status was found true, and in which state: looked at again when that changes.
    pub(crate) settled: BTreeMap<PolicyId, u64>,
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
                _ = self.proofs.changed() => {}
            }
        }
    }

    /// Writes every status that is not as it should be; whether all are now.
    async fn write_all(&mut self, registered: &Registered) -> bool {
        let before = std::mem::take(&mut self.settled);
        let proofs = Arc::clone(&self.proofs.borrow_and_update());
        let mut outdated: Vec<(PolicyId, Value)> = Vec::new();
        for (id, seen) in &registered.view.policies {
            let missing = registered.missing.get(id).map(Vec::as_slice);
            let missing = missing.unwrap_or_default();
            let proof = proofs.get(id).and_then(|proof| proof.about(seen));
            let state = state(seen, missing, proof);
            let is_settled = before.get(id) == Some(&state);
            match if is_settled {
                None
            } else {
                patch(id, seen, missing, proof)
            } {
                Some(patch) => outdated.push((id.clone(), patch)),
                None => {
                    self.settled.insert(id.clone(), state);
                }
            }
        }
        let writes = outdated.into_iter().map(|(id, patch)| self.write(id, patch));
        let written: Vec<bool> = futures_util::stream::iter(writes)
            .buffer_unordered(MOST_STATUS_WRITES)
            .collect()
            .await;
        written.into_iter().all(|written| written)
    }

    async fn write(&self, id: PolicyId, patch: Value) -> bool {
        if !*self.leads.borrow() {
            return true;
        }
        let path = served(id.kind).object_path(&id.name.namespace, &id.name.name);
        let path = format!("{path}/status");
        match self.client.patch(&path, PatchKind::Merge, &patch).await {
            // Gone, or another object of this name by now: its own event is on the way.
            Ok(_) | Err(ClusterError::NotFound { .. } | ClusterError::Conflict { .. }) => true,
            Err(cause) => {
                tracing::warn!(policy = id.key(), %cause, "a status could not be written; trying again");
                false
            }
        }
    }
}

/// Equal for equal statuses, there and wanted.
fn state(seen: &SeenPolicy, missing: &[String], proof: Option<&Value>) -> u64 {
    let mut state = DefaultHasher::new();
    let object = &seen.object;
    (object.fingerprint, object.status_fingerprint(), object.generation).hash(&mut state);
    (&seen.lacks, missing, proof.map(Value::to_string)).hash(&mut state);
    state.finish()
}

/// Takes away what was proven of another generation: it is not true of this one.
fn drop_outdated_proof(conditions: &mut Value, generation: i64) {
    if let Some(conditions) = conditions.as_array_mut() {
        conditions.retain(|condition| {
            let is_proof = condition.get("type").and_then(Value::as_str) == Some(CONDITION);
            let of = condition.get("observedGeneration").and_then(Value::as_i64);
            !is_proof || of == Some(generation)
        });
    }
}

/// The patch that makes the status of a policy true; none where it is.
fn patch(id: &PolicyId, seen: &SeenPolicy, missing: &[String], proof: Option<&Value>) -> Option<Value> {
    let there = &seen.object.status();
    let ready = ready(seen, missing);
    let status = if id.kind.is_classic() {
        let mut wanted = classic(id, seen);
        let mut conditions = with_condition(there.get("conditions"), ready, seen.object.generation);
        match proof {
            Some(proof) => {
                conditions = with_condition(Some(&conditions), proof.clone(), seen.object.generation);
            }
            None => drop_outdated_proof(&mut conditions, seen.object.generation),
        }
        put(&mut wanted, "conditions", conditions);
        wanted
    } else {
        // The newer kinds say the same one level further in.
        let told = there.get("conditionStatus");
        let is_ready = ready.get("status").and_then(Value::as_str) == Some("True");
        let message = ready.get("message").cloned().unwrap_or_default();
        let conditions = told.and_then(|told| told.get("conditions"));
        let conditions = with_condition(conditions, ready, seen.object.generation);
        json!({"conditionStatus": {"ready": is_ready, "message": message, "conditions": conditions}})
    };
    let holds = status
        .as_object()
        .into_iter()
        .flatten()
        .all(|(field, value)| there.get(field) == Some(value));
    // The uid is a precondition: a policy of the same name that came since is another.
    (!holds).then(|| json!({"metadata": {"uid": seen.object.uid}, "status": status}))
}

/// What the status of a policy with rules shows beside its conditions.
fn classic(id: &PolicyId, seen: &SeenPolicy) -> Value {
    let counts = seen.prepared.counts;
    let document = seen.object.document(&id.name.name);
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
    json!({
        "autogen": autogen,
        "rulecount": {
            "validate": counts.validate,
            "generate": counts.generate,
            "mutate": counts.mutate,
            "verifyimages": counts.verify_images,
        },
        "validatingadmissionpolicy": {"generated": false, "message": ""},
    })
}

fn put(object: &mut Value, field: &str, value: Value) {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(field.to_owned(), value);
    }
}

/// `there` with `wanted` in it: others are kept, and its own time where its status is the same.
fn with_condition(there: Option<&Value>, mut wanted: Value, generation: i64) -> Value {
    let conditions = there.and_then(Value::as_array);
    let own = wanted.get("type").cloned();
    let is_own = |condition: &&Value| condition.get("type") == own.as_ref();
    let last = conditions.into_iter().flatten().find(is_own);
    let is_same = |field: &str| last.and_then(|last| last.get(field)) == wanted.get(field);
    let says_the_same = ["status", "reason", "message"].into_iter().all(is_same);
    let changed_at = match last.and_then(|last| last.get("lastTransitionTime")) {
        Some(before) if is_same("status") => before.clone(),
        Some(_) | None => clock::kubernetes_time(clock::now()).into(),
    };
    // What was observed is told anew only where something else is, or every edit would be written twice.
    let observed = match last.and_then(|last| last.get("observedGeneration")) {
        Some(before) if says_the_same => before.clone(),
        Some(_) | None => generation.into(),
    };
    put(&mut wanted, "lastTransitionTime", changed_at);
    put(&mut wanted, "observedGeneration", observed);
    // Each stays where it stood: an order that changes would be a change.
    let mut all: Vec<Value> = conditions.cloned().unwrap_or_default();
    match all.iter_mut().find(|one| one.get("type") == own.as_ref()) {
        Some(place) => *place = wanted,
        None => all.push(wanted),
    }
    Value::Array(all)
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
    use cluster::ObjectName;
    use policy_engine::policy::PolicyKind;

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

    fn name() -> PolicyId {
        PolicyId {
            kind: PolicyKind::ClusterPolicy,
            name: ObjectName {
                namespace: String::new(),
                name: "p".to_owned(),
            },
        }
    }

    fn good_rule() -> Value {
        json!({"name": "r", "match": {"any": [{"resources": {"kinds": ["Pod"]}}]},
            "validate": {"message": "m", "pattern": {"spec": {"hostNetwork": "false"}}}})
    }

    #[test]
    fn a_policy_in_force_is_ready_and_shows_what_was_generated() {
        let patch = patch(&name(), &seen(&good_rule(), &Value::Null), &[], None).unwrap();
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
        let first = patch(&name(), &seen(&good_rule(), &Value::Null), &[], None).unwrap();
        assert_eq!(
            patch(&name(), &seen(&good_rule(), &first["status"]), &[], None),
            None
        );
    }

    #[test]
    fn a_policy_with_a_fault_or_an_unsupported_rule_says_which() {
        let mut faulty = good_rule();
        faulty["validate"] = json!({"patern": {}});
        let faulty = patch(&name(), &seen(&faulty, &Value::Null), &[], None).unwrap();
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
        let unsupported = patch(&name(), &seen(&generate, &Value::Null), &[], None).unwrap();
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
        let patch = patch(&name(), &seen(&good_rule(), &before), &[], None).unwrap();
        let conditions = &patch["status"]["conditions"];
        assert_eq!(conditions[0]["type"], "Other");
        assert_eq!(conditions[1]["lastTransitionTime"], "2020-01-01T00:00:00Z");
    }
}
