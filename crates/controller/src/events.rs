//! Events about violations, where people look for them: at the policy.
//!
//! Bounded twice: what waits to be written, and how many are written in a minute; what is too much is dropped and counted
//! in the next one. Nothing is written about dry runs. Behaviour: Kyverno 1.19 `pkg/event`.

use std::time::{Duration, Instant};

use cluster::{Client, ClusterError};
use policy_engine::request::{Operation, Stage};
use policy_engine::{Decision, Request, RuleOutcome, RuleResult};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::clock;
use crate::identity::{Identity, OURSELVES, core_kind};

/// Violations that wait to be written.
pub(crate) const MOST_WAITING: usize = 256;
/// Events written in one minute.
const MOST_A_MINUTE: u32 = 120;
/// Characters of a message; the API server takes 1,024.
const MOST_MESSAGE_CHARS: usize = 900;
/// Namespace of events about cluster-wide objects.
const CLUSTER_WIDE: &str = "default";

/// A rule that did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Violation {
    /// Namespace of the policy; empty for cluster policies.
    policy_namespace: String,
    policy: String,
    message: String,
    is_blocked: bool,
    is_error: bool,
}

/// What is to be told of `decision`: failures and errors, each once. The validating call tells of validate rules, the
/// mutating call of the others, so that no rule is told of twice.
pub(crate) fn violations(stage: Stage, request: &Request, decision: &Decision) -> Vec<Violation> {
    if request.dry_run || request.operation == Operation::Delete {
        return Vec::new();
    }
    let is_told = |result: &&RuleResult| {
        let is_late = matches!(result.verdict.outcome, RuleOutcome::Fail | RuleOutcome::Error);
        let is_of_other_call =
            stage == Stage::Validate && result.kind == policy_engine::outcome::RuleKind::ImageVerify;
        is_late && !is_of_other_call
    };
    let told = decision.results.iter().filter(is_told).map(|result| {
        let (word, blocked) = match (result.verdict.outcome, result.blocks()) {
            (RuleOutcome::Error, true) => ("error", " (blocked)"),
            (RuleOutcome::Error, false) => ("error", ""),
            (_, true) => ("fail", " (blocked)"),
            (_, false) => ("fail", ""),
        };
        let (resource, rule) = (&decision.resource, &result.rule);
        let message = format!("{resource}: [{rule}] {word}{blocked}; {}", result.message());
        let mut message: String = message
            .chars()
            .filter(|character| !character.is_control())
            .take(MOST_MESSAGE_CHARS)
            .collect();
        message.truncate(message.trim_end().len());
        Violation {
            policy_namespace: result
                .policy
                .key
                .namespace
                .as_deref()
                .unwrap_or_default()
                .to_owned(),
            policy: result.policy.key.name.to_string(),
            message,
            is_blocked: result.blocks(),
            is_error: result.verdict.outcome == RuleOutcome::Error,
        }
    });
    told.collect()
}

/// Writes what comes through `waiting`, for ever.
pub(crate) async fn write(client: Client, identity: Identity, mut waiting: mpsc::Receiver<Violation>) {
    let mut pace = Pace::default();
    let mut number: u64 = 0;
    while let Some(violation) = waiting.recv().await {
        if !pace.allows(Instant::now()) {
            continue;
        }
        number = number.wrapping_add(1);
        let event = violation.event(&identity, number);
        let namespace = violation.namespace();
        let path = core_kind("Event", "events").list_path(Some(namespace));
        match client.create(&path, &event).await {
            Ok(_) => {}
            // The namespace is being deleted, or went.
            Err(ClusterError::NotFound { .. } | ClusterError::Denied { .. }) => {}
            Err(cause) => tracing::debug!(%cause, "an event could not be written"),
        }
    }
}

impl Violation {
    fn namespace(&self) -> &str {
        if self.policy_namespace.is_empty() {
            CLUSTER_WIDE
        } else {
            &self.policy_namespace
        }
    }

    fn event(&self, identity: &Identity, number: u64) -> Value {
        let now = clock::now();
        let kind = if self.policy_namespace.is_empty() {
            "ClusterPolicy"
        } else {
            "Policy"
        };
        let mut regarding = json!({"apiVersion": "kyverno.io/v1", "kind": kind, "name": self.policy});
        if let (false, Some(fields)) = (self.policy_namespace.is_empty(), regarding.as_object_mut()) {
            fields.insert("namespace".to_owned(), self.policy_namespace.as_str().into());
        }
        let time = clock::kubernetes_time(now);
        json!({
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {
                "name": format!("{}.{:x}.{number:x}", self.policy, now.as_microsecond()),
                "namespace": self.namespace(),
            },
            "involvedObject": regarding,
            "reason": if self.is_error { "PolicyError" } else { "PolicyViolation" },
            "message": self.message,
            "type": "Warning",
            "action": if self.is_blocked { "Resource Blocked" } else { "Resource Passed" },
            "count": 1,
            "firstTimestamp": time,
            "lastTimestamp": time,
            "eventTime": clock::kubernetes_micro_time(now),
            "reportingComponent": OURSELVES,
            "reportingInstance": identity.replica,
            "source": {"component": OURSELVES},
        })
    }
}

/// How many were written in the minute under way.
#[derive(Debug, Default)]
struct Pace {
    began: Option<Instant>,
    written: u32,
    dropped: u64,
}

impl Pace {
    fn allows(&mut self, now: Instant) -> bool {
        let is_over = self
            .began
            .is_none_or(|began| now.duration_since(began) >= Duration::from_secs(60));
        if is_over {
            if self.dropped > 0 {
                tracing::info!(
                    dropped = self.dropped,
                    "more violations than events are written for"
                );
            }
            *self = Self {
                began: Some(now),
                ..Self::default()
            };
        }
        let allowed = self.written < MOST_A_MINUTE;
        if allowed {
            self.written += 1;
        } else {
            self.dropped += 1;
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_events_are_written_in_a_minute_than_allowed() {
        let mut pace = Pace::default();
        let start = Instant::now();
        let allowed = (0..1_000).filter(|_| pace.allows(start)).count();
        assert_eq!(allowed, usize::try_from(MOST_A_MINUTE).unwrap());
        assert!(pace.allows(start + Duration::from_secs(61)));
    }

    #[test]
    fn an_event_stands_with_its_policy() {
        let identity = Identity {
            namespace: "vouchsafe".to_owned(),
            service: "s".to_owned(),
            service_port: 443,
            replica: "pod-1".to_owned(),
            webhook_url: None,
        };
        let violation = Violation {
            policy_namespace: String::new(),
            policy: "p".to_owned(),
            message: "Pod/shop/a: [r] fail (blocked); no".to_owned(),
            is_blocked: true,
            is_error: false,
        };
        let event = violation.event(&identity, 1);
        assert_eq!(event["metadata"]["namespace"], "default");
        assert_eq!(event["involvedObject"]["kind"], "ClusterPolicy");
        assert_eq!(event["reason"], "PolicyViolation");
        let of_tenant = Violation {
            policy_namespace: "shop".to_owned(),
            ..violation
        };
        assert_eq!(
            of_tenant.event(&identity, 1)["involvedObject"]["namespace"],
            "shop"
        );
    }
}
