//! What a policy says around its rules: name, labels, failure policy, webhook, background, rules for controllers.
//!
//! In: a classic policy. Out: a [`Frame`] that each policy of the other kind is built in.

use std::collections::BTreeSet;

use policy_engine::policy::{CONTROLLERS_ANNOTATION, CompiledPolicy, RuleOrigin};
use serde_json::{Map, Value, json};

use crate::document_value::{list, says, text};
use crate::translation::{Said, Unsaid};

/// Version that policies are written in.
const API_VERSION: &str = "policies.kyverno.io/v1";
/// Longest name of a policy, in bytes.
const LONGEST_NAME: usize = 63;
/// What `kubectl` keeps of the old document.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// Controllers that both kinds write rules for.
const CONTROLLERS: [(&str, &str); 6] = [
    ("DaemonSet", "daemonsets"),
    ("Deployment", "deployments"),
    ("ReplicaSet", "replicasets"),
    ("StatefulSet", "statefulsets"),
    ("Job", "jobs"),
    ("CronJob", "cronjobs"),
];

/// A classic policy without its rules.
#[derive(Debug)]
pub(crate) struct Frame<'d> {
    document: &'d Value,
    spec: &'d Value,
    /// Rules that rules for controllers are written from.
    widened: BTreeSet<String>,
    used: BTreeSet<String>,
}

impl<'d> Frame<'d> {
    /// Reads what stands around the rules.
    ///
    /// # Errors
    /// A setting that has no counterpart.
    pub(crate) fn read(document: &'d Value) -> Said<Self> {
        let spec = document.get("spec").unwrap_or(&Value::Null);
        if text(spec, "applyRules") == "One" && list(spec, "rules").len() > 1 {
            let reason = "policies in expressions are judged one by one: none knows that another has applied";
            return Err(Unsaid::new("spec.applyRules", reason));
        }
        if says(spec, "validationFailureActionOverrides") {
            let reason = "validationActions are the same in every namespace";
            return Err(Unsaid::new("spec.validationFailureActionOverrides", reason));
        }
        let compiled = CompiledPolicy::compile(document).map_err(|errors| {
            let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
            Unsaid::new("spec", told.join("; "))
        })?;
        let widened = compiled.rules.iter().filter_map(|rule| match &rule.origin {
            RuleOrigin::Generated { from } => Some(from.to_string()),
            RuleOrigin::Written => None,
        });
        Ok(Self {
            document,
            spec,
            widened: widened.collect(),
            used: BTreeSet::new(),
        })
    }

    pub(crate) fn spec(&self) -> &'d Value {
        self.spec
    }

    /// Whether rules for controllers are written from `rule`.
    pub(crate) fn is_widened(&self, rule: &str) -> bool {
        self.widened.contains(rule)
    }

    /// The controllers that rules are written for: `None` for all of them.
    pub(crate) fn controllers(&self, rule: &str) -> Option<Vec<&'static str>> {
        if !self.is_widened(rule) {
            return Some(Vec::new());
        }
        let annotation = self
            .document
            .pointer("/metadata/annotations")
            .and_then(|annotations| annotations.get(CONTROLLERS_ANNOTATION))
            .and_then(Value::as_str)?;
        let wanted: Vec<&str> = annotation.split(',').collect();
        let chosen = CONTROLLERS.iter().filter(|(kind, _)| wanted.contains(kind));
        Some(chosen.map(|(_, plural)| *plural).collect())
    }

    /// A name for the policy that stands for `rule`, used once.
    pub(crate) fn name(&mut self, rule: &str, is_only: bool) -> String {
        let own = self.document.pointer("/metadata/name").and_then(Value::as_str);
        let own = own.unwrap_or_default();
        let wanted = if is_only {
            own.to_owned()
        } else {
            format!("{own}-{}", rule.to_ascii_lowercase())
        };
        let mut base: String = wanted
            .chars()
            .map(|letter| {
                if letter.is_ascii_alphanumeric() || letter == '.' {
                    letter
                } else {
                    '-'
                }
            })
            .take(LONGEST_NAME)
            .collect();
        base = base.trim_matches(['-', '.']).to_owned();
        let mut name = base.clone();
        let mut number = 2_usize;
        while !self.used.insert(name.clone()) {
            let tail = format!("-{number}");
            let head: String = base
                .chars()
                .take(LONGEST_NAME.saturating_sub(tail.len()))
                .collect();
            name = format!("{head}{tail}");
            number = number.saturating_add(1);
        }
        name
    }

    /// The actions that a failure of a rule with its own `action` has.
    pub(crate) fn actions(&self, action: &str) -> Value {
        let action = if action.is_empty() {
            text(self.spec, "validationFailureAction")
        } else {
            action
        };
        let warns = self.spec.get("emitWarning").and_then(Value::as_bool) == Some(true);
        match (action.eq_ignore_ascii_case("enforce"), warns) {
            (true, _) => json!(["Deny"]),
            (false, true) => json!(["Audit", "Warn"]),
            (false, false) => json!(["Audit"]),
        }
    }

    /// Whether a failure of a rule with its own `action` refuses the request.
    pub(crate) fn enforces(&self, action: &str) -> bool {
        self.actions(action) == json!(["Deny"])
    }

    /// Conditions that the whole policy has already.
    pub(crate) fn match_conditions(&self) -> Vec<Value> {
        let webhook = self.spec.get("webhookConfiguration").unwrap_or(&Value::Null);
        list(webhook, "matchConditions").to_vec()
    }

    /// A policy of `kind` (without `Namespaced`) and `name` that says `own`.
    pub(crate) fn policy(&self, kind: &str, name: &str, own: Map<String, Value>) -> Value {
        let is_namespaced = text(self.document, "kind") == "Policy";
        let kind = if is_namespaced {
            format!("Namespaced{kind}")
        } else {
            kind.to_owned()
        };
        let mut metadata = Map::new();
        metadata.insert("name".to_owned(), name.into());
        let written = self.document.get("metadata").unwrap_or(&Value::Null);
        if is_namespaced && says(written, "namespace") {
            metadata.insert("namespace".to_owned(), text(written, "namespace").into());
        }
        for field in ["labels", "annotations"] {
            let mut pairs = written
                .get(field)
                .and_then(Value::as_object)
                .cloned()
                .unwrap_or_default();
            pairs.retain(|key, _| key != LAST_APPLIED && key != CONTROLLERS_ANNOTATION);
            if !pairs.is_empty() {
                metadata.insert(field.to_owned(), Value::Object(pairs));
            }
        }
        let mut spec = own;
        self.settings(&mut spec);
        json!({"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec})
    }

    fn settings(&self, spec: &mut Map<String, Value>) {
        let webhook = self.spec.get("webhookConfiguration").unwrap_or(&Value::Null);
        let mut failure = text(webhook, "failurePolicy");
        if failure.is_empty() {
            failure = text(self.spec, "failurePolicy");
        }
        if !failure.is_empty() {
            spec.insert("failurePolicy".to_owned(), failure.into());
        }
        let seconds = webhook
            .get("timeoutSeconds")
            .or_else(|| self.spec.get("webhookTimeoutSeconds"))
            .filter(|seconds| !seconds.is_null());
        if let Some(seconds) = seconds {
            spec.insert(
                "webhookConfiguration".to_owned(),
                json!({"timeoutSeconds": seconds}),
            );
        }
        let mut evaluation = Map::new();
        for field in ["admission", "background"] {
            if self.spec.get(field).and_then(Value::as_bool) == Some(false) {
                evaluation.insert(field.to_owned(), json!({"enabled": false}));
            }
        }
        if !evaluation.is_empty() {
            spec.insert("evaluation".to_owned(), Value::Object(evaluation));
        }
    }
}
