//! One policy, made ready: compiled, with what its webhook and its status need; or the reasons why not.
//!
//! A policy that can't be used is alone in that: it is in no set, its status says why, and the others are in force.

use std::collections::BTreeMap;
use std::sync::Arc;

use manifest::Document;
use policy_engine::LoadedPolicies;
use policy_engine::policy::{CompiledPolicy, PolicyKind, RuleBody};
use serde_json::Value;

use crate::policy_object::PolicyObject;
use crate::webhook_demand::WebhookDemand;
use crate::webhook_rules::named_resources;

/// Resources that one policy may name in `resourceRules`, each with each group and version: all policies share one object of
/// the API server, which may be 1.5 MiB long.
const MOST_NAMED_RESOURCES: usize = 1_000;

/// One policy, made ready.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// Which text it was made of.
    pub(crate) fingerprint: u64,
    /// The policy to judge by; none where it has a fault.
    pub(crate) policy: Option<Arc<CompiledPolicy>>,
    /// Why it is not judged by, one line each.
    pub(crate) faults: Vec<String>,
    /// Rules that can't do what they say, each with what is not supported.
    pub(crate) unsupported: Vec<String>,
    /// What its webhook must be like.
    pub(crate) demand: WebhookDemand,
    /// Rules by kind, as the status counts them.
    pub(crate) counts: RuleCounts,
    /// Whether a rule can only be judged by who knows the roles of users.
    pub(crate) names_roles: bool,
}

/// Written rules by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct RuleCounts {
    pub(crate) validate: usize,
    pub(crate) mutate: usize,
    pub(crate) verify_images: usize,
    pub(crate) generate: usize,
}

impl Prepared {
    /// Makes `object` ready; `source` names it in messages.
    pub(crate) fn of(object: &PolicyObject, source: &str) -> Self {
        let document = object.document(source);
        let rules = rules_of(&document.value);
        let mut prepared = Self {
            counts: RuleCounts::of(rules),
            names_roles: rules.iter().any(names_roles),
            ..Self::without_policy(object)
        };
        let mut loaded = LoadedPolicies::load([document]);
        prepared.faults = loaded.faults.iter().map(fault_text).collect();
        prepared
            .faults
            .extend(loaded.others.iter().map(policy_types::Other::reason));
        let (Some(policy), Some(checked)) = (loaded.policies.pop(), loaded.sources.pop()) else {
            if prepared.faults.is_empty() {
                prepared.faults.push("is no policy".to_owned());
            }
            return prepared;
        };
        drop(loaded);
        prepared.take(policy, &checked);
        prepared
    }

    /// `object` can't be used, for this reason.
    pub(crate) fn unusable(object: &PolicyObject, fault: String) -> Self {
        Self {
            faults: vec![fault],
            ..Self::without_policy(object)
        }
    }

    fn without_policy(object: &PolicyObject) -> Self {
        Self {
            fingerprint: object.fingerprint,
            policy: None,
            faults: Vec::new(),
            unsupported: Vec::new(),
            demand: WebhookDemand::default(),
            counts: RuleCounts::default(),
            names_roles: false,
        }
    }

    /// Takes a policy without fault, but for rules that never decide about admission.
    fn take(&mut self, policy: Arc<CompiledPolicy>, checked: &Document) {
        let passed_over = passed_over(&checked.value);
        let Some(mut policy) = Arc::into_inner(policy) else {
            self.faults.push("is in use while it is loaded".to_owned());
            return;
        };
        policy
            .rules
            .retain(|rule| !passed_over.contains_key(rule.written_name()));
        self.unsupported.extend(
            passed_over
                .iter()
                .map(|(rule, what)| format!("rule `{rule}`: {what} is not supported, the rule does nothing")),
        );
        let unjudged = policy.rules.iter().filter_map(|rule| match &rule.body {
            RuleBody::Unsupported { field } => Some(format!(
                "rule `{}`: {field} is not supported, what the rule matches can't be judged",
                rule.name
            )),
            RuleBody::Validate(_)
            | RuleBody::Mutate(_)
            | RuleBody::VerifyImages(_)
            | RuleBody::Expressions(_)
            | RuleBody::ImageValidating(_) => None,
        });
        self.unsupported.extend(unjudged);
        let asked = checked.value.pointer("/spec/matchConstraints/resourceRules");
        if asked.is_some_and(|rules| named_resources(rules) > MOST_NAMED_RESOURCES) {
            self.faults.push(format!(
                "spec.matchConstraints.resourceRules: names more than {MOST_NAMED_RESOURCES} resources, each with each group and version"
            ));
            return;
        }
        self.demand = match policy.kind {
            PolicyKind::ClusterPolicy | PolicyKind::Policy => {
                WebhookDemand::of(&policy, &checked.value, &passed_over)
            }
            PolicyKind::ValidatingPolicy
            | PolicyKind::NamespacedValidatingPolicy
            | PolicyKind::ValidatingAdmissionPolicy => {
                WebhookDemand::of_constraints(&policy, &checked.value, false)
            }
            PolicyKind::ImageValidatingPolicy | PolicyKind::NamespacedImageValidatingPolicy => {
                WebhookDemand::of_constraints(&policy, &checked.value, true)
            }
        };
        if !policy.kind.is_classic()
            && policy.in_admission
            && !policy.judges_payloads
            && self.demand.resource_rules.is_empty()
        {
            let what = "no request is judged by it: spec.matchConstraints.resourceRules names no resource";
            self.unsupported.push(what.to_owned());
        }
        self.policy = Some(Arc::new(policy));
    }
}

impl RuleCounts {
    fn of(rules: &[Value]) -> Self {
        let count = |field: &str| rules.iter().filter(|rule| has(rule, field)).count();
        Self {
            validate: count("validate"),
            mutate: count("mutate"),
            verify_images: count("verifyImages"),
            generate: count("generate"),
        }
    }
}

fn rules_of(document: &Value) -> &[Value] {
    let rules = document.pointer("/spec/rules").and_then(Value::as_array);
    rules.map(Vec::as_slice).unwrap_or_default()
}

fn has(rule: &Value, field: &str) -> bool {
    rule.get(field).is_some_and(|value| !value.is_null())
}

/// Written rules that change other objects than the one that is admitted: what they are, by name. Kyverno does their work
/// beside admission, so they never refuse a request, and here they are left out.
fn passed_over(document: &Value) -> BTreeMap<String, &'static str> {
    let named = rules_of(document).iter().filter_map(|rule| {
        let targets = rule.pointer("/mutate/targets").and_then(Value::as_array);
        let what = if has(rule, "generate") {
            "generate"
        } else if targets.is_some_and(|targets| !targets.is_empty()) {
            "mutate of existing objects"
        } else {
            return None;
        };
        Some((rule.get("name")?.as_str()?.to_owned(), what))
    });
    named.collect()
}

/// Whether a rule asks for roles of users: in `match` or `exclude`, or by a variable.
fn names_roles(rule: &Value) -> bool {
    let text = rule.to_string();
    [
        "\"roles\":",
        "\"clusterRoles\":",
        "request.roles",
        "request.clusterRoles",
    ]
    .iter()
    .any(|word| text.contains(word))
}

/// A fault of an object that stands in no file.
pub(crate) fn fault_text(fault: &policy_types::Fault) -> String {
    match fault.path.to_string() {
        path if path.is_empty() => fault.message.clone(),
        path => format!("{path}: {}", fault.message),
    }
}

#[cfg(test)]
mod tests;
