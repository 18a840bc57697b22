//! Structural schemas: the top of each kind, so that `kubectl explain` and columns work.
//!
//! What stands deeper is kept as it is written. A policy is judged whole when it is applied, by the code that runs it:
//! an API server that drops a field it does not know would change what a policy says. Behaviour: the top levels of Kyverno
//! 1.19's definitions, with the defaults that they fill in there.

use serde_json::{Value, json};

/// What kind of thing is described.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Schema {
    /// `ClusterPolicy` and `Policy`.
    Policy,
    /// A policy in CEL.
    CelPolicy,
    /// A `PolicyException` of either group.
    Exception,
    /// A `GlobalContextEntry`.
    GlobalContextEntry,
    /// A report of `wgpolicyk8s.io`.
    PolicyReport,
    /// A report of `openreports.io`.
    OpenReport,
}

impl Schema {
    /// Whether `kubectl get kyverno` lists it.
    pub(super) fn is_policy(self) -> bool {
        !matches!(self, Self::PolicyReport | Self::OpenReport)
    }

    /// Whether it has a status, written apart from the rest.
    pub(super) fn has_status(self) -> bool {
        matches!(self, Self::Policy | Self::CelPolicy | Self::GlobalContextEntry)
    }

    /// The schema of a whole object of `kind`.
    pub(super) fn of(self, kind: &str) -> Value {
        let (description, spec) = match self {
            Self::Policy => ("Rules that objects must obey.", policy()),
            Self::CelPolicy => ("Rules in CEL that objects must obey.", cel_policy()),
            Self::Exception => (
                "What a policy does not say of some objects.",
                open("Policies, rules and objects."),
            ),
            Self::GlobalContextEntry => (
                "Data of the cluster that policies may name.",
                global_context_entry(),
            ),
            Self::PolicyReport | Self::OpenReport => return self.report(),
        };
        let mut properties = json!({
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            "spec": spec,
        });
        if let (true, Some(fields)) = (self.has_status(), properties.as_object_mut()) {
            fields.insert(
                "status".to_owned(),
                open("What became of it, as the controller sees it."),
            );
        }
        json!({
            "type": "object",
            "description": format!("{kind}: {description}"),
            "required": ["spec"],
            "properties": properties,
        })
    }

    fn report(self) -> Value {
        let count = json!({"type": "integer", "minimum": 0});
        let mut properties = json!({
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            "scope": open("The object that the report is about."),
            "scopeSelector": open("Labels of the objects that the report is about."),
            "summary": {
                "type": "object",
                "description": "How many results of each kind.",
                "properties": {"pass": count, "fail": count, "warn": count, "error": count, "skip": count},
            },
            "results": {"type": "array", "items": result()},
        });
        if let (Self::OpenReport, Some(fields)) = (self, properties.as_object_mut()) {
            fields.insert("source".to_owned(), json!({"type": "string"}));
            fields.insert(
                "configuration".to_owned(),
                open("What consumers agreed with the writer."),
            );
        }
        json!({
            "type": "object",
            "description": "What policies say of an object.",
            "properties": properties,
        })
    }
}

/// An object whose fields are kept as they are.
fn open(description: &str) -> Value {
    json!({
        "type": "object",
        "description": description,
        "x-kubernetes-preserve-unknown-fields": true,
    })
}

fn objects(description: &str, required: &[&str]) -> Value {
    let mut item = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    if let (false, Some(fields)) = (required.is_empty(), item.as_object_mut()) {
        let named: serde_json::Map<String, Value> = required
            .iter()
            .map(|&name| (name.to_owned(), json!({"type": "string"})))
            .collect();
        fields.insert("required".to_owned(), json!(required));
        fields.insert("properties".to_owned(), named.into());
    }
    json!({"type": "array", "description": description, "items": item})
}

fn policy() -> Value {
    let action = json!({"type": "string", "enum": ["audit", "enforce", "Audit", "Enforce"], "default": "Audit",
        "description": "What a failing rule does where the rule itself does not say it."});
    spec(&json!({
        "admission": {"type": "boolean", "default": true, "description": "Judge requests to the API server."},
        "applyRules": {"type": "string", "enum": ["All", "One"]},
        "background": {"type": "boolean", "default": true, "description": "Judge what already exists."},
        "emitWarning": {"type": "boolean", "default": false, "description": "Warn the caller of what is audited."},
        "failurePolicy": {"type": "string", "enum": ["Ignore", "Fail"],
            "description": "What becomes of a request that can't be judged. Default Fail."},
        "rules": objects("The rules, in order.", &["name"]),
        "validationFailureAction": action,
        "webhookTimeoutSeconds": {"type": "integer", "format": "int32", "description": "1 to 30."},
    }))
}

fn cel_policy() -> Value {
    spec(&json!({
        "failurePolicy": {"type": "string", "enum": ["Ignore", "Fail"]},
        "matchConditions": objects("Requests that the policy speaks about.", &["name", "expression"]),
        "matchConstraints": open("Kinds and operations that the policy speaks about."),
        "validationActions": {"type": "array", "items": {"type": "string", "enum": ["Deny", "Audit", "Warn"]},
            "description": "What becomes of a request that the policy is not content with."},
        "variables": objects("Values that expressions may name.", &["name", "expression"]),
    }))
}

fn global_context_entry() -> Value {
    let mut spec = spec(&json!({
        "apiCall": api_call(),
        "kubernetesResource": open("Objects of the cluster that are kept."),
    }));
    if let Some(fields) = spec.as_object_mut() {
        let one = json!([{"required": ["kubernetesResource"]}, {"required": ["apiCall"]}]);
        fields.insert("oneOf".to_owned(), one);
    }
    spec
}

/// A call of a global context entry: only one that posts has something to send.
fn api_call() -> Value {
    let mut call = open("A call whose answer is kept and refreshed.");
    if let Some(fields) = call.as_object_mut() {
        let properties = json!({
            "method": {"type": "string", "enum": ["GET", "POST"], "default": "GET"},
            "data": {"type": "array", "items": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
        });
        let rule = json!([{"rule": "!has(self.data) || self.method == 'POST'",
            "message": "a POST method is required to send data"}]);
        fields.insert("properties".to_owned(), properties);
        fields.insert("x-kubernetes-validations".to_owned(), rule);
    }
    call
}

/// A spec of which these fields are known, and any other kept.
fn spec(properties: &Value) -> Value {
    json!({
        "type": "object",
        "x-kubernetes-preserve-unknown-fields": true,
        "properties": properties,
    })
}

fn result() -> Value {
    let text = json!({"type": "string"});
    json!({
        "type": "object",
        "required": ["policy"],
        "x-kubernetes-preserve-unknown-fields": true,
        "properties": {
            "policy": text,
            "rule": text,
            "message": text,
            "source": text,
            "category": text,
            "result": {"type": "string", "enum": ["pass", "fail", "warn", "error", "skip"]},
            "scored": {"type": "boolean"},
            "severity": {"type": "string", "enum": ["critical", "high", "medium", "low", "info"]},
            "properties": {"type": "object", "additionalProperties": text},
        },
    })
}
