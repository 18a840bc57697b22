//! One policy and its rules, compiled.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::actions::Actions;
use super::autogen;
use super::expression_policy;
use super::kind::PolicyKind;
use super::managed_fields;
use crate::checks::ExpressionRule;
use crate::checks::conditions::Conditions;
use crate::checks::image_validating::ImageValidatingRule;
use crate::checks::images::VerifyImagesRule;
use crate::checks::mutate::MutateRule;
use crate::checks::validate::ValidateRule;
use crate::compile_error::{CompileError, collect};
use crate::context::{ContextEntries, Template};
use crate::expressions::{Dialect, MatchConditions, generated};
use crate::outcome::{PolicyKey, RuleKind};
use crate::selection::{RuleSelector, Selector};

/// A compiled policy of any kind.
#[derive(Debug)]
pub struct CompiledPolicy {
    /// Its kind.
    pub kind: PolicyKind,
    /// Name and namespace.
    pub key: PolicyKey,
    /// Rules as written, then generated ones, in the order they run.
    pub rules: Vec<CompiledRule>,
    /// The policy's own actions.
    pub actions: Actions,
    /// `applyRules: One`: the first rule that passes or fails ends the policy.
    pub one_rule: bool,
    /// `failurePolicy: Fail`, the default.
    pub error_blocks: bool,
    /// `background`
    pub in_background: bool,
    /// `admission`
    pub in_admission: bool,
    /// `webhookConfiguration.matchConditions`: the API server asks only about requests that meet them.
    pub match_conditions: MatchConditions,
    /// `emitWarning`
    pub emits_warnings: bool,
    /// `evaluation.mode: JSON`: the object is any JSON, and all that the policy sees.
    pub judges_payloads: bool,
    /// Annotation `policies.kyverno.io/scored` is not `"false"`.
    pub is_scored: bool,
    /// Annotation `policies.kyverno.io/category`.
    pub category: Option<String>,
    /// Annotation `policies.kyverno.io/severity`.
    pub severity: Option<String>,
    /// Seconds the webhook may take, 1..=30.
    pub timeout_seconds: u32,
    /// `reports.kyverno.io/disabled`
    pub is_reported: bool,
    /// Whether it may look at `metadata.managedFields` of an object.
    pub reads_managed_fields: bool,
}

/// A compiled rule.
#[derive(Debug)]
pub struct CompiledRule {
    /// Name.
    pub name: Arc<str>,
    /// Written by the author, or by the engine from a written one.
    pub origin: RuleOrigin,
    /// What it speaks about.
    pub selector: RuleSelector,
    /// `context`
    pub context: ContextEntries,
    /// `preconditions`
    pub preconditions: Option<Conditions>,
    /// What the rule does.
    pub body: RuleBody,
    /// Actions set in the rule itself.
    pub actions: Actions,
    /// `reportProperties`
    pub report_properties: Option<Template>,
    /// `skipBackgroundRequests`
    pub skips_background_requests: bool,
}

/// Where a rule comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleOrigin {
    /// The policy's text.
    Written,
    /// Generated from the written rule of this name.
    Generated {
        /// Name of the written rule.
        from: Arc<str>,
    },
}

/// What a rule does.
#[derive(Debug)]
pub enum RuleBody {
    /// `validate`
    Validate(Box<ValidateRule>),
    /// `mutate`
    Mutate(Box<MutateRule>),
    /// `verifyImages`
    VerifyImages(Box<VerifyImagesRule>),
    /// `validate.cel`, and policies in Common Expression Language
    Expressions(Box<ExpressionRule>),
    /// `ImageValidatingPolicy`
    ImageValidating(Box<ImageValidatingRule>),
    /// A kind of rule that is not supported; its outcome is always an error that says so.
    Unsupported {
        /// The field: `generate`, `validate.manifests`.
        field: String,
    },
}

impl RuleBody {
    /// The kind for reports.
    #[must_use]
    pub fn kind(&self) -> RuleKind {
        match self {
            Self::Validate(_) | Self::Expressions(_) => RuleKind::Validation,
            Self::Mutate(_) => RuleKind::Mutation,
            Self::VerifyImages(_) | Self::ImageValidating(_) => RuleKind::ImageVerify,
            Self::Unsupported { .. } => RuleKind::Unsupported,
        }
    }
}

impl CompiledPolicy {
    /// Compiles a policy document (CRD defaults applied) and the rules generated from it.
    ///
    /// # Errors
    /// Every fault of every rule, with its field path from the document's root.
    pub fn compile(document: &Value) -> Result<Self, Vec<CompileError>> {
        let kind = PolicyKind::of(document).unwrap_or(PolicyKind::ClusterPolicy);
        if !kind.is_classic() {
            return expression_policy::compile(document, kind);
        }
        let mut errors = Vec::new();
        let none = Value::Null;
        let spec = document.get("spec").unwrap_or(&none);
        let written: Vec<Value> = spec
            .get("rules")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        let annotations = document.pointer("/metadata/annotations");
        let generated = autogen::generate(&written, annotations);
        let mut rules = Vec::new();
        for (index, rule) in written.iter().enumerate() {
            let place = format!("spec.rules[{index}]");
            let compiled = collect(
                CompiledRule::compile(rule, RuleOrigin::Written),
                &place,
                &mut errors,
            );
            let replaced = !generated.is_empty() && name_of(rule).starts_with("autogen-");
            rules.extend(compiled.filter(|_| !replaced));
        }
        // Faults of a generated rule are those of the written one; they were reported there.
        let mut echoes = Vec::new();
        for one in generated {
            let from = written.get(one.from).map(name_of).unwrap_or_default().into();
            let place = format!("spec.rules[{}]", one.from);
            rules.extend(collect(
                CompiledRule::compile(&one.rule, RuleOrigin::Generated { from }),
                &place,
                &mut echoes,
            ));
        }
        if errors.is_empty() {
            errors = echoes;
        }
        let actions = collect(
            Actions::compile(
                spec,
                "validationFailureAction",
                "validationFailureActionOverrides",
            ),
            "spec",
            &mut errors,
        );
        let written = spec.pointer("/webhookConfiguration/matchConditions");
        let dialect = Dialect::Admission { params: false };
        let conditions = collect(
            MatchConditions::compile(&dialect.environment(), written),
            "spec.webhookConfiguration.matchConditions",
            &mut errors,
        );
        match (actions, conditions) {
            (Some(actions), Some(match_conditions)) if errors.is_empty() => Ok(Self {
                actions,
                match_conditions,
                ..Self::with_rules(document, spec, rules)
            }),
            _ => Err(errors),
        }
    }

    /// The rules that are generated for Pod controllers from those of a policy document (CRD defaults applied), as JSON.
    #[must_use]
    pub fn generated_rules(document: &Value) -> Vec<Value> {
        let rules = document.pointer("/spec/rules").and_then(Value::as_array);
        let annotations = document.pointer("/metadata/annotations");
        let generated = autogen::generate(rules.map(Vec::as_slice).unwrap_or_default(), annotations);
        generated.into_iter().map(|one| one.rule).collect()
    }

    /// What is generated for Pod controllers from a policy document in Common Expression Language: `spec` and `targets` by
    /// `defaults` and `cronjobs`, as Kyverno's status shows them.
    #[must_use]
    pub fn generated_configs(document: &Value) -> Map<String, Value> {
        let generated = document.get("spec").map(generated::from_pods);
        let configs = generated.into_iter().flatten();
        configs
            .map(|one| {
                let config = json!({"spec": one.spec, "targets": one.targets});
                (one.name.to_owned(), config)
            })
            .collect()
    }

    /// What policies of all kinds have in common; actions, and what is said under `evaluation`, are left to the kind.
    pub(super) fn with_rules(document: &Value, spec: &Value, rules: Vec<CompiledRule>) -> Self {
        let metadata = |field: &str| {
            document
                .pointer(&format!("/metadata/{field}"))
                .and_then(Value::as_str)
        };
        let annotation = |key: &str| {
            document
                .pointer("/metadata/annotations")?
                .get(key)?
                .as_str()
                .map(ToOwned::to_owned)
        };
        let flag = |field: &str, default: bool| spec.get(field).and_then(Value::as_bool).unwrap_or(default);
        let webhook = |field: &str| {
            spec.get("webhookConfiguration")
                .and_then(|webhook| webhook.get(field))
        };
        let kind = PolicyKind::of(document).unwrap_or(PolicyKind::ClusterPolicy);
        let failure_policy = webhook("failurePolicy")
            .or_else(|| spec.get("failurePolicy"))
            .and_then(Value::as_str);
        let timeout = webhook("timeoutSeconds")
            .or_else(|| spec.get("webhookTimeoutSeconds"))
            .and_then(Value::as_u64);
        let labels = document.pointer("/metadata/labels");
        Self {
            key: PolicyKey {
                namespace: kind
                    .is_namespaced()
                    .then(|| metadata("namespace").unwrap_or("default").into()),
                name: metadata("name").unwrap_or_default().into(),
            },
            kind,
            reads_managed_fields: managed_fields::may_be_read_by(document),
            rules,
            actions: Actions::default(),
            one_rule: spec.get("applyRules").and_then(Value::as_str) == Some("One"),
            error_blocks: failure_policy != Some("Ignore"),
            in_background: flag("background", true),
            in_admission: flag("admission", true),
            match_conditions: MatchConditions::default(),
            emits_warnings: flag("emitWarning", false),
            judges_payloads: false,
            is_scored: annotation("policies.kyverno.io/scored").as_deref() != Some("false"),
            category: annotation("policies.kyverno.io/category"),
            severity: annotation("policies.kyverno.io/severity"),
            timeout_seconds: timeout
                .and_then(|seconds| u32::try_from(seconds).ok())
                .unwrap_or(10)
                .clamp(1, 30),
            is_reported: labels.is_none_or(|labels| labels.get("reports.kyverno.io/disabled").is_none()),
        }
    }
}

impl CompiledRule {
    fn compile(rule: &Value, origin: RuleOrigin) -> Result<Self, Vec<CompileError>> {
        let mut errors = Vec::new();
        let present = |field: &str| rule.get(field).filter(|value| !value.is_null());
        let selector = collect(Selector::compile(rule), "", &mut errors).map(RuleSelector::Filters);
        let context = present("context").unwrap_or(&Value::Null);
        let context = collect(ContextEntries::compile(context), "context", &mut errors);
        let preconditions = present("preconditions")
            .and_then(|written| collect(Conditions::compile(written), "preconditions", &mut errors));
        let report_properties = present("reportProperties")
            .and_then(|written| collect(Template::compile(written), "reportProperties", &mut errors));
        let body = collect(compile_body(rule), "", &mut errors);
        let actions = present("validate")
            .map(|validate| Actions::compile(validate, "failureAction", "failureActionOverrides"));
        let mut actions = actions
            .and_then(|actions| collect(actions, "validate", &mut errors))
            .unwrap_or_default();
        if let Some(RuleBody::VerifyImages(images)) = &body {
            actions.action = images.failure_action();
        }
        match (selector, context, body) {
            (Some(selector), Some(context), Some(body)) if errors.is_empty() => Ok(Self {
                name: name_of(rule).into(),
                origin,
                selector,
                context,
                preconditions,
                body,
                actions,
                report_properties,
                skips_background_requests: rule
                    .get("skipBackgroundRequests")
                    .and_then(Value::as_bool)
                    .unwrap_or(true),
            }),
            _ => Err(errors),
        }
    }

    /// The name the author gave: values files and tests speak of rules by it.
    #[must_use]
    pub fn written_name(&self) -> &str {
        match &self.origin {
            RuleOrigin::Written => &self.name,
            RuleOrigin::Generated { from } => from,
        }
    }
}

fn compile_body(rule: &Value) -> Result<RuleBody, Vec<CompileError>> {
    let present = |field: &str| rule.get(field).filter(|value| !value.is_null());
    if let Some(validate) = present("validate") {
        if present_in(validate, "cel") {
            return ExpressionRule::of_rule(rule).map(|rule| RuleBody::Expressions(Box::new(rule)));
        }
        let unsupported = ["manifests", "assert"]
            .into_iter()
            .find(|field| present_in(validate, field));
        return match unsupported {
            Some(field) => Ok(RuleBody::Unsupported {
                field: format!("validate.{field}"),
            }),
            None => ValidateRule::compile(validate)
                .map(|rule| RuleBody::Validate(Box::new(rule)))
                .map_err(|errors| errors.into_iter().map(|error| error.under("validate")).collect()),
        };
    }
    if let Some(mutate) = present("mutate") {
        return MutateRule::compile(mutate)
            .map(|rule| RuleBody::Mutate(Box::new(rule)))
            .map_err(|errors| errors.into_iter().map(|error| error.under("mutate")).collect());
    }
    if present("verifyImages").is_some() {
        return VerifyImagesRule::compile(rule).map(|rule| RuleBody::VerifyImages(Box::new(rule)));
    }
    if present("generate").is_some() {
        return Ok(RuleBody::Unsupported {
            field: "generate".to_owned(),
        });
    }
    Err(vec![CompileError::new(
        "",
        "expected one of validate, mutate, verifyImages or generate",
    )])
}

fn present_in(holder: &Value, field: &str) -> bool {
    holder.get(field).is_some_and(|value| !value.is_null())
}

fn name_of(rule: &Value) -> &str {
    rule.get("name").and_then(Value::as_str).unwrap_or_default()
}
