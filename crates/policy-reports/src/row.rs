//! One line of a report: what one rule said about one object.

use std::collections::BTreeMap;

use policy_engine::decision::RuleResult;
use policy_engine::policy::PolicyKind;
use policy_engine::{Decision, RuleOutcome};
use serde::Serialize;
use serde_json::{Value, json};

/// What `process` says in rows of policies that are not scanned by: what they said when the object was admitted.
pub(crate) const ADMISSION_REVIEW: &str = "admission review";

/// The object a row speaks of.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectReference {
    /// `group/version`
    #[serde(skip_serializing_if = "String::is_empty")]
    pub api_version: String,
    /// Kind.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// Namespace, empty for cluster-wide objects.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The API server's id of the object.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub uid: String,
}

/// A result as reports know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ReportedResult {
    /// The rule holds.
    Pass,
    /// The rule does not hold.
    Fail,
    /// The rule does not hold, and is not scored.
    Warn,
    /// The rule could not be judged.
    Error,
    /// The rule does not apply.
    Skip,
}

/// One line of a report.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// `kyverno`, or the kind of policy: what readers of reports filter by.
    pub source: &'static str,
    /// `name` or `namespace/name`.
    pub policy: String,
    /// Rule name.
    pub rule: String,
    /// Result.
    pub result: ReportedResult,
    /// Message.
    pub message: String,
    /// Whether the policy is scored.
    pub scored: bool,
    /// Category, if annotated.
    pub category: Option<String>,
    /// Severity, if annotated with one that reports know.
    pub severity: Option<String>,
    /// Seconds since the Unix epoch.
    pub seconds: i64,
    /// The object.
    pub resource: ObjectReference,
    /// Further pairs.
    pub properties: BTreeMap<String, String>,
    /// Whether the policy is namespaced; such rows stand in reports of their own.
    pub policy_namespace: Option<String>,
}

impl ObjectReference {
    /// The reference of `object`.
    #[must_use]
    pub fn of(object: &Value) -> Self {
        Self::read(object, object.get("metadata").unwrap_or(&Value::Null))
    }

    /// The object that `scope` of a report names.
    #[must_use]
    pub fn of_scope(scope: &Value) -> Self {
        Self::read(scope, scope)
    }

    /// Its type from the fields of `typed`, its name from those of `named`.
    fn read(typed: &Value, named: &Value) -> Self {
        let text = |of: &Value, field: &str| {
            let text = of.get(field).and_then(Value::as_str);
            text.unwrap_or_default().to_owned()
        };
        Self {
            api_version: text(typed, "apiVersion"),
            kind: text(typed, "kind"),
            namespace: text(named, "namespace"),
            name: text(named, "name"),
            uid: text(named, "uid"),
        }
    }
}

impl ReportedResult {
    /// Reads it as reports write it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let all = [Self::Pass, Self::Fail, Self::Warn, Self::Error, Self::Skip];
        all.into_iter().find(|one| one.as_str() == text)
    }

    /// As reports write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Skip => "skip",
        }
    }

    /// The result of a rule: a failure of an unscored policy is a warning.
    #[must_use]
    pub fn of(outcome: RuleOutcome, is_scored: bool) -> Self {
        match outcome {
            RuleOutcome::Pass => Self::Pass,
            RuleOutcome::Skip => Self::Skip,
            RuleOutcome::Warn => Self::Warn,
            RuleOutcome::Error => Self::Error,
            RuleOutcome::Fail if is_scored => Self::Fail,
            RuleOutcome::Fail => Self::Warn,
        }
    }
}

/// The rows of a decision, in the order its rules ran. `seconds` is the time of judging since the Unix epoch.
#[must_use]
pub fn rows(decision: &Decision, resource: &ObjectReference, seconds: i64) -> Vec<Row> {
    decision
        .results
        .iter()
        .filter(|result| result.policy.is_reported)
        .map(|result| row(result, resource, seconds))
        .collect()
}

/// The row of one result, whether or not its policy is to be reported.
#[must_use]
pub fn row(result: &RuleResult, resource: &ObjectReference, seconds: i64) -> Row {
    const SEVERITIES: [&str; 5] = ["critical", "high", "medium", "low", "info"];
    let policy = &result.policy;
    let reported = ReportedResult::of(result.verdict.outcome, policy.is_scored);
    let mut properties: BTreeMap<String, String> = result.verdict.properties.iter().cloned().collect();
    let message = overridden_message(&mut properties, reported).unwrap_or_else(|| result.message());
    let process = if policy.in_background {
        "background scan"
    } else {
        ADMISSION_REVIEW
    };
    properties.insert("process".to_owned(), process.to_owned());
    if !result.exceptions.is_empty() {
        // By name alone, as Kyverno does.
        let names = result
            .exceptions
            .iter()
            .map(|full| full.rsplit('/').next().unwrap_or(full));
        properties.insert("exceptions".to_owned(), names.collect::<Vec<_>>().join(","));
    }
    Row {
        source: source(policy.kind),
        policy: policy.key.to_string(),
        rule: result.rule.to_string(),
        result: reported,
        message,
        scored: policy.is_scored,
        category: policy.category.clone(),
        severity: policy
            .severity
            .clone()
            .filter(|severity| SEVERITIES.contains(&severity.as_str())),
        seconds,
        resource: resource.clone(),
        properties,
        policy_namespace: policy.key.namespace.as_deref().map(ToOwned::to_owned),
    }
}

/// What reports call the maker of a result.
fn source(kind: PolicyKind) -> &'static str {
    match kind {
        PolicyKind::ClusterPolicy | PolicyKind::Policy => "kyverno",
        PolicyKind::ValidatingPolicy | PolicyKind::NamespacedValidatingPolicy => "KyvernoValidatingPolicy",
        PolicyKind::ImageValidatingPolicy | PolicyKind::NamespacedImageValidatingPolicy => {
            "KyvernoImageValidatingPolicy"
        }
        PolicyKind::ValidatingAdmissionPolicy => "ValidatingAdmissionPolicy",
    }
}

/// `reportProperties` may word the message anew: for this result, or for all.
fn overridden_message(properties: &mut BTreeMap<String, String>, result: ReportedResult) -> Option<String> {
    let own = properties.get(&format!("{}Message", result.as_str())).cloned();
    let chosen = own.or_else(|| properties.get("message").cloned());
    for key in [
        "message",
        "passMessage",
        "failMessage",
        "warnMessage",
        "errorMessage",
        "skipMessage",
    ] {
        properties.remove(key);
    }
    chosen
}

impl Row {
    /// The row as reports hold it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut row = json!({
            "source": self.source,
            "policy": self.policy,
            "rule": self.rule,
            "resources": [self.resource],
            "result": self.result.as_str(),
            "scored": self.scored,
            "timestamp": {"seconds": self.seconds, "nanos": 0},
            "properties": self.properties,
        });
        if let Some(fields) = row.as_object_mut() {
            if !self.message.is_empty() {
                fields.insert("message".to_owned(), self.message.clone().into());
            }
            fields.extend(
                self.category
                    .clone()
                    .map(|category| ("category".to_owned(), category.into())),
            );
            fields.extend(
                self.severity
                    .clone()
                    .map(|severity| ("severity".to_owned(), severity.into())),
            );
        }
        row
    }
}
