//! What a schema cannot tell: whether the fields of an object fit each other.
//!
//! The texts are Kyverno's where it has one. Sources: Kyverno 1.19 `api/kyverno/v1` (`Validate` of each type) and
//! `pkg/validation/policy`. What needs an expression compiled (JMESPath, CEL) is checked in the engine.

mod public_keys;
mod conditions;
mod filters;
mod overlap;
mod context;
mod patterns;
mod checks;
mod mutation;
mod pod_security;
mod attestors;
mod images;
mod overrides;
mod user_info;
mod rule;
mod policy;
mod image_validating_policy;
mod expressions;

use manifest::{Document, FieldPath};

use crate::kyverno_io::global_context_entry::GlobalContextEntry;
use crate::kyverno_io::policy::Policy;
use crate::kyverno_io::policy_exception::PolicyException;
use crate::policies_kyverno_io::ExpressionObject;
use crate::report::Report;

/// Checks a policy.
pub(crate) fn policy(policy: &Policy, document: &Document, report: &mut Report) {
    policy::validate(policy, document, report);
}

/// Checks an exception.
pub(crate) fn exception(exception: &PolicyException, report: &mut Report) {
    let spec = FieldPath::root().key("spec");
    let matches = spec.key("match");
    if exception.spec.background.unwrap_or(true) {
        for (place, filter) in exception.spec.matches.filters() {
            if filter.asks_for_user() {
                report.invalid(&filters::path(&matches, place), "Usage of user info is forbidden");
            }
        }
    }
    filters::validate(&exception.spec.matches, &matches, filters::Reach::Cluster, report);
    for (index, entry) in exception.spec.exceptions.iter().enumerate() {
        if entry.policy_name.is_empty() {
            let path = spec.key("exceptions").index(index).key("policyName");
            report.invalid(&path, "An exception requires a policy name");
        }
    }
    for (index, standard) in exception.spec.pod_security.iter().enumerate() {
        pod_security::validate_standard(standard, &spec.key("podSecurity").index(index), report);
    }
    if let Some(blocks) = &exception.spec.conditions {
        conditions::validate_blocks(blocks, &spec.key("conditions"), report);
    }
}

/// Checks a policy in Common Expression Language.
pub(crate) fn expression_policy(policy: &ExpressionObject, document: &Document, report: &mut Report) {
    expressions::policy(policy, document, report);
}

/// Checks an exception of `policies.kyverno.io`.
pub(crate) fn expression_exception(_: &ExpressionObject, document: &Document, report: &mut Report) {
    expressions::exception(document, report);
}

/// Checks a global context entry.
pub(crate) fn global_context_entry(entry: &GlobalContextEntry, report: &mut Report) {
    let spec = FieldPath::root().key("spec");
    if entry.spec.kubernetes_resource.is_some() == entry.spec.api_call.is_some() {
        report.invalid(&spec, "exactly one of kubernetesResource and apiCall is required");
    }
    let Some(api_call) = &entry.spec.api_call else {
        return;
    };
    if api_call.call.url_path.is_empty() == api_call.call.service.is_none() {
        report.invalid(
            &spec.key("apiCall"),
            "exactly one of urlPath and service is required",
        );
    }
}

#[cfg(test)]
mod tests;
