//! What one policy demands of the webhook that calls about it: for which kinds and operations, under which conditions, and
//! what happens when it can't be reached.
//!
//! Policies of `kyverno.io` name kinds; those of `policies.kyverno.io` name resources, as webhooks do. The conditions of the
//! latter are judged here alone: they may use functions that the API server does not have.

use std::collections::{BTreeMap, BTreeSet};

use policy_engine::policy::{CompiledPolicy, RuleOrigin};
use policy_engine::request::Operation;
use serde_json::{Value, json};

use crate::webhook_rules::WebhookRules;

/// Seconds a webhook may take unless a policy says otherwise, as Kyverno's.
pub(crate) const USUAL_TIMEOUT_SECONDS: u32 = 10;

/// What validate rules are asked about unless they name operations.
const ALL_OPERATIONS: [Operation; 4] = [
    Operation::Create,
    Operation::Update,
    Operation::Delete,
    Operation::Connect,
];
/// What rules are asked about that change objects or look at images.
const WRITES: [Operation; 2] = [Operation::Create, Operation::Update];

/// What a policy demands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct WebhookDemand {
    /// Whether it has a webhook of its own.
    pub(crate) is_alone: bool,
    /// Whether a request is refused that the webhook gives no answer to.
    pub(crate) fails: bool,
    /// Seconds it may take, 1 ..= 30.
    pub(crate) timeout_seconds: u32,
    /// CEL conditions that the API server judges before it calls.
    pub(crate) match_conditions: Vec<Value>,
    /// The one namespace that the policy reaches; none: all.
    pub(crate) namespace: Option<String>,
    /// What its rules are asked about; nothing where the policy has no say in admission.
    pub(crate) rules: Vec<RuleDemand>,
    /// Rules of webhooks, where the policy is written in them; without those that mean nothing.
    pub(crate) resource_rules: Vec<Value>,
    /// Whether the mutating call is made about `resource_rules` too, beside the validating one.
    pub(crate) pins_images: bool,
}

/// What one rule is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RuleDemand {
    /// Operations by kind, kinds as written: `Pod`, `apps/v1/Deployment`, `*`.
    pub(crate) kinds: BTreeMap<String, BTreeSet<Operation>>,
    /// Whether the mutating call is made.
    pub(crate) in_mutating: bool,
    /// Whether the validating call is made.
    pub(crate) in_validating: bool,
}

impl Default for WebhookDemand {
    fn default() -> Self {
        Self {
            is_alone: false,
            fails: false,
            timeout_seconds: USUAL_TIMEOUT_SECONDS,
            match_conditions: Vec::new(),
            namespace: None,
            rules: Vec::new(),
            resource_rules: Vec::new(),
            pins_images: false,
        }
    }
}

impl WebhookDemand {
    /// That of a policy which nobody could refuse: Pods, and nothing is blocked.
    pub(crate) fn harmless() -> Self {
        let rule = json!({"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]});
        Self {
            resource_rules: vec![rule],
            ..Self::default()
        }
    }

    /// What `policy`, compiled from `document`, demands; rules in `passed_over` are not asked about.
    pub(crate) fn of(
        policy: &CompiledPolicy,
        document: &Value,
        passed_over: &BTreeMap<String, &'static str>,
    ) -> Self {
        let none = Value::Null;
        let spec = document.get("spec").unwrap_or(&none);
        let conditions = spec
            .pointer("/webhookConfiguration/matchConditions")
            .and_then(Value::as_array);
        let match_conditions = conditions.cloned().unwrap_or_default();
        let written = spec.get("rules").and_then(Value::as_array);
        let written = written.map(Vec::as_slice).unwrap_or_default();
        // A policy that only audits never blocks, so neither may a webhook that is called for it alone.
        let fails = policy.error_blocks && may_refuse(spec, written);
        let is_alone = !match_conditions.is_empty() || policy.timeout_seconds != USUAL_TIMEOUT_SECONDS;
        let generated = CompiledPolicy::generated_rules(document);
        let asked = written.iter().chain(&generated).filter(|rule| {
            let name = rule.get("name").and_then(Value::as_str).unwrap_or_default();
            policy.in_admission && !passed_over.contains_key(name)
        });
        Self {
            is_alone,
            fails,
            timeout_seconds: policy.timeout_seconds,
            match_conditions,
            namespace: policy.key.namespace.as_deref().map(ToOwned::to_owned),
            rules: asked.filter_map(RuleDemand::of).collect(),
            ..Self::default()
        }
    }

    /// What `policy` of `policies.kyverno.io`, compiled from `document`, demands. `pins_images`: it may change images.
    pub(crate) fn of_constraints(policy: &CompiledPolicy, document: &Value, pins_images: bool) -> Self {
        let none = Value::Null;
        let spec = document.get("spec").unwrap_or(&none);
        let actions = spec.get("validationActions").and_then(Value::as_array);
        let denies = actions.is_none_or(|actions| {
            actions.is_empty() || actions.iter().any(|action| action.as_str() == Some("Deny"))
        });
        let ignores = spec.get("failurePolicy").and_then(Value::as_str) == Some("Ignore");
        let rules = spec
            .pointer("/matchConstraints/resourceRules")
            .and_then(Value::as_array);
        let mut resource_rules = Vec::new();
        if policy.in_admission {
            let calls = |rule: &&Value| !WebhookRules::from_json(&json!([rule])).is_empty();
            resource_rules.extend(rules.into_iter().flatten().filter(calls).cloned());
            let is_generated =
                |rule: &policy_engine::policy::CompiledRule| rule.origin != RuleOrigin::Written;
            if policy.rules.iter().any(is_generated) {
                resource_rules.extend(controllers(&resource_rules));
            }
        }
        Self {
            is_alone: policy.timeout_seconds != USUAL_TIMEOUT_SECONDS,
            fails: denies && !ignores,
            timeout_seconds: policy.timeout_seconds,
            namespace: policy.key.namespace.as_deref().map(ToOwned::to_owned),
            resource_rules,
            pins_images,
            ..Self::default()
        }
    }
}

/// Rules for every kind of Pod controller, about the operations that `pods` are asked about. Which of them the policy speaks
/// of is judged when it is asked.
fn controllers(pods: &[Value]) -> Vec<Value> {
    let operations = pods.first().and_then(|rule| rule.get("operations"));
    let operations = operations.cloned().unwrap_or_else(|| json!(["*"]));
    let rule = |group: &str, resources: Value| json!({"apiGroups": [group], "apiVersions": ["v1"], "resources": resources, "operations": operations});
    vec![
        rule(
            "apps",
            json!(["daemonsets", "deployments", "replicasets", "statefulsets"]),
        ),
        rule("batch", json!(["cronjobs", "jobs"])),
    ]
}

impl RuleDemand {
    fn of(rule: &Value) -> Option<Self> {
        let has = |field: &str| rule.get(field).is_some_and(|value| !value.is_null());
        let (in_mutating, in_validating, usual) = if has("verifyImages") {
            (true, true, &WRITES[..])
        } else if has("mutate") {
            (true, false, &WRITES[..])
        } else if has("validate") {
            (false, true, &ALL_OPERATIONS[..])
        } else {
            return None;
        };
        let mut kinds = BTreeMap::new();
        for filter in filters(rule.get("match")?) {
            let operations = operations(filter, usual);
            let mut named = strings(filter, "kinds");
            if named.is_empty() {
                named.push("*");
            }
            for kind in named {
                let asked: &mut BTreeSet<Operation> = kinds.entry(kind.to_owned()).or_default();
                asked.extend(&operations);
            }
        }
        narrow(&mut kinds, rule.pointer("/exclude/any"));
        kinds.retain(|_, operations| !operations.is_empty());
        Some(Self {
            kinds,
            in_mutating,
            in_validating,
        })
    }
}

/// `resources` of every filter of a match block.
fn filters(block: &Value) -> Vec<&Value> {
    let listed = ["any", "all"]
        .into_iter()
        .filter_map(|list| block.get(list)?.as_array())
        .flatten();
    let mut found: Vec<&Value> = listed.collect();
    if found.is_empty() {
        found.push(block);
    }
    found
        .into_iter()
        .map(|filter| filter.get("resources").unwrap_or(&Value::Null))
        .collect()
}

fn strings<'v>(resources: &'v Value, field: &str) -> Vec<&'v str> {
    let listed = resources.get(field).and_then(Value::as_array);
    listed.into_iter().flatten().filter_map(Value::as_str).collect()
}

fn operations(resources: &Value, usual: &[Operation]) -> Vec<Operation> {
    let named: Vec<Operation> = strings(resources, "operations")
        .into_iter()
        .filter_map(Operation::parse)
        .collect();
    if named.is_empty() { usual.to_vec() } else { named }
}

/// Takes out what an `exclude` takes out whole: by kinds and operations alone, whoever asks and whatever the object.
fn narrow(kinds: &mut BTreeMap<String, BTreeSet<Operation>>, excluded: Option<&Value>) {
    for filter in excluded.and_then(Value::as_array).into_iter().flatten() {
        let is_narrower = |at: &Value, allowed: &[&str]| {
            let fields = at.as_object().into_iter().flatten();
            fields
                .filter(|(_, value)| !is_blank(value))
                .any(|(field, _)| !allowed.contains(&field.as_str()))
        };
        let resources = filter.get("resources").unwrap_or(&Value::Null);
        if is_narrower(filter, &["resources"]) || is_narrower(resources, &["kinds", "operations"]) {
            continue;
        }
        let out = operations(resources, &ALL_OPERATIONS);
        let named = strings(resources, "kinds");
        if named.is_empty() && strings(resources, "operations").is_empty() {
            continue;
        }
        for (kind, asked) in kinds.iter_mut() {
            if named.is_empty() || named.contains(&kind.as_str()) {
                asked.retain(|operation| !out.contains(operation));
            }
        }
    }
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::String(text) => text.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Whether anything in the policy can refuse a request: a rule that mutates, or one that enforces somewhere.
fn may_refuse(spec: &Value, rules: &[Value]) -> bool {
    let enforces = |holder: &Value, field: &str| {
        let action = holder.get(field).and_then(Value::as_str);
        action.is_some_and(|action| action.eq_ignore_ascii_case("enforce"))
    };
    let overrides = |holder: &Value, field: &str| {
        let listed = holder.get(field).and_then(Value::as_array);
        listed.into_iter().flatten().any(|one| enforces(one, "action"))
    };
    let whole =
        enforces(spec, "validationFailureAction") || overrides(spec, "validationFailureActionOverrides");
    whole
        || rules.iter().any(|rule| {
            let none = Value::Null;
            let validate = rule.get("validate").unwrap_or(&none);
            let images = rule.get("verifyImages").and_then(Value::as_array);
            rule.get("mutate").is_some_and(|mutate| !mutate.is_null())
                || enforces(validate, "failureAction")
                || overrides(validate, "failureActionOverrides")
                || images
                    .into_iter()
                    .flatten()
                    .any(|entry| enforces(entry, "failureAction"))
        })
}

#[cfg(test)]
mod tests;
