//! Events about violations, and where the settings ask for it about what passed, where people look for them: at the policy.
//!
//! Bounded twice: what waits to be written, and how many are written in a minute; what is too much is dropped and counted
//! in the next one. Nothing is written about dry runs. Behaviour: Kyverno 1.19 `pkg/event`.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use cluster::{Client, ClusterError};
use policy_engine::outcome::RuleKind;
use policy_engine::request::{Operation, Stage};
use policy_engine::{Decision, Request, RuleOutcome, RuleResult};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::clock;
use crate::identity::{Identity, core_kind};
use crate::settings::SuccessEvents;

/// Violations that wait to be written.
pub(crate) const MOST_WAITING: usize = 256;
/// Events written in one minute.
const MOST_A_MINUTE: u32 = 120;
/// Of these, events about what passed or what exceptions excused: there may be as many as there are requests, and those
/// about violations must not want for them.
const MOST_MINOR_A_MINUTE: u32 = MOST_A_MINUTE / 2;
/// Characters of a message; the API server takes 1,024.
const MOST_MESSAGE_CHARS: usize = 900;
/// Who tells: as Kyverno's `kyverno-admission`.
const COMPONENT: &str = "vouchsafe-admission";
/// Namespace of events about cluster-wide objects.
const CLUSTER_WIDE: &str = "default";

/// What is told: of a policy whose rule did not hold, or of one that an exception excused, and of that exception.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Violation {
    about: About,
    message: String,
    reason: &'static str,
    action: &'static str,
}

/// Whom an event stands with.
#[derive(Debug, Clone, PartialEq, Eq)]
struct About {
    api_version: &'static str,
    kind: &'static str,
    /// Empty for what is of the cluster.
    namespace: String,
    name: String,
}

const SKIPPED: &str = "PolicySkipped";
const APPLIED: &str = "PolicyApplied";
const BLOCKED: &str = "Resource Blocked";
const PASSED: &str = "Resource Passed";
const MUTATED: &str = "Resource Mutated";

/// What is to be told of `decision`: failures and errors, then what exceptions excused, each once. The validating call tells of
/// validate rules, the mutating call of the others, so that no rule is told of twice.
pub(crate) fn violations(
    stage: Stage,
    request: &Request,
    decision: &Decision,
    told_of: &SuccessEvents,
) -> Vec<Violation> {
    if request.dry_run || request.operation == Operation::Delete {
        return Vec::new();
    }
    let is_of_this_call =
        |result: &&RuleResult| stage != Stage::Validate || result.kind != RuleKind::ImageVerify;
    let (mut told, mut skips) = (Vec::new(), Vec::new());
    for result in decision.results.iter().filter(is_of_this_call) {
        match result.verdict.outcome {
            RuleOutcome::Fail | RuleOutcome::Error => told.push(failed(decision, result)),
            RuleOutcome::Skip if !result.exceptions.is_empty() => skips.extend(excused(decision, result)),
            RuleOutcome::Skip | RuleOutcome::Pass | RuleOutcome::Warn => {}
        }
    }
    told.append(&mut skips);
    if let SuccessEvents::Of(actions) = told_of {
        let passed = applied(decision, decision.results.iter().filter(is_of_this_call));
        told.extend(
            passed
                .into_iter()
                .filter(|one| actions.is_empty() || actions.contains(one.action)),
        );
    }
    told
}

/// One for each policy of which a rule passed and none failed.
fn applied<'d>(decision: &Decision, results: impl Iterator<Item = &'d RuleResult>) -> Vec<Violation> {
    let mut by_policy: BTreeMap<(&str, String), Vec<&RuleResult>> = BTreeMap::new();
    for result in results {
        let policy = &result.policy;
        by_policy
            .entry((policy.kind.name(), policy.key.to_string()))
            .or_default()
            .push(result);
    }
    let resource = decision.resource.replacen('/', " ", 1);
    let told = by_policy.into_values().filter_map(|results| {
        let has = |outcome: RuleOutcome| results.iter().any(|result| result.verdict.outcome == outcome);
        if !has(RuleOutcome::Pass) || has(RuleOutcome::Fail) || has(RuleOutcome::Error) {
            return None;
        }
        let mutates = results.iter().all(|result| result.kind == RuleKind::Mutation);
        let (message, action) = if mutates {
            (format!("{resource} is successfully mutated"), MUTATED)
        } else {
            (format!("{resource}: pass"), PASSED)
        };
        Some(Violation {
            about: About::policy(results.first()?),
            message,
            reason: APPLIED,
            action,
        })
    });
    told.collect()
}

fn failed(decision: &Decision, result: &RuleResult) -> Violation {
    let is_error = result.verdict.outcome == RuleOutcome::Error;
    let word = if is_error { "error" } else { "fail" };
    let blocked = if result.blocks() { " (blocked)" } else { "" };
    // `Pod shop/a`, as Kyverno writes it.
    let (resource, rule) = (decision.resource.replacen('/', " ", 1), &result.rule);
    Violation {
        about: About::policy(result),
        message: format!("{resource}: [{rule}] {word}{blocked}; {}", result.message()),
        reason: if is_error {
            "PolicyError"
        } else {
            "PolicyViolation"
        },
        action: if result.blocks() { BLOCKED } else { PASSED },
    }
}

/// One for the policy, and one for each exception.
fn excused(decision: &Decision, result: &RuleResult) -> Vec<Violation> {
    let policy = About::policy(result);
    let named = match policy.namespace.as_str() {
        "" => policy.name.clone(),
        namespace => format!("{namespace}/{}", policy.name),
    };
    let (resource, rule) = (&decision.resource, &result.rule);
    let told = |about: About, message: String| Violation {
        about,
        message,
        reason: SKIPPED,
        action: PASSED,
    };
    let is_classic = result.policy.kind.is_classic();
    let mut all = Vec::new();
    for exception in &result.exceptions {
        let (namespace, name) = exception.split_once('/').unwrap_or(("", exception));
        let about = About {
            api_version: if is_classic {
                "kyverno.io/v2"
            } else {
                "policies.kyverno.io/v1"
            },
            kind: "PolicyException",
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        };
        all.push(told(
            about,
            format!("resource {resource} was skipped from policy rule {named}/{rule}"),
        ));
    }
    let by = result.exceptions.join(", ");
    let message = format!("resource {resource} was skipped from rule {rule} due to policy exceptions {by}");
    all.push(told(policy, message));
    all
}

impl About {
    fn policy(result: &RuleResult) -> Self {
        let key = &result.policy.key;
        let kind = result.policy.kind;
        Self {
            // The versions that Kyverno names.
            api_version: if kind.is_classic() {
                "kyverno.io/v1"
            } else {
                "policies.kyverno.io/v1beta1"
            },
            kind: kind.name(),
            namespace: key.namespace.as_deref().unwrap_or_default().to_owned(),
            name: key.name.to_string(),
        }
    }
}

/// Writes what comes through `waiting`, for ever.
pub(crate) async fn write(client: Client, identity: Identity, mut waiting: mpsc::Receiver<Violation>) {
    let mut pace = Pace::default();
    let mut number: u64 = 0;
    while let Some(violation) = waiting.recv().await {
        if !pace.allows(&violation, Instant::now()) {
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
    /// Whether it is of what passed or what an exception excused: where there are too many, these go first.
    pub(crate) fn is_minor(&self) -> bool {
        matches!(self.reason, SKIPPED | APPLIED)
    }

    fn namespace(&self) -> &str {
        if self.about.namespace.is_empty() {
            CLUSTER_WIDE
        } else {
            &self.about.namespace
        }
    }

    fn event(&self, identity: &Identity, number: u64) -> Value {
        let now = clock::now();
        let About {
            api_version,
            kind,
            namespace,
            name,
        } = &self.about;
        let mut regarding = json!({"apiVersion": api_version, "kind": kind, "name": name});
        if let (false, Some(fields)) = (namespace.is_empty(), regarding.as_object_mut()) {
            fields.insert("namespace".to_owned(), namespace.as_str().into());
        }
        let time = clock::kubernetes_time(now);
        json!({
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {
                "name": format!("{name}.{:x}.{number:x}", now.as_microsecond()),
                "namespace": self.namespace(),
            },
            "involvedObject": regarding,
            "reason": self.reason,
            "message": self.shortened(),
            "type": if self.is_minor() { "Normal" } else { "Warning" },
            "action": self.action,
            "count": 1,
            "firstTimestamp": time,
            "lastTimestamp": time,
            "eventTime": clock::kubernetes_micro_time(now),
            "reportingComponent": COMPONENT,
            "reportingInstance": identity.replica,
            "source": {"component": COMPONENT},
        })
    }

    fn shortened(&self) -> String {
        let plain = self.message.chars().filter(|character| !character.is_control());
        let mut message: String = plain.take(MOST_MESSAGE_CHARS).collect();
        message.truncate(message.trim_end().len());
        message
    }
}

/// How many were written in the minute under way.
#[derive(Debug, Default)]
struct Pace {
    began: Option<Instant>,
    written: u32,
    minor: u32,
    dropped: u64,
}

impl Pace {
    fn allows(&mut self, violation: &Violation, now: Instant) -> bool {
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
        let is_minor = violation.is_minor();
        let allowed = self.written < MOST_A_MINUTE && !(is_minor && self.minor >= MOST_MINOR_A_MINUTE);
        if allowed {
            self.written += 1;
            self.minor += u32::from(is_minor);
        } else {
            self.dropped += 1;
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(reason: &'static str) -> Violation {
        Violation {
            about: About {
                api_version: "kyverno.io/v1",
                kind: "ClusterPolicy",
                namespace: String::new(),
                name: "p".to_owned(),
            },
            message: String::new(),
            reason,
            action: PASSED,
        }
    }

    #[test]
    fn no_more_events_are_written_in_a_minute_than_allowed() {
        let (mut pace, violation) = (Pace::default(), told("PolicyViolation"));
        let start = Instant::now();
        let allowed = (0..1_000).filter(|_| pace.allows(&violation, start)).count();
        assert_eq!(allowed, usize::try_from(MOST_A_MINUTE).unwrap());
        assert!(pace.allows(&violation, start + Duration::from_secs(61)));
    }

    /// A tenant with an exception sends one request after the other, so that nobody hears of violations.
    #[test]
    fn events_about_exceptions_leave_room_for_those_about_violations() {
        let (mut pace, skip, violation) = (Pace::default(), told(SKIPPED), told("PolicyViolation"));
        let start = Instant::now();
        let skips = (0..1_000).filter(|_| pace.allows(&skip, start)).count();
        let violations = (0..1_000).filter(|_| pace.allows(&violation, start)).count();
        assert_eq!((skips, violations), (60, 60));
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
        let about = |namespace: &str| About {
            api_version: "kyverno.io/v1",
            kind: "ClusterPolicy",
            namespace: namespace.to_owned(),
            name: "p".to_owned(),
        };
        let violation = Violation {
            about: about(""),
            message: "Pod/shop/a: [r] fail (blocked); no".to_owned(),
            reason: "PolicyViolation",
            action: BLOCKED,
        };
        let event = violation.event(&identity, 1);
        assert_eq!(event["metadata"]["namespace"], "default");
        assert_eq!(event["involvedObject"]["kind"], "ClusterPolicy");
        assert_eq!(event["reason"], "PolicyViolation");
        let of_tenant = Violation {
            about: about("shop"),
            ..violation
        };
        assert_eq!(
            of_tenant.event(&identity, 1)["involvedObject"]["namespace"],
            "shop"
        );
    }
}
