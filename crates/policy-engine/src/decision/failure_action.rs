//! Which action a rule's failure has in the request's namespace.

use std::collections::BTreeMap;

use crate::facts::{Fact, FactError, FactRequest, FactView, Halt};
use crate::outcome::FailureAction;
use crate::policy::{CompiledPolicy, CompiledRule};
use crate::request::Request;
use crate::selection::string_map;

/// The action of `rule`: its own override, its own action, the policy's override, the policy's action; else Audit.
///
/// # Errors
/// [`Halt::Pending`] where labels of the namespace are needed first. Labels that can't be had make the rule enforce:
/// an error must not soften a rule.
pub(super) fn resolve(
    policy: &CompiledPolicy,
    rule: &CompiledRule,
    request: &Request,
    view: &FactView<'_>,
) -> Result<FailureAction, Halt> {
    let needs_labels = rule.actions.needs_namespace_labels() || policy.actions.needs_namespace_labels();
    let none = serde_json::Value::Null;
    let labels = if needs_labels && !request.namespace.is_empty() {
        match view.ask(&FactRequest::NamespaceLabels {
            name: request.namespace.to_string(),
        }) {
            None => return Err(Halt::Pending),
            Some(Ok(Fact::Json(labels))) => labels,
            Some(Err(FactError::NoLoader(_))) => &none,
            Some(Ok(_) | Err(_)) => return Ok(FailureAction::Enforce),
        }
    } else {
        &none
    };
    let labels: BTreeMap<&str, &str> = string_map(Some(labels));
    let namespace = &*request.namespace;
    let own = rule
        .actions
        .overridden(namespace, &labels)
        .or(rule.actions.action);
    Ok(own
        .or_else(|| policy.actions.overridden(namespace, &labels))
        .or(policy.actions.action)
        .unwrap_or_default())
}
