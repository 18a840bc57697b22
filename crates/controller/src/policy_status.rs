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

use crate::enforcement_proof::{CONDITION, Proofs};
use crate::expression_status;
use crate::limits::MOST_STATUS_WRITES;
use crate::policy_id::{PolicyId, served};
use crate::policy_view::SeenPolicy;
use crate::read_access::{FRESH_FOR, ReadAccess};
use crate::status_condition::{Condition, put, with_condition};
use crate::webhook_writer::Registered;

/// Writes statuses.
#[derive(Debug)]
pub(crate) struct StatusWriter {
    pub(crate) client: Client,
    pub(crate) registered: watch::Receiver<Registered>,
    pub(crate) leads: watch::Receiver<bool>,
    /// What was proven of policies.
    pub(crate) proofs: watch::Receiver<Proofs>,
    /// What we may read.
    pub(crate) access: ReadAccess,
    /// Whether something could not be read when statuses were last looked at: rights may be granted later.
    pub(crate) lacks_access: bool,
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
                if self.lacks_access {
                    pause = Some(pause.unwrap_or(FRESH_FOR));
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

    /// Writes every status that is not as it should be; whether all are now. First those that nothing must be asked for: a
    /// tenant's policies may name many resources, and what may be read is asked for each.
    async fn write_all(&mut self, registered: &Registered) -> bool {
        let before = std::mem::take(&mut self.settled);
        self.lacks_access = false;
        let (classic, others): (Vec<_>, Vec<_>) = registered
            .view
            .policies
            .iter()
            .partition(|(id, _)| id.kind.is_classic());
        let mut are_written = true;
        for policies in [classic, others] {
            are_written &= self.write_some(&policies, registered, &before).await;
        }
        are_written
    }

    async fn write_some(
        &mut self,
        policies: &[(&PolicyId, &SeenPolicy)],
        registered: &Registered,
        before: &BTreeMap<PolicyId, u64>,
    ) -> bool {
        let proofs = Arc::clone(&self.proofs.borrow_and_update());
        let mut outdated: Vec<(PolicyId, Value)> = Vec::new();
        for (id, seen) in policies.iter().copied() {
            let missing = if id.kind.is_classic() {
                registered.missing.get(id).cloned().unwrap_or_default()
            } else {
                self.unreadable(id, seen).await
            };
            let missing = missing.as_slice();
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

    /// What scans may not read of that which a policy matches.
    async fn unreadable(&mut self, id: &PolicyId, seen: &SeenPolicy) -> Vec<String> {
        let document = seen.object.document(&id.name.name).value;
        match document.pointer("/spec/matchConstraints/resourceRules") {
            Some(rules) if expression_status::is_scanned(&document) => {
                let missing = self.access.missing(rules).await;
                self.lacks_access |= !missing.is_empty();
                missing
            }
            Some(_) | None => Vec::new(),
        }
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

/// Takes away what was proven of another generation than the one `in_force`: it is not true of this one, and nothing is true
/// of a policy that is not in force.
fn drop_outdated_proof(conditions: &mut Value, in_force: Option<i64>) {
    if let Some(conditions) = conditions.as_array_mut() {
        conditions.retain(|condition| {
            let is_proof = condition.get("type").and_then(Value::as_str) == Some(CONDITION);
            let of = condition.get("observedGeneration").and_then(Value::as_i64);
            !is_proof || (of.is_some() && of == in_force)
        });
    }
}

/// The patch that makes the status of a policy true; none where it is.
fn patch(id: &PolicyId, seen: &SeenPolicy, missing: &[String], proof: Option<&Value>) -> Option<Value> {
    let there = &seen.object.status();
    let generation = seen.object.generation;
    let in_force = seen.is_in_force().then_some(generation);
    let proof = proof.filter(|_| in_force.is_some());
    let status = if id.kind.is_classic() {
        let ready = ready(seen, missing).to_json();
        let mut wanted = classic(id, seen);
        let conditions = with_condition(there.get("conditions"), ready, generation);
        let conditions = proven(conditions, proof, generation, in_force);
        put(&mut wanted, "conditions", conditions);
        wanted
    } else {
        let mut wanted = expression_status::status(id, seen, missing, there);
        if let Some(conditions) = wanted.pointer_mut("/conditionStatus/conditions") {
            *conditions = proven(conditions.take(), proof, generation, in_force);
        }
        wanted
    };
    let holds = status
        .as_object()
        .into_iter()
        .flatten()
        .all(|(field, value)| there.get(field) == Some(value));
    let told = status.as_object().into_iter().flatten().map(|(field, value)| {
        let before = there.get(field).unwrap_or(&Value::Null);
        (field.clone(), replacing(before, value))
    });
    let told: Value = told.collect();
    // The uid is a precondition: a policy of the same name that came since is another.
    (!holds).then(|| json!({"metadata": {"uid": seen.object.uid}, "status": told}))
}

/// `wanted` as a merge patch on `there`: what is no longer said must be taken away by name.
fn replacing(there: &Value, wanted: &Value) -> Value {
    let (Value::Object(there), Value::Object(wanted)) = (there, wanted) else {
        return wanted.clone();
    };
    let kept = wanted.iter().map(|(field, value)| {
        let before = there.get(field).unwrap_or(&Value::Null);
        (field.clone(), replacing(before, value))
    });
    let gone = there.keys().filter(|field| !wanted.contains_key(*field));
    kept.chain(gone.map(|field| (field.clone(), Value::Null)))
        .collect()
}

/// `conditions` with what is proven of the policy now; `in_force`: its generation, where it is in force.
fn proven(mut conditions: Value, proof: Option<&Value>, generation: i64, in_force: Option<i64>) -> Value {
    match proof {
        Some(proof) => with_condition(Some(&conditions), proof.clone(), generation),
        None => {
            drop_outdated_proof(&mut conditions, in_force);
            conditions
        }
    }
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
        let shown: Vec<Value> = generated.into_iter().map(with_defaults).collect();
        json!({"rules": shown})
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

/// A generated rule as Kyverno shows it: with what its definition fills in, and the empty description of resources that
/// its type always has.
fn with_defaults(mut rule: Value) -> Value {
    let mut fill = |holder: &str, field: &str, value: Value| {
        if let Some(fields) = rule.pointer_mut(holder).and_then(Value::as_object_mut) {
            fields.entry(field).or_insert(value);
        }
    };
    fill("", "skipBackgroundRequests", true.into());
    fill("/match", "resources", json!({}));
    fill("/exclude", "resources", json!({}));
    fill("/validate", "allowExistingViolations", true.into());
    rule
}

/// The condition, without its time.
fn ready(seen: &SeenPolicy, missing: &[String]) -> Condition {
    let complaints = seen.complaints();
    let (is_ready, reason, message) = if !seen.is_in_force() {
        (false, "Failed", complaints.join("; "))
    } else if !complaints.is_empty() {
        (false, "UnsupportedRule", complaints.join("; "))
    } else if missing.is_empty() {
        (true, "Succeeded", "Ready".to_owned())
    } else {
        let kinds = missing.join(", ");
        let message = format!("Ready; the API server does not have: {kinds}");
        (true, "Succeeded", message)
    };
    Condition::new("Ready", is_ready, reason, message)
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

    /// A policy that is left out refuses nothing, whatever was proven of it before.
    #[test]
    fn what_was_proven_of_a_policy_is_taken_back_while_it_is_not_in_force() {
        let proof =
            json!({"type": CONDITION, "status": "True", "reason": "SignatureDemanded", "message": "m"});
        let of_proof = |seen: &SeenPolicy, proof| {
            let patch = patch(&name(), seen, &[], proof).unwrap();
            let conditions = patch["status"]["conditions"].as_array().unwrap().clone();
            conditions.into_iter().find(|one| one["type"] == CONDITION)
        };
        let mut policy = seen(&good_rule(), &Value::Null);
        let proven = of_proof(&policy, Some(&proof)).unwrap();
        assert_eq!(proven["observedGeneration"], 4);
        policy = seen(&good_rule(), &json!({"conditions": [proven]}));
        assert!(of_proof(&policy, None).is_some(), "it is of this generation");
        policy.lacks = Some("its webhook is refused".to_owned());
        assert_eq!(of_proof(&policy, None), None);
        assert_eq!(of_proof(&policy, Some(&proof)), None);
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
