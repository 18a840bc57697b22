//! Policies in Common Expression Language, compiled into the one form: a policy with one rule, and with one more for what
//! the engine writes for Pod controllers.
//!
//! Behaviour: Kyverno 1.19 `pkg/cel/policies/vpol`; spec: cel-policies §2, engine-and-cli §12.

use policy_cel::Scope;
use serde_json::Value;

use super::actions::{Actions, has_validation_action, validation_action};
use super::compiled::{CompiledPolicy, CompiledRule, RuleBody, RuleOrigin};
use super::kind::PolicyKind;
use crate::checks::ExpressionRule;
use crate::checks::image_validating::ImageValidatingRule;
use crate::compile_error::{CompileError, collect};
use crate::context::ContextEntries;
use crate::expressions::generated;
use crate::selection::{MatchConstraints, RuleSelector};

/// Compiles a policy document of `kind`, and the rules generated from it.
///
/// # Errors
/// Every fault, with its field path from the document's root.
pub(super) fn compile(document: &Value, kind: PolicyKind) -> Result<CompiledPolicy, Vec<CompileError>> {
    let none = Value::Null;
    let spec = document.get("spec").unwrap_or(&none);
    let mut errors = Vec::new();
    let mut rules = Vec::new();
    rules.extend(collect(
        rule(document, spec, kind, RuleOrigin::Written),
        "spec",
        &mut errors,
    ));
    if errors.is_empty() {
        let generates = kind != PolicyKind::ValidatingAdmissionPolicy && !is_json(spec);
        let from = name_of(document).into();
        for one in generates
            .then(|| generated::from_pods(spec))
            .into_iter()
            .flatten()
        {
            let origin = RuleOrigin::Generated {
                from: std::sync::Arc::clone(&from),
            };
            let compiled = rule(document, &one.spec, kind, origin);
            rules.extend(collect(compiled, "spec", &mut errors));
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let switch = |pointer: &str| spec.pointer(pointer).and_then(Value::as_bool).unwrap_or(true);
    let is_of_api_server = kind == PolicyKind::ValidatingAdmissionPolicy;
    let ignores_errors = spec.get("failurePolicy").and_then(Value::as_str) == Some("Ignore");
    Ok(CompiledPolicy {
        kind,
        actions: Actions {
            action: Some(validation_action(spec)),
            ..Actions::default()
        },
        emits_warnings: has_validation_action(spec, "Warn"),
        // Kyverno's own policies refuse what they can't judge whatever the failure policy says: it is about the webhook.
        error_blocks: !(is_of_api_server && ignores_errors),
        in_admission: !is_of_api_server && !is_json(spec) && switch("/evaluation/admission/enabled"),
        in_background: !is_json(spec) && switch("/evaluation/background/enabled"),
        judges_payloads: is_json(spec),
        ..CompiledPolicy::with_rules(document, spec, rules)
    })
}

fn rule(
    document: &Value,
    spec: &Value,
    kind: PolicyKind,
    origin: RuleOrigin,
) -> Result<CompiledRule, Vec<CompileError>> {
    let mut errors = Vec::new();
    let none = Value::Null;
    // A policy over any JSON is asked about every object.
    let written = spec.get("matchConstraints").filter(|_| !is_json(spec));
    let constraints = MatchConstraints::compile(written.unwrap_or(&none));
    let constraints = collect(constraints, "matchConstraints", &mut errors);
    let body = collect(body(spec, kind), "", &mut errors);
    match (constraints, body) {
        (Some(constraints), Some(body)) if errors.is_empty() => Ok(CompiledRule {
            name: rule_name(document, kind).into(),
            origin,
            selector: RuleSelector::Constraints(constraints),
            context: ContextEntries::default(),
            preconditions: None,
            body,
            actions: Actions::default(),
            report_properties: None,
            skips_background_requests: false,
        }),
        _ => Err(errors),
    }
}

/// What the policy does, by its kind.
fn body(spec: &Value, kind: PolicyKind) -> Result<RuleBody, Vec<CompileError>> {
    let expressions = match kind {
        PolicyKind::ValidatingPolicy => ExpressionRule::of_policy(spec, Scope::Cluster),
        PolicyKind::NamespacedValidatingPolicy => ExpressionRule::of_policy(spec, Scope::Namespaced),
        PolicyKind::ValidatingAdmissionPolicy => ExpressionRule::of_admission_policy(spec),
        PolicyKind::ImageValidatingPolicy => return images(spec, Scope::Cluster),
        PolicyKind::NamespacedImageValidatingPolicy => return images(spec, Scope::Namespaced),
        PolicyKind::ClusterPolicy | PolicyKind::Policy => {
            let message = format!("{} is not compiled here", kind.name());
            return Err(vec![CompileError::new("", message)]);
        }
    };
    expressions.map(|rule| RuleBody::Expressions(Box::new(rule)))
}

fn images(spec: &Value, scope: Scope) -> Result<RuleBody, Vec<CompileError>> {
    ImageValidatingRule::compile(spec, scope).map(|rule| RuleBody::ImageValidating(Box::new(rule)))
}

/// The name that results are reported under: Kyverno gives the rule of a `ValidatingPolicy` none.
fn rule_name(document: &Value, kind: PolicyKind) -> &str {
    match kind {
        PolicyKind::ValidatingPolicy | PolicyKind::NamespacedValidatingPolicy => "",
        PolicyKind::ClusterPolicy
        | PolicyKind::Policy
        | PolicyKind::ImageValidatingPolicy
        | PolicyKind::NamespacedImageValidatingPolicy
        | PolicyKind::ValidatingAdmissionPolicy => name_of(document),
    }
}

fn name_of(document: &Value) -> &str {
    let name = document.pointer("/metadata/name").and_then(Value::as_str);
    name.unwrap_or_default()
}

fn is_json(spec: &Value) -> bool {
    spec.pointer("/evaluation/mode").and_then(Value::as_str) == Some("JSON")
}
