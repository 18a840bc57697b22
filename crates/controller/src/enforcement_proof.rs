//! Proof that image policies are enforced: a Pod with an unsigned image is tried through the API server and the real
//! webhook, and must be refused by the policy's rule. Nothing is stored: the request is a dry run.
//!
//! In: the policies whose webhooks are registered. Out: a condition `EnforcementProven` for each image policy that enforces:
//! `True`, with what was proven, or `Unknown`, with the reason. Done by the replica that holds the Lease, in one namespace,
//! which is the only one that it may create Pods in.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::time::{Duration, Instant};

use cluster::{Client, ClusterError};
use policy_engine::decision::yaml_text;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::clock;
use crate::identity::core_kind;
use crate::policy_id::PolicyId;
use crate::policy_view::{PolicyView, SeenPolicy};
use crate::proof_pod::{Trial, enforces_images, trial};
use crate::webhook_writer::Registered;

/// The condition.
pub(crate) const CONDITION: &str = "EnforcementProven";
/// How long a proof holds until it is made again.
const PROOF_LIFE: Duration = Duration::from_secs(3_600);
/// Pause after webhooks were registered: the API server hears of them a moment later.
const SETTLING: Duration = Duration::from_secs(2);
/// Times a Pod is tried that was not refused.
const MOST_TRIES: u32 = 3;
/// Codes of refusals that say that signatures were looked for and judged; others say only that the image can't be judged.
const OF_SIGNATURES: [&str; 5] = [
    "UNSIGNED",
    "WRONG_SIGNER",
    "WRONG_IDENTITY",
    "ATTESTATION_MISSING",
    "ATTESTATION_CONDITIONS",
];

/// Proofs by policy.
pub(crate) type Proofs = Arc<BTreeMap<PolicyId, Proof>>;

/// What was proven of one text of a policy: of another, under the same name, it says nothing.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Proof {
    /// Fingerprint of the text.
    of: u64,
    /// The condition, without its times.
    condition: Value,
}

impl Proof {
    /// The condition, if it is about the policy as it is now.
    pub(crate) fn about(&self, seen: &SeenPolicy) -> Option<&Value> {
        (self.of == seen.object.fingerprint).then_some(&self.condition)
    }
}

/// How proofs are made.
#[derive(Debug, Clone, Default)]
pub struct ProofOptions {
    /// The namespace in which Pods are tried; none: nothing is proven.
    pub namespace: Option<String>,
    /// An image that exists and that nobody signed; none: an image of the policy's first pattern that does not exist.
    pub image: Option<String>,
}

/// Makes proofs.
#[derive(Debug)]
pub(crate) struct Prover {
    pub(crate) client: Client,
    pub(crate) options: ProofOptions,
    pub(crate) registered: watch::Receiver<Registered>,
    pub(crate) leads: watch::Receiver<bool>,
    pub(crate) proofs: watch::Sender<Proofs>,
    /// When each policy was last tried.
    pub(crate) made: BTreeMap<PolicyId, Instant>,
}

impl Prover {
    /// Makes proofs while we lead, for ever.
    pub(crate) async fn keep(mut self) {
        let mut revision = 0;
        loop {
            let seen = self.registered.borrow_and_update().view.revision;
            if *self.leads.borrow_and_update() && seen != 0 {
                if seen != revision {
                    tokio::time::sleep(SETTLING).await;
                    revision = seen;
                }
                self.prove_all().await;
            }
            tokio::select! {
                () = tokio::time::sleep(PROOF_LIFE / 4) => {}
                _ = self.registered.changed() => {}
                _ = self.leads.changed() => {}
            }
        }
    }

    async fn prove_all(&mut self) {
        let view = Arc::clone(&self.registered.borrow().view);
        let known = Arc::clone(&self.proofs.borrow());
        let mut proofs = BTreeMap::new();
        for (id, seen) in view.in_force() {
            let before = known.get(id).and_then(|proof| proof.about(seen));
            let is_proven = before.and_then(|condition| condition.get("status")?.as_str()) == Some("True");
            let life = if is_proven { PROOF_LIFE } else { PROOF_LIFE / 5 };
            let is_fresh = self.made.get(id).is_some_and(|at| at.elapsed() < life);
            let condition = match before {
                Some(condition) if is_fresh && !self.shares_name(id, &view) => Some(condition.clone()),
                Some(_) | None => {
                    self.made.insert(id.clone(), Instant::now());
                    self.prove(id, seen, &view).await
                }
            };
            if let Some(condition) = condition {
                let of = seen.object.fingerprint;
                proofs.insert(id.clone(), Proof { of, condition });
            }
        }
        self.made.retain(|id, _| proofs.contains_key(id));
        self.proofs.send_if_modified(|told| {
            let differs = **told != proofs;
            if differs {
                *told = Arc::new(proofs);
            }
            differs
        });
    }

    /// Whether refusals that name the policy may be another's of `view`. Looks through all: asked of image policies alone.
    fn shares_name(&self, id: &PolicyId, view: &PolicyView) -> bool {
        let namespace = self.options.namespace.as_deref();
        view.in_force()
            .any(|(other, _)| may_answer_as(id, other, namespace))
    }

    /// The condition of one policy of `view`; none where there is nothing to prove.
    async fn prove(&self, id: &PolicyId, seen: &SeenPolicy, view: &PolicyView) -> Option<Value> {
        let policy = seen.object.document(&id.key()).value;
        if !enforces_images(&policy) {
            return None;
        }
        if !seen.prepared.demand.fails {
            let why = "with `failurePolicy: Ignore` a request may pass unjudged";
            return Some(unknown("FailurePolicyIgnore", why));
        }
        let Some(namespace) = &self.options.namespace else {
            let why = "no namespace is set in which a Pod may be tried (`--proof-namespace`)";
            return Some(unknown("NoNamespace", why));
        };
        if self.shares_name(id, view) {
            let why =
                "another policy in force has the same name: a refusal does not tell which of them it is of";
            return Some(unknown("NameShared", why));
        }
        match trial(
            &policy,
            namespace,
            self.options.image.as_deref(),
            &random_digest(),
        ) {
            Ok(trial) => Some(self.try_pod(namespace, id, &trial).await),
            Err(why) => Some(unknown("NoPodCanBeMade", &why)),
        }
    }

    async fn try_pod(&self, namespace: &str, id: &PolicyId, trial: &Trial) -> Value {
        let path = core_kind("Pod", "pods").list_path(Some(namespace));
        let path = format!("{path}?dryRun=All");
        let mut last = Value::Null;
        for _ in 0..MOST_TRIES {
            last = judged(self.client.create(&path, &trial.pod).await, id, trial);
            if last.get("status").and_then(Value::as_str) == Some("True") {
                return last;
            }
            tokio::time::sleep(SETTLING).await;
        }
        last
    }
}

/// Whether a refusal by `other` reads as one by the policy `id`: its words are the same, and it judges Pods in `namespace`.
fn may_answer_as(id: &PolicyId, other: &PolicyId, namespace: Option<&str>) -> bool {
    let place = &*other.name.namespace;
    other != id
        && (place.is_empty() || Some(place) == namespace)
        && other.name.name == id.name.name
        && other.kind.is_classic() == id.kind.is_classic()
}

/// What the API server's answer proves.
fn judged(answer: Result<Value, ClusterError>, id: &PolicyId, trial: &Trial) -> Value {
    let image = &trial.image;
    let message = match answer {
        Ok(_) => {
            let why = format!("a Pod with the unsigned image `{image}` was not refused");
            return unknown("NotRefused", &why);
        }
        Err(ClusterError::Refused { message, .. } | ClusterError::Denied { message }) => message,
        Err(cause) => return unknown("NotTried", &cause.to_string()),
    };
    let (policy, rule) = (&id.name.name, &trial.rule);
    let is_named = if id.kind.is_classic() {
        is_told_of(&message, policy, trial)
    } else {
        let refusal = |done: &str| message.contains(&format!(" Policy {policy} {done}: "));
        refusal("failed") || refusal("error")
    };
    let by = if rule.is_empty() {
        "the policy".to_owned()
    } else {
        format!("rule `{rule}`")
    };
    if !is_named || !message.contains("vouchsafe.svc") {
        let why = format!("the Pod was refused, but not by {by}: {message}");
        return unknown("RefusedByAnother", &why);
    }
    let at = clock::kubernetes_time(clock::now());
    let is_of_signatures = OF_SIGNATURES
        .iter()
        .any(|code| message.contains(&format!("{code}:")));
    let (reason, what) = if is_of_signatures {
        ("SignatureDemanded", "that a signature is looked for and missed")
    } else {
        (
            "AbsenceRefused",
            "only that an image which can't be judged is refused",
        )
    };
    json!({
        "type": CONDITION,
        "status": "True",
        "reason": reason,
        "message": format!("tried at {at}: {by} refused a Pod with `{image}`, which proves {what}"),
    })
}

/// Whether a denial, read as one line, tells of the trial's rule below its policy: `… p: signed: …`, and not `… other-p: …`.
/// Between policy and rule there may be other rules of that policy, and nothing else.
fn is_told_of(message: &str, policy: &str, trial: &Trial) -> bool {
    let key = |name: &str| format!("{}: ", yaml_text(name, 0));
    let rule = key(&trial.rule);
    let below = message.split_once(&format!(" {}", key(policy)));
    below.is_some_and(|(_, told)| {
        let begins = trial.rules.iter().any(|rule| told.starts_with(&key(rule)));
        told.starts_with(&rule) || (begins && told.contains(&format!(" {rule}")))
    })
}

fn unknown(reason: &str, why: &str) -> Value {
    json!({"type": CONDITION, "status": "Unknown", "reason": reason, "message": why})
}

/// A digest that no image has.
fn random_digest() -> String {
    let part = || format!("{:016x}", RandomState::new().build_hasher().finish());
    format!("sha256:{}{}{}{}", part(), part(), part(), part())
}

#[cfg(test)]
mod tests {
    use super::*;
    use cluster::ObjectName;
    use policy_engine::policy::PolicyKind;

    fn verdict(answer: Result<Value, ClusterError>) -> (String, String) {
        let id = PolicyId {
            kind: PolicyKind::ClusterPolicy,
            name: ObjectName {
                namespace: String::new(),
                name: "p".to_owned(),
            },
        };
        let trial = Trial {
            rule: "signed".to_owned(),
            rules: vec!["attested".to_owned(), "signed".to_owned()],
            image: "r/i".to_owned(),
            pod: Value::Null,
        };
        let condition = judged(answer, &id, &trial);
        let text = |field: &str| condition[field].as_str().unwrap().to_owned();
        (text("status"), text("reason"))
    }

    fn refused(message: &str) -> Result<Value, ClusterError> {
        Err(ClusterError::Refused {
            method: "POST",
            path: String::new(),
            status: 400,
            message: message.to_owned(),
        })
    }

    fn told(status: &str, reason: &str) -> (String, String) {
        (status.to_owned(), reason.to_owned())
    }

    #[test]
    fn only_a_refusal_by_the_rule_itself_is_a_proof() {
        let denial = r#"admission webhook "mutate.vouchsafe.svc-fail" denied the request: p: signed: '…"#;
        assert_eq!(
            verdict(refused(&format!("{denial} (UNSIGNED: …)"))),
            told("True", "SignatureDemanded")
        );
        assert_eq!(
            verdict(refused(&format!("{denial} (IMAGE_NOT_FOUND: …)"))),
            told("True", "AbsenceRefused")
        );
        assert_eq!(verdict(Ok(Value::Null)), told("Unknown", "NotRefused"));
        assert_eq!(
            verdict(refused("exceeded quota")),
            told("Unknown", "RefusedByAnother")
        );
        let kyvernos = denial.replace("vouchsafe", "kyverno");
        assert_eq!(verdict(refused(&kyvernos)), told("Unknown", "RefusedByAnother"));
        let not_found = Err(ClusterError::NotFound {
            message: "namespaces \"proofs\" not found".to_owned(),
        });
        assert_eq!(verdict(not_found), told("Unknown", "NotTried"));
    }

    /// Names that end as others do, and rules of the same name.
    #[test]
    fn a_refusal_by_another_policy_proves_nothing() {
        let denial = |told: &str| {
            let start = r#"admission webhook "mutate.vouchsafe.svc-fail" denied the request: resource Pod/a/ was blocked due to the following policies"#;
            verdict(refused(&format!("{start} {told}"))).0
        };
        assert_eq!(denial("p: signed: 'UNSIGNED: …'"), "True");
        assert_eq!(denial("a: other: … p: signed: 'UNSIGNED: …'"), "True");
        assert_eq!(denial("p: attested: … signed: 'UNSIGNED: …'"), "True");
        assert_eq!(denial("other-p: signed: 'UNSIGNED: …'"), "Unknown");
        assert_eq!(denial("p: unsigned: 'UNSIGNED: …'"), "Unknown");
        assert_eq!(denial("p: attested: 'UNSIGNED: …'"), "Unknown");
        assert_eq!(denial("p: attested: … unsigned: 'UNSIGNED: …'"), "Unknown");
    }

    #[test]
    fn a_policy_whose_name_another_has_too_is_not_proven() {
        let id = |kind: PolicyKind, namespace: &str| PolicyId {
            kind,
            name: ObjectName {
                namespace: namespace.to_owned(),
                name: "p".to_owned(),
            },
        };
        let own = id(PolicyKind::ImageValidatingPolicy, "");
        let may = |kind, namespace| may_answer_as(&own, &id(kind, namespace), Some("proofs"));
        assert!(may(PolicyKind::ValidatingPolicy, ""));
        assert!(may(PolicyKind::NamespacedValidatingPolicy, "proofs"));
        assert!(!may(PolicyKind::NamespacedValidatingPolicy, "shop"));
        assert!(!may(PolicyKind::ClusterPolicy, ""));
        assert!(!may(PolicyKind::ImageValidatingPolicy, ""));
    }

    #[test]
    fn an_image_validating_policy_refuses_in_its_own_words() {
        let id = PolicyId {
            kind: PolicyKind::ImageValidatingPolicy,
            name: ObjectName {
                namespace: String::new(),
                name: "p".to_owned(),
            },
        };
        let trial = Trial {
            rule: String::new(),
            rules: Vec::new(),
            image: "r/i".to_owned(),
            pod: Value::Null,
        };
        let status = |message: &str| {
            let denial =
                format!(r#"admission webhook "validate.vouchsafe.svc-fail" denied the request: {message}"#);
            judged(refused(&denial), &id, &trial)["status"].clone()
        };
        assert_eq!(status("Policy p failed: unsigned"), "True");
        assert_eq!(status("Policy p error: no such key"), "True");
        assert_eq!(status("Policy other failed: Policy p is not it"), "Unknown");
    }

    #[test]
    fn no_two_trials_have_the_same_image() {
        let (one, other) = (random_digest(), random_digest());
        assert_eq!(one.len(), "sha256:".len() + 64);
        assert_ne!(one, other);
    }
}
