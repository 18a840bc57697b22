//! PolicyExceptions: what is excused, from which rules, under which conditions. Spec: engine-and-cli §8.3.

use scalars::wildcard;
use serde_json::Value;

use super::expiry::expiry_ns;
use super::expression_exception::NamedExemptions;
use super::kind::PolicyKind;
use super::managed_fields;
use crate::checks::conditions::Conditions;
use crate::checks::pod_security::ControlExcludes;
use crate::compile_error::{CompileError, collect};
use crate::expressions::Exemption;
use crate::selection::MatchBlock;

/// A compiled PolicyException.
#[derive(Debug, Clone)]
pub struct CompiledException {
    /// `namespace/name`.
    pub key: String,
    /// When it stops to excuse, nanoseconds since the Unix epoch.
    pub expires_at_ns: Option<i128>,
    excused: Vec<(String, Vec<String>)>,
    matched: MatchBlock,
    conditions: Option<Conditions>,
    pod_security: Option<ControlExcludes>,
    in_background: bool,
    exemptions: NamedExemptions,
    /// Whether it may look at `metadata.managedFields` of an object.
    pub reads_managed_fields: bool,
}

impl CompiledException {
    /// Compiles a PolicyException document.
    ///
    /// # Errors
    /// Every fault, with its field path.
    pub fn compile(document: &Value) -> Result<Self, Vec<CompileError>> {
        let mut errors = Vec::new();
        let none = Value::Null;
        let spec = document.get("spec").unwrap_or(&none);
        let strings = |list: Option<&Value>| -> Vec<String> {
            let listed = list.and_then(Value::as_array);
            listed
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .map(ToOwned::to_owned)
                .collect()
        };
        let excused = spec.get("exceptions").and_then(Value::as_array);
        let excused = excused.into_iter().flatten().map(|one| {
            let policy = one
                .get("policyName")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned();
            (policy, strings(one.get("ruleNames")))
        });
        let excused = excused.collect();
        let matched = collect(
            MatchBlock::compile(spec.get("match").unwrap_or(&none)),
            "spec.match",
            &mut errors,
        );
        let conditions = spec.get("conditions").filter(|written| !written.is_null());
        let conditions = conditions
            .and_then(|written| collect(Conditions::compile(written), "spec.conditions", &mut errors));
        let pod_security = spec
            .get("podSecurity")
            .filter(|written| written.as_array().is_some_and(|w| !w.is_empty()));
        let pod_security = pod_security
            .and_then(|written| collect(ControlExcludes::compile(written), "spec.podSecurity", &mut errors));
        let expires_at_ns = expiry_ns(document).unwrap_or_else(|error| {
            errors.push(error);
            None
        });
        match matched {
            Some(matched) if errors.is_empty() => Ok(Self {
                key: key_of(document),
                expires_at_ns,
                excused,
                matched,
                conditions,
                pod_security,
                in_background: spec.get("background").and_then(Value::as_bool).unwrap_or(true),
                exemptions: NamedExemptions::default(),
                reads_managed_fields: managed_fields::may_be_read_by(document),
            }),
            Some(_) | None => Err(errors),
        }
    }

    /// Compiles a PolicyException of `policies.kyverno.io`.
    ///
    /// # Errors
    /// Every fault, with its field path.
    pub fn compile_expressions(document: &Value) -> Result<Self, Vec<CompileError>> {
        let mut errors = Vec::new();
        let exemptions = collect(NamedExemptions::compile(document), "", &mut errors);
        let expires_at_ns = expiry_ns(document).unwrap_or_else(|error| {
            errors.push(error);
            None
        });
        match exemptions {
            Some(exemptions) if errors.is_empty() => Ok(Self {
                key: key_of(document),
                expires_at_ns,
                excused: Vec::new(),
                matched: MatchBlock::Any(Vec::new()),
                conditions: None,
                pod_security: None,
                in_background: true,
                exemptions,
                reads_managed_fields: managed_fields::may_be_read_by(document),
            }),
            Some(_) | None => Err(errors),
        }
    }

    /// What it grants a policy in Common Expression Language, if it names that.
    #[must_use]
    pub fn exemption_of(&self, kind: PolicyKind, name: &str) -> Option<&Exemption> {
        self.exemptions.of(kind, name)
    }

    /// Whether the exception names this rule of this policy; policies by their exact key, rules by wildcard.
    #[must_use]
    pub fn names(&self, policy_key: &str, rule: &str) -> bool {
        let names_rule = |rules: &[String]| rules.iter().any(|pattern| wildcard::matches(pattern, rule));
        self.excused
            .iter()
            .any(|(policy, rules)| policy == policy_key && names_rule(rules))
    }

    /// What it applies to.
    #[must_use]
    pub fn matched(&self) -> &MatchBlock {
        &self.matched
    }

    /// Conditions that must hold too.
    #[must_use]
    pub fn conditions(&self) -> Option<&Conditions> {
        self.conditions.as_ref()
    }

    /// Pod security controls excused, if it is only those.
    #[must_use]
    pub fn pod_security(&self) -> Option<&ControlExcludes> {
        self.pod_security.as_ref()
    }

    /// Whether it counts in background scans.
    #[must_use]
    pub fn in_background(&self) -> bool {
        self.in_background
    }

    /// Whether it has expired by `at_ns`.
    #[must_use]
    pub fn has_expired(&self, at_ns: i128) -> bool {
        self.expires_at_ns.is_some_and(|expiry| expiry <= at_ns)
    }
}

/// `namespace/name`
fn key_of(document: &Value) -> String {
    let text = |pointer: &str| document.pointer(pointer).and_then(Value::as_str);
    let namespace = text("/metadata/namespace").unwrap_or("default");
    format!("{namespace}/{}", text("/metadata/name").unwrap_or_default())
}
