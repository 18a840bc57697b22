//! The webhook configurations that the policies in force demand, and how an existing one becomes it.
//!
//! In: demands of policies, what the API server has, settings. Out: `webhooks` of the mutating and of the validating
//! configuration. Pure. Never: an entry that calls about our own namespace, so that we can always start; a narrower entry
//! before its time: another replica may know of a policy that this one has yet to see.
//!
//! Entries: one for policies whose errors refuse, one for the others, one for each policy with conditions or a time of its
//! own. Names and paths are shaped like Kyverno's (`validate.….svc-fail`, `/validate/fail`), with our name in them.

use std::collections::BTreeMap;

use cluster::ServedResources;
use serde_json::{Map, Value, json};

use crate::identity::Identity;
use crate::policy_id::PolicyId;
use crate::settings::WebhookSettings;
use crate::webhook_demand::{USUAL_TIMEOUT_SECONDS, WebhookDemand};
use crate::webhook_rules::{Lookup, WebhookRules};

/// Conditions of one webhook that the API server takes.
const MOST_CONDITIONS: usize = 64;

/// Which of the two configurations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    /// The mutating call.
    Mutating,
    /// The validating call.
    Validating,
}

impl Call {
    fn verb(self) -> &'static str {
        match self {
            Self::Mutating => "mutate",
            Self::Validating => "validate",
        }
    }
}

/// One entry of a configuration.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    path: String,
    fails: bool,
    timeout_seconds: u32,
    match_conditions: Vec<Value>,
    namespace: Option<String>,
    rules: WebhookRules,
}

/// Entries by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Entries(BTreeMap<String, Entry>);

/// What entries have in common.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame<'f> {
    pub(crate) identity: &'f Identity,
    /// Namespaces that nothing is called about, beside our own.
    pub(crate) exempt_namespaces: &'f [String],
    pub(crate) settings: &'f WebhookSettings,
    /// Authorities that callers trust, PEM in base64.
    pub(crate) ca_bundle: &'f str,
}

/// Both configurations' entries, and kinds that no API serves.
#[derive(Debug, Clone, Default)]
pub(crate) struct Demanded {
    pub(crate) mutating: Entries,
    pub(crate) validating: Entries,
    /// Kinds that a policy names and the API server does not have, by policy.
    pub(crate) missing: BTreeMap<PolicyId, Vec<String>>,
}

impl Demanded {
    /// What `demands`, by policy, come to on an API server that has `served`.
    pub(crate) fn of<'d>(
        demands: impl IntoIterator<Item = (PolicyId, &'d WebhookDemand)>,
        served: &ServedResources,
    ) -> Self {
        let mut demanded = Self::default();
        let mut lookup = Lookup::new(served);
        for (policy, demand) in demands {
            lookup.missing.clear();
            for call in [Call::Mutating, Call::Validating] {
                let rules = rules_of(demand, call, &mut lookup);
                let entries = match call {
                    Call::Mutating => &mut demanded.mutating,
                    Call::Validating => &mut demanded.validating,
                };
                entries.add(call, &policy, demand, &rules);
            }
            if !lookup.missing.is_empty() {
                let missing = std::mem::take(&mut lookup.missing);
                demanded.missing.insert(policy, missing.into_iter().collect());
            }
        }
        demanded
    }
}

fn rules_of(demand: &WebhookDemand, call: Call, lookup: &mut Lookup<'_>) -> WebhookRules {
    let mut rules = WebhookRules::default();
    for rule in &demand.rules {
        let is_asked = match call {
            Call::Mutating => rule.in_mutating,
            Call::Validating => rule.in_validating,
        };
        if !is_asked {
            continue;
        }
        for (kind, operations) in &rule.kinds {
            rules.add(kind, operations, demand.namespace.is_some(), lookup);
        }
    }
    if call == Call::Validating || demand.pins_images {
        rules.join(&WebhookRules::from_json(&Value::Array(
            demand.resource_rules.clone(),
        )));
    }
    rules
}

impl Entries {
    fn add(&mut self, call: Call, policy: &PolicyId, demand: &WebhookDemand, rules: &WebhookRules) {
        if rules.is_empty() {
            return;
        }
        let verb = call.verb();
        let share = if demand.fails { "fail" } else { "ignore" };
        let (mut name, mut path) = (
            format!("{verb}.vouchsafe.svc-{share}"),
            format!("/{verb}/{share}"),
        );
        let is_alone = demand.is_alone;
        if is_alone {
            name = format!("{name}-{}", policy.webhook_suffix());
            path = format!("{path}/finegrained/{}", policy.path());
        }
        let entry = self.0.entry(name).or_insert_with(|| Entry {
            path,
            fails: demand.fails,
            timeout_seconds: if is_alone {
                demand.timeout_seconds
            } else {
                USUAL_TIMEOUT_SECONDS
            },
            match_conditions: if is_alone {
                demand.match_conditions.clone()
            } else {
                Vec::new()
            },
            namespace: demand.namespace.clone().filter(|_| is_alone),
            rules: WebhookRules::default(),
        });
        entry.rules.join(rules);
    }

    /// `webhooks` of the configuration for `call`.
    pub(crate) fn to_json(&self, call: Call, frame: Frame<'_>) -> Vec<Value> {
        let entries = self.0.iter();
        entries
            .map(|(name, entry)| entry.to_json(name, call, frame))
            .collect()
    }
}

impl Entry {
    fn to_json(&self, name: &str, call: Call, frame: Frame<'_>) -> Value {
        let mut webhook = json!({
            "name": name,
            "admissionReviewVersions": ["v1"],
            "clientConfig": frame.identity.client_config(&self.path, frame.ca_bundle),
            "failurePolicy": if self.fails { "Fail" } else { "Ignore" },
            "matchPolicy": "Equivalent",
            "namespaceSelector": {"matchExpressions": self.namespace_expressions(frame)},
            "objectSelector": frame.settings.object_selector.clone().unwrap_or_else(|| json!({})),
            "rules": self.rules.to_json(),
            "sideEffects": "NoneOnDryRun",
            "timeoutSeconds": self.timeout_seconds,
        });
        if let Some(fields) = webhook.as_object_mut() {
            let conditions = self.conditions(frame);
            if !conditions.is_empty() {
                fields.insert("matchConditions".to_owned(), Value::Array(conditions));
            }
            if call == Call::Mutating {
                fields.insert("reinvocationPolicy".to_owned(), "IfNeeded".into());
            }
        }
        webhook
    }

    /// The conditions of the settings and of the policy. The policy's names could be anything, and the API server would refuse
    /// the webhooks of all policies for one name that is none or is there twice: they are numbered. Those that are too many
    /// are left out: the policy is asked about more, and judges all its conditions itself.
    fn conditions(&self, frame: Frame<'_>) -> Vec<Value> {
        let own = self.match_conditions.iter().enumerate().map(|(at, condition)| {
            let expression = condition.get("expression").cloned().unwrap_or_default();
            json!({"name": format!("vouchsafe.dev/policy-{at}"), "expression": expression})
        });
        let all = frame.settings.match_conditions.iter().cloned().chain(own);
        all.take(MOST_CONDITIONS).collect()
    }

    fn namespace_expressions(&self, frame: Frame<'_>) -> Vec<Value> {
        let by_name = |operator: &str, names: Vec<&String>| json!({"key": "kubernetes.io/metadata.name", "operator": operator, "values": names});
        let own = &frame.identity.namespace;
        let mut exempt: Vec<&String> = frame.exempt_namespaces.iter().filter(|one| *one != own).collect();
        exempt.sort();
        exempt.dedup();
        let mut expressions = Vec::new();
        if !exempt.is_empty() {
            expressions.push(by_name("NotIn", exempt));
        }
        expressions.push(by_name("NotIn", vec![own]));
        expressions.extend(self.namespace.iter().map(|own| by_name("In", vec![own])));
        expressions.extend(frame.settings.namespace_expressions.iter().cloned());
        expressions
    }
}

/// `webhooks` of the configuration that checks policies and exceptions: their author hears of faults when they are applied. It never keeps
/// a policy from being stored because nobody answers: the status tells of faults too. `selector` chooses policies as
/// `--policy-selector` does.
pub(crate) fn policy_webhooks(identity: &Identity, ca_bundle: &str, selector: &Value) -> Vec<Value> {
    let rule = |group: &str, resources: Value| {
        json!({"apiGroups": [group], "apiVersions": ["*"], "resources": resources,
            "operations": ["CREATE", "UPDATE"], "scope": "*"})
    };
    let expressions = [
        "validatingpolicies",
        "namespacedvalidatingpolicies",
        "imagevalidatingpolicies",
        "namespacedimagevalidatingpolicies",
        "policyexceptions",
    ];
    vec![json!({
        "name": "validate-policy.vouchsafe.svc",
        "admissionReviewVersions": ["v1"],
        "clientConfig": identity.client_config("/policyvalidate", ca_bundle),
        "failurePolicy": "Ignore",
        "matchPolicy": "Equivalent",
        "namespaceSelector": {},
        "objectSelector": selector,
        "rules": [
            rule("kyverno.io", json!(["clusterpolicies", "policies", "policyexceptions"])),
            rule("policies.kyverno.io", json!(expressions)),
        ],
        "sideEffects": "None",
        "timeoutSeconds": USUAL_TIMEOUT_SECONDS,
    })]
}

/// What is there, and what is to be there.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Change {
    /// `webhooks` to write.
    pub(crate) webhooks: Vec<Value>,
    /// Whether this differs from what is there.
    pub(crate) is_needed: bool,
    /// Whether it calls about more than this replica's policies demand.
    pub(crate) is_wider: bool,
}

/// From `existing` to `wanted` webhooks: all that is wanted, and with `narrow` nothing else; without, what is called about
/// already still is.
pub(crate) fn change(existing: &[Value], wanted: Vec<Value>, narrow: bool) -> Change {
    let name = |webhook: &Value| webhook.get("name").and_then(Value::as_str).map(ToOwned::to_owned);
    let there: BTreeMap<String, &Value> = existing
        .iter()
        .filter_map(|webhook| Some((name(webhook)?, webhook)))
        .collect();
    let mut by_name: BTreeMap<String, Value> = BTreeMap::new();
    let mut is_wider = false;
    for mut webhook in wanted {
        let Some(name) = name(&webhook) else { continue };
        if let (false, Some(old)) = (narrow, there.get(&name)) {
            let own = WebhookRules::from_json(webhook.get("rules").unwrap_or(&Value::Null));
            let mut joined = own.clone();
            joined.join(&WebhookRules::from_json(old.get("rules").unwrap_or(&Value::Null)));
            if joined != own {
                is_wider = true;
                if let Some(fields) = webhook.as_object_mut() {
                    fields.insert("rules".to_owned(), joined.to_json());
                }
            }
        }
        by_name.insert(name, webhook);
    }
    if !narrow {
        for (name, old) in &there {
            if !by_name.contains_key(name) {
                is_wider = true;
                by_name.insert(name.clone(), (*old).clone());
            }
        }
    }
    let is_needed = existing.len() != by_name.len()
        || by_name
            .iter()
            .any(|(name, webhook)| there.get(name).is_none_or(|old| !says(old, webhook)));
    Change {
        webhooks: by_name.into_values().collect(),
        is_needed,
        is_wider,
    }
}

/// Fields in which everything more is something less: what is added there keeps calls from being made.
const SELECTORS: [&str; 2] = ["namespaceSelector", "objectSelector"];

/// Whether `there` says all that `wanted` says; what the API server adds of its own does not count.
fn says(there: &Value, wanted: &Value) -> bool {
    match (there, wanted) {
        (Value::Object(there), Value::Object(wanted)) => {
            let same = wanted.iter().all(|(key, value)| {
                there.get(key).is_some_and(|old| {
                    if SELECTORS.contains(&key.as_str()) {
                        old == value
                    } else {
                        says(old, value)
                    }
                })
            });
            // Conditions that are no longer wanted would still keep the call from being made.
            same && there.contains_key("matchConditions") == wanted.contains_key("matchConditions")
        }
        (Value::Array(there), Value::Array(wanted)) => {
            there.len() == wanted.len() && there.iter().zip(wanted).all(|(old, new)| says(old, new))
        }
        _ => there == wanted,
    }
}

/// Labels and annotations of a configuration of ours.
pub(crate) fn metadata(name: &str, settings: &WebhookSettings) -> Value {
    let mut labels: Map<String, Value> = settings.labels.clone();
    labels.insert(
        crate::identity::MANAGED_BY.to_owned(),
        crate::identity::OURSELVES.into(),
    );
    json!({"name": name, "labels": labels, "annotations": settings.annotations})
}

#[cfg(test)]
mod tests;
